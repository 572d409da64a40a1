"""KNN matting's equations: pixels of nearly the same colour have nearly the same alpha.

Chen, Li and Tang, "KNN matting", PAMI 2013, tie every pixel to the pixels most like it in colour,
wherever they are in the photo. That reaches where windows do not: through the gaps of a mesh, to
the far end of a strand. For the unknown pixels u the sum of tᵤ (αᵤ − αᵥ)² over u's neighbours v
is to be small.

Where the pixels most like u are of the object and of what is behind, colours do not tell, and a
mean of both would be wrong. So tᵤ is smaller the more is known of u's neighbours and the less they
agree, where a network says what it knows.
"""

from collections.abc import Callable

import cv2
import numpy as np
import scipy.sparse
import scipy.spatial

from dim_tf.system.threads import usable_cores

# Of each unknown pixel, itself among them.
NEIGHBOURS = 10
# How much the mean colour of the 3×3 pixels counts beside the pixel's own, which has all the noise.
SURROUNDINGS = 0.5
# Opposite borders of the photo are as far apart as two colours that differ by this, in [0, 1]:
# enough to prefer the nearer of two like pixels, not enough to keep a neighbour from being far.
SIDE_LENGTH = 0.05
# tᵤ = e^(-variance / DISAGREEMENT), the variance of the neighbours' alpha, each counted as far as
# it is certain. Chosen as docs/post_processing.md tells.
DISAGREEMENT = 0.2
# The n-th neighbour found is at most 1 + this times as far as the n-th nearest, so that a search
# need not tell apart what is nearly as near.
APPROXIMATION = 1.5
# Pixels: known ones farther from the unknown ones are nobody's neighbours.
REACH = 16
# So many are asked at once; whoever waits is told in between.
_ASKED_AT_ONCE = 2**15


def nearest_colours_equations(
    rgb: np.ndarray,
    unknown: np.ndarray,
    alpha: np.ndarray,
    photo_size: tuple[int, int],
    certainty: np.ndarray | None = None,
    told: Callable[[float], None] = lambda share: None,
) -> tuple[scipy.sparse.csr_array, np.ndarray]:
    """The rows of the neighbours' Laplacian for the unknown pixels.

    Args:
        rgb: [H, W, 3] uint8, a photo or a part of it.
        unknown: [H, W] bool, U of them true, one at least.
        alpha: [H, W] float32, the matte where it is known, and predicted elsewhere.
        photo_size: (height, width) of the whole photo.
        certainty: [H, W] float32 in [0, 1] of alpha, 1 where it is known; None: tᵤ is 1.
        told: called with the share of the neighbours that are found.

    Returns:
        Its columns for the unknown pixels, [U, U] float32, and for the known ones their product
        with the known matte, [U] float32.
    """
    count = np.count_nonzero(unknown)
    known = (~unknown).astype(np.uint8)
    near = cv2.distanceTransform(known, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= REACH
    rows, columns = np.nonzero(near)
    order = np.argsort(_place_on_curve(rgb[near]))
    rows, columns = rows[order], columns[order]
    likeness = np.column_stack(
        [
            rgb[rows, columns] / 255.0,
            SURROUNDINGS * cv2.blur(rgb / np.float32(255), (3, 3))[rows, columns],
            SIDE_LENGTH * rows / photo_size[0],
            SIDE_LENGTH * columns / photo_size[1],
        ]
    )
    # With its two options the queries, nearly all of the time, take half of what they would.
    tree = scipy.spatial.KDTree(likeness, leafsize=16, balanced_tree=False)
    number = np.full(unknown.shape, -1, np.int32)
    number[unknown] = np.arange(count, dtype=np.int32)
    number = number[rows, columns]
    asking = number >= 0
    asked = likeness[asking]
    nearest = np.empty((count, min(NEIGHBOURS, rows.size)), np.int32)
    for start in range(0, count, _ASKED_AT_ONCE):
        told(start / count)
        nearest[start : start + _ASKED_AT_ONCE] = tree.query(
            asked[start : start + _ASKED_AT_ONCE],
            k=range(1, nearest.shape[1] + 1),
            eps=APPROXIMATION,
            workers=usable_cores(),
        )[1]
    neighbours = np.empty_like(nearest)
    neighbours[number[asking]] = nearest

    alphas = alpha[rows, columns][neighbours]
    strength = np.ones(count, np.float32)
    if certainty is not None:
        strength = _strength(alphas, certainty[rows, columns][neighbours])
    numbers = number[neighbours]
    is_unknown = numbers >= 0
    per_pixel = np.count_nonzero(is_unknown, axis=1)
    starts = np.concatenate([[0], np.cumsum(per_pixel)]).astype(np.int32)
    ties = scipy.sparse.csr_array(
        (np.repeat(strength, per_pixel), numbers[is_unknown], starts), shape=(count, count)
    )
    ties = ties + ties.T  # (αᵤ − αᵥ)² counts for both
    to_known = strength * (numbers.shape[1] - per_pixel)
    diagonal = (ties.sum(axis=1) + to_known).astype(np.float32)
    known_alpha = np.where(is_unknown, np.float32(0.0), alphas)
    return (
        scipy.sparse.diags_array(diagonal, format="csr") - ties,
        -strength * known_alpha.sum(axis=1),
    )


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
