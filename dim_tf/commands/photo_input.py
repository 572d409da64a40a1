"""From the files of a photo to the arrays that the network needs, whatever the user has.

What was repaired or assumed is printed, one line for each.
"""

from typing import NamedTuple

import cv2
import numpy as np

from dim_tf.commands.photo_jobs import PhotoJob
from dim_tf.config import ReadingConfig
from dim_tf.pictures.mask import mask_of
from dim_tf.pictures.photo import Photo, looks_like_mask, looks_like_photo, photo_of
from dim_tf.pictures.picture import Picture, read_picture
from dim_tf.pictures.placing import lay_on
from dim_tf.pictures.trimap import check_trimap, missing_from, trimap_of
from dim_tf.system.errors import tell
from dim_tf.trimaps.from_mask import trimap_from_mask
from dim_tf.trimaps.grabcut import mask_in_rectangle, parse_rectangle


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


def read_photo_and_trimap(job: PhotoJob, reading: ReadingConfig) -> PhotoAndTrimap:
    """Reads a photo and makes its trimap: from a trimap, a mask, or a rectangle around the object.

    Args:
        job: says what to read.
        reading: how.

    Raises:
        InputError: a picture cannot be read, the two do not belong together, or there is no usable
            trimap.
    """
    picture = read_picture(job.photo, reading.max_input_megapixels)
    if job.mask is None:
        photo = _photo(picture)
        return PhotoAndTrimap(photo, _trimap_in_rectangle(photo.rgb, picture, reading), picture)
    mask = read_picture(job.mask, reading.max_input_megapixels)
    if looks_like_mask(picture) and looks_like_photo(mask):
        picture, mask = mask, picture
        flag = "trimap" if reading.trimap else "alpha"
        told = f"it is a mask and {picture.path} a photo; --rgb and --{flag} are exchanged"
        tell(mask.path, told)
    photo = _photo(picture)
    return PhotoAndTrimap(photo, trimap_on(mask, picture, reading), picture)


def trimap_on(file: Picture, photo: Picture, reading: ReadingConfig) -> np.ndarray:
    """The trimap of a photo from the file of a trimap or mask.

    Args:
        file: a trimap if `reading.trimap` is given, otherwise a mask.
        photo: a picture of the size that the trimap is to have.
        reading: how.

    Returns:
        [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: the two do not belong together, or there is no usable trimap.
    """
    source = str(file.path)
    if reading.trimap:
        trimap, notes = trimap_of(file, reading.invert)
        trimap, placing, _ = lay_on(
            trimap, file, photo, cv2.INTER_NEAREST_EXACT, reading.mask_orientation
        )
        check_trimap(trimap, source)  # again: a much smaller one may have lost something
        tell(file.path, *file.notes, *notes, *placing)
        return trimap
    mask, notes = mask_of(file, reading.label, reading.invert)
    larger = mask.shape[0] > photo.shape[0]
    interpolation = cv2.INTER_AREA if larger else cv2.INTER_LINEAR
    mask, placing, step = lay_on(mask, file, photo, interpolation, reading.mask_orientation)
    tell(file.path, *file.notes, *notes, *placing)
    return _trimap_from_mask(mask, reading, source, step)


def _photo(picture: Picture) -> Photo:
    photo, notes = photo_of(picture)
    tell(picture.path, *picture.notes, *notes)
    return photo


def _trimap_in_rectangle(rgb: np.ndarray, photo: Picture, reading: ReadingConfig) -> np.ndarray:
    mask, step = mask_in_rectangle(rgb, parse_rectangle(reading.rect), str(photo.path))
    tell(photo.path, f"GrabCut took {np.mean(mask > 0):.0%} of it as the object")
    return _trimap_from_mask(mask, reading, f"what GrabCut found in {photo.path}", step)


def _trimap_from_mask(
    mask: np.ndarray, reading: ReadingConfig, source: str, step: float
) -> np.ndarray:
    # The mask's edge is not known better than to its own pixels.
    trimap = trimap_from_mask(mask, reading.trimap_kernel, reading.trimap_mode, source, 2 * step)
    missing = " and no ".join(missing_from(trimap))
    if missing:
        tell(source, f"its trimap has no {missing}; the matte is better where some is left")
    return trimap
