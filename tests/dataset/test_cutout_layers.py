"""Shrinking, joining and filling in of cut-outs, against slow and literal references."""

import numpy as np
import pytest

from dim_tf.dataset.layers import (
    arranged,
    cut_out_of,
    lay_over,
    layer_of,
    trimmed,
    without_noise,
)


def random_cut_out(seed, height, width):
    rng = np.random.default_rng(seed)
    alpha = rng.choice(np.array([0, 0, 1, 40, 128, 200, 255, 255], np.uint8), (height, width))
    return alpha, rng.integers(0, 256, (height, width, 3), np.uint8)


def test_opacities_near_none_and_full_are_none_and_full():
    table = without_noise(np.arange(256, dtype=np.uint8))
    for opacity, found in enumerate(table.tolist()):
        expected = min(max((opacity - 4) * 255 / 247, 0), 255)
        assert abs(found - expected) <= 0.5
    assert table[[0, 4, 251, 255]].tolist() == [0, 0, 255, 255]
    assert table[5] > 0 and table[250] < 255


def test_what_is_trimmed_is_transparent_and_no_more():
    alpha = np.zeros((9, 12), np.uint8)
    alpha[2, 5] = alpha[6, 3] = 1
    colours = np.arange(9 * 12 * 3, dtype=np.uint8).reshape(9, 12, 3)
    found, found_colours = trimmed(alpha, colours)
    np.testing.assert_array_equal(found, alpha[2:7, 3:6])
    np.testing.assert_array_equal(found_colours, colours[2:7, 3:6])


def test_shrinking_averages_colours_by_their_opacity():
    alpha, colours = random_cut_out(1, 12, 18)
    layer = layer_of(alpha, colours, 1 / 3)
    assert layer.shape == (4, 6, 4)
    for row in range(4):
        for column in range(6):
            opacity, sums = 0.0, np.zeros(3)
            for y in range(3 * row, 3 * row + 3):
                for x in range(3 * column, 3 * column + 3):
                    opacity += alpha[y, x] / 255 / 9
                    sums += colours[y, x].astype(float) * alpha[y, x] / 255 / 9
            np.testing.assert_allclose(layer[row, column, 3], opacity, atol=1e-6)
            np.testing.assert_allclose(layer[row, column, :3], sums, atol=1e-4)


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.37])
def test_hidden_colours_have_no_part_in_anything(scale):
    """An object of one colour on black stays of one colour: no dark rim, whatever is hidden."""
    alpha, colours = random_cut_out(2, 40, 50)
    hidden = np.where(alpha[..., None] == 0, 255 - colours, colours)
    for one, other in zip(
        cut_out_of(layer_of(alpha, colours, scale)),
        cut_out_of(layer_of(alpha, hidden, scale)),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    alpha[:10] = 0
    on_black = np.where(alpha[..., None] > 0, np.uint8([200, 120, 40]), np.uint8(0))
    _, eps = cut_out_of(layer_of(alpha, on_black, scale))
    assert np.abs(eps - np.array([200.0, 120, 40])).max() <= 1


def test_joined_opacity_and_colours_are_those_of_one_over_the_other():
    back, front = random_cut_out(3, 8, 9), random_cut_out(4, 5, 4)
    canvas = layer_of(*back, 1)
    lay_over(canvas, layer_of(*front, 1), 2, 3)
    alpha, eps = cut_out_of(canvas)
    for y in range(8):
        for x in range(9):
            a, colour = back[0][y, x] / 255, back[1][y, x].astype(float)
            b, over = 0.0, np.zeros(3)
            if 2 <= y < 7 and 3 <= x < 7:
                b, over = front[0][y - 2, x - 3] / 255, front[1][y - 2, x - 3].astype(float)
            joined = 1 - (1 - a) * (1 - b)
            assert abs(alpha[y, x] - 255 * joined) <= 0.501
            if alpha[y, x] >= 32:
                expected = (b * over + (1 - b) * a * colour) / joined
                np.testing.assert_allclose(eps[y, x], expected, atol=0.51)


def test_unseen_pixels_have_colours_of_what_is_seen_nearby():
    alpha = np.zeros((60, 90), np.uint8)
    alpha[20:40, 10:20] = alpha[20:40, 70:80] = 255
    colours = np.zeros((60, 90, 3), np.uint8)
    colours[:, :45], colours[:, 45:] = (220, 60, 50), (40, 70, 210)
    colours[alpha == 0] = 0
    _, eps = cut_out_of(layer_of(alpha, colours, 1))
    seen = colours[alpha > 0]
    assert (eps >= seen.min(axis=0) - 1).all() and (eps <= seen.max(axis=0) + 1).all()
    assert (eps[:, :20, 0] > 160).all() and (eps[:, 70:, 2] > 160).all()  # of 220 and 210
    np.testing.assert_array_equal(eps[alpha == 255], colours[alpha == 255])
    # The least there can be: one pixel, hardly opaque, in the corner of much that is not.
    alpha = np.zeros((640, 640), np.uint8)
    alpha[0, 639] = 1
    _, eps = cut_out_of(layer_of(alpha, np.full((640, 640, 3), 99, np.uint8), 1))
    assert np.abs(eps.astype(int) - 99).max() <= 1


def test_a_cut_out_is_whole_and_never_enlarged():
    alpha, colours = random_cut_out(5, 20, 30)
    alpha[0, :] = alpha[-1, :] = alpha[:, 0] = alpha[:, -1] = 255
    places = set()
    for seed in range(30):
        found, eps = arranged([(alpha, colours)], [1.0], 64, np.random.default_rng(seed))
        assert found.shape == (64, 64) and eps.shape == (64, 64, 3)
        rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        np.testing.assert_array_equal(found[part], alpha)
        np.testing.assert_array_equal(eps[part][alpha >= 32], colours[alpha >= 32])
        places.add((rows[0], columns[0]))
    assert len(places) > 20
    large = np.full((100, 200), 255, np.uint8), np.zeros((100, 200, 3), np.uint8)
    for scale, size in ((1.0, (32, 64)), (0.5, (16, 32))):
        found, _ = arranged([large], [scale], 64, np.random.default_rng(1))
        assert (found.any(axis=1).sum(), found.any(axis=0).sum()) == size


def test_joined_cut_outs_overlap_and_the_last_is_in_front():
    half, red, blue = np.full((20, 20), 128, np.uint8), (255, 0, 0), (0, 0, 255)
    pictures = [(half, np.full((20, 20, 3), colour, np.uint8)) for colour in (red, blue)]
    both = round(255 * (1 - (1 - 128 / 255) ** 2))
    for seed in range(20):
        alpha, eps = arranged(pictures, [1, 1], 64, np.random.default_rng(seed))
        assert set(np.unique(alpha)) <= {0, 128, both}
        overlap = alpha == both
        assert overlap.any()
        assert np.count_nonzero(alpha == 128) + 2 * np.count_nonzero(overlap) == 800
        assert (eps[overlap][:, 2] > eps[overlap][:, 0]).all()
