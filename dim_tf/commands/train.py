"""A run as a user starts it: data if missing, flags kept, training, a summary."""

import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dim_tf.commands.prepare import make_dataset
from dim_tf.commands.script import STOPPED_BY
from dim_tf.config import DataConfig, OfflineConfig, RunConfig, TrainingConfig, with_values
from dim_tf.dataset.decoded import write_decoded_copies
from dim_tf.dataset.manifest import MANIFEST_NAME, read_manifest
from dim_tf.evaluation.report import errors_as_text
from dim_tf.system.errors import InputError, printable
from dim_tf.system.quiet import import_tensorflow
from dim_tf.training.cluster import cluster_of
from dim_tf.training.settled import settled

if TYPE_CHECKING:
    from dim_tf.training.loop import TrainingResult

# Steps at the start and at the end whose mean error the summary compares.
_FIRST_STEPS, _LAST_STEPS = 50, 500
_REASONS_SHOWN = 20


def start_run(config: TrainingConfig, flagfile: str) -> None:
    """Starts or continues a run and prints how it went.

    Args:
        config: the run.
        flagfile: the same as the text of a flagfile; it is kept in the run's folder, unless the
            run is refused.

    Raises:
        InputError: see `train`.
        SystemExit: a signal stopped it; with the status that says so, since what waits for the
            program, as a cluster does or `&&` in a shell, would take it for finished else.
    """
    # Before data is made, which takes minutes.
    data, run = config.data, settled(config.run)
    chief = cluster_of(run.optimization.strategy).is_chief
    needed = {"data_dir": data.data_dir} | ({"run_dir": run.run_dir} if chief else {})
    for name, folder in needed.items():
        if not folder:
            raise InputError(f"--{name} is missing; give a folder (see --help).")
    if data.photos_dir and not data.synthetic:
        raise InputError("--photos_dir is of --synthetic; leave it out, or give both.")
    # The others of several workers wait for it: they may share the disk.
    if chief and data.synthetic and not (Path(data.data_dir) / MANIFEST_NAME).exists():
        make_dataset(
            with_values(
                OfflineConfig(),
                out_dir=data.data_dir,
                synthetic=data.synthetic,
                photos_dir=data.photos_dir,
                seed=run.seed,
                strict=run.strict,
                progress=run.progress,
            )
        )
    if chief:
        _keep_decoded_copies(data, run.progress)
    # Not earlier: TensorFlow takes seconds, and the processes that make the data do without.
    import_tensorflow()
    from dim_tf.training.loop import train

    result = train(run, data.data_dir, flagfile)
    if chief:
        _sum_up(result, run)
    if result.stopped_by:
        sys.exit(STOPPED_BY + result.stopped_by)


def _sum_up(result: "TrainingResult", run: RunConfig) -> None:
    """Prints how a run went."""
    from dim_tf.training.best import errors_of
    from dim_tf.training.preview import PREVIEW_NAME
    from dim_tf.training.progress import read_loss_log

    run_dir = Path(run.run_dir)
    errors = [row["unknown_error"] for row in read_loss_log(run_dir)]
    errors = [error for error in errors if math.isfinite(error)]  # skipped steps have none
    first, last = errors[:_FIRST_STEPS], errors[_FIRST_STEPS:][-_LAST_STEPS:]
    if errors:
        said = f"{np.mean(first):.3f} over the first {len(first)} steps"
        if last:
            said += f", {np.mean(last):.3f} over the last {len(last)}"
        print(f"step {result.step}: mean absolute error on unknown pixels {said}.")
    _print_skipped(result.skipped_examples, result.skipped_steps)
    if result.best:
        errors = errors_as_text(errors_of(result.best))
        print(f"Best validation, of the network alone, at step {result.best['step']}: {errors}.")
    if run.preview and result.finished:
        print(printable(f"Before and after: {run_dir / PREVIEW_NAME}"))
    if not result.finished:
        steps = run.optimization.steps
        print(f"Stopped at step {result.step} of {steps}, saved; the same command goes on.")
    else:
        print(printable(f"Try it: dim-tf matte --checkpoint={shlex.quote(str(run_dir))}"))


def _print_skipped(examples: dict[str, int], steps: int) -> None:
    if examples:
        print(f"{sum(examples.values())} examples were skipped and others took their place:")
        commonest = sorted(examples, key=lambda reason: -examples[reason])
        for reason in commonest[:_REASONS_SHOWN]:
            print(f"  {examples[reason]} times: {reason}")
        if len(examples) > _REASONS_SHOWN:
            print(f"  … and {len(examples) - _REASONS_SHOWN} more reasons.")
    if steps:
        print(f"{steps} steps were skipped because their loss or gradient was not finite.")


def _keep_decoded_copies(data: DataConfig, progress: bool) -> None:
    manifest = read_manifest(data.data_dir)
    try:
        write_decoded_copies(manifest, data.decoded_gigabytes, progress=progress)
    except InputError as error:  # copies save time, a run does without
        print(f"{error} Training reads the PNG files, which is slower.", file=sys.stderr)
