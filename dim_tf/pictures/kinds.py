"""Kinds of picture files: which one a file is, and what its first bytes and tags say of it."""

import importlib.util
import io
import re
from collections.abc import Iterator
from pathlib import Path

from PIL import AvifImagePlugin, Image, TiffImagePlugin, WebPImagePlugin

from dim_tf.system.errors import InputError

READ_KINDS = "PNG, JPEG, TIFF, WebP, AVIF, HEIC, GIF, BMP, PPM or PGM"

# How files of the kinds begin that are read, and what Pillow calls them.
_KINDS = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "TIFF": rb"II\x2a\0|MM\0\x2a",
    "WebP": rb"RIFF....WEBP",
    # The brand of still pictures in general does for either: then those behind it tell.
    "AVIF": rb"....ftyp(?:avi[fs]|(?:mif1|msf1)....(?:....){0,16}?avi[fs])",
    "HEIC": rb"....ftyp(?:heic|heix|heim|heis|hevc|mif1|msf1)",
    "GIF": rb"GIF8",
    "BMP": rb"BM",
    "PPM or PGM": rb"P[1-6][\s#]",
}
PILLOW_FORMATS = {
    "PNG": ("PNG",),
    "JPEG": ("JPEG", "MPO"),  # a phone's photo with a second view or a depth map behind it
    "TIFF": (TiffImagePlugin.TiffImageFile.format,),
    "WebP": (WebPImagePlugin.WebPImageFile.format,),
    "AVIF": (AvifImagePlugin.AvifImageFile.format,),
    "HEIC": ("HEIF",),
    "GIF": ("GIF",),
    "BMP": ("BMP",),
    "PPM or PGM": ("PPM",),
}
# Kinds that people have and that are not read, so that the sentence can name them.
_OTHER_KINDS = (
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
# TIFF tags.
_BITS_PER_SAMPLE, _COMPRESSION = 0x0102, 0x0103
_JPEG_IN_TIFF = (6, 7)
PNG_DEPTH_AT = 24
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LOSSY_KINDS, _LOSSLESS_WEBP = ("JPEG", "AVIF", "HEIC"), b"VP8L"
# Of a JPEG a marker that something follows; not zeros after a 255 of the pixels, nor restarts.
_JPEG_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_JPEG_END = b"\xd9"


class UnreadKindError(InputError):
    """A file of a kind that is not read, or no picture at all."""


# So much of a file says what kind it is.
START_BYTES = 1000


def kind_of(path: Path, content: bytes) -> str:
    """What kind a file is, one of the keys of `PILLOW_FORMATS`.

    Args:
        path: for the error.
        content: the file, or the first `START_BYTES` of it.

    Raises:
        UnreadKindError: another kind, named where it is a common one; or the file is empty.
    """
    if not content:
        raise UnreadKindError(f"{path} is not a picture; it is empty.")
    start = content[:START_BYTES]
    if re.match(_WEB_PAGE, start):
        raise UnreadKindError(f"{path} is a web page, not a picture; download the picture itself.")
    for signature, kind in _OTHER_KINDS:
        if re.match(signature, start, re.DOTALL):
            raise UnreadKindError(f"{path} is {kind}, which is not read; convert it to PNG.")
    kind = next((kind for kind in _KINDS if re.match(_KINDS[kind], start, re.DOTALL)), None)
    if kind is None:
        raise UnreadKindError(f"{path} is not a picture that can be read ({READ_KINDS}).")
    if kind == "HEIC":
        if importlib.util.find_spec("pillow_heif") is None:
            raise UnreadKindError(
                f"{path} is a HEIC picture, for which pillow-heif is needed; install it with pip "
                "install pillow-heif, or convert the picture to PNG."
            )
        importlib.import_module("pillow_heif").register_heif_opener()
    return kind


def lacks_its_end(kind: str, content: bytes) -> bool:
    """Whether the end is missing of a file that libraries would give most of a picture for.

    Or would take gigabytes for: OpenCV does for a chunk of a PNG that claims them.
    """
    if kind == "PNG":
        return all(name != b"IEND" for name, _ in png_chunks_of(content))
    if kind != "JPEG":
        return False
    # From segment to segment, as a thumbnail in front of the picture has an end of its own, and
    # behind it a phone may have put a film with bytes of any kind.
    marker = _JPEG_MARKER.search(content)
    while marker and marker[1] != _JPEG_END:
        length = int.from_bytes(content[marker.end() : marker.end() + 2])
        marker = _JPEG_MARKER.search(content, marker.end() + length)
    return not marker


def png_chunks_of(content: bytes) -> Iterator[tuple[bytes, int]]:
    """The chunks of a PNG: the name of each, and where its data begins."""
    place = len(_PNG_SIGNATURE)
    while place + 8 <= len(content):
        yield content[place + 4 : place + 8], place + 8
        place += 12 + int.from_bytes(content[place : place + 4])


def is_deep(content: bytes, image: Image.Image, kind: str) -> bool:
    """Whether it has more than 8 bits a channel."""
    if kind == "PNG":
        return content[PNG_DEPTH_AT] > 8
    if kind == "PPM or PGM":
        return largest_number(content) > 255
    return kind == "TIFF" and max(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))) > 8


def is_lossy(content: bytes | None, image: Image.Image, kind: str) -> bool:
    """Whether this kind of file changes pixels a little. Without its content no WebP tells."""
    if kind == "WebP":
        return content is not None and _LOSSLESS_WEBP not in content
    if kind == "TIFF":
        return image.tag_v2.get(_COMPRESSION) in _JPEG_IN_TIFF
    return kind in _LOSSY_KINDS


def content_of_image(image: Image.Image) -> bytes | None:
    """The file of a picture that Pillow has, as long as it has the file; else None."""
    file = getattr(image, "fp", None)
    try:
        place = file.tell()
        file.seek(0)
        content = file.read()
        file.seek(place)
    except (AttributeError, OSError, ValueError):  # no file, or one that was closed
        return None
    return content


def is_as_in_its_file(image: Image.Image, content: bytes, kind: str) -> bool:
    """Whether a picture that Pillow has is its file's first one, not decoded yet nor changed."""
    if getattr(image, "_im", image) is not None or image.tell() != 0:
        return False
    try:
        first = Image.open(io.BytesIO(content), formats=PILLOW_FORMATS[kind])
    except Exception:  # of damaged headers Pillow raises whatever it likes
        return False
    # `draft` changes the first two, and the caller what he likes of the last.
    return (first.mode, first.size, first.info) == (image.mode, image.size, image.info)


def largest_number(content: bytes) -> int:
    """What is white in a PPM or PGM file; 1 in a PBM file, which does not say it."""
    space = rb"(?:\s|#[^\n]*\n)+"
    header = re.match(rb"P[2356]" + 3 * (space + rb"(\d+)"), content)
    return int(header[3]) if header else 1
