"""Pictures that are measured, and the checks they must pass."""

from pathlib import Path

import numpy as np

from dim_tf.config import UNKNOWN
from dim_tf.data.image_io import read_grey
from dim_tf.errors import InputError


def read_matte(path: Path) -> np.ndarray:
    """Reads a matte to measure, or the ground truth.

    Returns:
        [H, W] uint8.

    Raises:
        InputError: it cannot be read, or holds 0 and 1 instead of 0 to 255.
    """
    matte = read_grey(path)
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


def check_unknown(trimap: np.ndarray, source: Path) -> None:
    """Refuses a trimap on which nothing can be measured.

    One without foreground or background is fine here: of a cobweb no pixel is opaque.

    Args:
        trimap: [H, W] uint8 in {0, 128, 255}.
        source: its file, for the error.

    Raises:
        InputError: no pixel is unknown.
    """
    if not (trimap == UNKNOWN).any():
        raise InputError(
            f"{source} has no unknown pixel (128), so there is nothing to measure; leave this "
            "picture out."
        )
