import numpy as np
import pytest

torch = pytest.importorskip("torch")

from dim_tf.synthetic import render_matte
from dim_tf.trimaps.from_matte import trimap_from_alpha
from recipes.accelerated.draws import Draws
from recipes.accelerated.trimaps import (
    LARGEST_WINDOW,
    SMALLEST_WINDOW,
    _draw_window,
    draw_trimaps,
    trimaps_with_windows,
)

CPU = torch.device("cpu")
MATTES = np.stack(
    [render_matte(kind, 3, 96) for kind in ("hair", "smoke", "hard", "lattice")]
    + [np.full((96, 96), value, np.uint8) for value in (0, 255)]
)


def as_batch(mattes):
    return torch.from_numpy(mattes.astype(np.float32))[:, None] / 255


@pytest.mark.parametrize(("dilation", "erosion"), [(3, 3), (61, 5), (5, 61), (15, 31)])
def test_trimaps_equal_those_of_dim_tf(dilation, erosion):
    trimaps = trimaps_with_windows(as_batch(MATTES), dilation, erosion)
    for trimap, matte in zip(trimaps, MATTES, strict=True):
        expected = trimap_from_alpha(matte, dilation, erosion_kernel=erosion)
        np.testing.assert_array_equal(trimap[0], expected)


def test_known_pixels_are_what_the_trimap_says():
    alpha = as_batch(np.tile(MATTES, (20, 1, 1)))
    trimaps = draw_trimaps(alpha, Draws(1, CPU))
    assert set(trimaps.unique().tolist()) == {0.0, 128.0, 255.0}
    assert not alpha[trimaps == 0].any()
    assert (alpha[trimaps == 255] == 1).all()


def test_patches_are_unknown_where_nothing_is_near():
    empty = torch.zeros((200, 1, 64, 64))
    unknown = (draw_trimaps(empty, Draws(1, CPU)) == 128).float().mean((1, 2, 3))
    has_patches = unknown > 0
    assert 0.2 < has_patches.float().mean() < 0.4
    assert unknown[has_patches].min() < 0.15
    assert unknown[has_patches].max() > 0.5


def test_windows_are_odd_and_reach_both_ends():
    draws = Draws(1, CPU)
    windows = [_draw_window(even, draws) for even in (True, False) for _ in range(500)]
    assert {window % 2 for window in windows} == {1}
    assert min(windows) == SMALLEST_WINDOW
    assert LARGEST_WINDOW - 4 <= max(windows) <= LARGEST_WINDOW
