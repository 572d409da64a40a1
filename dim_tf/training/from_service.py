"""Batches that may not come: of a data service that is gone, of a disk that hangs.

tf.data waits for them without end, deaf to signals. No TensorFlow here.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from dim_tf.training.cluster import answers

# Seconds between two looks at the service and at signals, and how long neither a batch nor an
# answer may come, or no batch behind a signal.
_PAUSE, _PATIENCE = 1.0, 10.0


class NoBatchError(Exception):
    """The service makes none any more."""


def next_batch(batches: Iterator[Any], asked_to_stop: Callable[[], bool], service: str = "") -> Any:
    """The next batch.

    Args:
        batches: that are made.
        asked_to_stop: whether a signal came.
        service: that makes them, grpc://HOST:PORT; empty where this process does.

    Returns:
        It; None where a signal came and no batch for a while behind it. Then, as after an error,
        nothing more can be had of these batches.

    Raises:
        NoBatchError: there has been neither a batch nor an answer of the service for a while.
        Exception: what `next(batches)` raises.
    """
    came: queue.SimpleQueue = queue.SimpleQueue()

    def fetch() -> None:
        try:
            came.put((next(batches), None))
        except Exception as error:
            came.put((None, error))

    # A daemon: where it waits for ever, it must not keep the process.
    threading.Thread(target=fetch, daemon=True).start()
    answered = unasked = time.monotonic()
    while True:
        with contextlib.suppress(queue.Empty):
            batch, error = came.get(timeout=_PAUSE)
            if error:
                raise error
            return batch
        now = time.monotonic()
        if not service or answers(service.partition("://")[2]):
            answered = now
        if not asked_to_stop():
            unasked = now
        if now - answered > _PATIENCE:
            raise NoBatchError("it does not answer")
        if now - unasked > _PATIENCE:
            return None
