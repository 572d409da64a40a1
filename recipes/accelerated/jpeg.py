"""What JPEG compression does to a photo, on the device."""

import math

import torch
from torch.nn import functional

from dim_tf.examples.ranges import JPEG_QUALITY
from recipes.accelerated.draws import Draws

# Recommended tables of the standard (ITU-T T.81, annex K), for quality 50.
_LUMINANCE_TABLE = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE_TABLE = (
    *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)
# JFIF: RGB to Y, Cb and Cr.
_TO_YCBCR = (
    (0.299, 0.587, 0.114),
    (-0.168736, -0.331264, 0.5),
    (0.5, -0.418688, -0.081312),
)
_BLOCK = 8
_MIDDLE_GREY = 128.0


def draw_jpeg(photo: torch.Tensor, draws: Draws) -> torch.Tensor:
    """Compresses each photo of a batch at a quality of its own.

    Args:
        photo: see `jpeg`.
        draws: for the qualities.
    """
    quality = draws.between(JPEG_QUALITY, len(photo))
    return jpeg(photo, quality)


def jpeg(photo: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
    """The loss of baseline JPEG: chroma at half size, 8×8 cosine transforms, rounded coefficients.

    Args:
        photo: [B, 3, H, W] float32 RGB in grey levels, H and W multiples of 16.
        quality: [B] from 1 to 100, as libjpeg counts it.

    Returns:
        As the photo, from 0 to 255.
    """
    to_ycbcr = photo.new_tensor(_TO_YCBCR)
    planes = torch.einsum("ij,bjhw->bihw", to_ycbcr, photo)
    factor = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
    luminance = _quantized(planes[:, :1] - _MIDDLE_GREY, _LUMINANCE_TABLE, factor) + _MIDDLE_GREY
    chrominance = functional.interpolate(
        _quantized(functional.avg_pool2d(planes[:, 1:], 2), _CHROMINANCE_TABLE, factor),
        scale_factor=2,
        mode="bilinear",
    )
    planes = torch.cat([luminance, chrominance], 1)
    return torch.einsum("ij,bjhw->bihw", torch.linalg.inv(to_ycbcr), planes).clamp(0, 255)


def _quantized(planes: torch.Tensor, table: tuple[int, ...], factor: torch.Tensor) -> torch.Tensor:
    """[B, C, H, W] through the rounding of its coefficients."""
    batch, channels, height, width = planes.shape
    rows, columns = height // _BLOCK, width // _BLOCK
    blocks = planes.reshape(batch, channels, rows, _BLOCK, columns, _BLOCK).transpose(3, 4)
    steps = planes.new_tensor(table).view(_BLOCK, _BLOCK) * factor.view(-1, 1, 1, 1, 1, 1)
    steps = steps.clamp(min=1.0)
    cosines = _cosines(planes.device)
    coefficients = ((cosines @ blocks @ cosines.T) / steps).round() * steps
    blocks = cosines.T @ coefficients @ cosines
    return blocks.transpose(3, 4).reshape(batch, channels, height, width)


def _cosines(device: torch.device) -> torch.Tensor:
    """The orthonormal cosine transform, [frequency, place]."""
    n = torch.arange(_BLOCK, device=device).float()
    cosines = torch.cos((2 * n[None] + 1) * n[:, None] * math.pi / (2 * _BLOCK))
    cosines *= math.sqrt(2 / _BLOCK)
    cosines[0] /= math.sqrt(2)
    return cosines
