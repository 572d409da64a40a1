"""Convolution of stride 1 and its transposed sister of stride 2, each computed in the way that is
fast on this processor.
"""

import contextlib
import contextvars
import os
from collections.abc import Callable, Iterator

import tensorflow as tf

from dim_tf.system.processor import has_bfloat16_instructions, processor_flags

# From here on the filter gradient is one large product already.
_MANY_CHANNELS = 256
_plainly = contextvars.ContextVar("plainly", default=False)


@contextlib.contextmanager
def plain_convolutions() -> Iterator[None]:
    """Inside, nothing here depends on the processor: for graphs that others and runtimes run."""
    before = _plainly.set(True)
    try:
        yield
    finally:
        _plainly.reset(before)


def convolve(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Convolution of stride 1, padding SAME.

    Where that is faster (`gradient_kernels_are_faster`, float32, odd kernels), it is computed by
    `convolve_by_gradients`, which differs from `tf.nn.conv2d` by rounding only; and bfloat16 goes
    through float32 (`bfloat16_is_faster_through_float32`).

    Args:
        x: [B, H, W, C] float.
        kernel: [K, K, C, D] of x's dtype.

    Returns:
        [B, H, W, D] of x's dtype.
    """
    kernel = tf.convert_to_tensor(kernel)
    if x.dtype == tf.bfloat16 and bfloat16_is_faster_through_float32():
        return through_float32(convolve, x, kernel)
    if x.dtype == tf.float32 and kernel.shape[0] % 2 and gradient_kernels_are_faster():
        return convolve_by_gradients(x, kernel)
    return tf.nn.conv2d(x, kernel, 1, "SAME")


def convolve_transposed(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Transposed convolution of stride 2, padding SAME: doubles height and width.

    Args:
        x: [B, H, W, C] float.
        kernel: [K, K, D, C] of x's dtype.

    Returns:
        [B, 2H, 2W, D] of x's dtype.
    """
    kernel = tf.convert_to_tensor(kernel)
    if x.dtype == tf.bfloat16 and bfloat16_is_faster_through_float32():
        return through_float32(convolve_transposed, x, kernel)
    batch, height, width, _ = tf.unstack(tf.shape(x))
    shape = tf.stack([batch, 2 * height, 2 * width, kernel.shape[2]])
    return tf.nn.conv2d_transpose(x, kernel, shape, strides=2, padding="SAME")


def bfloat16_is_faster_through_float32() -> bool:
    """Whether a product of bfloat16 is best computed in float32 and rounded once, here.

    That is so on a PC's processor without instructions for bfloat16 (measured by
    `benchmarks/convolutions.py`), never on a GPU or within `plain_convolutions`; of others it is
    not known. The instructions multiply the same values and add them in float32 as well, so
    results and gradients differ by the order of the sums only.
    """
    return (
        not _plainly.get()
        and "avx2" in processor_flags()
        and not has_bfloat16_instructions()
        and not tf.config.list_physical_devices("GPU")
    )


def through_float32(
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], x: tf.Tensor, kernel: tf.Tensor
) -> tf.Tensor:
    """A convolution of bfloat16 values, in float32 and rounded once, its gradients alike."""
    return tf.cast(function(tf.cast(x, tf.float32), tf.cast(kernel, tf.float32)), x.dtype)


def gradient_kernels_are_faster() -> bool:
    """Whether `convolve_by_gradients` is the faster way here.

    That is so with oneDNN on a processor that has AVX2 but not AVX-512 (measured in
    `benchmarks/convolutions.py`), and never within `plain_convolutions`. TensorFlow leaves oneDNN
    off there unless `TF_ENABLE_ONEDNN_OPTS=1` asks for it, as train.py does.
    """
    return (
        not _plainly.get()
        and os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1"
        and "avx2" in processor_flags()
        and "avx512f" not in processor_flags()
        and not tf.config.list_physical_devices("GPU")
    )


@tf.custom_gradient
def convolve_by_gradients(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Convolution of stride 1, padding SAME, as the input gradient of another convolution.

    With the kernel turned by 180° and its channels exchanged, the two are the same function.
    Without AVX-512, oneDNN's input gradient is about twice as fast as its convolution, because it
    brings its operands into the layout that its kernels like. The filter gradient is computed as
    matrix products.

    Args:
        x: [B, H, W, C] float.
        kernel: [K, K, C, D] of x's dtype, K odd.

    Returns:
        [B, H, W, D] of x's dtype.
    """

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _input_gradient(upstream, kernel), _filter_gradient(x, upstream, kernel.shape)

    turned = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2])
    return _input_gradient(x, turned), gradient


def _input_gradient(upstream: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    shape = tf.concat([tf.shape(upstream)[:3], [kernel.shape[2]]], axis=0)
    result = tf.raw_ops.Conv2DBackpropInput(
        input_sizes=shape,
        filter=kernel,
        out_backprop=upstream,
        strides=[1, 1, 1, 1],
        padding="SAME",
    )
    result.set_shape([*upstream.shape[:3], kernel.shape[2]])
    return result


def _filter_gradient(x: tf.Tensor, upstream: tf.Tensor, shape: tf.TensorShape) -> tf.Tensor:
    size, _, inputs, outputs = shape
    if min(inputs, outputs) >= _MANY_CHANNELS or size == 1:
        return tf.raw_ops.Conv2DBackpropFilter(
            input=x,
            filter_sizes=shape,
            out_backprop=upstream,
            strides=[1, 1, 1, 1],
            padding="SAME",
        )
    # Of the two, the one with fewer channels is shifted: the copies are what it costs.
    if outputs <= inputs:
        products = _shifted_products(upstream, x, size)
        return tf.transpose(tf.reverse(products, [0, 1]), [0, 1, 3, 2])
    return _shifted_products(x, upstream, size)


def _shifted_products(shifted: tf.Tensor, still: tf.Tensor, size: int) -> tf.Tensor:
    """Sums over all pixels p of shifted[p + (i, j) − size // 2] · still[p], zeros outside.

    Shifts along a row are copies side by side in the channels; of those, a shift of rows is a
    slice, since rows follow one another in memory.

    Args:
        shifted: [B, H, W, C].
        still: [B, H, W, D].
        size: how many shifts in either direction, odd.

    Returns:
        [size, size, C, D].
    """
    batch, height, width, _ = tf.unstack(tf.shape(still))
    channels, others, radius = shifted.shape[-1], still.shape[-1], size // 2
    padded = tf.pad(shifted, [[0, 0], [radius, radius], [radius, radius], [0, 0]])
    # Rows of zeros between the images of a batch, so that shifts do not reach into the next.
    still = tf.pad(still, [[0, 0], [0, size - 1], [0, 0], [0, 0]])
    columns = tf.concat([padded[:, :, j : j + width] for j in range(size)], axis=-1)
    columns = tf.reshape(columns, [-1, size * channels])
    still = tf.reshape(still, [-1, others])
    count = batch * (height + size - 1) * width
    rows = [
        tf.matmul(columns[i * width :], still[: count - i * width], transpose_a=True)
        for i in range(size)
    ]
    return tf.reshape(tf.stack(rows), [size, size, channels, others])
