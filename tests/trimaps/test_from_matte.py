import cv2
import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from dim_tf.trimaps.from_mask import trimap_by_window
from dim_tf.trimaps.from_matte import trimap_from_alpha, with_unknown_patches

MODES = ["dilate_erode", "dilate"]
KERNELS = range(1, 41)


def matte(seed, shape=(37, 45)):
    """Opaque and empty patches, soft edges, grains, and a flat semi-transparent area."""
    random = np.random.default_rng(seed)
    alpha = ndimage.zoom(random.choice([0, 0, 255, 255, 90], (4, 5)), 10, order=0)
    alpha = alpha[: shape[0], : shape[1]].astype(np.uint8)
    grains = random.random(alpha.shape) < 0.01
    return np.where(grains, random.integers(0, 256, alpha.shape), alpha).astype(np.uint8)


def scipy_trimap(alpha, kernel, mode):
    """The original's rule, and no ground truth where its window is flat but grey (the leak)."""
    size = (kernel, kernel)
    # The original pads with nothing: what lies outside counts neither as matte nor as hole.
    dilated = ndimage.grey_dilation(alpha, size, mode="constant", cval=0)
    eroded = ndimage.grey_erosion(alpha, size, mode="constant", cval=255)
    if mode == "dilate_erode":
        unknown = dilated != eroded
    else:
        unknown = dilated != alpha
        unknown &= alpha != 255
    unknown |= (alpha > 0) & (alpha < 255)
    return np.where(unknown, 128, alpha)


def literal_trimap(alpha, kernel, mode):
    """Windows cut out one by one. scipy's even windows reach one further up and left when they
    look for the largest value, and one further down and right for the smallest.
    """
    height, width = alpha.shape
    trimap = np.empty_like(alpha)
    before, before_mirrored = (kernel - 1) // 2, kernel // 2
    for row, column in np.ndindex(height, width):

        def window(reach, row=row, column=column):
            top, left = row - reach, column - reach
            return alpha[max(top, 0) : top + kernel, max(left, 0) : left + kernel]

        value = alpha[row, column]
        if value == 0:
            unknown = window(before).max() > 0
        elif value == 255:
            unknown = mode == "dilate_erode" and window(before_mirrored).min() < 255
        else:
            unknown = True
        trimap[row, column] = 128 if unknown else value
    return trimap


@pytest.mark.parametrize("mode", MODES)
def test_equals_scipys_dilation_and_erosion_for_every_kernel(mode):
    alpha = matte(0)
    for kernel in KERNELS:
        expected = scipy_trimap(alpha, kernel, mode)
        np.testing.assert_array_equal(trimap_from_alpha(alpha, kernel, mode), expected, f"{kernel}")
        np.testing.assert_array_equal(trimap_by_window(alpha, kernel, mode), expected, f"{kernel}")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (33, 1), (30, 47)])
def test_trimaps_are_the_same_without_tensorflow(shape, mode):
    random = np.random.default_rng(5)
    for alpha in (
        random.choice(np.uint8([0, 0, 0, 0, 128, 255]), shape),
        cv2.blur(random.choice(np.uint8([0, 255]), shape), (5, 5)),
        np.full(shape, 255, np.uint8),
    ):
        for kernel in (1, 2, 7, 12, 90):
            np.testing.assert_array_equal(
                trimap_by_window(alpha, kernel, mode), trimap_from_alpha(alpha, kernel, mode)
            )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kernel", [1, 2, 9, 10])
@pytest.mark.parametrize("corner", [(0, 0), (0, 60), (70, 0), (70, 60), (33, 21)])
def test_small_object_anywhere_on_a_large_canvas(corner, kernel, mode):
    alpha = np.zeros((90, 80), np.uint8)
    alpha[corner[0] : corner[0] + 20, corner[1] : corner[1] + 20] = matte(2, (20, 20))
    alpha[corner] = 1  # the faintest there is, at the rim
    np.testing.assert_array_equal(
        trimap_from_alpha(alpha, kernel, mode), scipy_trimap(alpha, kernel, mode)
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kernel", [1, 2, 3, 6, 7, 20, 39])
def test_equals_literal_windows(kernel, mode):
    alpha = matte(1, (25, 31))
    np.testing.assert_array_equal(
        trimap_from_alpha(alpha, kernel, mode), literal_trimap(alpha, kernel, mode)
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kernel", [1, 5, 21, 39])
def test_odd_kernels_turn_with_the_picture(kernel, mode):
    alpha = matte(2)
    np.testing.assert_array_equal(
        np.rot90(trimap_from_alpha(alpha, kernel, mode)),
        trimap_from_alpha(np.rot90(alpha).copy(), kernel, mode),
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kernel", [20, 25])
def test_every_grey_pixel_is_unknown_however_flat_its_surroundings(kernel, mode):
    alpha = np.full((100, 90), 77, np.uint8)
    np.testing.assert_array_equal(trimap_from_alpha(alpha, kernel, mode), 128)


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("mode", MODES)
def test_a_constant_matte_has_no_unknown_pixel_even_at_its_borders(value, mode):
    alpha = np.full((20, 30), value, np.uint8)
    for kernel in (1, 6, 39):
        np.testing.assert_array_equal(trimap_from_alpha(alpha, kernel, mode), value)


def test_dilation_grows_outwards_only_and_by_half_the_kernel():
    alpha = np.zeros((30, 30), np.uint8)
    alpha[10:20, 10:20] = 255
    outwards = trimap_from_alpha(alpha, 5, "dilate").numpy()
    np.testing.assert_array_equal(outwards[10:20, 10:20], 255)
    np.testing.assert_array_equal(outwards == 128, np.pad(np.ones((14, 14)), 8) - (alpha == 255))
    both = trimap_from_alpha(alpha, 5, "dilate_erode").numpy()
    np.testing.assert_array_equal(both == 255, np.pad(np.ones((6, 6)), 12))
    np.testing.assert_array_equal(both == 0, outwards == 0)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (8, 1), (5, 7)])
def test_kernels_larger_than_the_picture(shape):
    alpha = np.zeros(shape, np.uint8)
    alpha[0, 0] = 255
    for mode in MODES:
        for kernel in (2, 3, 38, 39):
            np.testing.assert_array_equal(
                trimap_from_alpha(alpha, kernel, mode), literal_trimap(alpha, kernel, mode)
            )


@pytest.mark.parametrize("mode", MODES)
def test_kernels_without_end_take_no_memory_and_tensors_may_be_of_any_integers(mode):
    for shape in ((9, 31), (31, 9), (1, 1)):
        alpha = matte(3, shape)
        whole = 2 * max(shape)
        expected = trimap_by_window(alpha, whole + 51, mode)
        for kernel in (whole, whole + 1, 10**6, 10**12, tf.constant(10**9, tf.int64)):
            np.testing.assert_array_equal(trimap_from_alpha(alpha, kernel, mode), expected)
        small = trimap_from_alpha(alpha, 4, mode, 3)
        for dtype in (tf.int64, tf.uint8):
            kernels = tf.constant(4, dtype), mode, tf.constant(3, dtype)
            np.testing.assert_array_equal(trimap_from_alpha(alpha, *kernels), small)


def test_only_three_values_and_the_same_in_a_graph_with_a_random_kernel():
    @tf.function(
        input_signature=[tf.TensorSpec([None, None], tf.uint8), tf.TensorSpec([], tf.int32)]
    )
    def graph(alpha, kernel):
        return trimap_from_alpha(alpha, kernel)

    for kernel, shape in ((20, (37, 45)), (31, (30, 20))):
        alpha = matte(3, shape)
        trimap = graph(alpha, kernel)
        assert trimap.dtype == tf.uint8
        assert set(np.unique(trimap)) <= {0, 128, 255}
        np.testing.assert_array_equal(trimap, trimap_from_alpha(alpha, kernel))


def test_patches_are_unknown_connected_and_leave_the_rest():
    trimap = np.full((96, 128, 1), 255, np.uint8)
    trimap[:, :40] = 0
    trimap[:, 40:48] = 128
    shares = []
    for number in range(20):
        key = tf.constant([1, number], tf.int64)
        patched = with_unknown_patches(tf.constant(trimap), key).numpy()
        np.testing.assert_array_equal(patched, with_unknown_patches(tf.constant(trimap), key))
        unknown = patched == 128
        assert unknown[trimap == 128].all()
        np.testing.assert_array_equal(patched[~unknown], trimap[~unknown])
        elsewhere = unknown & (trimap != 128)
        shares.append(elsewhere.sum() / (trimap != 128).sum())
        # Patches, not grains.
        assert ndimage.label(elsewhere[..., 0])[1] < 40
    assert 0.0 < min(shares) < 0.15 and 0.25 < max(shares) < 0.6
