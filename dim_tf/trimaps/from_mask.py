"""A trimap from a mask, with a band of a given width or one as wide as the object is large."""

from typing import Literal

import cv2
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
    window = np.ones((kernel, kernel), np.uint8)
    empty, full = mask == 0, mask == 255

    def is_near(pixels: np.ndarray, before: int) -> np.ndarray:
        return cv2.dilate(pixels.astype(np.uint8), window, anchor=(before, before)) > 0

    unknown = ~(empty | full) | (empty & is_near(~empty, (kernel - 1) // 2))
    if mode == "dilate_erode":
        unknown |= full & is_near(~full, kernel // 2)
    known = np.where(full, np.uint8(FOREGROUND), np.uint8(BACKGROUND))
    return np.where(unknown, np.uint8(UNKNOWN), known)
