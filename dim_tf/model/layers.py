"""The layers Deep Image Matting needs beyond a plain convolution: pooling with argmax and its
inverse, and convolution with fused batch norm.
"""

from typing import Any, Literal

import keras
import tensorflow as tf

from dim_tf.config import (
    BATCH_NORM_EPSILON,
    BATCH_NORM_MOMENTUM,
    NORMALIZED_INPUT_DIVISOR,
    UNKNOWN,
)
from dim_tf.model.batch_norm import batch_norm
from dim_tf.model.convolution import convolve, convolve_transposed


@tf.custom_gradient
def max_pool_with_argmax(x: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], Any]:
    """2×2 max pooling that also says where each maximum came from.

    Equals `tf.nn.max_pool_with_argmax` in value and gradient, ties included: the first of equal
    values in row-major order wins. The place is kept as a mask instead of an index, so that
    unpooling is dense arithmetic: any batch size, no scatter, no index convention, and it exports
    without custom ops.

    Args:
        x: [B, H, W, C] float, H and W even.

    Returns:
        The maxima, [B, H/2, W/2, C] of x's dtype, and the mask, [B, H/2, W/2, 4C] bool: four
        groups of C channels, one for each place of the 2×2 block in row-major order, with exactly
        one True among the four.
    """
    phases = tf.split(tf.nn.space_to_depth(x, 2), 4, axis=-1)
    maximum = tf.maximum(tf.maximum(phases[0], phases[1]), tf.maximum(phases[2], phases[3]))
    first = tf.equal(phases[0], maximum)
    second = tf.logical_and(tf.equal(phases[1], maximum), tf.logical_not(first))
    taken = tf.logical_or(first, second)
    third = tf.logical_and(tf.equal(phases[2], maximum), tf.logical_not(taken))
    fourth = tf.logical_not(tf.logical_or(taken, third))
    mask = tf.concat([first, second, third, fourth], axis=-1)

    def gradient(upstream: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        return unpool(upstream, mask)

    return (maximum, mask), gradient


@tf.custom_gradient
def unpool(y: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """Puts each value back where the maximum of its 2×2 block was; zero elsewhere.

    Source: the original's `unpool` in matting.py (argmax and scatter), which it equals bit for bit.

    Args:
        y: [B, H, W, C] float.
        mask: [B, H, W, 4C] bool from `max_pool_with_argmax`.

    Returns:
        [B, 2H, 2W, C] of y's dtype.
    """
    # A selection, not a product: inf · 0 would be NaN and −1 · 0 is −0.
    spread = tf.where(mask, tf.tile(y, [1, 1, 1, 4]), tf.zeros([], y.dtype))

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        kept = tf.where(mask, tf.nn.space_to_depth(upstream, 2), tf.zeros([], upstream.dtype))
        phases = tf.split(kept, 4, axis=-1)
        return (phases[0] + phases[1]) + (phases[2] + phases[3]), None

    return tf.nn.depth_to_space(spread, 2), gradient


class MaxPoolWithArgmax(keras.layers.Layer):
    """`max_pool_with_argmax` as a layer: returns the pair (maxima, mask)."""

    def call(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return max_pool_with_argmax(x)


class Unpool(keras.layers.Layer):
    """`unpool` as a layer on the pair [values, mask]."""

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        return unpool(*inputs)


class NormalizeInput(keras.layers.Layer):
    """Scales the network's input to about unit range: (RGB − mean)/64, (trimap − 128)/64.

    Works on [B, H, W, 4] with the mean of the colours already subtracted.
    """

    def call(self, x: tf.Tensor) -> tf.Tensor:
        shift = tf.constant([0.0, 0.0, 0.0, UNKNOWN], x.dtype)
        return (x - shift) / tf.constant(NORMALIZED_INPUT_DIVISOR, x.dtype)


class Convolution(keras.layers.Layer):
    """Convolution, bias and activation, stride 1, padding SAME.

    The same function as `keras.layers.Conv2D`, written with the ops that TensorFlow fuses into one.

    Attributes:
        filters: output channels.
        kernel_size: side of the square kernel.
        activation: "relu", or None for a linear layer.
        kernel_initializer: of `weights`, [kernel_size, kernel_size, input channels, filters].
        bias_initializer: of `biases`, [filters].
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        activation: Literal["relu"] | None = "relu",
        kernel_initializer: str = "glorot_uniform",
        bias_initializer: str | dict[str, Any] | keras.initializers.Initializer = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.activation = activation
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: tuple) -> None:
        self.kernel = self.add_weight(
            shape=(self.kernel_size, self.kernel_size, input_shape[-1], self.filters),
            initializer=self.kernel_initializer,
            name="weights",
        )
        self.biases = self.add_weight(
            shape=(self.filters,), initializer=self.bias_initializer, name="biases"
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        y = tf.nn.bias_add(convolve(x, self.kernel), self.biases)
        return tf.nn.relu(y) if self.activation else y

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "activation": self.activation,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }


class ConvolutionBatchNorm(keras.layers.Layer):
    """Convolution, batch norm and ReLU, with the six variables the original has for them.

    The bias before the batch norm has no effect in training, since the mean is subtracted; it is
    kept because the original has it (and its 130,543,041 parameters), and enters where it counts,
    in the moving mean. That lets the convolution run without it.

    Attributes:
        filters: output channels.
        kernel_size: side of the square kernel.
        transposed: a transposed convolution of stride 2, which doubles height and width.
        inference_statistics: what inference normalises with: "moving" averages, or those of the
            "batch" at hand.
        kernel_initializer: of the kernel.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        transposed: bool = False,
        inference_statistics: Literal["moving", "batch"] = "moving",
        kernel_initializer: str = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.transposed = transposed
        self.inference_statistics = inference_statistics
        self.kernel_initializer = kernel_initializer

    def build(self, input_shape: tuple) -> None:
        channels = (input_shape[-1], self.filters)
        self.kernel = self.add_weight(
            # A transposed convolution's kernel has its channels the other way round.
            shape=(self.kernel_size,) * 2 + (channels[::-1] if self.transposed else channels),
            initializer=self.kernel_initializer,
            name="weights",
        )
        # Statistics stay in float32 whatever the compute dtype: the fused kernel asks for it.
        for name, start, learned in (
            ("biases", "zeros", True),
            ("gamma", "ones", True),
            ("beta", "zeros", True),
            ("moving_mean", "zeros", False),
            ("moving_variance", "ones", False),
        ):
            variable = self.add_weight(
                shape=(self.filters,),
                initializer=start,
                name=name,
                trainable=learned,
                autocast=False,
                dtype="float32",
                aggregation="mean" if learned else "none",  # every replica moves its own alike
            )
            setattr(self, name, variable)

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        learning = bool(training) and self.trainable
        if learning or self.inference_statistics == "batch":
            y, mean, variance = batch_norm(self._convolve(x, self.kernel), self.gamma, self.beta)
            if learning:
                self._move(self.moving_mean, mean + self.biases)
                self._move(self.moving_variance, variance)
        elif self.compute_dtype == "float32":
            # The averages are constants, so they go into kernel and bias: convolution, bias and
            # ReLU in one have a fast kernel on every processor; with batch norm, not without
            # AVX-512. In bfloat16 the product would be rounded once more.
            scale = self.gamma * tf.math.rsqrt(self.moving_variance + BATCH_NORM_EPSILON)
            kernel = self.kernel * (scale[:, None] if self.transposed else scale)
            # Of bias and beta only one learns, as with the batch's own statistics.
            shift = self.beta - (self.moving_mean - tf.stop_gradient(self.biases)) * scale
            y = tf.nn.bias_add(self._convolve(x, kernel), shift)
        else:
            y, _, _ = tf.compat.v1.nn.fused_batch_norm(
                self._convolve(x, self.kernel),
                self.gamma,
                self.beta,
                mean=self.moving_mean - self.biases,
                variance=tf.convert_to_tensor(self.moving_variance),
                epsilon=BATCH_NORM_EPSILON,
                is_training=False,
            )
        return tf.nn.relu(y)

    def _convolve(self, x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        return convolve_transposed(x, kernel) if self.transposed else convolve(x, kernel)

    def _move(self, average: keras.Variable, value: tf.Tensor) -> None:
        value = tf.stop_gradient(value)
        average.assign(average * BATCH_NORM_MOMENTUM + value * (1 - BATCH_NORM_MOMENTUM))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "transposed": self.transposed,
            "inference_statistics": self.inference_statistics,
            "kernel_initializer": self.kernel_initializer,
        }


class TransposedConvolution(keras.layers.Layer):
    """Transposed convolution of stride 2, bias and ReLU: doubles height and width.

    Attributes:
        filters: output channels.
        kernel_size: side of the square kernel.
        kernel_initializer: of `weights`, [kernel_size, kernel_size, filters, input channels].
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        kernel_initializer: str = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.kernel_initializer = kernel_initializer

    def build(self, input_shape: tuple) -> None:
        self.kernel = self.add_weight(
            shape=(self.kernel_size, self.kernel_size, self.filters, input_shape[-1]),
            initializer=self.kernel_initializer,
            name="weights",
        )
        self.biases = self.add_weight(shape=(self.filters,), initializer="zeros", name="biases")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(tf.nn.bias_add(convolve_transposed(x, self.kernel), self.biases))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "kernel_initializer": self.kernel_initializer,
        }
