"""Runs many independent jobs over processes, with a progress bar. No TensorFlow here."""

import contextlib
import dataclasses
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import cv2

from dim_tf.system.errors import InputError
from dim_tf.system.signals import leave_terminal_to_parent
from dim_tf.system.threads import usable_cores

_BAR_WIDTH, _NARROWEST_BAR = 30, 5


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a job that writes files: how many, or a sentence why not."""

    index: int
    written: int = 0
    present: int = 0
    refusal: str = ""


def bar_beside(text_length: int, done: int, total: int) -> str:
    """A bar that shows how far something is, as long as the terminal has room for it in one row.

    A line that wraps could not be drawn over.

    Args:
        text_length: of what else stands in the row.
        done: of `total`.
        total: at least 1.
    """
    room = shutil.get_terminal_size().columns - 1 - text_length
    width = min(room, _BAR_WIDTH) if room >= _NARROWEST_BAR else 0
    filled = width * done // total
    return "=" * filled + "." * (width - filled)


def could_show(text: str, end: str = "\n") -> bool:
    """Prints on stderr, and says whether that was possible.

    A closed terminal or a full disk below it are no reason to end what is shown there.
    """
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        return False
    return True


class ProgressBar:
    """A bar on stderr; where that is no terminal, a line at every tenth of the way.

    Where stderr does not take it nothing is shown from then on.

    Attributes:
        label: what is counted.
        total: how many there will be.
        show: False prints nothing.
    """

    def __init__(self, label: str, total: int, show: bool = True) -> None:
        self.label = label
        self.total = total
        self.show = show and total > 0
        self._done = 0
        self._begun = time.monotonic()
        self._drawn = 0.0
        self._is_terminal = sys.stderr.isatty()

    def advance(self) -> None:
        """Counts one more and draws, at most ten times a second."""
        self._done += 1
        if not self.show:
            return
        if self._is_terminal:
            now = time.monotonic()
            if self._done == self.total or now - self._drawn > 0.1:
                self._drawn = now
                bar = bar_beside(len(self._text("")) + 1, self._done, self.total)
                end = "\n" if self._done == self.total else ""
                self.show = could_show(f"\r{self._text(bar)}\x1b[K", end)
        elif 10 * self._done // self.total > 10 * (self._done - 1) // self.total:
            self.show = could_show(self._text(""))

    def _text(self, bar: str) -> str:
        elapsed = time.monotonic() - self._begun
        left = elapsed / self._done * (self.total - self._done)
        counts = f"{self._done}/{self.total}"
        times = f"{_duration(elapsed)} gone, {_duration(left)} left"
        return " ".join(word for word in (f"{self.label}:", bar, counts, f"({times})") if word)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def run_jobs(
    function: Callable[[Any], Any],
    jobs: Sequence[Any],
    receive: Callable[[Any], None],
    workers: int,
    label: str,
    progress: bool,
) -> None:
    """Hands `function(job)` of every job to `receive`, in the order in which they finish.

    Ctrl-C, an error of a job and an error of `receive` all let the running jobs finish their
    files and drop the others.

    Args:
        function: of a module, so that another process can import it.
        jobs: picklable.
        receive: called in this process.
        workers: processes; 0 takes one per core, 1 stays in this process.
        label: in front of the progress bar.
        progress: whether to show it.

    Raises:
        InputError: a process died; any error of a job or of `receive` passes through.
    """
    bar = ProgressBar(label, len(jobs), progress)
    workers = min(workers or usable_cores(), len(jobs))
    if workers <= 1:
        for job in jobs:
            receive(function(job))
            bar.advance()
        return
    # Spawned, not forked: the caller may have TensorFlow's threads running.
    with _interrupts_postponed():  # Python starts a process of its own, to clean up behind these
        executor = ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), initializer=prepare_worker
        )
    try:
        with _interrupts_postponed():  # a process that still starts cannot answer Ctrl-C well
            futures = [executor.submit(function, job) for job in jobs]
        for future in as_completed(futures):
            receive(future.result())
            bar.advance()
    except BrokenProcessPool:
        raise InputError(
            f"A process died at the step {label!r}, perhaps for lack of memory; run again with "
            "fewer --workers, what is finished is kept."
        ) from None
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


class Tally:
    """Runs jobs that write files and adds up their outcomes.

    Attributes:
        written: files written.
        present: files that were there already.
        refusals: one sentence for each thing refused, in an order that does not depend on which
            job ends first.
    """

    def __init__(
        self, workers: int, progress: bool, strict: bool, refusals: Iterable[str] = ()
    ) -> None:
        """Begins at nothing.

        Args:
            workers: see `run_jobs`.
            progress: the same.
            strict: whether a refusal ends the run.
            refusals: sentences about what was refused before.
        """
        self.written = 0
        self.present = 0
        self.refusals = list(refusals)
        self._workers = workers
        self._progress = progress
        self._strict = strict

    def run(self, function: Callable[[Any], Outcome], jobs: Sequence[Any], label: str) -> set[int]:
        """Runs jobs and counts what they did.

        Returns:
            The indices of those refused.

        Raises:
            InputError: see `run_jobs`; and with `strict` the first refusal.
        """
        refused: dict[int, str] = {}

        def count(outcome: Outcome) -> None:
            self.written += outcome.written
            self.present += outcome.present
            if outcome.refusal:
                if self._strict:
                    raise InputError(outcome.refusal)
                refused[outcome.index] = outcome.refusal

        run_jobs(function, jobs, count, self._workers, label, self._progress)
        self.refusals += [refused[index] for index in sorted(refused)]
        return set(refused)


@contextlib.contextmanager
def _interrupts_postponed() -> Iterator[None]:
    """Ctrl-C and SIGHUP wait until the end of the block; processes begun in it never see one."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def prepare_worker() -> None:
    """Makes a process that works for others: one thread, deaf to Ctrl-C, gone with its parent."""
    cv2.setNumThreads(1)  # the processes already take all cores
    leave_terminal_to_parent()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Without this, workers of a killed parent would wait for jobs for ever."""
    multiprocessing.parent_process().join()
    os._exit(1)
