"""One run: an arm is trained with a seed, measured, and its record written."""

import contextlib
import dataclasses
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dim_tf.ablations.arms import (
    ARMS,
    Arm,
    arm_configs,
    fingerprint,
    settings_of_arm,
)
from dim_tf.ablations.claims import (
    CUTOUTS,
    CUTOUTS_AVERAGED,
    HELD_OUT,
    HELD_OUT_AVERAGED,
    HELD_OUT_BATCH,
    HELD_OUT_DILATE,
    HELD_OUT_FIRST,
    VALIDATION,
)
from dim_tf.ablations.records import CURVE_NAMES, Record, write_record
from dim_tf.ablations.stopwatch import Stopwatch
from dim_tf.config import UNKNOWN, AblationConfig, RunConfig, TrainingConfig, with_values
from dim_tf.config.flags import flagfile_text
from dim_tf.dataset.manifest import read_manifest
from dim_tf.dataset.output_folder import fingerprint as fingerprint_of_names
from dim_tf.evaluation.held_out import SETTINGS_NAME
from dim_tf.evaluation.inputs import read_test_image
from dim_tf.evaluation.metrics import gradient, mse, sad, to_8_bit
from dim_tf.evaluation.report import module_versions
from dim_tf.model.run_folder import CHECKPOINT_FOLDER, checkpoint_path
from dim_tf.pictures.folders import by_stem, list_images
from dim_tf.system.errors import InputError
from dim_tf.system.processor import bfloat16_instructions, processor_name

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel

DATA_FOLDER, RUNS_FOLDER = "data", "runs"
COMPOSITES_FOLDER, CUT_OUT_COMPOSITES_FOLDER = "held_out", "held_out_cutouts"
# Weights are averaged over this many checkpoints, the last third of a run. At a constant learning
# rate the network of the last step alone says little: its error jumps from step to step by as much
# as arms differ. (Polyak and Juditsky, 1992; Izmailov et al., 2018.)
AVERAGED_CHECKPOINTS, CHECKPOINTS_OF_A_RUN = 10, 30
AVERAGED_NAME = "averaged.npz"
# The error on training examples is the mean of this share of the steps at the end, or of as many.
LAST_SHARE, LAST_STEPS = 1 / 30, 50
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
    from dim_tf.training.loop import train
    from dim_tf.training.progress import read_loss_log

    trainings = arm_configs(arm, config, seed)
    folders = run_folders(arm, seed, config, trainings)
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
            checkpoint_every=_steps_between_checkpoints(training.run),
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
    measured = _measured(arm, trainings[-1].run, config, folders[-1])
    times = stopwatch.times()
    record = Record(
        arm=arm.name,
        seed=seed,
        settings=settings_of_arm(trainings),
        conditions=conditions_of(config),
        versions=_versions(),
        machine=_machine(),
        steps=int(rows[-1]["step"]),
        step_seconds=result.step_seconds,
        seconds=times.clock,
        processor_seconds=times.processor,
        training_error=_training_error(rows),
        curve=_curve(rows),
        **measured,
    )
    path = write_record(config.records_dir, record)
    for number, folder in enumerate(folders, 1):
        if not (config.keep_weights or _others_begin_with(arm.flagfiles[:number], arm)):
            shutil.rmtree(folder / CHECKPOINT_FOLDER)
    return path


def run_folders(
    arm: Arm, seed: int, config: AblationConfig, trainings: Sequence[TrainingConfig]
) -> list[Path]:
    """The folders of an arm's runs: other settings have others, so that no run goes on with them.

    Arms that begin with the same runs share their folders.
    """
    folder = Path(config.work_dir) / RUNS_FOLDER
    return [
        folder
        / f"{name.replace('/', '_')}_seed{seed}_{fingerprint(settings_of_arm(trainings[:number]))}"
        for number, name in enumerate(arm.flagfiles, 1)
    ]


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
    conditions = {"dataset": dataset, "held-out set": composites}
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


def _measured(arm: Arm, run: RunConfig, config: AblationConfig, run_dir: Path) -> dict[str, Any]:
    """`errors` and `refinement_moves` of a record."""
    from dim_tf.matting.predict import load_model

    if run.overfit:  # its example is the same in every step: nothing else is asked of it
        return {"errors": {}}
    precision = run.optimization.mixed_precision
    composites = Path(config.work_dir) / COMPOSITES_FOLDER
    model = load_model(run_dir, precision=precision, post_process="none")
    averaged = load_model(averaged_weights(run, run_dir), precision=precision, post_process="none")
    errors = {
        HELD_OUT: measure(model, composites, "trimap"),
        HELD_OUT_AVERAGED: measure(averaged, composites, "trimap"),
    }
    if arm.both_trimaps:
        errors[HELD_OUT_DILATE] = measure(model, composites, "trimap_dilate")
    if config.cutouts_dir:
        cut_outs = Path(config.work_dir) / CUT_OUT_COMPOSITES_FOLDER
        errors[CUTOUTS] = measure(model, cut_outs, "trimap")
        errors[CUTOUTS_AVERAGED] = measure(averaged, cut_outs, "trimap")
    if config.validation_dir:
        errors[VALIDATION] = measure(model, Path(config.validation_dir), "trimap")
    moves = None
    if model.config.refine:
        first = without_refinement(model)
        errors[HELD_OUT_FIRST] = measure(first, composites, "trimap")
        moves = mean_difference(model, first, composites)
    if arm.both_statistics:
        batch = load_model(run_dir, bn_eval="batch", precision=precision, post_process="none")
        errors[HELD_OUT_BATCH] = measure(batch, composites, "trimap")
    return {"errors": errors, "refinement_moves": moves}


def _steps_between_checkpoints(run: RunConfig) -> int:
    return max(1, run.optimization.steps // CHECKPOINTS_OF_A_RUN)


def averaged_weights(run: RunConfig, run_dir: Path) -> Path:
    """Writes the mean of a finished run's last checkpoints beside them.

    Every variable of the network is averaged, batch norm's moving statistics included.

    Args:
        run: whose steps say which checkpoints there are.
        run_dir: with the last `AVERAGED_CHECKPOINTS` of them.

    Returns:
        The file of weights.

    Raises:
        InputError: one of the checkpoints is missing or damaged.
    """
    from dim_tf.model.weights_file import NETWORK_PREFIX, read_arrays, write_arrays

    steps = run.optimization.steps
    every = _steps_between_checkpoints(run)
    expected = sorted({*range(every, steps, every), steps})[-AVERAGED_CHECKPOINTS:]
    paths = [checkpoint_path(run_dir, step) for step in expected]
    total: dict[str, np.ndarray] = {}
    for path in paths:
        if not path.exists():
            raise InputError(
                f"{path} is missing, and weights are averaged over it; remove {run_dir}, so that the "
                "run is made anew."
            )
        arrays, network, about = read_arrays(path, NETWORK_PREFIX)
        for name, array in arrays.items():
            total[name] = total.get(name, 0.0) + array.astype(np.float64)
    mean = {name: (array / len(paths)).astype(np.float32) for name, array in total.items()}
    written = run_dir / CHECKPOINT_FOLDER / AVERAGED_NAME
    write_arrays(written, mean, network, about)
    return written


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


def without_refinement(model: "MattingModel") -> "MattingModel":
    """The model whose matte is what the refinement stage is given. It shares every weight."""
    from dim_tf.matting.predict import MattingModel
    from dim_tf.model.network import first_stage

    config = dataclasses.replace(model.config, refine=False)
    return MattingModel(first_stage(model.network), config, model.about)


def mean_difference(one: "MattingModel", other: "MattingModel", folder: Path) -> float:
    """How far apart two models' mattes are: mean over a folder's pictures of the mean |difference|
    over the unknown region, 0 to 1.

    Raises:
        InputError: a picture cannot be used.
    """
    differences = []
    for path in list_images(folder / "rgb"):
        files = (folder / name / path.name for name in ("rgb", "trimap", "alpha"))
        rgb, trimap, _ = read_test_image(*files, quiet=True)
        mattes = [model.predict_alpha(rgb, trimap)[trimap == UNKNOWN] for model in (one, other)]
        differences.append(float(np.abs(mattes[0] - mattes[1]).mean()))
    return float(np.mean(differences))


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
