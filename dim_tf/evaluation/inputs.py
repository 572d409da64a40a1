"""Pictures that are measured on: a photo, its trimap and its true matte."""

from pathlib import Path

import cv2
import numpy as np

from dim_tf.config import MAX_INPUT_MEGAPIXELS
from dim_tf.pictures.folders import by_stem, list_images
from dim_tf.pictures.matte import matte_of
from dim_tf.pictures.photo import photo_of
from dim_tf.pictures.picture import Picture, read_picture
from dim_tf.pictures.placing import MaskOrientation, lay_on
from dim_tf.pictures.trimap import refuse_lost_band, trimap_of
from dim_tf.system.errors import InputError, Teller, tell


def files_to_measure_on(
    folder: Path, trimap_folder: str = "trimap"
) -> dict[str, tuple[Path, Path, Path]]:
    """The pictures of a folder to measure on, paired by name: name → photo, trimap, true matte.

    Args:
        folder: with rgb, alpha and the trimaps.
        trimap_folder: name of the folder of trimaps in it.

    Raises:
        InputError: a folder is missing or empty, or a photo lacks a partner.
    """
    photos, trimaps, mattes = (
        by_stem(list_images(folder / part)) for part in ("rgb", trimap_folder, "alpha")
    )
    for part, files in ((trimap_folder, trimaps), ("alpha", mattes)):
        missing = sorted(photos.keys() - files.keys())
        if missing:
            raise InputError(f"{folder / part} has no picture named {missing[0]}; add it.")
    return {name: (photo, trimaps[name], mattes[name]) for name, photo in photos.items()}


def read_test_image(
    rgb: Path, trimap: Path, alpha: Path, *, quiet: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reads a photo with its trimap and its true matte, by the rules for each.

    Args:
        rgb: file of the photo.
        trimap: file of the trimap.
        alpha: file of the true matte.
        quiet: whether what there is to say about the files was told before.

    Returns:
        [H, W, 3] uint8, [H, W] uint8 in {0, 128, 255} and [H, W] uint8.

    Raises:
        InputError: a picture cannot be read, is not what it should be, or does not fit the photo.
    """
    picture, trimap_picture = read_picture(rgb), read_picture(trimap)
    photo, notes = photo_of(picture)
    values, trimap_notes = trimap_of(trimap_picture)
    values, placing, _ = lay_on(values, trimap_picture, picture, cv2.INTER_NEAREST_EXACT)
    refuse_lost_band(values, str(trimap))
    told = (lambda *_: None) if quiet else tell
    truth = read_matte_on(alpha, picture, told=told)
    told(rgb, *picture.notes, *notes)
    told(trimap, *trimap_picture.notes, *trimap_notes, *placing)
    return photo.rgb, values, truth


def read_matte_on(
    path: Path,
    photo: Picture,
    *,
    max_megapixels: float = MAX_INPUT_MEGAPIXELS,
    orientation: MaskOrientation | None = None,
    labels: bool = False,
    told: Teller = tell,
) -> np.ndarray:
    """Reads a matte that must lie on a picture pixel for pixel.

    Args:
        path: file of the matte.
        photo: the picture.
        max_megapixels: a larger one is refused unread.
        orientation: see `lay_on`.
        labels: see `matte_of`.
        told: gets what there is to say about the file.

    Returns:
        [H, W] uint8, of the picture's size.

    Raises:
        InputError: it cannot be read, is no matte, or has another size.
    """
    picture = read_picture(path, max_megapixels)
    matte, notes = matte_of(picture, labels=labels)
    matte, placing, _ = lay_on(matte, picture, photo, None, orientation)
    told(path, *picture.notes, *notes, *placing)
    return matte
