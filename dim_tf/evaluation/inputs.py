"""Pictures that are measured, and the checks they must pass."""

from pathlib import Path

import numpy as np

from dim_tf.config import UNKNOWN
from dim_tf.pictures.image_io import read_grey, read_picture, to_8_bits, to_grey
from dim_tf.pictures.trimap_levels import CONVERSION_ERROR, nearest_levels, snapped_note
from dim_tf.system.errors import InputError, tell


def read_matte(path: Path) -> np.ndarray:
    """Reads a matte to measure, or the ground truth; of a cut-out its opacity, which is told.

    Returns:
        [H, W] uint8.

    Raises:
        InputError: it cannot be read, or holds 0 and 1 instead of 0 to 255.
    """
    picture = read_picture(path)
    if picture.opacity is not None and picture.opacity.min() < picture.opacity.max():
        tell(path, "it is a cut-out, its opacity is measured")
        return to_8_bits(picture.opacity)
    matte = to_grey(to_8_bits(picture.pixels))
    if matte.max() == 1:
        raise InputError(f"{path} has the values 0 and 1; multiply it by 255, a matte is 0 to 255.")
    return matte


def check_same_size(first: Path, one: np.ndarray, second: Path, other: np.ndarray) -> None:
    """Refuses two pictures that do not lie on each other.

    Args:
        first: file of the first picture, for the error.
        one: [H, W] or [H, W, 3].
        second: file of the other picture, for the error.
        other: [H, W] or [H, W, 3].

    Raises:
        InputError: height or width differ.
    """
    if one.shape[:2] != other.shape[:2]:
        sizes = [f"{picture.shape[1]}×{picture.shape[0]}" for picture in (one, other)]
        raise InputError(
            f"{first} is {sizes[0]} pixels and {second} {sizes[1]}; give two pictures of the same "
            "size."
        )


def read_trimap(path: Path) -> np.ndarray:
    """Reads the trimap of a test set, as it is: what is repaired or guessed makes another number.

    Only 1 or 2 grey levels that a conversion added are taken away, and told. One without foreground
    or background is fine here: of a cobweb no pixel is opaque.

    Returns:
        [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: it cannot be read, has other values, or no unknown pixel.
    """
    values = read_grey(path)
    distance, nearest = nearest_levels()
    present = np.bincount(values.ravel(), minlength=256) > 0
    strange = np.flatnonzero(present & (distance > CONVERSION_ERROR))
    if strange.size:
        raise InputError(
            f"{path} is no trimap: it has the value {strange[0]}, a trimap holds 0, 128 and 255; "
            "if it is a mask give it with --alpha."
        )
    trimap = nearest[values]
    if not (trimap == UNKNOWN).any():
        raise InputError(
            f"{path} has no unknown pixel (128), so there is nothing to measure; leave this "
            "picture out."
        )
    changed = np.count_nonzero(trimap != values)
    if changed:
        tell(path, snapped_note(changed))
    return trimap
