"""Cut-outs on disk: which there are, which are held out, and their colours where alpha is 0."""

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from dim_tf.config import FOREGROUND_LONG_SIDE
from dim_tf.pictures.folders import IMAGE_SUFFIXES
from dim_tf.pictures.matte import matte_of
from dim_tf.pictures.photo import colours_of, is_cut_out
from dim_tf.pictures.picture import read_picture
from dim_tf.pictures.placing import lay_on
from dim_tf.system.errors import InputError, tell
from recipes.accelerated.edges import edge_pixels

# Of each source the 11th, 31st, 51st … by name.
_FIRST_HELD_OUT, _HELD_OUT_EVERY = 10, 20

_COLOUR_SUFFIXES = (".jpg", ".jpeg")
_MATTE_SUFFIX = ".png"
_TRANSPARENT_SUFFIXES = (".png", ".webp")

# Mattes made by people and by networks have veils of a few levels over what is empty or full.
_LARGEST_VEIL = 4

# Where alpha is less than this, colours fade into those of the surroundings.
_LEAST_TRUSTED_ALPHA = 32
# A level of the pyramid is trusted in full where this share of its weight is there.
_FULL_TRUST = 1 / 8

# A cut-out larger than this many times the square gives pieces at full size as well.
_LARGE = 1.25
_FULL_SIZE_PIECES = 2


class CutoutFiles(NamedTuple):
    """A cut-out on disk.

    Attributes:
        source: the sub-folder's name, or the folder's own where it lies there directly.
        name: its file's, without suffix.
        colours: file of the colours.
        matte: file of the matte; the same file where it is transparent.
    """

    source: str
    name: str
    colours: Path
    matte: Path


class Cutout(NamedTuple):
    """Colours, [H, W, 3] uint8 RGB, and alpha, [H, W] uint8."""

    rgb: np.ndarray
    alpha: np.ndarray


def find_cutouts(folder: Path) -> tuple[list[CutoutFiles], list[str]]:
    """The cut-outs directly in a folder and in its sub-folders, by source and name.

    Returns:
        The cut-outs, and one sentence for each picture that is none by its name.

    Raises:
        InputError: the folder is missing, or there is no cut-out.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; check the path.")
    found, refusals = [], []
    for source in (folder, *sorted(path for path in folder.iterdir() if path.is_dir())):
        if source.name.startswith("."):
            continue
        by_name: dict[str, list[Path]] = {}
        for path in sorted(source.iterdir()):
            if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("."):
                by_name.setdefault(path.stem, []).append(path)
        for name, files in sorted(by_name.items()):
            pair = _colours_and_matte(files)
            if pair:
                found.append(CutoutFiles(source.resolve().name, name, *pair))
            else:
                refusals.append(
                    f"{files[0]} is no cut-out by its name; give STEM.jpg and STEM.png, or a "
                    "transparent PNG or WebP."
                )
    if not found:
        raise InputError(
            f"{folder} holds no cut-outs, and its sub-folders hold none; give pairs STEM.jpg and "
            "STEM.png, or transparent PNG or WebP pictures."
        )
    return found, refusals


def _colours_and_matte(files: Sequence[Path]) -> tuple[Path, Path] | None:
    """Files of one stem as colours and matte; None where they are neither."""
    suffixes = [path.suffix.lower() for path in files]
    if len(files) == 1 and suffixes[0] in _TRANSPARENT_SUFFIXES:
        return files[0], files[0]
    if len(files) == 2 and _MATTE_SUFFIX in suffixes:
        matte = files[suffixes.index(_MATTE_SUFFIX)]
        colours = files[1 - suffixes.index(_MATTE_SUFFIX)]
        if colours.suffix.lower() in _COLOUR_SUFFIXES:
            return colours, matte
    return None


def split_cutouts(
    cutouts: Iterable[CutoutFiles],
) -> tuple[list[CutoutFiles], list[CutoutFiles]]:
    """Those to train on, and of each source every twentieth by name, which is held out."""
    by_source: dict[str, list[CutoutFiles]] = {}
    for cutout in cutouts:
        by_source.setdefault(cutout.source, []).append(cutout)
    training, held_out = [], []
    for _, members in sorted(by_source.items()):
        members.sort(key=lambda cutout: cutout.name)
        held_out += members[_FIRST_HELD_OUT::_HELD_OUT_EVERY]
        del members[_FIRST_HELD_OUT::_HELD_OUT_EVERY]
        training += members
    return training, held_out


def read_cutout(files: CutoutFiles) -> Cutout:
    """Reads a cut-out by the project's rules for colours and mattes.

    Returns:
        Colours as they are stored, and alpha without veils.

    Raises:
        InputError: a picture cannot be read, is no matte, or the two differ in size.
    """
    colours = read_picture(files.colours)
    if files.matte == files.colours:
        if not is_cut_out(colours):
            raise InputError(
                f"{files.matte} is not transparent; give its colours beside it as "
                f"{files.name}{_COLOUR_SUFFIXES[0]}, or a transparent picture."
            )
        matte, placing = matte_of(colours)[0], []
    else:
        picture = read_picture(files.matte)
        matte, notes = matte_of(picture)
        matte, placing, _ = lay_on(matte, picture, colours, None)
        tell(files.matte, *picture.notes, *notes, *placing)
    tell(files.colours, *colours.notes)
    alpha = without_veils(matte)
    if alpha.min() == alpha.max():
        raise InputError(
            f"{files.matte} is {alpha.flat[0]} everywhere; a cut-out needs an edge to learn from."
        )
    return Cutout(colours_of(colours), alpha)


def without_veils(alpha: np.ndarray) -> np.ndarray:
    """Stretches a matte so that what is nearly empty or full is so: [H, W] uint8."""
    highest = 255 - _LARGEST_VEIL
    stretched = (alpha.astype(np.float32) - _LARGEST_VEIL) * (255 / (highest - _LARGEST_VEIL))
    return np.clip(stretched, 0, 255).round().astype(np.uint8)


def with_filled_colours(cutout: Cutout) -> Cutout:
    """Gives transparent pixels the colours of their visible surroundings.

    So a cut-out can be resized without dark rims, whatever its file has there. The colours are
    averaged over larger and larger surroundings, each pixel weighted by alpha squared, and the
    smallest surroundings that show enough decide.
    """
    weight = (cutout.alpha.astype(np.float32) / 255) ** 2
    colours = cutout.rgb.astype(np.float32)
    levels = [(colours * weight[..., None], weight)]
    while min(levels[-1][1].shape) > 2:
        levels.append(tuple(cv2.pyrDown(picture) for picture in levels[-1]))
    filled = _divided(*levels[-1])
    for weighted, weight in reversed(levels[:-1]):
        coarse = cv2.pyrUp(filled, dstsize=weight.shape[::-1])
        trust = np.clip(weight / _FULL_TRUST, 0, 1)[..., None]
        filled = trust * _divided(weighted, weight) + (1 - trust) * coarse
    keep = np.clip(cutout.alpha.astype(np.float32) / _LEAST_TRUSTED_ALPHA, 0, 1)[..., None]
    mixed = keep * colours + (1 - keep) * filled
    return Cutout(np.clip(mixed, 0, 255).round().astype(np.uint8), cutout.alpha)


def _divided(weighted: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return weighted / np.maximum(weight[..., None], 1e-6)


def pieces(cutout: Cutout, seed_text: str) -> list[Cutout]:
    """What goes into a pack of a cut-out: squares of at most 640 pixels.

    Args:
        cutout: with filled colours.
        seed_text: what the places of pieces depend on.

    Returns:
        The whole, made smaller where it is larger; of a large one, two parts at full size as well.
    """
    side = FOREGROUND_LONG_SIDE
    height, width = cutout.alpha.shape
    longest = max(height, width)
    if longest <= side:
        return [cutout]
    size = [max(1, round(length * side / longest)) for length in (width, height)]
    found = [Cutout(*(cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in cutout))]
    if longest > _LARGE * side:
        seed = zlib.crc32(seed_text.encode())
        for row, column in edge_pixels(cutout.alpha, seed, _FULL_SIZE_PIECES).tolist():
            top = min(max(row - side // 2, 0), max(height - side, 0))
            left = min(max(column - side // 2, 0), max(width - side, 0))
            found.append(Cutout(*(part[top : top + side, left : left + side] for part in cutout)))
    return found
