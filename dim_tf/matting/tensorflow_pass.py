"""A network's pass over a picture, computed by TensorFlow."""

import functools
from collections.abc import Callable

import keras
import tensorflow as tf

from dim_tf.matting.forward import ForwardPass
from dim_tf.model.network import alpha_and_log_scale, with_joined_heads
from dim_tf.system.processor import has_bfloat16_instructions


def tensorflow_pass(network: keras.Model) -> Callable:
    """The network as a function of arrays. Its graph is traced once and serves every size.

    Args:
        network: from `build_network`.

    Returns:
        From [B, H, W, 4] float32 to the network's output, with log b in its range.
    """
    forward = _forward_of(network)
    return ForwardPass(
        tf.function(
            lambda inputs: _in_range(forward(inputs)),
            input_signature=[tf.TensorSpec([None, None, None, 4], tf.float32)],
            autograph=False,
        )
    )


def _forward_of(network: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    # Where these instructions are, oneDNN computes. Eigen gains nothing and rounds differently.
    if isinstance(network, keras.Model) and has_bfloat16_instructions():
        joined = with_joined_heads(network)
        if joined:
            return joined
    return functools.partial(network, training=False)


def _in_range(output: tf.Tensor) -> tf.Tensor:
    """The output with log b in its range, where there is one."""
    alpha, log_scale = alpha_and_log_scale(output)
    return alpha if log_scale is None else tf.concat([alpha, log_scale], axis=-1)
