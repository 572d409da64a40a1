"""From the pictures that a user has to the arrays that the network needs: photo and trimap.

The command and the library both come here. What was repaired or assumed is told.
"""

from typing import Literal, NamedTuple

import cv2
import numpy as np

from dim_tf.config import ReadingConfig
from dim_tf.pictures.arrays import ARRAY, mask_of_array, trimap_of_array
from dim_tf.pictures.mask import mask_of
from dim_tf.pictures.photo import (
    Photo,
    is_nearly_black_and_white,
    looks_like_mask,
    looks_like_photo,
    photo_of,
)
from dim_tf.pictures.picture import Picture
from dim_tf.pictures.placing import lay_on
from dim_tf.pictures.trimap import missing_from, refuse_lost_band, trimap_of
from dim_tf.system.errors import InputError, Teller, tell
from dim_tf.trimaps.from_mask import trimap_from_mask
from dim_tf.trimaps.grabcut import mask_in_rectangle, parse_rectangle

# The settings that say where the object is.
SaysWhere = Literal["alpha", "trimap", "rect"]
# Settings of no meaning with each.
_ONLY_OF_OTHERS: dict[SaysWhere, tuple[str, ...]] = {
    "alpha": (),
    "trimap": ("trimap_kernel", "trimap_mode"),
    "rect": ("invert", "mask_orientation"),
}


class PhotoAndTrimap(NamedTuple):
    """What a matte is made of.

    Attributes:
        photo: its colours.
        trimap: [H, W] uint8 in {0, 128, 255}.
        picture: the photo's file.
    """

    photo: Photo
    trimap: np.ndarray
    picture: Picture


def what_is_given(reading: ReadingConfig) -> SaysWhere:
    """Which setting says where the object is.

    Raises:
        InputError: none does, or several; or a setting is given that says nothing about it.
    """
    flags: tuple[SaysWhere, ...] = ("alpha", "trimap", "rect")
    given = [flag for flag in flags if getattr(reading, flag)]
    if not given:
        raise InputError(
            "Give a mask with --alpha or a trimap with --trimap beside --rgb, or --rect=auto."
        )
    if reading.label and given != ["alpha"]:
        raise InputError("--label chooses among the labels of a mask; give it with --alpha only.")
    if len(given) > 1:
        raise InputError(f"Give either --{given[0]} or --{given[1]}, not both.")
    for name in _ONLY_OF_OTHERS[given[0]]:
        if getattr(reading, name) != getattr(ReadingConfig, name):
            raise InputError(
                f"--{name} changes nothing with --{given[0]}; leave it out, or give a mask with "
                "--alpha instead."
            )
    return given[0]


def photo_and_trimap(
    picture: Picture, beside: Picture | None, reading: ReadingConfig, told: Teller = tell
) -> PhotoAndTrimap:
    """A photo and its trimap: from a trimap, a mask, or a rectangle around the object.

    Args:
        picture: the photo.
        beside: a trimap if `reading.trimap` is given, otherwise a mask; None with a rectangle.
        reading: how.
        told: gets what was repaired or assumed.

    Raises:
        InputError: the two do not belong together, or there is no usable trimap.
    """
    if beside is None:
        photo = _photo(picture, told)
        trimap = _trimap_in_rectangle(photo.rgb, picture, reading, told)
        return PhotoAndTrimap(photo, trimap, picture)
    are_files = ARRAY not in (picture.kind, beside.kind)
    if are_files and looks_like_mask(picture) and _is_photo(beside):
        picture, beside = beside, picture
        flag = "trimap" if reading.trimap else "alpha"
        note = f"it is a mask and {picture.path} a photo; --rgb and --{flag} are exchanged"
        told(beside.path, note)
    photo = _photo(picture, told)
    return PhotoAndTrimap(photo, trimap_on(beside, picture, reading, told), picture)


def trimap_on(
    file: Picture, photo: Picture, reading: ReadingConfig, told: Teller = tell
) -> np.ndarray:
    """The trimap of a photo from a trimap or mask.

    Args:
        file: a trimap if `reading.trimap` is given, otherwise a mask.
        photo: a picture of the size that the trimap is to have.
        reading: how.
        told: gets what was repaired or assumed.

    Returns:
        [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: the two do not belong together, or there is no usable trimap.
    """
    source = str(file.path)
    if reading.trimap:
        read_trimap = trimap_of_array if file.kind == ARRAY else trimap_of
        trimap, notes = read_trimap(file, reading.invert)
        trimap, placing, _ = lay_on(
            trimap, file, photo, cv2.INTER_NEAREST_EXACT, reading.mask_orientation
        )
        refuse_lost_band(trimap, source)
        told(file.path, *file.notes, *notes, *placing)
        return trimap
    read_mask = mask_of_array if file.kind == ARRAY else mask_of
    mask, notes = read_mask(file, reading.label, reading.invert)
    larger = mask.shape[0] > photo.shape[0]
    interpolation = cv2.INTER_AREA if larger else cv2.INTER_LINEAR
    mask, placing, step = lay_on(mask, file, photo, interpolation, reading.mask_orientation)
    told(file.path, *file.notes, *notes, *placing)
    return _trimap_from_mask(mask, reading, source, step, told)


def _is_photo(beside: Picture) -> bool:
    """Whether what was given for a mask or trimap can only be a photo, not a mask in greys."""
    if not looks_like_photo(beside) or beside.is_own:
        return False
    try:
        return not is_nearly_black_and_white(mask_of(beside)[0])
    except InputError:
        return True


def _photo(picture: Picture, told: Teller) -> Photo:
    photo, notes = photo_of(picture)
    told(picture.path, *picture.notes, *notes)
    return photo


def _trimap_in_rectangle(
    rgb: np.ndarray, photo: Picture, reading: ReadingConfig, told: Teller
) -> np.ndarray:
    mask, step = mask_in_rectangle(rgb, parse_rectangle(reading.rect), str(photo.path))
    told(photo.path, f"GrabCut took {np.mean(mask > 0):.0%} of it as the object")
    return _trimap_from_mask(mask, reading, f"what GrabCut found in {photo.path}", step, told)


def _trimap_from_mask(
    mask: np.ndarray, reading: ReadingConfig, source: str, step: float, told: Teller
) -> np.ndarray:
    # The mask's edge is not known better than to its own pixels.
    trimap = trimap_from_mask(mask, reading.trimap_kernel, reading.trimap_mode, source, 2 * step)
    missing = " and no ".join(missing_from(trimap))
    if missing:
        told(source, f"its trimap has no {missing}; the matte is better where some is left")
    return trimap
