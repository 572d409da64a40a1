import numpy as np
import pytest

from dim_tf.matting import foreground
from dim_tf.matting.foreground import estimate_foreground


def sides_of(length):
    """Of the photo and of ever smaller copies."""
    sides = [length]
    while sides[-1] > 1:
        sides.append((sides[-1] + 1) // 2)
    return sides


def pixel_by_pixel(rgb, alpha):
    """The paper's algorithm, a linear system for every pixel and channel."""
    photo, opacity = rgb / np.iinfo(rgb.dtype).max, alpha.astype(float)
    colours = np.stack([photo.mean(axis=(0, 1))] * 2)[:, None, None]
    rows, columns = (sides_of(length) for length in alpha.shape)
    count = max(len(rows), len(columns))
    rows, columns = (sides + [1] * (count - len(sides)) for sides in (rows, columns))
    for height, width in zip(rows[::-1], columns[::-1], strict=True):

        def at(row, column, of, height=height, width=width):
            return of[int((row + 0.5) * len(of) / height), int((column + 0.5) * len(of[0]) / width)]

        places = list(np.ndindex(height, width))
        start = np.array([[at(*place, of=colour) for place in places] for colour in colours])
        colours = start.reshape(2, height, width, 3)
        for _ in range(10 if max(height, width) <= 32 else foreground.ROUNDS_LARGE):
            before = colours.copy()
            for row, column in places:
                a = at(row, column, opacity)
                matrix = np.outer([a, 1 - a], [a, 1 - a])
                right = np.outer([a, 1 - a], at(row, column, photo))
                for r, c in (
                    (row - 1, column),
                    (row + 1, column),
                    (row, column - 1),
                    (row, column + 1),
                ):
                    r, c = min(max(r, 0), height - 1), min(max(c, 0), width - 1)
                    weight = 1e-5 + abs(a - at(r, c, opacity))
                    matrix += weight * np.eye(2)
                    right += weight * before[:, r, c]
                colours[:, row, column] = np.clip(np.linalg.solve(matrix, right), 0, 1)
    return colours[0]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (9, 2), (13, 34)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_round_solves_the_papers_equations(height, width, dtype):
    random = np.random.default_rng(1)
    rgb = random.integers(0, np.iinfo(dtype).max + 1, (height, width, 3)).astype(dtype)
    alpha = np.clip(random.normal(0.5, 0.5, (height, width)), 0, 1).astype(np.float32)
    colours = estimate_foreground(rgb, alpha)
    assert colours.dtype == np.float32
    np.testing.assert_allclose(colours, pixel_by_pixel(rgb, alpha), atol=2e-3)


def test_strips_are_as_in_the_whole(monkeypatch):
    random = np.random.default_rng(2)
    rgb = random.integers(0, 256, (70, 50, 3)).astype(np.uint8)
    alpha = random.uniform(size=(70, 50)).astype(np.float32)
    in_strips = estimate_foreground(rgb, alpha)
    monkeypatch.setattr(foreground, "_ROWS_AT_ONCE", 100)
    np.testing.assert_allclose(in_strips, estimate_foreground(rgb, alpha), atol=1e-6)


def test_one_colour_on_another_is_told_apart():
    """With few rounds at full size, so only because smaller copies went before."""
    alpha = np.tile(np.linspace(0, 1, 128, dtype=np.float32), (64, 1))
    object_colour, behind = np.array([200, 40, 90]), np.array([20, 120, 60])
    rgb = np.round(alpha[..., None] * object_colour + (1 - alpha[..., None]) * behind)
    colours = 255 * estimate_foreground(rgb.astype(np.uint8), alpha)
    error = np.abs(colours - object_colour).mean(axis=-1)
    assert (alpha * error).mean() < 6


@pytest.mark.parametrize(
    ("opacity", "radius", "at_edges", "beside_it"), [(1.0, 1.2, 3, 8), (0.8, 2.5, 1.5, 6)]
)
def test_something_thin_has_its_own_colours_and_not_the_photos(
    opacity, radius, at_edges, beside_it
):
    """It is in no small copy of the photo, whose colours are nearly all the background's."""
    rows, columns = np.mgrid[:300, :400]
    away = np.abs(columns - 150 - 0.3 * rows)
    alpha = np.float32(opacity * np.clip(radius - away, 0, 1))
    foreground, background = np.array([200, 40, 30]), np.array([60, 140, 220])
    rgb = np.uint8(np.round(alpha[..., None] * foreground + (1 - alpha[..., None]) * background))
    colours = 255 * estimate_foreground(rgb, alpha)
    soft = (alpha > 0) & (alpha < 1)
    assert np.abs(alpha[soft, None] * (colours[soft] - foreground)).mean() < at_edges
    beside = (alpha == 0) & (away < radius + 1.5)
    assert np.abs(colours[beside] - foreground).mean() < beside_it
