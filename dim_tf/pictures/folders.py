"""Which pictures a folder holds, and pairs of them by name."""

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath

from dim_tf.system.errors import InputError

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".ppm", ".pgm", ".pbm", ".pnm"),
    *(".avif", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jpe", ".apng"),
)
# Not read, but surely meant as pictures; the last two lines are cameras' raw files.
UNREAD_SUFFIXES = (
    *(".jxl", ".jp2", ".j2k", ".exr", ".hdr", ".pfm", ".pam", ".tga", ".pcx", ".ico", ".psd"),
    *(".xcf", ".kra", ".svg", ".pdf", ".npy"),
    *(".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"),
    *(".raw", ".3fr", ".iiq"),
)


def is_picture_name(path: PurePath) -> bool:
    """Whether a file is taken for a picture by its name: by its suffix, and where not hidden."""
    return _has_suffix(path, IMAGE_SUFFIXES)


def _has_suffix(path: PurePath, suffixes: tuple[str, ...]) -> bool:
    return path.suffix.lower() in suffixes and not path.name.startswith(".")


def is_pattern(name: str) -> bool:
    """Whether a name stands for several files: it has a sign of patterns (globs) in it."""
    return any(sign in name for sign in "*?[")


def list_images(folder: str | os.PathLike) -> list[Path]:
    """The pictures directly inside a folder, sorted by name.

    Hidden files are passed over, and folders whatever their names.

    Raises:
        InputError: the folder is missing or holds no picture.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; check the path.")
    found = _files_in(folder, IMAGE_SUFFIXES)
    if not found:
        raise InputError(f"{folder} holds no pictures ({', '.join(IMAGE_SUFFIXES)}).")
    return found


def unread_pictures(folder: str | os.PathLike, found: Iterable[Path]) -> list[Path]:
    """Pictures directly inside a folder that are passed over as their kinds are not read.

    Args:
        folder: where `list_images` has found pictures.
        found: these. What has the name of one, as a camera's raw file beside its JPEG, does not
            count.

    Returns:
        The others, sorted by name.
    """
    stems = {paired_name(path) for path in found}
    others = _files_in(Path(folder), UNREAD_SUFFIXES)
    return [path for path in others if paired_name(path) not in stems]


def _files_in(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Files directly inside a folder that are not hidden, sorted by name."""
    with os.scandir(folder) as entries:  # which knows what is a folder without looking at each
        named = (entry for entry in entries if _has_suffix(PurePath(entry.name), suffixes))
        return sorted(folder / entry.name for entry in named if not entry.is_dir())


def paired_name(path: PurePath | str) -> str:
    """What a file, or what a URL names, is paired with others by: its name without suffix.

    macOS stores an accented letter as a letter and an accent, others as one character: an archive
    or a download brings both to one machine, where nobody sees the difference. Here both are NFC.
    """
    return unicodedata.normalize("NFC", PurePath(path).stem)


def by_stem(paths: Iterable[Path]) -> dict[str, Path]:
    """Files by their `paired_name`.

    Raises:
        InputError: two files share it.
    """
    found: dict[str, Path] = {}
    for path in paths:
        name = paired_name(path)
        if name in found:
            raise same_stem_error(found[name], path)
        found[name] = path
    return found


def same_stem_error(first: Path | str, second: Path | str) -> InputError:
    """Why two files of one kind cannot be paired with others."""
    return InputError(
        f"{first} and {second} have the same name but for {_what_differs(first, second)}; remove "
        "one, files are paired by that name."
    )


def _what_differs(first: PurePath | str, second: PurePath | str) -> str:
    """In two names of one `paired_name`."""
    stems = {PurePath(path).stem for path in (first, second)}
    return "how accents are stored" if len(stems) > 1 else "the suffix"
