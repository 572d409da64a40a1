"""Reading and writing pictures: the only place that knows BGR, EXIF and palettes."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from dim_tf.config import MAX_INPUT_MEGAPIXELS
from dim_tf.pictures.image_header import Header, HeaderError, read_header
from dim_tf.system.errors import InputError
from dim_tf.system.files import write_bytes
from dim_tf.system.quiet import stderr_held_back

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm")

# What libjpeg says where it fills the rest of a picture with grey.
_JPEG_INCOMPLETE = "premature end of"


class Picture(NamedTuple):
    """A picture turned the way the user sees it.

    Attributes:
        pixels: [H, W] or [H, W, 3] RGB, uint8 or uint16, the colours of transparent pixels as they
            are stored.
        opacity: [H, W] of the same dtype; None where the file has no transparency.
        header: what the file said of itself: the EXIF orientation that was followed, whether this
            is the first of several pages or frames.
    """

    pixels: np.ndarray
    opacity: np.ndarray | None
    header: Header


def read_picture(path: str | os.PathLike, max_megapixels: float = MAX_INPUT_MEGAPIXELS) -> Picture:
    """Reads whatever a user may have, and quietly: what libraries write to stderr is held back.

    Of several pages or frames it is the first. Not for several threads at once.

    Args:
        path: PNG, JPEG, TIFF, WebP, BMP, PPM or PGM; grey, RGB, palette or CMYK, of up to 16 bits
            or floating point in [0, 1], with transparency or without.
        max_megapixels: a larger picture is refused before it is decoded.

    Raises:
        InputError: the file is missing, unreadable, damaged, cut short, of another kind or too
            large.
    """
    with stderr_held_back() as said:
        image, header = _decode(path, max_megapixels)
        if _JPEG_INCOMPLETE in said():
            raise InputError(f"{path} is damaged: a part of the picture is missing (JPEG).")
    image = _as_seen(image, header)
    if image.ndim == 2 or image.shape[2] == 3:
        return Picture(image, None, header)
    pixels, opacity = np.ascontiguousarray(image[..., :3]), np.ascontiguousarray(image[..., 3])
    if not header.transparency or opacity.min() == np.iinfo(opacity.dtype).max:
        opacity = None
    return Picture(pixels, opacity, header)


def to_8_bits(image: np.ndarray) -> np.ndarray:
    """Scales uint16 to uint8, rounded; uint8 is returned as it is."""
    return image if image.dtype == np.uint8 else np.uint8((image.astype(np.uint32) + 128) // 257)


def to_grey(image: np.ndarray) -> np.ndarray:
    """[H, W] of [H, W] or of [H, W, 3] RGB, which becomes its luminance."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def to_rgb(image: np.ndarray) -> np.ndarray:
    """[H, W, 3] RGB of that or of [H, W] grey."""
    return image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)


def read_rgb(path: str | os.PathLike) -> np.ndarray:
    """Reads a picture as colours, turned the way its EXIF tag says the user sees it.

    Args:
        path: see `read_picture`; grey, palette, CMYK and 16-bit ones are converted, transparency is
            ignored.

    Returns:
        [H, W, 3] uint8, RGB.

    Raises:
        InputError: the file is missing, unreadable or no picture.
    """
    return to_rgb(to_8_bits(_read_colours(path)))


def read_grey(path: str | os.PathLike) -> np.ndarray:
    """Reads a matte, mask or trimap as one channel.

    A picture whose colour channels differ is converted to luminance. Transparency is ignored.

    Returns:
        [H, W] uint8.

    Raises:
        InputError: the file is missing, unreadable or no picture.
    """
    return to_grey(to_8_bits(_read_colours(path)))


def read_unchanged(path: str | os.PathLike) -> np.ndarray:
    """Reads a picture of a dataset as it is stored.

    Returns:
        [H, W] or [H, W, 3] RGB, uint8.

    Raises:
        InputError: the file is missing, unreadable, or has another number of channels or bits.
    """
    image, _ = _decode(path)
    if image.dtype != np.uint8 or (image.ndim == 3 and image.shape[2] != 3):
        raise InputError(f"{path} is not a grey or RGB picture of 8 bits.")
    return image


def _read_colours(path: str | os.PathLike) -> np.ndarray:
    """[H, W] or [H, W, 3] RGB, uint8 or uint16."""
    image = _as_seen(*_decode(path))
    return image if image.ndim == 2 else np.ascontiguousarray(image[..., :3])


def _decode(
    path: str | os.PathLike, max_megapixels: float = MAX_INPUT_MEGAPIXELS
) -> tuple[np.ndarray, Header]:
    """[H, W], [H, W, 3] RGB or [H, W, 4] RGBA, uint8 or uint16, as stored, and the header."""
    # imdecode, not imread: imread cannot open every file name and prints to the console.
    try:
        content = Path(path).read_bytes()
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a picture.") from None
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    if not content:
        raise InputError(f"{path} is not a picture; it is empty.")
    try:
        header = read_header(content)
    except HeaderError as error:
        raise InputError(f"{path} is {error}.") from None
    if header.width * header.height > max_megapixels * 1e6:
        raise InputError(
            f"{path} claims {header.width}×{header.height} pixels, more than {max_megapixels:g} "
            "megapixels; make it smaller (test.py can raise the limit: --max_input_megapixels)."
        )
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except (cv2.error, MemoryError):
        image = None
    # OpenCV turns a TIFF by itself.
    size = (header.height, header.width)
    if image is None or image.shape[:2] not in (size, size[:: -1 if header.kind == "TIFF" else 1]):
        raise InputError(
            f"{path} cannot be decoded; it is damaged, cut short or of a rare kind, so save it "
            f"anew as PNG ({header.kind})."
        )
    if image.dtype == np.float32 and image.min() >= 0 and image.max() <= 1:
        image = np.round(image * np.float64(65_535)).astype(np.uint16)
    if image.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"{path} has {image.dtype} pixels; save it with 8 or 16 bits for each channel."
        )
    if header.white_is_zero and image.dtype == np.uint16:  # OpenCV minds this with 8 bits only
        image = 65_535 - image
    image = _swap_red_and_blue(image)
    premultiplied = header.kind == "TIFF" and header.transparency and image.dtype == np.uint8
    if premultiplied and image.shape[2:] == (4,) and image[..., 3].min() < 255:
        image[..., :3] = _unpremultiplied(image)
    return image, header


def _as_seen(image: np.ndarray, header: Header) -> np.ndarray:
    # OpenCV turns a TIFF by itself.
    return image if header.kind == "TIFF" else turned(image, header.orientation)


def turned(image: np.ndarray, orientation: int) -> np.ndarray:
    """A picture as it is stored the way it is seen.

    Args:
        image: [H, W] or [H, W, channels].
        orientation: the value of the EXIF tag, 1 (as it is stored) to 8.

    Returns:
        The same with sides exchanged if `orientation` is 5 or more.
    """
    if orientation == 1:
        return image
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    # What is left of the eight are flips, upside down and left to right.
    upside_down, left_to_right = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    return np.ascontiguousarray(image[:: -1 if upside_down else 1, :: -1 if left_to_right else 1])


def _unpremultiplied(rgba: np.ndarray) -> np.ndarray:
    """The colours that OpenCV multiplied by their opacity, black where nothing is left of them."""
    divisor = np.maximum(rgba[..., 3:], 1).astype(np.float32)
    return np.minimum(np.round(rgba[..., :3] * np.float32(255) / divisor), 255).astype(np.uint8)


def write_png(path: str | os.PathLike, image: np.ndarray, compression: int = 3) -> None:
    """Writes a PNG atomically: the file is complete or not there.

    Args:
        path: where to; its folder is made if missing.
        image: [H, W], [H, W, 3] RGB or [H, W, 4] RGBA, uint8 or uint16.
        compression: zlib level, 0 to 9.

    Raises:
        InputError: the file cannot be written there.
    """
    write_bytes(path, encode_png(image, compression))


def encode_png(image: np.ndarray, compression: int = 3) -> bytes:
    """The content of a PNG file.

    Args:
        image: [H, W], [H, W, 3] RGB or [H, W, 4] RGBA, uint8 or uint16.
        compression: zlib level, 0 to 9.
    """
    options = [cv2.IMWRITE_PNG_COMPRESSION, compression]
    return cv2.imencode(".png", _swap_red_and_blue(image), options)[1].tobytes()


def write_bmp(path: str | os.PathLike, image: np.ndarray) -> None:
    """Writes a BMP, which is not compressed, atomically.

    Args:
        path: where to; its folder is made if missing.
        image: [H, W] or [H, W, 3] RGB, uint8.

    Raises:
        InputError: the file cannot be written there.
    """
    write_bytes(path, cv2.imencode(".bmp", _swap_red_and_blue(image))[1].tobytes())


def _swap_red_and_blue(image: np.ndarray) -> np.ndarray:
    if image.ndim == 2:
        return image
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)


def list_images(folder: str | os.PathLike) -> list[Path]:
    """The pictures directly inside a folder, sorted by name; hidden files are passed over.

    Raises:
        InputError: the folder is missing or holds no picture.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; check the path.")
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )
    if not found:
        raise InputError(f"{folder} holds no pictures ({', '.join(IMAGE_SUFFIXES)}).")
    return found


def by_stem(paths: Iterable[Path]) -> dict[str, Path]:
    """Files by their name without suffix.

    Raises:
        InputError: two files share a stem.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            raise InputError(
                f"{found[path.stem]} and {path} have the same name but for the suffix; "
                "remove one, files are paired by that name."
            )
        found[path.stem] = path
    return found
