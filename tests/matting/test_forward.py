import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from dim_tf.matting.forward import SIZES_PER_THREAD, ForwardPass

ANY_SIZE = [tf.TensorSpec([None, None, None, 4], tf.float32)]


def pictures(sides):
    random = np.random.default_rng(0)
    return [random.uniform(-120, 255, (1, side, 32, 4)).astype(np.float32) for side in sides]


def test_it_is_the_function(tiny_model):
    """Also when a size comes again after its thread is gone."""
    function = tiny_model._forward.function
    forward = ForwardPass(function)
    sides = [32 * number for number in range(1, SIZES_PER_THREAD + 3)]
    for picture in pictures([*sides, 32, 64]):
        np.testing.assert_array_equal(forward(picture), function(picture))


def test_every_op_runs_on_one_thread_that_is_replaced_after_a_few_sizes():
    """Its thread is where TensorFlow keeps what it prepared for a size."""

    def thread_of_two_ops(inputs):
        def thread(_):
            return np.float32([threading.get_native_id()])

        return tf.concat([tf.numpy_function(thread, [inputs], tf.float32) for _ in "ab"], axis=0)

    forward = ForwardPass(tf.function(thread_of_two_ops, ANY_SIZE, autograph=False))

    def thread_of(side):
        first, second = forward(np.zeros((1, side, 1, 4), np.float32)).numpy()
        assert first == second != threading.get_native_id()
        return first

    few = [thread_of(side) for side in range(1, SIZES_PER_THREAD + 1)]
    assert set(few) == {thread_of(1)}
    assert thread_of(SIZES_PER_THREAD + 1) != few[0]


def test_what_goes_wrong_in_a_pass_reaches_the_caller():
    def refuse(inputs):
        with tf.control_dependencies([tf.debugging.Assert(False, ["no"])]):
            return tf.identity(inputs)

    with pytest.raises(tf.errors.InvalidArgumentError):
        ForwardPass(tf.function(refuse, ANY_SIZE, autograph=False))(pictures([8])[0])


def test_several_threads_get_what_one_gets():
    """Of more sizes than its thread keeps, so that it is replaced while others wait for it."""
    forward = ForwardPass(tf.function(lambda inputs: inputs * 2, ANY_SIZE, autograph=False))
    inputs = pictures([8 + number % 50 for number in range(2000)])
    with ThreadPoolExecutor(8) as pool:
        for picture, output in zip(inputs, pool.map(forward, inputs), strict=True):
            np.testing.assert_array_equal(output, picture * 2)
