"""How photographs vary: colours, focus, walls behind an object, noise."""

import torch
from torch.nn import functional

from dim_tf.examples import ranges
from recipes.accelerated.draws import Draws

_FARTHEST_SHADOW = 3  # cells
# Colours of a foreground are drawn from every seventh pixel, not to sum up all.
_PIXEL_STEP = 7


def change_colours(picture: torch.Tensor, probability: float, draws: Draws) -> torch.Tensor:
    """Another contrast, brightness, tint and gamma for some pictures of a batch.

    The tint is a factor on every colour; `dim_tf.examples.appearance` has it on the mean alone, so
    that there it leaves the contrast as it is.

    Args:
        picture: [B, 3, H, W] float32 in grey levels.
        probability: of each picture.
        draws: for all of it.
    """
    count = len(picture)

    def drawn(bounds: tuple[float, float], channels: int = 1) -> torch.Tensor:
        return draws.between(bounds, count, channels, 1, 1)

    mean = picture.mean((2, 3), keepdim=True)
    contrasted = (picture - mean) * drawn(ranges.CONTRAST) + mean + drawn(ranges.BRIGHTNESS)
    tinted = contrasted * drawn(ranges.CHANNEL_GAIN, channels=3)
    changed = 255 * (tinted / 255).clamp(0, 1).pow(drawn(ranges.GAMMA))
    return torch.where(draws.happens(count, probability), changed, picture)


def blur(picture: torch.Tensor, sigma: torch.Tensor, radius: int) -> torch.Tensor:
    """Gaussian blur, mirrored at the border.

    Args:
        picture: [B, C, H, W] float32.
        sigma: [B], one for each picture, pixels.
        radius: where the kernel ends, pixels; less than H and W.
    """
    batch, channels, height, width = picture.shape
    place = torch.arange(-radius, radius + 1, device=picture.device)
    kernel = torch.exp(-0.5 * (place / sigma[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    planes = picture.reshape(1, batch * channels, height, width)
    planes = functional.pad(planes, (radius,) * 4, mode="reflect")
    planes = functional.conv2d(planes, kernel[:, None, :, None], groups=batch * channels)
    planes = functional.conv2d(planes, kernel[:, None, None, :], groups=batch * channels)
    return planes.view(batch, channels, height, width)


def similar_background(
    background: torch.Tensor, foreground: torch.Tensor, alpha: torch.Tensor, draws: Draws
) -> torch.Tensor:
    """Moves the background's colours toward the foreground's: their mean and their spread.

    Args:
        background: [B, 3, S, S] float32 in grey levels.
        foreground: likewise.
        alpha: [B, 1, S, S] in [0, 1].
        draws: for how far.
    """
    total = alpha.sum((2, 3), keepdim=True).clamp(min=1)
    target = (alpha * foreground).sum((2, 3), keepdim=True) / total
    target_variance = (alpha * (foreground - target) ** 2).sum((2, 3), keepdim=True) / total
    mean = background.mean((2, 3), keepdim=True)
    variance = background.var((2, 3), keepdim=True)
    spread = ((target_variance + 1) / (variance + 1)).sqrt().clamp(max=ranges.LARGEST_SCALE)
    moved = (background - mean) * spread + target
    share = draws.between(ranges.SIMILARITY, len(background), 1, 1, 1)
    return (background + share * (moved - background)).clamp(0, 255)


def plain_background(
    background: torch.Tensor, foreground: torch.Tensor, alpha: torch.Tensor, draws: Draws
) -> torch.Tensor:
    """A wall or a sheet behind the object, with its shadow, as product photographs have.

    Args:
        background: [B, 3, S, S] float32 in grey levels; a little of it stays, as wrinkles.
        foreground: likewise.
        alpha: [B, 1, S, S] in [0, 1].
        draws: for all of it.
    """
    count, _, side, _ = background.shape
    colour = _wall_colour(foreground, alpha, draws)
    along = torch.linspace(-1, 1, side, device=background.device)
    light = 12 * (
        draws.normal(count, 1, 1, 1) * along + draws.normal(count, 1, 1, 1) * along[:, None]
    )
    wrinkles = draws.between(ranges.WRINKLES, count, 1, 1, 1) * (
        background - background.mean((2, 3), keepdim=True)
    )
    return ((colour + wrinkles + light) * (1 - _shadow(alpha, draws))).clamp(0, 255)


def _wall_colour(foreground: torch.Tensor, alpha: torch.Tensor, draws: Draws) -> torch.Tensor:
    """Nearly white, any colour, or one of the foreground's: [B, 3, 1, 1]."""
    count = len(alpha)
    kind = draws.uniform(count, 1, 1, 1)
    bright = draws.between(ranges.BRIGHT, count, 1, 1, 1)
    bright = bright + ranges.TINT_SIGMA * draws.normal(count, 3, 1, 1)
    any_colour = draws.uniform(count, 3, 1, 1, high=255)
    weights = alpha.reshape(count, -1)[:, ::_PIXEL_STEP] + 1e-6
    pixel = torch.multinomial(weights, 1, generator=draws.on_device) * _PIXEL_STEP
    pixels = foreground.reshape(count, 3, -1)
    alike = pixels.gather(2, pixel[:, None].expand(-1, 3, -1))[..., None]
    alike = alike + ranges.LIKENESS_SIGMA * draws.normal(count, 3, 1, 1)
    return torch.where(
        kind < ranges.BRIGHT_SHARE,
        bright,
        torch.where(kind < ranges.BRIGHT_SHARE + ranges.ANY_COLOUR_SHARE, any_colour, alike),
    )


def _shadow(alpha: torch.Tensor, draws: Draws) -> torch.Tensor:
    """[B, 1, S, S] from 0 to 0.5: the matte, blurred and moved."""
    coarse = functional.avg_pool2d(alpha, ranges.SHADOW_CELL)
    moves = [draws.integer(-_FARTHEST_SHADOW, _FARTHEST_SHADOW + 1) for _ in range(2)]
    moved = torch.roll(coarse, moves, (2, 3))
    shadow = functional.interpolate(moved, size=alpha.shape[2:], mode="bicubic").clamp(0, 1)
    return draws.between(ranges.SHADOW_STRENGTH, len(alpha), 1, 1, 1) * shadow


def add_noise(photo: torch.Tensor, probability: float, draws: Draws) -> torch.Tensor:
    """Normally distributed noise in some photos, rounded to whole levels.

    Args:
        photo: [B, 3, H, W] float32 in grey levels.
        probability: of each photo.
        draws: for all of it.
    """
    strength = draws.between(ranges.NOISE_SIGMA, len(photo), 1, 1, 1)
    strength = strength * draws.happens(len(photo), probability)
    return (photo + strength * draws.normal(*photo.shape)).clamp(0, 255).round()
