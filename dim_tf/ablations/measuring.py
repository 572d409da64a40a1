"""Measures a finished run: errors on sets of pictures, by its last weights and averaged ones."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dim_tf.ablations.arms import Arm
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
from dim_tf.config import UNKNOWN, AblationConfig, RunConfig
from dim_tf.evaluation.inputs import read_test_image
from dim_tf.evaluation.metrics import gradient, mse, sad, to_8_bit
from dim_tf.model.run_folder import CHECKPOINT_FOLDER, checkpoint_path
from dim_tf.pictures.folders import by_stem, list_images
from dim_tf.system.errors import InputError

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel

COMPOSITES_FOLDER, CUT_OUT_COMPOSITES_FOLDER = "held_out", "held_out_cutouts"
# Weights are averaged over this many checkpoints, the last third of a run. At a constant learning
# rate the network of the last step alone says little: its error jumps from step to step by as much
# as arms differ. (Polyak and Juditsky, 1992; Izmailov et al., 2018.)
AVERAGED_CHECKPOINTS, CHECKPOINTS_OF_A_RUN = 10, 30
AVERAGED_NAME = "averaged.npz"


def measured(arm: Arm, run: RunConfig, config: AblationConfig, run_dir: Path) -> dict[str, Any]:
    """Measures a finished run on every set of pictures.

    Args:
        arm: of the run.
        run: the last of its trainings.
        config: whose `work_dir` holds the composites.
        run_dir: with its checkpoints.

    Returns:
        `errors` and `refinement_moves` of its record.

    Raises:
        InputError: a checkpoint or a picture is missing or cannot be used.
    """
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


def steps_between_checkpoints(run: RunConfig) -> int:
    """How often a run writes a checkpoint, so that its last third can be averaged."""
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
    every = steps_between_checkpoints(run)
    expected = sorted({*range(every, steps, every), steps})[-AVERAGED_CHECKPOINTS:]
    paths = [checkpoint_path(run_dir, step) for step in expected]
    total: dict[str, np.ndarray] = {}
    for path in paths:
        if not path.exists():
            raise InputError(
                f"{path} is missing, one of those to average; remove {run_dir}, so that the run is "
                "made anew."
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
