"""Mattes that another tool made: measured, not predicted. No TensorFlow where trimaps are given."""

from pathlib import Path
from typing import NamedTuple

from dim_tf.commands.failures import Failures
from dim_tf.commands.photo_input import trimap_of_mask
from dim_tf.commands.photo_jobs import find_pictures, list_some, pair_by_stem
from dim_tf.config import InferenceConfig
from dim_tf.evaluation.inputs import check_same_size, read_matte, read_trimap
from dim_tf.evaluation.report import ErrorTable, Evaluation, check_report_folder, publish
from dim_tf.pictures.image_io import read_rgb
from dim_tf.system.errors import InputError, printable


class MatteJob(NamedTuple):
    """The files of one matte.

    Attributes:
        matte: to measure.
        truth: to compare with.
        mask: mask or trimap; None if the whole image counts and none was given.
        photo: for the sheet, or None.
    """

    matte: Path
    truth: Path
    mask: Path | None
    photo: Path | None


def measure_mattes(config: InferenceConfig) -> None:
    """Measures the mattes of --predictions against --gt, prints a table and writes the report.

    Of several mattes one that cannot be used is named on stderr and the others go on.

    Args:
        config: what to read and where to write.

    Raises:
        InputError: see `plan_measurements`; the only matte cannot be used; or, at the end, how many
            of several could not.
    """
    jobs = plan_measurements(config)
    evaluation = Evaluation(config.region, config.sheets)
    table = ErrorTable(job.matte.stem for job in jobs)
    failures = Failures(len(jobs))
    for job in jobs:
        try:
            _measure(job, config, evaluation)
        except InputError as error:
            failures.add(job.matte, error)
            continue
        if len(evaluation.measured) == 1:
            print(table.head())
        print(table.row(evaluation.measured[-1]), flush=True)
    if evaluation.measured:
        print(table.mean(evaluation))
        publish(evaluation, config)
    failures.raise_if_any("mattes")


def plan_measurements(config: InferenceConfig) -> list[MatteJob]:
    """Pairs the mattes with their truths, trimaps and photos, by names only.

    Prints a note if truths are left over: a mean over fewer images is another number.

    Raises:
        InputError: flags are missing or contradict each other, a path does not exist or holds no
            picture, or a matte lacks a partner.
    """
    if not config.gt:
        raise InputError("--predictions needs the ground truth to compare with; give it with --gt.")
    for name in ("checkpoint", "output", "side_by_side"):
        if getattr(config, name):
            raise InputError(
                f"--{name} does not go with --predictions: nothing is predicted; leave it out."
            )
    if config.alpha and config.trimap:
        raise InputError("Give either --alpha or --trimap, not both.")
    mask_flag = "trimap" if config.trimap else "alpha"
    if config.region == "unknown" and not getattr(config, mask_flag):
        raise InputError(
            "--predictions needs the trimaps, as errors are summed over their unknown region; give "
            "them with --trimap, or say --region=whole."
        )
    check_report_folder(config.report)
    mattes = find_pictures("predictions", config.predictions)

    def partners(flag: str) -> list[Path | None]:
        value = getattr(config, flag)
        if not value:
            return [None] * len(mattes)
        return [partner for _, partner in pair_by_stem(mattes, find_pictures(flag, value), flag)]

    truths = partners("gt")
    left_over = sorted({*find_pictures("gt", config.gt)} - {*truths})
    if left_over:
        told = f"No prediction, so not in the mean: {list_some(left_over)}."
        print(printable(told), flush=True)
    jobs = zip(mattes, truths, partners(mask_flag), partners("rgb"), strict=True)
    return [MatteJob(*files) for files in jobs]


def _measure(job: MatteJob, config: InferenceConfig, evaluation: Evaluation) -> None:
    predicted, alpha = read_matte(job.matte), read_matte(job.truth)
    check_same_size(job.matte, predicted, job.truth, alpha)
    trimap = rgb = None
    if job.mask:
        trimap = (
            trimap_of_mask(job.mask, job.truth, config) if config.alpha else read_trimap(job.mask)
        )
        check_same_size(job.mask, trimap, job.truth, alpha)
    if job.photo:
        rgb = read_rgb(job.photo)
        check_same_size(job.photo, rgb, job.truth, alpha)
    evaluation.add(job.matte.stem, predicted, alpha, trimap, rgb)
