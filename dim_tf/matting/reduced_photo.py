"""The network sees a large photo once more, reduced: what is large in it, it sees whole there.

At the photo's own size a pixel's alpha is decided by what lies within some hundred pixels of it,
and by the sizes of things that training showed. Deep inside a wide unknown region of a large photo
nothing known is near, and a network guesses. In the reduced photo the same region is narrow, but
strands and holes are gone. A network with certainty says for both how large an error it expects, so
where the photo's own size leaves it in doubt, the matte of the reduced photo moves its own as far
as it is surer: means of two estimates, weighted by the inverses of their expected squared errors.
"""

import math

import cv2
import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN

# From this side of the box around the unknown pixels on, pixels: reduced less, it shows little new.
SMALLEST_BOX = 512
# The box is reduced to about this side, but no more than this. Chosen as docs/post_processing.md
# tells.
REDUCED_SIDE = 208
SMALLEST_FACTOR = 0.125


def reduction(trimap: np.ndarray) -> float | None:
    """By how much a photo is reduced for a second pass.

    Args:
        trimap: [H, W] uint8 in {0, 128, 255}.

    Returns:
        The factor of its sides, or None where one pass is enough.
    """
    unknown = trimap == UNKNOWN
    places = (np.flatnonzero(unknown.any(axis=axis)) for axis in (0, 1))
    sides = [int(place[-1]) + 1 - int(place[0]) if place.size else 0 for place in places]
    side = math.sqrt(math.prod(sides))
    return None if side < SMALLEST_BOX else max(REDUCED_SIDE / side, SMALLEST_FACTOR)


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
    alpha: np.ndarray, scale: np.ndarray, reduced_alpha: np.ndarray, reduced_scale: np.ndarray
) -> np.ndarray:
    """The matte of a photo, corrected by that of the reduced photo where that is surer.

    The reduced photo is right about means at best. So what it says is the difference between its
    matte and the means of the photo's, and what it does not see, how far alpha varies within a
    pixel of it, is added to the error that it expects: a mesh that it takes for cloth is left.

    Args:
        alpha: [H, W] float32 in [0, 1]; known pixels are those of the trimap.
        scale: [H, W] float32, b of it, its expected error; 0 where it is known.
        reduced_alpha: [h, w] float32, the same of the reduced photo.
        reduced_scale: [h, w] float32, likewise.

    Returns:
        [H, W] float32 in [0, 1]; known pixels as they were.
    """
    size = alpha.shape[::-1]
    means = _mean_of_cells(alpha, reduced_alpha.shape)
    variance = _mean_of_cells(np.square(alpha), reduced_alpha.shape) - np.square(means)
    doubt = reduced_scale + np.sqrt(np.maximum(variance, 0))
    unsure = scale > 0
    difference = cv2.resize(reduced_alpha - means, size, interpolation=cv2.INTER_LINEAR)[unsure]
    reduced_error = np.square(cv2.resize(doubt, size, interpolation=cv2.INTER_LINEAR)[unsure])
    own_error = np.square(scale[unsure])
    share = own_error / (own_error + reduced_error)
    corrected = alpha.copy()
    corrected[unsure] = np.clip(alpha[unsure] + share * difference, 0.0, 1.0)
    return corrected


def _mean_of_cells(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_AREA)
