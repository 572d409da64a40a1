"""Composites of real cut-outs that no training saw, on photographs that none saw either.

Mattes in folders, with their colours, are cut-outs here as well.
"""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dim_tf.config import FolderConfig
from dim_tf.dataset.cutouts import CutOut, find_cut_outs
from dim_tf.dataset.draws import turn_of
from dim_tf.dataset.folders import folder_foregrounds
from dim_tf.dataset.layers import arranged
from dim_tf.dataset.left_out import CUT_OUT_SETTING, FOLDERS_SETTING
from dim_tf.evaluation.composites import (
    ATTEMPTS,
    Composite,
    draw_trimaps,
    made_of_usable,
    piece_of,
    tell_refused,
)
from dim_tf.matting.cutout import composite_on
from dim_tf.system.errors import InputError

# Sizes of a cut-out, as shares of its own or of what fits.
_SCALE_MIN, _SCALE_MAX = 0.5, 1.0
# After so many draws without a usable trimap the next cut-out of the source is taken.
_ATTEMPTS_EACH = 10


class HeldOutForegrounds(NamedTuple):
    """Foregrounds that --hold_out left out, to make composites of.

    Attributes:
        folder: that they lie in.
        kind: cutouts or folders, as --source has it.
        setting: of a dataset, under which they are held out.
        sources: source → its cut-outs; sources without are left out.
        refusals: a sentence for each file that cannot be one.
    """

    folder: str
    kind: str
    setting: str
    sources: dict[str, list[CutOut]]
    refusals: list[str]

    @property
    def names(self) -> list[str]:
        """Of all cut-outs, source by source."""
        return [cut_out.name for cut_outs in self.sources.values() for cut_out in cut_outs]


def held_out_cut_outs(cutouts_dir: str | Path) -> HeldOutForegrounds:
    """The cut-outs that --hold_out left out, by their names alone.

    Raises:
        InputError: the folder is missing, or no cut-out of it is held out.
    """
    found, refusals = find_cut_outs(cutouts_dir, "held out")
    sources: dict[str, list[CutOut]] = {}
    for cut_out in found:
        sources.setdefault(cut_out.source, []).append(cut_out)
    if not sources:
        raise InputError(
            f"--cutouts_dir={cutouts_dir} holds no source of which a cut-out is held out, the 11th "
            "by name is the first; give a source of 11 or more."
        )
    return HeldOutForegrounds(str(cutouts_dir), "cutouts", CUT_OUT_SETTING, sources, refusals)


def held_out_pairs(folders: FolderConfig) -> HeldOutForegrounds:
    """The mattes and colours in folders that --hold_out left out, as cut-outs of one source.

    Raises:
        InputError: a folder is missing or holds no picture, or no pair is held out.
    """
    pairs, refusals = folder_foregrounds(folders, "held out")
    if not pairs:
        raise InputError(
            f"--alpha_dir={folders.alpha_dir} holds no matte that is held out, the 11th with "
            "colours by name is the first; give 11 or more."
        )
    kind = "folders"
    sources = {kind: [CutOut(kind, pair.name, pair.eps_file, pair.alpha_file) for pair in pairs]}
    return HeldOutForegrounds(folders.alpha_dir, kind, FOLDERS_SETTING, sources, refusals)


def cut_out_composite_name(sources: Sequence[str], index: int) -> str:
    """Number and source of a composite: sources take turns, so that each counts as much."""
    return f"{index:03d}_{sources[index % len(sources)]}"


def render_cut_out_composite(
    sources: Mapping[str, Sequence[CutOut]],
    photos: Sequence[Path],
    seed: int,
    index: int,
    size: int = 512,
) -> Composite:
    """Makes one composite. It depends on the arguments alone.

    A cut-out at half its size to its own, never enlarged, somewhere on a piece of a photograph, by
    equation (1). The cut-outs of a source take turns; the turn of one that cannot be used is told,
    and goes to another.

    Args:
        sources: of `HeldOutForegrounds`.
        photos: to draw the background from; at least one.
        seed: of all composites.
        index: of this one.
        size: side, pixels.

    Raises:
        InputError: no picture can be used, or no usable trimap was drawn.
    """
    name = cut_out_composite_name(list(sources), index)
    source = list(sources)[index % len(sources)]
    cut_outs = sources[source]
    first = turn_of(index // len(sources), len(cut_outs), seed, f"held-out cut-outs of {source}")
    # The word keeps these draws apart from those of every dataset.
    purpose = zlib.crc32(b"held-out cut-out")
    tried: set[str] = set()
    refused: dict[str, InputError] = {}
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([seed, purpose, index, attempt])
        cut_out = cut_outs[(first + attempt // _ATTEMPTS_EACH) % len(cut_outs)]
        scale = rng.uniform(_SCALE_MIN, _SCALE_MAX)
        tried.add(cut_out.name)
        if cut_out.name in refused:
            continue
        try:
            picture = cut_out.load()
        except InputError as refusal:
            refused[cut_out.name] = refusal
            continue
        alpha, colours = arranged([picture], [scale], size, rng)
        trimaps = draw_trimaps(alpha, rng)
        if trimaps is not None:
            break
    else:
        if refused.keys() == tried:
            raise refused[cut_out.name]
        raise InputError(
            f"No held-out cut-out of {source} has a usable trimap at a size of {size}, as none has "
            "a solid part that is large enough; leave that source out and give another --out_dir."
        )
    for refusal in refused.values():
        tell_refused(refusal)
    background = made_of_usable(lambda: piece_of(photos[rng.integers(len(photos))], rng, size))
    rgb = composite_on(colours, alpha / np.float32(255.0), background)
    return Composite(name, rgb, *trimaps, alpha)
