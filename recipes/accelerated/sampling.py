"""Foregrounds and backgrounds cut out of the pictures on the device: turned, mirrored, resized."""

import math

import torch
from torch.nn import functional

from recipes.accelerated.draws import Draws

# Shares of examples that are turned by quarters only and keep every pixel, so that they are as
# sharp as their pictures; of those shrunk, that are halved.
_WHOLE_PIXELS, _WHOLE_PIXELS_SHRUNK, _WHOLE_PIXELS_BACKGROUND = 0.7, 0.35, 0.5
# Pixels of the picture for one of the example, of the others.
_SCALES, _SCALES_SHRUNK, _SCALES_BACKGROUND = (0.6, 1.1), (1.2, 2.6), (0.6, 1.5)
# The pixel at an edge of the picture that comes to lie in this part of the example.
_TARGET = (0.15, 0.85)
_LARGEST_TILT = 0.3  # radians, beside quarter turns
# Shrunk foregrounds are sampled at so many times their resolution and averaged down.
_SUPERSAMPLING = 2
_LITTLE_ALPHA = 1e-3


def sample_foregrounds(
    pictures: torch.Tensor, anchors: torch.Tensor, side: int, shrunk: bool, draws: Draws
) -> tuple[torch.Tensor, torch.Tensor]:
    """Colours and alpha of squares about an anchor of each picture.

    Args:
        pictures: [B, 4, P, P] uint8, RGB and alpha.
        anchors: [B, 2], row and column of the pixel that must be in the square.
        side: of the squares, pixels.
        shrunk: whether foregrounds become smaller, and their edges finer, or keep about their size.
        draws: for the turns, mirrors, sizes and places.

    Returns:
        [B, 3, side, side] float32 in grey levels, and [B, 1, side, side] float32 in [0, 1].
    """
    count = len(pictures)
    whole = draws.uniform(count) < (_WHOLE_PIXELS_SHRUNK if shrunk else _WHOLE_PIXELS)
    low, high = _SCALES_SHRUNK if shrunk else _SCALES
    factor = _SUPERSAMPLING if shrunk else 1
    scale = torch.where(whole, float(factor), draws.log_uniform(count, low=low, high=high))
    grid = _turned_grid(anchors.float(), side, scale, whole, factor, draws)
    colours = sample(pictures[:, :3], grid, "border")
    alpha = sample(pictures[:, 3:], grid, "zeros") / 255
    return averaged_down(colours, alpha, factor)


def averaged_down(
    colours: torch.Tensor, alpha: torch.Tensor, factor: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Makes colours and alpha smaller; each colour counts by its alpha, so that no rim gets dark.

    Args:
        colours: [B, 3, H, W] float32.
        alpha: [B, 1, H, W] float32 in [0, 1].
        factor: that divides H and W.
    """
    if factor == 1:
        return colours, alpha
    weight = alpha + _LITTLE_ALPHA  # where all is transparent, the mean of its colours
    colours = functional.avg_pool2d(colours * weight, factor)
    return colours / functional.avg_pool2d(weight, factor), functional.avg_pool2d(alpha, factor)


def sample_backgrounds(
    photos: torch.Tensor, extents: torch.Tensor, side: int, draws: Draws
) -> torch.Tensor:
    """A square piece of each photograph, half of them mirrored.

    Args:
        photos: [B, 3, P, P] uint8.
        extents: [B, 2] float32, height and width of what is not a mirror image.
        side: of the squares, at most P.
        draws: for the rest.

    Returns:
        [B, 3, side, side] float32 in grey levels.
    """
    count = len(photos)
    whole = draws.uniform(count) < _WHOLE_PIXELS_BACKGROUND
    low, high = _SCALES_BACKGROUND
    largest = max(low, min(high, (photos.shape[-1] - 1) / side))
    scale = torch.where(whole, 1.0, draws.log_uniform(count, low=low, high=largest))
    room = (extents - 1 - (side - 1) * scale[:, None]).clamp(min=0)
    corner = torch.floor(draws.uniform(count, 2) * room)
    along = torch.arange(side, device=photos.device) * scale[:, None]
    rows, columns = corner[:, :1] + along, corner[:, 1:] + along
    shape = (count, side, side)
    grid = torch.stack([columns[:, None, :].expand(shape), rows[:, :, None].expand(shape)], -1)
    pieces = sample(photos, grid, "reflection")
    return torch.where(draws.happens(count, 0.5), pieces.flip(3), pieces)


def sample(pictures: torch.Tensor, grid: torch.Tensor, beyond: str) -> torch.Tensor:
    """Bilinear samples.

    Args:
        pictures: [B, C, P, P] uint8, squares.
        grid: [B, H, W, 2] float32, column and row, pixels.
        beyond: what is beyond the border: "zeros", "border" or "reflection".

    Returns:
        [B, C, H, W] float32.
    """
    relative = grid * (2 / (pictures.shape[-1] - 1)) - 1
    return functional.grid_sample(
        pictures.float(), relative, mode="bilinear", padding_mode=beyond, align_corners=True
    )


def _turned_grid(
    anchors: torch.Tensor,
    side: int,
    scale: torch.Tensor,
    whole: torch.Tensor,
    factor: int,
    draws: Draws,
) -> torch.Tensor:
    """Where each pixel of an example comes from: [B, side · factor, side · factor, 2].

    Half are turned by quarters, half mirrored; those that need not keep whole pixels are tilted.
    """
    count = len(anchors)
    target = torch.floor(draws.uniform(count, 2, low=_TARGET[0], high=_TARGET[1]) * side)
    quarters = draws.integers(4, count) * (draws.uniform(count) < 0.5)
    tilt = draws.uniform(count, low=-_LARGEST_TILT, high=_LARGEST_TILT)
    angle = quarters * (math.pi / 2) + torch.where(whole, 0.0, tilt)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    # A quarter turn's sine is 0 or 1 but for the last bits, which would blur whole pixels.
    cosine = torch.where(whole, cosine.round(), cosine)
    sine = torch.where(whole, sine.round(), sine)
    mirror = torch.where(draws.uniform(count) < 0.5, 1.0, -1.0)
    place = (torch.arange(side * factor, device=anchors.device) + 0.5) / factor - 0.5
    # Between pixels of the picture, samples would be means of two, as where it is halved.
    shift = torch.where(whole, (factor - 1) / 2, 0.0)[:, None]
    across = ((place - target[:, :1]) * scale[:, None] + shift) * mirror[:, None]
    down = (place - target[:, 1:]) * scale[:, None] + shift
    across, down = across[:, None, :], down[:, :, None]
    cosine, sine = cosine[:, None, None], sine[:, None, None]
    columns = anchors[:, 1, None, None] + cosine * across - sine * down
    rows = anchors[:, 0, None, None] + sine * across + cosine * down
    return torch.stack([columns, rows], -1)
