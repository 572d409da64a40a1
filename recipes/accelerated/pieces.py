"""What goes into a pack of a cut-out: squares, and colours where nothing is seen."""

import zlib

import numpy as np

from dim_tf.config import FOREGROUND_LONG_SIDE
from dim_tf.dataset.layers import cut_out_of, layer_of
from recipes.accelerated.edges import edge_pixels

# A cut-out larger than this many times the square gives pieces at full size as well.
_LARGE = 1.25
_FULL_SIZE_PIECES = 2


def pieces_of(
    alpha: np.ndarray, colours: np.ndarray, seed_text: str
) -> list[tuple[np.ndarray, np.ndarray]]:
    """A cut-out in pieces of at most 640 pixels, none with a dark rim.

    Args:
        alpha: [H, W] uint8, not 0 everywhere.
        colours: [H, W, 3] uint8 RGB.
        seed_text: what the places of pieces depend on.

    Returns:
        Of each piece ([h, w] uint8, [h, w, 3] uint8 RGB): the whole, made smaller where it is
        larger; of a large one, two parts at full size as well.
    """
    side = FOREGROUND_LONG_SIDE
    longest = max(alpha.shape)
    pieces = [cut_out_of(layer_of(alpha, colours, min(1.0, side / longest)))]
    if longest > _LARGE * side:
        alpha, colours = cut_out_of(layer_of(alpha, colours, 1.0))
        height, width = alpha.shape
        seed = zlib.crc32(seed_text.encode())
        for row, column in edge_pixels(alpha, seed, _FULL_SIZE_PIECES).tolist():
            top = min(max(row - side // 2, 0), max(height - side, 0))
            left = min(max(column - side // 2, 0), max(width - side, 0))
            part = slice(top, top + side), slice(left, left + side)
            pieces.append((alpha[part], colours[part]))
    return pieces
