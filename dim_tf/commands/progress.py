"""A bar over the pictures of a folder, with the time left."""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt} ({elapsed} gone, {remaining} left)"

Job = TypeVar("Job")


@contextlib.contextmanager
def under_bar(jobs: Iterable[Job], label: str, count: int) -> Iterator[Iterable[Job]]:
    """Shows on stderr how far a loop is; what the block prints goes above the bar.

    Nothing is shown where stderr is no terminal, or of fewer than two jobs.

    Args:
        jobs: what the loop goes over.
        label: in front of the bar.
        count: how many these are.

    Yields:
        The jobs, to loop over.
    """
    if count < 2 or not sys.stderr.isatty():
        yield jobs
        return
    from tqdm import tqdm
    from tqdm.contrib import DummyTqdmFile

    terminal = sys.stderr
    shown = tqdm(
        jobs,
        desc=label,
        total=count,
        file=terminal,
        leave=False,
        dynamic_ncols=True,
        bar_format=_FORMAT,
    )
    with contextlib.ExitStack() as stack:
        bar = stack.enter_context(shown)
        stack.enter_context(contextlib.redirect_stderr(DummyTqdmFile(terminal)))
        if sys.stdout.isatty():  # the same one: a line would stand in the middle of the bar
            stack.enter_context(contextlib.redirect_stdout(DummyTqdmFile(terminal)))
        yield bar
