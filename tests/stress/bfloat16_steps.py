"""Trains a narrow network in bfloat16 on random data for many steps; nothing may overflow.

    python tests/stress/bfloat16_steps.py [--steps=10000]

Noise has no answer, so the loss never rests: photo, trimap, alpha, foreground and background are
drawn anew in every step, at the full range of their values.
"""

import argparse
import json
import math
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

from dim_tf.config import IMAGE_MEAN_RGB, LossConfig, NetworkConfig, OptimizationConfig
from dim_tf.system.quiet import import_tensorflow

SIDE = 64


def train_on_noise(steps: int) -> dict[str, float]:
    """Trains, and tells the largest numbers that were met.

    Returns:
        Extremes of the losses, gradients and weights.

    Raises:
        OverflowError: one of them is not finite.
    """
    import_tensorflow()
    import keras
    import tensorflow as tf

    from dim_tf.model.network import build_network
    from dim_tf.training.start import make_optimizer
    from dim_tf.training.step import make_train_step

    optimization = OptimizationConfig()
    keras.utils.set_random_seed(1)
    network = build_network(NetworkConfig(width=1 / 16, fc6="1x1", skip=True), precision="bfloat16")
    optimizer = make_optimizer(optimization, 1e-3, network)
    step = make_train_step(
        LossConfig(), optimization, network, optimizer, tf.distribute.get_strategy()
    )
    generator = np.random.default_rng(1)

    def picture(channels: int, largest: float = 255.0) -> np.ndarray:
        return generator.uniform(0, largest, (1, SIDE, SIDE, channels)).astype(np.float32)

    extremes = {"largest loss": 0.0, "largest gradient norm": 0.0}
    for number in range(1, steps + 1):
        trimap = generator.choice(np.float32([0, 128, 255]), (1, SIDE, SIDE, 1))
        rgb = picture(3)
        batch = {
            "image_and_trimap": np.concatenate([rgb - np.float32(IMAGE_MEAN_RGB), trimap], -1),
            "rgb": rgb,
            "trimap": trimap,
            "alpha": picture(1, 1.0),
            "foreground": picture(3),
            "background": picture(3),
            "attempt": np.zeros(1, np.int64),
        }
        values = step({name: tf.constant(array) for name, array in batch.items()}, tf.zeros([]))
        loss, norms = float(values["total_loss"]), values["gradient_norms"].numpy()
        if not math.isfinite(loss) or not np.isfinite(norms).all():
            raise OverflowError(f"step {number}: loss {loss}, gradient norms {norms}")
        largest = math.sqrt(2 * norms.max())
        extremes["largest loss"] = max(extremes["largest loss"], loss)
        extremes["largest gradient norm"] = max(extremes["largest gradient norm"], largest)
    weights = [variable.numpy() for variable in network.variables]
    if not all(np.isfinite(array).all() for array in weights):
        raise OverflowError("A weight is not finite.")
    extremes["largest weight or statistic"] = float(max(np.abs(array).max() for array in weights))
    return extremes | {"last loss": loss}


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10_000)
    print(json.dumps(train_on_noise(parser.parse_args().steps), indent=1))


if __name__ == "__main__":
    main()
