"""What the replicas of a tf.distribute strategy, one on each device, make together."""

import tensorflow as tf


def sum_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """The sum of what each replica has; with one replica, or outside of any, the value itself.

    Every replica gets the same bits.

    Args:
        value: of the same shape on every replica, float32 or an integer.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    return context.all_reduce(tf.distribute.ReduceOp.SUM, value)


def replicas() -> int:
    """How many replicas do the same step, this one included."""
    context = tf.distribute.get_replica_context()
    return 1 if context is None else context.num_replicas_in_sync
