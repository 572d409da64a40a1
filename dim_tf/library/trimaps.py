"""Trimaps of arrays; what is wrong with one is said in Python's words."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from dim_tf.library.telling import Told
from dim_tf.system.quiet import import_tensorflow
from dim_tf.trimaps import rough_mask

if TYPE_CHECKING:
    import tensorflow as tf

_WORDS = {"trimap_mode": "mode="}


def trimap_from_rough_mask(
    mask: npt.NDArray[Any],
    mode: Literal["dilate_erode", "dilate"] = "dilate_erode",
    at_least: float = 0.0,
) -> npt.NDArray[np.uint8]:
    """A trimap of a rough mask, [H, W] uint8 in {0, 128, 255}.

    See `dim_tf.trimaps.rough_mask.trimap_from_rough_mask`.
    """
    with Told(_WORDS):
        return rough_mask.trimap_from_rough_mask(mask, mode, at_least)


def trimap_from_alpha(
    alpha: "tf.Tensor | npt.NDArray[Any]",
    kernel: "int | tf.Tensor",
    mode: Literal["dilate_erode", "dilate"] = "dilate_erode",
    erosion_kernel: "int | tf.Tensor | None" = None,
) -> "tf.Tensor":
    """A trimap of a matte, [H, W] uint8 in {0, 128, 255}.

    See `dim_tf.trimaps.from_matte.trimap_from_alpha`.
    """
    import_tensorflow()
    from dim_tf.trimaps import from_matte

    with Told(_WORDS):
        return from_matte.trimap_from_alpha(alpha, kernel, mode, erosion_kernel)
