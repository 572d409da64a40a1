"""Grey levels: of pictures and arrays, and the three of a trimap. No TensorFlow here."""

from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from dim_tf.system.errors import InputError

# Painting programs and conversions move the three values by this much.
CONVERSION_ERROR = 2
# So far floating point may be outside of [0, 1]: half a grey level.
_ROUNDING = 0.002
# Cameras and microscopes store so many bits in the lower ones of 16.
_BITS_IN_16 = (8, 10, 12)


def as_array(values: Any, name: str) -> np.ndarray:
    """What a library caller gave as an array.

    Raises:
        InputError: it cannot be one, or is a masked one, of which a part would be lost.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise InputError(f"The {name} is a masked array; fill it first, such as with filled(0).")
    try:
        return np.asarray(values)
    except Exception as error:  # a tensor that cannot be copied, say
        said = str(error).rstrip(".")
        raise InputError(f"The {name} cannot be made an array: {said}.") from None


def in_own_byte_order(image: np.ndarray) -> np.ndarray:
    """The same numbers in this machine's byte order, by which uint16 is known."""
    return image.astype(image.dtype.newbyteorder("="), copy=False)


def to_8_bits(image: np.ndarray) -> np.ndarray:
    """Scales uint16 to uint8, rounded; uint8 is returned as it is."""
    return image if image.dtype == np.uint8 else np.uint8((image.astype(np.uint32) + 128) // 257)


def to_16_bits(image: np.ndarray) -> np.ndarray:
    """Scales uint8 to uint16; uint16 is returned as it is."""
    return image if image.dtype == np.uint16 else image.astype(np.uint16) * np.uint16(257)


def full_range(image: np.ndarray, white_is_known: bool) -> tuple[np.ndarray, list[str]]:
    """Brings the numbers of 8, 10 or 12 bits that were stored in 16 to the range of 16.

    Args:
        image: uint8, which is returned as it is, or uint16.
        white_is_known: whether the file says what its largest number is; then nothing is done.

    Returns:
        The same shape and dtype, and what to tell.
    """
    if image.dtype == np.uint8 or white_is_known:
        return image, []
    brightest = int(image.max())
    bits = next((bits for bits in _BITS_IN_16 if brightest < 2**bits), 16)
    if bits == 16 or not brightest:
        return image, []
    largest = 2**bits - 1
    scaled = (image.astype(np.uint32) * 65_535 + largest // 2) // largest
    note = f"it has 16 bits and values up to {brightest} only, which are taken as those of {bits}"
    return scaled.astype(np.uint16), [f"{note} bits"]


def to_grey(image: np.ndarray) -> np.ndarray:
    """[H, W] of [H, W] or of [H, W, 3] RGB, which becomes its luminance."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def to_rgb(image: np.ndarray) -> np.ndarray:
    """[H, W, 3] RGB of that or of [H, W] grey."""
    return image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)


def levels_of(array: np.ndarray, name: str) -> np.ndarray:
    """uint8 of bool, of whole numbers from 0 to 255, or of floating point in [0, 1], any shape.

    Raises:
        InputError: another dtype or other values; `name` says of what.
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array * np.uint8(255)
    check_range(array, name)
    if np.issubdtype(array.dtype, np.integer):
        return array.astype(np.uint8)
    return to_levels(array)


def to_levels(array: np.ndarray) -> np.ndarray:
    """uint8 of floating point in [0, 1], rounded, any shape; what is beyond becomes 0 or 255."""
    return np.round(np.clip(array, 0, 1) * 255.0).astype(np.uint8)


def levels_of_matte(alpha: np.ndarray, bits: Literal["8", "16"] = "8") -> np.ndarray:
    """A predicted matte, float32 in [0, 1] of any shape, as whole numbers, uint8 or uint16.

    In double precision: float32 would round what is almost half a level to a half.
    """
    largest, dtype = (65_535, np.uint16) if bits == "16" else (255, np.uint8)
    return np.round(alpha * np.float64(largest)).astype(dtype)


def check_range(array: np.ndarray, name: str | Path) -> None:
    """Refuses what is neither whole numbers from 0 to 255 nor floating point in [0, 1].

    Raises:
        InputError: another dtype or other values; `name` says of what, or of which file.
    """
    source = name if isinstance(name, Path) else f"The {name}"
    whole = np.issubdtype(array.dtype, np.integer)
    largest = 255 if whole else 1
    if not whole and not np.issubdtype(array.dtype, np.floating):
        raise InputError(
            f"{source} has the dtype {array.dtype}; give bool, uint8, or floats from 0 to 1."
        )
    # Resizing leaves the range by a little.
    beyond = 0 if whole else _ROUNDING
    if not array.size:
        return
    lowest, highest = array.min(), array.max()
    if not np.isfinite([lowest, highest]).all():  # of NaN among them both are NaN
        raise InputError(f"{source} has values that are not finite; floats go from 0 to 1.")
    if lowest < -beyond or highest > largest + beyond:
        raise InputError(
            f"{source} has values from {lowest:g} to {highest:g}; "
            + ("whole numbers go from 0 to 255." if whole else "floats go from 0 to 1.")
        )


def border_of(image: np.ndarray) -> np.ndarray:
    """The outermost rows and columns of [H, W], as one row."""
    return np.concatenate([image[0], image[-1], image[1:-1, 0], image[1:-1, -1]])


def nearest_levels() -> tuple[np.ndarray, np.ndarray]:
    """For each grey level the nearest value of a trimap.

    Returns:
        [256] int, the distance to it, and [256] uint8 in {0, 128, 255}.
    """
    levels = np.array([BACKGROUND, UNKNOWN, FOREGROUND])
    distances = np.abs(np.arange(256)[:, None] - levels)
    return distances.min(axis=1), levels[distances.argmin(axis=1)].astype(np.uint8)
