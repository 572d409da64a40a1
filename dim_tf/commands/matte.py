"""From files to files: every photo of a command gets its matte."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dim_tf.commands.failures import Failures
from dim_tf.commands.measure import measure_mattes
from dim_tf.commands.photo_input import read_photo_and_trimap
from dim_tf.commands.photo_jobs import PhotoJob, plan_jobs
from dim_tf.config import InferenceConfig
from dim_tf.evaluation.inputs import check_same_size, read_matte, read_trimap
from dim_tf.evaluation.metrics import to_8_bit
from dim_tf.evaluation.report import ErrorTable, Evaluation, check_report_folder, publish
from dim_tf.matting.cutout import (
    check_pymatting,
    composite_on,
    foreground_colours_of,
    parse_background,
    render_background,
)
from dim_tf.model.checkpoint_choice import existing_checkpoint, find_checkpoint
from dim_tf.pictures.image_io import read_rgb, write_png
from dim_tf.pictures.side_by_side import PREVIEW_BACKGROUND, side_by_side
from dim_tf.system.errors import InputError, printable
from dim_tf.system.memory import give_back_memory, return_large_blocks
from dim_tf.system.quiet import import_tensorflow

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel


def run_inference(config: InferenceConfig) -> None:
    """Writes the matte of every photo and prints a line for each.

    Of several photos one that cannot be used is named on stderr and the others go on.

    Args:
        config: what to read, how to predict, where to write.

    Raises:
        InputError: see `plan_jobs` and `load_model`; the only photo cannot be used; or, at the
            end, how many of several could not.
    """
    if config.predictions:
        measure_mattes(config)
        return
    jobs = plan_jobs(config)
    for flag in ("cutout", "background"):
        if getattr(config, flag):
            check_pymatting(flag)
    if config.background:  # a misspelt colour or a damaged picture should be told at once
        render_background(parse_background(config.background), 1, 1)
    checkpoint = existing_checkpoint(config.checkpoint)
    if config.gt:
        check_report_folder(config.report)
    evaluation = Evaluation(config.region, config.sheets if config.gt else 0)
    model = None
    failures = Failures(len(jobs))
    for job in jobs:
        try:
            rgb, trimap, truth = _read(job, config)
        except InputError as error:
            failures.add(job.photo, error)
            continue
        # Not before a photo is worth it: TensorFlow takes seconds. Outside of `try`: without a
        # model there is no next photo.
        if model is None:
            model, checkpoint = _load_model(checkpoint, config)
        try:
            alpha = matte_photo(model, job, rgb, trimap, config)
        except InputError as error:
            failures.add(job.photo, error)
            continue
        if truth is not None:
            evaluation.add(job.photo.stem, to_8_bit(alpha), truth, trimap, rgb)
    if evaluation.measured and config.gt:
        print(ErrorTable(job.photo.stem for job in jobs).whole(evaluation))
        publish(evaluation, config, checkpoint)
    elif evaluation.measured:  # the demo
        print(
            "Compared with the exact matte on the unknown region: "
            "SAD {SAD:.2f} thousand pixels, MSE {MSE:.4f}.".format(**evaluation.mean())
        )
    failures.raise_if_any("photos")


def _read(
    job: PhotoJob, config: InferenceConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Photo, trimap, and the exact matte if the photo has one."""
    if config.gt and config.trimap:  # of a test set: taken as it is
        rgb, trimap = read_rgb(job.photo), read_trimap(job.mask)
        check_same_size(job.photo, rgb, job.mask, trimap)
    else:
        rgb, trimap = read_photo_and_trimap(job, config)
    if job.truth is None:
        return rgb, trimap, None
    truth = read_matte(job.truth)
    check_same_size(job.photo, rgb, job.truth, truth)
    return rgb, trimap, truth


def _load_model(checkpoint: Path, config: InferenceConfig) -> tuple["MattingModel", Path]:
    """The network, and the file its weights came from."""
    return_large_blocks()
    import_tensorflow()
    from dim_tf.matting.predict import load_model

    file = find_checkpoint(checkpoint)
    model = load_model(
        file,
        bn_eval=config.bn_eval,
        precision=config.precision,
        post_process=config.post_process,
    )
    return model, file


def matte_photo(
    model: "MattingModel",
    job: PhotoJob,
    rgb: np.ndarray,
    trimap: np.ndarray,
    config: InferenceConfig,
) -> np.ndarray:
    """Predicts the matte of one photo, writes the job's files and prints what was written.

    Args:
        model: from `load_model`.
        job: says where to.
        rgb: [H, W, 3] uint8.
        trimap: [H, W] uint8 in {0, 128, 255}.
        config: how to predict and how many bits to write.

    Returns:
        The matte, [H, W] float32 in [0, 1].

    Raises:
        InputError: the photo is too large, or a file cannot be written.
    """
    start = time.monotonic()
    if model.statistics == "batch" and not config.size and trimap.size > config.max_pixels:
        raise InputError(
            f"{job.photo} has {trimap.size:,} pixels, more than --max_pixels={config.max_pixels}, "
            "and with --bn_eval=batch a photo goes through in one pass; give --bn_eval=moving, or "
            "a larger --max_pixels if there is memory for it."
        )
    alpha = model.predict_alpha(rgb, trimap, config.size, config.max_pixels)
    largest, dtype = (65_535, np.uint16) if config.bits == "16" else (255, np.uint8)
    write_png(job.matte, np.round(alpha * np.float64(largest)).astype(dtype))
    written = f"matte {job.matte}"
    if job.side_by_side:
        row = side_by_side([rgb, trimap, alpha, composite_on(rgb, alpha, PREVIEW_BACKGROUND)])
        write_png(job.side_by_side, row)
        written += f", side by side {job.side_by_side}"
    if job.save_trimap:
        write_png(job.save_trimap, trimap)
        written += f", trimap {job.save_trimap}"
    if job.cutout or job.composite:
        written += _write_cutout(job, rgb, alpha, config.background)
    height, width = alpha.shape
    seconds = time.monotonic() - start
    line = f"{job.photo.name} ({width}×{height}): {written}, {seconds:.1f} s"
    give_back_memory()
    print(printable(line), flush=True)
    return alpha


def _write_cutout(job: PhotoJob, rgb: np.ndarray, alpha: np.ndarray, background: str) -> str:
    """Writes the cut-out and the composite that the job asks for, and says so."""
    written = ""
    colours = foreground_colours_of(rgb, alpha)
    if job.cutout:
        write_png(job.cutout, np.dstack([colours, to_8_bit(alpha)]))
        written += f", cut-out {job.cutout}"
    if job.composite:
        behind = render_background(parse_background(background), *alpha.shape)
        write_png(job.composite, composite_on(colours, alpha, behind))
        written += f", composite {job.composite}"
    return written
