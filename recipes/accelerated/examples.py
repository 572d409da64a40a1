"""Batches of training examples, composed on the device."""

from typing import NamedTuple

import torch

from dim_tf.config import IMAGE_MEAN_RGB
from dim_tf.examples import ranges
from recipes.accelerated.appearance import (
    add_noise,
    blur,
    change_colours,
    plain_background,
    similar_background,
)
from recipes.accelerated.draws import Draws
from recipes.accelerated.jpeg import draw_jpeg
from recipes.accelerated.library import Library
from recipes.accelerated.sampling import sample_backgrounds, sample_foregrounds
from recipes.accelerated.trimaps import draw_trimaps

_SECOND_OBJECT_PROBABILITY = 0.3
_COLOUR_CHANGE_PROBABILITY = 0.5
_SOFT_EDGE_PROBABILITY, _SOFT_EDGE_RADIUS = 0.3, 5
_PLAIN_PROBABILITY = 0.15
_SIMILAR_PROBABILITY = 0.15
_OUT_OF_FOCUS_PROBABILITY = 0.55
_NOISE_PROBABILITY = 0.3
_JPEG_PROBABILITY = 0.25
# Below this much alpha a pixel shows nothing of either object.
_INVISIBLE = 1e-4


class Batch(NamedTuple):
    """Examples: [B, channels, S, S] float32.

    Attributes:
        image_and_trimap: what the network sees: `seen` minus `IMAGE_MEAN_RGB`, and the trimap.
        photo: the composite, 3 channels, grey levels.
        seen: the composite with noise and compression.
        foreground: colours, 3 channels, grey levels.
        background: likewise.
        alpha: 1 channel, multiples of 1/255 in [0, 1].
        trimap: 1 channel in {0, 128, 255}.
    """

    image_and_trimap: torch.Tensor
    photo: torch.Tensor
    seen: torch.Tensor
    foreground: torch.Tensor
    background: torch.Tensor
    alpha: torch.Tensor
    trimap: torch.Tensor


@torch.no_grad()
def draw_batch(library: Library, count: int, side: int, draws: Draws) -> Batch:
    """Composes a batch.

    Args:
        library: what it is made of.
        count: of examples, at least 2: half of the foregrounds are shrunk.
        side: of the examples, a multiple of 32.
        draws: the batch depends on them and the library alone.
    """
    foreground, alpha = _draw_objects(library, count, side, draws)
    soft = blur(alpha, _sigmas(count, ranges.EDGE_SIGMA, draws), _SOFT_EDGE_RADIUS).clamp(0, 1)
    alpha = torch.where(draws.happens(count, _SOFT_EDGE_PROBABILITY), soft, alpha)
    alpha = (alpha * 255).round() / 255
    background = _draw_background(library, foreground, alpha, draws)
    photo = (alpha * foreground + (1 - alpha) * background).clamp(0, 255)
    seen = add_noise(photo, _NOISE_PROBABILITY, draws)
    seen = torch.where(draws.happens(count, _JPEG_PROBABILITY), draw_jpeg(seen, draws), seen)
    trimap = draw_trimaps(alpha, draws)
    mean = photo.new_tensor(IMAGE_MEAN_RGB).view(1, 3, 1, 1)
    image_and_trimap = torch.cat([seen - mean, trimap], 1)
    return Batch(image_and_trimap, photo, seen, foreground, background, alpha, trimap)


def over(
    front: torch.Tensor, front_alpha: torch.Tensor, back: torch.Tensor, back_alpha: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """One object in front of another as one (Porter and Duff, 1984): colours and alpha.

    Args:
        front: [B, 3, S, S] float32.
        front_alpha: [B, 1, S, S] float32 in [0, 1].
        back: as `front`; where nothing can be seen, its colours stay.
        back_alpha: as `front_alpha`.
    """
    back_share = (1 - front_alpha) * back_alpha
    alpha = front_alpha + back_share
    premultiplied = front_alpha * front + back_share * back
    colours = premultiplied / alpha.clamp(min=_INVISIBLE)
    return torch.where(alpha > _INVISIBLE, colours, back), alpha


def _draw_objects(
    library: Library, count: int, side: int, draws: Draws
) -> tuple[torch.Tensor, torch.Tensor]:
    """Colours and alpha of one object, or of two: the second is shrunk where the first is not."""
    half = count // 2
    back, back_alpha = _draw_foregrounds(library, (count - half, half), (False, True), side, draws)
    front, front_alpha = _draw_foregrounds(
        library, (count - half, half), (True, False), side, draws
    )
    front_alpha = front_alpha * draws.happens(count, _SECOND_OBJECT_PROBABILITY)
    return over(front, front_alpha, back, back_alpha)


def _draw_foregrounds(
    library: Library,
    counts: tuple[int, int],
    shrunk: tuple[bool, bool],
    side: int,
    draws: Draws,
) -> tuple[torch.Tensor, torch.Tensor]:
    parts = []
    for count, smaller in zip(counts, shrunk, strict=True):
        indices = library.draw_foregrounds(count, smaller, draws)
        anchors = library.draw_edges(indices, draws)
        parts.append(sample_foregrounds(library.pictures[indices], anchors, side, smaller, draws))
    colours, alpha = (torch.cat(part) for part in zip(*parts, strict=True))
    return change_colours(colours, _COLOUR_CHANGE_PROBABILITY, draws), alpha


def _draw_background(
    library: Library, foreground: torch.Tensor, alpha: torch.Tensor, draws: Draws
) -> torch.Tensor:
    count, side = len(alpha), alpha.shape[-1]
    indices = draws.integers(len(library.photos), count)
    picture = sample_backgrounds(library.photos[indices], library.extents[indices], side, draws)
    picture = change_colours(picture, _COLOUR_CHANGE_PROBABILITY, draws)
    plain = plain_background(picture, foreground, alpha, draws)
    picture = torch.where(draws.happens(count, _PLAIN_PROBABILITY), plain, picture)
    similar = similar_background(picture, foreground, alpha, draws)
    picture = torch.where(draws.happens(count, _SIMILAR_PROBABILITY), similar, picture)
    blurred = blur(picture, _sigmas(count, ranges.BLUR_SIGMA, draws), ranges.BLUR_RADIUS)
    return torch.where(draws.happens(count, _OUT_OF_FOCUS_PROBABILITY), blurred, picture)


def _sigmas(count: int, bounds: tuple[float, float], draws: Draws) -> torch.Tensor:
    return draws.log_uniform(count, low=bounds[0], high=bounds[1])
