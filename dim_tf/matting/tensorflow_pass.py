"""A network's pass over a picture, computed by TensorFlow."""

from collections.abc import Callable

import keras
import tensorflow as tf

from dim_tf.matting.forward import ForwardPass
from dim_tf.model.network import alpha_and_log_scale


def tensorflow_pass(network: keras.Model) -> Callable:
    """The network as a function of arrays. Its graph is traced once and serves every size.

    Args:
        network: from `build_network`.

    Returns:
        From [B, H, W, 4] float32 to the network's output, with log b in its range.
    """
    return ForwardPass(
        tf.function(
            lambda inputs: _in_range(network(inputs, training=False)),
            input_signature=[tf.TensorSpec([None, None, None, 4], tf.float32)],
            autograph=False,
        )
    )


def _in_range(output: tf.Tensor) -> tf.Tensor:
    """The output with log b in its range, where there is one."""
    alpha, log_scale = alpha_and_log_scale(output)
    return alpha if log_scale is None else tf.concat([alpha, log_scale], axis=-1)
