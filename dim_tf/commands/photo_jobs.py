"""Which photo goes with which mask, and where its matte goes. Looks at names only."""

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dim_tf.config import InferenceConfig, MeasuringConfig, WritingConfig
from dim_tf.pictures.folders import IMAGE_SUFFIXES, by_stem, list_images
from dim_tf.system.errors import InputError, tell
from dim_tf.trimaps.grabcut import parse_rectangle
from dim_tf.trimaps.on_photo import what_is_given

ASSETS = Path(__file__).resolve().parents[1] / "assets"

_DEFAULT_FILE = "alpha.png"
_DEFAULT_FOLDER = "mattes"
# Not read, but surely meant as a picture and not as a folder.
_OTHER_PICTURE = re.compile(r"\.(exr|hdr|tga|psd|svg|pdf|jxl|jp2|npy|pfm)")
# What the name of a picture that goes beside others is told apart by.
ENDINGS = {
    "side_by_side": "_side_by_side",
    "save_trimap": "_trimap",
    "save_certainty": "_certainty",
    "cutout": "_cutout",
    "composite": "_composite",
}
# An error sentence names this many files at most.
_NAMES_SHOWN = 5


# A file on this machine, or the URL of one that Beam reads.
Place = Path | str


class PhotoJob(NamedTuple):
    """One photo's files.

    Attributes:
        photo: to read.
        mask: mask or trimap to read, or None.
        matte: PNG to write, or None.
        side_by_side: PNG to write, or None.
        cutout: RGBA PNG to write, or None.
        composite: PNG on the new background to write, or None.
        save_trimap: PNG of the trimap to write, or None.
        save_certainty: PNG of the certainty to write, or None.
        truth: exact matte to compare with, or None.
    """

    photo: Place
    mask: Place | None
    matte: Place | None
    side_by_side: Place | None = None
    cutout: Place | None = None
    composite: Place | None = None
    save_trimap: Place | None = None
    save_certainty: Place | None = None
    truth: Place | None = None

    def targets(self) -> dict[str, Place]:
        """The files to write, by what is in them: the names of this class."""
        kinds = ("matte", *ENDINGS)
        return {kind: path for kind in kinds if (path := getattr(self, kind))}


def plan_jobs(config: InferenceConfig) -> list[PhotoJob]:
    """Pairs the photos with their masks or trimaps and decides what is written where.

    Without any input it is the demo on the shipped sample.

    Raises:
        InputError: flags are missing or contradict each other, a path does not exist or holds no
            picture, a photo lacks a partner, or a file would be written over an input.
    """
    reading, writing, measuring = config.reading, config.writing, config.measuring
    if measuring.report != MeasuringConfig.report and not measuring.gt:
        raise InputError("--report needs the ground truth to compare with; give it with --gt.")
    given = reading.alpha or reading.trimap or reading.rect
    if not (reading.rgb or given or measuring.gt):
        return [_demo_job(writing)]
    if not reading.rgb:
        raise InputError(
            "--rgb is missing; give the photo that belongs to the mask, trimap or ground truth."
        )
    flag = what_is_given(reading)
    photos = _without_results(find_pictures("rgb", reading.rgb))
    if reading.rect:
        parse_rectangle(reading.rect)
        by_stem(photos)  # their outputs would have one name
        masks = [None] * len(photos)
    else:
        pairs = pair_by_stem(photos, find_pictures(flag, getattr(reading, flag)), flag)
        photos, masks = map(list, zip(*pairs, strict=True))
    truths: list[Path | None] = [None] * len(photos)
    if measuring.gt:
        found = find_pictures("gt", measuring.gt)
        truths = [truth for _, truth in pair_by_stem(photos, found, "gt")]
    several = len(photos) > 1
    mattes = _targets(
        "output", writing.output or (_DEFAULT_FOLDER if several else _DEFAULT_FILE), photos
    )
    others = _other_targets(writing, photos, mattes)
    if not (writing.write_matte or any(others) or measuring.gt):
        raise nothing_written_error()
    written = mattes if writing.write_matte else [None] * len(photos)
    targets = [path for path in written if path]
    _refuse_overwriting(
        inputs=[path for path in (*photos, *masks, *truths, *_background(writing)) if path],
        targets=[*targets, *(path for job in others for path in job.values())],
    )
    return [
        PhotoJob(photo, mask, matte, truth=truth, **other)
        for photo, mask, matte, truth, other in zip(
            photos, masks, written, truths, others, strict=True
        )
    ]


def _without_results(photos: list[Path]) -> list[Path]:
    """The photos without cut-outs and the like that were written beside them."""
    stems = {photo.stem for photo in photos}
    kept = []
    for photo in photos:
        sources = {photo.stem.removesuffix(ending) for ending in ENDINGS.values()} - {photo.stem}
        if sources & stems:
            tell(photo, "left out, made of the photo beside it")
        else:
            kept.append(photo)
    return kept


def _background(writing: WritingConfig) -> list[Path]:
    """The picture behind the cut-out, if it is one and not a colour."""
    path = Path(writing.background)
    return [path] if path.is_file() else []


def _other_targets(
    writing: WritingConfig, photos: list[Path], mattes: list[Path]
) -> list[dict[str, Path]]:
    """What else is written for each photo: flag → file."""
    others: list[dict[str, Path]] = [{} for _ in photos]
    for flag, ending in ENDINGS.items():
        value = getattr(writing, flag)
        if value:
            targets = _targets(flag, value, photos, ending)
        elif flag == "composite" and writing.background:
            targets = [matte.with_name(f"{matte.stem}{ending}.png") for matte in mattes]
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


def is_result(writing: WritingConfig, photo: Place) -> bool:
    """Whether a file is a cut-out or the like of another photo, where flags name folders."""
    stem = PurePosixPath(photo).stem
    return any(
        stem.endswith(ending)
        and getattr(writing, flag)
        and place_of(targets_in(writing, stem.removesuffix(ending))[flag]) == place_of(photo)
        for flag, ending in ENDINGS.items()
    )


def place_of(file: Place) -> str:
    """One name for a file that has several; URLs as they are."""
    return str(file) if "://" in str(file) else os.path.realpath(file)


def _demo_job(writing: WritingConfig) -> PhotoJob:
    photo, mask = ASSETS / "sample_rgb.png", ASSETS / "sample_mask.png"
    (matte,) = _targets("output", writing.output or _DEFAULT_FILE, [photo])
    (others,) = _other_targets(writing, [photo], [matte])
    truth = ASSETS / "sample_alpha.png"
    if not writing.write_matte:
        _refuse_overwriting(
            inputs=[photo, mask, truth, *_background(writing)], targets=others.values()
        )
        return PhotoJob(photo, mask, None, truth=truth, **others)
    others.setdefault("side_by_side", matte.with_name(f"{matte.stem}{ENDINGS['side_by_side']}.png"))
    _refuse_overwriting(
        inputs=[photo, mask, truth, *_background(writing)], targets=[matte, *others.values()]
    )
    return PhotoJob(photo, mask, matte, truth=truth, **others)


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
        raise no_partner_error(flag, list_some([photo_of[stem] for stem in missing]))
    return [(photo, mask_of[stem]) for stem, photo in photo_of.items()]


def no_partner_error(flag: str, photos: str) -> InputError:
    """Why photos have no mask; `photos` names them."""
    return InputError(
        f"--{flag} has no partner for {photos}; a photo and its partner need the same name but for "
        "the suffix."
    )


def nothing_written_error() -> InputError:
    """Why there is nothing to do."""
    return InputError(
        "With --nowrite_matte nothing is written; leave it out, or name what is to be written, "
        "such as --save_trimap=trimap.png."
    )


def overwriting_error(target: Place) -> InputError:
    """Why a file is not written."""
    return InputError(f"{target} is an input and would be overwritten; give another name.")


def list_some(paths: list[Path]) -> str:
    """The first few paths as part of a sentence, and how many more there are."""
    names = ", ".join(map(str, paths[:_NAMES_SHOWN]))
    more = len(paths) - _NAMES_SHOWN
    return f"{names} and {more} more" if more > 0 else names


def _targets(flag: str, value: str, photos: list[Path], ending: str = "") -> list[Path]:
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


def _refuse_overwriting(inputs: Iterable[Path], targets: Iterable[Path]) -> None:
    # By inode: links and file systems that ignore case have several names for one file.
    inputs = {_identity(path) for path in inputs}
    written = set()
    for target in targets:
        if target.exists() and _identity(target) in inputs:
            raise overwriting_error(target)
        if target in written:
            raise InputError(f"{target} would be written twice; give another name or folder.")
        written.add(target)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
