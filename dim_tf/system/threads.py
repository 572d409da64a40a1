"""Runs what lets go of Python's lock, as NumPy, SciPy and OpenCV do, on all cores."""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """`function` of every item, in their order, on as many threads as there are cores.

    Raises:
        Exception: the first that `function` raises.
    """
    with ThreadPoolExecutor(usable_cores()) as threads:
        return list(threads.map(function, items))


def in_order_ahead(
    function: Callable[[_Item], _Result],
    items: Iterable[_Item],
    threads: int,
    ahead: int,
    at_end: Callable[[], object] = lambda: None,
) -> Generator[_Result]:
    """`function` of every item, in their order, computed before it is asked for.

    Ended early, by closing it or by an interrupt, it begins no more of them and waits for those
    that are under way.

    Args:
        function: of one item.
        items: one after the other.
        threads: so many are under way at once.
        ahead: so many are begun at most before the first of them is taken, so that results do not
            pile up where they are taken slowly.
        at_end: called when no more are wanted, before those that are under way are waited for: it
            may have them end sooner.

    Yields:
        Each result.

    Raises:
        Exception: what `function` raises, in the place of its result.
    """
    begun: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                if len(begun) == ahead:
                    yield begun.popleft().result()
                begun.append(pool.submit(function, item))
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
            at_end()


class Room:
    """Room for so much at once; what is larger than all of it goes in alone."""

    def __init__(self, size: int) -> None:
        """Begins empty."""
        self._size = size
        self._taken = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, amount: int) -> Iterator[None]:
        """Waits until there is room for so much, and takes it for the block."""
        amount = min(amount, self._size)
        with self._changed:
            self._changed.wait_for(lambda: self._taken + amount <= self._size)
            self._taken += amount
        try:
            yield
        finally:
            with self._changed:
                self._taken -= amount
                self._changed.notify_all()
