"""A large photo is seen once more, reduced, and what is surer there moves the matte."""

import cv2
import keras
import numpy as np
import pytest

from dim_tf.config import NetworkConfig
from dim_tf.matting import network_matte, reduced_photo
from dim_tf.matting.network_matte import NoNumbersError
from dim_tf.matting.post_process import follow_colours
from dim_tf.matting.predict import MattingModel
from dim_tf.matting.reduced_photo import joined, reduced, reduction_for
from dim_tf.model.network import build_network
from tests.matting.test_certainty import photo_and_trimap


def trimap_with_box(height, width, rows, columns):
    trimap = np.zeros((height, width), np.uint8)
    trimap[rows, columns] = 128
    return trimap


@pytest.mark.parametrize(
    ("box", "factor", "weight"),
    [
        ((384, 384), None, None),
        ((448, 448), 192 / 448, 0.5),
        ((512, 512), 192 / 512, 1),
        ((256, 1024), 192 / 512, 1),
        ((800, 1250), 0.192, 1),
        ((2400, 2600), 0.125, 1),
    ],
)
def test_the_box_of_unknown_pixels_decides_not_the_photo(box, factor, weight):
    height, width = box
    large = trimap_with_box(3000, 3000, slice(100, 100 + height), slice(50, 50 + width))
    tight = trimap_with_box(height, width, slice(None), slice(None))
    hollow = np.zeros_like(tight)
    hollow[[0, -1]] = 128
    hollow[:, [0, -1]] = 128
    if factor is None:
        assert reduction_for(large) is reduction_for(tight) is reduction_for(hollow) is None
    for trimap in (large, tight, hollow) if factor else ():
        again = reduction_for(trimap)
        assert again.factor == pytest.approx(factor, rel=5e-3)
        assert again.weight == pytest.approx(weight, abs=0.02)


def test_a_photo_without_an_unknown_pixel_is_seen_once():
    assert reduction_for(np.full((900, 900), 255, np.uint8)) is None


def test_a_stray_spot_far_away_changes_little():
    trimap = trimap_with_box(3000, 3000, slice(0, 600), slice(0, 600))
    without = reduction_for(trimap)
    trimap[2990:, 2990:] = 128
    assert reduction_for(trimap).factor == pytest.approx(without.factor, rel=0.01)


@pytest.mark.parametrize("shape", [(3, 9000), (9000, 3), (1, 20000)])
def test_strips_are_reduced_to_strips(shape):
    rgb, trimap = np.zeros((*shape, 3), np.uint8), np.full(shape, 128, np.uint8)
    small_rgb, small = reduced(rgb, trimap, 0.125)
    assert small.shape == small_rgb.shape[:2] == tuple(max(1, round(side / 8)) for side in shape)
    assert reduction_for(trimap) is None or reduction_for(trimap).factor >= 0.125


def test_a_reduced_pixel_is_known_where_all_that_it_stands_for_is():
    random = np.random.default_rng(1)
    cells = random.choice(np.array([0, 128, 255], np.uint8), (30, 50))
    trimap = np.kron(cells, np.ones((4, 4), np.uint8))
    touched = random.random(trimap.shape) < 0.05
    trimap[touched] = random.choice(np.array([0, 128, 255], np.uint8), touched.sum())
    rgb = random.integers(0, 256, (*trimap.shape, 3), np.uint8)
    small_rgb, small = reduced(rgb, trimap, 0.25)
    for row, column in np.ndindex(cells.shape):
        place = slice(4 * row, 4 * row + 4), slice(4 * column, 4 * column + 4)
        levels = set(trimap[place].ravel())
        assert small[row, column] == (levels.pop() if len(levels) == 1 else 128)
        np.testing.assert_allclose(small_rgb[row, column], rgb[place].mean((0, 1)), atol=0.51)


def test_a_line_of_unknown_pixels_stays_unknown():
    trimap = np.zeros((1000, 1000), np.uint8)
    trimap[:, 500] = 128
    trimap[:, 501:] = 255
    rgb = np.zeros((1000, 1000, 3), np.uint8)
    _, small = reduced(rgb, trimap, 0.125)
    assert (small == 128).any(axis=1).all()
    trimap[:, 500:] = 0
    trimap[333, 333] = 128
    assert np.count_nonzero(reduced(rgb, trimap, 0.125)[1]) == 1
    sixteenth = reduced(rgb[:960, :960], trimap[:960, :960], 1 / 15)[1]
    assert np.count_nonzero(sixteenth) == 1  # of 225 pixels one is 254.9 grey levels of 255


def test_two_estimates_count_by_the_inverses_of_their_expected_squared_errors():
    alpha, scale = np.full((40, 60), 0.2, np.float32), np.full((40, 60), 0.3, np.float32)
    result = joined(alpha, scale, np.full((20, 30), 0.8), np.full((20, 30), 0.1, np.float32))
    weights = 1 / 0.3**2, 1 / 0.1**2
    np.testing.assert_allclose(result, np.average([0.2, 0.8], weights=weights), rtol=1e-5)
    assert result.dtype == np.float32
    half = joined(alpha, scale, np.full((20, 30), 0.8), np.full((20, 30), 0.1, np.float32), 0.5)
    np.testing.assert_allclose(half, (0.2 + result) / 2, rtol=1e-5)


def test_what_the_reduced_photo_cannot_show_is_added_to_its_error():
    random = np.random.default_rng(7)
    alpha = np.tile(random.random((4, 4), np.float32), (6, 6))
    means, deviation = alpha[:4, :4].mean(), alpha[:4, :4].std()
    result = joined(
        alpha,
        np.full((24, 24), 0.4, np.float32),
        np.full((6, 6), 1.0),
        np.float32(np.full((6, 6), 0.1)),
    )
    share = 0.4**2 / (0.4**2 + (0.1 + deviation) ** 2)
    np.testing.assert_allclose(result, np.minimum(alpha + share * (1 - means), 1), rtol=1e-4)


def test_flat_mattes_are_numbers_however_their_variance_is_rounded():
    alpha = np.full((300, 300), np.float32(0.1), np.float32)
    alpha += np.float32(1e-8) * np.random.default_rng(8).random((300, 300), np.float32)
    scale = np.full((300, 300), 0.3, np.float32)
    result = joined(alpha, scale, np.ones((100, 100), np.float32), np.zeros((100, 100), np.float32))
    assert np.isfinite(result).all() and result.min() > 0.9


@pytest.mark.parametrize("shape", [(384, 512), (1037, 911)])
@pytest.mark.parametrize("factor", [0.125, 0.31])
def test_the_correction_lies_where_the_object_does(shape, factor):
    height, width = shape
    rows, columns = np.indices(shape, dtype=np.float32)
    true = 0.5 + 0.5 * np.tanh((rows - 0.4 * height) / 40) * np.tanh((columns - 0.6 * width) / 40)
    small = cv2.resize(
        *(true, (round(width * factor), round(height * factor))), interpolation=cv2.INTER_AREA
    )
    wrong, scale = np.full(shape, 0.5, np.float32), np.full(shape, 1.0, np.float32)
    result = joined(wrong, scale, small, np.full(small.shape, 1e-4, np.float32))
    np.testing.assert_allclose(result, true, atol=0.012)


def test_pixels_that_are_known_or_sure_stay_and_nothing_leaves_the_range():
    random = np.random.default_rng(2)
    alpha = random.random((64, 64), np.float32)
    scale = random.choice(np.float32([0, 0.0149, 0.016, 0.7]), (64, 64))
    small = random.integers(0, 2, (16, 16)).astype(np.float32)
    result = joined(alpha, scale, small, np.full((16, 16), 1e-3, np.float32))
    sure = scale < 0.015
    np.testing.assert_array_equal(result[sure], alpha[sure])
    assert (result[~sure] != alpha[~sure]).mean() > 0.9
    assert result.min() >= 0 and result.max() <= 1
    assert np.abs(result - alpha).max() > 0.1


def test_where_both_agree_about_means_detail_stays():
    random = np.random.default_rng(3)
    alpha = random.random((64, 64), np.float32)
    means = alpha.reshape(16, 4, 16, 4).mean((1, 3))
    scale = np.full((64, 64), 0.5, np.float32)
    result = joined(alpha, scale, means, np.full((16, 16), 1e-3, np.float32))
    np.testing.assert_allclose(result, alpha, atol=1e-5)


def test_a_mesh_that_it_takes_for_cloth_is_left():
    """Holes of a pixel or two are not seen in the reduced photo, however sure the network is."""
    mesh = np.kron(np.indices((32, 32)).sum(0) % 2, np.ones((2, 2))).astype(np.float32)
    grey = np.full((64, 64), 0.5, np.float32)
    scale = np.full((64, 64), 0.2, np.float32)
    cloth, sure = np.ones((8, 8), np.float32), np.full((8, 8), 0.02, np.float32)
    assert np.abs(joined(mesh, scale, cloth, sure) - mesh).max() < 0.1
    assert joined(grey, scale, cloth, sure).min() > 0.9


class Saying:
    """A network that says one thing at first and another then."""

    def __init__(self, outputs, alpha, scale, reduced_alpha, reduced_scale):
        self.outputs, self.seen = outputs, []
        self.says = [(alpha, scale), (reduced_alpha, reduced_scale)]

    def __call__(self, inputs):
        alpha, scale = self.says[min(len(self.seen), 1)]
        self.seen.append(inputs.shape[1:3])
        output = np.float32([alpha, np.log(scale)])[: self.outputs]
        return np.broadcast_to(output, (*inputs.shape[:3], self.outputs))


CONFIG = NetworkConfig(width=1 / 16, fc6="1x1", skip=True, normalize_input=True, certainty=True)


@pytest.fixture
def model_of(monkeypatch):
    def model_of(post_process, *says, config=CONFIG):
        keras.utils.set_random_seed(1)
        model = MattingModel(build_network(config), config, {}, post_process=post_process)
        monkeypatch.setattr(model, "_forward", Saying(1 + config.certainty, *says))
        return model

    return model_of


@pytest.fixture
def small_side(monkeypatch):
    monkeypatch.setattr(reduced_photo, "SMALLEST_BOX", 40)
    monkeypatch.setattr(reduced_photo, "FULL_BOX", 64)
    monkeypatch.setattr(reduced_photo, "REDUCED_SIDE", 32)


RGB = np.random.default_rng(5).integers(0, 256, (96, 128, 3), np.uint8)
WIDE = np.full((96, 128), 128, np.uint8)
WIDE[:8], WIDE[-8:] = 255, 0


def test_the_matte_that_colours_refine_is_the_corrected_one(model_of, small_side, monkeypatch):
    monkeypatch.setattr(reduced_photo, "FULL_BOX", 150)
    model, told = model_of("affinity", 0.2, 0.3, 0.8, 0.03), []
    alpha, certainty = model.predict_alpha(
        *(RGB, WIDE), return_certainty=True, told=lambda *step: told.append(step)
    )
    factor, weight = reduction_for(WIDE)
    assert 0 < weight < 1
    rows, columns = round(96 * factor), round(128 * factor)
    assert model._forward.seen == [(96, 128), (32, 64)] and rows <= 32 < columns <= 64
    first = np.where(WIDE == 128, np.float32(0.2), WIDE / np.float32(255))
    scale = np.where(WIDE == 128, np.float32(0.3), np.float32(0))
    _, small = reduced(RGB, WIDE, factor)
    small_alpha = np.where(small == 128, np.float32(0.8), small / np.float32(255))
    small_scale = np.where(small == 128, np.float32(0.03), np.float32(0))
    corrected = joined(first, scale, small_alpha, small_scale, weight)
    expected = follow_colours(RGB, WIDE, corrected, scale)
    np.testing.assert_allclose(alpha, expected, atol=1e-5)
    np.testing.assert_allclose(certainty[WIDE == 128], 0.06 / 0.36, rtol=1e-5)
    network = [(done, of) for step, done, of in told if step == "network"]
    assert network == [(0, 1), (1, 1), (1, 1)]  # it can be ended at each pass, and never goes back


def test_the_second_pass_goes_through_in_tiles_too(model_of, monkeypatch):
    monkeypatch.setattr(reduced_photo, "FULL_BOX", 600)
    monkeypatch.setattr(reduced_photo, "REDUCED_SIDE", 500)
    monkeypatch.setattr(network_matte, "TILE_CORE_SIDE", 256)
    rgb, trimap = np.zeros((700, 700, 3), np.uint8), np.full((700, 700), 128, np.uint8)
    passes = {}
    for post_process in ("none", "affinity"):
        model = model_of(post_process, 0.2, 0.3, 0.2, 0.3)
        model.predict_alpha(rgb, trimap, max_pixels=70_000)
        passes[post_process] = len(model._forward.seen)
    assert passes["affinity"] > passes["none"] + 1 > 2


@pytest.mark.parametrize(
    ("post_process", "size", "certainty"),
    [("none", 0, True), ("affinity", 64, True), ("affinity", 0, False)],
)
def test_otherwise_there_is_one_pass(model_of, small_side, post_process, size, certainty):
    config = NetworkConfig(width=1 / 16, fc6="1x1", certainty=certainty)
    model = model_of(post_process, 0.2, 0.3, 0.8, 0.03, config=config)
    model.predict_alpha(RGB, WIDE, size=size)
    assert len(model._forward.seen) == 1


def test_small_objects_are_seen_once(model_of):
    model = model_of("affinity", 0.2, 0.3, 0.8, 0.03)
    model.predict_alpha(*photo_and_trimap(96, 128))
    assert len(model._forward.seen) == 1


def test_a_second_pass_that_is_not_of_numbers_is_told(model_of, small_side):
    model = model_of("affinity", 0.2, 0.3, np.nan, 0.03)
    with pytest.raises(NoNumbersError):
        model.predict_alpha(RGB, WIDE)
