"""Writing pictures; what a file's name cannot be is refused."""

import os

import numpy as np

from dim_tf.pictures import writing
from dim_tf.pictures.colour import ColourProfile
from dim_tf.pictures.limits import refuse_no_name
from dim_tf.system.errors import InputError


def write_png(
    path: str | os.PathLike[str],
    image: np.ndarray,
    compression: int = 3,
    profile: ColourProfile | None = None,
    *,
    is_matte: bool = False,
    is_trimap: bool = False,
) -> None:
    """Writes a PNG, under a name that ends in .png; see `dim_tf.pictures.writing.write_png`."""
    refuse_no_name(path)
    name = os.fspath(path)
    if not name.lower().endswith(".png"):
        raise InputError(f"{name} would be a PNG under another name; give a name ending in .png.")
    if "\0" in name:
        raise InputError(f"{name} holds a null character, as no file's name can; leave it out.")
    writing.write_png(path, image, compression, profile, is_matte=is_matte, is_trimap=is_trimap)
