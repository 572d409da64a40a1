"""A start from which the refinement stage learns."""

import math

import keras
import numpy as np

from dim_tf.config.constants import NORMALIZED_INPUT_DIVISOR

# Of alpha; the root of the mean square over pixels.
CORRECTION = 0.1


def draw_correction(network: keras.Model, seed: int, normalize_input: bool) -> None:
    """Draws the kernel of `refine_4`, so that the stage begins with a correction of some 0.1.

    From zero, the gradient of the stage's other layers is as small as this kernel, and on a trained
    network the kernel's own is nearly all noise: it stays where it began. Neither the paper nor the
    original, which has no such stage, says how it starts.

    Args:
        network: from `build_network`, with the refinement stage.
        seed: of the kernel.
        normalize_input: as it was built; activations are as large as its input.
    """
    kernel = network.get_layer("refine_4").kernel
    activation = 1.0 if normalize_input else NORMALIZED_INPUT_DIVISOR
    deviation = CORRECTION / activation / math.sqrt(math.prod(kernel.shape[:3]))
    kernel.assign(deviation * np.random.default_rng(seed).standard_normal(tuple(kernel.shape)))
