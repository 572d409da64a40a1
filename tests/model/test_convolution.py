import numpy as np
import pytest
import tensorflow as tf

from dim_tf.model import convolution
from dim_tf.model.convolution import convolve, convolve_by_gradients


def with_gradients(function, x, kernel, upstream):
    with tf.GradientTape() as tape:
        tape.watch([x, kernel])
        y = function(x, kernel)
    return [y, *tape.gradient(y, [x, kernel], upstream)]


@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize(
    "batch, height, width, channels, filters",
    [(1, 8, 10, 3, 5), (2, 7, 4, 6, 2), (3, 2, 1, 1, 4), (1, 5, 6, 4, 1), (1, 4, 4, 256, 257)],
)
def test_by_gradients_it_is_the_same_convolution(batch, height, width, channels, filters, size):
    random = np.random.default_rng(size)
    x, kernel, upstream = (
        tf.constant(random.normal(size=shape), tf.float32)
        for shape in (
            (batch, height, width, channels),
            (size, size, channels, filters),
            (batch, height, width, filters),
        )
    )
    expected = with_gradients(
        lambda x, kernel: tf.nn.conv2d(x, kernel, 1, "SAME"), x, kernel, upstream
    )
    # Sizes known to the graph, and not.
    for shape in ([None, None, None, channels], x.shape):
        traced = tf.function(convolve_by_gradients).get_concrete_function(
            tf.TensorSpec(shape), tf.TensorSpec(kernel.shape)
        )
        assert traced.structured_outputs.shape[-1] == filters
        computed = with_gradients(traced, x, kernel, upstream)
        for ours, theirs in zip(computed, expected, strict=True):
            scale = np.abs(theirs).max()
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-6 * scale)


@pytest.mark.parametrize(
    ("setting", "flags", "dtype", "chosen"),
    [
        ("1", {"fma", "avx2"}, "float32", True),
        ("1", {"fma", "avx2"}, "bfloat16", False),
        ("0", {"fma", "avx2"}, "float32", False),
        (None, {"fma", "avx2"}, "float32", False),
        ("1", {"avx2", "avx512f"}, "float32", False),
        ("1", set(), "float32", False),
    ],
)
def test_it_is_chosen_with_onednn_on_a_processor_without_avx512(
    monkeypatch, setting, flags, dtype, chosen
):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if setting:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", setting)
    monkeypatch.setattr(convolution, "processor_flags", lambda: frozenset(flags))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    graph = tf.function(convolve).get_concrete_function(
        tf.TensorSpec([1, 8, 8, 2], dtype), tf.TensorSpec([3, 3, 2, 4], dtype)
    )
    operations = {operation.type for operation in graph.graph.get_operations()}
    assert ("Conv2D" not in operations) == chosen
