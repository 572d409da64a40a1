"""The network as a SavedModel and as a LiteRT file."""

import errno
import os
import tempfile
from pathlib import Path

import keras
import tensorflow as tf

from dim_tf.config import IMAGE_MEAN_RGB, UNKNOWN
from dim_tf.exports.contract import ALPHA, RGB, SCALE, TRIMAP
from dim_tf.model.convolution import plain_convolutions
from dim_tf.model.network import alpha_and_log_scale
from dim_tf.system.errors import said_by_operation
from dim_tf.system.quiet import stderr_held_back


def write_saved_model(
    folder: Path, network: keras.Model, size: tuple[int, int] | None = None
) -> None:
    """Writes a SavedModel with one signature, `serving_default`; see `dim_tf.exports.contract`.

    Args:
        folder: where to; the caller makes it complete or not there.
        network: from `build_network`, in float32.
        size: height and width, or None for any.

    Raises:
        OSError: it cannot be written there.
    """
    module = tf.Module()
    # The tensors' own variables: with the Keras model its layers would be saved once more.
    module.network_variables = [variable.value for variable in network.variables]
    signature = _exported_function(network, size)
    # The gradients of our own are left out: whoever loads the file would be warned of each.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    with stderr_held_back():  # notes on every step
        try:
            tf.saved_model.save(module, str(folder), signatures=signature, options=options)
        except tf.errors.ResourceExhaustedError:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
        except tf.errors.OpError as error:
            raise OSError(errno.EIO, said_by_operation(error)) from None


def litert_bytes(folder: Path, network: keras.Model, size: tuple[int, int] | None = None) -> bytes:
    """The content of a LiteRT file of built-in operations; see `dim_tf.exports.contract`.

    Args:
        folder: for files that are needed on the way.
        network: from `build_network`, in float32.
        size: height and width, or None for any.

    Raises:
        OSError: the folder does not take them.
    """
    # By way of a SavedModel, whose signature gives the file's inputs and outputs their names.
    with tempfile.TemporaryDirectory(dir=folder) as on_the_way, stderr_held_back():
        write_saved_model(Path(on_the_way), network, size)
        converter = tf.lite.TFLiteConverter.from_saved_model(on_the_way)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        return converter.convert()


def _exported_function(
    network: keras.Model, size: tuple[int, int] | None
) -> tf.types.experimental.ConcreteFunction:
    """The network with what an exported file does around it."""
    height, width = size or (None, None)

    def matte(rgb: tf.Tensor, trimap: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = tf.concat([rgb - tf.constant(IMAGE_MEAN_RGB), trimap], axis=-1)
        alpha, log_scale = alpha_and_log_scale(network(inputs, training=False))
        unknown = tf.equal(trimap, float(UNKNOWN))
        outputs = {ALPHA: tf.where(unknown, tf.clip_by_value(alpha, 0.0, 1.0), trimap / 255.0)}
        if log_scale is not None:
            outputs[SCALE] = tf.where(unknown, tf.exp(log_scale), 0.0)
        return outputs

    signature = [
        tf.TensorSpec([1, height, width, channels], tf.float32, name=name)
        for name, channels in ((RGB, 3), (TRIMAP, 1))
    ]
    with plain_convolutions():
        traced = tf.function(matte, input_signature=signature, autograph=False)
        return traced.get_concrete_function()
