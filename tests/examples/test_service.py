"""Examples of a tf.data service: the same, in the same order."""

import numpy as np
import pytest
import tensorflow as tf

from dim_tf.examples.service import OUT_OF_ORDER, served

service = tf.data.experimental.service


def worker_of(dispatcher):
    return service.WorkerServer(
        service.WorkerConfig(dispatcher.target.partition("://")[2], heartbeat_interval_ms=50)
    )


def numbers():
    """Endless batches, which take their time now and then."""
    return tf.data.Dataset.range(2**40).map(
        lambda number: {"number": tf.random.stateless_uniform([2, 3], [number, 1])},
        num_parallel_calls=4,
    )


def test_the_same_elements_come_in_the_same_order():
    dispatcher = service.DispatchServer()
    with_one = worker_of(dispatcher)
    from_service = served(numbers(), dispatcher.target)
    assert from_service.element_spec == numbers().element_spec
    assert from_service.cardinality() == tf.data.INFINITE_CARDINALITY
    pairs = zip(from_service.take(200), numbers().take(200), strict=True)
    for actual, expected in pairs:
        np.testing.assert_array_equal(actual["number"], expected["number"])
    del with_one


def test_a_second_worker_is_noticed():
    dispatcher = service.DispatchServer()
    workers = [worker_of(dispatcher) for _ in range(2)]
    with pytest.raises(tf.errors.InvalidArgumentError, match=OUT_OF_ORDER):
        for _ in served(numbers(), dispatcher.target).take(5000):
            pass
    del workers
