"""Mixtures of like colours: a pixel's alpha is mixed of others' alphas as its colour is of theirs.

Chen, Li and Tang, "KNN matting", PAMI 2013, tie every pixel to the pixels most like it in colour,
wherever they are in the photo. That reaches where windows do not: through the gaps of a mesh, to
the far end of a strand. But a pixel that is in part of the object need not be like any pixel of
just its alpha. So here, as in Aksoy, Aydın and Pollefeys, "Designing effective inter-pixel
information flow for natural image matting", CVPR 2017 (colour mixtures), the weights mᵤᵥ are sought
with which the colours of u's neighbours v give that of u, as in locally linear embedding (Roweis
and Saul, Science 2000). For the unknown pixels u the sum of tᵤ (αᵤ − Σᵥ mᵤᵥ αᵥ)² is to be small.

Where the pixels most like u are of the object and of what is behind, colours do not tell, and a
mixture of both would be wrong. So tᵤ is smaller the more is known of u's neighbours and the less
they agree, where a network says what it knows.
"""

import itertools
from collections.abc import Callable

import cv2
import numpy as np
import scipy.sparse
import scipy.spatial

from dim_tf.system.threads import in_threads, usable_cores

# Of each unknown pixel.
NEIGHBOURS = 10
# How much the mean colour of the 3×3 pixels counts beside the pixel's own, which has all the noise.
SURROUNDINGS = 0.5
# Opposite borders of the photo are as far apart as two colours that differ by this, in [0, 1]:
# enough to prefer the nearer of two like pixels, not enough to keep a neighbour from being far. Of
# a longer side, so many pixels are: where there are very many, the most like one is so by noise.
SIDE_LENGTH = 0.05
LONGEST_SIDE = 1280
# Ten neighbours mix a colour in many ways, and noise decides among them unless even mixtures count
# for more: as a share of the neighbours' squared distances in colour, and as such a distance.
RELATIVE_EVENNESS, EVENNESS = 1e-3, 1e-6
# tᵤ = e^(-variance / DISAGREEMENT), the variance of the neighbours' alpha, each counted as far as
# it is certain. Chosen as docs/post_processing.md tells.
DISAGREEMENT = 0.05
# The n-th neighbour found is at most 1 + this times as far as the n-th nearest, so that a search
# need not tell apart what is nearly as near.
APPROXIMATION = 1.5
# Pixels: known ones farther from the unknown ones are nobody's neighbours.
REACH = 16
# So many are asked at once; whoever waits is told in between.
_ASKED_AT_ONCE = 2**15
# So many mixtures at once: fewer leave cores waiting for each other, more need memory.
_MIXED_AT_ONCE = 4096
# Of the coordinates: two colours, the pixel's own and that of its surroundings.
_COLOURS = 6


def colour_mixtures(
    rgb: np.ndarray,
    unknown: np.ndarray,
    alpha: np.ndarray,
    photo_size: tuple[int, int],
    certainty: np.ndarray | None = None,
    told: Callable[[float], None] = lambda share: None,
) -> tuple[scipy.sparse.csr_array, np.ndarray]:
    """How far the unknown pixels are from the mixtures of their neighbours.

    Args:
        rgb: [H, W, 3] uint8, a photo or a part of it.
        unknown: [H, W] bool, U of them true, one at least.
        alpha: [H, W] float32, the matte where it is known, and predicted elsewhere.
        photo_size: (height, width) of the whole photo.
        certainty: [H, W] float32 in [0, 1] of alpha, 1 where it is known; None: tᵤ is 1.
        told: called with the share of the neighbours that are found.

    Returns:
        R, [U, U] float32, and r, [U] float32: of the unknown pixels' matte x, Rx − r holds
        √tᵤ (αᵤ − Σᵥ mᵤᵥ αᵥ), whose squares are to have a small sum.
    """
    count = np.count_nonzero(unknown)
    known = (~unknown).astype(np.uint8)
    near = cv2.distanceTransform(known, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= REACH
    rows, columns = np.nonzero(near)
    if rows.size == 1:  # no other is there
        return scipy.sparse.csr_array((1, 1), dtype=np.float32), np.zeros(1, np.float32)
    order = np.argsort(_place_on_curve(rgb[near]))
    rows, columns = rows[order], columns[order]
    height, width = np.minimum(photo_size, LONGEST_SIDE)
    likeness = np.column_stack(
        [
            rgb[rows, columns] / 255.0,
            SURROUNDINGS * cv2.blur(rgb / np.float32(255), (3, 3))[rows, columns],
            SIDE_LENGTH * rows / height,
            SIDE_LENGTH * columns / width,
        ]
    )
    number = np.full(unknown.shape, -1, np.int32)
    number[unknown] = np.arange(count, dtype=np.int32)
    number = number[rows, columns]
    asked = np.flatnonzero(number >= 0)
    neighbours = _nearest_others(likeness, asked, told)
    mixtures = _mixtures(likeness[:, :_COLOURS], asked, neighbours)
    del likeness
    in_order = np.argsort(number[asked])
    neighbours, mixtures = neighbours[in_order], mixtures[in_order]

    alphas = alpha[rows, columns][neighbours]
    strength = np.ones(count, np.float32)
    if certainty is not None:
        strength = _strength(alphas, certainty[rows, columns][neighbours])
    root = np.sqrt(strength)[:, None]
    mixtures *= root
    numbers = number[neighbours]
    is_unknown = numbers >= 0
    itself = np.ones((count, 1), bool)
    numbers = np.hstack([np.arange(count, dtype=np.int32)[:, None], numbers])
    values = np.hstack([root, -mixtures])
    kept = np.hstack([itself, is_unknown])
    starts = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32)
    residuals = scipy.sparse.csr_array(
        (values[kept], numbers[kept], starts), shape=(count, count), dtype=np.float32
    )
    alphas[is_unknown] = 0
    return residuals, np.einsum("un,un->u", mixtures, alphas)


def _nearest_others(
    likeness: np.ndarray, asked: np.ndarray, told: Callable[[float], None]
) -> np.ndarray:
    """Of each of the pixels `asked`, [U], the [N, 8] rows of likeness most like it, [U, N] int32.

    N is `NEIGHBOURS`, or all others where these are fewer.
    """
    # With its two options the queries, nearly all of the time, take half of what they would.
    tree = scipy.spatial.KDTree(likeness, leafsize=16, balanced_tree=False)
    nearest = np.empty((asked.size, min(NEIGHBOURS + 1, len(likeness))), np.int32)
    for start in range(0, asked.size, _ASKED_AT_ONCE):
        told(start / asked.size)
        part = slice(start, start + _ASKED_AT_ONCE)
        nearest[part] = tree.query(
            likeness[asked[part]],
            k=range(1, nearest.shape[1] + 1),
            eps=APPROXIMATION,
            workers=usable_cores(),
        )[1]
    # No other is at its place, so that even this search finds the pixel itself.
    return nearest[nearest != asked[:, None]].reshape(asked.size, -1)


def _mixtures(colours: np.ndarray, asked: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """The mᵤᵥ of the pixels `asked`, [U, N] float32; those of a pixel sum to 1.

    Of the differences Z, [N, 6], of the neighbours' colours from the pixel's they are the solution
    of (ZZᵀ + λ) m = 1 but for a factor; this way (Woodbury) only 6×6 matrices are solved.

    Args:
        colours: [P, 6] float64, of all pixels.
        asked: [U] integers, numbers of pixels.
        neighbours: [U, N] int32, likewise.
    """
    planes = np.ascontiguousarray(colours.T)

    def mixed(start: int) -> np.ndarray:
        part = slice(start, start + _MIXED_AT_ONCE)
        differences = np.take(planes, neighbours[part].T, axis=1)
        differences -= np.take(planes, asked[part], axis=1)[:, None]
        products = np.empty((_COLOURS, _COLOURS, differences.shape[2]))
        for one, other in itertools.combinations_with_replacement(range(_COLOURS), 2):
            np.einsum("nu,nu->u", differences[one], differences[other], out=products[one, other])
        diagonal = np.einsum("ccu->cu", products)
        diagonal += RELATIVE_EVENNESS * diagonal.sum(axis=0) + EVENNESS
        solution = _solved(products, differences.sum(axis=1))
        mixtures = 1 - np.einsum("cnu,cu->nu", differences, solution)
        return (mixtures / mixtures.sum(axis=0)).T.astype(np.float32)

    return np.concatenate(in_threads(mixed, range(0, asked.size, _MIXED_AT_ONCE)))


def _solved(matrices: np.ndarray, right_sides: np.ndarray) -> np.ndarray:
    """Solves many small systems at once; one after the other they take four times as long.

    Args:
        matrices: [C, C, U] float64, symmetric and positive definite; what is below the diagonal
            does not count. Overwritten.
        right_sides: [C, U] float64. Overwritten.

    Returns:
        [C, U].
    """
    count = len(matrices)
    for pivot in range(count):
        for row in range(pivot + 1, count):
            factor = matrices[pivot, row] / matrices[pivot, pivot]
            matrices[row, row:] -= factor * matrices[pivot, row:]
            right_sides[row] -= factor * right_sides[pivot]
    for row in reversed(range(count)):
        right_sides[row] -= (matrices[row, row + 1 :] * right_sides[row + 1 :]).sum(axis=0)
        right_sides[row] /= matrices[row, row]
    return right_sides


def _place_on_curve(rgb: np.ndarray) -> np.ndarray:
    """Where [N, 3] uint8 colours lie on Morton's curve, [N] uint32.

    Pixels in that order are near each other in memory where they are near each other in the tree:
    the queries take half of the time.
    """
    bits = rgb.astype(np.uint32)
    for shift, mask in ((8, 0x0300F00F), (4, 0x030C30C3), (2, 0x09249249)):
        bits = (bits | bits << shift) & mask
    return bits[:, 0] | bits[:, 1] << 1 | bits[:, 2] << 2


def _strength(alpha: np.ndarray, certainty: np.ndarray) -> np.ndarray:
    """tᵤ, [U], of neighbours' [U, N] alpha and certainty."""
    total = np.maximum(certainty.sum(axis=1), 1e-9)
    mean = (certainty * alpha).sum(axis=1) / total
    spread = certainty * np.square(alpha - mean[:, None])
    return np.exp(-spread.mean(axis=1) / DISAGREEMENT)
