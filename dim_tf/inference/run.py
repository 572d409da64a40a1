"""From files to files: every photo of a command gets its matte."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dim_tf.config import InferenceConfig
from dim_tf.data.image_io import read_grey, write_png
from dim_tf.errors import InputError
from dim_tf.evaluation.metrics import mse, sad
from dim_tf.inference.checkpoint_choice import existing_checkpoint
from dim_tf.inference.photo_input import read_photo_and_trimap
from dim_tf.inference.photo_jobs import PhotoJob, plan_jobs
from dim_tf.inference.pictures import composite_on_colour, side_by_side
from dim_tf.quiet import import_tensorflow

if TYPE_CHECKING:
    from dim_tf.inference.predict import MattingModel


def run_inference(config: InferenceConfig) -> None:
    """Writes the matte of every photo and prints a line for each.

    Of several photos one that cannot be used is named on stderr and the others go on.

    Args:
        config: what to read, how to predict, where to write.

    Raises:
        InputError: see `plan_jobs` and `load_model`; the only photo cannot be used; or, at the
            end, how many of several could not.
    """
    jobs = plan_jobs(config)
    checkpoint = existing_checkpoint(config.checkpoint)
    model = None
    failures = 0
    for job in jobs:
        try:
            rgb, trimap = read_photo_and_trimap(job, config)
        except InputError as error:
            failures += _report(job, error, only_one=len(jobs) == 1)
            continue
        # Not before a photo is worth it: TensorFlow takes seconds. Outside of `try`: without a
        # model there is no next photo.
        model = model or _load_model(checkpoint, config)
        try:
            matte_photo(model, job, rgb, trimap, config)
        except InputError as error:
            failures += _report(job, error, only_one=len(jobs) == 1)
    if failures:
        raise InputError(
            f"{failures} of {len(jobs)} photos could not be used and are named above; "
            f"{len(jobs) - failures} were."
        )


def _load_model(checkpoint: Path, config: InferenceConfig) -> "MattingModel":
    import_tensorflow()
    from dim_tf.inference.predict import load_model

    return load_model(checkpoint, bn_eval=config.bn_eval)


def matte_photo(
    model: "MattingModel",
    job: PhotoJob,
    rgb: np.ndarray,
    trimap: np.ndarray,
    config: InferenceConfig,
) -> None:
    """Predicts the matte of one photo, writes the job's files and prints what was written.

    Args:
        model: from `load_model`.
        job: says where to.
        rgb: [H, W, 3] uint8.
        trimap: [H, W] uint8 in {0, 128, 255}.
        config: how to predict and how many bits to write.

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
    if job.trimap:
        write_png(job.trimap, trimap)
    alpha = model.predict_alpha(rgb, trimap, config.size, config.max_pixels)
    largest, dtype = (65_535, np.uint16) if config.bits == "16" else (255, np.uint8)
    write_png(job.matte, np.round(alpha * np.float64(largest)).astype(dtype))
    written = f"matte {job.matte}"
    if job.side_by_side:
        row = side_by_side([rgb, trimap, alpha, composite_on_colour(rgb, alpha)])
        write_png(job.side_by_side, row)
        written += f", side by side {job.side_by_side}"
    if job.trimap:
        written += f", trimap {job.trimap}"
    height, width = alpha.shape
    seconds = time.monotonic() - start
    print(f"{job.photo.name} ({width}×{height}): {written}, {seconds:.1f} s", flush=True)
    if job.truth:
        predicted, truth = np.round(alpha * 255.0).astype(np.uint8), read_grey(job.truth)
        print(
            "Compared with the exact matte on the unknown region: "
            f"SAD {sad(predicted, truth, trimap):.2f} thousand pixels, "
            f"MSE {mse(predicted, truth, trimap):.4f}."
        )


def _report(job: PhotoJob, error: InputError, only_one: bool) -> int:
    """Names a photo that failed, and counts it; the only photo's error is the command's error."""
    if only_one:
        raise error
    named = str(job.photo) in str(error)
    print(error if named else f"{job.photo}: {error}", file=sys.stderr, flush=True)
    return 1
