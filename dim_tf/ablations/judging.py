"""From records to verdicts: paired differences with their intervals, and the rules."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from dim_tf.ablations.claims import (
    BLACK_SHARE,
    FITTED_BELOW,
    HELD_OUT,
    NO_EFFECT,
    Claim,
)
from dim_tf.ablations.records import Records

CONFIDENCE = 0.95

HELD = "held"
DID_NOT_HOLD = "did not hold"
UNDECIDED = "undecided at this scale"
NOT_RUN = "not run yet"
REPORTED = "only measured"


class Interval(NamedTuple):
    """A mean over seeds with its 95 % interval, Student's t; without one for fewer than two."""

    mean: float
    low: float
    high: float


class Finding(NamedTuple):
    """What came of a claim.

    Attributes:
        claim: judged.
        by_seed: seed → what is judged: the paired difference arm − against, the error on the one
            sample, or the share of black predictions.
        interval: of these.
        reference: mean value of `against` over the same seeds; NaN where there is none.
        verdict: one of the constants above.
    """

    claim: Claim
    by_seed: dict[int, float]
    interval: Interval
    reference: float
    verdict: str


def interval_of(values: Iterable[float]) -> Interval:
    """Mean and 95 % interval of independent values."""
    from scipy.stats import t

    values = np.array(list(values), float)
    if not values.size:
        return Interval(math.nan, math.nan, math.nan)
    mean = float(values.mean())
    if values.size < 2:
        return Interval(mean, math.nan, math.nan)
    half = (
        t.ppf(0.5 + CONFIDENCE / 2, values.size - 1) * values.std(ddof=1) / math.sqrt(values.size)
    )
    return Interval(mean, mean - float(half), mean + float(half))


def judge(claim: Claim, records: Records) -> Finding:
    """Measures a claim on the seeds that both of its arms were run with, and judges it."""
    if claim.rule == "all black":
        by_seed = {
            seed: share
            for seed, record in records[claim.arm].items()
            if (share := record.black_share(claim.judged_on)) is not None
        }
        return Finding(
            claim, by_seed, interval_of(by_seed.values()), math.nan, _black_verdict(by_seed)
        )
    arm = values_by_seed(records, claim.arm, claim.judged_on, claim.kinds)
    against = values_by_seed(
        records, claim.against, claim.against_on or claim.judged_on, claim.kinds
    )
    seeds = sorted(arm.keys() & against.keys())
    reference = float(np.mean([against[seed] for seed in seeds])) if seeds else math.nan
    if claim.rule == "fits one sample":
        by_seed = {seed: arm[seed] for seed in seeds}
        verdict = _fitted_verdict(by_seed.values(), [against[seed] for seed in seeds])
        return Finding(claim, by_seed, interval_of(by_seed.values()), reference, verdict)
    by_seed = {seed: arm[seed] - against[seed] for seed in seeds}
    interval = interval_of(by_seed.values())
    return Finding(
        claim, by_seed, interval, reference, difference_verdict(claim.rule, interval, reference)
    )


def values_by_seed(
    records: Records, arm: str, judged_on: str, kinds: tuple[str, ...] = ()
) -> dict[int, float]:
    """Seed → the value that claims are judged by, for the runs of an arm that have one."""
    values = {seed: record.value(judged_on, kinds=kinds) for seed, record in records[arm].items()}
    return {seed: value for seed, value in values.items() if value is not None}


def difference_verdict(rule: str, interval: Interval, reference: float) -> str:
    """The verdict on a paired difference of errors, arm − against.

    "worse" and "better" ask on which side of 0 the whole interval lies. "no effect" asks whether it
    lies within ±5 % of the reference or wholly outside. "not needed" says that the arm lowers the
    error by at most 5 %.

    Args:
        rule: of the claim.
        interval: of the difference.
        reference: error of `against`.
    """
    if math.isnan(interval.mean):
        return NOT_RUN
    if rule == "reported":
        return REPORTED
    if math.isnan(interval.low):
        return UNDECIDED
    tolerance = NO_EFFECT * reference
    low, high = interval.low, interval.high
    held, refuted = {
        "worse": (low > 0, high < 0),
        "better": (high < 0, low > 0),
        "no effect": (
            -tolerance <= low and high <= tolerance,
            low > tolerance or high < -tolerance,
        ),
        "not needed": (low >= -tolerance, high < -tolerance),
    }[rule]
    return HELD if held else DID_NOT_HOLD if refuted else UNDECIDED


def _black_verdict(by_seed: dict[int, float]) -> str:
    if not by_seed:
        return NOT_RUN
    black = [share >= BLACK_SHARE for share in by_seed.values()]
    if len(black) < 2 or any(black) != all(black):
        return UNDECIDED
    return HELD if all(black) else DID_NOT_HOLD


def _fitted_verdict(arm: Iterable[float], against: Iterable[float]) -> str:
    """Undecided also where the arm it is compared with did not fit its sample: too few steps."""
    arm, against = interval_of(arm), interval_of(against)
    if math.isnan(arm.mean):
        return NOT_RUN
    if math.isnan(arm.low) or not against.high < FITTED_BELOW:
        return UNDECIDED
    if arm.high < FITTED_BELOW:
        return HELD
    return DID_NOT_HOLD if arm.low > FITTED_BELOW else UNDECIDED


def verdict_together(verdicts: Iterable[str]) -> str:
    """The verdict on claims that are one: all of them must hold."""
    verdicts = [verdict for verdict in verdicts if verdict != REPORTED]
    if NOT_RUN in verdicts:
        return NOT_RUN
    if DID_NOT_HOLD in verdicts:
        return DID_NOT_HOLD
    return HELD if all(verdict == HELD for verdict in verdicts) else UNDECIDED


class Refinement(NamedTuple):
    """What refinement gains in error, and whether the drift matters to it; each over seeds."""

    gain_after: Interval
    gain_before: Interval
    difference: Interval  # gain_before − gain_after


def refinement_and_drift(records: Records) -> Refinement:
    """Row 9: the gain of refinement with and without drift, on the seeds that all four arms have.

    A gain is the error without refinement minus the error with it.
    """
    names = ("base", "refine", "composite_before", "refine_composite_before")
    base, refine, before, refine_before = (
        values_by_seed(records, name, HELD_OUT) for name in names
    )
    seeds = sorted(base.keys() & refine.keys() & before.keys() & refine_before.keys())
    gains_after = [base[seed] - refine[seed] for seed in seeds]
    gains_before = [before[seed] - refine_before[seed] for seed in seeds]
    differences = [b - a for a, b in zip(gains_after, gains_before, strict=True)]
    return Refinement(*map(interval_of, (gains_after, gains_before, differences)))
