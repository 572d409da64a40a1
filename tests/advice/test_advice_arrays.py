"""What library callers are told of their arrays."""

import numpy as np
import pytest
import tensorflow as tf

import dim_tf
from tests.advice.provoking import refused

MASK = np.zeros((40, 50), np.uint8)
MASK[8:32, 10:40] = 255
TRIMAP = dim_tf.trimap_from_rough_mask(MASK)


def test_without_unknown_pixels_the_whole_image_is_measured():
    refused(
        "so nothing is measured; give None to measure the whole image.",
        *(dim_tf.matting_errors, MASK, MASK, MASK),
    )
    assert dim_tf.matting_errors(MASK, MASK, None)["SAD"] == 0


def test_a_masked_array_is_filled():
    masked = np.ma.array(MASK, mask=MASK == 0)
    refused(
        "The {} is a masked array; fill it first, such as with filled(0).",
        *(dim_tf.trimap_from_rough_mask, masked),
    )
    np.testing.assert_array_equal(dim_tf.trimap_from_rough_mask(masked.filled(0)), TRIMAP)


@pytest.mark.parametrize(
    "call", [dim_tf.trimap_from_rough_mask, lambda m: dim_tf.trimap_from_alpha(m, 9)]
)
def test_one_of_several_labels_is_chosen(call):
    mask = np.where(MASK > 0, 1, 0)
    mask[:5, :5] = 2
    advice = "; give True on the object and False elsewhere{}."
    assert " == 1." in refused(advice, call, mask)
    np.testing.assert_array_equal(call(mask == 1), call(MASK))


def test_a_kernel_is_a_number_from_1_on():
    advice = "A kernel of {} is not possible; give a whole number from 1 on."
    for kernel in (0, 2.5, "auto", None, True, tf.constant(2.5), tf.constant([5])):
        refused(advice, dim_tf.trimap_from_alpha, MASK, kernel)
    dim_tf.trimap_from_alpha(MASK, 1)


@pytest.mark.parametrize("radius", [np.nan, np.inf, -1, "3", None])
def test_a_radius_is_a_number_from_0_on(radius):
    advice = "at_least={} is not possible; give a number from 0 on, pixels."
    refused(advice, dim_tf.trimap_from_rough_mask, MASK, at_least=radius)
    for possible in (0, 2.5, np.float32(3)):
        dim_tf.trimap_from_rough_mask(MASK, at_least=possible)


def test_a_drawing_is_told_by_whole_numbers():
    advice = "{}={} is not possible; give a whole number from {} on."
    for seed in (-1, 1.5, None, "1"):
        assert "seed=" in refused(advice, dim_tf.render_matte, "hair", seed, 32)
    for size in (0, -5, 64.0):
        assert "size=" in refused(advice, dim_tf.render_matte, "hair", 0, size)
    for numbers in ((0, 1), (np.int64(3), np.int64(32))):
        dim_tf.render_matte("hair", *numbers)


def test_a_matte_to_measure_of_0_and_1_is_multiplied():
    for values in ((MASK // 255, MASK), (MASK, MASK // 255)):
        refused(
            "The {} has the values 0 and 1 only; multiply it by 255.",
            *(dim_tf.matting_errors, *values, TRIMAP),
        )
    assert dim_tf.matting_errors(MASK // 255 * 255, MASK, TRIMAP)["SAD"] == 0


def test_a_tensor_of_grey_levels_or_an_array_is_given():
    advice = "The matte is a tensor of {} with the shape {}; give uint8, [H, W], or an array."
    for empty in (tf.zeros([0, 5], tf.uint8), tf.zeros([5, 0], tf.uint8)):
        refused(advice, dim_tf.trimap_from_alpha, empty, 9)
    for tensor in (tf.constant(MASK / 255), tf.constant(MASK > 0), tf.constant(MASK[..., None])):
        refused(advice, dim_tf.trimap_from_alpha, tensor, 9)
        np.testing.assert_array_equal(
            dim_tf.trimap_from_alpha(tensor.numpy(), 9), dim_tf.trimap_from_alpha(MASK, 9)
        )
