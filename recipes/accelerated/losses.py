"""What is minimised: the two losses of the paper, detail from fine to coarse, and certainty.

As `dim_tf.model.losses`, but a mean of the examples' losses where dim_tf takes one mean over all
pixels of the batch: of dim_tf's batches of one, that is the same. So it is not with the details of
an example with fewer unknown pixels than `FEWEST_UNKNOWN_PIXELS`, which weigh less here.
"""

from typing import NamedTuple

import torch
from torch.nn import functional

from dim_tf.config import LAPLACIAN_LEVELS, LOSS_EPSILON, UNKNOWN
from dim_tf.model.architecture import LARGEST_LOG_SCALE, SMALLEST_LOG_SCALE
from recipes.accelerated.examples import Batch
from recipes.accelerated.settings import LossSettings

# The certainty head's logs are cut off here.
LOG_SCALE_RANGE = (SMALLEST_LOG_SCALE, LARGEST_LOG_SCALE)

# Details of an example with fewer unknown pixels count as if it had so many.
FEWEST_UNKNOWN_PIXELS = 200

_COLOUR_RANGE = 255.0


class Losses(NamedTuple):
    """Scalars of one batch.

    Attributes:
        matting: what alpha learns from.
        certainty: what the certainty head learns from.
        error: mean absolute difference of alpha on unknown pixels, in [0, 1].
    """

    matting: torch.Tensor
    certainty: torch.Tensor
    error: torch.Tensor


def batch_losses(
    predicted: torch.Tensor, log_scale: torch.Tensor, batch: Batch, settings: LossSettings
) -> Losses:
    """The losses of a batch.

    Args:
        predicted: [B, 1, S, S] float32 in [0, 1], alpha as the network says it.
        log_scale: [B, 1, S, S] float32, the log of the scale of its error.
        batch: what should be predicted.
        settings: weights.
    """
    unknown = (batch.trimap == UNKNOWN).float()
    difference = predicted - batch.alpha
    merged = torch.where(unknown > 0, predicted, batch.trimap / 255.0)
    composite = merged * batch.foreground + (1 - merged) * batch.background
    weight = unknown + settings.known_weight * (1 - unknown)
    alpha_loss = _weighted_mean(difference, weight)
    comp_loss = _weighted_mean(composite - batch.photo, weight) / _COLOUR_RANGE
    matting = (
        settings.alpha_loss_weight * alpha_loss
        + settings.comp_loss_weight * comp_loss
        + settings.laplacian_loss_weight * laplacian_loss(merged - batch.alpha, unknown)
    )
    distance = difference.detach().abs()
    error = (distance * unknown).sum() / unknown.sum().clamp(min=1)
    return Losses(matting.mean(), certainty_loss(distance, log_scale, unknown).mean(), error)


def laplacian_loss(difference: torch.Tensor, unknown: torch.Tensor) -> torch.Tensor:
    """How far two mattes differ in their details (Hou and Liu, ICCV 2019).

    A pyramid is linear, so that one of the difference is the difference of two.

    Args:
        difference: [B, 1, S, S] float32, S a multiple of 32.
        unknown: [B, 1, S, S] float32, 1 where the trimap is unknown and 0 elsewhere.

    Returns:
        [B]: the sum over levels i = 0, 1, … of 2^i · |detail|, by the number of unknown pixels.
    """
    total = torch.zeros(len(difference), device=difference.device)
    level = difference
    for number in range(LAPLACIAN_LEVELS):
        coarser = _halve(level)
        total = total + 2.0**number * (level - _double(coarser)).abs().sum((1, 2, 3))
        level = coarser
    return total / unknown.sum((1, 2, 3)).clamp(min=FEWEST_UNKNOWN_PIXELS)


def certainty_loss(
    distance: torch.Tensor, log_scale: torch.Tensor, unknown: torch.Tensor
) -> torch.Tensor:
    """How badly a Laplace distribution of the predicted scale expects alpha's errors.

    Source: Kendall and Gal, What Uncertainties Do We Need, NeurIPS 2017, with absolute differences.

    Args:
        distance: [B, 1, S, S] float32, |alpha − truth|; nothing is learned about it.
        log_scale: [B, 1, S, S] float32.
        unknown: [B, 1, S, S] float32, 1 where the trimap is unknown and 0 elsewhere.

    Returns:
        [B]: the mean over unknown pixels of distance / scale + log scale; 0 where there are none.
    """
    log_scale = log_scale.clamp(*LOG_SCALE_RANGE)
    surprise = distance * torch.exp(-log_scale) + log_scale
    return (surprise * unknown).sum((1, 2, 3)) / unknown.sum((1, 2, 3)).clamp(min=1)


def _weighted_mean(difference: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """[B]: of √(difference² + ε²), summed over channels."""
    distance = (difference.square() + LOSS_EPSILON**2).sqrt()
    total = weight.sum((1, 2, 3))
    # Without any weight 0, and not a division by 0.
    return (distance * weight).sum((1, 2, 3)) / torch.where(total > 0, total, 1.0)


def _pyramid_kernel(like: torch.Tensor) -> torch.Tensor:
    binomial = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], dtype=like.dtype, device=like.device) / 16
    return (binomial[:, None] * binomial)[None, None]


def _halve(level: torch.Tensor) -> torch.Tensor:
    # TensorFlow's padding SAME: one zero before, two behind.
    return functional.conv2d(functional.pad(level, (1, 2, 1, 2)), _pyramid_kernel(level), stride=2)


def _double(level: torch.Tensor) -> torch.Tensor:
    # Zeros between the values, and a kernel four times as heavy; cut as `_halve` pads.
    kernel = 4 * _pyramid_kernel(level)
    return functional.conv_transpose2d(level, kernel, stride=2, padding=1)[..., :-1, :-1]
