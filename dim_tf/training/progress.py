"""What a run tells: the loss log, the status line, and alarms."""

import contextlib
import csv
import io
import logging
import math
import os
import re
import shutil
import sys
import time
from collections import deque
from collections.abc import Collection
from pathlib import Path

import absl.logging
import numpy as np

from dim_tf.system.errors import InputError
from dim_tf.system.files import put_aside, write_bytes, writing
from dim_tf.system.jobs import bar_beside, could_show

LOSS_LOG_NAME = "loss_log.csv"
LOSS_LOG_COLUMNS = (
    "step",
    "total_loss",
    "alpha_loss",
    "comp_loss",
    "unknown_error",
    "mean_unknown_alpha",
    "learning_rate",
)
# Behind these, in runs that have such a loss.
FURTHER_COLUMNS = ("certainty_loss", "laplacian_loss")
_ZEROS = re.compile("\0+")
# Means of the prediction below and above which it counts as all black and all white.
_BLACK, _WHITE = 0.02, 0.98
_SECONDS_BETWEEN_DRAWINGS = 1.0
_GAP = "  "  # between the parts of a status line


class LossLog:
    """One CSV row per step, exact to the last bit of a float32.

    A run that resumes at a step cuts off the rows behind it, so that no step stands there twice. A
    log of which rows before it cannot be read is put aside.
    Rows that are older than a column have nothing there.

    Attributes:
        kept: the rows up to that step.
    """

    def __init__(self, run_dir: Path, step: int, further: Collection[str] = ()) -> None:
        """Begins or goes on with the log of a run.

        Args:
            run_dir: of the run.
            step: after which it goes on; 0 at its beginning.
            further: of `FURTHER_COLUMNS`, those it has.

        Raises:
            InputError: the log cannot be read.
            WriteError: it cannot be written.
        """
        self._path = run_dir / LOSS_LOG_NAME
        self._columns = (*LOSS_LOG_COLUMNS, *(name for name in FURTHER_COLUMNS if name in further))
        rows, others = _rows_and_others(self._path)
        self.kept = [row for row in rows if row["step"] <= step]
        missing = step - len({row["step"] for row in self.kept})
        if others and missing > 0:
            absl.logging.warning(
                "%s is damaged, and %d of its %d steps cannot be read. As it was it is called %s.",
                *(self._path, missing, step, put_aside(self._path).name),
            )
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.kept)
        write_bytes(self._path, text.getvalue().encode())
        with writing(self._path):
            self._file = self._path.open("a", encoding="utf-8", newline="")
        self._writer = csv.DictWriter(self._file, self._columns, lineterminator="\n")

    def append(self, values: dict[str, float]) -> None:
        """Adds the row of a step; it reaches the disk with the next `flush`.

        Raises:
            WriteError: there is no room for it.
        """
        with writing(self._path):
            self._writer.writerow({name: values[name] for name in self._columns})

    def flush(self) -> None:
        """Brings all rows to the disk; called before every checkpoint.

        Raises:
            WriteError: there is no room for them.
        """
        with writing(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Writes what is left, if there is room, and closes the file."""
        with contextlib.suppress(OSError):  # the rows behind the last checkpoint can be spared
            self._file.close()


def read_loss_log(run_dir: Path) -> list[dict[str, float]]:
    """The complete rows of a run's loss log; empty where there is none.

    Raises:
        InputError: it cannot be read.
    """
    return _rows_and_others(run_dir / LOSS_LOG_NAME)[0]


def _rows_and_others(path: Path) -> tuple[list[dict[str, float]], int]:
    """The rows of a loss log, and how many of its lines are none.

    Raises:
        InputError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}; move it away, and the same command "
            "goes on."
        ) from None
    # A killed process can leave half a line behind, and a disk zeros in the place of a block: what
    # is left of the rows on both sides must not be taken for one.
    complete = _ZEROS.sub("?\n?", text[: text.rfind("\n") + 1])
    header, *lines = complete.splitlines() or [""]
    names = _fields(header)
    found = [_row(names, _fields(line)) for line in lines]
    rows = [row for row in found if row]
    return rows, len(found) - len(rows) + (names[:1] != list(LOSS_LOG_COLUMNS[:1]))


def _fields(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # longer than a field may be
        return []


def _row(names: list[str], fields: list[str]) -> dict[str, float] | None:
    """A row of the log, or None where the line was not written by this program."""
    row = dict(zip(names, fields, strict=False))
    columns = (*LOSS_LOG_COLUMNS, *(name for name in FURTHER_COLUMNS if row.get(name)))
    try:
        values = {name: float(row[name]) for name in columns}
        return values | {"step": int(values["step"])}
    except (KeyError, ValueError, OverflowError):
        return None


class CollapseAlarm:
    """Warns when the prediction has been all black or all white for many steps.

    The blog met this without batch norm: the sigmoid saturates and nothing is learned any more.
    """

    def __init__(self, steps: int = 200) -> None:
        self._recent: deque[float] = deque(maxlen=steps)

    def update(self, mean_unknown_alpha: float) -> str | None:
        """Takes the mean prediction on unknown pixels of a step; returns a warning or None."""
        self._recent.append(mean_unknown_alpha)
        if len(self._recent) < self._recent.maxlen:
            return None
        if max(self._recent) < _BLACK:
            colour = "black"
        elif min(self._recent) > _WHITE:
            colour = "white"
        else:
            return None
        steps = len(self._recent)
        self._recent.clear()
        return (
            f"The prediction has been all {colour} for {steps} steps. Usual causes: no batch norm "
            "(--nobatch_norm) with a learning rate above 1e-5, or no initial weights "
            "(--vgg_weights) for the encoder."
        )


class StatusLine:
    """A bar on stderr, drawn anew each second; where that is no terminal, a line now and then.

    Where stderr does not take it nothing is shown from then on.
    """

    def __init__(self, show: bool, every: int) -> None:
        """Args: whether to show anything; how many steps lie between lines without a terminal."""
        self._show = show
        self._every = every
        self._is_terminal = sys.stderr.isatty()
        self._drawn = -math.inf
        self._is_drawn = False
        # Those that are there now: at the end they are to lose what they get here.
        self._handlers = list(logging.getLogger().handlers) if show and self._is_terminal else []
        for handler in self._handlers:
            handler.addFilter(self._make_room)

    def _make_room(self, _: logging.LogRecord) -> bool:
        """Before something is logged: it would stand behind the bar. The bar comes back below."""
        if self._is_drawn:
            self._show = could_show("\r\x1b[K", end="")
            self._is_drawn, self._drawn = False, -math.inf
        return True

    def is_due(self, step: int, steps: int) -> bool:
        """Whether this step of so many is to be shown."""
        if not self._show or step == steps:
            return self._show
        if self._is_terminal:
            return time.monotonic() - self._drawn >= _SECONDS_BETWEEN_DRAWINGS
        return step % self._every == 0

    def update(self, step: int, steps: int, means: dict[str, float], step_time: float) -> None:
        """Shows where the run is: loss and error as means, step time, time left."""
        minutes = (steps - step) * step_time / 60
        left = f"{minutes / 60:.1f} h" if minutes > 90 else f"{minutes:.0f} min"
        told = [
            f"step {step}/{steps}",
            f"loss {means['total_loss']:.4f}",
            f"unknown error {means['unknown_error']:.4f}",
            f"{step_time:.2f} s/step",
            f"{left} left",
        ]
        if self._is_terminal:
            self._drawn, self._is_drawn = time.monotonic(), True
            columns = shutil.get_terminal_size().columns
            while len(_GAP.join(told)) >= columns and len(told) > 1:
                del told[-2]  # step and time left are what stays
            bar = bar_beside(len(_GAP + _GAP.join(told)), step, steps)
            shown = _GAP.join([bar, *told] if bar else told)
            self._show = could_show(f"\r{shown}\x1b[K", end="")
        else:
            self._show = could_show(_GAP.join(told))

    def close(self) -> None:
        """Ends the line."""
        for handler in self._handlers:
            handler.removeFilter(self._make_room)
        if self._is_drawn:
            could_show("")


def mean_of(rows: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each value over rows of the loss log, `step` left out.

    Steps that were skipped because they are not finite do not count; of none, the mean is NaN.
    """
    in_all = (name for name in FURTHER_COLUMNS if all(name in row for row in rows))
    names = (*LOSS_LOG_COLUMNS[1:], *in_all)
    finite = [row for row in rows if all(math.isfinite(row[name]) for name in names)]
    return {
        name: float(np.mean([row[name] for row in finite])) if finite else math.nan
        for name in names
    }
