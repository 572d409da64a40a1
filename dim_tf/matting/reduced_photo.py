"""The network sees a large photo once more, reduced: what is large in it, it sees whole there.

At the photo's own size a pixel's alpha is decided by what lies within some hundred pixels of it,
and by the sizes of things that training showed. Deep inside a wide unknown region of a large photo
nothing known is near, and a network guesses. In the reduced photo the same region is narrow, but
strands and holes are gone. A network with certainty says for both how large an error it expects. So
where it is not sure at the photo's own size, the matte is a mean of both, each weighted by the
inverse of its expected squared error.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from dim_tf.matting.post_process import SURE_SCALE

# A box around the unknown pixels of this side, pixels, is not seen again: reduced less, a photo
# shows little new. Up to the second side the reduced photo counts more and more, so that neither a
# stroke of a brush nor the next frame of a film makes a step.
SMALLEST_BOX, FULL_BOX = 384, 512
# The box is reduced to about this side, but no more than this. Chosen as docs/post_processing.md
# tells.
REDUCED_SIDE = 192
SMALLEST_FACTOR = 0.125
# Of the unknown pixels so many may lie outside the box at each of its four sides: a stray spot far
# away does not make it large.
OUTSIDE = 0.001


class Reduction(NamedTuple):
    """How a photo is seen a second time.

    Attributes:
        factor: of its sides, below 1.
        weight: how much the reduced photo counts, from 0 to 1.
    """

    factor: float
    weight: float


def reduction_for(trimap: np.ndarray) -> Reduction | None:
    """How a photo is seen a second time.

    Args:
        trimap: [H, W] uint8 in {0, 128, 255}.

    Returns:
        None where one pass is enough.
    """
    unknown = trimap == UNKNOWN
    side = math.sqrt(math.prod(_extent(np.count_nonzero(unknown, axis=axis)) for axis in (0, 1)))
    if side <= SMALLEST_BOX:
        return None
    weight = min((side - SMALLEST_BOX) / (FULL_BOX - SMALLEST_BOX), 1.0)
    return Reduction(max(REDUCED_SIDE / side, SMALLEST_FACTOR), weight)


def _extent(counts: np.ndarray) -> int:
    """How many rows or columns hold the unknown pixels, but for `OUTSIDE` at both ends."""
    until = np.cumsum(counts)
    first, last = np.searchsorted(until, (OUTSIDE * until[-1], (1 - OUTSIDE) * until[-1]))
    return int(last - first) + 1


def reduced(rgb: np.ndarray, trimap: np.ndarray, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Photo and trimap for the second pass.

    Args:
        rgb: [H, W, 3] uint8.
        trimap: [H, W] uint8 in {0, 128, 255}.
        factor: of the sides, below 1.

    Returns:
        Both smaller. A pixel is known where all that it stands for is, and as the same.
    """
    height, width = (max(1, round(side * factor)) for side in trimap.shape)
    small = np.full((height, width), UNKNOWN, np.uint8)
    for level in (BACKGROUND, FOREGROUND):
        share = _mean_of_cells(np.where(trimap == level, np.uint8(255), np.uint8(0)), small.shape)
        small[share == 255] = level
    return _mean_of_cells(rgb, small.shape), small


def joined(
    alpha: np.ndarray,
    scale: np.ndarray,
    reduced_alpha: np.ndarray,
    reduced_scale: np.ndarray,
    weight: float = 1.0,
) -> np.ndarray:
    """The matte of a photo, corrected by that of the reduced photo where that is surer.

    A pixel of the reduced photo stands for many, and its alpha at best for their mean. So the
    correction is the difference between it and their mean, and spread evenly. How far alpha varies
    among them the reduced photo cannot show; that is added to the error that it expects, so that a
    mesh that it takes for cloth stays a mesh.

    Args:
        alpha: [H, W] float32 in [0, 1]; known pixels are those of the trimap.
        scale: [H, W] float32, b of it, its expected error; 0 where it is known.
        reduced_alpha: [h, w] float32, the same of the reduced photo.
        reduced_scale: [h, w] float32, likewise.
        weight: how much of the correction counts, from 0 to 1.

    Returns:
        [H, W] float32 in [0, 1]; pixels that are known, or that the network is sure of, as they
        were.
    """
    size = alpha.shape[::-1]
    means = _mean_of_cells(alpha, reduced_alpha.shape)
    variance = _mean_of_cells(np.square(alpha), reduced_alpha.shape) - np.square(means)
    doubt = reduced_scale + np.sqrt(np.maximum(variance, 0))
    unsure = scale >= SURE_SCALE
    difference = cv2.resize(reduced_alpha - means, size, interpolation=cv2.INTER_LINEAR)[unsure]
    reduced_error = np.square(cv2.resize(doubt, size, interpolation=cv2.INTER_LINEAR)[unsure])
    own_error = np.square(scale[unsure])
    share = weight * own_error / (own_error + reduced_error)
    corrected = alpha.copy()
    corrected[unsure] = np.clip(alpha[unsure] + share * difference, 0.0, 1.0)
    return corrected


def _mean_of_cells(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_AREA)
