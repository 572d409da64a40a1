"""Runs what lets go of Python's lock, as NumPy, SciPy and OpenCV do, on all cores."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
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
