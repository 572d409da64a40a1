"""What a dataset is made from: foregrounds and backgrounds, whatever they come from.

The three kinds of foregrounds are in `dim_tf.dataset.folders`, `procedural` and `cutouts`.
"""

import dataclasses
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from dim_tf.config import CANVAS_SIDE
from dim_tf.dataset.manifest import is_safe_name
from dim_tf.pictures.folders import paired_name, same_stem_error
from dim_tf.pictures.photo import read_rgb
from dim_tf.synthetic import render_texture
from dim_tf.system.errors import InputError

# Long side by short side of a background; a longer strip has next to nothing to see in its middle.
MAX_ASPECT_RATIO = 10

# From the fifth by name on; neighbours by name are often pictures of one scene.
_FIRST_HELD_OUT, _HELD_OUT_EVERY = 4, 9
# Of each source of foregrounds the 11th, 31st, 51st … by name.
_FIRST_FOREGROUND, _FOREGROUND_EVERY = 10, 20

Part = Literal["all", "training", "held out"]


class Foreground(Protocol):
    """A matte and its colours, to be had when they are needed. Another process can take it."""

    @property
    def name(self) -> str:
        """Of its files in the dataset; no two foregrounds of one have the same."""

    @property
    def colour_photo(self) -> Path | None:
        """The photograph its colours come from, which is no background for it."""

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """(alpha [H, W] uint8, eps [H, W, 3] uint8 RGB).

        Raises:
            InputError: what it comes from cannot be used.
        """


@dataclasses.dataclass(frozen=True)
class BackgroundFile:
    """A photograph on disk."""

    name: str
    file: Path

    def load(self) -> np.ndarray:
        """[H, W, 3] uint8 RGB.

        Raises:
            InputError: it cannot be read, or is a strip that would fill the memory when enlarged.
        """
        photo = read_rgb(self.file)
        if max(photo.shape[:2]) > MAX_ASPECT_RATIO * min(photo.shape[:2]):
            raise InputError(
                f"{self.file} is {_size_text(photo)}, too long a strip for a background; crop it."
            )
        return photo


@dataclasses.dataclass(frozen=True)
class TextureBackground:
    """A procedural background."""

    name: str
    seed: int
    file: Path | None = None

    def load(self) -> np.ndarray:
        """[1280, 1280, 3] uint8 RGB."""
        return render_texture(self.seed, (CANVAS_SIDE, CANVAS_SIDE))


Background = BackgroundFile | TextureBackground


@dataclasses.dataclass(frozen=True)
class Sources:
    """Everything a run may use, and one sentence for each thing it refuses.

    Attributes:
        foregrounds: each with another name.
        backgrounds: the same.
        refusals: what cannot be used, and why.
        notes: sentences about anything else the user should know.
        cut_outs: names of the cut-outs that take turns; which foreground is of which depends on
            all of them.
        held_out: setting of a folder → names of the pictures left out of it to measure on; None
            where none are to be left out.
    """

    foregrounds: tuple[Foreground, ...]
    backgrounds: tuple[Background, ...]
    refusals: tuple[str, ...]
    notes: tuple[str, ...] = ()
    cut_outs: tuple[str, ...] = ()
    held_out: Mapping[str, Sequence[str]] | None = None


def has_edge(alpha: np.ndarray) -> bool:
    """Whether a matte is anything but all 0 or all 255."""
    lowest = alpha.min()
    return not (lowest in (0, 255) and lowest == alpha.max())


def split_photos(photos: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The photographs to train on, and every ninth by name, which is held out to measure on."""
    training = sorted(photos)
    held_out = training[_FIRST_HELD_OUT::_HELD_OUT_EVERY]
    del training[_FIRST_HELD_OUT::_HELD_OUT_EVERY]
    return training, held_out


def part_of_foregrounds(names: Iterable[str], part: Part) -> list[str]:
    """Of the foregrounds of a source all, or those to train on or held out, sorted by name.

    Held out are the 11th, 31st, 51st … by name.
    """
    names = sorted(names)
    held_out = names[_FIRST_FOREGROUND::_FOREGROUND_EVERY]
    if part == "training":
        return sorted(set(names) - set(held_out))
    return held_out if part == "held out" else names


def background_files(files: Iterable[Path]) -> tuple[tuple[BackgroundFile, ...], list[str]]:
    """Backgrounds named by their file stems, and the refusals."""
    found, refusals = files_by_stem(files)
    return tuple(BackgroundFile(stem, found[stem]) for stem in sorted(found)), refusals


def files_by_stem(files: Iterable[Path]) -> tuple[dict[str, Path], list[str]]:
    """Files by `paired_name`, and a sentence for each name that cannot be used."""
    found: dict[str, Path] = {}
    refusals = []
    for file in files:
        name = paired_name(file)
        if name in found:
            refusals.append(str(same_stem_error(found[name], file)))
        elif not is_safe_name(name):
            refusals.append(f"{file} has a name that not every system can store; rename it.")
        else:
            found[name] = file
    return found, refusals


def draw_backgrounds(
    foreground: Foreground,
    backgrounds: Sequence[Background],
    refused: set[int],
    count: int,
    seed: int,
) -> list[int]:
    """The backgrounds a foreground is paired with: drawn without replacement.

    The draw depends on the foreground's name, not on its place in the list, and a larger `count`
    only appends: so a dataset can grow without a change to the pairs it has.

    Args:
        foreground: the one to draw for. The photograph its own colours come from is taken only
            if there is nothing else.
        backgrounds: all there are.
        refused: indices of those that cannot be used.
        count: how many to draw; fewer if there are fewer.
        seed: of the draw.

    Returns:
        Indices into `backgrounds`.
    """
    generator = np.random.default_rng([seed, zlib.crc32(foreground.name.encode())])
    drawn: list[int] = []
    own_photo: list[int] = []
    for index in generator.permutation(len(backgrounds)).tolist():
        if len(drawn) == count:
            return drawn
        if index in refused:
            continue
        is_own = _is_one_file(backgrounds[index].file, foreground.colour_photo)
        (own_photo if is_own else drawn).append(index)
    return (drawn + own_photo)[:count]


def _is_one_file(one: Path | None, other: Path | None) -> bool:
    """Whether two paths lead to one file, however its folder is spelt."""
    if one is None or other is None or one.name != other.name:
        return False
    return one == other or one.resolve() == other.resolve()


def _size_text(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"
