"""Where what is made of a photo is written. Looks at names only."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from dim_tf.config import WritingConfig
from dim_tf.pictures.folders import IMAGE_SUFFIXES, UNREAD_SUFFIXES, paired_name
from dim_tf.pictures.writing import begins_as_own_matte
from dim_tf.system.errors import InputError, tell

DEFAULT_FILE = "alpha.png"
DEFAULT_FOLDER = "mattes"
# What the name of a picture that goes beside others is told apart by.
ENDINGS = {
    "side_by_side": "_side_by_side",
    "save_trimap": "_trimap",
    "save_certainty": "_certainty",
    "cutout": "_cutout",
    "composite": "_composite",
}

# A file on this machine, or the URL of one that Beam reads.
Place = Path | str


def files_for(flag: str, value: str, photos: list[Path], ending: str = "") -> list[Path]:
    """The file to write for each photo: the one named, or one per photo in the folder named."""
    path = Path(value)
    suffix = path.suffix.lower()
    is_folder = path.is_dir() or value.endswith(("/", os.sep))
    if not is_folder and suffix in IMAGE_SUFFIXES:
        if len(photos) > 1:
            raise InputError(
                f"--{flag}={value} is one file for {len(photos)} photos; give a folder."
            )
        if suffix != ".png":
            raise InputError(f"--{flag}={value} is not possible; give a name ending in .png.")
        return [path]
    if not is_folder and suffix in UNREAD_SUFFIXES:
        raise InputError(f"--{flag}={value} is not possible; give a name ending in .png.")
    if path.exists() and not path.is_dir():
        raise InputError(f"--{flag}={value} is a file; give a folder or a name ending in .png.")
    return [path / f"{photo.stem}{ending}.png" for photo in photos]


def beside(file: Path, kind: str) -> Path:
    """A PNG of a kind of `ENDINGS` beside a file, told apart by its ending."""
    return file.with_name(f"{file.stem}{ENDINGS[kind]}.png")


def other_targets(
    writing: WritingConfig, photos: list[Path], mattes: list[Path]
) -> list[dict[str, Path]]:
    """What else is written for each photo: flag → file."""
    others: list[dict[str, Path]] = [{} for _ in photos]
    for flag, ending in ENDINGS.items():
        value = getattr(writing, flag)
        if value:
            targets = files_for(flag, value, photos, ending)
        elif flag == "composite" and writing.background:
            targets = [beside(matte, flag) for matte in mattes]
        else:
            continue
        for other, target in zip(others, targets, strict=True):
            other[flag] = target
    return others


def targets_in(writing: WritingConfig, stem: str) -> dict[str, str]:
    """What is written for a photo where every flag names a folder, which may be a URL.

    Args:
        writing: says which folders.
        stem: the photo's name without suffix.

    Returns:
        Fields of `PhotoJob`.
    """
    return {
        flag: f"{folder.rstrip('/')}/{stem}{ENDINGS.get(flag, '')}.png"
        for flag, folder in folders_written(writing).items()
    }


def folders_written(writing: WritingConfig) -> dict[str, str]:
    """What is written, and the folder that is named for it."""
    folders = {"matte": writing.output} if writing.write_matte else {}
    return folders | {flag: value for flag in ENDINGS if (value := getattr(writing, flag))}


def flag_writing(writing: WritingConfig, file: Place) -> str | None:
    """The flag by which a file is a cut-out or the like of another photo, if it is one.

    Args:
        writing: says which folders, as for `targets_in`.
        file: a photo, or a matte to write.
    """
    stem = PurePosixPath(file).stem
    for flag, ending in ENDINGS.items():
        if stem.endswith(ending) and getattr(writing, flag):
            target = targets_in(writing, stem.removesuffix(ending))[flag]
            if place_of(target) == place_of(file):
                return flag
    return None


def without_results(photos: list[Path]) -> list[Path]:
    """The photos without mattes, cut-outs and the like that were written beside them."""
    stems = {photo.stem for photo in photos}
    counts = Counter(map(paired_name, photos))
    kept = []
    for photo in photos:
        sources = {photo.stem.removesuffix(ending) for ending in ENDINGS.values()} - {photo.stem}
        if sources & stems:
            tell(photo, "left out, made of the photo beside it")
        elif counts[paired_name(photo)] > 1 and _is_own_matte(photo):
            tell(photo, "left out, the matte of the photo beside it")
        else:
            kept.append(photo)
    return kept


def _is_own_matte(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return begins_as_own_matte(opened)
    except OSError:  # said where it is read as a photo
        return False


def place_of(file: Place) -> str:
    """One name for a file that has several; URLs as they are."""
    return str(file) if "://" in str(file) else os.path.realpath(file)


def refuse_overwriting(inputs: Iterable[Path], targets: Iterable[Path]) -> None:
    """Looks whether every target is a file of its own.

    Raises:
        InputError: one is an input, or two are the same.
    """
    # By inode: links and file systems that ignore case have several names for one file.
    # And by place: of new/../name it is the name's, though there is no new; it will be made.
    identities = {_identity(place_of(path)) for path in inputs} - {None}
    written = set()
    for target in targets:
        place = place_of(target)
        if _identity(place) in identities:
            raise overwriting_error(target)
        if place in written:
            raise InputError(f"{target} would be written twice; give another name or folder.")
        written.add(place)


def _identity(place: str) -> tuple[int, int] | None:
    """None where it cannot be looked at or is not there: who reads or writes it says so."""
    try:
        status = Path(place).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def nothing_written_error() -> InputError:
    """Why there is nothing to do."""
    return InputError(
        "With --nowrite_matte nothing is written; leave it out, or name what is to be written, "
        "such as --save_trimap=trimap.png."
    )


def overwriting_error(target: Place) -> InputError:
    """Why a file is not written."""
    return InputError(f"{target} is an input and would be overwritten; give another name.")
