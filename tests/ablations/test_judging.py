import math

import numpy as np
import pytest

from dim_tf.ablations.claims import Claim, Row
from dim_tf.ablations.judging import (
    DID_NOT_HOLD,
    HELD,
    HELD_SLIGHTLY,
    NOT_RUN,
    REPORTED,
    UNDECIDED,
    judge_all,
    verdict_of_row,
    verdict_together,
)
from dim_tf.ablations.refinement import gains_of_refinement
from dim_tf.ablations.rows import ROWS
from dim_tf.ablations.statistics import counts_needed, interval_of, power


def judge(claim, records, scale=None):
    """The finding of a claim that stands alone, at its first scale or a given one."""
    (findings,) = judge_all([Row(1, "", "", (claim,), ())], records).values()
    return next(one for one in findings if scale in (None, one.scale))


def values_with_interval(low, high):
    """Three values whose 95 % interval this is."""
    # The 97.5 % quantile of Student's t for 2 degrees of freedom, from a printed table.
    spread = (high - low) / 2 * math.sqrt(3) / 4.302653
    return [(low + high) / 2 + step * spread for step in (-1, 0, 1)]


@pytest.mark.parametrize(
    "rule, low, high, verdict",
    [
        ("worse", 0.001, 0.2, HELD),
        ("worse", 0.001, 0.019, HELD_SLIGHTLY),  # 5 % of 0.4 is 0.02
        ("worse", -0.2, -0.001, DID_NOT_HOLD),
        ("worse", -0.2, 0.019, DID_NOT_HOLD),  # it is not worse by 5 %
        ("worse", -0.001, 0.021, UNDECIDED),
        ("better", 0.001, 0.2, DID_NOT_HOLD),
        ("better", -0.019, 0.2, DID_NOT_HOLD),
        ("better", -0.2, -0.001, HELD),
        ("better", -0.019, -0.001, HELD_SLIGHTLY),
        ("better", -0.021, 0.001, UNDECIDED),
        ("no effect", -0.019, 0.019, HELD),
        ("no effect", -0.021, 0.019, UNDECIDED),
        ("no effect", 0.021, 0.03, DID_NOT_HOLD),
        ("no effect", -0.03, -0.021, DID_NOT_HOLD),
        ("no effect", -0.03, 0.03, UNDECIDED),
        ("no effect", 0.005, 0.03, UNDECIDED),
        ("not needed", -0.019, 0.3, HELD),
        ("not needed", -0.03, -0.021, DID_NOT_HOLD),
        ("not needed", -0.03, -0.01, UNDECIDED),
        ("reported", 0.01, 0.2, REPORTED),
    ],
)
def test_the_rules(rule, low, high, verdict, records_of):
    """A claim that stands alone is decided by where its 95 % interval lies."""
    values = values_with_interval(low, high)
    assert interval_of(values)[1:] == pytest.approx((low, high), abs=1e-6)
    base = [0.3, 0.5, 0.4]
    skip = [value + reference for value, reference in zip(values, base, strict=True)]
    claim = Claim("", ("skip", "base"), rule=rule)
    assert judge(claim, records_of(base=base, skip=skip)).verdict == verdict
    one_seed = judge(claim, records_of(base=[0.4], skip=[0.5]))
    assert one_seed.verdict == (REPORTED if rule == "reported" else UNDECIDED)
    assert judge(claim, records_of(base=base)).verdict == NOT_RUN


def test_the_more_claims_the_more_certain_must_each_be(records_of):
    records = records_of(
        base=[0.3, 0.5, 0.4], skip=[0.34, 0.55, 0.45], refine=[0.35, 0.5, 0.3], vgg=[0.3, 0.6, 0.4]
    )
    skip, *others = (Claim("", (name, "base")) for name in ("skip", "refine", "vgg"))
    alone = judge(skip, records)
    assert (alone.verdict, alone.corrected) == (HELD, 2 * alone.chance_if_wrong)
    findings = judge_all([Row(1, "", "", (skip, *others), ())], records)[1]
    assert findings[0].corrected == pytest.approx(3 * alone.corrected)
    # Two stay undecided: the level that the first of them had to reach is that of two.
    assert [one.verdict for one in findings] == [HELD, UNDECIDED, UNDECIDED]
    assert findings[1].level == pytest.approx(0.05 / 2)
    spread = np.std(list(findings[1].by_seed.values()), ddof=1)
    assert power(findings[1].smallest_seen * 0.4, spread, 3, 0.025) == pytest.approx(0.8)
    values = list(findings[1].by_seed.values())
    assert findings[1].seeds_needed == counts_needed(0.05 * 0.4, values, findings[1].level)


def test_claims_are_corrected_for_those_that_are_judged_with_them(records_of):
    """Of a scale, run or not yet, and by whether they decide a row."""
    claim = Claim("", ("skip", "base"))
    others = (
        Claim("", ("refine", "base")),  # not run
        Claim("", ("skip", "base"), counts=False),
        Claim("", ("skip", "base"), rule="reported"),
        Claim("", long=("long_skip", "long_base")),
    )
    records = records_of(base=[0.3, 0.5, 0.4], skip=[0.34, 0.55, 0.45])
    alone = judge(claim, records)
    first, missing, aside, reported, long = judge_all(
        [Row(1, "", "", (claim, *others), ())], records
    )[1]
    assert first.corrected == pytest.approx(2 * alone.corrected)
    assert aside.corrected == pytest.approx(alone.corrected)
    assert (missing.verdict, reported.verdict, long.verdict) == (NOT_RUN, REPORTED, NOT_RUN)


def test_differences_are_paired_by_seed(records_of):
    """The seeds differ more than the arms; taken seed by seed the difference is certain."""
    records = records_of(base=[0.10, 0.30, 0.50, 0.9], skip=[0.09, 0.29, 0.49])
    finding = judge(Claim("Better.", ("skip", "base"), rule="better"), records)
    assert finding.by_seed == pytest.approx({1: -0.01, 2: -0.01, 3: -0.01})
    assert finding.reference == pytest.approx(0.3)  # not of the seed that skip was not run with
    assert finding.verdict == HELD_SLIGHTLY  # 0.01 is 3 % of 0.3
    assert judge(Claim("Worse.", ("refine", "base")), records).verdict == NOT_RUN


def test_kinds_are_told_apart(picture_errors, make_record, records_of):
    records = records_of(base=[0.1, 0.1, 0.1])
    for seed in (1, 2, 3):
        # Hair and fur stand first, hard last.
        errors = picture_errors([0.5 + 0.01 * seed, 0.7, *[0.1] * 9, 0.02])
        errors = {"held_out_released": errors}
        records["deconv"][seed] = make_record("deconv", seed, 0, errors=errors)
    hair = judge(Claim("", ("deconv", "base"), kinds=("hair", "fur")), records)
    assert hair.by_seed[1] == pytest.approx((0.51 + 0.7) / 2 - 0.1)
    assert hair.verdict == HELD
    hard = judge(Claim("", ("deconv", "base"), kinds=("hard",)), records)
    assert (hard.by_seed[1], hard.verdict) == (pytest.approx(-0.08), DID_NOT_HOLD)
    apart = Claim("", ("deconv", "base"), kinds=("hair", "fur"), minus_kinds=("hard",))
    apart = judge(apart, records)
    assert apart.by_seed[1] == pytest.approx(hair.by_seed[1] - hard.by_seed[1])
    assert apart.reference == pytest.approx(0.1)


@pytest.mark.parametrize(
    "alphas, verdict",
    [
        ([0.01, 0.019, 0.01, 0.01, 0.01, 0.01], HELD),  # 2 · 0.5⁶ = 0.03
        ([0.01] * 5, UNDECIDED),
        ([0.01, 0.01, 0.01, 0.01, 0.01, 0.03], UNDECIDED),
        ([0.03, 0.5, 0.5], DID_NOT_HOLD),  # 2 · 0.1³
        ([0.01, 0.5, 0.5], UNDECIDED),
        ([0.03, 0.5], UNDECIDED),  # too few
        ([0.01], UNDECIDED),
        ([0.03], UNDECIDED),
        ([], NOT_RUN),
    ],
)
def test_all_black(alphas, verdict, make_record, records_of):
    records = records_of()
    for seed, alpha in enumerate(alphas, 1):
        records["no_batch_norm"][seed] = make_record("no_batch_norm", seed, 0.3, mean_alpha=alpha)
    finding = judge(Claim("", ("no_batch_norm", "base"), rule="all black"), records)
    assert finding.verdict == verdict
    assert math.isnan(finding.corrected) == (len(alphas) < 3)
    assert finding.same_runs == len(alphas)


@pytest.mark.parametrize(
    "unpool, deconv, verdict",
    [
        ([0.01, 0.011, 0.01], [0.02, 0.021, 0.02], HELD),
        ([0.01, 0.011, 0.01], [0.20, 0.201, 0.20], DID_NOT_HOLD),
        ([0.01, 0.011, 0.01], [0.02, 0.201, 0.02], UNDECIDED),
        ([0.30, 0.301, 0.30], [0.20, 0.201, 0.20], UNDECIDED),  # nothing was fitted: too few steps
    ],
)
def test_one_sample_is_fitted(unpool, deconv, verdict, make_record, records_of):
    records = records_of()
    for name, errors in (("overfit_unpool", unpool), ("overfit_deconv", deconv)):
        for seed, error in enumerate(errors, 1):
            records[name][seed] = make_record(name, seed, 0, training_error=error, errors={})
    assert judge(ROWS[0].claims[0], records).verdict == verdict


def test_two_seeds_that_happen_to_be_alike_decide_nothing(records_of):
    claim = Claim("", ("skip", "base"))
    base = [0.30, 0.31, 0.32]
    two, three = (
        judge(claim, records_of(base=base[:count], skip=[one + 0.1 for one in base[:count]]))
        for count in (2, 3)
    )
    assert two.chance_if_wrong < 0.001
    assert (two.verdict, three.verdict) == (UNDECIDED, HELD)


def test_a_run_that_says_the_same_of_every_picture_is_counted(
    make_record, picture_errors, records_of
):
    records = records_of()
    alphas = {1: [0.3] * 12, 2: [0.29, 0.31] * 6, 3: [0.27, 0.33] * 6}  # deviate by 0, 0.01, 0.03
    for seed, values in alphas.items():
        errors = {"held_out_released": picture_errors([0.4] * 12) | {"mean_alpha": values}}
        records["no_batch_norm"][seed] = make_record("no_batch_norm", seed, 0, errors=errors)
    finding = judge(Claim("", ("no_batch_norm", "base"), rule="all black"), records)
    assert (finding.same_runs, finding.black_runs) == (2, 0)


@pytest.mark.parametrize(
    ("differences", "outlier"),
    [
        ([0.01, -0.01, 0.0, 0.005, 0.2], 5),
        ([0.2, -0.01, 0.0, 0.005, 0.01], 1),
        ([0.01, -0.01, 0.0, 0.005, 0.04], None),
        ([0.01, -0.01, 0.0, 0.2], None),  # too few to say so
    ],
)
def test_a_seed_that_alone_makes_the_spread_is_named(records_of, differences, outlier):
    base = [0.3] * len(differences)
    skip = [0.3 + one for one in differences]
    assert judge(Claim("", ("skip", "base")), records_of(base=base, skip=skip)).outlier == outlier


def test_a_claim_can_be_about_another_measure(make_record, picture_errors, records_of):
    records = records_of()
    for name, grad in (("base", 20.0), ("skip", 18.0)):
        for seed in (1, 2, 3):
            errors = {"held_out_released": picture_errors([0.4] * 12) | {"Grad": [grad] * 12}}
            records[name][seed] = make_record(name, seed, 0, errors=errors)
    finding = judge(Claim("", ("skip", "base"), rule="reported", measure="Grad"), records)
    assert (finding.interval.mean, finding.reference) == (-2, 20)


def test_a_row_holds_if_all_of_it_does():
    assert verdict_together([HELD, HELD]) == HELD
    assert verdict_together([HELD, UNDECIDED]) == UNDECIDED
    assert verdict_together([HELD, HELD_SLIGHTLY]) == HELD_SLIGHTLY
    assert verdict_together([HELD, UNDECIDED, DID_NOT_HOLD]) == DID_NOT_HOLD
    assert verdict_together([HELD, NOT_RUN, DID_NOT_HOLD]) == DID_NOT_HOLD
    assert verdict_together([HELD, NOT_RUN, UNDECIDED]) == NOT_RUN


def test_a_rows_verdict_is_that_of_a_scale_and_of_what_counts(records_of):
    records = records_of(
        base=[0.3] * 4,
        no_batch_norm_slow=[0.3] * 4,
        long_original_start_no_batch_norm=[0.3] * 4,
        long_original_start=[0.3] * 4,
    )
    findings = judge_all(ROWS, records)[2]
    # Only the original's start counts, and was run at the long scale alone.
    assert verdict_of_row(findings, "short") is None
    assert verdict_of_row(findings, "long") == DID_NOT_HOLD
    # What is only measured need not be there: of row 4 the statistics of the image itself.
    batches = {"batch_5": [0.2] * 4, "batch_5_equal_examples": [0.3] * 4}
    assert verdict_of_row(judge_all(ROWS, records_of(base=[0.3] * 4, **batches))[4], "short") == (
        DID_NOT_HOLD
    )


def test_the_refined_matte_is_compared_with_the_unrefined_of_the_same_run(
    make_record, picture_errors, records_of
):
    records = records_of()
    for seed in (1, 2, 3):
        errors = {
            "held_out": picture_errors([0.2 + 0.001 * seed] * 12),
            "held_out_first": picture_errors([0.3] * 12),
        }
        records["refine"][seed] = make_record("refine", seed, 0, errors=errors)
        records["long_refine_alone"][seed] = make_record(
            "long_refine_alone", seed, 0, errors=errors
        )
    alone, together = (claim for claim in ROWS[8].claims if claim.against_on)
    for claim, scale, verdict in ((alone, "long", HELD), (together, "short", REPORTED)):
        finding = judge(claim, records, scale)
        assert finding.by_seed[1] == pytest.approx(-0.099)
        assert (finding.reference, finding.verdict) == (pytest.approx(0.3), verdict)


def test_the_gain_of_refinement_with_and_without_drift(records_of):
    records = records_of(
        base=[0.20, 0.30, 0.25],
        refine=[0.19, 0.29, 0.24],
        composite_before=[0.30, 0.40, 0.35],
        refine_composite_before=[0.25, 0.36, 0.29],
    )
    found = gains_of_refinement(records, "short")
    assert found.gain_after == pytest.approx((0.01, 0.01, 0.01))
    assert found.gain_before.mean == pytest.approx(0.05)
    assert found.difference.mean == pytest.approx(0.04)
    assert found.difference.low > 0
    finding = judge(ROWS[8].claims[0], records)
    assert finding.verdict == HELD  # 0.01 is 4 % of 0.25


def test_claims_are_judged_by_statistics_measured_anew(make_record, picture_errors, records_of):
    """Where batch norm is frozen there are none to measure, and older records lack them."""
    records = records_of()
    sets = {"held_out": 0.9, "held_out_averaged": 0.3, "held_out_released": 0.2}
    for name in ("skip", "long_skip", "base", "long_base"):
        for seed in (1, 2, 3):
            values = {one: value + 0.01 * seed for one, value in sets.items()}
            if name.endswith("base"):
                values = dict.fromkeys(values, 0.1)
            errors = {one: picture_errors([value] * 12) for one, value in values.items()}
            records[name][seed] = make_record(name, seed, 0, errors=errors)
    frozen = records["long_skip"][2]
    del frozen.errors["held_out_released"]
    claim = Claim("", ("skip", "base"), ("long_skip", "long_base"))
    assert judge(claim, records, "short").by_seed == pytest.approx({1: 0.11, 2: 0.12, 3: 0.13})
    assert judge(claim, records, "long").by_seed == pytest.approx({1: 0.11, 3: 0.13})
    for setting in ({"freeze_batch_norm": True}, {"train_stage": "refinement"}):
        frozen.settings.update({"freeze_batch_norm": False, "train_stage": "all"} | setting)
        assert judge(claim, records, "long").by_seed == pytest.approx({1: 0.11, 2: 0.22, 3: 0.13})


@pytest.mark.parametrize(
    ("differences", "needed"),
    [
        ([0.09, 0.1, 0.11], True),  # it is there; how many seeds would show it again
        ([-0.1, 0.1, 0.02], False),  # it may be nothing
    ],
)
def test_how_many_seeds_show_what_was_seen(records_of, differences, needed):
    base = [0.3] * 3
    skip = [0.3 + one for one in differences]
    finding = judge(Claim("", ("skip", "base")), records_of(base=base, skip=skip))
    wanted = counts_needed(float(np.mean(differences)), differences, finding.level)
    assert finding.seeds_needed_for_seen == (wanted if needed else None)


@pytest.mark.parametrize(("chance", "narrow"), [(0.039, False), (0.046, True), (0.051, False)])
def test_what_is_decided_by_a_hair_is_told(records_of, chance, narrow):
    finding = judge(Claim("", ("skip", "base")), records_of(base=[0.3] * 3, skip=[0.4] * 3))
    assert finding._replace(corrected=chance).is_narrow == narrow
