import keras
import numpy as np
import pytest
import tensorflow as tf

from dim_tf.config import NetworkConfig
from dim_tf.matting import network_matte, predict
from dim_tf.matting.predict import MattingModel
from dim_tf.matting.tiles import plan_tiles
from dim_tf.model.architecture import receptive_radius
from dim_tf.model.network import build_network


def scattered(shape, share, seed=0):
    return np.random.default_rng(seed).random(shape) < share


@pytest.mark.parametrize("core_side", [32, 96, None])
@pytest.mark.parametrize("shape", [(1, 1), (33, 64), (200, 333), (301, 97)])
@pytest.mark.parametrize("share", [0.0005, 0.3])
@pytest.mark.parametrize("radius", [0, 31, 64, 185])
def test_cores_cover_the_unknown_once_and_see_enough(core_side, shape, share, radius):
    unknown = scattered(shape, share)
    decided = np.zeros(shape, int)
    for core, seen in plan_tiles(unknown, core_side, radius):
        assert unknown[core].any()
        decided[core] += 1
        for part, whole, length in zip(core, seen, shape, strict=True):
            assert part.start % 32 == 0 and whole.start % 32 == 0
            assert whole.stop % 32 == 0 or whole.stop == length
            assert part.start - whole.start >= radius or whole.start == 0
            assert whole.stop - part.stop >= radius or whole.stop == length
            assert core_side is None or part.stop - part.start <= core_side
    assert decided.max() <= 1
    assert (decided[unknown] == 1).all()


def test_a_single_tile_sees_no_more_than_matters():
    unknown = np.zeros((1000, 1200), bool)
    unknown[500:520, 610:700] = True
    ((core, seen),) = plan_tiles(unknown, None, 100)
    assert core == (slice(480, 544), slice(608, 704))
    assert seen == (slice(352, 672), slice(480, 832))


def test_nothing_unknown_needs_no_tile():
    assert plan_tiles(np.zeros((50, 60), bool), 32, 10) == []


def photo_and_trimap(height, width):
    random = np.random.default_rng(4)
    rgb = random.integers(0, 256, (height, width, 3), np.uint8)
    trimap = random.choice(np.array([0, 128, 255], np.uint8), (height, width))
    trimap[: height // 3, : width // 2] = 0
    return rgb, trimap


@pytest.mark.parametrize("max_pixels", [300_000, 500_000, 10**6])
def test_a_tile_shows_the_network_no_more_than_max_pixels(max_pixels):
    shapes = []
    config = NetworkConfig(fc6="1x1")
    model = MattingModel(lambda inputs, training: inputs[..., :1] * 0, config, {})
    model._forward = lambda inputs: shapes.append(inputs.shape) or tf.zeros((*inputs.shape[:3], 1))
    rgb, trimap = np.zeros((1000, 1200, 3), np.uint8), np.full((1000, 1200), 128, np.uint8)
    model.predict_alpha(rgb, trimap, max_pixels=max_pixels)
    assert len(shapes) > 1
    assert max(shape[1] * shape[2] for shape in shapes) <= max_pixels


@pytest.mark.parametrize("height, width", [(450, 420), (64, 1200), (333, 601)])
def test_tiles_give_the_matte_of_one_pass(tiny_model, monkeypatch, height, width):
    monkeypatch.setattr(network_matte, "TILE_CORE_SIDE", 192)
    rgb, trimap = photo_and_trimap(height, width)
    # Three rows and three columns of tiles at two edges; more of them only take longer.
    trimap[: height - 70, 70:] = 0
    one_pass = tiny_model.predict_alpha(rgb, trimap, max_pixels=height * width)
    shapes = []
    forward = tiny_model._forward

    def record(inputs):
        shapes.append(inputs.shape)
        return forward(inputs)

    monkeypatch.setattr(tiny_model, "_forward", record)
    tiled = tiny_model.predict_alpha(rgb, trimap, max_pixels=10_000)
    assert len(shapes) > 2
    assert max(max(shape) for shape in shapes) <= 192 + 2 * 192
    np.testing.assert_allclose(tiled, one_pass, atol=1e-5)


def test_tiles_without_unknown_pixels_cost_nothing(monkeypatch):
    passes = []

    def network(inputs, training):
        return inputs[..., :1] * 0 + 0.5

    monkeypatch.setattr(network_matte, "TILE_CORE_SIDE", 64)
    model = MattingModel(network, NetworkConfig(fc6="1x1"), {})
    forward = model._forward
    model._forward = lambda inputs: passes.append(inputs.shape) or forward(inputs)
    rgb, trimap = np.zeros((640, 1280, 3), np.uint8), np.zeros((640, 1280), np.uint8)
    trimap[:10, :10] = trimap[-10:, -10:] = 128
    alpha = model.predict_alpha(rgb, trimap, max_pixels=100_000)
    assert len(passes) == 2
    np.testing.assert_array_equal(alpha, np.where(trimap == 128, 0.5, 0))


@pytest.mark.parametrize(
    "settings",
    [
        {"fc6": "1x1"},
        {"fc6": "1x1", "skip": True, "refine": True},
        {"fc6": "3x3"},
        {"fc6": "7x7"},
        {"fc6": "1x1", "decoder": "deconv"},
    ],
)
def test_what_is_beyond_the_receptive_radius_has_no_part_in_alpha(settings):
    config = NetworkConfig(width=1 / 64, normalize_input=True, **settings)
    keras.utils.set_random_seed(2)
    network = build_network(config)
    if config.decoder == "deconv":  # its signal would be too faint to see a difference
        for layer in network.layers:
            if layer.name.startswith("deconv"):
                layer.gamma.assign(3 * layer.gamma)
    radius = receptive_radius(config)
    side = 32 * (2 * radius // 32 + 3)
    middle = side // 2
    random = np.random.default_rng(3)
    inputs = random.uniform(0, 255, (1, side, side, 4)).astype(np.float32)

    def alpha_of_the_middle(inputs):
        return float(network(inputs)[0, middle, middle, 0])

    before = alpha_of_the_middle(inputs)
    rows, columns = np.ogrid[:side, :side]
    distance = np.maximum(abs(rows - middle), abs(columns - middle))
    changed = random.uniform(0, 255, inputs.shape).astype(np.float32)
    far = np.where((distance > radius)[None, ..., None], changed, inputs)
    near = np.where((distance > radius // 4)[None, ..., None], changed, inputs)
    assert alpha_of_the_middle(far) == pytest.approx(before, abs=1e-6)
    assert alpha_of_the_middle(near) != pytest.approx(before, abs=1e-6)


def test_statistics_of_the_image_are_those_of_the_whole_image(tiny_checkpoint):
    model = predict.load_model(tiny_checkpoint, bn_eval="batch", post_process="none")
    rgb, trimap = photo_and_trimap(600, 64)
    trimap[:100] = trimap[500:] = 0
    np.testing.assert_array_equal(
        model.predict_alpha(rgb, trimap, max_pixels=4000), model.predict_alpha(rgb, trimap)
    )
    assert not np.allclose(
        model.predict_alpha(rgb, trimap)[200:300],
        model.predict_alpha(rgb[32:], trimap[32:])[168:268],
    )
