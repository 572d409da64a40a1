import contextlib

import numpy as np
import pytest
import tensorflow as tf

from dim_tf.model import convolution
from dim_tf.model.convolution import (
    convolve,
    convolve_by_gradients,
    convolve_transposed,
    plain_convolutions,
)
from dim_tf.system import processor


def on_machine(monkeypatch, flags, gpus=(), onednn="1"):
    """As if this were a machine whose processor has these flags, with these GPUs.

    `onednn` is the setting of oneDNN; None: not set.
    """
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if onednn:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", onednn)
    for module in (convolution, processor):
        monkeypatch.setattr(module, "processor_flags", lambda: frozenset(flags))
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: list(gpus))


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
        ("0", {"fma", "avx2"}, "float32", False),
        (None, {"fma", "avx2"}, "float32", False),
        ("1", {"avx2", "avx512f"}, "float32", False),
        ("1", set(), "float32", False),
    ],
)
def test_it_is_chosen_with_onednn_on_a_processor_without_avx512(
    monkeypatch, setting, flags, dtype, chosen
):
    on_machine(monkeypatch, flags, onednn=setting)
    graph = tf.function(convolve).get_concrete_function(
        tf.TensorSpec([1, 8, 8, 2], dtype), tf.TensorSpec([3, 3, 2, 4], dtype)
    )
    operations = {operation.type for operation in graph.graph.get_operations()}
    assert ("Conv2D" not in operations) == chosen


def in_double_precision(function, x, kernel, upstream):
    """The convolution of these very values and its gradients, rounded to bfloat16 at the end."""
    exact = with_gradients(function, *(tf.cast(part, tf.float64) for part in (x, kernel, upstream)))
    return [tf.cast(part, tf.bfloat16) for part in exact]


@pytest.mark.parametrize("onednn", ["0", "1"])
@pytest.mark.parametrize("function", [convolve, convolve_transposed])
def test_without_instructions_bfloat16_is_rounded_once_and_goes_through_float32(
    monkeypatch, function, onednn
):
    on_machine(monkeypatch, {"fma", "avx2"}, onednn=onednn)
    random = np.random.default_rng(5)
    factor = 2 if function is convolve_transposed else 1
    # The channels of a transposed convolution's kernel are the other way round.
    channels = (7, 40) if function is convolve_transposed else (40, 7)
    x, kernel, upstream = (
        tf.constant(random.normal(size=shape), tf.bfloat16)
        for shape in ((1, 8, 6, 40), (5, 5, *channels), (1, 8 * factor, 6 * factor, 7))
    )
    computed = with_gradients(function, x, kernel, upstream)
    expected = in_double_precision(function, x, kernel, upstream)
    for ours, theirs in zip(computed, expected, strict=True):
        assert ours.dtype == tf.bfloat16
        ours, theirs = (tf.cast(part, tf.float32).numpy() for part in (ours, theirs))
        # A sum at the border of two roundings may fall to either side: the next value, not more.
        assert (np.abs(ours - theirs) <= 2**-7 * np.abs(theirs) + 1e-4).all()
        assert (ours == theirs).mean() > 0.99


@pytest.mark.parametrize(
    ("flags", "gpus", "plainly", "through_float32"),
    [
        ({"fma", "avx2"}, [], False, True),
        ({"avx2", "avx512_bf16"}, [], False, False),
        ({"avx2", "amx_bf16"}, [], False, False),
        ({"asimd"}, [], False, False),  # not a PC's: nobody knows
        ({"fma", "avx2"}, ["a GPU"], False, False),
        ({"fma", "avx2"}, [], True, False),
    ],
)
@pytest.mark.parametrize("function", [convolve, convolve_transposed])
def test_bfloat16_goes_through_float32_where_it_has_no_instructions(
    monkeypatch, function, flags, gpus, plainly, through_float32
):
    on_machine(monkeypatch, flags, gpus)
    with plain_convolutions() if plainly else contextlib.nullcontext():
        graph = tf.function(function).get_concrete_function(
            tf.TensorSpec([1, 8, 8, 4], tf.bfloat16), tf.TensorSpec([3, 3, 4, 4], tf.bfloat16)
        )
    products = [
        operation.outputs[0].dtype
        for operation in graph.graph.get_operations()
        if operation.type in ("Conv2D", "Conv2DBackpropInput")
    ]
    assert products == [tf.float32 if through_float32 else tf.bfloat16]
