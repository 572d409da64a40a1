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
    before it, or larger than 1. Those that are NaN do not count.
    """
    order = sorted(
        (place for place, chance in enumerate(chances) if not math.isnan(chance)),
        key=lambda place: chances[place],
    )
    corrected = [Corrected(math.nan, 1)] * len(chances)
    largest = 0.0
    for done, place in enumerate(order):
        factor = len(order) - done
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


def count_needed(effect: float, spread: float, level: float) -> int | None:
    """How many values show a true mean with a chance of 80 %.

    Args:
        effect: in the unit of `spread`; not 0.
        spread: standard deviation of a value.
        level: of the test.

    Returns:
        None above 100,000, or where the deviation is not known (NaN).
    """
    if math.isnan(spread):
        return None
    if spread == 0:
        return 2
    low, high = 1, 2
    while power(effect, spread, high, level) < POWER:
        low, high = high, 2 * high
        if high > _LARGEST_COUNT:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if power(effect, spread, middle, level) >= POWER else (middle, high)
        )
    return high
