"""Cut-outs as layers: shrunk, laid over each other, and colours where nothing is seen.

A layer is premultiplied: [h, w, 4] float32, red, green and blue from 0 to 255 times the opacity,
and the opacity from 0 to 1. What transparent pixels hide, often black, then has no part in an
average, so that no dark rim comes of it.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from dim_tf.pictures.levels import to_levels

# Opacities this near to 0 and 255 are noise, of matting tools and lossy files, and mean these.
OPACITY_NOISE = 4

# Below this opacity, of 255, a pixel's own colour counts in part: a file of 8 bits hardly holds it,
# and JPEG mixes it with the black beside it.
_COLOUR_IS_SURE = 32

# Shares of what is seen nearby from which on it decides on a colour, rather than what is farther.
_SEEN_ENOUGH = 1 / 8


def without_noise(alpha: np.ndarray) -> np.ndarray:
    """A matte whose nearly 0 and nearly 255 are just that, and the rest stretched between them.

    Args:
        alpha: [H, W] uint8.

    Returns:
        [H, W] uint8; opacities up to 4 are 0, from 251 on 255.
    """
    levels = np.arange(256) - OPACITY_NOISE
    table = np.clip(levels * 255.0 / (255 - 2 * OPACITY_NOISE), 0, 255)
    return np.round(table).astype(np.uint8)[alpha]


def trimmed(alpha: np.ndarray, colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A cut-out without the transparent surroundings of what is seen; some pixel must be.

    Args:
        alpha: [H, W] uint8.
        colours: [H, W, 3] uint8 RGB.

    Returns:
        Views of both.
    """
    rows, columns = (np.flatnonzero(alpha.any(axis=axis)) for axis in (1, 0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return alpha[part], colours[part]


def layer_of(alpha: np.ndarray, colours: np.ndarray, scale: float) -> np.ndarray:
    """A cut-out as a layer, shrunk by area averages.

    Args:
        alpha: [H, W] uint8.
        colours: [H, W, 3] uint8 RGB.
        scale: above 0, at most 1.

    Returns:
        [h, w, 4] float32, sides rounded, at least 1 pixel.
    """
    opacity = alpha[..., np.newaxis].astype(np.float32) / 255
    layer = np.concatenate([colours * opacity, opacity], axis=2)
    height, width = (max(1, round(side * scale)) for side in alpha.shape)
    if (height, width) == alpha.shape:
        return layer
    return cv2.resize(layer, (width, height), interpolation=cv2.INTER_AREA)


def lay_over(canvas: np.ndarray, layer: np.ndarray, top: int, left: int) -> None:
    """Lays a layer over a part of another, which is changed (Porter and Duff's *over*).

    The opacities a of the canvas and b of the layer become 1 − (1 − a)(1 − b).

    Args:
        canvas: [H, W, 4] float32.
        layer: [h, w, 4] float32, inside the canvas.
        top: row of the canvas where it begins.
        left: column.
    """
    under = canvas[top : top + layer.shape[0], left : left + layer.shape[1]]
    under *= 1 - layer[..., 3:]
    under += layer


def cut_out_of(layer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A layer as a matte and its colours, which are there where nothing is seen as well.

    Args:
        layer: [H, W, 4] float32, not transparent everywhere.

    Returns:
        ([H, W] uint8, [H, W, 3] uint8 RGB).
    """
    opacity = layer[..., 3]
    alpha = to_levels(opacity)
    colours = layer[..., :3] / np.maximum(opacity, 1e-6)[..., np.newaxis]
    sure = np.minimum(alpha / np.float32(_COLOUR_IS_SURE), 1)[..., np.newaxis]
    colours = sure * colours + (1 - sure) * spread_colours(colours, opacity)
    return alpha, np.clip(np.round(colours), 0, 255).astype(np.uint8)


def spread_colours(colours: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Colours that continue those which are seen into where nothing is.

    An average of what is seen nearby, by the square of its opacity; the less of it there is, the
    farther it reaches.

    Args:
        colours: [H, W, 3] float32.
        opacity: [H, W] float32 from 0 to 1, somewhere more than 0.

    Returns:
        [H, W, 3] float32, within what is seen.
    """
    weight = opacity**2
    levels = [(colours * weight[..., np.newaxis], weight)]
    while max(levels[-1][1].shape) > 1:
        levels.append(tuple(cv2.pyrDown(part) for part in levels[-1]))
    result = None
    for weighted, weight in reversed(levels):
        near = weighted / np.maximum(weight, 1e-20)[..., np.newaxis]
        if result is None:
            result = near
            continue
        far = cv2.pyrUp(result, dstsize=weight.shape[::-1])
        share = np.clip(weight / _SEEN_ENOUGH, 0, 1)[..., np.newaxis]
        result = share * near + (1 - share) * far
    return result


def arranged(
    cut_outs: Sequence[tuple[np.ndarray, np.ndarray]],
    scales: Sequence[float],
    side: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut-outs on a square, each over those before it, whole and never enlarged.

    The first lies anywhere; of each other one some pixel that is seen lies on one of the first, as
    far as the square lets it.

    Args:
        cut_outs: of each ([H, W] uint8, [H, W, 3] uint8 RGB), trimmed, not transparent everywhere.
        scales: of each, above 0, at most 1; 1 is its own size, or as large as fits.
        side: of the square, pixels.
        rng: for the places.

    Returns:
        ([side, side] uint8, [side, side, 3] uint8 RGB).
    """
    canvas = np.zeros((side, side, 4), np.float32)
    first = None
    for (alpha, colours), scale in zip(cut_outs, scales, strict=True):
        layer = layer_of(alpha, colours, scale * min(1, side / max(alpha.shape)))
        room = np.array([side, side]) - layer.shape[:2]
        if first is None:
            place = rng.integers(room + 1)
            first = place + _seen_pixel(layer, rng)
        else:
            place = np.clip(first - _seen_pixel(layer, rng), 0, room)
        lay_over(canvas, layer, *place)
    return cut_out_of(canvas)


def _seen_pixel(layer: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Row and column of a pixel that is not transparent."""
    seen = np.argwhere(layer[..., 3] > 0)
    return seen[rng.integers(len(seen))]
