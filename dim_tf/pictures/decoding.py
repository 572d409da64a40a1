"""From what is in a file to pixels as they are stored, by Pillow or OpenCV, and quietly."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image, PngImagePlugin

from dim_tf.pictures.code_points import code_points_of, profile_of_code_points
from dim_tf.pictures.colour import ColourProfile, ProfileError, converted, profile_of
from dim_tf.pictures.kinds import PILLOW_FORMATS, PNG_DEPTH_AT, is_deep, largest_number
from dim_tf.pictures.levels import check_range
from dim_tf.system.errors import InputError
from dim_tf.system.memory import NotEnoughMemoryError, lacks_memory
from dim_tf.system.quiet import stderr_held_back

# TIFF and EXIF tags.
_PHOTOMETRIC, _ORIENTATION, _PLANAR, _EXTRA_SAMPLES = 0x0106, 0x0112, 0x011C, 0x0152
_WHITE_IS_ZERO = 0  # of the photometric interpretation
_APART = 2  # one channel after the other
# What a further channel of a TIFF is: nothing said, or opacity that the colours are multiplied by.
_NOTHING_SAID, _PREMULTIPLIED = 0, 1
# Pillow's modes of more than 8 bits.
_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I", "F")


class Decoded(NamedTuple):
    """The pixels as they are stored; see `dim_tf.pictures.picture.Picture`.

    Attributes:
        orientation: the EXIF orientation that the file asks for, 1 to 8.
        is_turned: whether the library has followed it by itself.
    """

    pixels: np.ndarray
    opacity: np.ndarray | None = None
    labels: np.ndarray | None = None
    white_is_known: bool = False
    has_shades: bool = False
    orientation: int = 1
    is_turned: bool = False


@contextlib.contextmanager
def quiet_libraries() -> Iterator:
    """Holds back what libraries say, and Pillow's own limits: of pixels ours is the user's.

    A megabyte for a text or colour profile of a PNG, unpacked, is little for what editors write;
    there remains the limit of all of its texts together. These are the whole process's, so one
    thread at a time is inside.
    """
    # From then on and not for the block: `catch_warnings` is the whole process's as well, and would
    # take away what other threads warn of.
    # Not of what Pillow warns of a picture that claims too many pixels: a program may want that.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    with stderr_held_back() as said:
        limits = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
        Image.MAX_IMAGE_PIXELS = None
        PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY
        try:
            yield said
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = limits


def usable_profile(
    image: Image.Image, kind: str, content: bytes | None
) -> tuple[ColourProfile | None, list[str]]:
    """What an opened picture says about its colours, and what to tell where that is of no use.

    A PNG's code points come before its ICC profile (PNG specification, third edition, 11.3.2.6),
    those of the others behind it.

    Args:
        image: by Pillow.
        kind: see `dim_tf.pictures.picture.Picture`.
        content: the whole file; None of a picture that Pillow alone has.
    """
    points = code_points_of(kind, content, image.info)
    if points and (kind == "PNG" or not image.info.get("icc_profile")):
        return profile_of_code_points(points)
    try:
        return profile_of(image), []
    except ProfileError:
        return None, ["its colour profile cannot be used and is passed over"]


def _orientation_of(image: Image.Image) -> int:
    """The EXIF orientation of an opened picture, 1 (as stored) to 8; 1 where it makes no sense."""
    try:
        return _oriented(image.getexif().get(_ORIENTATION))
    except Exception:  # an EXIF block that makes no sense
        return 1


def _oriented(orientation: Any) -> int:
    return orientation if orientation in range(1, 9) else 1


def decoded(
    path: Path,
    content: bytes | None,
    image: Image.Image,
    kind: str,
    profile: ColourProfile | None,
) -> Decoded:
    """Decodes an opened picture.

    Args:
        path: for the error.
        content: the whole file; None of a picture that Pillow alone has.
        image: by Pillow.
        kind: see `dim_tf.pictures.picture.Picture`.
        profile: of its colours, for CMYK.

    Raises:
        InputError: it is damaged or of a rare kind, or memory does not hold it.
    """
    is_plain_jpeg = kind == "JPEG" and image.mode in ("L", "RGB")
    try:
        by_opencv = content is not None and (is_plain_jpeg or is_deep(content, image, kind))
        # Afterwards Pillow has forgotten it.
        followed = _orientation_followed(image, kind, by_opencv)
        if by_opencv:
            stored = _decoded_by_opencv(path, content, image, kind)
        else:
            if content is not None and kind == "JPEG":
                # CMYK. Pillow does not pass on what libjpeg says of damaged data.
                cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
            if content is not None and kind == "PNG" and image.mode == "L":
                _scale_transparent_grey(image, content)
            stored = _decoded_by_pillow(path, image, profile)
        if followed > 1:
            return stored._replace(orientation=followed, is_turned=True)
        # Of a PNG it may stand behind the pixels.
        return stored._replace(orientation=_orientation_of(image))
    except InputError:
        raise
    except Exception as error:  # damaged data: both raise whatever they stumble over
        if lacks_memory(error):
            raise NotEnoughMemoryError(path) from None
        raise undecodable(path, kind) from None


def _orientation_followed(image: Image.Image, kind: str, by_opencv: bool) -> int:
    """The orientation by which the library will turn it, 1 to 8: both turn TIFFs and nothing else.

    OpenCV goes by the tag alone, Pillow by what XMP says as well.
    """
    if kind != "TIFF":
        return 1
    return _oriented(image.tag_v2.get(_ORIENTATION)) if by_opencv else _orientation_of(image)


def _scale_transparent_grey(image: Image.Image, content: bytes) -> None:
    """Of a grey PNG of 2 or 4 bits Pillow scales the pixels, not the value that is transparent."""
    value, depth = image.info.get("transparency"), content[PNG_DEPTH_AT]
    if isinstance(value, int) and depth < 8:
        image.info["transparency"] = value * 255 // (2**depth - 1)


def undecodable(path: Path, kind: str) -> InputError:
    """What to say of a file that is damaged, or of which the libraries know nothing."""
    return InputError(
        f"{path} cannot be decoded; it is damaged, cut short or of a rare kind, so save it anew as "
        f"PNG ({kind})."
    )


def _decoded_by_pillow(path: Path, image: Image.Image, profile: ColourProfile | None) -> Decoded:
    image.load()
    if image.mode in _DEEP_MODES:
        pixels = np.array(image)
        has_shades = image.mode == "F"
        return _deep_grey(
            image,
            _whole_numbers(path, pixels),
            white_is_known=has_shades or image.format in PILLOW_FORMATS["PPM or PGM"],
            has_shades=has_shades,
        )
    labels = None
    if image.mode == "P":
        labels = np.asarray(image)
    has_opacity = image.has_transparency_data
    if image.mode == "CMYK":
        image = converted(image, profile.icc) if profile else image.convert("RGB")
    elif image.mode in ("L", "LA", "La", "1"):
        image = image.convert("LA" if has_opacity else "L")
    elif image.mode != "RGB" or has_opacity:
        image = image.convert("RGBA" if has_opacity else "RGB")
    pixels = np.array(image)  # one that may be written to
    if not has_opacity:
        return Decoded(pixels, labels=labels)
    colours = pixels[..., 0] if pixels.shape[2] == 2 else np.ascontiguousarray(pixels[..., :3])
    return Decoded(np.ascontiguousarray(colours), np.ascontiguousarray(pixels[..., -1]), labels)


def _decoded_by_opencv(path: Path, content: bytes, image: Image.Image, kind: str) -> Decoded:
    tags = image.tag_v2 if kind == "TIFF" else {}
    if tags.get(_PLANAR) == _APART and len(image.getbands()) > 1:  # OpenCV would mix them up
        raise ValueError("planar")
    # A PGM of text may end without the line's end that OpenCV wants.
    buffer = np.frombuffer(content + b"\n" if kind == "PPM or PGM" else content, np.uint8)
    pixels = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
    if sorted(pixels.shape[:2]) != sorted(image.size):
        raise ValueError("not the size that the header claims")
    has_shades = pixels.dtype == np.float32
    white_is_known = kind == "PPM or PGM" or has_shades
    pixels = _whole_numbers(path, pixels)
    if kind == "PPM or PGM":
        largest = largest_number(content)
        pixels = (pixels.astype(np.uint32) * 65_535 + largest // 2) // largest
        pixels = np.minimum(pixels, 65_535).astype(np.uint16)
    if pixels.ndim == 2:
        return _deep_grey(image, pixels, white_is_known=white_is_known, has_shades=has_shades)
    if pixels.shape[2] == 3:
        rgb = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        return Decoded(rgb, white_is_known=white_is_known, has_shades=has_shades)
    rgb = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB)
    opacity = np.ascontiguousarray(pixels[..., 3])
    (meaning, *_) = tags.get(_EXTRA_SAMPLES, (None,))
    if meaning == _NOTHING_SAID:
        return Decoded(rgb)
    if image.mode == "LA":
        return Decoded(rgb[..., 0], opacity)
    if meaning == _PREMULTIPLIED:
        rgb = _divided(rgb, opacity)
    return Decoded(rgb, opacity)


def _deep_grey(image: Image.Image, pixels: np.ndarray, **known: bool) -> Decoded:
    """Grey of 16 bits, where neither library minds which end is white and what is transparent.

    Of 8 bits, as which OpenCV decodes a JPEG, both do.
    """
    opacity, transparent = None, image.info.get("transparency")
    if pixels.dtype == np.uint16:
        if image.format == "TIFF" and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
            pixels = 65_535 - pixels
        if image.format == "PNG" and isinstance(transparent, int):
            opacity = np.where(pixels == transparent, np.uint16(0), np.uint16(65_535))
    return Decoded(pixels, opacity, **known)


def _divided(colours: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Colours that were multiplied by their opacity as they were before, [H, W, 3] uint16.

    Where nothing is opaque they are as they were stored.
    """
    largest = np.iinfo(opacity.dtype).max
    divisor = np.where(opacity == 0, largest, opacity)[..., None].astype(np.float32)
    return np.minimum(np.round(colours * (largest / divisor)), largest).astype(colours.dtype)


def _whole_numbers(path: Path, pixels: np.ndarray) -> np.ndarray:
    """uint8 or uint16 of that in either byte order, or of floating point in [0, 1].

    Integers of other types, as labels may have, are those of 16 bits if these can hold them.

    Raises:
        InputError: other numbers.
    """
    if pixels.dtype == np.float32:
        check_range(pixels, path)
        pixels = np.round(np.clip(pixels, 0, 1) * np.float64(65_535)).astype(np.uint16)
    is_integer = np.issubdtype(pixels.dtype, np.integer)
    if is_integer and pixels.dtype != np.uint8 and 0 <= pixels.min() <= pixels.max() <= 65_535:
        pixels = pixels.astype(np.uint16)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"{path} has {pixels.dtype} pixels; save it with 8 or 16 bits for each channel."
        )
    return pixels
