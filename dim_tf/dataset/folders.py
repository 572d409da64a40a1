"""Foregrounds from folders of the user's own: mattes, and their colours."""

import dataclasses
from pathlib import Path

import numpy as np

from dim_tf.config import FolderConfig
from dim_tf.dataset.sources import Part, files_by_stem, has_edge, part_of_foregrounds
from dim_tf.pictures.folders import list_images
from dim_tf.pictures.matte import matte_of
from dim_tf.pictures.photo import colours_of
from dim_tf.pictures.picture import read_picture
from dim_tf.pictures.placing import lay_on
from dim_tf.system.errors import InputError, tell


@dataclasses.dataclass(frozen=True)
class ForegroundFiles:
    """A matte and its colours on disk."""

    name: str
    alpha_file: Path
    eps_file: Path
    colour_photo: Path | None = None

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """(alpha [H, W] uint8, eps [H, W, 3] uint8 RGB); what there is to say of them is printed.

        Raises:
            InputError: unreadable, no matte, of different sizes, or a matte without any edge.
        """
        alpha, eps, notes = read_matte_and_colours(self.alpha_file, self.eps_file)
        refuse_without_edge(alpha, self.alpha_file)
        for file, file_notes in notes.items():
            tell(file, *file_notes)
        return alpha, eps


def read_matte_and_colours(
    matte_file: Path, colour_file: Path
) -> tuple[np.ndarray, np.ndarray, dict[Path, list[str]]]:
    """A matte and the colours that belong to it, by the rules for each.

    Returns:
        [H, W] uint8, [H, W, 3] uint8 RGB, and what to tell of each file.

    Raises:
        InputError: unreadable, no matte, or of different sizes.
    """
    matte_picture, colour_picture = read_picture(matte_file), read_picture(colour_file)
    alpha, notes = matte_of(matte_picture)
    alpha, placing, _ = lay_on(alpha, matte_picture, colour_picture, None)
    told = {matte_file: [*matte_picture.notes, *notes, *placing]}
    return alpha, colours_of(colour_picture), {**told, colour_file: [*colour_picture.notes]}


def refuse_without_edge(alpha: np.ndarray, file: Path) -> None:
    """Raises: InputError for a matte, [H, W] uint8, that is all 0 or all 255."""
    if not has_edge(alpha):
        raise InputError(
            f"{file} is {alpha.flat[0]} everywhere; a matte needs an edge to learn from."
        )


def folder_foregrounds(
    folders: FolderConfig, part: Part = "all"
) -> tuple[list[ForegroundFiles], list[str]]:
    """Mattes and colours of two folders paired by file stem, and the refusals.

    Args:
        folders: `alpha_dir` and `eps_dir`.
        part: of the pairs, see `part_of_foregrounds`.

    Raises:
        InputError: a folder is missing or holds no picture.
    """
    mattes, matte_refusals = files_by_stem(list_images(folders.alpha_dir))
    colours, colour_refusals = files_by_stem(list_images(folders.eps_dir))
    refusals = matte_refusals + colour_refusals
    for stem in sorted(mattes.keys() ^ colours.keys()):
        have, folder = (
            (mattes[stem], folders.eps_dir)
            if stem in mattes
            else (colours[stem], folders.alpha_dir)
        )
        refusals.append(
            f"{have} has no partner named {stem} in {folder}; a matte and its colours are paired "
            "by that name."
        )
    pairs = part_of_foregrounds(mattes.keys() & colours.keys(), part)
    return [ForegroundFiles(stem, mattes[stem], colours[stem]) for stem in pairs], refusals
