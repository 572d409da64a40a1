"""From files to files: every photo of a command gets its matte."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from dim_tf.commands.failures import Failures
from dim_tf.commands.measure import measure_mattes, truths_as_masks
from dim_tf.commands.photo_jobs import plan_jobs
from dim_tf.commands.photo_pictures import Behind, Kind
from dim_tf.commands.photo_work import (
    Outcome,
    PhotoWork,
    SharedNetwork,
    load_network,
    outcomes_of,
)
from dim_tf.commands.progress import under_bar
from dim_tf.config import InferenceConfig, values_of
from dim_tf.evaluation.report import ErrorTable, Evaluation, publish
from dim_tf.matting.cutout import parse_background
from dim_tf.matting.predict import check_model
from dim_tf.model.checkpoint_choice import WeightsFile, weights_file
from dim_tf.pictures.photo import read_rgb
from dim_tf.system.errors import InputError, printable, tell
from dim_tf.system.files import WriteError, refuse_unwritable, write_bytes
from dim_tf.system.memory import give_back_memory

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel

# What the line of a photo calls the files that were written.
_NAMES: dict[Kind, str] = {
    "matte": "matte",
    "side_by_side": "side by side",
    "save_trimap": "trimap",
    "save_certainty": "certainty",
    "cutout": "cut-out",
    "composite": "composite",
}


def run_inference(config: InferenceConfig) -> None:
    """Writes the matte of every photo and prints a line for each.

    Of several photos one that cannot be used is named on stderr and the others go on, but not where
    the disk is full.

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
    if not jobs:
        return
    # A misspelt colour or a damaged picture is told at once.
    behind = _background(writing.background, config.reading.max_input_megapixels)
    check_model(config.matting)
    if measuring.gt:
        refuse_unwritable(measuring.report, f"--report={measuring.report}")
    evaluation = Evaluation(measuring.region, measuring.sheets if measuring.gt else 0)

    weights: WeightsFile | None = None

    def load() -> "MattingModel":
        nonlocal weights
        model, file = load_network(config)
        weights = weights_file(file) if measuring.gt else None
        return model

    failures = Failures(len(jobs))
    work = PhotoWork(config, behind, SharedNetwork(load), tells_at_once=len(jobs) == 1)
    with (
        outcomes_of(work, jobs) as outcomes,
        under_bar(outcomes, "mattes", len(jobs)) as outcomes_shown,
    ):
        for outcome in outcomes_shown:
            for note in outcome.notes:
                tell(*note)
            try:
                write_pictures(outcome)
            except InputError as error:
                if isinstance(error, WriteError) and error.is_of_the_disk:
                    raise
                failures.add(outcome.job.photo, error)
                continue
            if outcome.measurable:
                evaluation.add(outcome.job.photo.stem, *outcome.measurable)
    if evaluation.measured and measuring.gt:
        print(ErrorTable(job.photo.stem for job in jobs).whole(evaluation))
        settings, flattered = values_of(config), truths_as_masks(config)
        publish(evaluation, measuring.report, settings, flattered, weights)
    elif evaluation.measured:  # the demo
        print(
            "Compared with the exact matte on the unknown region: "
            "SAD {SAD:.2f} thousand pixels, MSE {MSE:.4f}.".format(**evaluation.mean())
        )
    failures.raise_if_any("photos")


def write_pictures(outcome: Outcome) -> None:
    """Writes what was made of a photo and prints a line on it.

    Raises:
        InputError: the photo could not be used, or a file cannot be written.
    """
    if outcome.refusal:
        raise outcome.refusal
    begun = time.monotonic()
    job, targets = outcome.job, outcome.job.targets()
    for kind, content in outcome.contents.items():
        write_bytes(targets[kind], content)
    written = "".join(f"{_NAMES[kind]} {targets[kind]}, " for kind in outcome.contents)
    height, width = outcome.size
    seconds = outcome.seconds + time.monotonic() - begun
    line = f"{job.photo.name} ({width}×{height}): {written}{seconds:.1f} s"
    give_back_memory()
    print(printable(line), flush=True)


def _background(text: str, max_megapixels: float) -> Behind | None:
    """What --background names, read once for all photos.

    Raises:
        InputError: it is no colour and no picture that can be read.
    """
    if not text:
        return None
    background = parse_background(text)
    return read_rgb(background, max_megapixels) if isinstance(background, Path) else background
