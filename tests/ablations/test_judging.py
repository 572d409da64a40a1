import math

import numpy as np
import pytest

from dim_tf.ablations.claims import ROWS, Claim
from dim_tf.ablations.judging import (
    DID_NOT_HOLD,
    HELD,
    NOT_RUN,
    REPORTED,
    UNDECIDED,
    Interval,
    difference_verdict,
    interval_of,
    judge,
    refinement_and_drift,
    verdict_together,
)


def test_the_interval_is_students_t():
    values = [0.3, 0.1, 0.5]
    # The 97.5 % quantile for 2 degrees of freedom, from a printed table.
    half = 4.302653 * math.sqrt(sum((value - 0.3) ** 2 for value in values) / 2) / math.sqrt(3)
    interval = interval_of(values)
    assert interval.mean == pytest.approx(0.3)
    assert interval.low == pytest.approx(0.3 - half, rel=1e-6)
    assert interval.high == pytest.approx(0.3 + half, rel=1e-6)
    assert math.isnan(interval_of([0.3]).low)
    assert math.isnan(interval_of([]).mean)


def test_95_percent_of_intervals_hold_the_truth():
    random = np.random.default_rng(1)
    intervals = [interval_of(random.normal(7, 3, 3)) for _ in range(4000)]
    share = np.mean([one.low <= 7 <= one.high for one in intervals])
    assert share == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize(
    "rule, low, high, verdict",
    [
        ("worse", 0.01, 0.2, HELD),
        ("worse", -0.2, -0.01, DID_NOT_HOLD),
        ("worse", -0.01, 0.2, UNDECIDED),
        ("better", 0.01, 0.2, DID_NOT_HOLD),
        ("better", -0.2, -0.01, HELD),
        ("better", -0.2, 0.01, UNDECIDED),
        ("no effect", -0.019, 0.019, HELD),  # 5 % of 0.4 is 0.02
        ("no effect", -0.021, 0.019, UNDECIDED),
        ("no effect", 0.021, 0.03, DID_NOT_HOLD),
        ("no effect", -0.03, -0.021, DID_NOT_HOLD),
        ("no effect", -0.03, 0.03, UNDECIDED),
        ("no effect", 0.005, 0.03, UNDECIDED),
        ("not needed", -0.019, 0.3, HELD),
        ("not needed", -0.03, -0.021, DID_NOT_HOLD),
        ("not needed", -0.03, -0.01, UNDECIDED),
        ("worse", math.nan, math.nan, UNDECIDED),  # one seed
        ("reported", 0.01, 0.2, REPORTED),
    ],
)
def test_the_rules(rule, low, high, verdict):
    middle = 0.1 if math.isnan(low) else (low + high) / 2
    assert difference_verdict(rule, Interval(middle, low, high), 0.4) == verdict
    assert difference_verdict(rule, interval_of([]), math.nan) == NOT_RUN


def test_differences_are_paired_by_seed(records_of):
    """The seeds differ more than the arms; taken seed by seed the difference is certain."""
    records = records_of(base=[0.10, 0.30, 0.50, 0.9], skip=[0.09, 0.29, 0.49])
    finding = judge(Claim("Better.", "skip", rule="better"), records)
    assert finding.by_seed == pytest.approx({1: -0.01, 2: -0.01, 3: -0.01})
    assert finding.reference == pytest.approx(0.3)  # not of the seed that skip was not run with
    assert finding.verdict == HELD
    assert judge(Claim("Worse.", "refine"), records).verdict == NOT_RUN


def test_kinds_are_told_apart(picture_errors, make_record, records_of):
    records = records_of(base=[0.1, 0.1])
    for seed in (1, 2):
        # Hair and fur stand first, hard last.
        errors = picture_errors([0.5 + 0.01 * seed, 0.7, *[0.1] * 9, 0.02])
        records["deconv"][seed] = make_record("deconv", seed, 0, errors={"held_out": errors})
    hair = judge(Claim("", "deconv", kinds=("hair", "fur")), records)
    assert hair.by_seed[1] == pytest.approx((0.51 + 0.7) / 2 - 0.1)
    assert hair.verdict == HELD
    hard = judge(Claim("", "deconv", kinds=("hard",)), records)
    assert (hard.by_seed[1], hard.verdict) == (pytest.approx(-0.08), DID_NOT_HOLD)


@pytest.mark.parametrize(
    "alphas, verdict",
    [
        ([0.01, 0.019], HELD),
        ([0.03, 0.5], DID_NOT_HOLD),
        ([0.01, 0.5], UNDECIDED),
        ([0.01], UNDECIDED),
        ([], NOT_RUN),
    ],
)
def test_all_black(alphas, verdict, make_record, records_of):
    records = records_of()
    for seed, alpha in enumerate(alphas, 1):
        records["no_batch_norm"][seed] = make_record("no_batch_norm", seed, 0.3, mean_alpha=alpha)
    assert judge(Claim("", "no_batch_norm", rule="all black"), records).verdict == verdict


@pytest.mark.parametrize(
    "unpool, deconv, verdict",
    [
        ([0.01, 0.011], [0.02, 0.021], HELD),
        ([0.01, 0.011], [0.20, 0.201], DID_NOT_HOLD),
        ([0.01, 0.011], [0.02, 0.201], UNDECIDED),
        ([0.30, 0.301], [0.20, 0.201], UNDECIDED),  # nothing was fitted: too few steps
    ],
)
def test_one_sample_is_fitted(unpool, deconv, verdict, make_record, records_of):
    records = records_of()
    for name, errors in (("overfit_unpool", unpool), ("overfit_deconv", deconv)):
        for seed, error in enumerate(errors, 1):
            records[name][seed] = make_record(name, seed, 0, training_error=error, errors={})
    assert judge(ROWS[0].claims[0], records).verdict == verdict


def test_a_row_holds_if_all_of_it_does():
    assert verdict_together([HELD, REPORTED, HELD]) == HELD
    assert verdict_together([HELD, UNDECIDED]) == UNDECIDED
    assert verdict_together([HELD, UNDECIDED, DID_NOT_HOLD]) == DID_NOT_HOLD
    assert verdict_together([HELD, NOT_RUN, DID_NOT_HOLD]) == NOT_RUN


def test_the_gain_of_refinement_with_and_without_drift(records_of):
    records = records_of(
        base=[0.20, 0.30, 0.25],
        refine=[0.19, 0.29, 0.24],
        composite_before=[0.30, 0.40, 0.35],
        refine_composite_before=[0.25, 0.36, 0.29],
    )
    found = refinement_and_drift(records)
    assert found.gain_after == pytest.approx((0.01, 0.01, 0.01))
    assert found.gain_before.mean == pytest.approx(0.05)
    assert found.difference.mean == pytest.approx(0.04)
    assert found.difference.low > 0
    finding = judge(ROWS[8].claims[0], records)
    assert finding.verdict == HELD  # 0.01 is 4 % of 0.25
