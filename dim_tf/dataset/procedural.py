"""Procedural foregrounds, coloured from photographs or from procedural textures."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dim_tf.config import FOREGROUND_LONG_SIDE, FolderConfig, SyntheticConfig
from dim_tf.dataset.draws import happens, seeds_of
from dim_tf.dataset.left_out import held_out_names, photos_to_train_on
from dim_tf.dataset.sources import (
    Background,
    Sources,
    TextureBackground,
    background_files,
)
from dim_tf.synthetic import (
    DEFAULT_KINDS,
    KINDS_FOR_TEXTURED_EDGES,
    foreground_colours,
    kind_of,
    render_matte,
    render_shaded_matte,
    textured_foreground,
    with_shades,
)

# Enough variety for a dataset that is all procedural; more would only take disk.
MAX_TEXTURE_BACKGROUNDS = 200

# A matte's colours come from so many photographs beside its first, at most.
LARGEST_PATCH_COUNT = 3


@dataclasses.dataclass(frozen=True)
class SyntheticForeground:
    """A procedural matte, coloured from photographs or from a procedural texture."""

    name: str
    kind: str
    seed: int
    colour_photo: Path | None
    patch_photos: tuple[Path, ...] = ()  # more photographs, where its colours come in patches
    shaded: bool = False
    crisp: bool = False  # colours about as sharp as the photographs are
    textured_edges: bool = False  # the photograph decides on the edge, and gives the colours

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """(alpha [640, 640] uint8, eps [640, 640, 3] uint8 RGB).

        Raises:
            InputError: the photograph cannot be read.
        """
        if self.textured_edges and self.colour_photo:
            alpha = render_matte(self.kind, self.seed, FOREGROUND_LONG_SIDE)
            return textured_foreground(alpha, self.colour_photo, self.seed)
        if not self.shaded:
            alpha = render_matte(self.kind, self.seed, FOREGROUND_LONG_SIDE)
            return alpha, self._colours(alpha)
        alpha, shades = render_shaded_matte(self.kind, self.seed, FOREGROUND_LONG_SIDE)
        return alpha, with_shades(self._colours(alpha), shades, self.seed)

    def _colours(self, alpha: np.ndarray) -> np.ndarray:
        photos = [] if self.colour_photo is None else [self.colour_photo, *self.patch_photos]
        return foreground_colours(alpha, photos, self.seed, crisp=self.crisp)


def synthetic_sources(procedural: SyntheticConfig, seed: int, bg_dir: str = "") -> Sources:
    """Procedural mattes; colours and backgrounds from photographs, or procedural as well.

    Args:
        procedural: how many, of what kinds, and what colours them.
        seed: of all of them.
        bg_dir: folder of the backgrounds; left out: the photographs that colour the mattes.

    Raises:
        InputError: a folder is missing or holds no picture.
    """
    foregrounds = synthetic_foregrounds(procedural, procedural.synthetic, seed, bg_dir)
    backgrounds, refusals = backgrounds_of(procedural, seed, bg_dir)
    names = None
    if procedural.hold_out:
        names = held_out_names(procedural.photos_dir, FolderConfig(bg_dir=bg_dir))
    return Sources(tuple(foregrounds), backgrounds, tuple(refusals), held_out=names)


def _training_photos(procedural: SyntheticConfig, folder: str, bg_dir: str) -> list[Path]:
    folders = procedural.photos_dir, bg_dir
    return photos_to_train_on(folder, folders, procedural.hold_out)


def synthetic_foregrounds(
    procedural: SyntheticConfig, count: int, seed: int, bg_dir: str = ""
) -> list[SyntheticForeground]:
    """The first `count` procedural mattes; each depends on the arguments and its index alone.

    Args:
        procedural: of what kinds, and what colours them.
        count: how many.
        seed: of all of them.
        bg_dir: folder of the backgrounds; no matte has colours of what is held out of it.

    Raises:
        InputError: a folder is missing or holds no picture; a kind that does not exist.
    """
    photos = _training_photos(procedural, procedural.photos_dir, bg_dir)
    foregrounds = []
    for index in range(count):
        kind = kind_of(index, procedural.synthetic_kinds or DEFAULT_KINDS)
        matte_seed, photo_number = seeds_of(seed, "matte", index, 2)
        foregrounds.append(
            SyntheticForeground(
                name=f"{index:06d}_{kind}",
                kind=kind,
                seed=matte_seed,
                colour_photo=photos[photo_number % len(photos)] if photos else None,
                patch_photos=_draw_patch_photos(procedural.colour_patches, seed, photos, index),
                shaded=happens(procedural.shaded_colours, seed, "shades", index),
                crisp=happens(procedural.crisp_colours, seed, "crisp", index),
                textured_edges=kind in KINDS_FOR_TEXTURED_EDGES
                and happens(procedural.textured_edges, seed, "edges", index),
            )
        )
    return foregrounds


def backgrounds_of(
    procedural: SyntheticConfig, seed: int, bg_dir: str
) -> tuple[tuple[Background, ...], list[str]]:
    """The backgrounds of a dataset, and the refusals: the first of these that is given.

    The pictures of a folder; the photographs that colour procedural mattes; procedural textures.
    What is held out is none of them, whatever folder it is in.

    Raises:
        InputError: a folder is missing or holds no picture.
    """
    files = _training_photos(procedural, bg_dir or procedural.photos_dir, bg_dir)
    if files:
        return background_files(files)
    textures = (
        TextureBackground(f"texture_{index:04d}", seeds_of(seed, "texture", index, 1)[0])
        for index in range(min(procedural.synthetic, MAX_TEXTURE_BACKGROUNDS))
    )
    return tuple(textures), []


def _draw_patch_photos(
    probability: float, seed: int, photos: Sequence[Path], index: int
) -> tuple[Path, ...]:
    """One to three photographs more for a matte whose colours come in patches; none otherwise."""
    if not photos or not happens(probability, seed, "patches", index):
        return ()
    _, count, *numbers = seeds_of(seed, "patches", index, 2 + LARGEST_PATCH_COUNT)
    return tuple(
        photos[number % len(photos)] for number in numbers[: 1 + count % LARGEST_PATCH_COUNT]
    )
