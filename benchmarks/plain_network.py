"""The same network as a Keras user would write it, with switches that bring in our layers."""

import keras
import tensorflow as tf

from dim_tf.model import layers as ours
from dim_tf.model.architecture import DECODER_CHANNELS, DECONV6_CHANNELS, ENCODER_STAGES, FC6

SWITCHES = ("dense_unpooling", "fused_batch_norm", "fused_convolution")


class ScatterUnpool(keras.layers.Layer):
    """Unpooling as the original does it: scatter to the argmax."""

    def call(self, inputs):
        values, index = inputs
        batch, height, width, channels = tf.unstack(tf.shape(values))
        size = 4 * height * width * channels
        flat = tf.scatter_nd(
            tf.reshape(index, [-1, 1]), tf.reshape(values, [-1]), [tf.cast(batch * size, tf.int64)]
        )
        return tf.reshape(flat, [batch, 2 * height, 2 * width, values.shape[-1]])


class ArgmaxPool(keras.layers.Layer):
    """TensorFlow's own pooling with argmax."""

    def call(self, x):
        return tf.nn.max_pool_with_argmax(x, 2, 2, "SAME", include_batch_in_index=True)


def build_plain(
    fc6: str = "1x1",
    precision: str = "float32",
    *,
    switches: tuple[str, ...] = (),
) -> keras.Model:
    """Full width: Keras Conv2D and BatchNormalization, max_pool_with_argmax and scatter_nd.

    Args:
        fc6: as `NetworkConfig.fc6`.
        precision: float32 or bfloat16.
        switches: which of our layers to use instead, out of `SWITCHES`.
    """
    policy = keras.DTypePolicy("mixed_bfloat16" if precision == "bfloat16" else "float32")

    def convolution(x, count, size, relu=True):
        if "fused_convolution" in switches:
            return ours.Convolution(count, size, activation="relu" if relu else None, dtype=policy)(
                x
            )
        return keras.layers.Conv2D(
            count, size, padding="same", activation="relu" if relu else None, dtype=policy
        )(x)

    def decoder_convolution(x, count, size):
        if "fused_batch_norm" in switches:
            return ours.ConvolutionBatchNorm(count, size, dtype=policy)(x)
        x = keras.layers.Conv2D(count, size, padding="same", dtype=policy)(x)
        x = keras.layers.BatchNormalization(epsilon=1e-3, dtype=policy)(x)
        return keras.layers.ReLU(dtype=policy)(x)

    dense = "dense_unpooling" in switches
    pool = ours.MaxPoolWithArgmax if dense else ArgmaxPool
    unpool = ours.Unpool if dense else ScatterUnpool
    inputs = keras.Input((None, None, 4))
    x, places = inputs, []
    for count, convolutions in ENCODER_STAGES:
        for _ in range(convolutions):
            x = convolution(x, count, 3)
        x, place = pool(dtype=policy)(x)
        places.append(place)
    size, count = FC6[fc6]
    x = convolution(x, count, size)
    x = decoder_convolution(x, DECONV6_CHANNELS, 1)
    for count in DECODER_CHANNELS:
        x = unpool(dtype=policy)([x, places.pop()])
        x = decoder_convolution(x, count, 5)
    x = keras.layers.Conv2D(1, 5, padding="same", dtype="float32")(x)
    return keras.Model(inputs, keras.layers.Activation("sigmoid", dtype="float32")(x))
