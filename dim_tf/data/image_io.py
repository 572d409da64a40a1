"""Reading and writing pictures: the only place that knows BGR, EXIF and palettes."""

import os
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from dim_tf.errors import InputError
from dim_tf.files import write_bytes

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm")


def read_rgb(path: str | os.PathLike) -> np.ndarray:
    """Reads a picture as colours, turned the way its EXIF tag says the user sees it.

    Args:
        path: any format OpenCV reads; grey, palette, 16-bit and transparent ones are converted.

    Returns:
        [H, W, 3] uint8, RGB.

    Raises:
        InputError: the file is missing, unreadable or no picture.
    """
    return cv2.cvtColor(_decode(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def read_grey(path: str | os.PathLike) -> np.ndarray:
    """Reads a matte, mask or trimap as one channel.

    A picture whose colour channels differ is converted to luminance. Transparency is ignored.

    Returns:
        [H, W] uint8.

    Raises:
        InputError: the file is missing, unreadable or no picture.
    """
    return _decode(path, cv2.IMREAD_GRAYSCALE)


def read_unchanged(path: str | os.PathLike) -> np.ndarray:
    """Reads a picture of a dataset as it is stored.

    Returns:
        [H, W] or [H, W, 3] RGB, uint8.

    Raises:
        InputError: the file is missing, unreadable, or has another number of channels or bits.
    """
    image = _decode(path, cv2.IMREAD_UNCHANGED)
    if image.dtype != np.uint8 or (image.ndim == 3 and image.shape[2] != 3):
        raise InputError(f"{path} is not a grey or RGB picture of 8 bits.")
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _decode(path: str | os.PathLike, mode: int) -> np.ndarray:
    # imdecode, not imread: imread cannot open every file name and prints to the console.
    try:
        encoded = np.fromfile(path, dtype=np.uint8)
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a picture.") from None
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    try:
        image = cv2.imdecode(encoded, mode) if encoded.size else None
    except cv2.error:
        image = None
    if image is None:
        raise InputError(f"{path} is not a picture that can be read; is it damaged or empty?")
    return image


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
    return cv2.imencode(".png", _as_bgr(image), options)[1].tobytes()


def write_bmp(path: str | os.PathLike, image: np.ndarray) -> None:
    """Writes a BMP, which is not compressed, atomically.

    Args:
        path: where to; its folder is made if missing.
        image: [H, W] or [H, W, 3] RGB, uint8.

    Raises:
        InputError: the file cannot be written there.
    """
    write_bytes(path, cv2.imencode(".bmp", _as_bgr(image))[1].tobytes())


def _as_bgr(image: np.ndarray) -> np.ndarray:
    return image if image.ndim == 2 else image[..., (2, 1, 0, 3)[: image.shape[2]]]


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
