"""Signals that ask a run to stop."""

import signal
import time
from typing import Any

from dim_tf.system.signals import signals_to_end

# Whoever ends a program may send several signals at once, or the same twice, as `timeout` and a
# terminal that is closed do. Only one that comes so much later, in seconds, is meant as another.
_SECONDS_TO_ANOTHER = 2.0


class StopSignals:
    """Notes SIGTERM, SIGHUP and Ctrl-C while the block runs, so that a step can finish first.

    Another one later is answered as it was before the block, which ends the program at once.

    Attributes:
        received: whether one came.
        number: of the last one; SIGTERM before any came, as of a stop that another worker asks for.
    """

    def __enter__(self) -> "StopSignals":
        self.received = False
        self.number = signal.SIGTERM
        self._first = 0.0
        self._previous = {
            number: signal.signal(number, self._note)
            for number in (*signals_to_end(), signal.SIGINT)
        }
        return self

    def _note(self, number: int, frame: Any) -> None:
        now = time.monotonic()
        if self.received and now - self._first > _SECONDS_TO_ANOTHER:
            self.__exit__()
            signal.raise_signal(number)
            return
        if not self.received:
            self._first = now
        self.received = True
        self.number = signal.Signals(number)

    def __exit__(self, *error: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
