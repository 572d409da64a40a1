"""Pixels on the edge of a matte: what an example must show a piece of."""

import cv2
import numpy as np

EDGE_PIXELS = 256

# Alpha between these is neither foreground nor background for sure.
_LOWEST_BETWEEN, _HIGHEST_BETWEEN = 9, 246
# With fewer pixels in between, those along the outline are taken.
_FEWEST_BETWEEN = 16
_OUTLINE_STEP = 20  # grey levels


def edge_pixels(alpha: np.ndarray, seed: int, count: int = EDGE_PIXELS) -> np.ndarray:
    """Draws pixels of a matte that are in between, or on its outline where those are few.

    Args:
        alpha: [H, W] uint8.
        seed: of the draw.
        count: how many; some may be drawn more than once.

    Returns:
        [count, 2] int16, rows and columns; the middle where there is no edge at all.
    """
    rows, columns = np.nonzero((alpha >= _LOWEST_BETWEEN) & (alpha <= _HIGHEST_BETWEEN))
    if len(rows) < _FEWEST_BETWEEN:
        steps = cv2.morphologyEx(alpha, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        rows, columns = np.nonzero(steps > _OUTLINE_STEP)
    if not len(rows):
        return np.full((count, 2), np.array(alpha.shape) // 2, np.int16)
    drawn = np.random.default_rng(seed).integers(len(rows), size=count)
    return np.stack([rows[drawn], columns[drawn]], axis=1).astype(np.int16)
