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
    for kernel in (0, 2.5, "auto"):
        refused(advice, dim_tf.trimap_from_alpha, MASK, kernel)
    dim_tf.trimap_from_alpha(MASK, 1)


def test_a_matte_to_measure_of_0_and_1_is_multiplied():
    for values in ((MASK // 255, MASK), (MASK, MASK // 255)):
        refused(
            "The {} has the values 0 and 1 only; multiply it by 255.",
            *(dim_tf.matting_errors, *values, TRIMAP),
        )
    assert dim_tf.matting_errors(MASK // 255 * 255, MASK, TRIMAP)["SAD"] == 0


def test_a_tensor_of_grey_levels_or_an_array_is_given():
    for tensor in (tf.constant(MASK / 255), tf.constant(MASK > 0), tf.constant(MASK[..., None])):
        refused(
            "The matte is a tensor of {} with {} axes; give uint8, [H, W], or an array.",
            *(dim_tf.trimap_from_alpha, tensor, 9),
        )
        np.testing.assert_array_equal(
            dim_tf.trimap_from_alpha(tensor.numpy(), 9), dim_tf.trimap_from_alpha(MASK, 9)
        )
