import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import signal

from dim_tf.config import LossConfig
from dim_tf.model.losses import (
    laplacian_loss,
    matting_losses,
    merge_with_trimap,
    unknown_error,
    unknown_region,
)

EPSILON = 1e-6


def make_example(seed=0, size=(2, 4, 5)):
    """A batch whose photo is exactly what alpha, foreground and background make."""
    random = np.random.default_rng(seed)
    trimap = random.choice([0.0, 128.0, 255.0], (*size, 1), p=[0.3, 0.4, 0.3])
    # As a real trimap: known pixels have the alpha it says.
    alpha = np.where(trimap == 128, random.uniform(size=(*size, 1)), trimap / 255)
    foreground, background = random.uniform(0, 255, (2, *size, 3))
    example = {
        "alpha": alpha,
        "trimap": trimap,
        "foreground": foreground,
        "background": background,
        "rgb": alpha * foreground + (1 - alpha) * background,
    }
    return {name: tf.constant(array, tf.float32) for name, array in example.items()}


def make_prediction(seed=1, size=(2, 4, 5)):
    return tf.constant(np.random.default_rng(seed).uniform(size=(*size, 1)), tf.float32)


def literal_losses(predicted, example, config):
    """The original's loss, pixel by pixel, with the paper's equations 1 to 3."""
    arrays = {name: value.numpy().astype(float) for name, value in example.items()}
    predicted = predicted.numpy().astype(float)
    weights = alpha_sum = comp_sum = 0.0
    for place in np.ndindex(predicted.shape[:3]):
        known = arrays["trimap"][place][0] != 128
        weight = config.known_weight if known else 1.0
        raw = predicted[place][0]
        weights += weight
        alpha_sum += weight * math.sqrt((raw - arrays["alpha"][place][0]) ** 2 + EPSILON**2)
        alpha = arrays["trimap"][place][0] / 255 if known else raw
        for channel in range(3):
            colour = (
                alpha * arrays["foreground"][place][channel]
                + (1 - alpha) * arrays["background"][place][channel]
            )
            difference = colour - arrays["rgb"][place][channel]
            comp_sum += weight * math.sqrt(difference**2 + EPSILON**2) / config.comp_loss_divisor
    alpha_loss, comp_loss = alpha_sum / weights, comp_sum / weights
    part = config.alpha_loss_weight
    return {
        "alpha_loss": alpha_loss,
        "comp_loss": comp_loss,
        "total_loss": part * alpha_loss + (1 - part) * comp_loss,
    }


@pytest.mark.parametrize(
    "config",
    [
        LossConfig(),
        LossConfig(known_weight=0.0),
        LossConfig(known_weight=1.0, comp_loss_divisor=1.0),
        LossConfig(alpha_loss_weight=1.0),
        LossConfig(alpha_loss_weight=0.25, known_weight=0.0, comp_loss_divisor=100.0),
    ],
    ids=str,
)
def test_losses_equal_the_literal_equations(config):
    example, predicted = make_example(), make_prediction()
    expected = literal_losses(predicted, example, config)
    actual = matting_losses(predicted, example, config)
    assert actual.keys() == expected.keys()
    for name, loss in expected.items():
        np.testing.assert_allclose(actual[name], loss, rtol=1e-5)


def test_losses_are_zero_at_the_truth_up_to_epsilon():
    example = make_example()
    losses = matting_losses(example["alpha"], example, LossConfig())
    assert 0 <= losses["alpha_loss"] <= 1.01 * EPSILON
    assert 0 <= losses["comp_loss"] <= 3 * 1e-4 / 255  # rounding of grey levels in float32


def literal_laplacian_loss(predicted, alpha, unknown):
    """Two pyramids, each by plain convolutions, compared level by level."""
    binomial = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256

    def pyramid(picture):
        levels = []
        for _ in range(5):
            coarser = signal.convolve2d(picture, binomial, mode="same")[1::2, 1::2]
            spread = np.zeros_like(picture)
            spread[1::2, 1::2] = coarser
            levels.append(picture - 4 * signal.convolve2d(spread, binomial, mode="same"))
            picture = coarser
        return levels

    total = 0.0
    for one, other in zip(predicted[..., 0], alpha[..., 0], strict=True):
        for number, levels in enumerate(zip(pyramid(one), pyramid(other), strict=True)):
            total += 2**number * np.abs(levels[0] - levels[1]).sum()
    return total / unknown.sum()


def test_laplacian_loss_compares_two_pyramids():
    random = np.random.default_rng(3)
    predicted, alpha, unknown = random.uniform(size=(3, 2, 64, 96, 1))
    unknown = np.round(unknown)
    actual = laplacian_loss(*(tf.constant(a, tf.float32) for a in (predicted, alpha, unknown)))
    np.testing.assert_allclose(actual, literal_laplacian_loss(predicted, alpha, unknown), rtol=1e-5)


def test_the_laplacian_loss_is_added_with_its_weight_and_judges_unknown_pixels_only():
    example, predicted = make_example(size=(2, 32, 32)), make_prediction(size=(2, 32, 32))
    plain = matting_losses(predicted, example, LossConfig())
    losses = matting_losses(predicted, example, LossConfig(laplacian_loss_weight=0.4))
    np.testing.assert_allclose(
        losses["total_loss"], plain["total_loss"] + 0.4 * losses["laplacian_loss"], rtol=1e-6
    )
    changed = tf.where(example["trimap"] != 128, 1.0 - predicted, predicted)
    other = matting_losses(changed, example, LossConfig(laplacian_loss_weight=0.4))
    np.testing.assert_array_equal(other["laplacian_loss"], losses["laplacian_loss"])
    assert losses["laplacian_loss"] > 0.01


def test_known_pixels_reach_the_composite_from_the_trimap():
    """What is predicted on known pixels counts in the alpha loss, and not in the composite."""
    example, predicted = make_example(), make_prediction()
    known = example["trimap"] != 128
    changed = tf.where(known, 1.0 - predicted, predicted)
    before, after = (
        matting_losses(alpha, example, LossConfig(known_weight=0.5))
        for alpha in (predicted, changed)
    )
    np.testing.assert_array_equal(before["comp_loss"], after["comp_loss"])
    assert abs(float(before["alpha_loss"] - after["alpha_loss"])) > 1e-3


def test_known_weight_zero_ignores_known_pixels_altogether():
    example, predicted = make_example(), make_prediction()
    changed = tf.where(example["trimap"] != 128, 1.0 - predicted, predicted)
    before, after = (
        matting_losses(alpha, example, LossConfig(known_weight=0.0))
        for alpha in (predicted, changed)
    )
    for name, loss in before.items():
        np.testing.assert_array_equal(loss, after[name])


@pytest.mark.parametrize("known_weight", [0.0, 0.5])
def test_losses_and_gradients_without_unknown_pixels_are_finite(known_weight):
    example = make_example()
    example["trimap"] = tf.where(example["trimap"] == 128, 255.0, example["trimap"])
    predicted = make_prediction()
    with tf.GradientTape() as tape:
        tape.watch(predicted)
        losses = matting_losses(predicted, example, LossConfig(known_weight=known_weight))
    assert all(np.isfinite(loss) for loss in losses.values())
    assert np.isfinite(tape.gradient(losses["total_loss"], predicted)).all()
    if known_weight == 0:
        assert all(loss == 0 for loss in losses.values())


def test_gradient_at_the_truth_is_finite():
    example = make_example()
    with tf.GradientTape() as tape:
        tape.watch(example["alpha"])
        loss = matting_losses(example["alpha"], example, LossConfig())["total_loss"]
    assert np.isfinite(tape.gradient(loss, example["alpha"])).all()


def test_merge_takes_known_pixels_from_the_trimap():
    trimap = tf.constant([0.0, 128.0, 255.0])[None, None, :, None]
    alpha = tf.constant([0.3, 0.4, 0.5])[None, None, :, None]
    np.testing.assert_array_equal(
        tf.reshape(merge_with_trimap(alpha, trimap), [-1]), np.float32([0.0, 0.4, 1.0])
    )


def test_unknown_error_is_the_mean_over_unknown_pixels():
    example, predicted = make_example(), make_prediction()
    unknown = example["trimap"].numpy() == 128
    expected = np.abs(predicted.numpy() - example["alpha"].numpy())[unknown].mean()
    actual = unknown_error(predicted, example["alpha"], example["trimap"])
    np.testing.assert_allclose(actual, expected, rtol=1e-6)
    assert unknown_error(predicted, example["alpha"], tf.zeros_like(predicted)) == 0


def test_unknown_region_is_where_the_trimap_is_128():
    np.testing.assert_array_equal(unknown_region(tf.constant([0.0, 127, 128, 255])), [0, 0, 1, 0])
