"""KNN matting's equations: pixels of nearly the same colour have nearly the same alpha.

Chen, Li and Tang, "KNN matting", PAMI 2013, tie every pixel to the pixels most like it in colour,
wherever they are in the photo. That reaches where windows do not: through the gaps of a mesh, to
the far end of a strand. For the unknown pixels u the sum of (αᵤ − αᵥ)² over u's neighbours v is to
be small.
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
# Pixels: known ones farther from the unknown ones are nobody's neighbours.
REACH = 64


def nearest_colours_equations(
    rgb: np.ndarray, unknown: np.ndarray, foreground: np.ndarray, photo_size: tuple[int, int]
) -> tuple[scipy.sparse.csr_array, np.ndarray]:
    """The rows of the neighbours' Laplacian for the unknown pixels.

    Args:
        rgb: [H, W, 3] uint8, a photo or a part of it.
        unknown: [H, W] bool, U of them true, one at least.
        foreground: [H, W] bool, the pixels known to be 1.
        photo_size: (height, width) of the whole photo.

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
        likeness[asking], k=range(1, min(NEIGHBOURS, rows.size) + 1), workers=-1
    )
    number = np.full(rows.size, -1, np.int32)
    number[asking] = np.arange(count, dtype=np.int32)
    numbers = number[neighbours]
    is_unknown = numbers >= 0
    starts = np.concatenate([[0], np.cumsum(is_unknown.sum(axis=1))]).astype(np.int32)
    ties = scipy.sparse.csr_array(
        (np.ones(starts[-1]), numbers[is_unknown], starts), shape=(count, count)
    )
    ties = ties + ties.T  # (αᵤ − αᵥ)² counts for both
    known_neighbours = np.count_nonzero(~is_unknown, axis=1)
    matrix = scipy.sparse.diags_array(ties.sum(axis=1) + known_neighbours, format="csr") - ties
    return matrix, -np.count_nonzero(foreground[near][neighbours], axis=1).astype(np.float64)
