"""What a run writes: checkpoints, logs, the best network, pictures, and what it says meanwhile.

Of several workers the chief does this, and the others wait.
"""

import math
import os
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from dim_tf.config import RunConfig
from dim_tf.evaluation.report import errors_as_text
from dim_tf.matting.predict import MattingModel
from dim_tf.model.network import alpha_and_log_scale
from dim_tf.model.run_folder import best_path, checkpoint_path
from dim_tf.model.weights import network_arrays
from dim_tf.model.weights_file import write_arrays
from dim_tf.system.errors import InputError
from dim_tf.system.files import WriteError, encoded, write_bytes
from dim_tf.system.folder_lock import LOCK_NAME, FolderLock
from dim_tf.training.best import best_record
from dim_tf.training.checkpoints import save_checkpoint
from dim_tf.training.preview import write_before, write_before_after
from dim_tf.training.progress import CollapseAlarm, LossLog, StatusLine, mean_of
from dim_tf.training.tensorboard import TensorBoard
from dim_tf.training.validation import ValidationImage, validate

FLAGFILE_NAME = "run.flags"


class RunFolder(NamedTuple):
    """The folder of a run, as its only writer has it.

    Attributes:
        lock: held.
        flagfile: the run's flags, kept in the folder.
        validation_images: measured now and then.
        validation_set: changes with what they hold; empty without any.
    """

    lock: FolderLock
    flagfile: str
    validation_images: list[ValidationImage]
    validation_set: str


class Records:
    """Of a worker that is not the chief: it writes nothing.

    Attributes:
        saved_step: of the last checkpoint; 0 where there is none.
    """

    saved_step = 0

    def note(
        self, step: int, seconds: float, values: dict[str, float], example: dict[str, tf.Tensor]
    ) -> None:
        """Logs a step, and says now and then how the run goes.

        Args:
            step: counted from 1.
            seconds: it took.
            values: the columns of the loss log.
            example: what this process saw of the batch.

        Raises:
            WriteError: there is no room for it.
        """

    def keep(self, stops: bool) -> None:
        """Validates and saves where it is time to, or the run stops.

        Raises:
            InputError: weights that are not finite, or a folder or disk that does not take them.
        """

    def save(self) -> None:
        """Saves what is not saved yet, without validating: the run ends before its next step.

        Raises:
            InputError: see `keep`.
        """

    def finish(self) -> None:
        """Writes what shows the result of a run that came to its end."""

    def step_seconds(self) -> float | None:
        """Median of the last steps, or None."""

    def last_checkpoint(self) -> str:
        """What a sentence says of it."""
        return "there is no checkpoint yet"


class ChiefsRecords(Records):
    """Of the process that writes; the progress it was given is kept up to date by the loop."""

    def __init__(
        self,
        run: RunConfig,
        folder: RunFolder,
        network: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        progress: dict[str, Any],
    ) -> None:
        """Goes on where the progress is.

        Raises:
            WriteError: the folder cannot be written to.
        """
        self._run, self._folder, self._run_dir = run, folder, Path(run.run_dir)
        self._network, self._optimizer, self._progress = network, optimizer, progress
        self._model = MattingModel(network, run.network, {})
        self.saved_step = progress["step"]
        if folder.flagfile:
            self._write_flagfile()
        if run.preview and progress["step"] == 0:
            write_before(self._run_dir, self._model)
        has = {
            "certainty_loss": run.network.certainty,
            "laplacian_loss": run.losses.laplacian_loss_weight > 0,
        }
        further = [name for name in has if has[name]]
        self._loss_log = LossLog(self._run_dir, progress["step"], further)
        self._tensorboard = TensorBoard(self._run_dir, progress["step"])
        self._status = StatusLine(run.progress, run.log_every)
        self._alarm = CollapseAlarm()
        for row in self._loss_log.kept:  # means and alarms do not depend on where a run was stopped
            self._alarm.update(row["mean_unknown_alpha"])
        self._recent = deque(self._loss_log.kept, maxlen=run.log_every)
        self._step_times: deque[float] = deque(maxlen=run.log_every)

    def note(
        self, step: int, seconds: float, values: dict[str, float], example: dict[str, tf.Tensor]
    ) -> None:
        """See `Records`."""
        run, steps = self._run, self._run.optimization.steps
        self._loss_log.append({"step": step} | values)
        self._recent.append(values)
        self._step_times.append(seconds)
        warning = self._alarm.update(values["mean_unknown_alpha"])
        if warning:
            logging.warning("%s", warning)
        if step % run.log_every == 0 or step == steps:
            self._tensorboard.scalars(step, mean_of(self._recent), "training")
        if self._status.is_due(step, steps):
            step_time = float(np.mean(self._step_times))
            self._status.update(step, steps, mean_of(self._recent), step_time)
        if run.image_every and step % run.image_every == 0:
            alpha, _ = alpha_and_log_scale(
                self._network(example["image_and_trimap"], training=False)
            )
            self._tensorboard.images(step, example, alpha)

    def keep(self, stops: bool) -> None:
        """See `Records`."""
        step, run = self._progress["step"], self._run
        validates = self._folder.validation_images and run.validate_every
        if validates:
            validates = step % run.validate_every == 0 or step == run.optimization.steps
        saves = (stops or step % run.checkpoint_every == 0) and self.saved_step != step
        if validates or saves:
            self._check_weights()  # first: of a deleted folder what there is would be saved
        if validates:
            self._check_folder()
            try:
                self._validate()
            except InputError as error:  # of its pictures, or memory that does not hold them
                if saves:
                    self._save()
                raise InputError(
                    f"{error} So ended the validation of step {step}; {self.last_checkpoint()}."
                ) from None
        if saves:
            self._check_folder()
            self._save()

    def save(self) -> None:
        """See `Records`."""
        if self.saved_step != self._progress["step"]:
            self._check_weights()
            self._check_folder()
            self._save()

    def finish(self) -> None:
        """See `Records`."""
        if self._run.preview:
            write_before_after(self._run_dir, self._model)

    def step_seconds(self) -> float | None:
        """See `Records`."""
        return float(np.median(self._step_times)) if self._step_times else None

    def last_checkpoint(self) -> str:
        """See `Records`."""
        if not self.saved_step:
            return super().last_checkpoint()
        last = f"the last checkpoint, of step {self.saved_step},"
        # Not with `Path.exists`, which raises what a failing disk says.
        is_there = os.access(checkpoint_path(self._run_dir, self.saved_step), os.R_OK)
        return f"{last} is intact" if is_there else f"{last} is there no more"

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Closes the files behind the block, also after an error, whose sentence then stands alone.

        Raises:
            InputError: an error of writing, with what the user still has.
        """
        try:
            with closing(self._status), closing(self._loss_log), closing(self._tensorboard):
                yield
        except WriteError as error:
            raise InputError(
                f"{error} The run stops; {self.last_checkpoint()}. When there is room "
                "again the same command goes on."
            ) from None

    def _check_weights(self) -> None:
        """Of ruined ones none is kept: the loss that shows them is the one of the next step."""
        if not all(np.isfinite(variable.numpy()).all() for variable in self._network.variables):
            raise InputError(
                f"Step {self._progress['step']} made weights that are not finite; "
                f"{self.last_checkpoint()}. Try a smaller --learning_rate."
            )

    def _save(self) -> None:
        progress = self._progress
        if self._folder.lock.is_held():
            self._loss_log.flush()
            self._tensorboard.flush()
        save_checkpoint(
            self._run_dir,
            self._network,
            self._optimizer,
            self._run.network,
            progress,
            self._run.keep_checkpoints,
            self._run.checkpoint_every,
        )
        self.saved_step = progress["step"]

    def _write_flagfile(self) -> None:
        write_bytes(self._run_dir / FLAGFILE_NAME, encoded(self._folder.flagfile))

    def _check_folder(self) -> None:
        run_dir = self._run_dir
        if self._folder.lock.is_held():
            return
        if run_dir.exists():
            raise InputError(
                f"{run_dir} is no longer the folder that this run began in, or its {LOCK_NAME} was "
                f"deleted. Nothing was written there after step {self.saved_step}."
            )
        with FolderLock(run_dir):
            self._save()
            self._write_flagfile()
        raise InputError(
            f"{run_dir} was deleted or moved during the run. Step {self.saved_step} was saved in a "
            "new folder of that name, without the logs of the steps before; the same command goes "
            "on."
        )

    def _validate(self) -> None:
        """Validates, and keeps the network if its SAD is the smallest so far."""
        errors, progress = validate(self._model, self._folder.validation_images), self._progress
        step = progress["step"]
        self._tensorboard.scalars(step, errors, "validation")
        logging.info("step %d: validation %s", step, errors_as_text(errors))
        smallest = math.inf if progress["best"] is None else progress["best"]["SAD"]
        if errors["SAD"] < smallest:  # NaN is not
            progress["best"] = best_record(step, errors, self._folder.validation_set)
            arrays = network_arrays(self._network)
            write_arrays(best_path(self._run_dir), arrays, self._run.network, progress["best"])
