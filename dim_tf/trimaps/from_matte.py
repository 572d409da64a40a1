"""Trimaps from mattes."""

from numbers import Integral
from typing import Literal

import numpy as np
import tensorflow as tf

from dim_tf.config import (
    BACKGROUND,
    FOREGROUND,
    UNKNOWN,
    ReadingConfig,
    config_from_values,
)
from dim_tf.pictures.arrays import matte_array
from dim_tf.system.errors import InputError
from dim_tf.system.forked import refuse_forked

# Patches: maxima of a random grid of so many values along a side, and the share they cover.
_PATCH_GRID = (4, 9)
_PATCH_SHARE = (0.05, 0.4)


def trimap_from_alpha(
    alpha: tf.Tensor | np.ndarray,
    kernel: int | tf.Tensor,
    mode: Literal["dilate_erode", "dilate"] = "dilate_erode",
    erosion_kernel: int | tf.Tensor | None = None,
) -> tf.Tensor:
    """Marks the surroundings of a matte's edge as unknown.

    A pixel is unknown where alpha is neither 0 nor 255, where it is 0 and the k×k window reaches a
    pixel above 0 (dilation), and with "dilate_erode" also where it is 255 and the window reaches a
    pixel below 255 (erosion). Source: the original's `generate_trimap` in matting.py, which asks
    where grey dilation minus grey erosion is not 0. It equals that but for one leak: inside a flat
    semi-transparent area wider than the window the original writes alpha itself into the trimap.

    Windows grow by doubling, so that the cost rises with the logarithm of the kernel only, and
    only the surroundings of what is not background are looked at.

    Args:
        alpha: tensor, [H, W] uint8, or an array as `matte_array` takes it.
        kernel: side of the square window, at least 1. Even windows are not symmetric; they lie as
            those of scipy.ndimage's grey_dilation and grey_erosion do.
        mode: grow the unknown region to both sides of the edge or outwards only.
        erosion_kernel: side of the window that erodes; None takes `kernel` for both.

    Returns:
        [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: an array of another shape, dtype or range; another mode or kernel; or this
            process was forked from one in which TensorFlow computed.
    """
    refuse_forked()
    config_from_values(ReadingConfig, {"trimap_mode": mode})  # refuses the impossible
    erosion_kernel = kernel if erosion_kernel is None else erosion_kernel
    for side in (kernel, erosion_kernel):
        _check_kernel(side)
    if not tf.is_tensor(alpha):
        alpha = tf.constant(matte_array(alpha))
    elif alpha.dtype != tf.uint8 or alpha.shape.rank != 2 or 0 in alpha.shape:
        raise InputError(
            f"The matte is a tensor of {alpha.dtype.name} with the shape {alpha.shape}; give "
            "uint8, [H, W], or an array."
        )
    shape = tf.shape(alpha)
    kernel, erosion_kernel = _at_most(kernel, shape), _at_most(erosion_kernel, shape)
    occupied = alpha > 0
    top, bottom = _span(tf.reduce_any(occupied, axis=1), kernel)
    left, right = _span(tf.reduce_any(occupied, axis=0), kernel)
    trimap = _trimap_of_box(alpha[top:bottom, left:right], kernel, erosion_kernel, mode)
    trimap = tf.pad(
        trimap,
        [[top, shape[0] - bottom], [left, shape[1] - right]],
        constant_values=BACKGROUND,
    )
    return tf.ensure_shape(trimap, alpha.shape)


def _check_kernel(side: int | tf.Tensor) -> None:
    """Raises: InputError where it is no whole number from 1 on; a tensor's value is not read."""
    if tf.is_tensor(side):
        possible = side.dtype.is_integer and side.shape.rank in (0, None)
        given = f"the shape {side.shape} and {side.dtype.name}"
    else:
        is_number = isinstance(side, Integral) and not isinstance(side, bool)
        possible, given = is_number and side >= 1, repr(side)
    if not possible:
        raise InputError(f"A kernel of {given} is not possible; give a whole number from 1 on.")


def _at_most(kernel: int | tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """The kernel, int32, or the smallest one that reaches everything from everywhere."""
    if not tf.is_tensor(kernel):
        kernel = min(kernel, tf.int32.max)
    return tf.minimum(tf.cast(kernel, tf.int32), 2 * tf.reduce_max(shape) + 1)


def with_unknown_patches(trimap: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """Makes smooth patches of a trimap unknown, wherever they happen to lie.

    Where people draw a trimap, the unknown region also covers parts that are all object or all
    background. Trimaps made from the edge of a matte never show that to a network.

    Args:
        trimap: [H, W, 1] uint8 in {0, 128, 255}.
        key: [2] int64; the patches depend on it and the size alone.

    Returns:
        The trimap with between 5 and 40 % of it covered by patches.
    """
    share, cells = tf.unstack(tf.random.stateless_uniform([2], key))
    side = _PATCH_GRID[0] + tf.cast(cells * (_PATCH_GRID[1] - _PATCH_GRID[0] + 1), tf.int32)
    grid = tf.random.stateless_normal(tf.stack([1, side, side, 1]), tf.random.fold_in(key, 1))
    field = tf.image.resize(grid, tf.shape(trimap)[:2], method="bicubic")[0]
    low, high = _PATCH_SHARE
    ranked = tf.sort(tf.reshape(field, [-1]), direction="DESCENDING")
    last = tf.cast((low + share * (high - low)) * tf.cast(tf.size(field), tf.float32), tf.int32)
    return tf.where(field > ranked[last], tf.constant(UNKNOWN, trimap.dtype), trimap)


def _span(occupied: tf.Tensor, margin: int | tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Start and end of what is occupied, with a margin; everything where nothing is."""
    length = tf.shape(occupied)[0]
    first = tf.argmax(occupied, output_type=tf.int32)
    end = length - tf.argmax(occupied[::-1], output_type=tf.int32)
    return tf.maximum(first - margin, 0), tf.minimum(end + margin, length)


def _trimap_of_box(
    alpha: tf.Tensor,
    kernel: int | tf.Tensor,
    erosion_kernel: int | tf.Tensor,
    mode: Literal["dilate_erode", "dilate"],
) -> tf.Tensor:
    empty, full = tf.equal(alpha, 0), tf.equal(alpha, 255)
    not_empty_near = _any_in_window(tf.logical_not(empty), kernel, (kernel - 1) // 2)
    unknown = tf.logical_or(
        tf.logical_not(tf.logical_or(empty, full)), tf.logical_and(empty, not_empty_near)
    )
    if mode == "dilate_erode":
        not_full_near = _any_in_window(tf.logical_not(full), erosion_kernel, erosion_kernel // 2)
        unknown = tf.logical_or(unknown, tf.logical_and(full, not_full_near))
    known = tf.where(full, tf.constant(FOREGROUND, tf.uint8), tf.constant(BACKGROUND, tf.uint8))
    return tf.where(unknown, tf.constant(UNKNOWN, tf.uint8), known)


def _any_in_window(
    pixels: tf.Tensor, kernel: int | tf.Tensor, before: int | tf.Tensor
) -> tf.Tensor:
    """Whether the window from `before` pixels up and left of each pixel holds a True one."""
    after = kernel - 1 - before
    padded = tf.pad(pixels, [[before, after], [before, after]])

    def widen(found: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # A window of size + step is the union of two windows of `size`, `step` apart.
        step = tf.minimum(size, kernel - size)
        return tf.logical_or(found[step:], found[:-step]), size + step

    def slide_down(found: tf.Tensor) -> tf.Tensor:
        return tf.while_loop(
            lambda _, size: size < kernel,
            widen,
            [found, tf.constant(1)],
            shape_invariants=[tf.TensorShape([None, None]), tf.TensorShape([])],
        )[0]

    found = tf.transpose(slide_down(tf.transpose(slide_down(padded))))
    return found
