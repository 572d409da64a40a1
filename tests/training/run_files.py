from pathlib import Path

from dim_tf.model.run_folder import checkpoint_path
from dim_tf.model.weights import read_arrays
from dim_tf.training.loop import train
from dim_tf.training.progress import read_loss_log


def train_as(config, flagfile=""):
    """Trains on the dataset that the `TrainingConfig` names."""
    return train(config.run, config.data.data_dir, flagfile)


def arrays_of(run_dir, step):
    return read_arrays(checkpoint_path(Path(run_dir), step))[0]


def losses_of(run_dir, column="total_loss"):
    return [float(row[column]) for row in read_loss_log(Path(run_dir))]
