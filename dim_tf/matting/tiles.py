"""Which parts of a photo the network looks at: one, or overlapping tiles of a large photo.

A pixel of the matte depends on the photo within the network's `receptive_radius` and on nothing
else. So a tile that shows the network that much around what it decides gives the matte of one pass
over the whole photo: no blending, no seam. Tiles begin at multiples of 32, where the five poolings
of one pass begin a block too. All this holds where batch norm uses its moving averages; statistics
of the image at hand would differ from tile to tile.
"""

from typing import NamedTuple

import numpy as np

from dim_tf.config import SIZE_MULTIPLE


class Tile(NamedTuple):
    """A part of a photo.

    Attributes:
        core: (rows, columns) for which the tile gives the matte.
        seen: (rows, columns) that the network sees for it; it begins at multiples of 32 and holds
            the core.
    """

    core: tuple[slice, slice]
    seen: tuple[slice, slice]

    @property
    def inside(self) -> tuple[slice, slice]:
        """(rows, columns) of the core within what the network sees."""
        rows, columns = (
            slice(part.start - whole.start, part.stop - whole.start)
            for part, whole in zip(self.core, self.seen, strict=True)
        )
        return rows, columns


def plan_tiles(unknown: np.ndarray, core_side: int | None, radius: int) -> list[Tile]:
    """Covers the unknown pixels with tiles; a tile without any is left out.

    Args:
        unknown: [H, W] bool.
        core_side: of a tile's core at most, pixels, a multiple of 32; None makes a single tile.
        radius: how far a pixel of the photo has a part in alpha, pixels; `receptive_radius`.

    Returns:
        Tiles whose cores do not overlap.
    """
    margin = -(-radius // SIZE_MULTIPLE) * SIZE_MULTIPLE
    tiles = []
    for rows in _cores(unknown.any(axis=1), core_side):
        for columns in _cores(unknown[rows].any(axis=0), core_side):
            if unknown[rows, columns].any():
                seen = tuple(
                    slice(max(part.start - margin, 0), min(part.stop + margin, length))
                    for part, length in zip((rows, columns), unknown.shape, strict=True)
                )
                tiles.append(Tile((rows, columns), seen))
    return tiles


def _cores(occupied: np.ndarray, core_side: int | None) -> list[slice]:
    """Cuts the span of what is occupied into parts of about equal length along one side."""
    places = np.flatnonzero(occupied)
    if not places.size:
        return []
    start = int(places[0]) // SIZE_MULTIPLE * SIZE_MULTIPLE
    length = int(places[-1]) + 1 - start
    count = 1 if core_side is None else -(-length // core_side)
    step = -(-length // count // SIZE_MULTIPLE) * SIZE_MULTIPLE
    return [slice(at, min(at + step, len(occupied))) for at in range(start, start + length, step)]
