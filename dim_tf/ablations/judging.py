"""From records to verdicts: paired differences, their tests, and the rules."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from dim_tf.ablations.arms import Scale
from dim_tf.ablations.claims import (
    BLACK_SHARE,
    FITTED_BELOW,
    JUDGED,
    MOST_RUNS,
    NEARLY_ALL_RUNS,
    NO_EFFECT,
    Claim,
    Row,
)
from dim_tf.ablations.records import Records, values_by_seed
from dim_tf.ablations.statistics import (
    CONFIDENCE,
    POWER,
    Interval,
    chance_above,
    chance_below,
    chance_of_as_few,
    chance_of_as_many,
    counts_needed,
    deviation,
    holm,
    interval_of,
    smallest_effect,
)

LEVEL = 1 - CONFIDENCE
# A corrected p-value from here on decides by a hair.
NARROW_FROM = 0.8 * LEVEL
# Fewer seeds decide nothing: that two differences are alike can be an accident, and their interval
# is a dozen deviations wide.
ENOUGH_SEEDS = 3

HELD = "held"
HELD_SLIGHTLY = "held, by less than 5 %"
DID_NOT_HOLD = "did not hold"
UNDECIDED = "undecided"
NOT_RUN = "not run yet"
REPORTED = "only measured"
# What can come of a claim that was run and is judged.
VERDICTS = (HELD, HELD_SLIGHTLY, DID_NOT_HOLD, UNDECIDED)


class Finding(NamedTuple):
    """What came of a claim at a scale.

    Attributes:
        claim: judged.
        scale: of the arms.
        by_seed: seed → what is judged: the paired difference arm − against, the error on the one
            sample, or the share of black predictions.
        interval: of these.
        reference: mean value of `against` over the same seeds; NaN where there is none.
        chance_if_wrong: p-value of the claim: how often it would look as true if it were not.
        chance_if_right: p-value of its denial.
        corrected: p-value of the likelier of the two, two-sided and corrected for the number of
            claims that are judged together; NaN before `judge_all`.
        level: two-sided p-value, not corrected, that a claim which is still undecided had to reach.
        verdict: one of the constants above.
        same_runs: in how many runs the prediction has the same mean for every picture, where
            `by_seed` are shares of black predictions.
    """

    claim: Claim
    scale: Scale
    by_seed: dict[int, float]
    interval: Interval
    reference: float
    chance_if_wrong: float = math.nan
    chance_if_right: float = math.nan
    corrected: float = math.nan
    level: float = LEVEL
    verdict: str = NOT_RUN
    same_runs: int = 0

    @property
    def is_difference(self) -> bool:
        """Whether `by_seed` are differences of errors."""
        return self.claim.rule not in ("all black", "fits one sample")

    @property
    def black_runs(self) -> int:
        """How many runs ended all black, where `by_seed` are shares of black predictions."""
        return sum(share > BLACK_SHARE for share in self.by_seed.values())

    @property
    def effect_size(self) -> float:
        """The mean difference in standard deviations over seeds (Cohen's d of pairs)."""
        spread = deviation(list(self.by_seed.values()))
        return self.interval.mean / spread if spread > 0 else math.nan

    @property
    def smallest_seen(self) -> float:
        """The smallest share of the reference that these seeds show in 4 of 5 series."""
        values = list(self.by_seed.values())
        return smallest_effect(deviation(values), len(values), self.level) / self.reference

    @property
    def outlier(self) -> int | None:
        """The seed that alone makes the spread, None where there is none.

        Its difference is further from the median than five times that of any other of four or more,
        and by more than is no effect.
        """
        median = float(np.median(list(self.by_seed.values())))
        away = {seed: abs(value - median) for seed, value in self.by_seed.items()}
        *others, last = sorted(away, key=lambda seed: away[seed])
        stands_out = len(others) >= 4 and away[last] > 5 * away[others[-1]]
        stands_out &= away[last] > NO_EFFECT * self.reference
        return last if stands_out else None

    @property
    def seeds_needed(self) -> tuple[int, int] | None:
        """How many seeds would decide on a change of 5 % of the reference in 4 of 5 series.

        At least and at most, as the spread is known from so few; None where it is not.
        """
        values = list(self.by_seed.values())
        # Of no effect both sides are to be excluded, each nine times in ten.
        power = 1 - (1 - POWER) / 2 if self.claim.rule == "no effect" else POWER
        return counts_needed(NO_EFFECT * self.reference, values, self.level, power)

    @property
    def seeds_needed_for_seen(self) -> tuple[int, int] | None:
        """As `seeds_needed`, for a change as large as the one seen; None if that may be nothing."""
        if self.claim.rule == "no effect" or self.interval.low <= 0 <= self.interval.high:
            return None
        return counts_needed(self.interval.mean, list(self.by_seed.values()), self.level)

    @property
    def is_narrow(self) -> bool:
        """Whether it is decided by so little that one claim more could have left it undecided."""
        return NARROW_FROM <= self.corrected <= LEVEL


def measure_claim(claim: Claim, scale: Scale, records: Records) -> Finding:
    """Measures a claim on the seeds that both of its arms were run with; it is not judged yet."""
    name, other = claim.arms_at(scale)
    if claim.rule == "all black":
        by_seed = {
            seed: share
            for seed, record in records[name].items()
            if (share := record.black_share(claim.judged_on)) is not None
        }
        same = sum(
            records[name][seed].has_the_same_mean_for_all(claim.judged_on) for seed in by_seed
        )
        finding = Finding(claim, scale, by_seed, _interval(by_seed), math.nan, same_runs=same)
        return _with_chances(finding, ())
    arm = _values(records, name, claim, claim.judged_on)
    against = _values(records, other, claim, claim.against_on or claim.judged_on)
    seeds = sorted(arm.keys() & against.keys())
    reference = _values(records, other, claim._replace(minus_kinds=()), claim.against_on or None)
    reference = float(np.mean([reference[seed] for seed in seeds])) if seeds else math.nan
    is_difference = claim.rule != "fits one sample"
    by_seed = {seed: arm[seed] - against[seed] * is_difference for seed in seeds}
    finding = Finding(claim, scale, by_seed, _interval(by_seed), reference)
    return _with_chances(finding, [against[seed] for seed in seeds])


def _interval(by_seed: dict[int, float]) -> Interval:
    return interval_of(by_seed.values())


def _values(records: Records, arm: str, claim: Claim, judged_on: str | None) -> dict[int, float]:
    judged_on = judged_on or claim.judged_on
    values = values_by_seed(records, arm, judged_on, claim.kinds, claim.measure)
    if not claim.minus_kinds:
        return values
    others = values_by_seed(records, arm, judged_on, claim.minus_kinds, claim.measure)
    return {seed: values[seed] - others[seed] for seed in values.keys() & others.keys()}


def measured_on(finding: Finding, judged_on: str, records: Records) -> Finding | None:
    """The same measured on another set, which is not judged; None for what is about a set."""
    claim = finding.claim
    if claim.judged_on != JUDGED or claim.against_on:
        return None
    return measure_claim(claim._replace(judged_on=judged_on), finding.scale, records)


def _with_chances(finding: Finding, against: Sequence[float]) -> Finding:
    """Adds the p-values of the claim and of its denial, by the rule of the claim.

    They are wrong for different true means, so that at most one of them can be.
    """
    values = list(finding.by_seed.values())
    tolerance = NO_EFFECT * finding.reference
    rule = finding.claim.rule
    if rule == "worse":  # it is; it is not, or by less than the tolerance
        wrong, right = chance_below(values, 0.0), chance_above(values, tolerance)
    elif rule == "better":
        wrong, right = chance_above(values, 0.0), chance_below(values, -tolerance)
    elif rule == "not needed":
        wrong, right = chance_below(values, -tolerance), chance_above(values, -tolerance)
    elif rule == "no effect":
        wrong = max(chance_below(values, -tolerance), chance_above(values, tolerance))
        right = min(chance_above(values, -tolerance), chance_below(values, tolerance))
    elif rule == "all black":
        # Shares that lie at 0 and 1 are far from normal: counted is how many runs end black.
        black = finding.black_runs
        wrong = chance_of_as_many(black, len(values), MOST_RUNS)
        right = chance_of_as_few(black, len(values), NEARLY_ALL_RUNS)
        # Both can be small where there are many runs: the smaller one counts.
        if values:
            wrong, right = (wrong, 1.0) if wrong < right else (1.0, right)
    elif rule == "fits one sample":
        wrong, right = chance_above(values, FITTED_BELOW), chance_below(values, FITTED_BELOW)
        if not interval_of(against).high < FITTED_BELOW:  # nothing was fitted: too few steps
            wrong = right = 1.0 if len(values) > 1 else math.nan
    else:
        wrong = right = math.nan
    return finding._replace(chance_if_wrong=wrong, chance_if_right=right)


def judge_all(rows: Iterable[Row], records: Records) -> dict[int, list[Finding]]:
    """Measures all claims of all rows at all scales and judges them together.

    Corrected by Holm for their number, run or not yet, are the p-values of the claims of a scale
    that decide rows, and those of the claims that do not.

    Returns:
        Number of the row → its findings, claim by claim, the short scale first.
    """
    findings = [
        (row.number, measure_claim(claim, scale, records))
        for row in rows
        for claim in row.claims
        for scale in claim.scales
    ]
    together: dict[tuple, list[int]] = {}
    for place, (_, finding) in enumerate(findings):
        together.setdefault(_judged_with(finding), []).append(place)
    verdicts: dict[int, Finding] = {}
    for places in together.values():
        some = _judged_together([findings[place][1] for place in places])
        verdicts |= zip(places, some, strict=True)
    judged: dict[int, list[Finding]] = {row.number: [] for row in rows}
    for place, (number, _) in enumerate(findings):
        judged[number].append(verdicts[place])
    return judged


def _judged_with(finding: Finding) -> tuple:
    """What findings that are judged together have in common."""
    return finding.scale, finding.claim.counts, finding.claim.rule == "reported"


def _judged_together(findings: Sequence[Finding]) -> list[Finding]:
    """The findings with their verdicts."""
    chances = [
        2 * min(finding.chance_if_wrong, finding.chance_if_right)
        if len(finding.by_seed) >= ENOUGH_SEEDS
        else math.nan
        for finding in findings
    ]
    corrected = holm(chances)
    decided = sum(one.chance <= LEVEL for one in corrected)
    level = LEVEL / max(1, len(findings) - decided)
    judged = []
    for finding, one in zip(findings, corrected, strict=True):
        finding = finding._replace(corrected=one.chance, level=level)
        judged.append(finding._replace(verdict=_verdict(finding, LEVEL / one.factor)))
    return judged


def _verdict(finding: Finding, level: float) -> str:
    if not finding.by_seed:
        return NOT_RUN
    if finding.claim.rule == "reported":
        return REPORTED
    if not finding.corrected <= LEVEL:  # NaN with too few seeds
        return UNDECIDED
    # Worse, and not by as much as 5 %: both can be certain.
    held, denied = (
        2 * chance <= level for chance in (finding.chance_if_wrong, finding.chance_if_right)
    )
    if held:
        return HELD_SLIGHTLY if denied else HELD
    return DID_NOT_HOLD


def verdict_together(verdicts: Iterable[str]) -> str:
    """The verdict on claims that are one: all of them must hold."""
    verdicts = list(verdicts)
    for verdict in (DID_NOT_HOLD, NOT_RUN, UNDECIDED, HELD_SLIGHTLY):
        if verdict in verdicts:
            return verdict
    return HELD


def verdict_of_row(findings: Iterable[Finding], scale: Scale) -> str | None:
    """The verdict on a row at a scale; None where nothing of it was run there."""
    verdicts = [
        finding.verdict
        for finding in findings
        if finding.scale == scale and finding.claim.decides_row
    ]
    if all(verdict == NOT_RUN for verdict in verdicts):
        return None
    return verdict_together(verdicts)
