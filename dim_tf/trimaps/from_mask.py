"""A trimap from a mask, with a band of a given width or one as wide as the object is large."""

from typing import Literal

import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from dim_tf.system.errors import InputError
from dim_tf.trimaps.rough_mask import trimap_around


def trimap_from_mask(
    mask: np.ndarray,
    kernel: int | Literal["auto"],
    mode: Literal["dilate_erode", "dilate"],
    source: str,
    at_least: float = 0.0,
) -> np.ndarray:
    """Makes the trimap of a mask, and refuses one in which nothing is left to decide.

    Args:
        mask: [H, W] uint8, a mask or rough matte.
        kernel: side of the window as in training, see `trimap_by_window`; or "auto" for a band as
            wide as the object is large, see `trimap_from_rough_mask`.
        mode: see either.
        source: the mask's file, for the error.
        at_least: radius of the band with "auto", pixels, see `trimap_from_rough_mask`.

    Returns:
        [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: no pixel is unknown.
    """
    if kernel == "auto":
        trimap = trimap_around(mask, mode, at_least)
    else:
        trimap = trimap_by_window(mask, kernel, mode)
    if not (trimap == UNKNOWN).any():
        raise InputError(
            f"The trimap made from {source} has no unknown pixel; give a larger --trimap_kernel, "
            "such as 15."
        )
    return trimap


def trimap_by_window(
    mask: np.ndarray, kernel: int, mode: Literal["dilate_erode", "dilate"]
) -> np.ndarray:
    """`dim_tf.trimaps.from_matte.trimap_from_alpha`, pixel for pixel, without TensorFlow.

    Args:
        mask: [H, W] uint8, a mask or rough matte.
        kernel: side of the square window, at least 1.
        mode: see `trimap_from_alpha`.

    Returns:
        [H, W] uint8 in {0, 128, 255}.
    """
    empty, full = mask == 0, mask == 255
    unknown = ~(empty | full) | (empty & _any_in_window(~empty, kernel, (kernel - 1) // 2))
    if mode == "dilate_erode":
        unknown |= full & _any_in_window(~full, kernel, kernel // 2)
    known = np.where(full, np.uint8(FOREGROUND), np.uint8(BACKGROUND))
    return np.where(unknown, np.uint8(UNKNOWN), known)


def _any_in_window(pixels: np.ndarray, kernel: int, before: int) -> np.ndarray:
    """Whether the window from `before` pixels up and left of each pixel holds a True one."""
    found = pixels
    for _ in range(2):  # down the rows, and then, turned, along them
        height = len(found)  # a window that reaches farther sees no more
        up, down = min(before, height), min(kernel - 1 - before, height)
        found = np.pad(found, ((up, down), (0, 0)))
        size, whole = 1, up + 1 + down
        while size < whole:
            # A window of size + step is the union of two windows of `size`, `step` apart.
            step = min(size, whole - size)
            found = found[step:] | found[:-step]
            size += step
        found = found.T
    return found
