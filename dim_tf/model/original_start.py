"""Initial kernels as the original draws them (its matting_unpool.py)."""

import keras
import numpy as np

# Of all kernels, whatever their number of inputs: with hundreds of them each layer makes its
# activations several times as large as those before it.
KERNEL_DEVIATION = 0.1


def draw_truncated_normal_kernels(network: keras.Model, seed: int) -> None:
    """Draws every kernel from a normal distribution without what lies beyond two deviations.

    Args:
        network: from `build_network`.
        seed: of all kernels.
    """
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if hasattr(layer, "kernel"):
            values = rng.standard_normal(tuple(layer.kernel.shape))
            while (beyond := np.abs(values) > 2).any():
                values[beyond] = rng.standard_normal(np.count_nonzero(beyond))
            layer.kernel.assign(KERNEL_DEVIATION * values)
