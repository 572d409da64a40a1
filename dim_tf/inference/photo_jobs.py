"""Which photo goes with which mask, and where its matte goes. Looks at names only."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from dim_tf.config import InferenceConfig
from dim_tf.data.image_io import IMAGE_SUFFIXES, by_stem, list_images
from dim_tf.errors import InputError
from dim_tf.inference.grabcut import parse_rectangle

ASSETS = Path(__file__).resolve().parents[1] / "assets"

_DEFAULT_FILE = "alpha.png"
_DEFAULT_FOLDER = "mattes"
# Not read, but surely meant as a picture and not as a folder.
_OTHER_PICTURE = re.compile(r"\.(gif|exr|hdr|tga|psd|svg|pdf|avif|heic|jxl|jp2|npy|pfm)")
_SIDE_BY_SIDE_ENDING = "_side_by_side"
_TRIMAP_ENDING = "_trimap"
# An error sentence names this many files at most.
_NAMES_SHOWN = 5


class PhotoJob(NamedTuple):
    """One photo's files.

    Attributes:
        photo: to read.
        mask: mask or trimap to read, or None.
        matte: PNG to write.
        side_by_side: PNG to write, or None.
        truth: exact matte to compare with, or None.
        trimap: PNG to write, or None.
    """

    photo: Path
    mask: Path | None
    matte: Path
    side_by_side: Path | None = None
    truth: Path | None = None
    trimap: Path | None = None


def plan_jobs(config: InferenceConfig) -> list[PhotoJob]:
    """Pairs the photos with their masks or trimaps and decides what is written where.

    Without any input it is the demo on the shipped sample.

    Raises:
        InputError: flags are missing or contradict each other, a path does not exist or holds no
            picture, a photo lacks a partner, or a file would be written over an input.
    """
    given = [flag for flag in ("alpha", "trimap", "rect") if getattr(config, flag)]
    if not (config.rgb or given):
        return [_demo_job(config)]
    if not config.rgb:
        raise InputError("--rgb is missing; give the photo that belongs to the mask or trimap.")
    if not given:
        raise InputError(
            "Give a mask with --alpha or a trimap with --trimap beside --rgb, or --rect=auto."
        )
    if len(given) > 1:
        raise InputError(f"Give either --{given[0]} or --{given[1]}, not both.")
    photos = find_pictures("rgb", config.rgb)
    if config.rect:
        parse_rectangle(config.rect)
        by_stem(photos)  # their outputs would have one name
        masks = [None] * len(photos)
    else:
        pairs = pair_by_stem(photos, find_pictures(given[0], getattr(config, given[0])), given[0])
        photos, masks = zip(*pairs, strict=True)
    several = len(photos) > 1
    mattes = _targets(
        "output", config.output or (_DEFAULT_FOLDER if several else _DEFAULT_FILE), photos
    )
    pictures = _optional_targets("side_by_side", config, photos, _SIDE_BY_SIDE_ENDING)
    trimaps = _optional_targets("save_trimap", config, photos, _TRIMAP_ENDING)
    _refuse_overwriting(
        inputs=[path for path in (*photos, *masks) if path],
        targets=[path for path in (*mattes, *pictures, *trimaps) if path],
    )
    return [
        PhotoJob(photo, mask, matte, picture, trimap=trimap)
        for photo, mask, matte, picture, trimap in zip(
            photos, masks, mattes, pictures, trimaps, strict=True
        )
    ]


def _demo_job(config: InferenceConfig) -> PhotoJob:
    photo, mask = ASSETS / "sample_rgb.png", ASSETS / "sample_mask.png"
    (matte,) = _targets("output", config.output or _DEFAULT_FILE, [photo])
    picture = matte.with_name(f"{matte.stem}{_SIDE_BY_SIDE_ENDING}.png")
    if config.side_by_side:
        (picture,) = _targets("side_by_side", config.side_by_side, [photo], _SIDE_BY_SIDE_ENDING)
    (trimap,) = _optional_targets("save_trimap", config, [photo], _TRIMAP_ENDING)
    truth = ASSETS / "sample_alpha.png"
    targets = [path for path in (matte, picture, trimap) if path]
    _refuse_overwriting(inputs=[photo, mask, truth], targets=targets)
    return PhotoJob(photo, mask, matte, picture, truth, trimap)


def find_pictures(flag: str, value: str) -> list[Path]:
    """The pictures a flag means.

    Args:
        flag: its name, for the error.
        value: a file, a folder (the pictures directly inside) or a glob (`**` goes into folders).

    Returns:
        At least one path, sorted by name.

    Raises:
        InputError: there is no such file or folder, or no picture in it.
    """
    path = Path(value)
    if path.is_dir():
        return list_images(path)
    if path.exists():  # before the glob: a file name may hold brackets
        return [path]
    if not any(character in value for character in "*?["):
        raise InputError(f"--{flag}={value} does not exist; check the path.")
    try:
        matches = list(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    except (ValueError, OSError) as error:
        raise InputError(f"--{flag}={value} is not a pattern of files ({error}).") from None
    found = sorted(
        match
        for match in matches
        if match.suffix.lower() in IMAGE_SUFFIXES and not match.name.startswith(".")
    )
    if not found:
        raise InputError(f"--{flag}={value} matches no picture; check the pattern.")
    return found


def pair_by_stem(photos: list[Path], masks: list[Path], flag: str) -> list[tuple[Path, Path]]:
    """Pairs photos with masks of the same name but for the suffix; one and one always pair.

    Args:
        photos: at least one.
        masks: at least one; those without a photo are passed over.
        flag: the flag that gave the masks, for the error.

    Raises:
        InputError: a photo has no mask, or two files of one kind share a name; they are named.
    """
    if len(photos) == len(masks) == 1:
        return [(photos[0], masks[0])]
    photo_of, mask_of = by_stem(photos), by_stem(masks)
    missing = [stem for stem in photo_of if stem not in mask_of]
    if missing:
        names = ", ".join(str(photo_of[stem]) for stem in missing[:_NAMES_SHOWN])
        more = f" and {len(missing) - _NAMES_SHOWN} more" if len(missing) > _NAMES_SHOWN else ""
        raise InputError(
            f"--{flag} has no partner for {names}{more}; a photo and its partner need the same "
            "name but for the suffix."
        )
    return [(photo, mask_of[stem]) for stem, photo in photo_of.items()]


def _targets(flag: str, value: str, photos: Sequence[Path], ending: str = "") -> list[Path]:
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
    if not is_folder and _OTHER_PICTURE.fullmatch(suffix):
        raise InputError(f"--{flag}={value} is not possible; give a name ending in .png.")
    if path.exists() and not path.is_dir():
        raise InputError(f"--{flag}={value} is a file; give a folder or a name ending in .png.")
    return [path / f"{photo.stem}{ending}.png" for photo in photos]


def _optional_targets(
    flag: str, config: InferenceConfig, photos: Sequence[Path], ending: str
) -> list[Path | None]:
    """The same for a flag that may be left out."""
    value = getattr(config, flag)
    return _targets(flag, value, photos, ending) if value else [None] * len(photos)


def _refuse_overwriting(inputs: Iterable[Path], targets: Iterable[Path]) -> None:
    # By inode: links and file systems that ignore case have several names for one file.
    inputs = {_identity(path) for path in inputs}
    written = set()
    for target in targets:
        if target.exists() and _identity(target) in inputs:
            raise InputError(f"{target} is an input and would be overwritten; give another name.")
        if target in written:
            raise InputError(f"{target} would be written twice; give another name or folder.")
        written.add(target)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
