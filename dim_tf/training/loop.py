"""The training loop."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from dim_tf.config import ExampleConfig, NetworkConfig, OptimizationConfig, RunConfig
from dim_tf.dataset.manifest import Manifest
from dim_tf.evaluation.report import errors_as_text
from dim_tf.examples.pipeline import dataset_error, open_dataset, training_examples
from dim_tf.matting.predict import MattingModel
from dim_tf.model.network import alpha_and_log_scale, build_network
from dim_tf.model.run_folder import CHECKPOINT_FOLDER, best_path
from dim_tf.model.weights import network_arrays, write_arrays
from dim_tf.system.errors import InputError
from dim_tf.system.files import WriteError, remove_unfinished, write_bytes
from dim_tf.system.folder_lock import LOCK_NAME, FolderLock
from dim_tf.training.checkpoints import best_is_intact, restore_newest, save_checkpoint
from dim_tf.training.preview import write_before, write_before_after
from dim_tf.training.progress import CollapseAlarm, LossLog, StatusLine, mean_of
from dim_tf.training.signals import StopSignals
from dim_tf.training.skips import SkippedExamples, what_is_not_finite
from dim_tf.training.start import (
    initialize_weights,
    make_optimizer,
    make_strategy,
    settings_of,
    settled,
    warn_of_slow_precision,
)
from dim_tf.training.step import make_train_step, trained_variables
from dim_tf.training.tensorboard import TensorBoard
from dim_tf.training.validation import ValidationImage, list_validation_images, validate

FLAGFILE_NAME = "run.flags"
# The cosine schedule ends at this share of the learning rate.
FINAL_LEARNING_RATE = 0.02


class TrainingResult(NamedTuple):
    """How a run ended."""

    step: int  # steps done in all
    finished: bool  # False where a signal stopped it before the last step
    best: dict[str, float] | None  # step and errors of the best validation
    skipped_examples: dict[str, int]  # how often, by what is wrong
    skipped_steps: int  # that were not finite
    step_seconds: float | None  # median of the last `log_every` steps; None where there was none


def train(run: RunConfig, data_dir: str, flagfile: str = "") -> TrainingResult:
    """Trains until the last step, going on from the newest checkpoint of the run if there is one.

    SIGTERM and Ctrl-C let the step finish, save and return. The run's folder is locked meanwhile.

    Args:
        run: with a `run_dir`.
        data_dir: folder of the dataset.
        flagfile: the same as the text of a flagfile; it is kept in the run's folder, unless the
            run is refused.

    Raises:
        InputError: a setting or file that cannot be used, a folder that is in use or cannot be
            written to, or a loss or gradient that is not finite.
    """
    run = settled(run)
    dataset = open_dataset(data_dir, run.examples)
    validation_images = list_validation_images(run.validation_dir) if run.validation_dir else []
    with FolderLock(run.run_dir) as lock:
        remove_unfinished(Path(run.run_dir) / CHECKPOINT_FOLDER)
        return _train(run, flagfile, *dataset, validation_images, lock)


def _train(
    run: RunConfig,
    flagfile: str,
    manifest: Manifest,
    examples_config: ExampleConfig,
    validation_images: list[ValidationImage],
    lock: FolderLock,
) -> TrainingResult:
    run_dir, optimization = Path(run.run_dir), run.optimization
    steps, batch_size = optimization.steps, optimization.batch_size
    warn_of_slow_precision(optimization.mixed_precision)
    strategy = make_strategy(optimization.strategy, batch_size)
    keras.utils.set_random_seed(run.seed)
    with strategy.scope():
        network = build_network(run.network, precision=optimization.mixed_precision)
        optimizer = make_optimizer(optimization, run.base_learning_rate, network)
    settings = settings_of(run, manifest)
    progress = restore_newest(run_dir, network, optimizer, run.network, settings)
    if progress is None:
        progress = {"step": 0, "best": None, "settings": settings}
        initialize_weights(run.start, network, run.network, manifest, examples_config, run.seed)
    elif not run.resume:
        raise InputError(f"{run_dir} already holds a run; give another --run_dir, or --resume.")
    progress = {"skipped_examples": {}, "skipped_steps": 0} | progress
    if progress["best"] and not best_is_intact(run_dir):
        logging.warning(
            "%s is missing or damaged; the next validation begins it anew.", best_path(run_dir)
        )
        progress["best"] = None

    if flagfile:
        write_bytes(run_dir / FLAGFILE_NAME, flagfile.encode())
    batches = iter(
        strategy.experimental_distribute_dataset(
            training_examples(
                manifest,
                examples_config,
                seed=run.seed,
                batch_size=batch_size,
                first_example=progress["step"] * batch_size,
                overfit=run.overfit,
                strict=run.strict,
            )
        )
    )
    train_step = make_train_step(run.losses, optimization, network, optimizer, strategy)
    variables = trained_variables(optimization.train_stage, network)
    model = MattingModel(network, run.network, {})
    if run.preview and progress["step"] == 0:
        write_before(run_dir, model)
    loss_log = LossLog(run_dir, progress["step"], run.network.certainty)
    tensorboard = TensorBoard(run_dir, progress["step"])
    status = StatusLine(run.progress)
    counts = progress["skipped_examples"]
    skipped = SkippedExamples(manifest, run.seed, batch_size, run.overfit, counts)
    alarm = CollapseAlarm()
    for row in loss_log.kept:  # means and alarms do not depend on where a run was stopped
        alarm.update(row["mean_unknown_alpha"])
    recent = deque(loss_log.kept, maxlen=run.log_every)
    step_times: deque[float] = deque(maxlen=run.log_every)
    saved_step = progress["step"]

    def save() -> None:
        nonlocal saved_step
        # The loss that shows a ruined weight is the one of the next step.
        if not all(np.isfinite(variable.numpy()).all() for variable in network.variables):
            raise InputError(
                f"Step {progress['step']} made weights that are not finite; "
                f"{_last_checkpoint(saved_step)}. Try a smaller --learning_rate."
            )
        if lock.is_held():
            loss_log.flush()
            tensorboard.flush()
        save_checkpoint(run_dir, network, optimizer, run.network, progress, run.keep_checkpoints)
        saved_step = progress["step"]

    def check_folder() -> None:
        if lock.is_held():
            return
        if run_dir.exists():
            raise InputError(
                f"{run_dir} is no longer the folder that this run began in, or its {LOCK_NAME} was "
                f"deleted. Nothing was written there after step {saved_step}."
            )
        with FolderLock(run_dir):
            save()
            write_bytes(run_dir / FLAGFILE_NAME, flagfile.encode())
        raise InputError(
            f"{run_dir} was deleted or moved during the run. Step {saved_step} was saved in a new "
            "folder of that name, without the logs of the steps before; the same command goes on."
        )

    # Closed also after an error: the log on disk, the sentence about the error on its own line.
    with (
        _telling_what_is_saved(lambda: saved_step),
        closing(status),
        closing(loss_log),
        closing(tensorboard),
        StopSignals() as signals,
    ):
        while progress["step"] < steps and not signals.received:
            started = time.perf_counter()
            step = progress["step"] + 1
            rate = learning_rate_at(step, run.base_learning_rate, optimization)
            optimizer.learning_rate.assign(rate)
            try:
                batch = next(batches)
            except tf.errors.OpError as error:
                first = progress["step"] * batch_size
                indices = range(first, first + batch_size)
                raise dataset_error(error, manifest, run.seed, indices, run.overfit) from None
            examples = strategy.experimental_local_results(batch)
            skipped.note(step, np.concatenate([part["attempt"].numpy() for part in examples]))
            values = {name: value.numpy() for name, value in train_step(batch).items()}
            norms = values.pop("gradient_norms")
            values = {name: float(value) for name, value in values.items()}
            values["learning_rate"] = float(optimizer.learning_rate.numpy())
            problem = what_is_not_finite(step, values, norms, variables)
            if problem:
                problem += f" (example {_foreground_names(manifest, examples)})"
                if progress["skipped_steps"] >= optimization.skip_nonfinite:
                    raise InputError(
                        f"{problem}; {_last_checkpoint(saved_step)}. Try a smaller "
                        "--learning_rate, or --skip_nonfinite=10 to skip up to 10 such steps."
                    )
                progress["skipped_steps"] += 1
                logging.warning(
                    "%s; it is skipped, the %d. of at most %d.",
                    *(problem, progress["skipped_steps"], optimization.skip_nonfinite),
                )
            progress["step"] = step
            loss_log.append({"step": step} | values)
            recent.append(values)
            step_times.append(time.perf_counter() - started)
            warning = alarm.update(values["mean_unknown_alpha"])
            if warning:
                logging.warning("%s", warning)
            if step % run.log_every == 0 or step == steps:
                means = mean_of(recent)
                tensorboard.scalars(step, means, "training")
                status.update(step, steps, means, float(np.mean(step_times)))
            if run.image_every and step % run.image_every == 0:
                output = network(examples[0]["image_and_trimap"], training=False)
                alpha, _ = alpha_and_log_scale(output)
                tensorboard.images(step, examples[0], alpha)
            if validation_images and run.validate_every and step % run.validate_every == 0:
                check_folder()
                _validate(run_dir, run.network, model, validation_images, progress, tensorboard)
            if step % run.checkpoint_every == 0:
                check_folder()
                save()
        if saved_step != progress["step"]:
            check_folder()
            save()
    if run.preview and progress["step"] >= steps:
        write_before_after(run_dir, model)
    return TrainingResult(
        progress["step"],
        progress["step"] >= steps,
        progress["best"],
        progress["skipped_examples"],
        progress["skipped_steps"],
        float(np.median(step_times)) if step_times else None,
    )


@contextmanager
def _telling_what_is_saved(saved_step: Callable[[], int]) -> Iterator[None]:
    """Adds to an error of writing what the user still has."""
    try:
        yield
    except WriteError as error:
        raise InputError(
            f"{error} The run stops; {_last_checkpoint(saved_step())}. When there is room again "
            "the same command goes on."
        ) from None


def learning_rate_at(step: int, rate: float, optimization: OptimizationConfig) -> float:
    """The learning rate of a step, counted from 1, where `rate` is what the schedule changes."""
    if optimization.warmup_steps:
        rate *= min(1.0, step / optimization.warmup_steps)
    if optimization.learning_rate_schedule == "cosine":
        done = min(1.0, (step - 1) / max(1, optimization.steps - 1))
        rate *= FINAL_LEARNING_RATE + (1 - FINAL_LEARNING_RATE) * (1 + math.cos(math.pi * done)) / 2
    return rate


def _validate(
    run_dir: Path,
    config: NetworkConfig,
    model: MattingModel,
    images: list,
    progress: dict[str, Any],
    tensorboard: TensorBoard,
) -> None:
    """Validates, and keeps the network if its SAD is the smallest so far."""
    errors = validate(model, images)
    step = progress["step"]
    tensorboard.scalars(step, errors, "validation")
    logging.info("step %d: validation %s", step, errors_as_text(errors))
    if progress["best"] is None or errors["SAD"] < progress["best"]["SAD"]:
        progress["best"] = {"step": step} | errors
        write_arrays(best_path(run_dir), network_arrays(model.network), config, progress["best"])


def _last_checkpoint(saved_step: int) -> str:
    if not saved_step:
        return "there is no checkpoint yet"
    return f"the last checkpoint, of step {saved_step}, is intact"


def _foreground_names(manifest: Manifest, batches: tuple) -> str:
    pairs = [int(pair) for batch in batches for pair in batch["pair"].numpy()]
    return ", ".join(
        f"{manifest.foreground_name(pair)} on {manifest.background_name(pair)}" for pair in pairs
    )
