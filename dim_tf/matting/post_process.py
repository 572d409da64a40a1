"""Post-processing: the photo's own colours decide the fine detail of a predicted matte.

A network knows the object but draws its edges a little soft. Affinity-based matting knows nothing
of objects and guesses wherever colours do not tell them from what is behind, but its edges are as
sharp as the photo's. So the matte that is returned makes this sum as small as possible, over the
unknown pixels u:

    αᵀLα + NEIGHBOUR_WEIGHT · Σᵤ Σᵥ (αᵤ − αᵥ)² + Σᵤ wᵤ (αᵤ − predictedᵤ)²

L is the matting Laplacian of closed-form matting (`dim_tf.matting.closed_form`), v are the pixels
most like u in colour (KNN matting, `dim_tf.matting.nearest_colours`), and wᵤ is large where the
prediction is all but 0 or 1, which a network is seldom wrong about, and small where it is in
between, as at every edge it draws too soft.

Where colours alone do not tell the object from what is behind, the sum's minimum has a faint haze:
a little alpha where there is none, or a little less than one. So a small difference from a certain
prediction is dropped.
"""

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from dim_tf.config import FOREGROUND, UNKNOWN
from dim_tf.matting.closed_form import closed_form_equations
from dim_tf.matting.nearest_colours import nearest_colours_equations
from dim_tf.matting.tiles import plan_tiles

# wᵤ = UNCERTAIN_WEIGHT + CERTAIN_WEIGHT · |2 · predictedᵤ − 1|^CERTAINTY_POWER. These and
# NEIGHBOUR_WEIGHT were chosen as docs/training_log.md tells.
UNCERTAIN_WEIGHT = 1e-4
CERTAIN_WEIGHT = 1.5e-2
CERTAINTY_POWER = 12
NEIGHBOUR_WEIGHT = 5e-3
# Differences below this times |2 · predicted − 1|^CERTAINTY_POWER are haze; up to twice as large
# ones are taken in part, so that the matte has no steps.
HAZE = 0.06
# Conjugate gradients begin at the prediction and end at this residual, relative to the right-hand
# side, or after this many steps.
TOLERANCE = 1e-4
STEPS = 200
# More unknown pixels than this are solved in tiles; each takes about 1.5 kB while it is.
PIXELS_AT_ONCE = 250_000
TILE_SIDE = 384
# Around a tile, pixels: so far away, predictions have no part in the matte that can be seen.
TILE_MARGIN = 64


def follow_colours(rgb: np.ndarray, trimap: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Brings a predicted matte into agreement with the photo's colours.

    Args:
        rgb: [H, W, 3] uint8.
        trimap: [H, W] uint8 in {0, 128, 255}.
        alpha: [H, W] float32 in [0, 1], the prediction.

    Returns:
        [H, W] float32 in [0, 1]; outside the unknown pixels it is `alpha`.
    """
    unknown = trimap == UNKNOWN
    side = TILE_SIDE if np.count_nonzero(unknown) > PIXELS_AT_ONCE else None
    result = alpha.copy()
    for tile in plan_tiles(unknown, side, TILE_MARGIN):
        core, seen = tile
        solved = np.zeros(unknown[seen].shape, np.float32)
        solved[unknown[seen]] = _solve(rgb[seen], trimap[seen], alpha[seen], trimap.shape)
        result[core] = np.where(unknown[core], solved[tile.inside], result[core])
    return result


def _solve(
    rgb: np.ndarray, trimap: np.ndarray, alpha: np.ndarray, photo_size: tuple[int, int]
) -> np.ndarray:
    """The matte's unknown pixels, [U] float32 in [0, 1], in the order of `np.nonzero`."""
    unknown, foreground = trimap == UNKNOWN, trimap == FOREGROUND
    predicted = alpha[unknown].astype(np.float64)
    weights = prediction_weights(predicted)
    windows, windows_known = closed_form_equations(rgb, unknown, foreground)
    alike, alike_known = nearest_colours_equations(rgb, unknown, foreground, photo_size)
    matrix = windows + NEIGHBOUR_WEIGHT * alike + scipy.sparse.diags_array(weights, format="csr")
    solution, _ = scipy.sparse.linalg.cg(
        matrix,
        weights * predicted - windows_known - NEIGHBOUR_WEIGHT * alike_known,
        x0=predicted,
        rtol=TOLERANCE,
        maxiter=STEPS,
        M=scipy.sparse.diags_array(1 / matrix.diagonal()),
    )
    return without_haze(np.clip(solution, 0.0, 1.0), predicted).astype(np.float32)


def prediction_weights(predicted: np.ndarray) -> np.ndarray:
    """wᵤ of the module's equation for predictions in [0, 1], any shape."""
    return UNCERTAIN_WEIGHT + CERTAIN_WEIGHT * _certainty(predicted)


def without_haze(alpha: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Takes a matte back to the prediction where it differs a little and the network is certain.

    Args:
        alpha: floats in [0, 1], any shape.
        predicted: likewise, the same shape.

    Returns:
        The same shape, between the two.
    """
    haze = HAZE * _certainty(predicted)
    difference = alpha - predicted
    size = np.abs(difference)
    kept = np.minimum(size, 2 * np.maximum(size - haze, 0))
    return predicted + np.sign(difference) * kept


def _certainty(predicted: np.ndarray) -> np.ndarray:
    return np.abs(2 * predicted - 1) ** CERTAINTY_POWER
