"""How sure the network is of its matte, at the photo's own size."""

import keras
import numpy as np
import pytest

import dim_tf
from dim_tf.config import NetworkConfig
from dim_tf.matting import network_matte
from dim_tf.matting.post_process import certainty_of, follow_colours
from dim_tf.matting.predict import MattingModel
from dim_tf.model.network import alpha_and_log_scale, build_network


@pytest.fixture(scope="module")
def sure_model():
    config = NetworkConfig(width=1 / 16, fc6="1x1", skip=True, normalize_input=True, certainty=True)
    keras.utils.set_random_seed(1)
    network = build_network(config)
    scale = network.get_layer("pred_scale")
    random = np.random.default_rng(2)
    scale.kernel.assign(0.3 * random.normal(size=scale.kernel.shape))
    return MattingModel(network, config, {})


def photo_and_trimap(height, width):
    random = np.random.default_rng(4)
    rgb = random.integers(0, 256, (height, width, 3), np.uint8)
    return rgb, random.choice(np.array([0, 128, 255], np.uint8), (height, width))


def test_it_is_made_of_the_scale_and_known_pixels_are_certain(sure_model):
    rgb, trimap = photo_and_trimap(64, 96)
    alpha, certainty = sure_model.predict_alpha(rgb, trimap, return_certainty=True)
    np.testing.assert_array_equal(alpha, sure_model.predict_alpha(rgb, trimap))
    assert certainty.shape == trimap.shape and certainty.dtype == np.float32
    np.testing.assert_array_equal(certainty[trimap != 128], 1)
    inputs = np.concatenate([rgb - np.float32([126.88, 120.24, 112.19]), trimap[..., None]], -1)
    _, log_scale = alpha_and_log_scale(sure_model.network(inputs[None].astype(np.float32)))
    expected = 0.06 / (np.exp(log_scale[0, ..., 0]) + 0.06)
    np.testing.assert_allclose(certainty[trimap == 128], expected[trimap == 128], rtol=1e-4)
    assert np.std(certainty[trimap == 128]) > 0.01
    np.testing.assert_allclose(certainty_of(np.array([0.0, 0.06])), [1, 0.5])


def test_the_colours_are_followed_where_the_network_is_not_sure(sure_model):
    """What it says of itself decides, not how near its matte is to 0 or 1."""
    rgb, trimap = photo_and_trimap(64, 96)
    raw, certainty = sure_model.predict_alpha(rgb, trimap, return_certainty=True)
    scale = 0.06 / certainty - 0.06
    following = MattingModel(sure_model.network, sure_model.config, {}, post_process="affinity")
    alpha = following.predict_alpha(rgb, trimap)
    np.testing.assert_allclose(alpha, follow_colours(rgb, trimap, raw, scale), atol=1e-3)
    assert np.abs(alpha - follow_colours(rgb, trimap, raw)).max() > 0.05


def test_tiles_give_that_of_one_pass(sure_model, monkeypatch):
    monkeypatch.setattr(network_matte, "TILE_CORE_SIDE", 192)
    rgb, trimap = photo_and_trimap(333, 601)
    trimap[:260, 70:] = 0
    whole = sure_model.predict_alpha(rgb, trimap, return_certainty=True)
    tiled = sure_model.predict_alpha(rgb, trimap, max_pixels=10_000, return_certainty=True)
    for part, other in zip(whole, tiled, strict=True):
        np.testing.assert_allclose(part, other, atol=1e-5)


def test_squashed_photos_have_one_too(sure_model):
    rgb, trimap = photo_and_trimap(50, 90)
    alpha, certainty = sure_model.predict_alpha(rgb, trimap, size=64, return_certainty=True)
    assert alpha.shape == certainty.shape == trimap.shape
    assert 0 < certainty.min() < certainty[trimap == 128].max() < 1


def test_other_weights_do_not_say_it(tiny_model):
    with pytest.raises(dim_tf.InputError, match="These weights do not say how sure they are"):
        tiny_model.predict_alpha(*photo_and_trimap(32, 32), return_certainty=True)
