"""The pack: cut-outs and photographs as WebP in one file, all that training reads of pictures.

index     JSON: the version, [source, name] of each cut-out, the name of each photograph
offsets   [2C + P + 1] int64, where each picture begins in `bytes`
bytes     uint8: colours and matte of each cut-out in turn, then the photographs
"""

import itertools
import json
import os
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from dim_tf.system.errors import InputError
from dim_tf.system.npz import text_array, text_of, write_npz
from recipes.accelerated.reading import read_or_refuse
from recipes.accelerated.settings import CUTOUT_SIDE, PHOTO_SIDE

_VERSION = 1
_LOSSLESS = 101  # OpenCV's WebP quality above 100

# A composite is exact whatever its alpha, and 52 levels pack better than 256.
_ALPHA_STEP = 5


class PackedCutout(NamedTuple):
    """A cut-out as WebP.

    Attributes:
        source: where it comes from, a name that --shares can call.
        name: its file's, and the number of the piece.
        colours: WebP, RGB.
        matte: lossless WebP, grey.
    """

    source: str
    name: str
    colours: bytes
    matte: bytes


class PackedPhoto(NamedTuple):
    """A photograph as WebP, at most 608 pixels high and wide."""

    name: str
    content: bytes


class Pack(NamedTuple):
    """What a pack holds."""

    cutouts: tuple[PackedCutout, ...]
    photos: tuple[PackedPhoto, ...]


def encode_colours(rgb: np.ndarray, quality: int) -> bytes:
    """[H, W, 3] uint8 RGB as WebP of this quality, 1 to 100."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()


def encode_matte(alpha: np.ndarray) -> bytes:
    """[H, W] uint8 as lossless WebP, rounded to 52 levels."""
    rounded = np.round(alpha / _ALPHA_STEP).astype(np.uint8) * _ALPHA_STEP
    options = [cv2.IMWRITE_WEBP_QUALITY, _LOSSLESS]
    return cv2.imencode(".webp", rounded, options)[1].tobytes()


def pack_size(pack: Pack) -> int:
    """Bytes of the pictures; the file has a little more."""
    return sum(map(len, _contents(pack)))


def pack_text(pack: Pack) -> str:
    """A short text that changes when a picture or a name does."""
    names = [cutout[:2] for cutout in pack.cutouts], [photo.name for photo in pack.photos]
    checksum = zlib.crc32(json.dumps(names).encode())
    for content in _contents(pack):
        checksum = zlib.crc32(content, zlib.crc32(f"{len(content)} ".encode(), checksum))
    counts = f"{len(pack.cutouts)} pieces of cut-outs and {len(pack.photos)} photographs"
    return f"{counts} (checksum {checksum:08x})"


def _contents(pack: Pack) -> list[bytes]:
    cutouts = [content for cutout in pack.cutouts for content in (cutout.colours, cutout.matte)]
    return cutouts + [photo.content for photo in pack.photos]


def write_pack(path: str | os.PathLike, pack: Pack) -> None:
    """Writes a pack, complete or not at all.

    Raises:
        InputError: it cannot be written there.
    """
    contents = _contents(pack)
    index = {
        "version": _VERSION,
        "cutouts": [[cutout.source, cutout.name] for cutout in pack.cutouts],
        "photos": [photo.name for photo in pack.photos],
    }
    arrays = {
        "index": text_array(index),
        "offsets": np.cumsum([0, *map(len, contents)], dtype=np.int64),
        "bytes": np.frombuffer(b"".join(contents), np.uint8),
    }
    write_npz(path, arrays)


def read_pack(path: str | os.PathLike) -> Pack:
    """Reads a pack.

    Raises:
        InputError: there is no such file; it is damaged, something else, or of another version; or
            it holds no photograph.
    """
    arrays = read_or_refuse(path, "pack")
    try:
        index = text_of(arrays["index"])
        if index["version"] != _VERSION:
            raise InputError(f"{path} is of another version of this program; pack again.")
        names = [(str(source), str(name)) for source, name in index["cutouts"]]
        contents = _split(arrays["bytes"], arrays["offsets"])
        pictures = contents[: 2 * len(names)]
        cutouts = zip(names, pictures[::2], pictures[1::2], strict=True)
        photos = zip(map(str, index["photos"]), contents[2 * len(names) :], strict=True)
        pack = Pack(
            tuple(PackedCutout(*name, colours, matte) for name, colours, matte in cutouts),
            tuple(PackedPhoto(name, content) for name, content in photos),
        )
    except InputError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError):
        raise InputError(f"{path} is no pack; make one with recipes.accelerated.pack.") from None
    if not pack.photos:
        raise InputError(f"{path} holds no photograph; pack again with more of them.")
    return pack


def _split(content: np.ndarray, offsets: np.ndarray) -> list[bytes]:
    whole = content.tobytes()
    borders = offsets.tolist()
    return [whole[start:end] for start, end in itertools.pairwise(borders)]


def cutout_square(cutout: PackedCutout) -> np.ndarray:
    """A cut-out in the middle of a square: [4, 640, 640] uint8, RGB and alpha.

    Beyond its border its colours go on and alpha is 0.

    Raises:
        InputError: it cannot be decoded.
    """
    rgb = _decoded(cutout.colours, cv2.IMREAD_COLOR, cutout.name)[..., ::-1]
    alpha = _decoded(cutout.matte, cv2.IMREAD_GRAYSCALE, cutout.name)
    height, width = alpha.shape
    if rgb.shape[:2] != alpha.shape or max(height, width) > CUTOUT_SIDE:
        raise InputError(f"The pack's cut-out {cutout.name} is damaged; pack again.")
    top, left = (CUTOUT_SIDE - height) // 2, (CUTOUT_SIDE - width) // 2
    beyond = ((top, CUTOUT_SIDE - height - top), (left, CUTOUT_SIDE - width - left))
    square = np.zeros((4, CUTOUT_SIDE, CUTOUT_SIDE), np.uint8)
    square[:3] = np.pad(rgb, (*beyond, (0, 0)), mode="edge").transpose(2, 0, 1)
    square[3, top : top + height, left : left + width] = alpha
    return square


def photo_square(photo: PackedPhoto) -> tuple[np.ndarray, tuple[int, int]]:
    """A photograph in the corner of a square, mirrored beyond its border.

    Returns:
        [3, 608, 608] uint8 RGB, and the photograph's height and width.

    Raises:
        InputError: it cannot be decoded.
    """
    rgb = _decoded(photo.content, cv2.IMREAD_COLOR, photo.name)[..., ::-1]
    height, width = rgb.shape[:2]
    if max(height, width) > PHOTO_SIDE:
        raise InputError(f"The pack's photograph {photo.name} is damaged; pack again.")
    beyond = (0, PHOTO_SIDE - height, 0, PHOTO_SIDE - width)
    square = cv2.copyMakeBorder(np.ascontiguousarray(rgb), *beyond, cv2.BORDER_REFLECT_101)
    return square.transpose(2, 0, 1), (height, width)


def _decoded(content: bytes, flags: int, name: str) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if content else None
    if picture is None:
        raise InputError(f"The pack's picture {name} is damaged; pack again.")
    return picture


def sources_of(cutouts: Sequence[PackedCutout]) -> dict[str, list[int]]:
    """The indices of each source's cut-outs."""
    found: dict[str, list[int]] = {}
    for index, cutout in enumerate(cutouts):
        found.setdefault(cutout.source, []).append(index)
    return found
