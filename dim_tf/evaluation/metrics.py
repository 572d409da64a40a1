"""Errors of a matte, as the authors of Deep Image Matting measure them (their MATLAB code).

All take 8-bit mattes of one image and look at the unknown region of its trimap, or without a trimap
at the whole image. What is published is the mean of the values per image. A matte in [0, 1] is
rounded to 8 bits first (`to_8_bit`).

SAD, MSE and Connectivity are computed in integers, so that neither the order of sums nor the
rounding of a threshold can change them.
"""

import functools
import math
from typing import Literal

import cv2
import numpy as np

from dim_tf.config import UNKNOWN
from dim_tf.pictures.arrays import matte_array, trimap_array
from dim_tf.pictures.levels import levels_of_matte
from dim_tf.system.errors import InputError

# What a report holds, in its order. "Conn_continue" is the other reading of Connectivity.
METRIC_NAMES = ("SAD", "MSE", "Grad", "Conn", "Conn_continue")

GRADIENT_SIGMA = 1.4
# The kernel ends where the Gaussian has fallen to this.
_GRADIENT_CUTOFF = 0.01

_CONNECTIVITY_STEPS = 10
# p / 255 - i / 10 is a whole number of 1 / 2550.
_CONNECTIVITY_UNITS = 2550
# Differences to the level of connection below this do not count: 0.15.
_CONNECTIVITY_TOLERANCE = 0.15 * _CONNECTIVITY_UNITS


def to_8_bit(alpha: np.ndarray) -> np.ndarray:
    """Rounds a matte to the 256 grey levels that the metrics take.

    Args:
        alpha: float32 in [0, 1].

    Returns:
        The same shape, uint8, as an 8-bit file of the matte holds it.
    """
    return levels_of_matte(alpha)


def matting_errors(
    predicted: np.ndarray, alpha: np.ndarray, trimap: np.ndarray | None
) -> dict[str, float]:
    """All errors of a matte, by the names of `METRIC_NAMES`.

    Args:
        predicted: [H, W] uint8, or what `matte_array` takes.
        alpha: ground truth, likewise.
        trimap: see `trimap_array`; unknown where it is 128. None: the whole image counts.

    Returns:
        See `sad`, `mse`, `gradient` and `connectivity`, the last in both readings.

    Raises:
        InputError: an array of another shape, dtype or range; or a trimap of other values or
            without an unknown pixel.
        ValueError: the sizes differ.
    """
    predicted = matte_array(predicted, "predicted matte", rough=False, labels=True)
    alpha = matte_array(alpha, "true matte", rough=False)
    trimap = None if trimap is None else trimap_array(trimap)
    if trimap is not None and not (trimap == UNKNOWN).any():
        raise InputError(
            "The trimap has no unknown pixel (128), so nothing is measured; give None to measure "
            "the whole image."
        )
    return all_errors(predicted, alpha, trimap)


def all_errors(
    predicted: np.ndarray, alpha: np.ndarray, trimap: np.ndarray | None
) -> dict[str, float]:
    """`matting_errors` of what was read or predicted here, all uint8, whatever it shows."""
    region = _region(predicted, alpha, trimap)
    previous, skipping = _connectivity_both_ways(predicted, alpha, region)
    values = (
        sad(predicted, alpha, trimap),
        mse(predicted, alpha, trimap),
        gradient(predicted, alpha, trimap),
        previous,
        skipping,
    )
    return dict(zip(METRIC_NAMES, values, strict=True))


def sad(predicted: np.ndarray, alpha: np.ndarray, trimap: np.ndarray | None) -> float:
    """Sum of absolute differences, in thousands of full pixels.

    Args: as `matting_errors`, but uint8 only; errors likewise.

    Returns:
        Σ |predicted − alpha| / 255 / 1000 over the region.
    """
    difference = _difference(predicted, alpha, _region(predicted, alpha, trimap))
    return int(np.abs(difference).sum()) / (255 * 1000)


def mse(predicted: np.ndarray, alpha: np.ndarray, trimap: np.ndarray | None) -> float:
    """Mean squared difference; 0 where the region is empty.

    Args: as `matting_errors`, but uint8 only; errors likewise.

    Returns:
        Σ ((predicted − alpha) / 255)² / number of pixels of the region.
    """
    difference = _difference(predicted, alpha, _region(predicted, alpha, trimap))
    return int(np.square(difference).sum()) / (255**2 * max(1, difference.size))


def gradient(predicted: np.ndarray, alpha: np.ndarray, trimap: np.ndarray | None) -> float:
    """How much the steepness of two mattes differs, in thousands (Rhemann et al., CVPR 2009).

    Each matte is stretched to the range 0…1 (MATLAB's mat2gray; the whole matte, not the region)
    and filtered with the first derivatives of a Gaussian of σ = 1.4, 9×9, divided by its L2 norm,
    borders replicated. Some programs leave out the stretch and get other numbers.

    Args: as `matting_errors`, but uint8 only; errors likewise.

    Returns:
        Σ (‖∇predicted‖ − ‖∇alpha‖)² / 1000 over the region.
    """
    region = _region(predicted, alpha, trimap)
    difference = _gradient_amplitude(predicted)[region] - _gradient_amplitude(alpha)[region]
    return float(np.square(difference).sum() / 1000.0)


def connectivity(
    predicted: np.ndarray,
    alpha: np.ndarray,
    trimap: np.ndarray | None,
    empty_intersection: Literal["previous_threshold", "continue"] = "previous_threshold",
) -> float:
    """How much worse two mattes hang together, in thousands (Rhemann et al., CVPR 2009).

    For each threshold θ = 0.1, 0.2 … 1, Ω is the largest 4-connected component of the pixels where
    both mattes reach θ. A pixel's level l is the last θ before it first lay outside of Ω, 1 if it
    never did. With d = matte − l and φ = 1 − d where d ≥ 0.15, else φ = 1, the error sums the
    difference of the two φ. Of components of one size the first by columns counts, as in MATLAB.

    The definition is silent where no pixel reaches θ in both mattes (the MATLAB code stops with an
    error there), and published programs differ:

    * "previous_threshold", the default: Ω is empty, every pixel lies outside. It follows the
      definition, and mmagic does the same.
    * "continue": θ is passed over, what was inside until then has the level 1. Two mattes that
      nowhere reach 0.1 together then count as connected.

    Args: as `matting_errors`, but uint8 only; errors likewise.
        empty_intersection: see above.

    Returns:
        Σ |φ(predicted) − φ(alpha)| / 1000 over the region.
    """
    region = _region(predicted, alpha, trimap)
    previous, skipping = _connectivity_both_ways(predicted, alpha, region)
    return {"previous_threshold": previous, "continue": skipping}[empty_intersection]


def _region(predicted: np.ndarray, alpha: np.ndarray, trimap: np.ndarray | None) -> np.ndarray:
    """The pixels that count, [H, W] bool."""
    pictures = [predicted, alpha] if trimap is None else [predicted, alpha, trimap]
    for picture in pictures:
        if picture.dtype != np.uint8 or picture.shape != alpha.shape or picture.ndim != 2:
            described = ", ".join(f"{picture.dtype} {picture.shape}" for picture in pictures)
            raise ValueError(
                f"The metrics take uint8 pictures of one size [H, W], not {described}."
            )
    return np.ones(alpha.shape, bool) if trimap is None else trimap == UNKNOWN


def _difference(predicted: np.ndarray, alpha: np.ndarray, region: np.ndarray) -> np.ndarray:
    return predicted[region].astype(np.int64) - alpha[region]


@functools.cache
def _gradient_kernels() -> tuple[np.ndarray, np.ndarray]:
    """A Gaussian and its derivative, each divided by its L2 norm: so is their 9×9 product."""
    sigma = GRADIENT_SIGMA
    half = math.ceil(
        sigma * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * sigma * _GRADIENT_CUTOFF))
    )
    distance = np.arange(-half, half + 1, dtype=np.float64)
    gauss = np.exp(-(distance**2) / (2 * sigma**2))
    derivative = -distance * gauss
    return gauss / np.linalg.norm(gauss), derivative / np.linalg.norm(derivative)


def _gradient_amplitude(matte: np.ndarray) -> np.ndarray:
    lowest, highest = int(matte.min()), int(matte.max())
    if lowest == highest:
        return np.zeros(matte.shape)
    stretched = (matte - np.float64(lowest)) / (highest - lowest)
    gauss, derivative = _gradient_kernels()
    # float64: in float32 the difference of two nearly equal amplitudes would be noise. OpenCV
    # correlates where MATLAB convolves; that only changes the sign.
    slopes = (
        cv2.sepFilter2D(stretched, cv2.CV_64F, along_x, along_y, borderType=cv2.BORDER_REPLICATE)
        for along_x, along_y in ((derivative, gauss), (gauss, derivative))
    )
    return cv2.magnitude(*slopes)


def _connectivity_both_ways(
    predicted: np.ndarray, alpha: np.ndarray, region: np.ndarray
) -> tuple[float, float]:
    """The error with "previous_threshold" and with "continue"."""
    level, connected = _levels_of_connection(predicted, alpha)
    level, connected = level[region], connected[region]
    skipping_level = np.where(connected, np.int32(_CONNECTIVITY_STEPS), level)
    mattes = [matte[region].astype(np.int32) for matte in (predicted, alpha)]
    errors = []
    for levels in (level, skipping_level):
        above = [
            matte * (_CONNECTIVITY_UNITS // 255) - levels * (_CONNECTIVITY_UNITS // 10)
            for matte in mattes
        ]
        first, second = (np.where(d >= _CONNECTIVITY_TOLERANCE, d, 0) for d in above)
        total = int(np.abs(first - second).sum(dtype=np.int64))
        errors.append(total / (_CONNECTIVITY_UNITS * 1000))
    return errors[0], errors[1]


def _levels_of_connection(
    predicted: np.ndarray, alpha: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How many thresholds each pixel stays connected for.

    Returns:
        [H, W] int32, the number of thresholds before the pixel first lay outside of the largest
        component (10: never); and [H, W] bool, whether it never lay outside of one that was not
        empty.
    """
    both = np.minimum(predicted, alpha)
    connected = np.ones(both.shape, bool)
    level = np.zeros(both.shape, np.int32)
    for step in range(1, _CONNECTIVITY_STEPS + 1):
        # p / 255 >= step / 10 in whole numbers: 153 reaches 0.6, which it would not in float64.
        reached = both >= -(-255 * step // _CONNECTIVITY_STEPS)
        largest = _largest_component(reached)
        if largest is None:  # nor will a higher threshold have one
            break
        connected &= largest
        level += connected
    return level, connected


def _largest_component(pixels: np.ndarray) -> np.ndarray | None:
    """The largest 4-connected component of True pixels, [H, W] bool; None where there is none."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(
        pixels.view(np.uint8), connectivity=4
    )
    if count == 1:  # the background has label 0 and is no component
        return None
    areas = statistics[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    is_largest = areas == areas.max()
    if np.count_nonzero(is_largest) > 1:
        by_columns = labels.T
        return labels == by_columns[is_largest[by_columns]][0]
    return labels == np.argmax(is_largest)
