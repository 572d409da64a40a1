"""What the replicas of a tf.distribute strategy, one on each device, make together."""

from typing import TypeVar

import tensorflow as tf

# Many small messages take longer than few large ones; a large one begins late, when its last
# gradient is there.
_PACKED = tf.distribute.experimental.CommunicationOptions(bytes_per_pack=2**23)

Values = TypeVar("Values", tf.Tensor, list[tf.Tensor])


def sum_over_replicas(value: Values) -> Values:
    """The sum of what each replica has; with one replica, or outside of any, the value itself.

    Every replica gets the same bits.

    Args:
        value: of the same shape on every replica, float32 or an integer; or a list of such.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    return context.all_reduce(tf.distribute.ReduceOp.SUM, value, _PACKED)


def replicas() -> int:
    """How many replicas do the same step, this one included."""
    context = tf.distribute.get_replica_context()
    return 1 if context is None else context.num_replicas_in_sync
