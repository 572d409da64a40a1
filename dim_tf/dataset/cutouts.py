"""Foregrounds from real cut-outs: colours with their opacity, of several sources.

A source is a folder of them with all folders in it. A cut-out is one transparent picture, or two
files of one name and one size: the colours as JPEG, the matte as another kind of picture.
"""

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from dim_tf.config import FOREGROUND_LONG_SIDE, CutOutConfig, JobsConfig
from dim_tf.dataset.draws import happens, seeds_of, turn_of
from dim_tf.dataset.folders import read_matte_and_colours, refuse_without_edge
from dim_tf.dataset.layers import arranged, trimmed, without_noise
from dim_tf.dataset.manifest import is_safe_name
from dim_tf.dataset.sources import Part, part_of_foregrounds
from dim_tf.pictures.folders import is_picture_name, paired_name
from dim_tf.pictures.matte import matte_of
from dim_tf.pictures.photo import colours_of, is_cut_out
from dim_tf.pictures.picture import read_picture
from dim_tf.system.errors import InputError, tell
from dim_tf.system.jobs import Outcome, Tally

_COLOUR_SUFFIXES = (".jpg", ".jpeg")


@dataclasses.dataclass(frozen=True)
class CutOut:
    """The files of a cut-out.

    Attributes:
        source: name of its source.
        name: its path in the folder of all sources, without suffix.
        colour_file: the transparent picture, or the colours of a pair.
        matte_file: the matte of a pair.
    """

    source: str
    name: str
    colour_file: Path
    matte_file: Path | None = None

    def load(self, *, quiet: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """(alpha [H, W] uint8, colours [H, W, 3] uint8 RGB), without transparent surroundings.

        Args:
            quiet: whether what there is to say about the files was told before.

        Raises:
            InputError: unreadable, without transparency, of different sizes, or without any edge.
        """
        if self.matte_file:
            alpha, colours, notes = read_matte_and_colours(self.matte_file, self.colour_file)
        else:
            alpha, colours, notes = _read_transparent(self.colour_file)
        alpha = without_noise(alpha)
        refuse_without_edge(alpha, self.matte_file or self.colour_file)
        if not quiet:
            for file, file_notes in notes.items():
                tell(file, *file_notes)
        return trimmed(alpha, colours)


def _read_transparent(file: Path) -> tuple[np.ndarray, np.ndarray, dict[Path, list[str]]]:
    picture = read_picture(file)
    if not is_cut_out(picture):
        raise InputError(
            f"{file} has no transparency that cuts something out, and no matte beside it; give a "
            "transparent picture, or NAME.jpg with the colours and NAME.png with the matte."
        )
    alpha, _ = matte_of(picture)  # its note says that it is a cut-out
    return alpha, colours_of(picture), {file: list(picture.notes)}


@dataclasses.dataclass(frozen=True)
class CutOutForeground:
    """One real cut-out, or several of which each lies over those before it.

    Attributes:
        name: of its files in the dataset.
        cut_outs: at the back first.
        scales: of each, see `dim_tf.dataset.layers.arranged`.
        seed: of their places.
        colour_photo: none.
    """

    name: str
    cut_outs: tuple[CutOut, ...]
    scales: tuple[float, ...]
    seed: int
    colour_photo: None = None

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """(alpha [640, 640] uint8, eps [640, 640, 3] uint8 RGB).

        Raises:
            InputError: a file cannot be used any more.
        """
        pictures = [cut_out.load() for cut_out in self.cut_outs]
        rng = np.random.default_rng(self.seed)
        return arranged(pictures, self.scales, FOREGROUND_LONG_SIDE, rng)


def find_cut_outs(cutouts_dir: str | Path, part: Part) -> tuple[list[CutOut], list[str]]:
    """The cut-outs of a folder, by names only, and a sentence for each that cannot be used.

    The pictures directly in the folder are one source, which has its name; each folder in it is
    another. Hidden files and folders are passed over.

    Args:
        cutouts_dir: the folder.
        part: see `part_of_foregrounds`.

    Raises:
        InputError: the folder is missing or holds no picture.
    """
    root = Path(cutouts_dir)
    if not root.is_dir():
        raise InputError(f"--cutouts_dir={root} is not a folder; check the path.")
    folders = [folder for folder in sorted(root.iterdir()) if folder.is_dir()]
    refusals: list[str] = []
    files = {root: root.iterdir()} | {folder: _below(folder, refusals) for folder in folders}
    pictures = {folder: _pictures_of(root, files[folder]) for folder in files}
    if not any(pictures.values()):
        raise InputError(f"--cutouts_dir={root} holds no pictures; check the path.")
    found = []
    for folder, names in pictures.items():
        source = folder.absolute().name
        if names and not is_safe_name(source):
            refusals.append(f"{folder} has a name that not every system can store; rename it.")
            continue
        for name in part_of_foregrounds(names, part):
            try:
                found.append(_cut_out(source, name, sorted(names[name])))
            except InputError as refusal:
                refusals.append(str(refusal))
    return found, refusals


def _below(folder: Path, refusals: list[str]) -> list[Path]:
    """What is in a folder and all below it, links to folders included; of others a sentence."""
    found, seen = [], set()

    def refuse(error: OSError) -> None:
        refusals.append(f"{error.filename} cannot be read: {error.strerror}.")

    for place, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        here = os.path.realpath(place)
        if here in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(here)
        found += [Path(place) / name for name in names]
    return found


def _pictures_of(root: Path, files: Iterable[Path]) -> dict[str, list[Path]]:
    """Pictures by their path in a folder without suffix."""
    found: dict[str, list[Path]] = {}
    for file in files:
        path = file.relative_to(root)
        is_below_hidden = any(part.startswith(".") for part in path.parent.parts)
        if is_picture_name(file) and not is_below_hidden and not file.is_dir():
            found.setdefault((path.parent / paired_name(path)).as_posix(), []).append(file)
    return found


def _cut_out(source: str, name: str, files: list[Path]) -> CutOut:
    if len(files) == 1:
        return CutOut(source, name, files[0])
    colours = [file for file in files if file.suffix.lower() in _COLOUR_SUFFIXES]
    if len(files) > 2 or len(colours) != 1:
        raise InputError(
            f"{files[0]} has the same name as {files[1].name} but for the suffix; remove one, a "
            "pair is NAME.jpg with the colours and NAME.png with the matte."
        )
    (matte,) = set(files) - set(colours)
    return CutOut(source, name, colours[0], matte)


@dataclasses.dataclass(frozen=True)
class _Look:
    """Look at a cut-out."""

    index: int
    cut_out: CutOut


def usable_cut_outs(
    cutouts_dir: str, hold_out: bool, jobs: JobsConfig
) -> tuple[list[CutOut], list[str]]:
    """The cut-outs that a dataset may use, each looked at, and a sentence for each other one.

    Args:
        cutouts_dir: see `find_cut_outs`.
        hold_out: whether those held out are left out.
        jobs: how to look.

    Raises:
        InputError: see `find_cut_outs`; none can be used; with `jobs.strict` the first refusal.
    """
    found, refusals = find_cut_outs(cutouts_dir, "training" if hold_out else "all")
    if jobs.strict and refusals:
        raise InputError(refusals[0])
    tally = Tally(jobs.workers, jobs.progress, jobs.strict, refusals)
    looks = [_Look(index, cut_out) for index, cut_out in enumerate(found)]
    refused = tally.run(_look_at, looks, "cut-outs")
    usable = [cut_out for index, cut_out in enumerate(found) if index not in refused]
    if not usable:
        reason = tally.refusals[0] if tally.refusals else "there are none."
        raise InputError(f"No cut-out in --cutouts_dir={cutouts_dir} could be used: {reason}")
    return usable, tally.refusals


def _look_at(look: _Look) -> Outcome:
    try:
        look.cut_out.load(quiet=False)
    except InputError as refusal:
        return Outcome(look.index, refusal=str(refusal))
    return Outcome(look.index)


def cut_out_foregrounds(
    cut_outs: Sequence[CutOut], config: CutOutConfig, count: int, seed: int
) -> list[CutOutForeground]:
    """Foregrounds of cut-outs; each depends on the list, the config, the seed and its index alone.

    The cut-outs take turns, in an order that is drawn for each round: none comes again before all
    others have come. So the sources come in proportion to what they hold.

    Args:
        cut_outs: all there are, at least one.
        config: scales, and how often another one stands in front.
        count: foregrounds.
        seed: of the draws.
    """
    return [_cut_out_foreground(cut_outs, config, index, seed) for index in range(count)]


def _cut_out_foreground(
    cut_outs: Sequence[CutOut], config: CutOutConfig, index: int, seed: int
) -> CutOutForeground:
    number = turn_of(index, len(cut_outs), seed, "cut-outs in turns")
    chosen = [cut_outs[number]]
    place_seed, step = seeds_of(seed, "cut-out", index, 2)
    joined = happens(config.joined_cutouts, seed, "joined cut-out", index)
    if joined and len(cut_outs) > 1:
        chosen.append(cut_outs[(number + 1 + step % (len(cut_outs) - 1)) % len(cut_outs)])
    shares = np.array(seeds_of(seed, "scale of a cut-out", index, len(chosen))) / 2**32
    low, high = config.cutout_scale_min, config.cutout_scale_max
    return CutOutForeground(
        name=f"cutout_{index:06d}_{chosen[0].source}",
        cut_outs=tuple(chosen),
        scales=tuple((low + (high - low) * shares).tolist()),
        seed=place_seed,
    )
