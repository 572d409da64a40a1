"""The report's tables, in Markdown, and its CSV."""

import csv
import io
import math
from collections.abc import Iterable, Sequence

import numpy as np

from dim_tf.ablations.arms import ARMS, Scale
from dim_tf.ablations.claims import (
    CUTOUTS,
    CUTOUTS_AVERAGED,
    CUTOUTS_RELEASED,
    HELD_OUT,
    HELD_OUT_AVERAGED,
    HELD_OUT_BATCH,
    HELD_OUT_DILATE,
    HELD_OUT_FIRST,
    HELD_OUT_RELEASED,
    JUDGED,
    MEASURES,
    TRAINING,
    VALIDATION,
    Row,
)
from dim_tf.ablations.judging import Finding
from dim_tf.ablations.records import Record, Records, values_of_common_seeds
from dim_tf.ablations.statistics import Interval, deviation
from dim_tf.ablations.words import Words
from dim_tf.evaluation.kinds import kind_of_composite
from dim_tf.synthetic import DEFAULT_KINDS

SET_TITLES = {
    HELD_OUT: "held-out composites, the last step",
    HELD_OUT_DILATE: "held-out composites, trimaps by dilation only",
    HELD_OUT_BATCH: "held-out composites, batch norm with the image's own statistics",
    HELD_OUT_FIRST: "held-out composites, before the refinement stage",
    HELD_OUT_AVERAGED: "held-out composites, averaged weights",
    HELD_OUT_RELEASED: "held-out composites, averaged weights, batch norm's averages anew",
    CUTOUTS: "held-out composites of real cut-outs",
    CUTOUTS_AVERAGED: "held-out composites of real cut-outs, averaged weights",
    CUTOUTS_RELEASED: "held-out composites of real cut-outs, averaged weights, batch norm's "
    "averages anew",
    VALIDATION: "photographs with true mattes",
    TRAINING: "training examples",
}
_TITLES = {"unknown_mae": "error", "SAD": "SAD", "MSE": "MSE", "Grad": "Grad"}
_DECIMALS = {"unknown_mae": 4, "SAD": 2, "MSE": 4, "Grad": 2}
NOTHING = "–"
# p-values below this are told as below it.
_SMALLEST_CHANCE = 0.001


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a line for each row."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def seeds_cell(values: Iterable[float | None], decimals: int) -> str:
    """The mean over seeds, and their standard deviation where there are several."""
    values = [value for value in values if value is not None]
    if not values:
        return NOTHING
    mean = f"{np.mean(values):.{decimals}f}"
    return f"{mean} ± {deviation(values):.{decimals}f}" if len(values) > 1 else mean


def interval_cell(words: Words, interval: Interval, decimals: int = 4, sign: str = "+") -> str:
    """Mean and 95 % interval."""
    if math.isnan(interval.mean):
        return NOTHING
    mean = f"{interval.mean:{sign}.{decimals}f}"
    if math.isnan(interval.low):
        return f"{mean} [{words('one seed')}]"
    return f"{mean} [{interval.low:{sign}.{decimals}f}, {interval.high:{sign}.{decimals}f}]"


def finding_cell(words: Words, finding: Finding) -> str:
    """What was found of a claim, with its interval."""
    if not finding.by_seed:
        return NOTHING
    if finding.claim.rule == "all black":
        values = seeds_cell(finding.by_seed.values(), 2)
        return words(
            "{black} of {runs} runs; share of black predictions {values}; the same mean for every "
            "picture in {same}",
            black=finding.black_runs,
            runs=len(finding.by_seed),
            values=values,
            same=finding.same_runs,
        )
    if finding.claim.rule == "fits one sample":
        values = interval_cell(words, finding.interval, sign="")
        return words("error on the sample {values}", values=values)
    return interval_cell(words, finding.interval)


def percent_cell(words: Words, finding: Finding) -> str:
    """A difference in percent of what it is compared with."""
    if not finding.by_seed or not finding.is_difference or not finding.reference > 0:
        return NOTHING
    return share_cell(words, finding.interval, finding.reference)


def share_cell(words: Words, interval: Interval, reference: float) -> str:
    """A difference and its interval in percent of an error."""
    percent = Interval(*(100 * value / reference for value in interval))
    return f"{interval_cell(words, percent, 1)} %"


def chance_cell(chance: float) -> str:
    """A p-value."""
    if math.isnan(chance):
        return NOTHING
    return f"< {_SMALLEST_CHANCE}" if chance < _SMALLEST_CHANCE else f"{chance:.3f}"


def effect_cell(finding: Finding) -> str:
    """The mean difference in standard deviations over seeds."""
    if not finding.is_difference or math.isnan(finding.effect_size):
        return NOTHING
    return f"{finding.effect_size:+.1f}"


def smallest_cell(finding: Finding) -> str:
    """The smallest change that the seeds would have shown."""
    if not finding.is_difference or math.isnan(finding.smallest_seen):
        return NOTHING
    return f"{100 * finding.smallest_seen:.1f} %"


def crossed_table(
    words: Words,
    records: Records,
    head: Sequence[str],
    lines: Sequence[tuple[str, Sequence[tuple[str, str]]]],
) -> str:
    """The error where two switches are crossed, on the seeds that all of its cells have.

    Args:
        words: of the language.
        records: of all arms.
        head: titles of the columns, the first one's included.
        lines: title of a line, and arm and set of pictures for each of its cells.
    """
    values = values_of_common_seeds(records, [one for _, ones in lines for one in ones])
    cells = iter([seeds_cell(one, 4) for one in values])
    title, *titles = head
    counted = words("{title}; seeds: {count}", title=title, count=len(values[0]))
    return markdown_table(
        [counted, *titles], [[title, *(next(cells) for _ in ones)] for title, ones in lines]
    )


def errors_table(
    words: Words, row: Row, scale: Scale, records: Records, judged_on: str
) -> str | None:
    """The errors of a row's arms on a set of pictures; None where no arm was measured on it."""
    lines = []
    for name in row.arms_at(scale):
        runs = [run for run in records[name].values() if run.errors_on(judged_on)]
        if runs:
            cells = [
                seeds_cell([run.value(judged_on, measure) for run in runs], _DECIMALS[measure])
                for measure in MEASURES
            ]
            black = seeds_cell([run.black_share(judged_on) for run in runs], 2)
            lines.append([words(ARMS[name].label), str(len(runs)), *cells, black])
    if not lines:
        return None
    measures = (words(_TITLES[name]) for name in MEASURES)
    title = words(SET_TITLES[judged_on])
    return markdown_table([title, words("seeds"), *measures, words("black")], lines)


def training_table(words: Words, row: Row, scale: Scale, records: Records) -> str:
    """Steps and error on training examples of a row's arms."""
    lines = []
    for name in row.arms_at(scale):
        runs = list(records[name].values())
        label = words(ARMS[name].label)
        if not runs:
            lines.append([label, words("not run yet"), *[NOTHING] * 2])
            continue
        lines.append(
            [
                label,
                ", ".join(map(str, records[name])),
                ", ".join(map(str, sorted({run.steps for run in runs}))),
                seeds_cell([run.training_error for run in runs], 4),
            ]
        )
    head = ("arm", "seeds", "steps", "training error")
    return markdown_table([words(title) for title in head], lines)


def kinds_table(words: Words, row: Row, scale: Scale, records: Records) -> str | None:
    """The error of a row's arms on held-out composites by kind of matte.

    Means over the seeds that all of them have.
    """
    names = [
        name
        for name in row.arms_at(scale)
        if any(run.errors_on(JUDGED) for run in records[name].values())
    ]
    if not names:
        return None

    ones = [(name, JUDGED) for name in names]
    found = {kind: values_of_common_seeds(records, ones, (kind,)) for kind in DEFAULT_KINDS}
    count = max(len(values[0]) for values in found.values())
    lines = [[words(kind), *(seeds_cell(one, 4) for one in found[kind])] for kind in found]
    labels = (words(ARMS[name].label) for name in names)
    title = words("{title}; seeds: {count}", title=words("kind of matte"), count=count)
    return markdown_table([title, *labels], lines)


def results_csv(records: Records) -> str:
    """All errors as CSV, a line for each run, set of pictures and kind of matte."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    times = ("seconds", "processor_seconds", "step_seconds")
    writer.writerow(["arm", "seed", "steps", *times, "set", "kind", *MEASURES, "black_share"])
    for runs in records.values():
        for run in runs.values():
            about = [run.arm, run.seed, run.steps, *(getattr(run, name) for name in times)]
            writer.writerow([*about, TRAINING, "all", _digits(run.training_error), *[""] * 4])
            for judged_on in run.errors:
                for kind in ("all", *_kinds(run, judged_on)):
                    kinds = () if kind == "all" else (kind,)
                    values = [run.value(judged_on, measure, kinds) for measure in MEASURES]
                    black = run.black_share(judged_on) if kind == "all" else ""
                    writer.writerow([*about, judged_on, kind, *map(_digits, values), black])
    return text.getvalue()


def _kinds(run: Record, judged_on: str) -> list[str]:
    """Kinds of matte of a set, or the sources of its cut-outs; none of photographs."""
    if judged_on == VALIDATION:
        return []
    pictures = run.errors[judged_on]["pictures"]
    return list(dict.fromkeys(kind_of_composite(name) for name in pictures))


def _digits(value: float) -> str:
    return f"{value:.6g}"
