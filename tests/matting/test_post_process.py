import cv2
import numpy as np
import pytest

from dim_tf.matting import colour_mixtures, post_process
from dim_tf.matting.post_process import (
    follow_colours,
    without_haze,
)


def two_colours(height=60, width=80):
    """A photo of a disc on another colour, with a little noise, its trimap and its matte."""
    rows, columns = np.ogrid[:height, :width]
    distance = np.hypot(rows - height / 2, columns - width / 2) - 18
    alpha = np.clip(0.5 - distance, 0, 1).astype(np.float32)
    colours = alpha[..., None] * (200, 60, 40) + (1 - alpha[..., None]) * (30, 90, 180)
    noise = np.random.default_rng(1).normal(0, 1, colours.shape)
    trimap = np.where(distance < -7, 255, np.where(distance > 7, 0, 128)).astype(np.uint8)
    return np.round(colours + noise).astype(np.uint8), trimap, alpha


def test_callers_may_raise_on_all_that_numpy_says():
    """A pixel of which the network is as unsure as can be has no weight at all."""
    rgb, trimap, alpha = two_colours()
    alpha[trimap == 128] = np.nextafter(np.float32(0.5), np.float32(1))
    scale = np.where(trimap == 128, np.float32(1e9), np.float32(0))
    for given in (None, scale):
        expected = follow_colours(rgb, trimap, alpha, given)
        with np.errstate(all="raise"):
            np.testing.assert_array_equal(follow_colours(rgb, trimap, alpha, given), expected)


def matting_laplacian(rgb, epsilon):
    """Equation 12 of the paper, term by term."""
    height, width, _ = rgb.shape
    colours = rgb / 255.0
    laplacian = np.zeros((height * width, height * width))
    for row in range(1, height - 1):
        for column in range(1, width - 1):
            places = [(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
            window = np.array([colours[place] for place in places])
            mean = window.mean(axis=0)
            covariance = np.cov(window.T, bias=True) + epsilon / 9 * np.eye(3)
            affinity = (1 + (window - mean) @ np.linalg.inv(covariance) @ (window - mean).T) / 9
            numbers = [i * width + j for i, j in places]
            laplacian[np.ix_(numbers, numbers)] += np.eye(9) - affinity
    return laplacian


def mixtures_quadratic_form(rgb, unknown, count=10, alpha=None, certainty=None):
    """Every unknown pixel's distance from its mixture of those nearest, found by all distances."""
    height, width = unknown.shape
    rows, columns = np.indices(unknown.shape)
    padded = np.pad(rgb / 255.0, [(1, 1), (1, 1), (0, 0)], mode="reflect")
    surroundings = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1)).mean((-2, -1))
    place = np.stack([rows / height, columns / width], axis=-1)
    colours = np.concatenate([rgb / 255.0, 0.5 * surroundings], axis=-1).reshape(unknown.size, 6)
    likeness = np.concatenate([colours, 0.05 * place.reshape(unknown.size, 2)], axis=-1)
    form = np.zeros((unknown.size, unknown.size))
    for number in np.flatnonzero(unknown):
        distance = np.linalg.norm(likeness - likeness[number], axis=1)
        order = np.argsort(distance)
        assert order[0] == number
        assert distance[order[count + 1]] > distance[order[count]] + 1e-9, "no tie in this test"
        others = order[1 : count + 1]
        apart = colours[others] - colours[number]
        evenness = 1e-3 * np.sum(apart**2) + 1e-6
        mixture = np.linalg.solve(apart @ apart.T + evenness * np.eye(count), np.ones(count))
        mixture /= mixture.sum()
        strength = 1.0
        if certainty is not None:
            some, sure = alpha.ravel()[others], certainty.ravel()[others]
            mean = np.sum(sure * some) / np.sum(sure)
            strength = np.exp(-np.sum(sure * (some - mean) ** 2) / count / 0.05)
        residual = np.eye(unknown.size)[number] - mixture @ np.eye(unknown.size)[others]
        form += strength * np.outer(residual, residual)
    return form


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("says_scale", [False, True])
def test_the_matte_solves_the_equations(monkeypatch, grey, says_scale):
    monkeypatch.setattr(post_process, "TOLERANCE", 1e-9)
    monkeypatch.setattr(post_process, "STEPS", 5000)
    monkeypatch.setattr(colour_mixtures, "APPROXIMATION", 0.0)
    monkeypatch.setattr(colour_mixtures, "_ASKED_AT_ONCE", 7)
    monkeypatch.setattr(colour_mixtures, "_MIXED_AT_ONCE", 5)
    random = np.random.default_rng(2)
    height, width = 9, 12
    smooth = cv2.GaussianBlur(random.uniform(0, 255, (height, width, 3)), (0, 0), 1)
    rgb = np.round(smooth).astype(np.uint8)
    if grey:  # colours with a covariance of rank one
        rgb[...] = random.permutation(2 * height * width)[: height * width].reshape(
            height, width, 1
        )
    trimap = np.full((height, width), 128, np.uint8)
    trimap[:, :2], trimap[3:6, 9:] = 0, 255
    # Some as the colours say and nearly sure: of them haze is dropped.
    predicted = random.beta(0.4, 0.4, trimap.shape)
    if says_scale:
        predicted = np.where(random.uniform(size=trimap.shape) < 0.8, rgb[..., 0] / 255, predicted)
    predicted = np.where(trimap == 128, predicted, trimap / 255).astype(np.float32)

    unknown = trimap == 128
    scale = certainty = None
    if says_scale:
        # Of many pixels just above and below what counts as sure.
        some = random.choice([0.0135, 0.0165, 0.05, 0.3], trimap.shape)
        scale = np.where(unknown, some, 0.0).astype(np.float32)
        certainty = 0.06 / (scale + 0.06)
        unknown &= scale > 0.015
    laplacian = matting_laplacian(rgb, 1e-7)
    laplacian += 0.1 * mixtures_quadratic_form(rgb, unknown, alpha=predicted, certainty=certainty)
    unknown = unknown.ravel()
    expected = predicted.astype(np.float64).ravel()
    told = expected[unknown]
    trust = abs(2 * told - 1) ** 12
    weight, haze = 1e-4 + 1.5e-2 * trust, 0.06 * trust
    if says_scale:
        trust = certainty.ravel()[unknown] ** 4
        weight, haze = 1e-4 + 0.5 * trust, 0.08 * trust
    solution = np.linalg.solve(
        laplacian[np.ix_(unknown, unknown)] + np.diag(weight),
        weight * told - laplacian[np.ix_(unknown, ~unknown)] @ expected[~unknown],
    )
    for place, value, before, small in zip(
        np.flatnonzero(unknown), np.clip(solution, 0, 1), told, haze, strict=True
    ):
        size = abs(value - before)
        if size <= small:
            value = before
        elif size < 2 * small:  # in part
            value = before + (value - before) * 2 * (size - small) / size
        expected[place] = value
    # Small differences are there to be dropped, and were they taken it would show.
    assert np.abs(np.clip(solution, 0, 1) - expected[unknown]).max() > 0.01
    result = follow_colours(rgb, trimap, predicted, scale)
    np.testing.assert_allclose(result, expected.reshape(trimap.shape), rtol=0, atol=1e-4)
    assert np.abs(result - predicted).max() > 0.1


def test_the_steps_end_a_tenth_of_a_grey_level_from_the_solution(monkeypatch):
    rgb, trimap, alpha = two_colours()
    trimap[10:-10, 10:-10] = 128
    soft = np.where(trimap == 128, cv2.GaussianBlur(alpha, (0, 0), 2), trimap / np.float32(255))
    result = follow_colours(rgb, trimap, soft)
    monkeypatch.setattr(post_process, "TOLERANCE", 1e-9)
    monkeypatch.setattr(post_process, "STEPS", 5000)
    exact = follow_colours(rgb, trimap, soft)
    assert 0 < np.abs(result - exact).max() < 0.1 / 255


def striped(gap: int, width: int = 90):
    """A known part in two colours, then a third colour, then unknown stripes of the two."""
    rgb = np.empty((24, width + gap, 3), np.uint8)
    trimap = np.zeros(rgb.shape[:2], np.uint8)
    rgb[:12], rgb[12:] = (200, 60, 40), (40, 90, 180)
    trimap[:12] = 255
    rgb[:, 30 : 30 + gap] = (90, 200, 90)
    trimap[:, 30 : 30 + gap] = 0
    stripes = np.arange(width - 30) // 3 % 2 == 0
    rgb[:, 30 + gap :] = np.where(stripes[:, None], (200, 60, 40), (40, 90, 180))
    trimap[:, 30 + gap :] = 128
    rgb += np.random.default_rng(5).integers(0, 8, rgb.shape, np.uint8)
    return rgb, trimap, stripes


def test_a_small_difference_from_a_certain_prediction_is_dropped():
    alpha = np.linspace(0, 0.3, 301)
    for certain in (0.0, 1.0):
        predicted = np.full(301, certain)
        result = without_haze(np.abs(certain - alpha), predicted, 0.06)
        taken = np.abs(result - certain)
        np.testing.assert_array_equal(taken[alpha < 0.0595], 0)
        np.testing.assert_allclose(taken[alpha >= 0.12], alpha[alpha >= 0.12], atol=1e-12)
        assert (np.diff(taken) >= 0).all() and np.diff(taken).max() < 0.0021
    np.testing.assert_array_equal(without_haze(alpha, 0.7 * alpha, 0.0), alpha)


def test_pixels_of_which_the_network_is_sure_are_as_it_says_and_count_as_known():
    rgb, trimap, alpha = two_colours()
    unknown = trimap == 128
    predicted = np.where(unknown, np.float32(0.5), trimap / np.float32(255))
    scale = np.where(unknown, np.float32(1.0), np.float32(0.0))
    sure = unknown & (np.random.default_rng(1).uniform(size=trimap.shape) < 0.3)
    predicted[sure], scale[sure] = alpha[sure], post_process.SURE_SCALE / 2
    told = follow_colours(rgb, trimap, predicted, scale)
    np.testing.assert_array_equal(told[sure], predicted[sure])
    as_trimap = np.where(sure & (alpha == 1), 255, np.where(sure & (alpha == 0), 0, trimap))
    known = as_trimap.astype(np.uint8)
    softs = known == 128
    expected = follow_colours(rgb, known, predicted, scale)
    np.testing.assert_allclose(told[softs], expected[softs], atol=1e-6)
    everywhere = follow_colours(rgb, trimap, predicted, 0 * scale)
    np.testing.assert_array_equal(everywhere, predicted)


def test_colours_known_elsewhere_decide_beyond_a_gap():
    rgb, trimap, stripes = striped(gap=8)
    undecided = np.where(trimap == 128, np.float32(0.5), trimap / np.float32(255))
    result = follow_colours(rgb, trimap, undecided)[:, 38:]
    assert np.abs(result - stripes).max() < 0.2


@pytest.mark.parametrize("beyond", [False, True])
def test_known_pixels_are_neighbours_within_reach_only(beyond):
    """One unknown pixel, and foreground of just its colour, at the reach or beyond it."""
    width = colour_mixtures.REACH + 4 + beyond
    rgb = np.full((5, width, 3), (90, 200, 90), np.uint8)
    rgb[:, :4], rgb[2, -1] = (200, 60, 40), (200, 60, 40)
    unknown, alpha = np.zeros((5, width), bool), np.zeros((5, width), np.float32)
    unknown[2, -1], alpha[2, 3] = True, 0.75
    _, known_part = colour_mixtures.colour_mixtures(rgb, unknown, alpha, rgb.shape[:2])
    assert known_part == 0 if beyond else 0.7 < known_part < 0.75


def test_alpha_is_mixed_as_colours_are(monkeypatch):
    """Of five known pixels of each colour, where a mean of like pixels would be a half."""
    monkeypatch.setattr(colour_mixtures, "SURROUNDINGS", 0.0)
    rgb = np.empty((1, 11, 3), np.uint8)
    rgb[:, :5], rgb[:, 5], rgb[:, 6:] = (200, 60, 40), (80, 84, 136), (40, 92, 168)
    unknown, alpha = np.zeros((1, 11), bool), np.zeros((1, 11), np.float32)
    unknown[0, 5], alpha[0, :5] = True, 1
    residuals, mixed = colour_mixtures.colour_mixtures(rgb, unknown, alpha, (1, 11))
    assert residuals.toarray() == 1
    assert mixed == pytest.approx(0.25, abs=0.01)  # (80 - 40) / (200 - 40)


def test_neighbours_of_nearly_one_colour_are_mixed_evenly():
    """By the absolute part of the evenness: without it noise would decide."""
    random = np.random.default_rng(8)
    colours = 0.4 + random.integers(0, 2, (40, 6)) / 255.0
    asked = np.arange(5)
    neighbours = random.permuted(np.tile(np.arange(5, 40), (5, 1)), axis=1)[:, :10]
    found = colour_mixtures._mixtures(colours, asked, neighbours.astype(np.int32))
    for number, others, mixture in zip(asked, neighbours, found, strict=True):
        apart = colours[others] - colours[number]
        evenness = 1e-3 * np.sum(apart**2) + 1e-6
        expected = np.linalg.solve(apart @ apart.T + evenness * np.eye(10), np.ones(10))
        np.testing.assert_allclose(mixture, expected / expected.sum(), atol=1e-5)


def test_places_are_measured_by_the_photo_and_no_more_than_its_longest_side():
    random = np.random.default_rng(6)
    rgb = random.integers(90, 110, (30, 30, 3), np.uint8)
    unknown, alpha = random.uniform(size=(30, 30)) < 0.8, np.ones((30, 30), np.float32)

    def residuals(*photo_size):
        return colour_mixtures.colour_mixtures(rgb, unknown, alpha, photo_size)[0].toarray()

    longest = colour_mixtures.LONGEST_SIDE
    np.testing.assert_array_equal(residuals(5000, 3 * longest), residuals(longest, longest))
    assert (residuals(30, longest) != residuals(longest, 30)).any()


def test_a_soft_prediction_becomes_as_sharp_as_the_photo():
    rgb, trimap, alpha = two_colours()
    soft = cv2.GaussianBlur(alpha, (0, 0), 2)
    soft = np.where(trimap == 128, soft, trimap / np.float32(255))
    result = follow_colours(rgb, trimap, soft)
    assert np.abs(result - alpha).mean() < np.abs(soft - alpha).mean() / 5
    np.testing.assert_array_equal(result[trimap != 128], soft[trimap != 128])
    assert result.dtype == np.float32
    assert result.min() >= 0
    assert result.max() <= 1


def test_where_the_colours_say_nothing_the_prediction_stands():
    rgb = np.full((40, 50, 3), 120, np.uint8)
    trimap = np.full((40, 50), 128, np.uint8)
    predicted = np.full((40, 50), 0.3, np.float32)
    np.testing.assert_allclose(follow_colours(rgb, trimap, predicted), 0.3, atol=1e-3)


def test_tiles_give_nearly_the_same_matte(monkeypatch):
    rgb, trimap, alpha = two_colours(90, 190)
    trimap[25:65, 10:180] = 128
    soft = cv2.GaussianBlur(alpha, (0, 0), 3)
    soft = np.where(trimap == 128, soft, trimap / np.float32(255))
    monkeypatch.setattr(post_process, "TOLERANCE", 1e-8)
    monkeypatch.setattr(post_process, "STEPS", 2000)
    at_once = follow_colours(rgb, trimap, soft)
    monkeypatch.setattr(post_process, "OPEN_PIXELS_AT_ONCE", 1)
    monkeypatch.setattr(post_process, "TILE_SIDE", 64)
    monkeypatch.setattr(post_process, "TILE_MARGIN", 32)
    mixtures, sizes = colour_mixtures.colour_mixtures, []
    monkeypatch.setattr(
        post_process,
        "colour_mixtures",
        lambda *arguments: sizes.append(arguments[3]) or mixtures(*arguments),
    )
    in_tiles = follow_colours(rgb, trimap, soft)
    assert len(sizes) > 1
    assert set(sizes) == {trimap.shape}  # places are measured by the photo, not by the tile
    assert (at_once != in_tiles).any()
    np.testing.assert_allclose(in_tiles, at_once, rtol=0, atol=1 / 255)


def test_tiles_that_do_not_agree_show_no_seam(monkeypatch):
    """As in dense hair, where each has like colours of its own: solutions are made to differ."""
    height, width = 260, 300
    trimap = np.full((height, width), 128, np.uint8)
    trimap[:8], trimap[100:140, 100:150] = 0, 255
    predicted = np.where(trimap == 128, np.float32(0.5), trimap / np.float32(255))
    for name, value in (("TILE_SIDE", 128), ("TILE_MARGIN", 32), ("TILE_BLEND", 24)):
        monkeypatch.setattr(post_process, name, value)
    monkeypatch.setattr(post_process, "OPEN_PIXELS_AT_ONCE", 1)
    levels = []

    def solve(rgb, open_pixels, *others):
        levels.append(0.2 + 0.1 * (len(levels) % 5))
        return np.full(np.count_nonzero(open_pixels), levels[-1], np.float32)

    monkeypatch.setattr(post_process, "_solve", solve)
    rgb = np.zeros((height, width, 3), np.uint8)
    result = follow_colours(rgb, trimap, predicted)
    assert len(levels) == 9
    np.testing.assert_array_equal(result[trimap != 128], predicted[trimap != 128])
    for axis in (0, 1):
        both = np.minimum(trimap == 128, np.roll(trimap == 128, -1, axis))[:-1, :-1]
        steps = np.abs(np.roll(result, -1, axis) - result)[:-1, :-1]
        # Levels differ by 0.4 at most, over 48 pixels.
        assert steps[both].max() < 0.4 / 48 + 1e-6
    # In the middle of a tile it is that tile's.
    assert result[60, 70] == pytest.approx(levels[0], abs=1e-6)


@pytest.mark.parametrize("height, width", [(1, 1), (1, 9), (2, 2), (3, 3), (2, 40)])
def test_small_photos(height, width):
    random = np.random.default_rng(3)
    rgb = random.integers(0, 256, (height, width, 3), np.uint8)
    predicted = random.uniform(0, 1, (height, width)).astype(np.float32)
    unknown = follow_colours(rgb, np.full((height, width), 128, np.uint8), predicted)
    assert np.isfinite(unknown).all()
    assert unknown.min() >= 0
    assert unknown.max() <= 1
    if predicted.size == 1:
        np.testing.assert_array_equal(unknown, predicted)
    else:
        everywhere = np.ones((height, width), bool)
        residuals, known_part = colour_mixtures.colour_mixtures(
            rgb, everywhere, predicted, (height, width)
        )
        shares = residuals.toarray()
        np.testing.assert_allclose(shares.sum(axis=1), 0, atol=1e-5)
        np.testing.assert_array_equal(np.diag(shares), 1)
        others = np.count_nonzero(shares, axis=1) - 1
        np.testing.assert_array_equal(others, min(10, predicted.size - 1))
        np.testing.assert_array_equal(known_part, 0)
    known = np.zeros((height, width), np.uint8)
    np.testing.assert_array_equal(follow_colours(rgb, known, predicted), predicted)
