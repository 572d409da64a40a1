"""Which pictures a folder holds, and pairs of them by name."""

import os
from collections.abc import Iterable
from pathlib import Path

from dim_tf.system.errors import InputError

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".ppm", ".pgm"),
    *(".avif", ".gif", ".heic", ".heif"),
)


def list_images(folder: str | os.PathLike) -> list[Path]:
    """The pictures directly inside a folder, sorted by name; hidden files are passed over.

    Raises:
        InputError: the folder is missing or holds no picture.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; check the path.")
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )
    if not found:
        raise InputError(f"{folder} holds no pictures ({', '.join(IMAGE_SUFFIXES)}).")
    return found


def by_stem(paths: Iterable[Path]) -> dict[str, Path]:
    """Files by their name without suffix.

    Raises:
        InputError: two files share a stem.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found:
            raise same_stem_error(found[path.stem], path)
        found[path.stem] = path
    return found


def same_stem_error(first: Path | str, second: Path | str) -> InputError:
    """Why two files of one kind cannot be paired with others."""
    return InputError(
        f"{first} and {second} have the same name but for the suffix; remove one, files are paired "
        "by that name."
    )
