"""The role matte: true or predicted opacity."""

import os

import numpy as np

from dim_tf.config import MAX_INPUT_MEGAPIXELS
from dim_tf.pictures.levels import to_8_bits, to_grey
from dim_tf.pictures.photo import MOST_COLOUR, share_of_colour
from dim_tf.pictures.picture import Picture, read_picture
from dim_tf.system.errors import InputError, tell


class ColouredMatteError(InputError):
    """A colour photograph where a matte should be."""


def read_grey(path: str | os.PathLike, max_megapixels: float = MAX_INPUT_MEGAPIXELS) -> np.ndarray:
    """Reads a matte: a grey picture, or of a cut-out its opacity, never its luminance.

    What there is to say about the file is printed.

    Args:
        path: see `dim_tf.pictures.picture.read_picture`.
        max_megapixels: a larger one is refused unread.

    Returns:
        [H, W] uint8, opacity from 0 to 255.

    Raises:
        InputError: the file is missing, unreadable or no picture; a photograph in colours; of
            the values 0 and 1; or its transparency says nothing.
    """
    picture = read_picture(path, max_megapixels)
    matte, notes = matte_of(picture)
    tell(picture.path, *picture.notes, *notes)
    return matte


def matte_of(picture: Picture) -> tuple[np.ndarray, list[str]]:
    """A picture as a matte, [H, W] uint8, and what to tell of it.

    Raises:
        InputError: see `read_grey`.
    """
    if picture.opacity is not None:
        lowest, highest = picture.opacity.min(), picture.opacity.max()
        if lowest == highest:
            raise InputError(
                f"{picture.path} is no matte: its opacity is {to_8_bits(highest)} everywhere; save "
                "it as a grey picture without transparency."
            )
        return to_8_bits(picture.opacity), ["it is a cut-out, its opacity is the matte"]
    if share_of_colour(picture) > MOST_COLOUR:
        raise ColouredMatteError(
            f"{picture.path} is a picture in colours, not a matte; a matte is grey, 255 on the "
            "object, or a cut-out with transparency."
        )
    values, notes = grey_of(picture)
    if values.max() == 1:
        # Not guessed: a network that fails writes such mattes too.
        raise InputError(
            f"{picture.path} has the values 0 and 1; multiply it by 255, a matte is 0 to 255."
        )
    return values, notes


def grey_of(picture: Picture) -> tuple[np.ndarray, list[str]]:
    """The grey levels of a picture whatever its depth, [H, W] uint8, and what to tell of it."""
    grey = to_grey(picture.pixels)
    if grey.dtype == np.uint16 and grey.max() <= 255:
        note = "it has 16 bits and values up to 255 only, which are taken as those of 8 bits"
        return grey.astype(np.uint8), [note]
    return to_8_bits(grey), []
