"""Pictures to files, complete or not there."""

import os
from numbers import Integral
from typing import BinaryIO

import cv2
import numpy as np

from dim_tf.pictures.colour import ColourProfile, png_chunk, png_chunks
from dim_tf.pictures.levels import as_array, in_own_byte_order, levels_of
from dim_tf.system.errors import InputError
from dim_tf.system.files import write_bytes

# Of a PNG: its signature and the chunk that says the size.
_PNG_HEADER_BYTES = 33
# Keyword and texts by which mattes and trimaps say what they are: white is the object, and they lie
# as their photo is seen. Of a matte also that its numbers are shades, however dark it is, and no
# labels, and that its white is the largest number of its depth.
MARK, MATTE_MARK, TRIMAP_MARK = "Description", "alpha matte", "trimap"


def write_png(
    path: str | os.PathLike,
    image: np.ndarray,
    compression: int = 3,
    profile: ColourProfile | None = None,
    *,
    is_matte: bool = False,
    is_trimap: bool = False,
) -> None:
    """Writes a PNG atomically: the file is complete or not there.

    Args:
        path: where to; its folder is made if missing.
        image: see `encode_png`.
        compression: the same.
        profile: the same.
        is_matte: the same.
        is_trimap: the same.

    Raises:
        InputError: see `encode_png`; or the file cannot be written there.
    """
    content = encode_png(image, compression, profile, is_matte=is_matte, is_trimap=is_trimap)
    write_bytes(path, content)


def encode_png(
    image: np.ndarray,
    compression: int = 3,
    profile: ColourProfile | None = None,
    *,
    is_matte: bool = False,
    is_trimap: bool = False,
) -> bytes:
    """The content of a PNG file.

    Args:
        image: [H, W], [H, W, 1], [H, W, 3] RGB or [H, W, 4] RGBA, uint8 or uint16; bool, or
            floats in [0, 1], are written with 8 bits.
        compression: zlib level, 0 to 9.
        profile: what the numbers of an RGB or RGBA picture mean; None: sRGB.
        is_matte: whether to say in the file that it is a matte: nothing is guessed of it when it is
            read, neither whether it is made of labels, nor whether its object is black, nor how it
            lies on its photo.
        is_trimap: the same of a trimap.

    Raises:
        InputError: an array of another shape, dtype or range, or a masked one; another level.
    """
    is_level = isinstance(compression, Integral) and not isinstance(compression, bool)
    if not is_level or not 0 <= compression <= 9:
        raise InputError(f"compression={compression!r} is none; give a whole number from 0 to 9.")
    image = in_own_byte_order(as_array(image, "picture"))
    if image.dtype != np.uint16:
        image = levels_of(image, "picture")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,), (4,)) or not image.size:
        raise InputError(
            f"The picture has the shape {image.shape}; give [H, W], [H, W, 3] or [H, W, 4]."
        )
    options = [cv2.IMWRITE_PNG_COMPRESSION, int(compression)]
    content = cv2.imencode(".png", _red_last(image), options)[1].tobytes()
    said = png_chunks(profile) if profile is not None else b""
    if is_matte or is_trimap:
        said += _mark_chunk(MATTE_MARK if is_matte else TRIMAP_MARK)
    return content[:_PNG_HEADER_BYTES] + said + content[_PNG_HEADER_BYTES:]


def begins_as_own_matte(file: BinaryIO) -> bool:
    """Whether a file is a matte that `encode_png` made; no more than its beginning is read."""
    mark = _mark_chunk(MATTE_MARK)
    return file.read(_PNG_HEADER_BYTES + len(mark))[_PNG_HEADER_BYTES:] == mark


def _mark_chunk(mark: str) -> bytes:
    return png_chunk(b"tEXt", f"{MARK}\0{mark}".encode("ascii"))


def write_bmp(path: str | os.PathLike, image: np.ndarray) -> None:
    """Writes a BMP, which is not compressed, atomically.

    Args:
        path: where to; its folder is made if missing.
        image: [H, W] or [H, W, 3] RGB, uint8.

    Raises:
        InputError: the file cannot be written there.
    """
    write_bytes(path, cv2.imencode(".bmp", _red_last(image))[1].tobytes())


def _red_last(image: np.ndarray) -> np.ndarray:
    """As OpenCV wants it."""
    if image.ndim == 2:
        return image
    return cv2.cvtColor(image, cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
