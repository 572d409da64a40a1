"""Which photo goes with which mask, and what is written of it. Looks at names only."""

from pathlib import Path
from typing import NamedTuple

from dim_tf.commands.result_files import (
    DEFAULT_FILE,
    DEFAULT_FOLDER,
    ENDINGS,
    Place,
    beside,
    files_for,
    nothing_written_error,
    other_targets,
    refuse_overwriting,
    without_results,
)
from dim_tf.config import InferenceConfig, MeasuringConfig, WritingConfig
from dim_tf.pictures.folders import (
    by_stem,
    is_pattern,
    is_picture_name,
    list_images,
    unread_pictures,
)
from dim_tf.system.errors import InputError, printable
from dim_tf.system.files import refuse_unwritable
from dim_tf.system.shipped import ASSETS
from dim_tf.trimaps.grabcut import parse_rectangle
from dim_tf.trimaps.on_photo import what_is_given

# An error sentence names this many files at most.
_NAMES_SHOWN = 5


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

    Without any input it is the demo on the shipped sample. Prints a note if truths are left over,
    or photos that were finished before.

    Returns:
        What is to be done; nothing if --only_missing is given and all files are there.

    Raises:
        InputError: flags are missing or contradict each other, a path does not exist or holds no
            picture, a photo lacks a partner, a file would be written over an input, or a folder
            cannot be written to.
    """
    reading, writing, measuring = config.reading, config.writing, config.measuring
    for name in ("report", "sheets", "region"):
        if getattr(measuring, name) != getattr(MeasuringConfig, name) and not measuring.gt:
            raise InputError(f"--{name} needs the ground truth to compare with; give it with --gt.")
    if config.only_missing and measuring.gt:
        raise InputError(
            "--only_missing passes over photos, and the errors of the others alone would be "
            "measured; leave it out, or measure afterwards with --predictions."
        )
    beside_it = writing.background and not writing.composite  # where a composite goes
    if writing.output and not (writing.write_matte or beside_it):
        raise InputError(
            "--output names the matte, which --nowrite_matte leaves out; give one of the two."
        )
    given = reading.alpha or reading.trimap or reading.rect
    is_demo = not (reading.rgb or given or measuring.gt)
    jobs = [_demo_job(writing)] if is_demo else _jobs_of(config)
    background = Path(writing.background)  # or a colour
    targets = [Path(path) for job in jobs for path in job.targets().values()]
    refuse_overwriting(
        inputs=[
            *(path for job in jobs for path in (job.photo, job.mask, job.truth) if path),
            *([background] if background.is_file() else []),
        ],
        targets=targets,
    )
    for folder, target in {target.parent: target for target in reversed(targets)}.items():
        refuse_unwritable(folder, str(target))
    return _unfinished(jobs) if config.only_missing else jobs


def _unfinished(jobs: list[PhotoJob]) -> list[PhotoJob]:
    """The jobs of which a file is missing; says how many others there are.

    Files are complete or not there, so that one that is there is finished.
    """
    unfinished = [
        job for job in jobs if not all(Path(path).is_file() for path in job.targets().values())
    ]
    if len(unfinished) < len(jobs):
        print(f"{len(jobs) - len(unfinished)} of {len(jobs)} photos were finished before.")
    return unfinished


def _jobs_of(config: InferenceConfig) -> list[PhotoJob]:
    reading, writing, measuring = config.reading, config.writing, config.measuring
    if not reading.rgb:
        raise InputError(
            "--rgb is missing; give the photo that belongs to the mask, trimap or ground truth."
        )
    flag = what_is_given(reading)
    photos = find_pictures("rgb", reading.rgb)
    _tell_unread(reading.rgb, photos)
    photos = without_results(photos)
    if reading.rect:
        parse_rectangle(reading.rect)
        by_stem(photos)  # their outputs would have one name
        masks = [None] * len(photos)
    else:
        given = getattr(reading, flag)
        pairs = pair_by_stem(photos, find_pictures(flag, given), flag, is_one_file(given))
        photos, masks = map(list, zip(*pairs, strict=True))
    truths: list[Path | None] = [None] * len(photos)
    if measuring.gt:
        found = find_pictures("gt", measuring.gt)
        pairs = pair_by_stem(photos, found, "gt", is_one_file(measuring.gt))
        truths = [truth for _, truth in pairs]
        tell_left_over(found, truths, "photo")
    several = len(photos) > 1
    mattes = files_for(
        "output", writing.output or (DEFAULT_FOLDER if several else DEFAULT_FILE), photos
    )
    others = other_targets(writing, photos, mattes)
    if not (writing.write_matte or any(others) or measuring.gt):
        raise nothing_written_error()
    written = mattes if writing.write_matte else [None] * len(photos)
    return [
        PhotoJob(photo, mask, matte, truth=truth, **other)
        for photo, mask, matte, truth, other in zip(
            photos, masks, written, truths, others, strict=True
        )
    ]


def _demo_job(writing: WritingConfig) -> PhotoJob:
    photo, mask, truth = (ASSETS / f"sample_{name}.png" for name in ("rgb", "mask", "alpha"))
    (matte,) = files_for("output", writing.output or DEFAULT_FILE, [photo])
    (others,) = other_targets(writing, [photo], [matte])
    if writing.write_matte:
        others.setdefault("side_by_side", beside(matte, "side_by_side"))
    return PhotoJob(photo, mask, matte if writing.write_matte else None, truth=truth, **others)


def _tell_unread(given: str, photos: list[Path]) -> None:
    """Prints which pictures of a folder are passed over."""
    unread = unread_pictures(given, photos) if Path(given).is_dir() else []
    if unread:
        told = f"Left out, of kinds that are not read: {list_some(unread)}; convert to PNG."
        print(printable(told), flush=True)


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
    if not is_pattern(value):
        raise InputError(f"--{flag}={value} does not exist; check the path.")
    if path.name == "**":  # Python 3.12 and older find folders alone
        path /= "*"
    try:
        matches = list(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    except (ValueError, OSError) as error:
        raise InputError(f"--{flag}={value} is not a pattern of files ({error}).") from None
    found = sorted(match for match in matches if is_picture_name(match) and not match.is_dir())
    if not found:
        if "[" in value:
            raise InputError(
                f"--{flag}={value} matches no picture; check the pattern, in which [ itself is "
                "written [[]."
            )
        raise InputError(f"--{flag}={value} matches no picture; check the pattern.")
    return found


def is_one_file(value: str) -> bool:
    """Whether a flag names one file, not a folder or a pattern that may match one."""
    return Path(value).exists() and not Path(value).is_dir()


def pair_by_stem(
    photos: list[Path], masks: list[Path], flag: str, named: bool
) -> list[tuple[Path, Path]]:
    """Pairs photos with masks of the same name but for the suffix.

    A photo alone takes the mask that is named for it, but not what a folder happens to hold.

    Args:
        photos: at least one.
        masks: at least one; those without a photo are passed over.
        flag: the flag that gave the masks, for the error.
        named: whether the flag names one file.

    Raises:
        InputError: a photo has no mask, or two files of one kind share a name; they are named.
    """
    if named and len(photos) == 1:
        return [(photos[0], masks[0])]
    photo_of, mask_of = by_stem(photos), by_stem(masks)
    missing = [stem for stem in photo_of if stem not in mask_of]
    if missing:
        raise no_partner_error(flag, list_some([photo_of[stem] for stem in missing]))
    return [(photo, mask_of[stem]) for stem, photo in photo_of.items()]


def tell_left_over(found: list[Path], used: list[Path | None], lacking: str) -> None:
    """Prints which truths have no partner: a mean over fewer images is another number.

    Args:
        found: the truths.
        used: those that have one.
        lacking: what the others lack.
    """
    left_over = sorted({*found} - {*used})
    if left_over:
        told = f"No {lacking}, so not in the mean: {list_some(left_over)}."
        print(printable(told), flush=True)


def no_partner_error(flag: str, photos: str) -> InputError:
    """Why photos have no mask; `photos` names them."""
    return InputError(
        f"--{flag} has no partner for {photos}; a photo and its partner need the same name but for "
        "the suffix."
    )


def list_some(paths: list[Path]) -> str:
    """The first few paths as part of a sentence, and how many more there are."""
    names = ", ".join(map(str, paths[:_NAMES_SHOWN]))
    more = len(paths) - _NAMES_SHOWN
    return f"{names} and {more} more" if more > 0 else names
