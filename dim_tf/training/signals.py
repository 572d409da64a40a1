"""Signals that ask a run to stop."""

import signal
from typing import Any

from dim_tf.system.signals import signals_to_end


class StopSignals:
    """Notes SIGTERM, SIGHUP and Ctrl-C while the block runs, so that a step can finish first.

    Attributes:
        received: whether one came.
        number: of the last one; SIGTERM before any came, as of a stop that another worker asks for.
    """

    def __enter__(self) -> "StopSignals":
        self.received = False
        self.number = signal.SIGTERM
        self._previous = {
            number: signal.signal(number, self._note)
            for number in (*signals_to_end(), signal.SIGINT)
        }
        return self

    def _note(self, number: int, frame: Any) -> None:
        self.received = True
        self.number = signal.Signals(number)

    def __exit__(self, *error: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
