"""One reader for every picture: format, size, orientation, colour profile, opacity, depth, pages.

Pillow says what is in a file before anything is decoded, and decodes it. OpenCV decodes where
Pillow cannot: colours of more than 8 bits, and JPEG, since Pillow passes over what libjpeg says of
a picture of which a part is missing. What a picture means is said by its role:
`dim_tf.pictures.photo`, `mask`, `matte` and `trimap`.
"""

import contextlib
import io
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

from dim_tf.config import MAX_INPUT_MEGAPIXELS
from dim_tf.pictures.colour import ColourProfile, ProfileError, converted, profile_of
from dim_tf.pictures.kinds import (
    PILLOW_FORMATS,
    is_deep,
    is_lossy,
    kind_of,
    lacks_its_end,
    largest_number,
)
from dim_tf.system.errors import InputError, tell
from dim_tf.system.quiet import stderr_held_back

# TIFF and EXIF tags.
_NEW_SUBFILE_TYPE, _PHOTOMETRIC, _ORIENTATION, _EXTRA_SAMPLES = 0x00FE, 0x0106, 0x0112, 0x0152
# What libjpeg says where it fills the rest of a picture with grey.
_JPEG_INCOMPLETE = "premature end of"


class Picture(NamedTuple):
    """A picture turned the way a person sees it.

    Attributes:
        path: its file.
        pixels: [H, W] or [H, W, 3] RGB, uint8 or uint16, the numbers of the file; the colours of
            transparent pixels as they are stored. CMYK is converted to sRGB.
        opacity: [H, W] of the same dtype; None where the file has no transparency.
        labels: [H, W] uint8, the numbers of a palette's colours; None without a palette.
        profile: what the numbers mean as colours; None: sRGB, or not said.
        kind: "PNG", "JPEG", "TIFF", "WebP", "AVIF", "HEIC", "GIF", "BMP" or "PPM or PGM".
        orientation: the EXIF orientation that was followed, 1 (as stored) to 8.
        lossy: whether its kind of file changes pixels a little.
        notes: what there is to tell about it, each the end of a line that begins with its file.
        white_is_known: whether the file says which number is white, as floating point and PGM do.
    """

    path: Path
    pixels: np.ndarray
    opacity: np.ndarray | None
    labels: np.ndarray | None
    profile: ColourProfile | None
    kind: str
    orientation: int
    lossy: bool
    notes: tuple[str, ...]
    white_is_known: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, pixels."""
        return self.pixels.shape[:2]


class _Decoded(NamedTuple):
    """The pixels as they are stored."""

    pixels: np.ndarray
    opacity: np.ndarray | None = None
    labels: np.ndarray | None = None
    white_is_known: bool = False


def read_picture(path: str | os.PathLike, max_megapixels: float = MAX_INPUT_MEGAPIXELS) -> Picture:
    """Reads whatever a user may have, and quietly: what libraries write to stderr is held back.

    Of several pages or frames it is the first. Not for several threads at once. Both libraries turn
    a TIFF by themselves, nothing else.

    Args:
        path: PNG, JPEG, TIFF, WebP, AVIF, GIF, BMP, PPM or PGM, and HEIC where pillow-heif is
            installed; grey, RGB, palette or CMYK, of up to 16 bits or floating point in [0, 1],
            with transparency or without.
        max_megapixels: a larger picture is refused before it is decoded.

    Raises:
        InputError: the file is missing, unreadable, damaged, cut short, of another kind or too
            large.
    """
    path = Path(path)
    content = _content_of(path)
    kind = kind_of(path, content)
    with _quiet_libraries() as said:
        image, several, is_thumbnail = _opened(path, content, kind)
        width, height = image.size
        if width * height > max_megapixels * 1e6:
            raise InputError(
                f"{path} claims {width}×{height} pixels, more than {max_megapixels:g} megapixels; "
                "make it smaller (test.py can raise the limit: --max_input_megapixels)."
            )
        if is_thumbnail:
            raise InputError(
                f"{path} is a TIFF file that begins with a thumbnail, as cameras' raw files do; "
                "convert it to PNG."
            )
        profile, notes = _profile(image)
        turned_by_library = _orientation(image) if kind == "TIFF" else None
        decoded = _decoded(path, content, image, kind, profile)
        if _JPEG_INCOMPLETE in said():
            raise InputError(f"{path} is damaged: a part of the picture is missing (JPEG).")
        # Of a PNG it may stand behind the pixels.
        orientation = turned_by_library or _orientation(image)
    if several:
        notes.append("it holds several pictures, the first is taken")
    if image.mode == "CMYK":
        profile = None  # it was followed
    pixels, opacity, labels = (
        part if part is None or turned_by_library else turned(part, orientation)
        for part in (decoded.pixels, decoded.opacity, decoded.labels)
    )
    if opacity is not None and opacity.min() == np.iinfo(opacity.dtype).max:
        opacity = None
    return Picture(
        path=path,
        pixels=pixels,
        opacity=opacity,
        labels=labels,
        profile=profile,
        kind=kind,
        orientation=orientation,
        lossy=is_lossy(content, image, kind),
        notes=tuple(notes),
        white_is_known=decoded.white_is_known,
    )


def read_in_role(
    path: str | os.PathLike,
    max_megapixels: float,
    role: Callable[[Picture], tuple[Any, list[str]]],
) -> Any:
    """Reads a picture as what it is meant to be, and prints what there is to say about it.

    Args:
        path: see `read_picture`.
        max_megapixels: a larger one is refused unread.
        role: from a picture to what it means and what to tell of it, such as `matte_of`.

    Returns:
        What it means.

    Raises:
        InputError: see `read_picture` and the role.
    """
    picture = read_picture(path, max_megapixels)
    meaning, notes = role(picture)
    tell(picture.path, *picture.notes, *notes)
    return meaning


def read_stored(path: str | os.PathLike) -> np.ndarray:
    """Reads a picture that this program wrote, as it is stored.

    Returns:
        [H, W] or [H, W, 3] RGB, uint8.

    Raises:
        InputError: the file is missing or damaged, or has another number of channels or bits.
    """
    picture = read_picture(path)
    if picture.pixels.dtype != np.uint8 or picture.opacity is not None:
        raise InputError(f"{path} is not a grey or RGB picture of 8 bits.")
    return picture.pixels


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


def turned_back(image: np.ndarray, orientation: int) -> np.ndarray:
    """What `turned` gave, as it was stored.

    Args:
        image: [H, W] or [H, W, channels].
        orientation: the value of the EXIF tag, 1 to 8.
    """
    return turned(image, {6: 8, 8: 6}.get(orientation, orientation))


def _content_of(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a picture.") from None
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    if not content:
        raise InputError(f"{path} is not a picture; it is empty.")
    return content


@contextlib.contextmanager
def _quiet_libraries() -> Iterator:
    """Holds back what libraries say, and Pillow's own limit of pixels: ours is the user's."""
    largest, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with stderr_held_back() as said, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield said
    finally:
        Image.MAX_IMAGE_PIXELS = largest


def _opened(path: Path, content: bytes, kind: str) -> tuple[Image.Image, bool, bool]:
    """What the file says of itself, nothing is decoded yet.

    Returns:
        The picture; whether others follow; and whether it is a smaller copy of one of these.
    """
    with contextlib.suppress(Exception):  # of damaged headers Pillow raises whatever it likes
        if not lacks_its_end(kind, content):
            image = Image.open(io.BytesIO(content), formats=PILLOW_FORMATS[kind])
            several = kind != "JPEG" and getattr(image, "n_frames", 1) > 1
            is_thumbnail = kind == "TIFF" and bool(image.tag_v2.get(_NEW_SUBFILE_TYPE, 0) & 1)
            return image, several, is_thumbnail
    raise InputError(f"{path} is damaged or cut short ({kind}); copy or download it again.")


def _profile(image: Image.Image) -> tuple[ColourProfile | None, list[str]]:
    try:
        return profile_of(image), []
    except ProfileError:
        return None, ["its colour profile cannot be used and is passed over"]


def _orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # an EXIF block that makes no sense
        return 1
    return orientation if orientation in range(1, 9) else 1


def _decoded(
    path: Path, content: bytes, image: Image.Image, kind: str, profile: ColourProfile | None
) -> _Decoded:
    by_opencv = kind == "JPEG" and image.mode in ("L", "RGB")
    try:
        if by_opencv or is_deep(content, image, kind):
            return _decoded_by_opencv(path, content, image, kind)
        return _decoded_by_pillow(image, profile)
    except InputError:
        raise
    except Exception:  # damaged data: both raise whatever they stumble over
        raise InputError(
            f"{path} cannot be decoded; it is damaged, cut short or of a rare kind, so save it "
            f"anew as PNG ({kind})."
        ) from None


def _decoded_by_pillow(image: Image.Image, profile: ColourProfile | None) -> _Decoded:
    image.load()
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
        return _Decoded(pixels, labels=labels)
    colours = pixels[..., 0] if pixels.shape[2] == 2 else np.ascontiguousarray(pixels[..., :3])
    return _Decoded(np.ascontiguousarray(colours), np.ascontiguousarray(pixels[..., -1]), labels)


def _decoded_by_opencv(path: Path, content: bytes, image: Image.Image, kind: str) -> _Decoded:
    # A PGM of text may end without the line's end that OpenCV wants.
    buffer = np.frombuffer(content + b"\n" if kind == "PPM or PGM" else content, np.uint8)
    pixels = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
    if sorted(pixels.shape[:2]) != sorted(image.size):
        raise ValueError("not the size that the header claims")
    white_is_known = kind == "PPM or PGM" or pixels.dtype == np.float32
    if pixels.dtype == np.float32 and pixels.min() >= 0 and pixels.max() <= 1:
        pixels = np.round(pixels * np.float64(65_535)).astype(np.uint16)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"{path} has {pixels.dtype} pixels; save it with 8 or 16 bits for each channel."
        )
    if kind == "PPM or PGM":
        largest = largest_number(content)
        pixels = (pixels.astype(np.uint32) * 65_535 + largest // 2) // largest
        pixels = np.minimum(pixels, 65_535).astype(np.uint16)
    tags = image.tag_v2 if kind == "TIFF" else {}
    if tags.get(_PHOTOMETRIC) == 0 and pixels.dtype == np.uint16:  # OpenCV minds it with 8 bits
        pixels = 65_535 - pixels
    if pixels.ndim == 2:
        return _Decoded(pixels, white_is_known=white_is_known)
    if pixels.shape[2] == 3:
        rgb = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        return _Decoded(rgb, white_is_known=white_is_known)
    rgb = cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGB)
    says_nothing = tags.get(_EXTRA_SAMPLES, (2,)) == (0,)
    return _Decoded(rgb, None if says_nothing else np.ascontiguousarray(pixels[..., 3]))
