"""What a dataset made with --hold_out leaves out, and the list of it in the dataset's folder.

Which pictures these are is a place in a list of names: with a picture more or less in the folder
they are others. So the list is kept, and what is measured on can be compared with it.
"""

import filecmp
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from dim_tf.config import FolderConfig
from dim_tf.dataset.cutouts import find_cut_outs
from dim_tf.dataset.folders import folder_foregrounds
from dim_tf.dataset.manifest import read_manifest
from dim_tf.dataset.sources import split_photos
from dim_tf.pictures.folders import list_images, paired_name
from dim_tf.system.errors import InputError
from dim_tf.system.files import write_bytes

LIST_NAME = "held_out.json"
_PHOTO_SETTINGS = ("photos_dir", "bg_dir")
# Setting of foregrounds that are held out by names of their own.
CUT_OUT_SETTING, FOLDERS_SETTING = "cutouts_dir", "alpha_dir"


def photos_to_train_on(folder: str, folders: Iterable[str], hold_out: bool) -> list[Path]:
    """The photographs of a folder that a dataset may use.

    Args:
        folder: of the photographs; empty: there are none.
        folders: all folders of photographs that the dataset is made of; a name may be empty.
        hold_out: whether those held out are left out: also where a photograph of one folder is a
            link to one that is held out of another, or a copy of it.

    Raises:
        InputError: a folder is missing or holds no picture.
    """
    photos = list_images(folder) if folder else []
    if not hold_out:
        return photos
    held_out = {photo.resolve() for other in folders for photo in _held_out_photos(other)}
    # A copy in another folder has a place of its own there, and may be none that is held out.
    by_size: dict[int, list[Path]] = {}
    for photo in held_out:
        if folder and photo.parent != Path(folder).resolve():
            by_size.setdefault(photo.stat().st_size, []).append(photo)
    return [
        photo
        for photo in photos
        if photo.resolve() not in held_out
        and not any(
            filecmp.cmp(photo, other, shallow=False)
            for other in by_size.get(photo.stat().st_size, ())
        )
    ]


def held_out_names(
    photos_dir: str, folders: FolderConfig, cutouts_dir: str = ""
) -> dict[str, list[str]]:
    """What is held out of each folder that is given: setting → names.

    Args:
        photos_dir: photographs, called by their file names.
        folders: with backgrounds, called the same, and mattes, called as `ForegroundFiles` has it.
        cutouts_dir: cut-outs, called as `CutOut` has it.

    Raises:
        InputError: a folder is missing or holds no picture.
    """
    names = {
        setting: [photo.name for photo in _held_out_photos(folder)]
        for setting, folder in zip(_PHOTO_SETTINGS, (photos_dir, folders.bg_dir), strict=True)
        if folder
    }
    if cutouts_dir:
        cut_outs, _ = find_cut_outs(cutouts_dir, "held out")
        names[CUT_OUT_SETTING] = [cut_out.name for cut_out in cut_outs]
    if folders.alpha_dir:
        pairs, _ = folder_foregrounds(folders, "held out")
        names[FOLDERS_SETTING] = [pair.name for pair in pairs]
    return names


def write_held_out_names(data_dir: Path, names: Mapping[str, Sequence[str]]) -> None:
    """Writes the list into the dataset's folder, atomically.

    Raises:
        InputError: the file cannot be written there.
    """
    write_bytes(data_dir / LIST_NAME, (json.dumps(names, indent=1) + "\n").encode())


def refuse_to_hold_out_what_was_used(
    data_dir: Path,
    names: Mapping[str, Sequence[str]],
    foregrounds: Iterable[str],
    backgrounds: Iterable[str],
) -> None:
    """Refuses a list by which a picture would be held out that the dataset was made with before.

    Cut-outs, and photographs that colour mattes, cannot change once a dataset is begun; its
    backgrounds and its mattes in folders may become more.

    Args:
        data_dir: of the dataset.
        names: from `held_out_names`.
        foregrounds: names of the foregrounds that it was made with.
        backgrounds: names of the backgrounds that it was made with.

    Raises:
        InputError: one of the names is among them.
    """
    for setting, name in _names_among(names, foregrounds, backgrounds):
        raise InputError(
            f"{name} is due to be held out, but {data_dir} was made with it, by an older version "
            f"or when --{setting} held other pictures, so training may have seen it; give the "
            "folder as it was, or another --out_dir."
        )


def refuse_to_train_on_what_was_held_out(
    data_dir: Path, foregrounds: Iterable[str], backgrounds: Iterable[str]
) -> None:
    """Refuses what a dataset held out before: what it is measured on may be made of it.

    Args:
        data_dir: of the dataset, whose list is about to be written anew.
        foregrounds: names of the foregrounds that are to be in it.
        backgrounds: names of the backgrounds that are to be in it.

    Raises:
        InputError: one of them was held out.
    """
    before = _listed(data_dir) or {}
    for setting, name in _names_among(before, foregrounds, backgrounds):
        raise InputError(
            f"{name} was held out of {data_dir} and would not be any more, as --{setting} holds "
            "other pictures than before, so what was made to measure on may show it; give the "
            "folder as it was, or another --out_dir."
        )


def _names_among(
    names: Mapping[str, Sequence[str]], foregrounds: Iterable[str], backgrounds: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Setting and name of what a list of held-out pictures and a dataset have both."""
    of_backgrounds = "bg_dir" if "bg_dir" in names else "photos_dir"
    for setting, of_dataset in ((of_backgrounds, backgrounds), (FOLDERS_SETTING, foregrounds)):
        used = set(of_dataset)
        for name in names.get(setting, ()):
            if (name if setting == FOLDERS_SETTING else paired_name(name)) in used:
                yield setting, name


def refuse_what_was_not_held_out(
    data_dir: str | Path, photos: Iterable[Path], setting: str, foregrounds: Iterable[str]
) -> None:
    """Refuses pictures that training on a dataset may have seen.

    Args:
        data_dir: of the dataset.
        photos: all must be held out of one of its folders of photographs.
        setting: of the foregrounds: `CUT_OUT_SETTING` or `FOLDERS_SETTING`.
        foregrounds: names; all must be held out, unless the dataset is made without such ones.

    Raises:
        InputError: one is not held out, or the dataset has no list of what is.
    """
    listed = _read_held_out_names(Path(data_dir))
    photos, foregrounds = list(photos), list(foregrounds)
    if not any(
        {photo.name for photo in photos} <= set(listed.get(of_photos, ()))
        for of_photos in _PHOTO_SETTINGS
    ):
        known = {name for of_photos in _PHOTO_SETTINGS for name in listed.get(of_photos, ())}
        unknown = [photo for photo in photos if photo.name not in known]
        raise _not_held_out((unknown or photos)[0], data_dir)
    seen: set[str] = set()
    if setting in listed:
        seen = set(foregrounds) - set(listed[setting])
    elif setting == FOLDERS_SETTING:  # an older version trained on all of them
        seen = set(foregrounds) & set(read_manifest(data_dir).foregrounds)
    for name in foregrounds:
        if name in seen:
            raise _not_held_out(name, data_dir)


def _held_out_photos(folder: str) -> list[Path]:
    return split_photos(list_images(folder))[1] if folder else []


def _not_held_out(picture: Path | str, data_dir: str | Path) -> InputError:
    return InputError(
        f"{picture} is not among the pictures that the dataset {data_dir} held out, so training "
        "may have seen it; give the folders as they were when the dataset was made, or leave "
        "--data_dir out."
    )


def _read_held_out_names(data_dir: Path) -> dict[str, list[str]]:
    names = _listed(data_dir)
    if names is None:
        raise InputError(
            f"{data_dir / LIST_NAME}, the list of what the dataset held out, is missing or "
            "damaged; where the dataset was made with --hold_out, dim-tf prepare with the same "
            "settings writes it; otherwise leave --data_dir out."
        )
    return names


def _listed(data_dir: Path) -> dict[str, list[str]] | None:
    """The list in a dataset's folder, None where it is missing or damaged."""
    try:
        names = json.loads((data_dir / LIST_NAME).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    sound = isinstance(names, dict) and all(
        isinstance(listed, list) and all(isinstance(name, str) for name in listed)
        for listed in names.values()
    )
    return names if sound else None
