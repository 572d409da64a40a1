"""Trimaps from mattes."""

from typing import Literal

import tensorflow as tf

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN


def trimap_from_alpha(
    alpha: tf.Tensor,
    kernel: int | tf.Tensor,
    mode: Literal["dilate_erode", "dilate"] = "dilate_erode",
) -> tf.Tensor:
    """Marks the surroundings of a matte's edge as unknown.

    A pixel is unknown where alpha is neither 0 nor 255, where it is 0 and the k×k window reaches a
    pixel above 0 (dilation), and with "dilate_erode" also where it is 255 and the window reaches a
    pixel below 255 (erosion). Source: the original's `generate_trimap` in matting.py, which asks
    where grey dilation minus grey erosion is not 0. It equals that but for one leak: inside a flat
    semi-transparent area wider than the window the original writes alpha itself into the trimap.

    "Does the window reach" is a box sum, read off a summed-area table: exact integers, and the cost
    does not depend on the kernel.

    Args:
        alpha: [H, W] uint8.
        kernel: side of the square window, at least 1. Even windows are not symmetric; they lie as
            those of scipy.ndimage's grey_dilation and grey_erosion do.
        mode: grow the unknown region to both sides of the edge or outwards only.

    Returns:
        [H, W] uint8 in {0, 128, 255}.
    """
    alpha = tf.convert_to_tensor(alpha)
    empty, full = tf.equal(alpha, 0), tf.equal(alpha, 255)
    not_empty_near = _any_in_window(tf.logical_not(empty), kernel, (kernel - 1) // 2)
    unknown = tf.logical_or(
        tf.logical_not(tf.logical_or(empty, full)), tf.logical_and(empty, not_empty_near)
    )
    if mode == "dilate_erode":
        not_full_near = _any_in_window(tf.logical_not(full), kernel, kernel // 2)
        unknown = tf.logical_or(unknown, tf.logical_and(full, not_full_near))
    known = tf.where(full, tf.constant(FOREGROUND, tf.uint8), tf.constant(BACKGROUND, tf.uint8))
    return tf.where(unknown, tf.constant(UNKNOWN, tf.uint8), known)


def _any_in_window(
    pixels: tf.Tensor, kernel: int | tf.Tensor, before: int | tf.Tensor
) -> tf.Tensor:
    """Whether the window from `before` pixels up and left of each pixel holds a True one."""
    sums = tf.cumsum(tf.cumsum(tf.cast(pixels, tf.int32), axis=0), axis=1)
    sums = tf.pad(sums, [[1, 0], [1, 0]])

    def window_sums(sums: tf.Tensor, axis: int) -> tf.Tensor:
        size = tf.shape(sums)[axis] - 1
        start = tf.range(size) - before
        first = tf.clip_by_value(start, 0, size)
        last = tf.clip_by_value(start + kernel, 0, size)
        return tf.gather(sums, last, axis=axis) - tf.gather(sums, first, axis=axis)

    return window_sums(window_sums(sums, 0), 1) > 0
