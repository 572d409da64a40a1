"""From a run to weights that ship."""

import os
from pathlib import Path

from dim_tf.inference.predict import find_checkpoint
from dim_tf.model.weights import load_network, save_weights


def release(checkpoint: str | os.PathLike, output: str | os.PathLike) -> Path:
    """Writes the network of a run as released weights: half precision, no optimizer.

        python -c "from dim_tf.training.release import release; release('RUN_DIR', 'weights.npz')"

    Args:
        checkpoint: a run's folder (its best network by validation, or its newest), or a checkpoint.
        output: npz file to write.

    Returns:
        The checkpoint the weights came from.

    Raises:
        InputError: there is no such checkpoint, or the file cannot be written.
    """
    path = find_checkpoint(checkpoint)
    network, config, about = load_network(path)
    save_weights(output, network, config, about)
    return path
