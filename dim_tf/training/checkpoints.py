"""Checkpoints of a run: everything that decides how it goes on, in one file each.

`dim_tf.model.run_folder` says where they are.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from absl import logging

from dim_tf.config import NetworkConfig, RunConfig, values_of
from dim_tf.model.run_folder import checkpoint_path, list_checkpoints, step_of
from dim_tf.model.weights import assign_network_arrays, network_arrays
from dim_tf.model.weights_file import DamagedFileError, read_arrays, write_arrays
from dim_tf.system.errors import InputError

_OPTIMIZER_PREFIX = "optimizer/"


def save_checkpoint(
    run_dir: Path,
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    config: NetworkConfig,
    progress: dict[str, Any],
    keep: int,
    every: int,
) -> Path:
    """Writes the state of a run, atomically, and removes all but the newest `keep` checkpoints.

    One that was written between two others, since the run was stopped there, goes with one of the
    next two, as soon as an older one is left: a run that was stopped ends with the same checkpoints
    as one that was not.

    Args:
        run_dir: of the run.
        network: its weights and statistics are kept.
        optimizer: its moments and counter are kept.
        config: of the network.
        progress: what else the run needs to go on, as JSON values; holds `step`.
        keep: at least 1.
        every: steps between checkpoints of a run that is not stopped.

    Raises:
        InputError: the file cannot be written; the older checkpoints are untouched then.
    """
    path = checkpoint_path(run_dir, progress["step"])
    write_arrays(path, network_arrays(network) | _optimizer_arrays(optimizer), config, progress)
    # A newer one can be there only if it is damaged; it must not push out the one just written.
    others = [other for other in list_checkpoints(run_dir) if other != path]
    # Only of the two before: those before them would all be irregular after another `every`. And
    # not the last one: were the file just written damaged, nothing would be left.
    older = [other for other in others if step_of(other) < progress["step"]]
    for before in [other for other in older[:2] if step_of(other) % every]:
        if len(older) > 1:
            older.remove(before)
            others.remove(before)
            before.unlink(missing_ok=True)
    regular_first = sorted(others, key=lambda other: step_of(other) % every != 0)
    for old in regular_first[keep - 1 :]:
        old.unlink(missing_ok=True)
    return path


def restore_newest(
    run_dir: Path,
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    config: NetworkConfig,
    settings: dict[str, Any],
) -> dict[str, Any] | None:
    """Puts the newest readable checkpoint of a run into network and optimizer.

    A damaged checkpoint is passed over with a warning and the one before it is taken.

    Args:
        run_dir: of the run.
        network: from `build_network`.
        optimizer: with its moments made.
        config: of the network.
        settings: must equal what the run was begun with, `settings` of its progress, or be the
            default where the run is older than a setting.

    Returns:
        The progress it was saved with, or None where the run has no checkpoint.

    Raises:
        InputError: the run trained another network, or with other settings, or none of its
            checkpoints can be read.
    """
    checkpoints = list_checkpoints(run_dir)
    # As JSON has them. The run may be older than a setting, and then went by what is its default.
    defaults = json.loads(json.dumps(values_of(RunConfig())))
    for path in checkpoints:
        try:
            arrays, saved_config, progress = read_arrays(path)
            different = difference(vars(saved_config), vars(config)) or difference(
                defaults | progress.get("settings", {}), settings
            )
            if different:
                start = ", with --init_from to start from this run's weights"
                raise InputError(
                    f"{run_dir} holds a run that was begun with {different}; give the same flags, "
                    "or another --run_dir"
                    f"{start if can_start_from(saved_config, config) else ''}."
                )
            assign_network_arrays(network, arrays, str(path))
            _assign_optimizer_arrays(optimizer, arrays, path)
        except DamagedFileError as error:
            logging.warning("%s The checkpoint before it is tried.", error)
        else:
            return progress
    if checkpoints:
        raise InputError(
            f"None of the {len(checkpoints)} checkpoints in {run_dir} can be read; give another "
            "--run_dir to start anew."
        )
    return None


def can_start_from(source: NetworkConfig, network: NetworkConfig) -> bool:
    """Whether weights of one network can be those that another begins with.

    A refinement stage and the certainty may come on top, and any batch norm statistics go together.
    """
    return as_started_from(source, network) == network


def as_started_from(source: NetworkConfig, network: NetworkConfig) -> NetworkConfig:
    """The config of `source` with what `network` may add to it or have otherwise."""
    return dataclasses.replace(
        source,
        bn_eval=network.bn_eval,
        refine=source.refine or network.refine,
        certainty=source.certainty or network.certainty,
    )


def difference(saved: dict[str, Any], asked: dict[str, Any]) -> str:
    """What of `saved` is not as `asked`: flags as they can be given again, or to be left out."""
    different = [name for name in asked if saved.get(name) != asked[name]]
    if "data_dir" not in different:  # the same foregrounds: the list of them may lie elsewhere
        different = [name for name in different if name != "hard_list"]
    return ", ".join(_as_flag(name, saved.get(name)) for name in different)


def _as_flag(name: str, value: Any) -> str:
    if name == "data_dir":  # not the folder, but what it holds, see `Manifest.fingerprint`
        return f"a data_dir of {value}"
    if value is None:  # the run is older than the setting
        return f"no --{name}"
    return f"--{name}={','.join(map(str, value)) if isinstance(value, list | tuple) else value}"


def _optimizer_arrays(optimizer: keras.optimizers.Optimizer) -> dict[str, np.ndarray]:
    return {
        f"{_OPTIMIZER_PREFIX}{variable.path}": variable.numpy() for variable in optimizer.variables
    }


def _assign_optimizer_arrays(
    optimizer: keras.optimizers.Optimizer, arrays: dict[str, np.ndarray], path: Path
) -> None:
    for variable in optimizer.variables:
        array = arrays.get(f"{_OPTIMIZER_PREFIX}{variable.path}")
        if array is None or array.shape != tuple(variable.shape):
            raise DamagedFileError(f"{path} does not hold the optimizer's {variable.path}.")
        variable.assign(array)
