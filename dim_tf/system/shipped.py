"""What comes with the program beside its code: released weights and flagfiles.

A checkout has the folders `checkpoints` and `flagfiles` beside the package, where they are easy to
find; the wheel has them inside it (`setup.py`).
"""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
# Always inside the package: the sample, texts of model cards, shells' completions.
ASSETS = _PACKAGE / "assets"


def shipped_folder(name: str) -> Path:
    """The folder `checkpoints` or `flagfiles`, of an installed package or of a checkout."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def existing_or_shipped(path: str | os.PathLike, folder: str) -> Path:
    """The path if something is there, otherwise what is shipped under it.

    Args:
        path: where from the current folder; or, of something shipped, its place in the shipped
            folder, with that folder's name before it or without.
        folder: the shipped folder's name.

    Returns:
        The path as it was given where neither is there.
    """
    path = Path(path)
    if path.is_absolute() or path.exists():
        return path
    place = path.relative_to(folder) if path.parts[:1] == (folder,) else path
    shipped = shipped_folder(folder) / place
    return shipped if shipped.exists() else path
