"""A trimap from a mask, with a band of a given width or one as wide as the object is large."""

from typing import Literal

import numpy as np

from dim_tf.config import UNKNOWN
from dim_tf.system.errors import InputError
from dim_tf.system.quiet import import_tensorflow
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
        kernel: side of the window as in training, see `trimap_from_alpha`; or "auto" for a band as
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
        import_tensorflow()  # "auto" does without
        from dim_tf.trimaps.from_matte import trimap_from_alpha

        trimap = trimap_from_alpha(mask, kernel, mode).numpy()
    if not (trimap == UNKNOWN).any():
        raise InputError(
            f"The trimap made from {source} has no unknown pixel; give a larger --trimap_kernel, "
            "such as 15."
        )
    return trimap
