import numpy as np
import pytest

from dim_tf.errors import InputError
from dim_tf.inference.trimap_input import (
    check_mask,
    check_trimap,
    repair_trimap,
    trimap_from_mask,
)


def row(*values):
    return np.array([values], np.uint8)


def test_values_within_two_are_repaired_and_counted():
    trimap, changed = repair_trimap(row(0, 1, 2, 126, 127, 128, 129, 130, 253, 254, 255), "t.png")
    np.testing.assert_array_equal(trimap, row(0, 0, 0, 128, 128, 128, 128, 128, 255, 255, 255))
    assert trimap.dtype == np.uint8
    assert changed == 8


def test_a_clean_trimap_is_unchanged():
    trimap, changed = repair_trimap(row(0, 128, 255), "t.png")
    np.testing.assert_array_equal(trimap, row(0, 128, 255))
    assert changed == 0


@pytest.mark.parametrize("value", [3, 64, 125, 131, 252])
def test_other_values_are_refused_by_name(value):
    with pytest.raises(InputError, match=rf"t\.png is no trimap: 25\.00%.*such as {value}\)"):
        repair_trimap(row(0, 128, 255, value), "t.png")


@pytest.mark.parametrize(
    "trimap, sentence",
    [
        (row(0, 255), "no unknown pixel"),
        (row(128, 128), "no foreground .255. and no background .0."),
        (row(0, 128), "no foreground .255.; paint"),
        (row(128, 255), "no background .0.; paint"),
    ],
)
def test_useless_trimaps_are_refused(trimap, sentence):
    with pytest.raises(InputError, match=f"t.png .*{sentence}"):
        check_trimap(trimap, "t.png")


def test_a_trimap_with_all_three_values_is_accepted():
    check_trimap(row(0, 128, 255), "t.png")


@pytest.mark.parametrize(
    "mask, sentence",
    [
        (row(0, 0), "the value 0 everywhere.*no unknown pixel"),
        (row(255, 255), "the value 255 everywhere"),
        (row(0, 1), "multiply it by 255"),
    ],
)
def test_masks_without_object_are_refused(mask, sentence):
    with pytest.raises(InputError, match=f"m.png .*{sentence}"):
        check_mask(mask, "m.png")


@pytest.mark.parametrize(
    "kernel, mode, sentence",
    [
        (1, "dilate_erode", "larger --trimap_kernel than 1"),
        (9, "dilate_erode", r"no foreground .255. left; give a smaller --trimap_kernel than 9"),
        (9, "dilate", r"no background .0. left; give a smaller --trimap_kernel than 9"),
    ],
)
def test_kernels_that_leave_nothing_are_refused(kernel, mode, sentence):
    with pytest.raises(InputError, match=sentence):
        trimap_from_mask(row(0, 0, 255, 255), kernel, mode, "m.png")


def test_the_mode_is_passed_on():
    mask = row(0, 0, 0, 255, 255, 255)
    both = trimap_from_mask(mask, 3, "dilate_erode", "m.png")
    np.testing.assert_array_equal(both, row(0, 0, 128, 128, 255, 255))
    outwards = trimap_from_mask(mask, 3, "dilate", "m.png")
    np.testing.assert_array_equal(outwards, row(0, 0, 128, 255, 255, 255))
