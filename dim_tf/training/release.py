"""From a run to weights that ship."""

import itertools
import os
from collections.abc import Iterable
from numbers import Integral
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dim_tf.config import ExampleConfig
from dim_tf.examples.pipeline import open_dataset, training_examples
from dim_tf.model.checkpoint_choice import find_checkpoint
from dim_tf.model.network import build_network
from dim_tf.model.run_folder import list_checkpoints
from dim_tf.model.weights import assign_network_arrays, load_network, save_weights
from dim_tf.model.weights_file import NETWORK_PREFIX, read_arrays
from dim_tf.system.errors import InputError


def release(checkpoint: str | os.PathLike, output: str | os.PathLike, *, half: bool = True) -> Path:
    """Writes the network of a run as released weights: half precision, no optimizer.

        python -c "from dim_tf.training.release import release; release('RUN_DIR', 'weights.npz')"

    Args:
        checkpoint: a run's folder (its best network by validation, or its newest), or a checkpoint.
        output: npz file to write.
        half: see `save_weights`.

    Returns:
        The checkpoint the weights came from.

    Raises:
        InputError: there is no such checkpoint, or the file cannot be written.
    """
    path = find_checkpoint(checkpoint)
    network, config, about = load_network(path)
    save_weights(output, network, config, about, half=half)
    return path


def release_average(
    run_dir: str | os.PathLike,
    output: str | os.PathLike,
    data_dir: str,
    *,
    last: int | None = None,
    statistics_batches: int = 500,
    half: bool = True,
) -> list[Path]:
    """Writes the mean of a run's newest checkpoints as released weights (Izmailov et al., 2018).

    One example per step makes weights that jitter about a better middle. Batch norm's averages are
    then measured anew, since none of the checkpoints has them for the mean of the weights.

    Args:
        run_dir: of the run, with as many checkpoints (--keep_checkpoints).
        output: npz file to write.
        data_dir: the dataset of the run.
        last: how many checkpoints; None: all that the run has kept.
        statistics_batches: batches of the run's size that batch norm's averages are measured on. 0,
            and a run that kept those that it began with, keep those of the checkpoints.
        half: see `save_weights`.

    Returns:
        The checkpoints.

    Raises:
        InputError: too few checkpoints, no number of them, or one that cannot be read; no dataset,
            or another one than the run's; or the file cannot be written.
    """
    is_number = isinstance(last, Integral) and not isinstance(last, bool)
    if last is not None and not (is_number and last >= 1):
        raise InputError(f"last={last!r} is not possible; give a whole number from 1 on, or None.")
    paths = list_checkpoints(Path(run_dir))[:last]
    if not paths:
        raise InputError(f"No checkpoint of {run_dir} is to be averaged; give the folder of a run.")
    if last is not None and len(paths) < last:
        raise InputError(
            f"{run_dir} holds {len(paths)} checkpoints, not {last}; train with a larger "
            "--keep_checkpoints, or average fewer."
        )
    arrays, config, progress = average_checkpoints(paths)
    settings = progress["settings"]
    network = build_network(config, precision=settings["mixed_precision"])
    assign_network_arrays(network, arrays, str(run_dir))
    # So weights were trained for them. A run of the refinement stage alone moves none.
    kept = settings.get("freeze_batch_norm", False) or settings["train_stage"] == "refinement"
    if config.batch_norm and statistics_batches and not kept:
        manifest, examples_config = open_dataset(data_dir, _example_config(settings))
        if manifest.fingerprint() != settings["data_dir"]:
            raise InputError(
                f"{run_dir} was trained on {settings['data_dir']}, not on {data_dir}; give the "
                "dataset of the run."
            )
        batches = training_examples(
            manifest,
            examples_config,
            seed=settings["seed"],
            batch_size=settings["batch_size"],
            overfit=settings["overfit"],
        )
        measure_statistics(network, itertools.islice(batches, statistics_batches))
    about = {"step": progress["step"], "averaged": len(paths)}
    save_weights(output, network, config, about, half=half)
    return paths


def average_checkpoints(paths: Iterable[Path]) -> tuple[dict[str, np.ndarray], ...]:
    """The mean of the network arrays of checkpoints, with config and progress of the first one.

    Raises:
        InputError: one cannot be read.
    """
    sums: dict[str, np.ndarray] = {}
    first = None
    count = 0
    for path in paths:
        arrays, *about = read_arrays(path, NETWORK_PREFIX)
        first = first or about
        count += 1
        for name, array in arrays.items():
            sums[name] = sums.get(name, 0.0) + array.astype(np.float64)
    return {name: (total / count).astype(np.float32) for name, total in sums.items()}, *first


def measure_statistics(network: keras.Model, batches: Iterable[dict[str, tf.Tensor]]) -> None:
    """Moves batch norm's averages over some batches; no weight learns.

    Args:
        network: whose averages move, by the momentum of training.
        batches: with `image_and_trimap`.
    """
    forward = tf.function(lambda inputs: network(inputs, training=True))
    for batch in batches:
        forward(batch["image_and_trimap"])


def _example_config(settings: dict) -> ExampleConfig:
    names = ExampleConfig.__dataclass_fields__
    values = {name: value for name, value in settings.items() if name in names}
    return ExampleConfig(**values | {"crop_sizes": tuple(values["crop_sizes"])})
