"""How long a run took, over all its parts where it was stopped and went on."""

import json
import time
from pathlib import Path
from typing import NamedTuple

from dim_tf.system.files import write_bytes

_NAME = "times.json"


class Times(NamedTuple):
    """Time of a run, seconds.

    Attributes:
        clock: by the clock. A machine that does other things meanwhile makes it more.
        processor: of this process, summed over the cores.
    """

    clock: float
    processor: float


class Stopwatch:
    """Runs from its making on, on top of what was saved in a run's folder before."""

    def __init__(self, run_dir: Path) -> None:
        """Args: the folder of the run; it need not be there yet."""
        self._path = run_dir / _NAME
        self._earlier = _read(self._path)
        self._started = time.perf_counter(), time.process_time()

    def times(self) -> Times:
        """The time until now, all parts together."""
        now = time.perf_counter(), time.process_time()
        return Times(
            *(
                earlier + end - start
                for earlier, start, end in zip(self._earlier, self._started, now, strict=True)
            )
        )

    def save(self) -> None:
        """Keeps the time for the part of the run that comes next.

        Raises:
            InputError: the file cannot be written.
        """
        write_bytes(self._path, json.dumps(self.times()._asdict()).encode())

    def forget(self) -> None:
        """Lets the next run in this folder begin at nothing."""
        self._path.unlink(missing_ok=True)


def _read(path: Path) -> Times:
    """Nothing where there is nothing to read: a run goes on, with a time that is too short."""
    try:
        times = Times(**json.loads(path.read_bytes()))
        return Times(float(times.clock), float(times.processor))
    except (OSError, ValueError, TypeError):
        return Times(0.0, 0.0)
