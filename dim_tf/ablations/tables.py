"""The report's tables, in Markdown, and its CSV."""

import csv
import io
import math
from collections.abc import Iterable, Sequence

import numpy as np

from dim_tf.ablations.arms import ARMS
from dim_tf.ablations.claims import (
    HELD_OUT,
    HELD_OUT_BATCH,
    HELD_OUT_DILATE,
    TRAINING,
    VALIDATION,
    Row,
)
from dim_tf.ablations.drift import CROP_SIDES
from dim_tf.ablations.judging import Finding, Interval
from dim_tf.ablations.records import MEASURES, Record, Records
from dim_tf.synthetic import DEFAULT_KINDS

SET_TITLES = {
    HELD_OUT: "held-out composites",
    HELD_OUT_DILATE: "held-out composites, trimaps by dilation only",
    HELD_OUT_BATCH: "held-out composites, batch norm with the image's own statistics",
    VALIDATION: "photographs with true mattes",
    TRAINING: "training examples",
}
_TITLES = {"unknown_mae": "error", "SAD": "SAD", "MSE": "MSE", "Grad": "Grad"}
_DECIMALS = {"unknown_mae": 4, "SAD": 2, "MSE": 4, "Grad": 2}
_NOTHING = "–"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a line for each row."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def seeds_cell(values: Iterable[float | None], decimals: int) -> str:
    """The mean, and the value of each seed in brackets."""
    values = [value for value in values if value is not None]
    if not values:
        return _NOTHING
    each = ", ".join(f"{value:.{decimals}f}" for value in values)
    return f"{np.mean(values):.{decimals}f} ({each})"


def _median(seconds: Iterable[float | None]) -> str:
    measured = [value for value in seconds if value is not None]
    return f"{np.median(measured):.3f}" if measured else _NOTHING


def interval_cell(interval: Interval, decimals: int = 4, sign: str = "+") -> str:
    """Mean and 95 % interval."""
    if math.isnan(interval.mean):
        return _NOTHING
    mean = f"{interval.mean:{sign}.{decimals}f}"
    if math.isnan(interval.low):
        return f"{mean} [one seed]"
    return f"{mean} [{interval.low:{sign}.{decimals}f}, {interval.high:{sign}.{decimals}f}]"


def finding_cell(finding: Finding) -> str:
    """What was found of a claim, with its interval."""
    rule = finding.claim.rule
    if rule == "all black":
        if not finding.by_seed:
            return _NOTHING
        return f"share of black predictions {seeds_cell(finding.by_seed.values(), 2)}"
    if rule == "fits one sample":
        return f"error on the sample {interval_cell(finding.interval, sign='')}"
    text = interval_cell(finding.interval)
    if finding.by_seed and finding.reference > 0:
        text += f", {100 * finding.interval.mean / finding.reference:+.1f} %"
    return text


def crossed_table(
    records: Records, head: Sequence[str], lines: Iterable[tuple[str, Sequence[tuple[str, str]]]]
) -> str:
    """The error where two switches are crossed.

    Args:
        records: of all arms.
        head: titles of the columns, the first one's included.
        lines: title of a line, and arm and set of pictures for each of its cells.
    """

    def cell(name: str, judged_on: str) -> str:
        return seeds_cell([run.value(judged_on) for run in records[name].values()], 4)

    return markdown_table(head, [[title, *(cell(*one) for one in ones)] for title, ones in lines])


def errors_table(row: Row, records: Records, judged_on: str) -> str | None:
    """The errors of a row's arms on a set of pictures; None where no arm was measured on it."""
    lines = []
    for name in row.arms:
        runs = [run for run in records[name].values() if judged_on in run.errors]
        if runs:
            cells = [
                seeds_cell([run.value(judged_on, measure) for run in runs], _DECIMALS[measure])
                for measure in MEASURES
            ]
            black = seeds_cell([run.black_share(judged_on) for run in runs], 2)
            lines.append([ARMS[name].label, *cells, black])
    if not lines:
        return None
    head = [f"{SET_TITLES[judged_on]}", *(_TITLES[name] for name in MEASURES), "black"]
    return markdown_table(head, lines)


def training_table(row: Row, records: Records) -> str:
    """Steps, time and error on training examples of a row's arms.

    The time is the median of the seeds, since a machine may do other things beside one of them.
    """
    lines = []
    for name in row.arms:
        runs = list(records[name].values())
        if runs:
            lines.append(
                [
                    ARMS[name].label,
                    ", ".join(map(str, records[name])),
                    ", ".join(map(str, sorted({run.steps for run in runs}))),
                    _median(run.step_seconds for run in runs),
                    seeds_cell([run.training_error for run in runs], 4),
                ]
            )
        else:
            lines.append([ARMS[name].label, "not run yet", *[_NOTHING] * 3])
    return markdown_table(
        ["arm", "seeds", "steps", "seconds a step, median of seeds", "training error"], lines
    )


def kinds_table(row: Row, records: Records) -> str | None:
    """The error of a row's arms on held-out composites by kind of matte, means over seeds."""
    names = [
        name for name in row.arms if any(HELD_OUT in run.errors for run in records[name].values())
    ]
    if not names:
        return None

    def cell(name: str, kind: str) -> str:
        values = [run.value(HELD_OUT, kinds=(kind,)) for run in records[name].values()]
        values = [value for value in values if value is not None]
        return f"{np.mean(values):.4f}" if values else _NOTHING

    lines = [[kind, *(cell(name, kind) for name in names)] for kind in DEFAULT_KINDS]
    return markdown_table(["kind of matte", *(ARMS[name].label for name in names)], lines)


def drift_table(drift: dict) -> str:
    """The drift by kind of matte and crop, grey levels."""
    sides = drift["grey levels"]
    lines = [
        [
            kind,
            *(f"{value:.2f}" for side in CROP_SIDES for value in sides[str(side)][kind]),
        ]
        for kind in DEFAULT_KINDS
    ]
    head = [
        f"{side}: {name}" for side in CROP_SIDES for name in ("mean", "99th percentile", "largest")
    ]
    return markdown_table(["kind of matte", *head], lines)


def results_csv(records: Records) -> str:
    """All errors as CSV, a line for each run, set of pictures and kind of matte."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["arm", "seed", "steps", "seconds", "step_seconds", "set", "kind", *MEASURES, "black_share"]
    )
    for runs in records.values():
        for run in runs.values():
            about = [run.arm, run.seed, run.steps, run.seconds, run.step_seconds]
            writer.writerow([*about, TRAINING, "all", _digits(run.training_error), *[""] * 4])
            for judged_on in run.errors:
                for kind in ("all", *_kinds(run, judged_on)):
                    kinds = () if kind == "all" else (kind,)
                    values = [run.value(judged_on, measure, kinds) for measure in MEASURES]
                    black = run.black_share(judged_on) if kind == "all" else ""
                    writer.writerow([*about, judged_on, kind, *map(_digits, values), black])
    return text.getvalue()


def _kinds(run: Record, judged_on: str) -> list[str]:
    if judged_on == VALIDATION:
        return []
    return [kind for kind in DEFAULT_KINDS if run.value(judged_on, kinds=(kind,)) is not None]


def _digits(value: float) -> str:
    return f"{value:.6g}"
