"""What the workers of a run say to each other besides the sums of a step.

`dim_tf.training.cluster` says who they are. Where there is one process, nothing is said.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dim_tf import __version__
from dim_tf.system.errors import InputError
from dim_tf.training.cluster import Cluster

# What collectives raise when a worker does not answer any more.
_LOSSES = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
)
_TASK = re.compile(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)")


class Workers:
    """The processes that train together, as one of them sees it.

    Every method is called by all of them, in the same order.

    Attributes:
        cluster: who they are.
        strategy: of the run.
    """

    def __init__(self, cluster: Cluster, strategy: tf.distribute.Strategy) -> None:
        self.cluster = cluster
        self.strategy = strategy

    def check_alike(self, settings: dict[str, Any]) -> None:
        """Refuses workers that were not started alike.

        Args:
            settings: JSON values, of this worker.

        Raises:
            InputError: those of a worker are not the chief's.
        """
        settings = settings | {
            "devices": self.strategy.num_replicas_in_sync,
            "tensorflow": tf.__version__,
            "dim_tf": __version__,
        }
        own = json.loads(json.dumps(settings))
        chief = self.from_chief(lambda: own)
        different = [name for name in own if own[name] != chief.get(name)]
        numbers = np.zeros(len(self.cluster.addresses), np.int32)
        numbers[self.cluster.index] = bool(different)
        (others,) = np.nonzero(self._sum(numbers))
        if others.size:
            about = " and ".join(
                f"worker {worker} has {', '.join(f'{name}={has[name]}' for name in different)}"
                for worker, has in ((self.cluster.index, own), (0, chief))
            )
            raise InputError(
                f"{about if different else f'Worker {others[0]} was not started like worker 0'}; "
                "give all workers the same flags, data and versions."
            )

    def from_chief(self, value: Callable[[], Any]) -> Any:
        """What the chief's `value` returns, JSON values; the others' is not called."""
        if self.cluster.is_alone:
            return value()
        text = json.dumps(value()).encode() if self.cluster.is_chief else b""
        length = self._sum(np.array([len(text)], np.int32))[0]
        sent = np.zeros(length, np.int32)
        sent[: len(text)] = np.frombuffer(text, np.uint8)
        return json.loads(self._sum(sent).astype(np.uint8).tobytes())

    def take_from_chief(self, variables: Iterable[keras.Variable]) -> None:
        """Gives variables the values that the chief's have."""
        if self.cluster.is_alone:
            return
        for variable in variables:
            value = np.asarray(variable.numpy())
            variable.assign(self._sum(value if self.cluster.is_chief else np.zeros_like(value)))

    def agree_to_stop(self, this: bool, any_at_its_begin: bool) -> bool:
        """Whether all stop behind a step; nothing is said for it.

        Args:
            this: whether this process was asked to, up to now.
            any_at_its_begin: whether any was when it began the step, which all know behind it.
        """
        return any_at_its_begin or (this and self.cluster.is_alone)

    def wait(self) -> None:
        """Returns when all workers have come here."""
        self._sum(np.zeros(1, np.int32))

    def _sum(self, array: np.ndarray) -> np.ndarray:
        if self.cluster.is_alone:
            return array
        return self.strategy.reduce("SUM", tf.constant(array), axis=None).numpy()


@contextlib.contextmanager
def telling_of_lost_workers(cluster: Cluster) -> Iterator[None]:
    """Turns what TensorFlow raises in a run of several workers when one is lost into a sentence.

    Raises:
        InputError: it is.
    """
    try:
        yield
    except _LOSSES as error:
        if cluster.is_alone:
            raise
        raise InputError(
            f"{_named_in(str(error), cluster)} is lost: it has ended, or its machine or the "
            "network has. Look at what it said; the same commands, for all workers, go on from "
            "the last checkpoint."
        ) from None


def _named_in(message: str, cluster: Cluster) -> str:
    for job, number in _TASK.findall(message):
        task = cluster.index_of(job, int(number))
        if task != cluster.index:
            return f"Worker {task} ({cluster.addresses[task]})"
    return "Another worker"
