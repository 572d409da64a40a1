"""The role photo: colours as a person sees them."""

import os
from typing import NamedTuple

import numpy as np

from dim_tf.config import MAX_INPUT_MEGAPIXELS
from dim_tf.pictures.colour import ColourProfile, ProfileError, grey_by_profile, to_srgb
from dim_tf.pictures.levels import full_range, to_8_bits, to_grey, to_rgb
from dim_tf.pictures.picture import Picture, read_in_role
from dim_tf.system.errors import Teller, tell

# Which of two files is the photo is judged by about this many of their pixels.
_PIXELS_LOOKED_AT = 1_000_000
_BLACK_AND_WHITE = 0.6
# A picture with colours in more than this share of its pixels is a photograph.
MOST_COLOUR = 0.01
# Red, green and blue of a pixel differ visibly if by more than this.
_VISIBLE_COLOUR = 24
# Opacity that differs by no more than this is the same, and a picture with less of it that differs
# is a whole one, such as a screenshot with round corners.
_SAME_OPACITY = 16
_LEAST_SEE_THROUGH = 0.005
# More of a picture is half transparent where edges are soft.
_SOFT_OPACITY = 0.001
# Shades of one colour have nearly the same red, green and blue beside their largest, but for so
# many of those that are not dark (a JPEG changes colours at edges).
_DARK, _SAME_HUE, _MOST_OTHER_HUES = 64, 0.25, 0.1


class Photo(NamedTuple):
    """A photo on white where it is transparent, as viewers show it.

    Attributes:
        rgb: [H, W, 3] uint8, sRGB: what the network and people see.
        own: [H, W, 3] uint8 or uint16, the numbers of the file, or sRGB where these are no RGB.
        profile: what `own` means as colours; None: sRGB.
    """

    rgb: np.ndarray
    own: np.ndarray
    profile: ColourProfile | None


def read_rgb(
    path: str | os.PathLike,
    max_megapixels: float = MAX_INPUT_MEGAPIXELS,
    told: Teller = tell,
) -> np.ndarray:
    """Reads a photo: any readable picture, transparency on white, colours in sRGB.

    Args:
        path: see `dim_tf.pictures.picture.read_picture`.
        max_megapixels: a larger one is refused unread.
        told: gets what there is to say about the file.

    Returns:
        [H, W, 3] uint8.

    Raises:
        InputError: the file is missing, unreadable or no picture.
    """
    return read_in_role(path, max_megapixels, photo_of, told).rgb


def photo_of(picture: Picture) -> tuple[Photo, list[str]]:
    """A picture as a photo, and what to tell of it."""
    profile = picture.profile
    stored = grey_by_profile(picture.pixels, profile)
    pixels, notes = full_range(stored, picture.white_is_known)
    if picture.opacity is not None:
        notes.append("it is transparent in places and is put on white, as viewers show it")
        opacity = picture.opacity if pixels.ndim == 2 else picture.opacity[..., None]
        pixels = over(pixels, opacity, int(np.iinfo(pixels.dtype).max))
    try:
        srgb = to_srgb(pixels, profile)
    except ProfileError:
        notes.append("its colour profile does not go with its pixels and is passed over")
        srgb, profile = to_rgb(pixels), None
    if pixels.ndim == 2:  # a profile of grey does not go with the RGB that is written
        return Photo(to_8_bits(srgb), srgb, None), notes
    return Photo(to_8_bits(srgb), pixels, profile), notes


def colours_of(picture: Picture) -> np.ndarray:
    """The foreground colours that a picture carries, also where it is transparent (the blog's eps).

    Returns:
        [H, W, 3] uint8, sRGB.
    """
    return photo_of(picture._replace(opacity=None))[0].rgb


def over(image: np.ndarray, opacity: np.ndarray, background: int) -> np.ndarray:
    """A transparent picture on one grey level.

    Args:
        image: [H, W] or [H, W, 3], uint8 or uint16.
        opacity: the same dtype; [H, W] or [H, W, 1].
        background: grey level.

    Returns:
        As `image`.
    """
    largest = int(np.iinfo(image.dtype).max)
    weight = opacity.astype(np.uint64 if image.dtype == np.uint16 else np.uint32)
    mixed = (image * weight + background * (largest - weight) + largest // 2) // largest
    return mixed.astype(image.dtype)


def is_cut_out(picture: Picture) -> bool:
    """Whether its opacity says where something is: it has one, and not the same everywhere."""
    if picture.opacity is None:
        return False
    opacity = to_8_bits(picture.opacity).astype(int)
    see_through = opacity < opacity.max() - _SAME_OPACITY
    return float(np.mean(see_through)) >= _LEAST_SEE_THROUGH


def has_soft_opacity(picture: Picture) -> bool:
    """Whether what is cut out has soft edges, as paint and photographs have and labels not."""
    if not is_cut_out(picture):
        return False
    opacity = to_8_bits(picture.opacity)
    return bool(np.mean(~_almost_black_or_white(opacity)) > _SOFT_OPACITY)


def has_one_hue(picture: Picture) -> bool:
    """Whether it is painted in shades of one colour on black, as a tinted mask is."""
    if picture.pixels.ndim == 2:
        return True
    rgb = to_8_bits(_sample(picture.pixels)).astype(np.float32)
    value = rgb.max(axis=2)
    hue = rgb[value >= value.max() - _VISIBLE_COLOUR].mean(axis=0) / max(1.0, value.max())
    counted = value > _DARK
    apart = np.abs(rgb[counted] / value[counted][:, None] - hue).max(axis=1)
    return bool(np.mean(apart > _SAME_HUE) < _MOST_OTHER_HUES) if apart.size else False


def looks_like_photo(picture: Picture) -> bool:
    """Whether there are many shades and nothing is cut out."""
    grey = _sample(to_8_bits(to_grey(picture.pixels)))
    shades = np.count_nonzero(np.bincount(grey.ravel(), minlength=256))
    return not is_cut_out(picture) and shades > 64 and not is_nearly_black_and_white(grey)


def is_colour_photo(picture: Picture) -> bool:
    """Whether it looks like a photo, and one in colours."""
    return looks_like_photo(picture) and share_of_colour(picture) > MOST_COLOUR


def looks_like_mask(picture: Picture) -> bool:
    """Whether nothing is seen but black, white and middle grey, and two of these."""
    grey = _sample(to_8_bits(to_grey(picture.pixels)))
    if is_cut_out(picture):
        grey = grey[_sample(picture.opacity) > 0]
    counts = [np.mean(np.abs(grey.astype(int) - value) <= 24) for value in (0, 128, 255)]
    without_colour = share_of_colour(picture) < 0.001
    return without_colour and sum(counts) > 0.97 and sum(count > 0.005 for count in counts) > 1


def is_nearly_black_and_white(grey: np.ndarray) -> bool:
    """Whether more pixels than in photos, [H, W] or [N] uint8, are almost 0 or 255."""
    return float(np.mean(_almost_black_or_white(grey))) >= _BLACK_AND_WHITE


def _almost_black_or_white(grey: np.ndarray) -> np.ndarray:
    return (grey <= 16) | (grey >= 239)


def share_of_colour(picture: Picture) -> float:
    """The share of pixels whose red, green and blue differ visibly, of those that can be seen."""
    if picture.pixels.ndim == 2:
        return 0.0
    # Plane by plane: over three numbers at a time NumPy's max takes ten times as long.
    red, green, blue = np.moveaxis(to_8_bits(_sample(picture.pixels)), 2, 0)
    largest = np.maximum(np.maximum(red, green), blue)
    smallest = np.minimum(np.minimum(red, green), blue)
    coloured = largest - smallest > _VISIBLE_COLOUR
    if is_cut_out(picture):
        coloured = coloured[_sample(picture.opacity) > 0]
    return float(np.mean(coloured)) if coloured.size else 0.0


def _sample(pixels: np.ndarray) -> np.ndarray:
    step = max(1, round((pixels.shape[0] * pixels.shape[1] / _PIXELS_LOOKED_AT) ** 0.5))
    return pixels[::step, ::step]
