"""Trimaps of a batch of mattes, made where the mattes are."""

import math

import torch
from torch.nn import functional

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from recipes.accelerated.draws import Draws

# Sides of the windows, pixels; more of them are small than large.
SMALLEST_WINDOW, LARGEST_WINDOW = 3, 61
_SHARE_EVENLY_DRAWN = 0.4
# So many parts of a batch have windows of their own: the device works on each part at once.
_PARTS = 8

# Patches: a smooth random field from a grid of so many values along a side, cut off so that they
# cover such a share; now and then nearly everything.
_PATCH_PROBABILITY = 0.3
_PATCH_GRID = (4, 9)
_PATCH_SHARE = (0.05, 0.4)
_LARGE_PATCH_PROBABILITY, _LARGE_PATCH_SHARE = 0.15, (0.5, 0.97)


def draw_trimaps(alpha: torch.Tensor, draws: Draws) -> torch.Tensor:
    """Trimaps with windows drawn at random, in part with unknown patches anywhere.

    Args:
        alpha: [B, 1, S, S] float32, multiples of 1/255.
        draws: for all of it.

    Returns:
        [B, 1, S, S] float32 in {0, 128, 255}.
    """
    part = max(1, len(alpha) // _PARTS)
    trimaps = torch.cat(
        [trimaps_with_windows(mattes, *_draw_windows(draws)) for mattes in alpha.split(part)]
    )
    patches = _draw_patches(len(alpha), alpha.shape[-1], draws)
    patches = patches & draws.happens(len(alpha), _PATCH_PROBABILITY)
    return torch.where(patches, float(UNKNOWN), trimaps)


def trimaps_with_windows(
    alpha: torch.Tensor, dilation_window: int, erosion_window: int
) -> torch.Tensor:
    """Marks the surroundings of the mattes' edges as unknown.

    A pixel is unknown where its dilation window reaches a pixel above 0 and its erosion window
    reaches one below 255. Equals `dim_tf.trimaps.from_matte.trimap_from_alpha`.

    Args:
        alpha: [B, 1, H, W] float32, multiples of 1/255.
        dilation_window: side of the square by which the foreground grows, odd.
        erosion_window: side of the square by which the background grows, odd.

    Returns:
        [B, 1, H, W] float32 in {0, 128, 255}.
    """
    grey = (alpha * 255).round()
    unknown = _any_in_window(grey > 0, dilation_window) & _any_in_window(grey < 255, erosion_window)
    known = torch.where(grey == 255, float(FOREGROUND), float(BACKGROUND))
    return torch.where(unknown, float(UNKNOWN), known)


def _draw_windows(draws: Draws) -> tuple[int, int]:
    evenly = draws.number() < _SHARE_EVENLY_DRAWN
    return _draw_window(evenly, draws), _draw_window(evenly, draws)


def _draw_window(evenly: bool, draws: Draws) -> int:
    """An odd number from the smallest window to the largest."""
    ratio = LARGEST_WINDOW / SMALLEST_WINDOW
    place = draws.number()
    side = (
        SMALLEST_WINDOW + place * (LARGEST_WINDOW - SMALLEST_WINDOW)
        if evenly
        else SMALLEST_WINDOW * ratio**place
    )
    return int(side) // 2 * 2 + 1


def _any_in_window(pixels: torch.Tensor, window: int) -> torch.Tensor:
    reach = window // 2
    rows = functional.max_pool2d(pixels.float(), (window, 1), 1, (reach, 0))
    return functional.max_pool2d(rows, (1, window), 1, (0, reach)) > 0


def _draw_patches(count: int, side: int, draws: Draws) -> torch.Tensor:
    """[count, 1, side, side] bool."""
    cells = draws.integer(_PATCH_GRID[0], _PATCH_GRID[1] + 1)
    field = functional.interpolate(
        draws.normal(count, 1, cells, cells), size=(side, side), mode="bicubic"
    )
    share = torch.where(
        draws.happens(count, _LARGE_PATCH_PROBABILITY),
        draws.uniform(count, 1, 1, 1, low=_LARGE_PATCH_SHARE[0], high=_LARGE_PATCH_SHARE[1]),
        draws.uniform(count, 1, 1, 1, low=_PATCH_SHARE[0], high=_PATCH_SHARE[1]),
    )
    # The level above which a normal distribution has this share.
    level = field.std((2, 3), keepdim=True) * math.sqrt(2) * torch.erfinv(1 - 2 * share)
    return field > level
