"""One reader for every picture: format, size, orientation, colour profile, opacity, depth, pages.

Pillow says what is in a file before anything is decoded, and decodes it. OpenCV decodes where
Pillow cannot: colours of more than 8 bits, and JPEG, since Pillow passes over what libjpeg says of
a picture of which a part is missing. What a picture means is said by its role:
`dim_tf.pictures.photo`, `mask`, `matte` and `trimap`.
"""

import contextlib
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from dim_tf.config import MAX_INPUT_MEGAPIXELS
from dim_tf.pictures.colour import ColourProfile
from dim_tf.pictures.decoding import (
    Decoded,
    decoded,
    quiet_libraries,
    undecodable,
    usable_profile,
)
from dim_tf.pictures.kinds import (
    PILLOW_FORMATS,
    START_BYTES,
    content_of_image,
    is_as_in_its_file,
    is_lossy,
    kind_of,
    lacks_its_end,
)
from dim_tf.pictures.limits import refuse_no_name, refuse_too_large
from dim_tf.pictures.writing import MARK, MATTE_MARK, TRIMAP_MARK
from dim_tf.system.errors import InputError, Teller, tell

_SEVERAL = "it holds several pictures, the first is taken"
# A TIFF tag.
_NEW_SUBFILE_TYPE = 0x00FE
# What libjpeg says where it fills the rest of a picture with grey.
_JPEG_INCOMPLETE = "premature end of"
# And where what it made of the numbers does not fill the picture, or fills it twice.
_JPEG_DAMAGED = re.compile("extraneous bytes before marker 0xd|bad Huffman code|instead of RST")


class Picture(NamedTuple):
    """A picture turned the way a person sees it.

    Attributes:
        path: its file, or where there is none what a sentence calls it.
        pixels: [H, W] or [H, W, 3] RGB, uint8 or uint16, the numbers of the file; the colours of
            transparent pixels as they are stored. CMYK is converted to sRGB.
        opacity: [H, W] of the same dtype; None where the file has no transparency.
        labels: [H, W] uint8, the numbers of a palette's colours; None without a palette.
        profile: what the numbers mean as colours; None: sRGB, or not said.
        kind: "PNG", "JPEG", "TIFF", "WebP", "AVIF", "HEIC", "GIF", "BMP" or "PPM or PGM";
            `dim_tf.pictures.arrays.ARRAY` of a library caller's array.
        orientation: the EXIF orientation that was followed, 1 (as stored) to 8.
        lossy: whether its kind of file changes pixels a little.
        notes: what there is to tell about it, each the end of a line that begins with its file.
        white_is_known: whether the file says which number is white, as floating point, PGM and
            mattes that this program wrote do.
        has_shades: whether the numbers are shades for certain and no labels, as those of floating
            point and of such mattes are.
        is_own: whether it is a matte or trimap that this program wrote: white is the object, and it
            lies as its photo is seen.
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
    has_shades: bool = False
    is_own: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, pixels."""
        return self.pixels.shape[:2]


def read_picture(path: str | os.PathLike, max_megapixels: float = MAX_INPUT_MEGAPIXELS) -> Picture:
    """Reads whatever a user may have, and quietly: what libraries write to stderr is held back.

    Of several pages or frames it is the first. Several threads read one after the other.

    Args:
        path: PNG, JPEG, TIFF, WebP, AVIF, GIF, BMP, PPM or PGM, and HEIC where pillow-heif is
            installed; grey, RGB, palette or CMYK, of up to 16 bits or floating point in [0, 1],
            with transparency or without.
        max_megapixels: a larger picture is refused before it is decoded.

    Raises:
        InputError: the file is missing, unreadable, damaged, cut short, of another kind or too
            large.
    """
    refuse_no_name(path)
    return picture_of_content(_content_of(Path(path)), path, max_megapixels)


def picture_of_content(
    content: bytes, name: str | os.PathLike, max_megapixels: float = MAX_INPUT_MEGAPIXELS
) -> Picture:
    """What `read_picture` makes of a file's content.

    Args:
        content: the whole file.
        name: of the file, or what a sentence is to call it where there is none.
        max_megapixels: see `read_picture`.

    Raises:
        InputError: see `read_picture`; `UnreadKindError` of another kind, `TooManyPixelsError` of
            one that is too large.
    """
    path = Path(name)
    kind = kind_of(path, content)
    with quiet_libraries() as said:
        image, several, is_thumbnail = _opened(path, content, kind)
        refuse_too_large(path, image.size, max_megapixels)
        if is_thumbnail:
            raise InputError(
                f"{path} is a TIFF file that begins with a thumbnail, as cameras' raw files do; "
                "convert it to PNG."
            )
        profile, notes = usable_profile(image, kind, content)
        stored = decoded(path, content, image, kind, profile)
        if _JPEG_INCOMPLETE in said():
            raise InputError(f"{path} is damaged: a part of the picture is missing (JPEG).")
        if _JPEG_DAMAGED.search(said()):
            notes.append("its data is damaged, so that a part of the picture may be wrong (JPEG)")
    if several:
        notes.append(_SEVERAL)
    return _seen(
        image,
        stored,
        path=path,
        profile=None if image.mode == "CMYK" else profile,  # of CMYK it was followed
        kind=kind,
        lossy=is_lossy(content, image, kind),
        notes=tuple(notes),
    )


def picture_of_image(
    image: Image.Image, name: str, max_megapixels: float = MAX_INPUT_MEGAPIXELS
) -> Picture:
    """A Pillow picture by the rules for files: its EXIF orientation, colour profile and opacity.

    Of several frames it is the one at which the picture stands. One that was opened and is not
    loaded yet is read as its file is: Pillow alone does not know all that a file says.

    Args:
        image: of any mode, opened from a file or made by the caller.
        name: what to call it where it has no file.
        max_megapixels: a larger picture is refused.

    Raises:
        InputError: it is too large, or what it is to be loaded from is damaged.
    """
    path = Path(os.fsdecode(getattr(image, "filename", "") or name))
    if 0 in image.size:
        raise InputError(f"{path} has no pixels, its size is {image.width}×{image.height}.")
    refuse_too_large(path, image.size, max_megapixels)
    kinds = (kind for kind, formats in PILLOW_FORMATS.items() if image.format in formats)
    kind = next(kinds, "PNG")  # as what is not lossy
    with quiet_libraries():
        content = content_of_image(image)
        if content and image.format and is_as_in_its_file(image, content, kind):
            picture = picture_of_content(content, path, max_megapixels)
            notes = (note for note in picture.notes if note != _SEVERAL)  # the caller chose one
            return picture._replace(notes=tuple(notes))
        profile, notes = usable_profile(image, kind, None)
        stored = decoded(path, None, image, kind, profile)
    return _seen(
        image,
        stored,
        path=path,
        profile=None if image.mode == "CMYK" else profile,
        kind=kind,
        lossy=is_lossy(content, image, kind),
        notes=tuple(notes),
    )


def _seen(image: Image.Image, stored: Decoded, **of_file: Any) -> Picture:
    """Pixels as they are stored, or already turned, with what else is known of their file."""
    # Pillow hands it on to what is made of a picture, which has no format and may be anything.
    mark = image.info.get(MARK) if image.format == "PNG" else None
    pixels, opacity, labels = (
        part if part is None or stored.is_turned else turned(part, stored.orientation)
        for part in (stored.pixels, stored.opacity, stored.labels)
    )
    if opacity is not None and opacity.min() == np.iinfo(opacity.dtype).max:
        opacity = None
    return Picture(
        pixels=pixels,
        opacity=opacity,
        labels=labels,
        orientation=stored.orientation,
        white_is_known=stored.white_is_known or mark == MATTE_MARK,
        has_shades=stored.has_shades or mark == MATTE_MARK,
        is_own=mark in (MATTE_MARK, TRIMAP_MARK),
        **of_file,
    )


def read_in_role(
    path: str | os.PathLike,
    max_megapixels: float,
    role: Callable[[Picture], tuple[Any, list[str]]],
    told: Teller = tell,
) -> Any:
    """Reads a picture as what it is meant to be.

    Args:
        path: see `read_picture`.
        max_megapixels: a larger one is refused unread.
        role: from a picture to what it means and what to tell of it, such as `matte_of`.
        told: gets what there is to say about it.

    Returns:
        What it means.

    Raises:
        InputError: see `read_picture` and the role.
    """
    picture = read_picture(path, max_megapixels)
    meaning, notes = role(picture)
    told(picture.path, *picture.notes, *notes)
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
        with path.open("rb") as file:
            start = file.read(START_BYTES)
            kind_of(path, start)  # what is no picture may be a film of gigabytes
            return start + file.read()
    except InputError:
        raise
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a picture.") from None
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}.") from None


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
    if kind == "TIFF":  # of which there are more kinds than Pillow knows
        raise undecodable(path, kind)
    raise InputError(f"{path} is damaged or cut short ({kind}); copy or download it again.")
