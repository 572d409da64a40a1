"""Batch norm by the statistics of a batch, also where the batch is spread over several devices."""

from collections.abc import Callable

import tensorflow as tf

from dim_tf.config import BATCH_NORM_EPSILON
from dim_tf.model.replicas import replicas, sum_over_replicas


def batch_norm(
    x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Normalises with the statistics of the batch, all replicas' parts of it together.

    Args:
        x: [B, H, W, C], this replica's part; parts have the same shape. float32 or bfloat16.
        gamma: [C] float32.
        beta: [C] float32.

    Returns:
        The normalised x; mean and variance of each channel, [C] float32, the variance as the fused
        kernel gives it: that of the distribution, not of the sample. They carry no gradient.
    """
    if replicas() == 1:
        return _fused(x, gamma, beta)
    y, mean, variance = _over_replicas(x, gamma, beta)
    return y, mean, variance


def _fused(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tuple[tf.Tensor, ...]:
    return tf.compat.v1.nn.fused_batch_norm(
        x, gamma, beta, epsilon=BATCH_NORM_EPSILON, is_training=True
    )


def _normalised(
    x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor
) -> tf.Tensor:
    """Normalises with given statistics; a kernel that passes over x once."""
    y, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=gamma,
        offset=beta,
        mean=mean,
        variance=variance,
        epsilon=BATCH_NORM_EPSILON,
        is_training=False,
    )
    return y


@tf.custom_gradient
def _over_replicas(
    x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor
) -> tuple[tuple[tf.Tensor, ...], Callable[..., tuple[tf.Tensor, ...]]]:
    """The fused kernels on each part, with two sums over the replicas before and one behind.

    The gradient of gamma and beta is that of this part of the batch, as of every other weight.
    """
    parts = replicas()
    values = tf.cast(tf.size(x) // tf.shape(x)[-1], tf.float32)  # of a channel, here
    _, part_mean, part_variance = _fused(x, gamma, beta)
    mean = sum_over_replicas(part_mean) / parts
    # Squares around the common mean: without the cancellation of a mean of squares.
    squares = part_variance * (values - 1) / values + tf.square(part_mean - mean)
    variance = sum_over_replicas(squares) / parts
    y = _normalised(x, gamma, beta, mean, variance)
    total = values * parts

    def gradient(upstream: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # As if the statistics were constants …
        of_x, of_gamma, of_beta, *_ = tf.raw_ops.FusedBatchNormGradV3(
            y_backprop=upstream,
            x=x,
            scale=gamma,
            reserve_space_1=mean,
            reserve_space_2=variance,
            reserve_space_3=tf.zeros([0]),
            epsilon=BATCH_NORM_EPSILON,
            is_training=False,
        )
        # … and what they add, being functions of every value: see Ioffe and Szegedy, 2015.
        all_gamma, all_beta = tf.unstack(sum_over_replicas(tf.stack([of_gamma, of_beta])))
        factor = gamma * tf.math.rsqrt(variance + BATCH_NORM_EPSILON) / total
        of_statistics = _normalised(x, factor * all_gamma, factor * all_beta, mean, variance)
        return of_x - of_statistics, of_gamma, of_beta

    return (y, mean, variance * total / (total - 1)), gradient
