"""The two losses of Deep Image Matting (paper, section 3.2, equations 1 to 3)."""

import tensorflow as tf

from dim_tf.config import LOSS_EPSILON, UNKNOWN, LossConfig


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


def matting_losses(
    predicted_alpha: tf.Tensor, example: dict[str, tf.Tensor], config: LossConfig
) -> dict[str, tf.Tensor]:
    """The alpha loss, the compositional loss and their weighted sum.

    Each is the weighted mean of √(difference² + ε²) over the pixels of the batch, with weight 1 on
    unknown pixels and `config.known_weight` elsewhere. The alpha loss takes the raw prediction; the
    compositional loss composites with known pixels from the trimap, sums over the three colours and
    divides by `config.comp_loss_divisor`. Where no pixel has weight, the losses are 0.

    Args:
        predicted_alpha: [B, H, W, 1] float32.
        example: `alpha` [B, H, W, 1] in [0, 1], `trimap` [B, H, W, 1] in {0, 128, 255}, and
            `foreground`, `background`, `rgb` [B, H, W, 3] in grey levels; float32.
        config: weights.

    Returns:
        Scalars `alpha_loss`, `comp_loss` and `total_loss`.
    """
    unknown = unknown_region(example["trimap"])
    weight = unknown + config.known_weight * (1.0 - unknown)
    total_weight = tf.reduce_sum(weight)

    def weighted_mean(difference: tf.Tensor) -> tf.Tensor:
        distance = tf.sqrt(tf.square(difference) + LOSS_EPSILON**2)
        return tf.math.divide_no_nan(tf.reduce_sum(distance * weight), total_weight)

    alpha = merge_with_trimap(predicted_alpha, example["trimap"])
    composite = alpha * example["foreground"] + (1.0 - alpha) * example["background"]
    alpha_loss = weighted_mean(predicted_alpha - example["alpha"])
    comp_loss = weighted_mean(composite - example["rgb"]) / config.comp_loss_divisor
    return {
        "alpha_loss": alpha_loss,
        "comp_loss": comp_loss,
        "total_loss": config.alpha_loss_weight * alpha_loss
        + (1.0 - config.alpha_loss_weight) * comp_loss,
    }


def unknown_error(predicted_alpha: tf.Tensor, alpha: tf.Tensor, trimap: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference of alpha over the unknown pixels of a batch, a scalar in [0, 1]."""
    unknown = unknown_region(trimap)
    difference = tf.abs(predicted_alpha - alpha) * unknown
    return tf.math.divide_no_nan(tf.reduce_sum(difference), tf.reduce_sum(unknown))
