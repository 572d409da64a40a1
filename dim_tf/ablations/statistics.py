"""Student's t on values paired by seed: intervals, probabilities, Holm's correction, power."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
# The chance with which an effect that is there should be seen.
POWER = 0.8
_LARGEST_COUNT = 100_000


class Interval(NamedTuple):
    """A mean over seeds with its 95 % interval, Student's t; without one for fewer than two."""

    mean: float
    low: float
    high: float


def interval_of(values: Iterable[float]) -> Interval:
    """Mean and 95 % interval of independent values; NaN where there are too few."""
    from scipy.stats import t

    values = np.array(list(values), float)
    if not values.size:
        return Interval(math.nan, math.nan, math.nan)
    mean = float(values.mean())
    if values.size < 2:
        return Interval(mean, math.nan, math.nan)
    half = float(t.ppf(0.5 + CONFIDENCE / 2, values.size - 1) * _standard_error(values))
    return Interval(mean, mean - half, mean + half)


def deviation(values: Sequence[float]) -> float:
    """The standard deviation over seeds; NaN for fewer than two."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / math.sqrt(values.size))


def chance_below(values: Sequence[float], bound: float) -> float:
    """How often a mean this far above a bound, or farther, is seen where the true one lies below.

    The p-value of the one-sided t test; small means that the true mean lies above the bound.

    Args:
        values: one for each seed. NaN comes of fewer than two.
        bound: in the values' unit.
    """
    from scipy.stats import t

    values = np.array(values, float)
    if values.size < 2:
        return math.nan
    distance = float(values.mean()) - bound
    error = _standard_error(values)
    if error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(t.sf(distance / error, values.size - 1))


def chance_above(values: Sequence[float], bound: float) -> float:
    """As `chance_below`; small means that the true mean lies below the bound."""
    return chance_below([-value for value in values], -bound)


class Corrected(NamedTuple):
    """A p-value corrected for the number of those it is one of.

    Attributes:
        chance: the p-value that is compared with the level of all.
        factor: what this one was multiplied by.
    """

    chance: float
    factor: int


def holm(chances: Sequence[float]) -> list[Corrected]:
    """p-values corrected for their number (Holm, Scand. J. Statist. 6, 1979).

    With the smallest first, the k-th of m is multiplied by m − k + 1; none becomes smaller than one
    before it, or larger than 1. Those that are NaN come last: they are still to be seen.
    """
    order = sorted(
        (place for place, chance in enumerate(chances) if not math.isnan(chance)),
        key=lambda place: chances[place],
    )
    corrected = [Corrected(math.nan, 1)] * len(chances)
    largest = 0.0
    for done, place in enumerate(order):
        factor = len(chances) - done
        largest = max(largest, min(1.0, factor * chances[place]))
        corrected[place] = Corrected(largest, factor)
    return corrected


def power(effect: float, spread: float, count: int, level: float) -> float:
    """The chance that a two-sided t test sees an effect.

    Args:
        effect: the true mean, in the unit of `spread`.
        spread: standard deviation of a value.
        count: of values, at least two.
        level: of the test.
    """
    from scipy.stats import nct, t

    quantile = t.ppf(1 - level / 2, count - 1)
    return float(nct.sf(quantile, count - 1, abs(effect) / spread * math.sqrt(count)))


def smallest_effect(spread: float, count: int, level: float) -> float:
    """The smallest true mean that a test sees with a chance of 80 %; NaN for too few values."""
    from scipy.optimize import brentq

    if count < 2 or math.isnan(spread):
        return math.nan
    if spread == 0:
        return 0.0
    largest = 1.0
    while power(largest, 1.0, count, level) < POWER:
        largest *= 2
    return spread * brentq(lambda effect: power(effect, 1.0, count, level) - POWER, 0.0, largest)


def counts_needed(
    effect: float, values: Sequence[float], level: float, wanted: float = POWER
) -> tuple[int, int] | None:
    """How many values would show a true mean, at least and at most.

    Few values say little of how much they differ: taken are both ends of the 80 % interval of their
    standard deviation (chi-square).

    Args:
        effect: the mean, in the values' unit; not 0.
        values: those that are there.
        level: of the test.
        wanted: the chance with which it is to be seen.

    Returns:
        None for fewer than two values, for some that do not differ, and above 100,000.
    """
    from scipy.stats import chi2

    spread = deviation(values)
    if not spread > 0:
        return None
    free = len(values) - 1
    spreads = (spread * math.sqrt(free / chi2.ppf(quantile, free)) for quantile in (0.9, 0.1))
    low, high = (_count_needed(effect, one, level, wanted) for one in spreads)
    return (low, high) if low and high else None


def _count_needed(effect: float, spread: float, level: float, wanted: float) -> int | None:
    low, high = 1, 2
    while power(effect, spread, high, level) < wanted:
        low, high = high, 2 * high
        if high > _LARGEST_COUNT:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = power(effect, spread, middle, level) >= wanted
        low, high = (low, middle) if enough else (middle, high)
    return high


def chance_of_as_many(count: int, of: int, share: float) -> float:
    """How often so many of some, or more, are seen where the true share is not above one.

    The p-value of the exact binomial test. NaN of none.
    """
    from scipy.stats import binom

    return float(binom.sf(count - 1, of, share)) if of else math.nan


def chance_of_as_few(count: int, of: int, share: float) -> float:
    """As `chance_of_as_many`: how often so many or fewer are, where it is not below."""
    from scipy.stats import binom

    return float(binom.cdf(count, of, share)) if of else math.nan
