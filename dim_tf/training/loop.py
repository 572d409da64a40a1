"""The training loop."""

import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from dim_tf.config import (
    FINAL_LEARNING_RATE,
    ExampleConfig,
    OptimizationConfig,
    RunConfig,
    values_of,
)
from dim_tf.dataset.manifest import Manifest
from dim_tf.examples.pipeline import (
    Share,
    examples_of_step,
    open_dataset,
    pair_of_example,
    training_examples,
)
from dim_tf.examples.service import served
from dim_tf.model.network import build_network
from dim_tf.model.run_folder import CHECKPOINT_FOLDER
from dim_tf.system.errors import InputError
from dim_tf.system.files import remove_unfinished
from dim_tf.system.folder_lock import FolderLock
from dim_tf.system.memory import lacks_memory
from dim_tf.training.batch_errors import error_of_examples
from dim_tf.training.best import best_so_far, put_aside_best_of_another
from dim_tf.training.checkpoints import restore_newest
from dim_tf.training.cluster import cluster_of, wait_for_all, wait_for_service
from dim_tf.training.from_service import NoBatchError, next_batch
from dim_tf.training.records import ChiefsRecords, Records, RunFolder
from dim_tf.training.settled import settled
from dim_tf.training.signals import StopSignals
from dim_tf.training.skips import SkippedExamples, what_is_not_finite
from dim_tf.training.start import (
    initialize_weights,
    make_optimizer,
    make_strategy,
    optimization_of,
    settings_of,
    warn_of_other_optimization,
    warn_of_slow_precision,
)
from dim_tf.training.step import make_train_step, trained_variables
from dim_tf.training.validation import list_validation_images, validation_set_text
from dim_tf.training.workers import Workers, telling_of_lost_workers


class TrainingResult(NamedTuple):
    """How a run ended."""

    step: int  # steps done in all
    best: dict[str, Any] | None  # of the best validation: step, errors, checksum of its set
    skipped_examples: dict[str, int]  # how often, by what is wrong
    skipped_steps: int  # that were not finite
    step_seconds: float | None  # median of the last `log_every` steps; None where there was none
    stopped_by: signal.Signals | None  # None where it came to the last step

    @property
    def finished(self) -> bool:
        """Whether it came to the last step."""
        return self.stopped_by is None


def train(run: RunConfig, data_dir: str, flagfile: str = "") -> TrainingResult:
    """Trains until the last step, going on from the newest checkpoint of the run if there is one.

    SIGTERM, SIGHUP and Ctrl-C let the step finish, save and return; a second one, later, does what
    it does without this. The run's folder is locked meanwhile.
    With --strategy=multi_worker each of the workers calls this with the same run; one of them, the
    chief, uses the folder, and a signal to any of them stops all.

    Args:
        run: with a `run_dir`.
        data_dir: folder of the dataset.
        flagfile: the same as the text of a flagfile; it is kept in the run's folder, unless the
            run is refused.

    Raises:
        InputError: a setting or file that cannot be used, a folder that is in use or cannot be
            written to, a loss or gradient that is not finite, or a worker that is lost.
    """
    run = settled(run)
    warn_of_slow_precision(run.optimization.mixed_precision)
    with _all_workers(run) as workers:
        dataset = open_dataset(data_dir, run.examples)
        if not workers.cluster.is_chief:
            return _train(run, *dataset, workers, None)
        images = list_validation_images(run.validation_dir) if run.validation_dir else []
        images_text = validation_set_text(images)
        with FolderLock(run.run_dir) as lock:
            # Nowhere else in it: what lies there may be another program's.
            for folder in (run.run_dir, Path(run.run_dir) / CHECKPOINT_FOLDER):
                remove_unfinished(folder, below=False)
            return _train(run, *dataset, workers, RunFolder(lock, flagfile, images, images_text))


@contextmanager
def _all_workers(run: RunConfig) -> Iterator[Workers]:
    cluster, optimization = cluster_of(run.optimization.strategy), run.optimization
    wait_for_service(run.workers.data_service, run.workers.wait_for_workers)
    wait_for_all(cluster, run.workers.wait_for_workers)
    with telling_of_lost_workers(cluster):
        yield Workers(cluster, make_strategy(optimization.strategy, optimization.batch_size))


def _train(
    run: RunConfig,
    manifest: Manifest,
    examples_config: ExampleConfig,
    workers: Workers,
    folder: RunFolder | None,
) -> TrainingResult:
    """The run of this worker; the chief's has a folder."""
    optimization, strategy = run.optimization, workers.strategy
    settings = settings_of(run, manifest)
    workers.check_alike(settings | values_of(run.network) | values_of(optimization))
    keras.utils.set_random_seed(run.seed)
    with strategy.scope():
        network = build_network(run.network, precision=optimization.mixed_precision)
        optimizer = make_optimizer(optimization, run.base_learning_rate, network)
    progress = workers.from_chief(
        lambda: _restore_or_begin(
            run, manifest, examples_config, network, optimizer, settings, folder
        )
    )
    workers.take_from_chief([*network.variables, *optimizer.variables])

    batches = _batches(run, manifest, examples_config, strategy, progress["step"])
    train_step = make_train_step(run.losses, optimization, network, optimizer, strategy)
    variables = trained_variables(optimization.train_stage, network)
    counts = progress["skipped_examples"]
    skipped = SkippedExamples(manifest, run.seed, optimization.batch_size, run.overfit, counts)
    records, closed = Records(), nullcontext()
    if folder:
        records = ChiefsRecords(run, folder, network, optimizer, progress)
        closed = records.closed()
    with closed, StopSignals() as signals, _telling_of_little_memory(records):
        stops = False
        while progress["step"] < optimization.steps and not stops:
            started = time.perf_counter()
            step = progress["step"] + 1
            rate = learning_rate_at(step, run.base_learning_rate, optimization)
            optimizer.learning_rate.assign(rate)
            try:
                batch = _next_batch(batches, run, workers, signals)
            except (tf.errors.OpError, NoBatchError) as error:
                records.save()  # what was learned is sound
                last = records.last_checkpoint()
                raise error_of_examples(error, manifest, run, step, last) from None
            if batch is None:
                records.save()
                break
            asked_to_stop = tf.constant(signals.received, tf.float32)
            values = {
                name: value.numpy() for name, value in train_step(batch, asked_to_stop).items()
            }
            norms, attempts = values.pop("gradient_norms"), values.pop("attempt").astype(int)
            any_at_its_begin = values.pop("stop") > 0
            skipped.note(step, attempts)
            values = {name: float(value) for name, value in values.items()}
            values["learning_rate"] = float(optimizer.learning_rate.numpy())
            problem = what_is_not_finite(step, values, norms, variables)
            if problem:
                names = _foreground_names(manifest, run, step, attempts)
                _skip_or_stop(f"{problem} (example {names})", progress, optimization, records)
            progress["step"] = step
            examples = strategy.experimental_local_results(batch)
            records.note(step, time.perf_counter() - started, values, examples[0])
            stops = workers.agree_to_stop(signals.received, any_at_its_begin)
            records.keep(stops or step == optimization.steps)
    finished = progress["step"] >= optimization.steps
    if finished:
        records.finish()
    workers.wait()
    return TrainingResult(
        progress["step"],
        progress["best"],
        progress["skipped_examples"],
        progress["skipped_steps"],
        records.step_seconds(),
        None if finished else signals.number,
    )


def _restore_or_begin(
    run: RunConfig,
    manifest: Manifest,
    examples_config: ExampleConfig,
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    settings: dict[str, Any],
    folder: RunFolder,
) -> dict[str, Any]:
    """Puts the state that a run goes on from into network and optimizer; returns its progress."""
    run_dir = Path(run.run_dir)
    progress = restore_newest(run_dir, network, optimizer, run.network, settings)
    if progress is None:
        put_aside_best_of_another(run_dir)
        progress = {"step": 0, "best": None, "settings": settings}
        initialize_weights(run.start, network, run.network, manifest, examples_config, run.seed)
    elif not run.resume:
        raise InputError(f"{run_dir} already holds a run; give another --run_dir, or --resume.")
    else:
        validated = folder.validation_set if run.validate_every else ""
        progress["best"] = best_so_far(run_dir, run.network, progress["best"], validated)
        warn_of_other_optimization(progress, run)
    now = {"optimization": optimization_of(run)}
    return {"skipped_examples": {}, "skipped_steps": 0} | progress | now


def _batches(
    run: RunConfig,
    manifest: Manifest,
    examples_config: ExampleConfig,
    strategy: tf.distribute.Strategy,
    steps_done: int,
) -> Iterator[Any]:
    """This worker's shares of the batches, from the next step on, as the train step takes them."""
    batch_size = run.optimization.batch_size

    def examples_of(context: tf.distribute.InputContext) -> tf.data.Dataset:
        workers = context.num_input_pipelines
        devices = strategy.num_replicas_in_sync // workers
        examples = training_examples(
            manifest,
            examples_config,
            seed=run.seed,
            batch_size=batch_size,
            first_example=steps_done * batch_size,
            overfit=run.overfit,
            strict=run.strict,
            share=Share(context.input_pipeline_id, workers, devices),
        )
        service = run.workers.data_service
        return served(examples, service) if service else examples

    return iter(strategy.distribute_datasets_from_function(examples_of))


def _next_batch(
    batches: Iterator[Any], run: RunConfig, workers: Workers, signals: StopSignals
) -> Any:
    """The next batch; None where the run was asked to stop and there is none."""
    service, is_alone = run.workers.data_service, workers.cluster.is_alone
    if not service and not is_alone:
        return next(batches)
    batch = next_batch(batches, lambda: signals.received, service)
    if batch is None and not is_alone:  # the others wait in the step
        raise NoBatchError("it makes none, and the run was asked to stop")
    return batch


@contextmanager
def _telling_of_little_memory(records: Records) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not lacks_memory(error):
            raise
        raise InputError(
            f"There is not enough memory for a step of training; "
            f"{records.last_checkpoint()}. Where another program takes it, the same "
            "command goes on when there is room; otherwise give a smaller --batch_size, "
            "--input_size or --width, or --fc6=1x1, and another --run_dir."
        ) from None


def _skip_or_stop(
    problem: str, progress: dict[str, Any], optimization: OptimizationConfig, records: Records
) -> None:
    """Counts a step that is not finite.

    Raises:
        InputError: it is one more than may be skipped.
    """
    if progress["skipped_steps"] >= optimization.skip_nonfinite:
        raise InputError(
            f"{problem}; {records.last_checkpoint()}. Try a smaller "
            "--learning_rate, or --skip_nonfinite=10 to skip up to 10 such steps."
        )
    progress["skipped_steps"] += 1
    logging.warning(
        "%s; it is skipped, the %d. of at most %d.",
        *(problem, progress["skipped_steps"], optimization.skip_nonfinite),
    )


def learning_rate_at(step: int, rate: float, optimization: OptimizationConfig) -> float:
    """The learning rate of a step, counted from 1, where `rate` is what the schedule changes."""
    if optimization.warmup_steps:
        rate *= min(1.0, step / optimization.warmup_steps)
    if optimization.learning_rate_schedule == "cosine":
        done = min(1.0, (step - 1) / max(1, optimization.steps - 1))
        rate *= FINAL_LEARNING_RATE + (1 - FINAL_LEARNING_RATE) * (1 + math.cos(math.pi * done)) / 2
    return rate


def _foreground_names(manifest: Manifest, run: RunConfig, step: int, attempts: np.ndarray) -> str:
    indices = examples_of_step(step, len(attempts), run.overfit)
    pairs = [
        int(pair_of_example(index, len(manifest), run.seed, attempt))
        for index, attempt in zip(indices, attempts.tolist(), strict=True)
    ]
    return ", ".join(
        f"{manifest.foreground_name(pair)} on {manifest.background_name(pair)}" for pair in pairs
    )
