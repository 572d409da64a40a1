"""The role matte: true or predicted opacity."""

import os

import numpy as np

from dim_tf.config import MAX_INPUT_MEGAPIXELS
from dim_tf.pictures.classes import looks_like_labels
from dim_tf.pictures.finding_classes import all_classes
from dim_tf.pictures.levels import full_range, to_8_bits, to_grey
from dim_tf.pictures.photo import MOST_COLOUR, is_cut_out, share_of_colour
from dim_tf.pictures.picture import Picture, read_in_role
from dim_tf.system.errors import InputError, Teller, tell


class ColouredMatteError(InputError):
    """A colour photograph where a matte should be."""


def read_grey(
    path: str | os.PathLike,
    max_megapixels: float = MAX_INPUT_MEGAPIXELS,
    told: Teller = tell,
) -> np.ndarray:
    """Reads a matte: a grey picture, or of a cut-out its opacity, never its luminance.

    Args:
        path: see `dim_tf.pictures.picture.read_picture`.
        max_megapixels: a larger one is refused unread.
        told: gets what there is to say about the file.

    Returns:
        [H, W] uint8, opacity from 0 to 255.

    Raises:
        InputError: the file is missing, unreadable or no picture; a photograph in colours; of
            labels, such as 0 and 1; or its transparency says nothing.
    """
    return read_in_role(path, max_megapixels, matte_of, told)


def matte_of(picture: Picture, *, labels: bool = False) -> tuple[np.ndarray, list[str]]:
    """A picture as a matte, [H, W] uint8, and what to tell of it.

    Args:
        picture: to be read so.
        labels: whether small numbers are taken as they are, and not for labels, but for 0 and 1
            alone. So of a matte to measure: a network that fails may predict such ones.

    Raises:
        InputError: see `read_grey`.
    """
    if is_cut_out(picture):
        return to_8_bits(picture.opacity), ["it is a cut-out, its opacity is the matte"]
    if share_of_colour(picture) > MOST_COLOUR:
        raise ColouredMatteError(
            f"{picture.path} is a picture in colours, not a matte; a matte is grey, 255 on the "
            "object, or a cut-out with transparency."
        )
    if picture.opacity is not None:
        opacity = to_8_bits(picture.opacity)
        almost = "" if opacity.min() == opacity.max() else "almost "
        raise InputError(
            f"{picture.path} is no matte: its opacity is {int(np.median(opacity))} {almost}"
            "everywhere; save it as a grey picture without transparency."
        )
    classes = None if picture.lossy or picture.has_shades else all_classes(picture)
    if classes is not None and looks_like_labels(classes):
        if set(classes.values) <= {0, 1}:
            raise InputError(
                f"{picture.path} has no values but 0 and 1; multiply it by 255, a matte is 0 to "
                "255."
            )
        if not labels:
            raise InputError(
                f"{picture.path} holds the labels {classes.shares([])} and no opacity; make a "
                "matte of those that are the object, 255 there and 0 elsewhere."
            )
    grey = to_grey(picture.pixels)
    if grey.dtype == np.uint16 and not picture.white_is_known and 255 < grey.max() < 4096:
        raise InputError(
            f"{picture.path} has 16 bits and values up to {grey.max()} only; bring them to the "
            "range from 0 to 65535, where the object is opaque."
        )
    return grey_of(picture)


def grey_of(picture: Picture) -> tuple[np.ndarray, list[str]]:
    """The grey levels of a picture whatever its depth, [H, W] uint8, and what to tell of it."""
    pixels, notes = full_range(to_grey(picture.pixels), picture.white_is_known)
    return to_8_bits(pixels), notes
