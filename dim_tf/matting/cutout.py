"""From a matte to a cut-out: foreground colours without the old background, and new backgrounds.

A pixel at the object's edge shows alpha · F + (1 − alpha) · B. A cut-out needs F alone, otherwise
the old background shines through as a halo. F is estimated by `dim_tf.matting.foreground`.
"""

import math
from pathlib import Path

import cv2
import numpy as np

from dim_tf.matting.foreground import estimate_foreground
from dim_tf.matting.progress import Progress, untold
from dim_tf.system.errors import InputError

Background = tuple[int, int, int] | Path


def parse_background(text: str) -> Background:
    """What --background means.

    Args:
        text: a picture file, or a colour as CSS writes it: a name, #rrggbb, rgb(r, g, b).

    Returns:
        The file, or the colour as RGB.

    Raises:
        InputError: it is neither.
    """
    if Path(text).is_file():
        return Path(text)
    try:
        return parse_colour(text)
    except ValueError:
        raise InputError(
            f"--background={text} is no file and no colour; give a picture, or a colour such as "
            "white or '#20a050'."
        ) from None


def parse_colour(text: str) -> tuple[int, int, int]:
    """A colour as CSS writes it: a name, #rrggbb, rgb(r, g, b).

    Returns:
        RGB, levels of 8 bits; what is beyond them is taken as the nearest, as browsers do.

    Raises:
        ValueError: it is none, or one to see through, as there is nothing behind it.
    """
    from PIL import ImageColor

    red, green, blue, *opacity = (min(max(level, 0), 255) for level in ImageColor.getrgb(text))
    if opacity not in ([], [255]):
        raise ValueError(f"{text} is see-through")
    return red, green, blue


def filling(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture scaled to fill another size and cropped in the middle.

    Args:
        picture: [H, W, 3] uint8.
        height: to fill.
        width: to fill.

    Returns:
        [height, width, 3] uint8.
    """
    scale = max(height / picture.shape[0], width / picture.shape[1])
    # What will be seen of it, and a row more where the middle needs it: the whole of a narrow strip
    # would take gigabytes.
    middle = _middle(picture, math.ceil(height / scale), math.ceil(width / scale))
    size = [
        max(round(own * scale), side)
        for own, side in zip(middle.shape[:2], (height, width), strict=True)
    ]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(middle, size[::-1], interpolation=method)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    return resized[top : top + height, left : left + width]


def _middle(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """The middle of a picture, of so many rows and columns or one more each, or what it has."""
    top, left = (
        max(0, own - side) // 2
        for own, side in zip(picture.shape[:2], (height, width), strict=True)
    )
    return picture[top : picture.shape[0] - top, left : picture.shape[1] - left]


def foreground_colours_of(
    rgb: np.ndarray, alpha: np.ndarray, told: Progress = untold
) -> np.ndarray:
    """The object's own colours, freed of the background that shines through.

    Args:
        rgb: [H, W, 3] uint8 or uint16 photo.
        alpha: [H, W] float32 in [0, 1].
        told: see `dim_tf.matting.progress`.

    Returns:
        [H, W, 3] of the same dtype; where alpha is 0 the colours of the object nearby, so that an
        editor that scales the cut-out mixes in nothing foreign.
    """
    largest = float(np.iinfo(rgb.dtype).max)
    return np.round(estimate_foreground(rgb, alpha, told) * largest).astype(rgb.dtype)


def composite_on(
    foreground: np.ndarray, alpha: np.ndarray, background: np.ndarray | tuple[int, int, int]
) -> np.ndarray:
    """Equation (1) of the paper: alpha · foreground + (1 − alpha) · background.

    Args:
        foreground: [H, W, 3] uint8 or uint16.
        alpha: [H, W] float32 in [0, 1].
        background: [H, W, 3] uint8, or one colour, RGB, levels of 8 bits.

    Returns:
        [H, W, 3] of the foreground's dtype.
    """
    weight = alpha[..., None]
    behind = np.float32(background) * np.float32(np.iinfo(foreground.dtype).max / 255)
    return np.round(weight * foreground + (1.0 - weight) * behind).astype(foreground.dtype)
