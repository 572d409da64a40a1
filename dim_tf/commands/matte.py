"""From files to files: every photo of a command gets its matte."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dim_tf.commands.failures import Failures
from dim_tf.commands.measure import measure_mattes, truths_as_masks
from dim_tf.commands.photo_input import read_photo_and_trimap
from dim_tf.commands.photo_jobs import PhotoJob, plan_jobs
from dim_tf.commands.progress import under_bar
from dim_tf.config import (
    MAX_INPUT_MEGAPIXELS,
    InferenceConfig,
    MattingConfig,
    WritingConfig,
    values_of,
)
from dim_tf.evaluation.inputs import read_matte_on
from dim_tf.evaluation.metrics import to_8_bit
from dim_tf.evaluation.report import ErrorTable, Evaluation, check_report_folder, publish
from dim_tf.matting.cutout import (
    composite_on,
    parse_background,
    render_background,
)
from dim_tf.matting.of_photo import cut_out, cut_out_on, levels_of_matte, matte_of_photo
from dim_tf.matting.onnx_network import check_onnx_runtime
from dim_tf.model.checkpoint_choice import existing_checkpoint, find_checkpoint
from dim_tf.pictures.photo import Photo
from dim_tf.pictures.side_by_side import PREVIEW_BACKGROUND, side_by_side
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError, printable
from dim_tf.system.memory import give_back_memory, return_large_blocks
from dim_tf.trimaps.on_photo import PhotoAndTrimap

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
    writing, measuring = config.writing, config.measuring
    if measuring.predictions:
        measure_mattes(config)
        return
    jobs = plan_jobs(config)
    if writing.background:  # a misspelt colour or a damaged picture should be told at once
        limit = config.reading.max_input_megapixels
        render_background(parse_background(writing.background), 1, 1, limit)
    checkpoint = existing_checkpoint(config.matting.checkpoint)
    if config.matting.runtime == "onnx":
        check_onnx_runtime()
    if measuring.gt:
        check_report_folder(measuring.report)
    evaluation = Evaluation(measuring.region, measuring.sheets if measuring.gt else 0)
    model = None
    failures = Failures(len(jobs))
    with under_bar(jobs, "mattes") as jobs_shown:
        for job in jobs_shown:
            try:
                inputs = read_photo_and_trimap(job, config.reading)
                truth = job.truth and read_matte_on(
                    job.truth,
                    inputs.picture,
                    max_megapixels=config.reading.max_input_megapixels,
                    orientation=config.reading.mask_orientation,
                )
            except InputError as error:
                failures.add(job.photo, error)
                continue
            # Not before a photo is worth it: TensorFlow takes seconds. Outside of `try`: without a
            # model there is no next photo.
            if model is None:
                model, checkpoint = _load_model(checkpoint, config.matting)
                if writing.save_certainty:
                    model.refuse_without_certainty()
            try:
                alpha = matte_photo(
                    model, job, inputs, config.matting, writing, config.reading.max_input_megapixels
                )
            except InputError as error:
                failures.add(job.photo, error)
                continue
            if truth is not None:
                photo, trimap, _ = inputs
                evaluation.add(job.photo.stem, to_8_bit(alpha), truth, trimap, photo.rgb)
    if evaluation.measured and measuring.gt:
        print(ErrorTable(job.photo.stem for job in jobs).whole(evaluation))
        settings, flattered = values_of(config), truths_as_masks(config)
        publish(evaluation, measuring.report, settings, flattered, checkpoint)
    elif evaluation.measured:  # the demo
        print(
            "Compared with the exact matte on the unknown region: "
            "SAD {SAD:.2f} thousand pixels, MSE {MSE:.4f}.".format(**evaluation.mean())
        )
    failures.raise_if_any("photos")


def _load_model(checkpoint: Path, matting: MattingConfig) -> tuple["MattingModel", Path]:
    """The network, and the file its weights came from."""
    return_large_blocks()
    from dim_tf.matting.predict import load_model

    file = find_checkpoint(checkpoint)
    model = load_model(
        file,
        bn_eval=matting.bn_eval,
        precision=matting.precision,
        post_process=matting.post_process,
        runtime=matting.runtime,
    )
    return model, file


def matte_photo(
    model: "MattingModel",
    job: PhotoJob,
    inputs: PhotoAndTrimap,
    matting: MattingConfig,
    writing: WritingConfig,
    max_megapixels: float = MAX_INPUT_MEGAPIXELS,
) -> np.ndarray:
    """Predicts the matte of one photo, writes the job's files and prints what was written.

    Args:
        model: from `load_model`.
        job: says where to.
        inputs: photo and trimap.
        matting: how to predict.
        writing: how many bits to write, and the cut-out's new background.
        max_megapixels: a background that is larger is refused.

    Returns:
        The matte, [H, W] float32 in [0, 1].

    Raises:
        InputError: the photo is too large, or a file cannot be written.
    """
    start = time.monotonic()
    rgb, trimap = inputs.photo.rgb, inputs.trimap
    with_certainty = job.save_certainty is not None
    alpha, certainty = matte_of_photo(model, inputs, matting, with_certainty=with_certainty)
    if with_certainty:
        write_png(job.save_certainty, to_8_bit(certainty))
    levels = levels_of_matte(alpha, writing.bits)
    if job.matte:
        write_png(job.matte, levels)
    written = f"matte {job.matte}" if job.matte else ""
    if job.side_by_side:
        row = side_by_side([rgb, trimap, alpha, composite_on(rgb, alpha, PREVIEW_BACKGROUND)])
        write_png(job.side_by_side, row)
        written += f", side by side {job.side_by_side}"
    if job.save_trimap:
        write_png(job.save_trimap, trimap)
        written += f", trimap {job.save_trimap}"
    if job.save_certainty:
        written += f", certainty {job.save_certainty}"
    if job.cutout or job.composite:
        written += _write_cutout(job, inputs.photo, alpha, levels, writing, max_megapixels)
    height, width = alpha.shape
    seconds = time.monotonic() - start
    done = f"{written}, {seconds:.1f} s".removeprefix(", ")
    line = f"{job.photo.name} ({width}×{height}): {done}"
    give_back_memory()
    print(printable(line), flush=True)
    return alpha


def _write_cutout(
    job: PhotoJob,
    photo: Photo,
    alpha: np.ndarray,
    levels: np.ndarray,
    writing: WritingConfig,
    max_megapixels: float,
) -> str:
    """Writes the cut-out and the composite that the job asks for, and says so.

    A cut-out has the photo's own numbers and their profile, a composite is sRGB: its background is.
    """
    written = ""
    rgba = cut_out(photo, alpha, levels)
    if job.cutout:
        write_png(job.cutout, rgba, profile=photo.profile)
        written += f", cut-out {job.cutout}"
    if job.composite:
        background = parse_background(writing.background)
        behind = render_background(background, *alpha.shape, max_megapixels)
        write_png(job.composite, cut_out_on(photo, rgba, alpha, behind))
        written += f", composite {job.composite}"
    return written
