"""Random draws of the offline step: each from (seed, purpose, index) alone."""

import zlib

import numpy as np


def seeds_of(seed: int, purpose: str, index: int, count: int) -> list[int]:
    """Independent 32-bit seeds for one thing of one run.

    Args:
        seed: of the run.
        purpose: what they are for; another one gives other seeds.
        index: of the thing.
        count: how many.
    """
    sequence = np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), index])
    return sequence.generate_state(count).tolist()


def happens(probability: float, seed: int, purpose: str, index: int) -> bool:
    """Whether something of this probability happens to one thing of one run."""
    return seeds_of(seed, purpose, index, 1)[0] < probability * 2**32


def turn_of(index: int, count: int, seed: int, purpose: str) -> int:
    """Whose turn it is, of `count` that take turns: each once in a round, in an order of its own.

    Args:
        index: of the turn, 0 or more; the rounds are `count` long.
        count: how many take turns.
        seed: of the run.
        purpose: see `seeds_of`.

    Returns:
        From 0 to count - 1.
    """
    number, place = divmod(index, count)
    generator = np.random.default_rng(seeds_of(seed, purpose, number, 4))
    return int(generator.permutation(count)[place])
