"""Passes of a network over pictures of many sizes in memory that does not grow with their number.

TensorFlow keeps the convolutions that oneDNN prepared for a size with each thread that ran one, up
to 1,024 a thread, and has no switch for it. So a pass runs on one thread only, and that thread
makes way for another after a few sizes.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tensorflow as tf

# Photos of a few sizes in turn, or the tiles of one, find their convolutions prepared.
SIZES_PER_THREAD = 4


class ForwardPass:
    """A traced function of pictures, as a function that runs it on a thread of its own.

    Callers on several threads wait for each other.

    Attributes:
        function: with an input signature, from one float32 tensor to one.
    """

    def __init__(self, function: tf.types.experimental.PolymorphicFunction) -> None:
        self.function = function
        self._sizes: set[tuple[int, ...]] = set()
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._one_caller = threading.Lock()
        # Only oneDNN keeps something, and this executor does not serve several devices.
        self._steady = not tf.config.list_physical_devices("GPU")

    def __call__(self, inputs: np.ndarray) -> tf.Tensor:
        """The function of `inputs`, [B, H, W, C] float32."""
        if not self._steady:
            return self.function(inputs)
        with self._one_caller:
            if inputs.shape not in self._sizes and len(self._sizes) == SIZES_PER_THREAD:
                self._thread.shutdown()
                self._thread = ThreadPoolExecutor(max_workers=1)
                self._sizes.clear()
            self._sizes.add(inputs.shape)
            traced = self.function.get_concrete_function()
            return self._thread.submit(_run_on_this_thread, traced, inputs).result()


def _run_on_this_thread(
    traced: tf.types.experimental.ConcreteFunction, inputs: np.ndarray
) -> tf.Tensor:
    (output,) = tf.raw_ops.StatefulPartitionedCall(
        args=[tf.constant(inputs), *traced.captured_inputs],
        Tout=[tf.float32],
        f=traced,
        executor_type="SINGLE_THREADED_EXECUTOR",
    )
    return output
