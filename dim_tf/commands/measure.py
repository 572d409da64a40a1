"""Mattes that another tool made: measured, not predicted. No TensorFlow where trimaps are given."""

from pathlib import Path
from typing import NamedTuple

from dim_tf.commands.failures import Failures
from dim_tf.commands.photo_jobs import (
    find_pictures,
    is_one_file,
    pair_by_stem,
    tell_left_over,
)
from dim_tf.commands.progress import under_bar
from dim_tf.config import (
    InferenceConfig,
    MattingConfig,
    ReadingConfig,
    WritingConfig,
    values_of,
)
from dim_tf.evaluation.inputs import read_matte_on
from dim_tf.evaluation.report import ErrorTable, Evaluation, publish
from dim_tf.pictures.matte import matte_of
from dim_tf.pictures.photo import photo_of
from dim_tf.pictures.picture import read_picture
from dim_tf.pictures.placing import lay_on
from dim_tf.system.errors import InputError, tell
from dim_tf.system.files import refuse_unwritable
from dim_tf.trimaps.on_photo import trimap_on, what_is_given

# Settings of no meaning without a mask.
_OF_MASKS = ("label", "invert", "trimap_kernel", "trimap_mode")


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
    measuring = config.measuring
    evaluation = Evaluation(measuring.region, measuring.sheets)
    table = ErrorTable(job.matte.stem for job in jobs)
    failures = Failures(len(jobs))
    with under_bar(jobs, "mattes", len(jobs)) as jobs_shown:
        for job in jobs_shown:
            try:
                _measure(job, config.reading, evaluation)
            except InputError as error:
                failures.add(job.matte, error)
                continue
            if len(evaluation.measured) == 1:
                print(table.head())
            print(table.row(evaluation.measured[-1]), flush=True)
    if evaluation.measured:
        print(table.mean(evaluation))
        publish(evaluation, measuring.report, values_of(config), truths_as_masks(config))
    failures.raise_if_any("mattes")


def plan_measurements(config: InferenceConfig) -> list[MatteJob]:
    """Pairs the mattes with their truths, trimaps and photos, by names only.

    Prints a note if truths are left over.

    Raises:
        InputError: flags are missing or contradict each other, a path does not exist or holds no
            picture, or a matte lacks a partner.
    """
    reading, measuring = config.reading, config.measuring
    if not measuring.gt:
        raise InputError("--predictions needs the ground truth to compare with; give it with --gt.")
    of_predicting = values_of(MattingConfig())
    others = values_of(WritingConfig()) | {
        "rect": ReadingConfig.rect,
        "only_missing": InferenceConfig.only_missing,
    }
    del others["write_matte"]  # which the command decides by --output
    for name, default in (of_predicting | others).items():
        if values_of(config)[name] != default:
            raise InputError(
                f"--{name} does not go with --predictions: nothing is predicted; leave it out."
            )
    mask_flag = what_is_given(reading) if reading.alpha or reading.trimap else "alpha"
    if measuring.region == "unknown" and not getattr(reading, mask_flag):
        raise InputError(
            "--predictions needs the trimaps, as errors are summed over their unknown region; give "
            "them with --trimap, or say --region=whole."
        )
    if not getattr(reading, mask_flag):
        for name in _OF_MASKS:
            if getattr(reading, name) != getattr(ReadingConfig, name):
                raise InputError(
                    f"--{name} is about masks, of which none is given; leave it out, or give them "
                    "with --alpha."
                )
    refuse_unwritable(measuring.report, f"--report={measuring.report}")
    mattes = find_pictures("predictions", measuring.predictions)

    def partners(flag: str) -> list[Path | None]:
        value = values_of(config)[flag]
        if not value:
            return [None] * len(mattes)
        pairs = pair_by_stem(mattes, find_pictures(flag, value), flag, is_one_file(value))
        return [partner for _, partner in pairs]

    truths = partners("gt")
    tell_left_over(find_pictures("gt", measuring.gt), truths, "prediction")
    jobs = zip(mattes, truths, partners(mask_flag), partners("rgb"), strict=True)
    return [MatteJob(*files) for files in jobs]


def truths_as_masks(config: InferenceConfig) -> bool:
    """Whether the trimaps are made from the true mattes, which flatters."""
    alpha, truths = config.reading.alpha, config.measuring.gt
    return bool(alpha) and Path(alpha).resolve() == Path(truths).resolve()


def _measure(job: MatteJob, reading: ReadingConfig, evaluation: Evaluation) -> None:
    limit, orientation = reading.max_input_megapixels, reading.mask_orientation
    truth = read_picture(job.truth, limit)
    alpha, notes = matte_of(truth)
    tell(job.truth, *truth.notes, *notes)
    predicted = read_matte_on(
        job.matte, truth, max_megapixels=limit, orientation=orientation, labels=True
    )
    trimap = rgb = None
    if job.mask:
        trimap = trimap_on(read_picture(job.mask, limit), truth, reading)
    if job.photo:
        picture = read_picture(job.photo, limit)
        photo, notes = photo_of(picture)
        rgb, placing, _ = lay_on(photo.rgb, picture, truth, None, orientation)
        tell(job.photo, *picture.notes, *notes, *placing)
    evaluation.add(job.matte.stem, predicted, alpha, trimap, rgb)
