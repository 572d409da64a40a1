from pathlib import Path

import numpy as np

from dim_tf.model.run_folder import checkpoint_path, list_checkpoints
from dim_tf.model.weights import read_arrays, write_arrays
from dim_tf.training.loop import train
from dim_tf.training.progress import read_loss_log


def train_as(config, flagfile=""):
    """Trains on the dataset that the `TrainingConfig` names."""
    return train(config.run, config.data.data_dir, flagfile)


def arrays_of(run_dir, step):
    return read_arrays(checkpoint_path(Path(run_dir), step))[0]


def losses_of(run_dir, column="total_loss"):
    return [float(row[column]) for row in read_loss_log(Path(run_dir))]


def poison(config, name, value):
    """Puts a value into the newest checkpoint, as if the run had come there by itself."""
    path = list_checkpoints(Path(config.run.run_dir))[0]
    arrays, network, progress = read_arrays(path)
    arrays[name] = np.full_like(arrays[name], value)
    write_arrays(path, arrays, network, progress)
    return path
