"""Initial kernels as the original draws them (its matting_unpool.py)."""

import math

import keras
import numpy as np

# Of all kernels of the whole network, whatever their number of inputs: with hundreds of them each
# layer makes its activations several times as large as those before it.
KERNEL_DEVIATION = 0.1


def draw_truncated_normal_kernels(network: keras.Model, seed: int, width: float = 1.0) -> None:
    """Draws every kernel from a normal distribution without what lies beyond two deviations.

    Layers of a narrower network have fewer inputs. Their kernels are larger by as much, so that
    activations grow from layer to layer as in the original: that is what this start is tried for.
    Layers that must begin at zero (the last one of the refinement stage, the certainty) still do;
    the original has neither of the two.

    Args:
        network: from `build_network`.
        seed: of all kernels.
        width: of the network, its share of the original's filters.
    """
    deviation = KERNEL_DEVIATION / math.sqrt(width)
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if hasattr(layer, "kernel"):
            values = rng.standard_normal(tuple(layer.kernel.shape))
            while (beyond := np.abs(values) > 2).any():
                values[beyond] = rng.standard_normal(np.count_nonzero(beyond))
            if layer.kernel_initializer != "zeros":  # drawn all the same, for those behind it
                layer.kernel.assign(deviation * values)
