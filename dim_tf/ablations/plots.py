"""The report's plots. matplotlib is an optional extra, imported only when something is drawn."""

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dim_tf.ablations.arms import ARMS
from dim_tf.ablations.judging import Finding
from dim_tf.ablations.records import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 100


def draw_curves(names: Sequence[str], records: Records) -> bytes | None:
    """The error on training examples over the steps, for arms that were run.

    Every seed is a thin line, their mean a thick one.

    Returns:
        A PNG, or None where there are none.
    """
    if not names:
        return None
    figure = _figure(8, 4)
    axes = figure.add_subplot()
    for number, name in enumerate(names):
        curves = [record.curve for record in records[name].values()]
        for curve in curves:
            axes.plot(
                curve["step"], curve["unknown_error"], color=f"C{number}", alpha=0.35, linewidth=0.8
            )
        if len({tuple(curve["step"]) for curve in curves}) == 1:
            mean = np.mean([curve["unknown_error"] for curve in curves], axis=0)
            label = ARMS[name].label
            axes.plot(curves[0]["step"], mean, color=f"C{number}", linewidth=2, label=label)
    axes.set_xlabel("step")
    axes.set_ylabel("error on unknown pixels of training examples")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return _png(figure)


def draw_differences(findings: Sequence[tuple[str, Finding]]) -> bytes | None:
    """Paired differences in percent of the error they are compared with: seeds and 95 % intervals.

    Args:
        findings: label and finding, from top to bottom.

    Returns:
        A PNG, or None where there is no difference to show.
    """
    findings = [pair for pair in findings if pair[1].by_seed and pair[1].reference > 0]
    if not findings:
        return None
    figure = _figure(9, 1.2 + 0.36 * len(findings))
    axes = figure.add_subplot()
    for place, (_, finding) in enumerate(findings):
        percent = 100 / finding.reference
        values = [percent * value for value in finding.by_seed.values()]
        axes.plot(values, [place] * len(values), "o", color="C0", alpha=0.5, markersize=4)
        axes.plot([percent * finding.interval.mean], [place], "|", color="black", markersize=12)
        if not math.isnan(finding.interval.low):
            ends = [percent * finding.interval.low, percent * finding.interval.high]
            axes.plot(ends, [place, place], color="black", linewidth=1)
    axes.axvline(0, color="grey", linewidth=0.8)
    axes.set_yticks(range(len(findings)), [label for label, _ in findings], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("change of the error, percent; to the right is worse")
    axes.grid(alpha=0.3, axis="x")
    return _png(figure)


def _figure(width: float, height: float) -> "Figure":
    # The class itself, not pyplot: no window system and no state between figures.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=_DPI, layout="constrained")


def _png(figure: "Figure") -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
