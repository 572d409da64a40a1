"""KNN matting's equations: pixels of nearly the same colour have nearly the same alpha.

Chen, Li and Tang, "KNN matting", PAMI 2013, tie every pixel to the pixels most like it in colour,
wherever they are in the photo. That reaches where windows do not: through the gaps of a mesh, to
the far end of a strand. For the unknown pixels u the sum of tᵤ (αᵤ − αᵥ)² over u's neighbours v
is to be small.

Where the pixels most like u are of the object and of what is behind, colours do not tell, and a
mean of both would be wrong. So tᵤ is smaller the more is known of u's neighbours and the less they
agree, where a network says what it knows.
"""

import cv2
import numpy as np
import scipy.sparse
import scipy.spatial

# Of each unknown pixel, itself among them.
NEIGHBOURS = 10
# How much the mean colour of the 3×3 pixels counts beside the pixel's own, which has all the noise.
SURROUNDINGS = 0.5
# Opposite borders of the photo are as far apart as two colours that differ by this, in [0, 1]:
# enough to prefer the nearer of two like pixels, not enough to keep a neighbour from being far.
SIDE_LENGTH = 0.05
# tᵤ = e^(-variance / DISAGREEMENT), the variance of the neighbours' alpha, each counted as far as
# it is certain. Chosen as docs/training_log.md tells.
DISAGREEMENT = 0.3
# The n-th neighbour found is at most 1 + this times as far as the n-th nearest: three times as fast
# a search, which finds 94 % of the nearest.
APPROXIMATION = 1.0
# Pixels: known ones farther from the unknown ones are nobody's neighbours.
REACH = 64


def nearest_colours_equations(
    rgb: np.ndarray,
    unknown: np.ndarray,
    alpha: np.ndarray,
    photo_size: tuple[int, int],
    certainty: np.ndarray | None = None,
) -> tuple[scipy.sparse.csr_array, np.ndarray]:
    """The rows of the neighbours' Laplacian for the unknown pixels.

    Args:
        rgb: [H, W, 3] uint8, a photo or a part of it.
        unknown: [H, W] bool, U of them true, one at least.
        alpha: [H, W] float32, the matte where it is known, and predicted elsewhere.
        photo_size: (height, width) of the whole photo.
        certainty: [H, W] float32 in [0, 1] of alpha, 1 where it is known; None: tᵤ is 1.

    Returns:
        Its columns for the unknown pixels, [U, U], and for the known ones their product with the
        known matte, [U].
    """
    count = np.count_nonzero(unknown)
    known = (~unknown).astype(np.uint8)
    near = cv2.distanceTransform(known, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= REACH
    rows, columns = np.nonzero(near)
    likeness = np.column_stack(
        [
            rgb[near] / 255.0,
            SURROUNDINGS * cv2.blur(rgb / np.float32(255), (3, 3))[near],
            SIDE_LENGTH * rows / photo_size[0],
            SIDE_LENGTH * columns / photo_size[1],
        ]
    )
    asking = unknown[near]
    # With its two options the queries, nearly all of the time, take half of what they would.
    tree = scipy.spatial.KDTree(likeness, leafsize=32, balanced_tree=False)
    _, neighbours = tree.query(
        likeness[asking],
        k=range(1, min(NEIGHBOURS, rows.size) + 1),
        eps=APPROXIMATION,
        workers=-1,
    )
    strength = np.ones(count)
    if certainty is not None:
        strength = _strength(alpha[near][neighbours], certainty[near][neighbours])
    number = np.full(rows.size, -1, np.int32)
    number[asking] = np.arange(count, dtype=np.int32)
    numbers = number[neighbours]
    is_unknown = numbers >= 0
    per_pixel = is_unknown.sum(axis=1)
    starts = np.concatenate([[0], np.cumsum(per_pixel)]).astype(np.int32)
    ties = scipy.sparse.csr_array(
        (np.repeat(strength, per_pixel), numbers[is_unknown], starts), shape=(count, count)
    )
    ties = ties + ties.T  # (αᵤ − αᵥ)² counts for both
    to_known = strength * np.count_nonzero(~is_unknown, axis=1)
    matrix = scipy.sparse.diags_array(ties.sum(axis=1) + to_known, format="csr") - ties
    known_alpha = np.where(is_unknown, np.float32(0.0), alpha[near][neighbours])
    return matrix, -strength * known_alpha.sum(axis=1, dtype=np.float64)


def _strength(alpha: np.ndarray, certainty: np.ndarray) -> np.ndarray:
    """tᵤ, [U], of neighbours' [U, N] alpha and certainty."""
    total = certainty.sum(axis=1, dtype=np.float64)
    mean = (certainty * alpha).sum(axis=1) / np.maximum(total, 1e-9)
    spread = certainty * np.square(alpha - mean[:, None])
    return np.exp(-spread.mean(axis=1, dtype=np.float64) / DISAGREEMENT)
