"""The two losses of Deep Image Matting (paper, section 3.2, equations 1 to 3)."""

from typing import NamedTuple

import tensorflow as tf

from dim_tf.config import LAPLACIAN_LEVELS, LOSS_EPSILON, UNKNOWN, LossConfig


def unknown_region(trimap: tf.Tensor) -> tf.Tensor:
    """1 where the trimap is unknown, 0 elsewhere; the trimap's shape, float32."""
    return tf.cast(tf.equal(trimap, UNKNOWN), tf.float32)


def merge_with_trimap(alpha: tf.Tensor, trimap: tf.Tensor) -> tf.Tensor:
    """Alpha with its known pixels taken from the trimap (the original's pred_final).

    Args:
        alpha: [B, H, W, 1] float32 in [0, 1].
        trimap: [B, H, W, 1] float32 in {0, 128, 255}.

    Returns:
        [B, H, W, 1] float32 in [0, 1].
    """
    return tf.where(tf.equal(trimap, UNKNOWN), alpha, trimap / 255.0)


class Divisors(NamedTuple):
    """What sums over a batch are divided by, scalars.

    Where a batch is spread over several devices each has a part of the sums, and these are those of
    the whole batch: then the parts of a loss, added up, are the loss.

    Attributes:
        weight: sum of the weights of its pixels.
        unknown: how many of its pixels are unknown.
        examples: how many it has.
    """

    weight: tf.Tensor
    unknown: tf.Tensor
    examples: tf.Tensor


def divisors(trimap: tf.Tensor, config: LossConfig) -> Divisors:
    """Those of the examples whose trimaps, [B, H, W, 1], are given."""
    unknown = unknown_region(trimap)
    return Divisors(
        tf.reduce_sum(_weights(unknown, config)),
        tf.reduce_sum(unknown),
        tf.cast(tf.shape(trimap)[0], tf.float32),
    )


def _weights(unknown: tf.Tensor, config: LossConfig) -> tf.Tensor:
    return unknown + config.known_weight * (1.0 - unknown)


def matting_losses(
    predicted_alpha: tf.Tensor,
    example: dict[str, tf.Tensor],
    config: LossConfig,
    whole: Divisors | None = None,
) -> dict[str, tf.Tensor]:
    """The alpha loss, the compositional loss and their weighted sum.

    Each is the weighted mean of √(difference² + ε²) over the pixels of the batch, with weight 1 on
    unknown pixels and `config.known_weight` elsewhere. The alpha loss takes the raw prediction; the
    compositional loss composites with known pixels from the trimap, sums over the three colours and
    divides by `config.comp_loss_divisor`. Where no pixel has weight, the losses are 0. With
    `config.laplacian_loss_weight` the `laplacian_loss` comes on top.

    Args:
        predicted_alpha: [B, H, W, 1] float32.
        example: `alpha` [B, H, W, 1] in [0, 1], `trimap` [B, H, W, 1] in {0, 128, 255}, and
            `foreground`, `background`, `rgb` [B, H, W, 3] in grey levels; float32.
        config: weights.
        whole: of the whole batch, where the example is a part of it.

    Returns:
        Scalars `alpha_loss`, `comp_loss` and `total_loss`, and `laplacian_loss` where it counts.
    """
    whole = whole or divisors(example["trimap"], config)
    unknown = unknown_region(example["trimap"])
    weight = _weights(unknown, config)

    def weighted_mean(difference: tf.Tensor) -> tf.Tensor:
        distance = tf.sqrt(tf.square(difference) + LOSS_EPSILON**2)
        return tf.math.divide_no_nan(tf.reduce_sum(distance * weight), whole.weight)

    alpha = merge_with_trimap(predicted_alpha, example["trimap"])
    composite = alpha * example["foreground"] + (1.0 - alpha) * example["background"]
    alpha_loss = weighted_mean(predicted_alpha - example["alpha"])
    comp_loss = weighted_mean(composite - example["rgb"]) / config.comp_loss_divisor
    total_loss = (
        config.alpha_loss_weight * alpha_loss + (1.0 - config.alpha_loss_weight) * comp_loss
    )
    losses = {"alpha_loss": alpha_loss, "comp_loss": comp_loss}
    if config.laplacian_loss_weight:
        losses["laplacian_loss"] = laplacian_loss(alpha, example["alpha"], unknown, whole.unknown)
        total_loss += config.laplacian_loss_weight * losses["laplacian_loss"]
    return losses | {"total_loss": total_loss}


def certainty_loss(
    predicted_alpha: tf.Tensor,
    log_scale: tf.Tensor,
    alpha: tf.Tensor,
    unknown: tf.Tensor,
    examples: tf.Tensor | None = None,
) -> tf.Tensor:
    """How badly a scale b at each pixel says how far off the prediction is.

    The negative log-likelihood of a Laplace distribution around the prediction, without its
    constant: the mean of |predicted - alpha| / b + log b over the unknown pixels of each example,
    and of these over the batch (after Kendall and Gal, What Uncertainties Do We Need,
    NIPS 2017). The prediction does not feel it. It is not in the paper.

    Args:
        predicted_alpha: [B, H, W, 1] float32.
        log_scale: [B, H, W, 1] float32, log b.
        alpha: [B, H, W, 1] float32, the truth.
        unknown: [B, H, W, 1] float32, 1 where the trimap is unknown and 0 elsewhere.
        examples: of the whole batch, where these are a part of it; see `Divisors`.

    Returns:
        A scalar; smallest where b is the mean of |predicted - alpha|. 0 where nothing is unknown.
    """
    distance = tf.abs(tf.stop_gradient(predicted_alpha) - alpha)
    loss = (distance * tf.exp(-log_scale) + log_scale) * unknown
    pixels = tf.reduce_sum(unknown, [1, 2, 3])
    means = tf.math.divide_no_nan(tf.reduce_sum(loss, [1, 2, 3]), pixels)
    return tf.reduce_mean(means) if examples is None else tf.reduce_sum(means) / examples


def laplacian_loss(
    predicted: tf.Tensor,
    alpha: tf.Tensor,
    unknown: tf.Tensor,
    unknown_pixels: tf.Tensor | None = None,
) -> tf.Tensor:
    """How far two mattes differ in their details, from fine to coarse.

    The sum over the levels i = 0, 1, … of their Laplacian pyramids of 2^i · |difference|, divided
    by the number of unknown pixels (after Hou and Liu, Context-Aware Image Matting, ICCV 2019: the
    coarser levels have fewer values, and weigh more). It is not in the paper.

    Args:
        predicted: [B, H, W, 1] float32, with known pixels from the trimap; sides multiples of 32.
        alpha: [B, H, W, 1] float32, the truth.
        unknown: [B, H, W, 1] float32, 1 where the trimap is unknown and 0 elsewhere.
        unknown_pixels: of the whole batch, where these are a part of it; see `Divisors`.

    Returns:
        A scalar; 0 where nothing is unknown.
    """
    total = tf.zeros([])
    # A pyramid is linear, so that one of the difference is the difference of two.
    level = predicted - alpha
    for number in range(LAPLACIAN_LEVELS):
        coarser = _halve(level)
        detail = level - _double(coarser, tf.shape(level))
        total += 2.0**number * tf.reduce_sum(tf.abs(detail))
        level = coarser
    if unknown_pixels is None:
        unknown_pixels = tf.reduce_sum(unknown)
    return tf.math.divide_no_nan(total, unknown_pixels)


def _pyramid_kernel() -> tf.Tensor:
    binomial = tf.constant([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
    return (binomial[:, None] * binomial[None, :])[..., None, None]


def _halve(level: tf.Tensor) -> tf.Tensor:
    # Zeros beyond the border: there the two mattes do not differ.
    return tf.nn.conv2d(level, _pyramid_kernel(), 2, "SAME")


def _double(level: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    # Zeros between the values, and a kernel four times as heavy.
    return tf.nn.conv2d_transpose(level, 4.0 * _pyramid_kernel(), shape, 2, "SAME")


def unknown_error(
    predicted_alpha: tf.Tensor,
    alpha: tf.Tensor,
    trimap: tf.Tensor,
    unknown_pixels: tf.Tensor | None = None,
) -> tf.Tensor:
    """Mean absolute difference of alpha over the unknown pixels of a batch, a scalar in [0, 1].

    `unknown_pixels` are those of the whole batch, where this is a part of it; see `Divisors`.
    """
    return unknown_mean(tf.abs(predicted_alpha - alpha), trimap, unknown_pixels)


def unknown_mean(
    values: tf.Tensor, trimap: tf.Tensor, unknown_pixels: tf.Tensor | None = None
) -> tf.Tensor:
    """Mean of values, [B, H, W, 1], over the unknown pixels of a batch; see `unknown_error`."""
    unknown = unknown_region(trimap)
    if unknown_pixels is None:
        unknown_pixels = tf.reduce_sum(unknown)
    return tf.math.divide_no_nan(tf.reduce_sum(values * unknown), unknown_pixels)
