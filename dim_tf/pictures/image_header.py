"""What the first bytes of a picture's file say, before anything is decoded.

Only what has to be known beforehand: the size, because a file of a few bytes can claim a billion
pixels, and the EXIF orientation, because OpenCV ignores it where it keeps transparency.
"""

import re
import struct
from typing import NamedTuple

READ_KINDS = "PNG, JPEG, TIFF, WebP, BMP, PPM or PGM"

# Kinds that people have and that are not read, so that the sentence can name them.
_OTHER_KINDS = (
    (rb"GIF8", "a GIF animation or picture"),
    (rb"....ftyp(?:heic|heix|heim|heis|hevc|mif1|msf1)", "a HEIC picture"),
    (rb"....ftypavi[fs]", "an AVIF picture"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (rb"8BPS", "a Photoshop file"),
    (rb"gimp xcf", "a GIMP file"),
    (rb"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (rb"#\?R", "a Radiance HDR picture"),
    (rb"P[7Ff]\s", "a PAM or PFM picture"),
    (rb"%PDF", "a PDF document"),
    (rb"\x93NUMPY", "a NumPy array"),
    (rb"(?:II\x2b\0|MM\0\x2b)", "a BigTIFF picture"),
    (rb"(?:II\x2a\0....CR|IIU\0|II\x52[OS]|FUJIFILMCCD)", "a camera's raw file"),
    (rb"(?i:\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<svg)", "an SVG drawing"),
)
_WEB_PAGE = rb"(?i:\s*<(?:!doctype )?html)"
_ORIENTATION_TAG = 0x0112
_SOF_MARKERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PNM = re.compile(rb"P[1-6](?:\s+|\s*#[^\n]*\n)+?(\d+)(?:\s+|\s*#[^\n]*\n)+?(\d+)")


class Header(NamedTuple):
    """What a file claims to hold.

    Attributes:
        kind: "PNG", "JPEG", "TIFF", "WebP", "BMP" or "PNM".
        width: pixels as stored.
        height: pixels as stored.
        orientation: how EXIF says that the picture is seen, 1 (as stored) to 8.
        several: whether more than one picture is in the file: pages, or frames of an animation.
        white_is_zero: a TIFF whose 0 is white.
        transparency: whether the fourth channel of a TIFF, if it has one, is transparency.
    """

    kind: str
    width: int
    height: int
    orientation: int = 1
    several: bool = False
    white_is_zero: bool = False
    transparency: bool = True


class HeaderError(ValueError):
    """The file is no picture of a kind that is read, or damaged. Says which, after "is"."""


def read_header(content: bytes) -> Header:
    """Reads the header of a picture.

    Args:
        content: the whole file; that it is complete is looked at too, where the kind allows it
            without decoding.

    Raises:
        HeaderError: it cannot be used.
    """
    start = content[:1000]
    if re.match(_WEB_PAGE, start):
        raise HeaderError("a web page, not a picture; download the picture itself")
    for signature, kind in _OTHER_KINDS:
        if re.match(signature, start, re.DOTALL):
            raise HeaderError(f"{kind}, which is not read; convert it to PNG")
    for signature, kind, read in _READERS:
        if re.match(signature, start, re.DOTALL):
            try:
                header = read(content)
            except (struct.error, IndexError):
                raise HeaderError(
                    f"damaged or cut short ({kind}); copy or download it again"
                ) from None
            if min(header.width, header.height) < 1:
                raise HeaderError(f"damaged ({kind})")
            return header
    raise HeaderError(f"not a picture that can be read ({READ_KINDS})")


def _read_png(content: bytes) -> Header:
    width, height = struct.unpack_from(">II", content, 16)
    orientation, several, position = 1, False, 8
    while True:
        length, name = struct.unpack_from(">I4s", content, position)
        if name == b"eXIf":
            orientation = _exif_orientation(content[position + 8 : position + 8 + length])
        elif name == b"acTL":
            several = struct.unpack_from(">I", content, position + 8)[0] > 1
        if name == b"IEND":
            return Header("PNG", width, height, orientation, several)
        position += 12 + length


def _read_jpeg(content: bytes) -> Header:
    size, orientation, position = None, 1, 2
    while True:
        if content[position] != 0xFF:
            raise HeaderError("damaged (JPEG)")
        while content[position] == 0xFF:  # fill bytes are allowed
            position += 1
        marker = content[position]
        (length,) = struct.unpack_from(">H", content, position + 1)
        data = content[position + 3 : position + 1 + length]
        if marker in _SOF_MARKERS:
            height, width = struct.unpack_from(">HH", data, 1)
            size = width, height
        elif marker == 0xE1 and data.startswith(b"Exif\0\0"):
            orientation = _exif_orientation(data[6:])
        elif marker == 0xDA:  # the picture's data up to the end-of-image marker
            # Without that marker some versions of OpenCV give half a picture and grey below.
            if size is None or content.find(b"\xff\xd9", position) < 0:
                raise HeaderError("cut short (JPEG); copy or download it again")
            return Header("JPEG", *size, orientation)
        position += 1 + length


def _read_webp(content: bytes) -> Header:
    size, orientation, several, position = None, 1, False, 12
    while position + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, position)
        data = content[position + 8 : position + 8 + length]
        if name == b"VP8X":
            wide, high = data[4:7] + b"\0", data[7:10] + b"\0"
            size = struct.unpack("<I", wide)[0] + 1, struct.unpack("<I", high)[0] + 1
        elif name == b"VP8 ":
            stored = struct.unpack_from("<HH", data, 6)
            size = size or (stored[0] & 0x3FFF, stored[1] & 0x3FFF)
        elif name == b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 1)
            size = size or ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        elif name == b"EXIF":
            orientation = _exif_orientation(data.removeprefix(b"Exif\0\0"))
        several |= name == b"ANIM"
        position += 8 + length + length % 2
    if size is None:
        raise HeaderError("damaged (WebP)")
    return Header("WebP", *size, orientation, several)


def _read_tiff(content: bytes) -> Header:
    tags, several = _tiff_tags(content)
    if tags.get(0x00FE, 0) & 1:  # NewSubfileType: a smaller copy of another page
        raise HeaderError(
            "a TIFF file that begins with a thumbnail, as cameras' raw files do; convert it to PNG"
        )
    if 0x0100 not in tags or 0x0101 not in tags:
        raise HeaderError("damaged (TIFF)")
    return Header(
        kind="TIFF",
        width=tags[0x0100],
        height=tags[0x0101],
        orientation=_valid_orientation(tags),
        several=several,
        white_is_zero=tags.get(0x0106) == 0,  # PhotometricInterpretation
        transparency=tags.get(0x0152) != 0,  # ExtraSamples: unspecified
    )


def _read_bmp(content: bytes) -> Header:
    (length,) = struct.unpack_from("<I", content, 14)
    width, height = struct.unpack_from("<HH" if length == 12 else "<ii", content, 18)
    return Header("BMP", width, abs(height))


def _read_pnm(content: bytes) -> Header:
    found = _PNM.match(content[:10_000])
    if not found:
        raise HeaderError("damaged (PPM or PGM)")
    return Header("PNM", *map(int, found.groups()))


_READERS = (
    (rb"\x89PNG\r\n\x1a\n", "PNG", _read_png),
    (rb"\xff\xd8\xff", "JPEG", _read_jpeg),
    (rb"RIFF....WEBP", "WebP", _read_webp),
    (rb"II\x2a\0|MM\0\x2a", "TIFF", _read_tiff),
    (rb"BM", "BMP", _read_bmp),
    (rb"P[1-6][\s#]", "PPM or PGM", _read_pnm),
)


def _exif_orientation(exif: bytes) -> int:
    """The orientation in an EXIF block; as stored where the block does not make sense."""
    try:
        return _valid_orientation(_tiff_tags(exif)[0])
    except struct.error:
        return 1


def _valid_orientation(tags: dict[int, int]) -> int:
    orientation = tags.get(_ORIENTATION_TAG, 1)
    return orientation if 1 <= orientation <= 8 else 1


def _tiff_tags(content: bytes) -> tuple[dict[int, int], bool]:
    """The single whole numbers among the tags of the first directory; whether there is another."""
    order = "<" if content[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}4xI", content)
    (count,) = struct.unpack_from(f"{order}H", content, start)
    tags = {}
    for position in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(f"{order}HHI", content, position)
        if length == 1 and kind in (3, 4):
            number = f"{order}{'H' if kind == 3 else 'I'}"
            (tags[tag],) = struct.unpack_from(number, content, position + 8)
    (next_start,) = struct.unpack_from(f"{order}I", content, start + 2 + 12 * count)
    return tags, next_start != 0
