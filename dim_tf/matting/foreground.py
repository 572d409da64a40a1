"""The object's own colours, coarse to fine.

Germer, Uelwer, Conrad and Harmeling, "Fast multi-level foreground estimation", ICPR 2020, look for
foreground F and background B that compose the photo, I = αF + (1 − α)B, and that are smooth where
alpha changes. At every pixel they make

    |αF + (1 − α)B − I|² + Σₙ wₙ (|F − Fₙ|² + |B − Bₙ|²)

as small as possible, given the four neighbours n, with wₙ = REGULARIZATION + |α − αₙ|. A few rounds
do for a small copy of the photo, whose colours are where a copy of twice its size begins. Their
program goes through the pixels one by one and has to be compiled; here a round takes all pixels at
once, and both unknowns have a formula: with S = Σ wₙ, the neighbours' weighted means F̄ and B̄ and
what they leave, r = I − αF̄ − (1 − α)B̄,

    F = F̄ + α r / (S + α² + (1 − α)²),    B = B̄ + (1 − α) r / (S + α² + (1 − α)²).
"""

from collections.abc import Callable

import cv2
import numpy as np

from dim_tf.matting.progress import Progress, untold
from dim_tf.system.threads import in_threads

# The paper's: how smooth colours are where alpha is.
REGULARIZATION = 1e-5
# A copy whose longer side is at most this many pixels has many rounds, a larger one few.
SMALL_SIDE = 32
ROUNDS_SMALL, ROUNDS_LARGE = 10, 4
# Of a large copy, so that they stay in a core's cache, and memory is small.
_ROWS_AT_ONCE = 32


def estimate_foreground(rgb: np.ndarray, alpha: np.ndarray, told: Progress = untold) -> np.ndarray:
    """The foreground's colours.

    Args:
        rgb: [H, W, 3] uint8 or uint16.
        alpha: [H, W] float32 in [0, 1].
        told: see `dim_tf.matting.progress`; the step is "cutout", counted in pixels.

    Returns:
        [H, W, 3] float32 in [0, 1], also where alpha is 0: there the colours of what is near.
    """
    sizes = [alpha.shape]
    while max(sizes[-1]) > 1:
        sizes.append(tuple(-(-side // 2) for side in sizes[-1]))
    largest = np.float32(np.iinfo(rgb.dtype).max)
    colours = _means(rgb, alpha)[:, None, None] / largest
    before, total = 0, sum(height * width for height, width in sizes)
    for height, width in reversed(sizes):
        rounds = ROUNDS_SMALL if max(height, width) <= SMALL_SIDE else ROUNDS_LARGE

        def rows_told(rows: int, before: int = before, width: int = width) -> None:
            told("cutout", before + rows * width, total)

        colours = _refined(rgb, largest, alpha, colours, (height, width), rounds, rows_told)
        before += height * width
    told("cutout", total, total)
    return colours[0]


def _means(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The mean colours of what is foreground and of what is background, [2, 3] float32.

    Something small is in no small copy, and keeps the colours that it begins with: those of the
    whole photo would be the background's. Where there is none of one, they are the photo's.
    """
    sums, weights = np.zeros((2, 3)), np.zeros(2)
    for first in range(0, len(rgb), _ROWS_AT_ONCE):
        part = slice(first, first + _ROWS_AT_ONCE)
        shares = np.square(np.stack([alpha[part], 1 - alpha[part]]))
        sums += np.einsum("fhw,hwc->fc", shares, rgb[part].astype(np.float32))
        weights += shares.sum(axis=(1, 2))
    mean = np.array(cv2.mean(rgb)[:3])
    means = [own / weight if weight else mean for own, weight in zip(sums, weights, strict=True)]
    return np.array(means, np.float32)


def _refined(
    rgb: np.ndarray,
    largest: np.float32,
    alpha: np.ndarray,
    coarse: np.ndarray,
    size: tuple[int, int],
    rounds: int,
    rows_told: Callable[[int], None],
) -> np.ndarray:
    """Foreground and background of a copy of the photo.

    Args:
        rgb: the photo, [H, W, 3].
        largest: what is 1 in it.
        alpha: [H, W].
        coarse: foreground and background of a smaller copy, [2, h, w, 3].
        size: (height, width) of this one.
        rounds: how many.
        rows_told: called with the number of rows that are done, or nearly.

    Returns:
        [2, height, width, 3] float32.
    """
    rows, columns = (_nearest(*sides) for sides in zip(size, alpha.shape, strict=True))
    coarse_rows, coarse_columns = (
        _nearest(*sides) for sides in zip(size, coarse.shape[1:3], strict=True)
    )
    result = np.empty((2, *size, 3), np.float32)

    def fill(first: int) -> None:
        rows_told(first)
        last = min(first + _ROWS_AT_ONCE, size[0])
        # A round sees one row farther: with so many more the strip is as in the whole.
        seen = slice(max(first - rounds, 0), last + rounds)
        here = np.ix_(rows[seen], columns)
        strip = _in_rounds(
            rgb[here].transpose(2, 0, 1) / largest,
            alpha[here],
            coarse[:, coarse_rows[seen]][:, :, coarse_columns].transpose(3, 0, 1, 2),
            rounds,
        )
        inside = slice(first - seen.start, last - seen.start)
        result[:, first:last] = strip[:, :, inside].transpose(1, 2, 3, 0)

    in_threads(fill, range(0, size[0], _ROWS_AT_ONCE))
    return result


def _nearest(length: int, other: int) -> np.ndarray:
    """Of each of `length` pixels along one side the one of `other` at the same place."""
    return ((np.arange(length) + 0.5) * other / length).astype(int)


def _in_rounds(rgb: np.ndarray, alpha: np.ndarray, colours: np.ndarray, rounds: int) -> np.ndarray:
    """The rounds for one strip: [3, H, W], [H, W] and [3, 2, H, W] -> [3, 2, H, W] float32."""
    height, width = alpha.shape
    shares = np.stack([alpha, 1 - alpha])
    opacity = np.pad(alpha, 1, mode="edge")
    places = [
        (slice(row, row + height), slice(column, column + width))
        for row, column in ((0, 1), (2, 1), (1, 0), (1, 2))
    ]
    weights = [np.float32(REGULARIZATION) + np.abs(alpha - opacity[place]) for place in places]
    total = sum(weights)
    weights = [weight / total for weight in weights]
    gain = shares / (total + np.square(shares).sum(axis=0))
    padded = np.empty((3, 2, height + 2, width + 2), np.float32)
    for _ in range(rounds):
        padded[..., 1:-1, 1:-1] = colours
        padded[..., 0, :], padded[..., -1, :] = padded[..., 1, :], padded[..., -2, :]
        padded[..., 0], padded[..., -1] = padded[..., 1], padded[..., -2]
        colours = sum(
            weight * padded[..., *place] for weight, place in zip(weights, places, strict=True)
        )
        left = rgb - np.einsum("fhw,cfhw->chw", shares, colours)
        colours += gain * left[:, None]
        np.clip(colours, 0, 1, out=colours)
    return colours
