import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from dim_tf.config import IMAGE_MEAN_RGB, NetworkConfig
from dim_tf.matting.predict import MattingModel, load_model
from dim_tf.model.weights import load_network, save_weights
from dim_tf.system import processor
from dim_tf.system.errors import InputError


def photo_and_trimap(height, width, seed=0):
    random = np.random.default_rng(seed)
    rgb = random.integers(0, 256, (height, width, 3), np.uint8)
    return rgb, random.choice(np.array([0, 128, 255], np.uint8), (height, width))


@pytest.mark.parametrize(
    "height, width", [(1, 1), (1, 40), (7, 3), (31, 33), (32, 32), (45, 101), (97, 64)]
)
def test_any_size_comes_back_with_the_known_pixels_of_the_trimap(tiny_model, height, width):
    rgb, trimap = photo_and_trimap(height, width)
    alpha = tiny_model.predict_alpha(rgb, trimap)
    assert alpha.shape == (height, width)
    assert alpha.dtype == np.float32
    assert alpha.min() >= 0
    assert alpha.max() <= 1
    np.testing.assert_array_equal(alpha[trimap == 0], 0)
    np.testing.assert_array_equal(alpha[trimap == 255], 1)


def test_without_padding_it_is_the_network_itself(tiny_model):
    rgb, trimap = photo_and_trimap(64, 96)
    inputs = np.dstack([rgb - np.float32(IMAGE_MEAN_RGB), np.float32(trimap)])[None]
    expected = tiny_model.network(inputs, training=False)[0, ..., 0]
    unknown = trimap == 128
    predicted = tiny_model.predict_alpha(rgb, trimap)
    np.testing.assert_allclose(predicted[unknown], expected.numpy()[unknown], atol=1e-5)


def test_padding_reflects_below_and_to_the_right(tiny_model):
    rgb, trimap = photo_and_trimap(40, 50)
    trimap[:] = 128
    padded = tiny_model.predict_alpha(
        np.pad(rgb, [(0, 24), (0, 14), (0, 0)], mode="reflect"),
        np.pad(trimap, [(0, 24), (0, 14)], mode="reflect"),
    )
    predicted = tiny_model.predict_alpha(rgb, trimap)
    np.testing.assert_allclose(predicted, padded[:40, :50], atol=1e-5)


def test_the_graph_is_traced_once_for_all_sizes():
    traces = []

    def network(inputs, training):
        traces.append(training)
        return tf.sigmoid(inputs[..., :1])

    model = MattingModel(network, NetworkConfig(), {})
    for size in ((32, 32), (33, 64), (100, 20), (1, 1)):
        model.predict_alpha(*photo_and_trimap(*size))
    model.predict_alpha(*photo_and_trimap(50, 60), size=64)
    assert traces == [False]


@pytest.mark.parametrize("height, width", [(40, 90), (200, 33), (1, 1)])
def test_the_squash_shows_the_network_a_square_and_restores_the_size(height, width):
    def network(inputs, training):
        area = tf.cast(tf.reduce_prod(tf.shape(inputs)), tf.float32)
        return tf.zeros_like(inputs[..., :1]) + area / (64 * 64 * 4 * 2)

    rgb, trimap = photo_and_trimap(height, width)
    model = MattingModel(network, NetworkConfig(), {})
    alpha = model.predict_alpha(rgb, trimap, size=64)
    assert alpha.shape == (height, width)
    np.testing.assert_array_equal(alpha[trimap == 128], 0.5)
    np.testing.assert_array_equal(alpha[trimap == 255], 1)


@pytest.mark.parametrize("height, width", [(40, 90), (200, 33), (50, 50)])
def test_a_squashed_trimap_is_one_still(height, width):
    """A mean of background and foreground is no unknown pixel."""

    def network(inputs, training):
        trimap = inputs[..., 3:]
        is_one = tf.logical_or(tf.logical_or(trimap == 0, trimap == 128), trimap == 255)
        return tf.cast(tf.reduce_all(is_one), tf.float32) + 0 * trimap

    rgb, trimap = photo_and_trimap(height, width)
    alpha = MattingModel(network, NetworkConfig(), {}).predict_alpha(rgb, trimap, size=64)
    np.testing.assert_array_equal(alpha[trimap == 128], 1)


def test_photo_and_trimap_of_different_sizes_are_refused(tiny_model):
    rgb, trimap = photo_and_trimap(32, 40)
    with pytest.raises(ValueError, match="The photo is"):
        tiny_model.predict_alpha(rgb, trimap.T)


def test_moving_and_batch_statistics_differ_and_the_checkpoint_chooses(tiny_checkpoint, tmp_path):
    rgb, _ = photo_and_trimap(64, 64)
    trimap = np.full((64, 64), 128, np.uint8)
    network, config, _ = load_network(tiny_checkpoint)
    save_weights(tmp_path / "batch.npz", network, dataclasses.replace(config, bn_eval="batch"), {})
    alphas = {
        name: load_model(path, bn_eval=bn_eval, post_process="none").predict_alpha(rgb, trimap)
        for name, path, bn_eval in [
            ("default", tiny_checkpoint, "checkpoint"),
            ("moving", tiny_checkpoint, "moving"),
            ("batch", tiny_checkpoint, "batch"),
            ("chosen", tmp_path / "batch.npz", "checkpoint"),
        ]
    }
    np.testing.assert_array_equal(alphas["default"], alphas["moving"])
    np.testing.assert_allclose(alphas["chosen"], alphas["batch"], atol=1e-3)
    assert np.abs(alphas["batch"] - alphas["moving"]).max() > 0.01


def test_a_damaged_checkpoint_is_refused(tiny_checkpoint, tmp_path):
    damaged = tmp_path / "half.npz"
    content = tiny_checkpoint.read_bytes()
    damaged.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"half\.npz is damaged"):
        load_model(damaged)


def test_bfloat16_gives_nearly_the_same_matte(tiny_checkpoint, tiny_model):
    rgb, trimap = photo_and_trimap(96, 128)
    exact = tiny_model.predict_alpha(rgb, trimap)
    model = load_model(tiny_checkpoint, precision="bfloat16", post_process="none")
    rounded = model.predict_alpha(rgb, trimap)
    difference = 255 * np.abs(exact - rounded)[trimap == 128]
    assert 0 < difference.mean() < 4  # random weights make much of little
    assert rounded.dtype == np.float32


def test_kernels_kept_in_bfloat16_change_nothing(tiny_checkpoint):
    rgb, trimap = photo_and_trimap(64, 96)
    rounded_each_time, config, _ = load_network(tiny_checkpoint, precision="bfloat16")
    expected = MattingModel(rounded_each_time, config, {}).predict_alpha(rgb, trimap)
    model = load_model(tiny_checkpoint, precision="bfloat16", post_process="none")
    assert model.network.get_layer("conv3_1").kernel.dtype == "bfloat16"
    np.testing.assert_array_equal(model.predict_alpha(rgb, trimap), expected)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx512f avx512_bf16 sse", True),
        ("amx_bf16", True),
        ("avx2 bf16", False),
        (None, False),
    ],
)
def test_auto_takes_bfloat16_where_the_processor_has_it(
    tiny_checkpoint, monkeypatch, flags, expected
):
    def read_text(path, *rest):
        if flags is None:
            raise FileNotFoundError(path)
        return f"processor : 0\nflags : {flags}\n"

    with monkeypatch.context() as patch:
        patch.setattr(processor.Path, "read_text", read_text)
        assert processor.has_bfloat16_instructions() is expected
        model = load_model(tiny_checkpoint, precision="auto")
    policy = "bfloat16" if expected else "float32"
    assert model.network.get_layer("conv3_1").dtype_policy.name == policy
