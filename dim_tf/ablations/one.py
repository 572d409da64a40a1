"""One run: an arm is trained with a seed, measured, and its record written."""

import os
import platform
import shutil
import time
from pathlib import Path

import numpy as np

from dim_tf.ablations.arms import (
    Arm,
    arm_config,
    fingerprint,
    settings_of_arm,
)
from dim_tf.ablations.claims import (
    HELD_OUT,
    HELD_OUT_BATCH,
    HELD_OUT_DILATE,
    VALIDATION,
)
from dim_tf.ablations.records import CURVE_NAMES, Record, write_record
from dim_tf.config import UNKNOWN, AblationConfig, with_values
from dim_tf.config.flags import flagfile_text
from dim_tf.dataset.manifest import read_manifest
from dim_tf.dataset.output_folder import fingerprint as fingerprint_of_names
from dim_tf.evaluation.held_out import SETTINGS_NAME
from dim_tf.evaluation.inputs import read_test_image
from dim_tf.evaluation.metrics import gradient, mse, sad, to_8_bit
from dim_tf.evaluation.report import module_versions
from dim_tf.pictures.folders import by_stem, list_images
from dim_tf.system.errors import InputError

DATA_FOLDER, COMPOSITES_FOLDER, RUNS_FOLDER = "data", "held_out", "runs"
# Steps at the end whose mean error is the error on training examples.
LAST_STEPS = 50
_CURVE_POINTS = 60


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
    from dim_tf.model.run_folder import CHECKPOINT_FOLDER
    from dim_tf.training.loop import train
    from dim_tf.training.progress import read_loss_log

    started = time.perf_counter()
    training = arm_config(arm, config, seed)
    settings = settings_of_arm(training)
    run_dir = run_folder(arm, seed, config, settings)
    data_dir = str(Path(config.work_dir) / DATA_FOLDER)
    training = with_values(training, data_dir=data_dir, run_dir=str(run_dir))
    result = train(training.run, data_dir, flagfile_text(training))
    if not result.finished:
        raise InputError(f"Stopped at step {result.step}, saved; the same command goes on.")
    rows = read_loss_log(run_dir)
    record = Record(
        arm=arm.name,
        seed=seed,
        settings=settings,
        conditions=conditions_of(config),
        versions=module_versions(),
        machine=_processor(),
        steps=result.step,
        step_seconds=result.step_seconds,
        # An example of an overfitted arm is the same in every step: nothing else is asked of it.
        errors={}
        if training.run.overfit
        else _errors(arm, training.run.optimization.mixed_precision, config, run_dir),
        seconds=time.perf_counter() - started,
        training_error=float(np.mean([row["unknown_error"] for row in rows[-LAST_STEPS:]])),
        curve=_curve(rows),
    )
    path = write_record(config.records_dir, record)
    if not config.keep_weights:
        shutil.rmtree(run_dir / CHECKPOINT_FOLDER)
    return path


def run_folder(arm: Arm, seed: int, config: AblationConfig, settings: dict) -> Path:
    """The folder of a run: other settings have another, so that no run goes on with them."""
    name = f"{arm.name}_seed{seed}_{fingerprint(settings)}"
    return Path(config.work_dir) / RUNS_FOLDER / name


def conditions_of(config: AblationConfig) -> dict[str, str]:
    """What the runs learn from and are measured on, as texts that change when it does.

    Raises:
        InputError: the dataset or the composites are not there yet.
    """
    folder = Path(config.work_dir) / COMPOSITES_FOLDER
    try:
        settings = (folder / SETTINGS_NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise InputError(f"{folder} holds no composites; run makes them.") from None
    names = [path.name for path in list_images(folder / "rgb")]
    conditions = {
        "dataset": read_manifest(Path(config.work_dir) / DATA_FOLDER).fingerprint(),
        "held-out set": fingerprint_of_names(settings + name for name in names),
    }
    if config.validation_dir:
        names = (path.name for path in list_images(Path(config.validation_dir) / "rgb"))
        conditions["validation set"] = fingerprint_of_names(names)
    return conditions


def _errors(
    arm: Arm, precision: str, config: AblationConfig, run_dir: Path
) -> dict[str, dict[str, list]]:
    from dim_tf.matting.predict import load_model

    composites = Path(config.work_dir) / COMPOSITES_FOLDER
    model = load_model(run_dir, precision=precision, post_process="none")
    errors = {HELD_OUT: measure(model, composites, "trimap")}
    if arm.both_trimaps:
        errors[HELD_OUT_DILATE] = measure(model, composites, "trimap_dilate")
    if config.validation_dir:
        errors[VALIDATION] = measure(model, Path(config.validation_dir), "trimap")
    if arm.both_statistics:
        model = load_model(run_dir, bn_eval="batch", precision=precision, post_process="none")
        errors[HELD_OUT_BATCH] = measure(model, composites, "trimap")
    return errors


def measure(model, folder: Path, trimap_folder: str) -> dict[str, list]:
    """Errors of a model's mattes, rounded to 8 bits, on the unknown regions of a folder's trimaps.

    Args:
        model: a `MattingModel`.
        folder: with rgb, alpha and the trimaps.
        trimap_folder: name of the folder of trimaps in it.

    Returns:
        As `Record.errors` has them for one set.

    Raises:
        InputError: a picture is missing or cannot be used.
    """
    parts = {name: by_stem(list_images(folder / name)) for name in ("rgb", trimap_folder, "alpha")}
    errors: dict[str, list] = {
        name: [] for name in ("pictures", "unknown_mae", "SAD", "MSE", "Grad", "mean_alpha")
    }
    for name, photo in parts["rgb"].items():
        for part in (trimap_folder, "alpha"):
            if name not in parts[part]:
                raise InputError(f"{folder / part} has no picture named {name}; add it.")
        files = photo, parts[trimap_folder][name], parts["alpha"][name]
        rgb, trimap, alpha = read_test_image(*files, quiet=True)
        predicted = model.predict_alpha(rgb, trimap)
        unknown = trimap == UNKNOWN
        matte = to_8_bit(predicted)
        sum_of_differences = sad(matte, alpha, trimap)
        errors["pictures"].append(name)
        errors["unknown_mae"].append(1000 * sum_of_differences / np.count_nonzero(unknown))
        errors["SAD"].append(sum_of_differences)
        errors["MSE"].append(mse(matte, alpha, trimap))
        errors["Grad"].append(gradient(matte, alpha, trimap))
        errors["mean_alpha"].append(float(predicted[unknown].mean()))
    return errors


def _curve(rows: list[dict[str, float]]) -> dict[str, list[float]]:
    """The loss log as means over at most 60 equal parts; the step is the last of each part."""
    parts = np.array_split(np.arange(len(rows)), min(_CURVE_POINTS, len(rows)))
    curve: dict[str, list[float]] = {"step": [int(rows[part[-1]]["step"]) for part in parts]}
    for name in CURVE_NAMES[1:]:
        values = np.array([row[name] for row in rows])
        curve[name] = [float(values[part].mean()) for part in parts]
    return curve


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()}, {os.cpu_count()} cores"
    except OSError:  # not Linux
        pass
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
