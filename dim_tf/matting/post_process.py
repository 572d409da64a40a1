"""Post-processing: the photo's own colours decide the fine detail of a predicted matte.

A network knows the object but draws its edges a little soft. Affinity-based matting knows nothing
of objects and guesses wherever colours do not tell them from what is behind, but its edges are as
sharp as the photo's. So the matte that is returned makes this sum as small as possible, over the
unknown pixels u:

    αᵀLα + MIXTURE_WEIGHT · Σᵤ tᵤ (αᵤ − Σᵥ mᵤᵥ αᵥ)² + Σᵤ wᵤ (αᵤ − predictedᵤ)²

L is the matting Laplacian of closed-form matting (`dim_tf.matting.closed_form`), v are the pixels
most like u in colour, of which its colour is mixed in the shares mᵤᵥ
(`dim_tf.matting.colour_mixtures`, which has the tᵤ as well), and wᵤ says how far the prediction can
be trusted. A network with certainty says so itself: it predicts the scale b of its error. Without
it wᵤ is large where the prediction is all but 0 or 1, which a network is seldom wrong about, and
small where it is in between, as at every edge it draws too soft.

Pixels of which the network is sure are left as they are, and count as known to the others. Where
colours alone do not tell the object from what is behind, the sum's minimum has a faint haze: a
little alpha where there is none, or a little less than one. So a small difference from a
prediction that can be trusted is dropped.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np

from dim_tf.config import UNKNOWN
from dim_tf.matting.closed_form import closed_form_equations
from dim_tf.matting.coarse_correction import linear_functions, solve
from dim_tf.matting.colour_mixtures import colour_mixtures
from dim_tf.matting.progress import Progress, untold
from dim_tf.matting.tiles import Tile, plan_tiles

# wᵤ = UNCERTAIN_WEIGHT + weight · trust. Of a network with certainty, trust is
# (HALF_CERTAIN / (b + HALF_CERTAIN))^power, of another |2 · predicted − 1|^power. Differences below
# haze · trust are haze; up to twice as large ones are taken in part, so that the matte has no
# steps. All these and MIXTURE_WEIGHT were chosen as docs/post_processing.md tells.
UNCERTAIN_WEIGHT = 1e-4
SCALE_WEIGHT, SCALE_POWER, SCALE_HAZE = 0.5, 4, 0.08
ALPHA_WEIGHT, ALPHA_POWER, ALPHA_HAZE = 1.5e-2, 12, 0.06
MIXTURE_WEIGHT = 0.1
# Where b is smaller the network is sure.
SURE_SCALE = 0.015
# The b at which it is half certain.
HALF_CERTAIN = 0.06
# Conjugate gradients begin at the prediction and end at this residual, relative to the right-hand
# side, or after this many steps.
TOLERANCE = 1e-3
STEPS = 200
# A photo with more pixels to ask, or more pixels around them, is solved in tiles: a pixel that is
# asked takes about 0.7 kB while it is.
OPEN_PIXELS_AT_ONCE = 1_500_000
PIXELS_AT_ONCE = 6_000_000
TILE_SIDE = 960
# Around a tile, pixels. In dense hair tiles do not quite agree even so, as each has like colours of
# its own; blended over so much on both sides of a border they show no seam.
TILE_MARGIN, TILE_BLEND = 128, 96
# Of the time that a tile takes, about: until its windows are done, and its mixtures of colours.
_WINDOWS_DONE, _COLOURS_MIXED = 0.15, 0.5
# Progress is told in whole numbers: so many a tile.
_PARTS = 100


def certainty_of(scale: np.ndarray) -> np.ndarray:
    """How sure the network is of its matte.

    Args:
        scale: b, float32, the mean error that the network expects of alpha; see
            `dim_tf.model.network.alpha_and_log_scale`. Any shape.

    Returns:
        The same shape in [0, 1]: 1 where b is 0, one half where it is `HALF_CERTAIN`.
    """
    return HALF_CERTAIN / (scale + HALF_CERTAIN)


@np.errstate(under="ignore")  # what is too small is 0, whatever the caller does about it elsewhere
def follow_colours(
    rgb: np.ndarray,
    trimap: np.ndarray,
    alpha: np.ndarray,
    scale: np.ndarray | None = None,
    told: Progress = untold,
) -> np.ndarray:
    """Brings a predicted matte into agreement with the photo's colours.

    Args:
        rgb: [H, W, 3] uint8.
        trimap: [H, W] uint8 in {0, 128, 255}.
        alpha: [H, W] float32 in [0, 1], the prediction.
        scale: [H, W] float32, b of the prediction, its expected error; None where nothing says it.
        told: see `dim_tf.matting.progress`; the step is "colours".

    Returns:
        [H, W] float32 in [0, 1]; outside the unknown pixels it is `alpha`.
    """
    open_pixels = trimap == UNKNOWN
    if scale is not None:
        open_pixels &= scale >= SURE_SCALE
    tiles = plan_tiles(open_pixels, None, TILE_MARGIN)
    if tiles and (
        np.count_nonzero(open_pixels) > OPEN_PIXELS_AT_ONCE
        or open_pixels[tiles[0].seen].size > PIXELS_AT_ONCE
    ):
        tiles = plan_tiles(open_pixels, TILE_SIDE, TILE_MARGIN)
    blended, weights = np.zeros_like(alpha), np.zeros_like(alpha)
    for number, tile in enumerate(tiles):

        def share_told(share: float, number: int = number) -> None:
            told("colours", int((number + share) * _PARTS), len(tiles) * _PARTS)

        seen, is_open = tile.seen, open_pixels[tile.seen]
        solved = _solve(
            rgb[seen],
            is_open,
            alpha[seen],
            None if scale is None else scale[seen],
            trimap.shape,
            share_told,
        )
        weight = _blending(tile)[is_open] if len(tiles) > 1 else np.float32(1)
        weights[seen][is_open] += weight
        blended[seen][is_open] += weight * solved
    return np.divide(blended, weights, out=alpha.copy(), where=weights > 0)


def _blending(tile: Tile) -> np.ndarray:
    """[H, W] float32 in [0, 1]: how much each pixel that a tile sees is taken from it.

    Across the border of two tiles it falls in the one as it grows in the other; all of the core
    counts.
    """
    shares = []
    for core, seen in zip(tile.core, tile.seen, strict=True):
        place = np.arange(seen.start, seen.stop, dtype=np.float32) + 0.5
        within = np.minimum(place - core.start, core.stop - place)
        shares.append(np.clip(0.5 + within / (2 * TILE_BLEND), 0.0, 1.0))
    return shares[0][:, None] * shares[1]


def _solve(
    rgb: np.ndarray,
    open_pixels: np.ndarray,
    alpha: np.ndarray,
    scale: np.ndarray | None,
    photo_size: tuple[int, int],
    share_told: Callable[[float], None],
) -> np.ndarray:
    """The matte's open pixels, [U] float32 in [0, 1], in the order of `np.nonzero`."""
    share_told(0.0)
    predicted = alpha[open_pixels]
    certainty = None if scale is None else certainty_of(scale)
    if certainty is None:
        trust, weight, haze = np.abs(2 * predicted - 1) ** ALPHA_POWER, ALPHA_WEIGHT, ALPHA_HAZE
    else:
        trust, weight, haze = certainty[open_pixels] ** SCALE_POWER, SCALE_WEIGHT, SCALE_HAZE
    weights = np.float32(UNCERTAIN_WEIGHT) + np.float32(weight) * trust
    windows, windows_known = closed_form_equations(rgb, open_pixels, alpha, weights)
    residuals, known_residuals = colour_mixtures(
        *(rgb, open_pixels, alpha, photo_size, certainty),
        lambda share: share_told(_WINDOWS_DONE + share * (_COLOURS_MIXED - _WINDOWS_DONE)),
    )
    share_told(_COLOURS_MIXED)
    steps = itertools.count(1)
    residuals *= np.float32(math.sqrt(MIXTURE_WEIGHT))
    known_residuals *= np.float32(math.sqrt(MIXTURE_WEIGHT))
    solution = solve(
        windows,
        residuals,
        weights * predicted - windows_known + residuals.T @ known_residuals,
        predicted,
        linear_functions(rgb, open_pixels),
        TOLERANCE,
        STEPS,
        lambda: share_told(_COLOURS_MIXED + (1 - _COLOURS_MIXED) * next(steps) / STEPS),
    )
    share_told(1.0)
    return without_haze(np.clip(solution, 0.0, 1.0), predicted, haze * trust)


def without_haze(alpha: np.ndarray, predicted: np.ndarray, haze: np.ndarray) -> np.ndarray:
    """Takes a matte back to the prediction where it differs from it by haze only.

    Args:
        alpha: floats in [0, 1], any shape.
        predicted: likewise, the same shape.
        haze: likewise, the largest difference that is dropped.

    Returns:
        The same shape, between the two.
    """
    difference = alpha - predicted
    size = np.abs(difference)
    kept = np.minimum(size, 2 * np.maximum(size - haze, 0))
    return predicted + np.sign(difference) * kept
