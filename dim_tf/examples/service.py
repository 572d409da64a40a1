"""Examples that another process makes: tf.data service."""

import tensorflow as tf

_LAST_NUMBER = 2**62
OUT_OF_ORDER = "The data service gave another element than was due."


def served(examples: tf.data.Dataset, address: str) -> tf.data.Dataset:
    """The same elements in the same order, made by a tf.data service.

    Args:
        examples: endless, and of operations that can be serialised.
        address: of a dispatcher, as `grpc://HOST:PORT`. It must have one worker: with several,
            elements would come several times, and iteration raises `InvalidArgumentError` with
            `OUT_OF_ORDER` at the first that does.
    """
    numbers = tf.data.Dataset.range(_LAST_NUMBER)
    service = tf.data.experimental.service
    from_service = tf.data.Dataset.zip(numbers, examples).apply(
        service.distribute(processing_mode=service.ShardingPolicy.OFF, service=address)
    )

    def in_order(due: tf.Tensor, element: tuple) -> dict[str, tf.Tensor]:
        number, example = element
        tf.debugging.assert_equal(number, due, OUT_OF_ORDER)
        return example

    return (
        tf.data.Dataset.zip(numbers, from_service)
        .map(in_order)
        .apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
        .prefetch(2)
    )
