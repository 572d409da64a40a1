"""The Adobe matting dataset as its authors ship it: no renaming needed.

Training foregrounds go through the same offline step as any others. The test set becomes
Composition-1k, the folder every published number refers to, by the authors' own recipe
(Composition_code.py of the dataset): the same backgrounds, sizes and rounding.
"""

import dataclasses
import math
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from dim_tf.config import JobsConfig
from dim_tf.dataset.folders import ForegroundFiles
from dim_tf.dataset.manifest import is_safe_name
from dim_tf.dataset.output_folder import Summary, open_output
from dim_tf.dataset.sources import Sources, background_files
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError
from dim_tf.system.jobs import Outcome, Tally

TEST_BACKGROUNDS_PER_FOREGROUND = 20

_DATASET = "Combined_Dataset"
_TRAINING_PARTS = ("Adobe-licensed images", "Other")
_TEST_PART = "Adobe-licensed images"
# The name lists and the files disagree about the suffix of some pictures.
_SUFFIXES = (".png", ".jpg", ".jpeg", ".PNG", ".JPG")


def training_sources(adobe_root: str, bg_dir: str) -> Sources:
    """The training foregrounds named by training_fg_names.txt, in both folders.

    Names of backgrounds that lost their `COCO_train2014_` in later releases of MS-COCO are found
    as well.

    Args:
        adobe_root: folder that holds Combined_Dataset.
        bg_dir: folder (MS-COCO) of the backgrounds that training_bg_names.txt names.

    Raises:
        InputError: the folder is not the Adobe dataset, or a list is missing.
    """
    root = Path(adobe_root) / _DATASET / "Training_set"
    foregrounds = []
    names_file = root / "training_fg_names.txt"
    names, refusals = _of_different_stems(names_file.name, _read_names(names_file))
    for name in names.values():
        files = {}
        for kind in ("alpha", "fg"):
            folders = [root / part / kind for part in _TRAINING_PARTS]
            files[kind] = _find(folders, name)
            if files[kind] is None:
                refusals.append(
                    f"{name} of training_fg_names.txt is not in {folders[0]} nor in {folders[1]}."
                )
        if files["alpha"] and files["fg"]:
            foregrounds.append(ForegroundFiles(Path(name).stem, files["alpha"], files["fg"]))
    background_names = _read_names(root / "training_bg_names.txt")
    found = {name: _find_background(Path(bg_dir), name) for name in background_names}
    lost = [name for name, file in found.items() if file is None]
    if lost:
        refusals.append(
            f"{len(lost)} of the {len(found)} backgrounds of training_bg_names.txt are not in "
            f"{bg_dir}, the first is {lost[0]}."
        )
    backgrounds, background_refusals = background_files(file for file in found.values() if file)
    return Sources(tuple(foregrounds), backgrounds, (*refusals, *background_refusals))


@dataclasses.dataclass(frozen=True)
class _TestJob:
    """One image of Composition-1k."""

    index: int
    stem: str
    foreground_file: Path
    alpha_file: Path
    trimap_file: Path
    background_file: Path
    out_dir: Path


def write_composition_1k(
    adobe_root: str, bg_dir: str, out_dir: Path, settings: dict[str, str], jobs: JobsConfig
) -> Summary:
    """Writes Composition-1k as a validation folder: `rgb/`, `trimap/`, `alpha/`, same stems.

    The n-th foreground of test_fg_names.txt meets the n-th twenty backgrounds of
    test_bg_names.txt.

    Args:
        adobe_root: folder that holds Combined_Dataset.
        bg_dir: folder (VOC2012's JPEGImages) of the backgrounds.
        out_dir: the validation folder.
        settings: from `settings_of`.
        jobs: how to write.

    Raises:
        InputError: the folder is not the Adobe dataset, the lists do not fit together, `out_dir` is
            in use or a file cannot be written, or with `jobs.strict` any file is missing.
    """
    with open_output(out_dir, settings):
        images, refusals = _test_jobs(adobe_root, bg_dir, out_dir)
        if jobs.strict and refusals:
            raise InputError(refusals[0])
        tally = Tally(jobs.workers, jobs.progress, jobs.strict, refusals)
        refused = tally.run(_write_test_image, images, "images")
    made = [image for image in images if image.index not in refused]
    if not made:
        reason = tally.refusals[0] if tally.refusals else "test_fg_names.txt names none."
        raise InputError(f"No test image could be made: {reason}")
    return Summary(
        out_dir=out_dir,
        foregrounds=len({image.foreground_file for image in made}),
        backgrounds=len({image.background_file for image in made}),
        pairs=len(made),
        written=tally.written,
        present=tally.present,
        refused=tuple(tally.refusals),
        notes=_how_to_use(out_dir),
    )


def _how_to_use(out_dir: Path) -> tuple[str, str]:
    parts = (("rgb", "rgb"), ("trimap", "trimap"), ("gt", "alpha"))
    flags = [f"--{flag}={out_dir / folder}" for flag, folder in parts]
    validation = shlex.quote(f"--validation_dir={out_dir}")
    return (
        "Measure on it, the network alone as papers do, with: "
        f"dim-tf measure {shlex.join(flags)} --post_process=none",
        f"Validate on it with: dim-tf train {validation} and what else your run needs",
    )


def _test_jobs(adobe_root: str, bg_dir: str, out_dir: Path) -> tuple[list[_TestJob], list[str]]:
    root = Path(adobe_root) / _DATASET / "Test_set"
    names = _read_names(root / "test_fg_names.txt")
    background_names = _read_names(root / "test_bg_names.txt")
    count = TEST_BACKGROUNDS_PER_FOREGROUND
    if len(background_names) != count * len(names):
        raise InputError(
            f"{root} lists {len(names)} foregrounds and {len(background_names)} backgrounds; the "
            f"official lists have {count} backgrounds for each foreground."
        )
    jobs = []
    numbered, refusals = _of_different_stems("test_fg_names.txt", names)
    for number, name in numbered.items():
        folders = {kind: root / _TEST_PART / kind for kind in ("fg", "alpha", "trimaps")}
        fg_file = _find([folders["fg"]], name)
        alpha_file = _find([folders["alpha"]], name)
        for kind, file in (("fg", fg_file), ("alpha", alpha_file)):
            if file is None:
                refusals.append(f"{name} of test_fg_names.txt is not in {folders[kind]}.")
        if fg_file is None or alpha_file is None:
            continue
        stem = Path(name).stem
        for copy in range(count):
            background = Path(bg_dir) / background_names[number * count + copy]
            trimap = _find([folders["trimaps"]], f"{stem}_{copy}.png") or _find(
                [folders["trimaps"]], name
            )
            if trimap is None:
                refusals.append(f"{stem}_{copy}.png is not in {folders['trimaps']}.")
            elif not background.is_file():
                refusals.append(f"{background.name} of test_bg_names.txt is not in {bg_dir}.")
            else:
                files = (fg_file, alpha_file, trimap, background)
                jobs.append(_TestJob(len(jobs), f"{stem}_{copy}", *files, out_dir))
    return jobs, refusals


def _write_test_image(job: _TestJob) -> Outcome:
    paths = {kind: job.out_dir / kind / f"{job.stem}.png" for kind in ("rgb", "trimap", "alpha")}
    missing = [kind for kind, path in paths.items() if not path.exists()]
    if not missing:
        return Outcome(job.index, present=len(paths))
    try:
        foreground = np.asarray(_read_with_pillow(job.foreground_file, "RGB"))
        pictures = {
            "alpha": np.asarray(_read_with_pillow(job.alpha_file, "L")),
            "trimap": np.asarray(_read_with_pillow(job.trimap_file, "L")),
        }
        for kind, picture in pictures.items():
            if picture.shape != foreground.shape[:2]:
                raise InputError(f"The {kind} of {job.stem} and its foreground differ in size.")
        if "rgb" in missing:
            background = _read_with_pillow(job.background_file, "RGB")
            background = cover(background, foreground.shape[1], foreground.shape[0])
            pictures["rgb"] = official_composite(foreground, background, pictures["alpha"])
    except InputError as refusal:
        return Outcome(job.index, refusal=str(refusal))
    for kind in missing:
        write_png(paths[kind], pictures[kind], is_matte=kind == "alpha", is_trimap=kind == "trimap")
    return Outcome(job.index, written=len(missing), present=len(paths) - len(missing))


def cover(background: Image.Image, width: int, height: int) -> np.ndarray:
    """Enlarges a background that is too small, then takes its upper left corner.

    Args:
        background: PIL image, RGB.
        width: of the foreground.
        height: of the foreground.

    Returns:
        [height, width, 3] uint8 RGB. Official recipe: PIL's bicubic, sizes rounded up.
    """
    ratio = max(width / background.width, height / background.height)
    if ratio > 1:
        size = math.ceil(background.width * ratio), math.ceil(background.height * ratio)
        background = background.resize(size, Image.Resampling.BICUBIC)
    return np.asarray(background)[:height, :width]


def official_composite(
    foreground: np.ndarray, background: np.ndarray, alpha: np.ndarray
) -> np.ndarray:
    """Equation (1) as the authors computed the test set: double precision, then truncated.

    Args:
        foreground: [H, W, 3] uint8.
        background: [H, W, 3] uint8.
        alpha: [H, W] uint8.

    Returns:
        [H, W, 3] uint8. Rounding instead would shift half of the pixels by one grey level.
    """
    weight = alpha[..., np.newaxis] / 255.0
    return (weight * foreground + (1 - weight) * background).astype(np.uint8)


def _read_with_pillow(file: Path, mode: str) -> Image.Image:
    # Not read_picture: it turns photographs by their EXIF tag, which the official recipe does not.
    try:
        with Image.open(file) as image:
            # Pillow clips grey of more than 8 bits, and of colours it takes the upper ones.
            is_deep = image.mode.startswith(("I", "F")) or ";16" in str(image.tile)
            converted = image.convert(mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise InputError(f"{file} is not a picture that can be read; is it damaged?") from None
    if is_deep:
        raise InputError(
            f"{file} has more than 8 bits, which no file of the official test set has."
        )
    return converted


def _read_names(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"{path} cannot be read; --adobe_root is the folder that holds {_DATASET} with its "
            "name lists."
        ) from None
    names = [line.strip() for line in lines if line.strip()]
    for name in names:
        if not is_safe_name(name):
            raise InputError(f"{path} lists {name!r}, which is no file name; repair the list.")
    return names


def _of_different_stems(source: str, names: Sequence[str]) -> tuple[dict[int, str], list[str]]:
    """Place in a list → name, and a sentence for each name whose files another one's would be.

    Args:
        source: the list's file, for the sentences.
        names: in it.
    """
    first_of: dict[str, int] = {}
    kept, refusals = {}, []
    for number, name in enumerate(names):
        first = first_of.setdefault(Path(name).stem, number)
        if first == number:
            kept[number] = name
        else:
            refusals.append(
                f"{source} lists {names[first]} and again {name}, the same name but for the "
                "suffix; remove one of them."
            )
    return kept, refusals


def _find(folders: Iterable[Path], name: str) -> Path | None:
    """The file of that name, or else of that stem with another suffix."""
    names = (name, *(Path(name).stem + suffix for suffix in _SUFFIXES))
    candidates = (folder / candidate for folder in folders for candidate in names)
    return next((file for file in candidates if file.is_file()), None)


def _find_background(folder: Path, name: str) -> Path | None:
    for candidate in (name, name.removeprefix("COCO_train2014_")):
        if (folder / candidate).is_file():
            return folder / candidate
    return None
