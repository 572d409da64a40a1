"""Measures a finished run: errors on sets of pictures, by its last weights and averaged ones."""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dim_tf.ablations.arms import Arm
from dim_tf.ablations.claims import (
    CUTOUTS,
    CUTOUTS_AVERAGED,
    CUTOUTS_RELEASED,
    HELD_OUT,
    HELD_OUT_AVERAGED,
    HELD_OUT_BATCH,
    HELD_OUT_DILATE,
    HELD_OUT_FIRST,
    HELD_OUT_RELEASED,
    VALIDATION,
)
from dim_tf.config import UNKNOWN, AblationConfig, RunConfig
from dim_tf.evaluation.inputs import files_to_measure_on, read_test_image
from dim_tf.evaluation.metrics import gradient, mse, sad, to_8_bit
from dim_tf.model.run_folder import CHECKPOINT_FOLDER, checkpoint_path
from dim_tf.system.errors import InputError

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel

DATA_FOLDER = "data"
COMPOSITES_FOLDER, CUT_OUT_COMPOSITES_FOLDER = "held_out", "held_out_cutouts"
# Weights are averaged over this many checkpoints, the last third of a run. At a constant learning
# rate the network of the last step alone says little: its error jumps from step to step by as much
# as arms differ. (Polyak and Juditsky, 1992; Izmailov et al., 2018.)
AVERAGED_CHECKPOINTS, CHECKPOINTS_OF_A_RUN = 10, 30
AVERAGED_NAME, RELEASED_NAME = "averaged.npz", "released.npz"


class PictureWithTruth(NamedTuple):
    """A picture to measure on.

    Attributes:
        name: its file's, without suffix.
        rgb: [H, W, 3] uint8.
        trimap: [H, W] uint8.
        alpha: [H, W] uint8, the truth.
    """

    name: str
    rgb: np.ndarray
    trimap: np.ndarray
    alpha: np.ndarray


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
    load = functools.partial(
        load_model, precision=run.optimization.mixed_precision, post_process="none"
    )
    work_dir = Path(config.work_dir)
    composites = pictures_of(work_dir / COMPOSITES_FOLDER, "trimap")
    model = load(run_dir)
    averaged = load(averaged_weights(run, run_dir))
    released = load(released_weights(run, run_dir, work_dir / DATA_FOLDER))
    errors = {
        HELD_OUT: measure(model, composites),
        HELD_OUT_AVERAGED: measure(averaged, composites),
        HELD_OUT_RELEASED: measure(released, composites),
    }
    if arm.both_trimaps:
        dilated = pictures_of(work_dir / COMPOSITES_FOLDER, "trimap_dilate")
        errors[HELD_OUT_DILATE] = measure(model, dilated)
    if config.cutouts_dir:
        cut_outs = pictures_of(work_dir / CUT_OUT_COMPOSITES_FOLDER, "trimap")
        errors[CUTOUTS] = measure(model, cut_outs)
        errors[CUTOUTS_AVERAGED] = measure(averaged, cut_outs)
        errors[CUTOUTS_RELEASED] = measure(released, cut_outs)
    if config.validation_dir:
        errors[VALIDATION] = measure(model, pictures_of(Path(config.validation_dir), "trimap"))
    moves = None
    if model.config.refine:
        first = without_refinement(model)
        errors[HELD_OUT_FIRST] = measure(first, composites)
        moves = mean_difference(model, first, composites)
    if arm.both_statistics:
        errors[HELD_OUT_BATCH] = measure(load(run_dir, bn_eval="batch"), composites)
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
    from dim_tf.model.weights_file import write_arrays
    from dim_tf.training.release import average_checkpoints

    written = run_dir / CHECKPOINT_FOLDER / AVERAGED_NAME
    write_arrays(written, *average_checkpoints(last_checkpoints(run, run_dir)))
    return written


def released_weights(run: RunConfig, run_dir: Path, data_dir: Path) -> Path:
    """The same as `averaged_weights`, with batch norm's averages measured anew for the mean.

    Args:
        run: whose steps say which checkpoints there are.
        run_dir: with the last `AVERAGED_CHECKPOINTS` of them.
        data_dir: the dataset of the run.

    Returns:
        The file of weights.

    Raises:
        InputError: one of the checkpoints is missing or damaged; or see `release_average`.
    """
    from dim_tf.training.release import release_average

    last = len(last_checkpoints(run, run_dir))
    written = run_dir / CHECKPOINT_FOLDER / RELEASED_NAME
    release_average(run_dir, written, str(data_dir), last=last, half=False)
    return written


def last_checkpoints(run: RunConfig, run_dir: Path) -> list[Path]:
    """Of a finished run those that are averaged, the newest first.

    Raises:
        InputError: one of them is missing.
    """
    steps = run.optimization.steps
    every = steps_between_checkpoints(run)
    expected = sorted({*range(every, steps, every), steps}, reverse=True)[:AVERAGED_CHECKPOINTS]
    paths = [checkpoint_path(run_dir, step) for step in expected]
    for path in paths:
        if not path.exists():
            raise InputError(
                f"{path} is missing, one of those to average; remove {run_dir}, so that the run is "
                "made anew."
            )
    return paths


def pictures_of(folder: Path, trimap_folder: str) -> list[PictureWithTruth]:
    """Reads the pictures of a folder that are measured on, by several models each.

    Args:
        folder: with rgb, alpha and the trimaps.
        trimap_folder: name of the folder of trimaps in it.

    Raises:
        InputError: a picture is missing or cannot be used.
    """
    return [
        PictureWithTruth(name, *read_test_image(*files, quiet=True))
        for name, files in files_to_measure_on(folder, trimap_folder).items()
    ]


def measure(model: "MattingModel", pictures: Sequence[PictureWithTruth]) -> dict[str, list]:
    """Errors of a model's mattes, rounded to 8 bits, on the unknown regions of trimaps.

    Returns:
        As `Record.errors` has them for one set.
    """
    errors: dict[str, list] = {
        name: [] for name in ("pictures", "unknown_mae", "SAD", "MSE", "Grad", "mean_alpha")
    }
    for name, rgb, trimap, alpha in pictures:
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


def mean_difference(
    one: "MattingModel", other: "MattingModel", pictures: Sequence[PictureWithTruth]
) -> float:
    """How far apart two models' mattes are, 0 to 1.

    It is the mean over pictures of the mean |difference| over the unknown region.
    """
    differences = []
    for _, rgb, trimap, _ in pictures:
        mattes = [model.predict_alpha(rgb, trimap)[trimap == UNKNOWN] for model in (one, other)]
        differences.append(float(np.abs(mattes[0] - mattes[1]).mean()))
    return float(np.mean(differences))
