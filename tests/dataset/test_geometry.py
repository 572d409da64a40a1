import numpy as np
import pytest

from dim_tf.config import CANVAS_SIDE
from dim_tf.dataset import geometry

BIGGEST_CROP = 640


def random_foreground(rng):
    """A matte without a zero, so that its place shows, at the size the dataset stores."""
    height, width = rng.integers(50, 900, 2)
    size = geometry.foreground_size(int(height), int(width))
    return rng.integers(1, 256, size, np.uint8)


@pytest.mark.parametrize("pad", ["center", "none"])
@pytest.mark.parametrize("seed", range(6))
def test_both_layouts_give_the_same_canvas(pad, seed):
    rng = np.random.default_rng(seed)
    alpha = random_foreground(rng)
    height, width = (int(side) for side in rng.integers(300, 1500, 2))
    background_size = geometry.background_size(height, width, pad)
    background = rng.integers(0, 256, background_size, np.uint8)

    original_alpha = geometry.canvas_of(geometry.centre_on(alpha, *background_size))
    original_background = geometry.canvas_of(background)

    stored_background = geometry.canvas_of(background)
    stored_alpha = alpha
    if pad == "center":
        stored_alpha = geometry.centre_on(alpha, CANVAS_SIDE, CANVAS_SIDE)
    compact_background = geometry.canvas_of(stored_background)
    compact_alpha = geometry.centre_on(stored_alpha, *compact_background.shape)

    np.testing.assert_array_equal(original_background, compact_background)
    np.testing.assert_array_equal(original_alpha, compact_alpha)


@pytest.mark.parametrize("shape", [(640, 640), (1, 640), (639, 640), (640, 333), (640, 2)])
def test_no_crop_centred_on_the_matte_leaves_the_canvas(shape):
    canvas = geometry.centre_on(np.full(shape, 255, np.uint8), CANVAS_SIDE, CANVAS_SIDE)
    for axis in range(2):
        inside = np.flatnonzero(canvas.any(axis=1 - axis))
        assert inside[0] - BIGGEST_CROP // 2 >= 0
        assert inside[-1] - BIGGEST_CROP // 2 + BIGGEST_CROP <= CANVAS_SIDE


@pytest.mark.parametrize(
    "height, width", [(640, 640), (640, 1), (1, 5000), (321, 123), (1000, 999), (7, 641)]
)
def test_sizes_are_exact_and_keep_the_aspect_ratio(height, width):
    size = geometry.foreground_size(height, width)
    assert max(size) == 640
    assert min(size) == pytest.approx(
        max(1, 640 * min(height, width) / max(height, width)), abs=0.5
    )
    background = geometry.background_size(height, width, "center")
    assert min(background) == 1280
    ratio = max(height, width) / min(height, width)
    assert max(background) == pytest.approx(1280 * ratio, abs=0.5)
    if height != width:
        for made in (size, background):
            assert (made[0] > made[1]) == (height > width)


def test_without_padding_backgrounds_keep_their_size_unless_a_crop_would_not_fit():
    assert geometry.background_size(700, 900, "none") == (700, 900)
    assert geometry.background_size(5000, 3000, "none") == (5000, 3000)
    assert geometry.background_size(320, 480, "none") == (640, 960)


def test_a_foreground_larger_than_the_canvas_is_an_error():
    with pytest.raises(ValueError, match="does not fit"):
        geometry.centre_on(np.ones((10, 12), np.uint8), 20, 11)


@pytest.mark.parametrize("size", [(20, 30), (77, 91)])
def test_resizing_does_not_overshoot(size):
    step = np.full((40, 60), 50, np.uint8)
    step[:, 30:] = 200
    resized = geometry.resize(step, *size)
    assert resized.shape == size
    assert resized.min() == 50
    assert resized.max() == 200


def test_shrinking_averages_instead_of_dropping_pixels():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 200
    np.testing.assert_array_equal(geometry.resize(stripes, 16, 16), 100)


def test_colours_and_matte_are_padded_alike():
    rng = np.random.default_rng(0)
    matte = rng.integers(1, 256, (11, 8), np.uint8)
    colours = np.repeat(matte[..., np.newaxis], 3, axis=-1)
    padded = geometry.centre_on(colours, 31, 40)
    assert padded.shape == (31, 40, 3)
    np.testing.assert_array_equal(padded[..., 1], geometry.centre_on(matte, 31, 40))
    assert padded.sum() == colours.sum()
