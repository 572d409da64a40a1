"""How long a run has been training, over all its parts, and what is due when."""

import time


class Clock:
    """Counts seconds between `start` and `stop`, on top of those of the parts before."""

    def __init__(self, before: float = 0.0) -> None:
        """Args: before: seconds counted by earlier parts."""
        self._before = before
        self._began: float | None = None

    def start(self) -> None:
        """Begins to count."""
        self._began = time.monotonic()

    def stop(self) -> None:
        """Counts no more."""
        self._before, self._began = self.seconds, None

    @property
    def seconds(self) -> float:
        """What was counted so far."""
        running = 0.0 if self._began is None else time.monotonic() - self._began
        return self._before + running


class Interval:
    """What is due every so many seconds of a clock."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        """Args: clock: that counts. seconds: between two times; the first is a full one away."""
        self._clock = clock
        self._seconds = seconds
        self._next = clock.seconds + seconds

    def is_due(self) -> bool:
        """Whether it is, once each time."""
        if self._clock.seconds < self._next:
            return False
        self._next = self._clock.seconds + self._seconds
        return True
