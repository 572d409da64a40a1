"""One run: an arm is trained with a seed, measured, and its record written."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dim_tf.ablations.arms import (
    ARMS,
    Arm,
    arm_configs,
    fingerprint,
    settings_of_arm,
)
from dim_tf.ablations.measuring import (
    AVERAGED_CHECKPOINTS,
    COMPOSITES_FOLDER,
    CUT_OUT_COMPOSITES_FOLDER,
    DATA_FOLDER,
    measured,
    steps_between_checkpoints,
)
from dim_tf.ablations.records import CURVE_NAMES, Record, write_record
from dim_tf.ablations.stopwatch import Stopwatch
from dim_tf.config import AblationConfig, TrainingConfig, with_values
from dim_tf.config.flags import flagfile_text
from dim_tf.dataset.manifest import read_manifest
from dim_tf.dataset.output_folder import fingerprint as fingerprint_of_names
from dim_tf.evaluation.held_out import SETTINGS_NAME
from dim_tf.evaluation.report import module_versions
from dim_tf.model.run_folder import CHECKPOINT_FOLDER
from dim_tf.pictures.folders import list_images
from dim_tf.system.errors import InputError
from dim_tf.system.processor import bfloat16_instructions, processor_name

RUNS_FOLDER = "runs"
# The error on training examples is the mean of this share of the steps at the end, or of as many.
LAST_SHARE, LAST_STEPS = 1 / 30, 50
_CURVE_POINTS = 60
_DATASET = "dataset"


def run_arm(arm: Arm, seed: int, config: AblationConfig) -> Path:
    """Trains an arm, or goes on where it was stopped, and writes its record.

    The checkpoints of the run are deleted afterwards, unless `config.keep_weights`.

    Args:
        arm: of the table.
        seed: of the run.
        config: whose `work_dir` holds the dataset and the composites.

    Returns:
        The record's file.

    Raises:
        InputError: see `train`; or the run was stopped by a signal.
    """
    from dim_tf.training.loop import train
    from dim_tf.training.progress import read_loss_log

    trainings = arm_configs(arm, config, seed)
    conditions = conditions_of(config)
    folders = run_folders(arm, seed, config, trainings, conditions[_DATASET])
    stopwatch = Stopwatch(folders[-1])
    data_dir = str(Path(config.work_dir) / DATA_FOLDER)
    rows: list[dict[str, float]] = []
    begins_with = ""
    for training, run_dir in zip(trainings, folders, strict=True):
        training = with_values(
            training,
            data_dir=data_dir,
            run_dir=str(run_dir),
            init_from=begins_with,
            checkpoint_every=steps_between_checkpoints(training.run),
            keep_checkpoints=AVERAGED_CHECKPOINTS,
        )
        # A run that is finished, as another arm began with it as well, is not trained again.
        result = train(training.run, data_dir, flagfile_text(training))
        if not result.finished:
            stopwatch.save()
            raise InputError(f"Stopped at step {result.step}, saved; the same command goes on.")
        done = rows[-1]["step"] if rows else 0
        rows += [row | {"step": row["step"] + done} for row in read_loss_log(run_dir)]
        begins_with = str(run_dir)
    measures = measured(arm, trainings[-1].run, config, folders[-1])
    times = stopwatch.times()
    record = Record(
        arm=arm.name,
        seed=seed,
        settings=settings_of_arm(trainings),
        conditions=conditions,
        versions=_versions(),
        machine=_machine(),
        steps=int(rows[-1]["step"]),
        step_seconds=result.step_seconds,
        seconds=times.clock,
        processor_seconds=times.processor,
        training_error=_training_error(rows),
        curve=_curve(rows),
        **measures,
    )
    path = write_record(config.records_dir, record)
    for number, folder in enumerate(folders, 1):
        if not (config.keep_weights or _others_begin_with(arm.flagfiles[:number], arm)):
            shutil.rmtree(folder / CHECKPOINT_FOLDER)
    # Measured again, a run whose weights are there still took the time to train them.
    if (folders[-1] / CHECKPOINT_FOLDER).exists():
        stopwatch.save()
    else:
        stopwatch.forget()
    return path


def run_folders(
    arm: Arm, seed: int, config: AblationConfig, trainings: Sequence[TrainingConfig], dataset: str
) -> list[Path]:
    """The folders of an arm's runs.

    Other settings have others, so that no run goes on with them, and so has another dataset, by its
    condition from `conditions_of`. Arms that begin with the same runs share their folders.
    """
    folder, folders = Path(config.work_dir) / RUNS_FOLDER, []
    for number, name in enumerate(arm.flagfiles, 1):
        decided_by = {_DATASET: dataset} | settings_of_arm(trainings[:number])
        folders.append(folder / f"{name.replace('/', '_')}_seed{seed}_{fingerprint(decided_by)}")
    return folders


def _others_begin_with(flagfiles: tuple[str, ...], arm: Arm) -> bool:
    return any(
        other.flagfiles[: len(flagfiles)] == flagfiles for other in ARMS.values() if other != arm
    )


def _training_error(rows: list[dict[str, float]]) -> float:
    last = max(LAST_STEPS, round(len(rows) * LAST_SHARE))
    return float(np.mean([row["unknown_error"] for row in rows[-last:]]))


def conditions_of(config: AblationConfig) -> dict[str, str]:
    """What the runs learn from and are measured on, as texts that change when it does.

    Raises:
        InputError: the dataset or the composites are not there yet.
    """
    work_dir = Path(config.work_dir)
    composites = _composites_fingerprint(work_dir / COMPOSITES_FOLDER)
    dataset = read_manifest(work_dir / DATA_FOLDER).fingerprint()
    conditions = {_DATASET: dataset, "held-out set": composites}
    if config.cutouts_dir:
        folder = work_dir / CUT_OUT_COMPOSITES_FOLDER
        conditions["cut-out set"] = _composites_fingerprint(folder)
    if config.validation_dir:
        names = (path.name for path in list_images(Path(config.validation_dir) / "rgb"))
        conditions["validation set"] = fingerprint_of_names(names)
    return conditions


def _composites_fingerprint(folder: Path) -> str:
    try:
        settings = (folder / SETTINGS_NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise InputError(f"{folder} holds no composites; run makes them.") from None
    names = [path.name for path in list_images(folder / "rgb")]
    return fingerprint_of_names(settings + name for name in names)


def _curve(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    """The loss log as means over at most 60 equal parts; the step is the last of each part."""
    parts = np.array_split(np.arange(len(rows)), min(_CURVE_POINTS, len(rows)))
    curve: dict[str, list[float]] = {"step": [int(rows[part[-1]]["step"]) for part in parts]}
    for name in CURVE_NAMES[1:]:
        values = np.array([row[name] for row in rows])
        curve[name] = [float(values[part].mean()) for part in parts]
    return curve


def _versions() -> dict[str, str]:
    """Of what took part; of a checkout with its commit, since settings do not say what code did."""
    versions = module_versions()
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / ".git").exists():  # not a repository that the program is installed in
        command = ["git", "-C", str(checkout), "describe", "--always", "--dirty"]
        with contextlib.suppress(OSError):
            commit = subprocess.run(command, capture_output=True, text=True, check=False)
            if not commit.returncode:
                versions["dim_tf"] += f" ({commit.stdout.strip()})"
    return versions


def _machine() -> str:
    """The processor, and whether it has its own instructions for bfloat16: numbers depend on it."""
    own = " and ".join(bfloat16_instructions()) or "no bfloat16 instructions"
    return f"{processor_name()}, {os.cpu_count()} cores, {own}"
