import math

import numpy as np
import pytest

from dim_tf.ablations.statistics import (
    chance_above,
    chance_below,
    chance_of_as_few,
    chance_of_as_many,
    counts_needed,
    holm,
    interval_of,
    power,
    smallest_effect,
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


def test_the_chance_of_a_bound_is_that_of_the_interval():
    """The end of a 95 % interval is where the one-sided test gives 2.5 %."""
    values = [0.3, 0.1, 0.5, 0.2]
    interval = interval_of(values)
    assert chance_below(values, interval.low) == pytest.approx(0.025)
    assert chance_above(values, interval.high) == pytest.approx(0.025)
    assert chance_below(values, interval.mean) == pytest.approx(0.5)
    # Seeds that all give the same leave no doubt.
    assert (chance_below([0.2, 0.2], 0.1), chance_above([0.2, 0.2], 0.1)) == (0.0, 1.0)
    assert math.isnan(chance_below([0.2], 0.1))


def test_holm_is_the_procedure_of_the_paper():
    """Step down: the smallest is compared with level / m, the next with level / (m − 1), …"""

    def rejected(chances, level):
        order = sorted(range(len(chances)), key=chances.__getitem__)
        found = set()
        for left, place in zip(range(len(chances), 0, -1), order, strict=True):
            if chances[place] > level / left:
                break
            found.add(place)
        return found

    corrected, factors = zip(*holm([0.01, 0.04, 0.03, 0.005]), strict=True)
    assert corrected == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert factors == (3, 1, 2, 4)
    random = np.random.default_rng(1)
    for _ in range(200):
        chances = (random.random(7) ** 4).tolist()
        corrected = [one.chance for one in holm(chances)]
        for level in (0.01, 0.05, 0.2):
            assert {n for n, value in enumerate(corrected) if value <= level} == (
                rejected(chances, level)
            )
    # What is still to be seen counts.
    assert [one.chance for one in holm([math.nan, 0.02, 0.3])[1:]] == [0.06, 0.6]
    assert math.isnan(holm([math.nan])[0].chance)


def test_the_power_is_how_often_an_effect_is_seen():
    from scipy.stats import ttest_1samp

    random = np.random.default_rng(1)
    samples = random.normal(1.2, 1.0, (20_000, 5))
    seen = ttest_1samp(samples, 0, axis=1)
    share = np.mean((seen.pvalue < 0.05) & (seen.statistic > 0))
    assert power(1.2, 1.0, 5, 0.05) == pytest.approx(share, abs=0.01)
    effect = smallest_effect(0.3, 5, 0.05)
    assert power(effect, 0.3, 5, 0.05) == pytest.approx(0.8)
    assert math.isnan(smallest_effect(0.3, 1, 0.05))


def test_the_count_that_is_needed_has_the_wanted_power_at_both_ends_of_the_spread():
    values = [0.9, 1.0, 1.3, 0.8]
    low, high = counts_needed(0.2, values, 0.05)
    spread, (least, most) = np.std(values, ddof=1), (6.2514, 0.5844)  # chi-square, 3 free, tables
    for needed, quantile in ((low, least), (high, most)):
        end = spread * math.sqrt(3 / quantile)
        assert power(0.2, end, needed - 1, 0.05) < 0.8 <= power(0.2, end, needed, 0.05)
    more = counts_needed(0.2, values, 0.05, wanted=0.9)
    assert more[0] > low and more[1] > high
    # Cohen's tables: an effect of half a deviation takes 34 pairs at 5 % and 80 %.
    many = np.random.default_rng(1).normal(size=4000)
    low, high = counts_needed(0.5 * np.std(many, ddof=1), many, 0.05)
    assert 33 <= low <= 34 <= high <= 35
    assert counts_needed(1e-6, values, 0.05) is None
    assert counts_needed(0.5, [1.0], 0.05) is None
    assert counts_needed(0.5, [1.0, 1.0], 0.05) is None


def test_how_often_so_many_of_some_are_seen():
    assert chance_of_as_many(10, 10, 0.5) == pytest.approx(0.5**10)
    assert chance_of_as_many(9, 10, 0.5) == pytest.approx(11 * 0.5**10)
    assert chance_of_as_few(0, 4, 0.9) == pytest.approx(0.1**4)
    assert chance_of_as_few(1, 4, 0.9) == pytest.approx(0.1**4 + 4 * 0.9 * 0.1**3)
    assert math.isnan(chance_of_as_many(0, 0, 0.5)) and math.isnan(chance_of_as_few(0, 0, 0.9))
