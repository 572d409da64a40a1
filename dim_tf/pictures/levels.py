"""Grey levels: of pictures and arrays, and the three of a trimap. No TensorFlow here."""

import warnings
from typing import Any

import cv2
import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from dim_tf.system.errors import InputError

# Painting programs and conversions move the three values by this much.
CONVERSION_ERROR = 2


def to_8_bits(image: np.ndarray) -> np.ndarray:
    """Scales uint16 to uint8, rounded; uint8 is returned as it is."""
    return image if image.dtype == np.uint8 else np.uint8((image.astype(np.uint32) + 128) // 257)


def to_16_bits(image: np.ndarray) -> np.ndarray:
    """Scales uint8 to uint16; uint16 is returned as it is."""
    return image if image.dtype == np.uint16 else image.astype(np.uint16) * np.uint16(257)


def to_grey(image: np.ndarray) -> np.ndarray:
    """[H, W] of [H, W] or of [H, W, 3] RGB, which becomes its luminance."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def to_rgb(image: np.ndarray) -> np.ndarray:
    """[H, W, 3] RGB of that or of [H, W] grey."""
    return image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)


def grey_array(values: Any, name: str, rough: bool = True) -> np.ndarray:
    """A mask, matte or trimap of a library caller, as the pictures of files are.

    Args:
        values: [H, W] or [H, W, 1]: bool, whole numbers from 0 to 255, or floating point in [0, 1].
        name: of what it is, for the error.
        rough: whether whole numbers 0 and 1 alone are taken as 0 and 255, with a warning. Not of a
            matte to measure: of a network that fails it may be as dark.

    Returns:
        [H, W] uint8.

    Raises:
        InputError: another shape, another dtype or other values.
    """
    array = np.asarray(values)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2 or not array.size:
        raise InputError(f"The {name} has the shape {array.shape}; give [H, W] or [H, W, 1].")
    levels = levels_of(array, name)
    whole = np.issubdtype(array.dtype, np.integer)
    if rough and whole and levels.max() == 1:
        warnings.warn(f"The {name} has the values 0 and 1, taken as 0 and 255.", stacklevel=3)
        return levels * np.uint8(255)
    return levels


def rgb_array(values: Any) -> np.ndarray:
    """A photo of a library caller, as the pictures of files are.

    Args:
        values: [H, W, 3] RGB, or grey [H, W] or [H, W, 1]: whole numbers from 0 to 255, uint16, or
            floating point in [0, 1].

    Returns:
        [H, W, 3] uint8.

    Raises:
        InputError: another shape, another dtype or other values.
    """
    array = np.asarray(values)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,)) or not array.size:
        raise InputError(f"The photo has the shape {array.shape}; give [H, W, 3], RGB.")
    return to_rgb(to_8_bits(array) if array.dtype == np.uint16 else levels_of(array, "photo"))


def levels_of(array: np.ndarray, name: str) -> np.ndarray:
    """uint8 of bool, of whole numbers from 0 to 255, or of floating point in [0, 1], any shape.

    Raises:
        InputError: another dtype or other values; `name` says of what.
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array * np.uint8(255)
    whole = np.issubdtype(array.dtype, np.integer)
    largest = 255 if whole else 1
    if not whole and not np.issubdtype(array.dtype, np.floating):
        raise InputError(
            f"The {name} has the dtype {array.dtype}; give bool, uint8, or floats from 0 to 1."
        )
    if array.size and not (array.min() >= 0 and array.max() <= largest):  # NaN is neither
        raise InputError(
            f"The {name} has values from {array.min():g} to {array.max():g}; "
            + ("whole numbers go from 0 to 255." if whole else "floats go from 0 to 1.")
        )
    return array.astype(np.uint8) if whole else np.round(array * 255.0).astype(np.uint8)


def nearest_levels() -> tuple[np.ndarray, np.ndarray]:
    """For each grey level the nearest value of a trimap.

    Returns:
        [256] int, the distance to it, and [256] uint8 in {0, 128, 255}.
    """
    levels = np.array([BACKGROUND, UNKNOWN, FOREGROUND])
    distances = np.abs(np.arange(256)[:, None] - levels)
    return distances.min(axis=1), levels[distances.argmin(axis=1)].astype(np.uint8)
