"""Reading files as the command does: what was repaired or assumed is warned of."""

import os

import numpy as np
import numpy.typing as npt

from dim_tf.config import MAX_INPUT_MEGAPIXELS
from dim_tf.library.telling import Told
from dim_tf.pictures import mask, matte, photo, trimap
from dim_tf.pictures.mask import LabelLike
from dim_tf.pictures.shades import Invert

# What the command's flags are here.
_WORDS = {
    "alpha": "dim_tf.read_mask",
    "trimap": "dim_tf.read_trimap",
    "max_input_megapixels": "max_megapixels=",
}


def read_rgb(
    path: str | os.PathLike[str], max_megapixels: float = MAX_INPUT_MEGAPIXELS
) -> npt.NDArray[np.uint8]:
    """Reads a photo, [H, W, 3] uint8; see `dim_tf.pictures.photo.read_rgb`."""
    with Told(_WORDS) as told:
        return photo.read_rgb(path, max_megapixels, told)


def read_mask(
    path: str | os.PathLike[str],
    *,
    label: LabelLike = (),
    invert: Invert = "auto",
    max_megapixels: float = MAX_INPUT_MEGAPIXELS,
) -> npt.NDArray[np.uint8]:
    """Reads a mask, [H, W] uint8; see `dim_tf.pictures.mask.read_mask`."""
    with Told(_WORDS) as told:
        return mask.read_mask(
            path, label=label, invert=invert, max_megapixels=max_megapixels, told=told
        )


def read_trimap(
    path: str | os.PathLike[str],
    *,
    invert: Invert = "auto",
    max_megapixels: float = MAX_INPUT_MEGAPIXELS,
) -> npt.NDArray[np.uint8]:
    """Reads a trimap, [H, W] uint8 in {0, 128, 255}; see `dim_tf.pictures.trimap.read_trimap`."""
    with Told(_WORDS) as told:
        return trimap.read_trimap(path, invert=invert, max_megapixels=max_megapixels, told=told)


def read_grey(
    path: str | os.PathLike[str], max_megapixels: float = MAX_INPUT_MEGAPIXELS
) -> npt.NDArray[np.uint8]:
    """Reads a matte, [H, W] uint8; see `dim_tf.pictures.matte.read_grey`."""
    with Told(_WORDS) as told:
        return matte.read_grey(path, max_megapixels, told)
