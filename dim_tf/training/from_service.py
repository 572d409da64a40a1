"""Batches that a data service makes, and what is done where none come any more.

tf.data waits for a service that is gone without end, deaf to signals. No TensorFlow here.
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


def next_of_service(batches: Iterator[Any], url: str, asked_to_stop: Callable[[], bool]) -> Any:
    """The next batch.

    Args:
        batches: that the service makes.
        url: of the service, grpc://HOST:PORT.
        asked_to_stop: whether a signal came.

    Returns:
        It; None where a signal came and no batch for a while behind it. Then, as after an error,
        nothing more can be had of these batches.

    Raises:
        NoBatchError: there has been neither a batch nor an answer for a while.
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
        if answers(url.partition("://")[2]):
            answered = now
        if not asked_to_stop():
            unasked = now
        if now - answered > _PATIENCE:
            raise NoBatchError("it does not answer")
        if now - unasked > _PATIENCE:
            return None
