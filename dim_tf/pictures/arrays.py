"""Pictures of library callers: arrays become what pictures of files are, by the same rules."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from dim_tf.pictures.classes import Classes, looks_like_labels
from dim_tf.pictures.finding_classes import all_classes_of_numbers, classes_of_numbers
from dim_tf.pictures.levels import as_array, check_range, in_own_byte_order, levels_of
from dim_tf.pictures.mask import mask_of_classes, no_labels, unlike_a_mask
from dim_tf.pictures.photo import photo_of
from dim_tf.pictures.picture import Picture
from dim_tf.pictures.shades import Invert, repair_mask, turn_over
from dim_tf.pictures.trimap import check_trimap, listed
from dim_tf.system.errors import InputError, warn

# The kind of a picture that is an array.
ARRAY = "array"


def grey_array(values: Any, name: str) -> np.ndarray:
    """Grey levels of a library caller, as the pictures of files are.

    Args:
        values: [H, W] or [H, W, 1]: bool, whole numbers from 0 to 255, or floating point in [0, 1].
        name: of what it is, for the error.

    Returns:
        [H, W] uint8.

    Raises:
        InputError: another shape, another dtype, other values, or a masked array.
    """
    array = _plain(values, name)
    if array.ndim != 2 or not array.size:
        raise InputError(f"The {name} has the shape {array.shape}; give [H, W] or [H, W, 1].")
    return levels_of(array, name)


def picture_of_array(values: Any, role: Literal["photo", "mask", "trimap"]) -> Picture:
    """An array of a library caller as a picture, which sentences call by its role.

    Args:
        values: a photo as `rgb_array` takes it, another as `grey_array` does.
        role: what it is meant to be.

    Raises:
        InputError: another shape, another dtype, other values, or a masked array.
    """
    array = _plain(values, role)
    floating = np.issubdtype(array.dtype, np.floating)
    return Picture(
        path=Path(role),
        pixels=_photo_numbers(array) if role == "photo" else grey_array(array, role),
        opacity=None,
        labels=None,
        profile=None,
        kind=ARRAY,
        orientation=1,
        lossy=False,
        notes=(),
        white_is_known=floating,
        has_shades=floating,
    )


def mask_array(values: Any) -> np.ndarray:
    """A mask of a library caller, by the rules for masks in files; what was assumed is warned of.

    Args:
        values: see `grey_array`.

    Returns:
        [H, W] uint8, see `dim_tf.pictures.mask.read_mask`.

    Raises:
        InputError: see `grey_array`; of one value only; or of several labels.
    """
    picture = picture_of_array(values, "mask")._replace(path=Path("The mask"))
    classes = _classes_in_mask(picture, ())
    if classes is not None and len(classes.objects) > 1:
        raise InputError(_labels(classes, "mask", values))
    mask, notes = _mask_of(picture, classes, (), "auto")
    for note in notes:
        warn(f"The mask: {note}.")
    return mask


def mask_of_array(
    picture: Picture, label: tuple[str, ...] = (), invert: Invert = "auto"
) -> tuple[np.ndarray, list[str]]:
    """`dim_tf.pictures.mask.mask_of` of a picture that is an array.

    Its object is white unless `invert` says otherwise: who makes an array knows what it shows.
    """
    return _mask_of(picture, _classes_in_mask(picture, label), label, invert)


def _mask_of(
    picture: Picture, classes: Classes | None, label: tuple[str, ...], invert: Invert
) -> tuple[np.ndarray, list[str]]:
    """The same of classes that were found already, since to look for them takes time."""
    source = str(picture.path)
    invert = "no" if invert == "auto" else invert
    if classes is None:
        if label and len(np.unique(picture.pixels)) > 1:
            raise no_labels(source)
        mask, repairs = repair_mask(
            picture.pixels, source, invert=invert, has_shades=picture.has_shades
        )
        return mask, unlike_a_mask(picture, mask) + repairs
    mask, note = mask_of_classes(classes, label, source)
    return turn_over(mask, invert)[0], [note]


def _classes_in_mask(picture: Picture, label: tuple[str, ...]) -> Classes | None:
    """The classes of a mask that is made of such; None of one made of shades, or of a trimap.

    Where one is chosen two are enough, as of a mask in a file.
    """
    if picture.has_shades:
        return None
    if label:
        classes = all_classes_of_numbers(picture.pixels)
        return classes if classes is not None and len(classes.names) > 1 else None
    classes = classes_of_numbers(picture.pixels)
    is_trimap = classes is not None and classes.values == (BACKGROUND, UNKNOWN, FOREGROUND)
    return None if is_trimap else classes


def matte_array(
    values: Any, name: str = "matte", *, rough: bool = True, labels: bool = False
) -> np.ndarray:
    """A matte of a library caller.

    Args:
        values: see `grey_array`.
        name: of what it is, for the error.
        rough: whether whole numbers 0 and 1 alone are taken as 0 and 255, with a warning. Not of a
            matte to measure: of a network that fails it may be as dark.
        labels: whether other small numbers are taken as they are, for the same reason.

    Returns:
        [H, W] uint8.

    Raises:
        InputError: see `grey_array`; or labels.
    """
    array = _plain(values, name)
    levels = grey_array(array, name)
    # Of floating point is said what is white, and that they are no labels.
    classes = None if np.issubdtype(array.dtype, np.floating) else all_classes_of_numbers(levels)
    if classes is None or not looks_like_labels(classes):
        return levels
    if not set(classes.values) <= {0, 1}:
        if labels:
            return levels
        raise InputError(_labels(classes, name, array))
    if not rough:
        raise InputError(f"The {name} has the values 0 and 1 only; multiply it by 255.")
    warn(f"The {name} has the values 0 and 1, taken as 0 and 255.")
    return levels * np.uint8(255)


def trimap_array(values: Any) -> np.ndarray:
    """A trimap of a library caller.

    Args:
        values: see `grey_array`; 0, 128 and 255, or 0, 0.5 and 1.

    Returns:
        [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: see `grey_array`; or other values.
    """
    return _trimap_of_levels(grey_array(values, "trimap"))


def trimap_of_array(picture: Picture, invert: Invert = "auto") -> tuple[np.ndarray, list[str]]:
    """`dim_tf.pictures.trimap.trimap_of` of a picture that is an array, see `trimap_array`.

    Raises:
        InputError: it has other values, or nothing is unknown.
    """
    trimap = _trimap_of_levels(picture.pixels)
    trimap, _ = turn_over(trimap, "no" if invert == "auto" else invert)
    trimap = trimap.copy()  # what is done to it does not change the caller's
    return trimap, check_trimap(trimap, str(picture.path))


def _trimap_of_levels(levels: np.ndarray) -> np.ndarray:
    if ((levels != BACKGROUND) & (levels != UNKNOWN) & (levels != FOREGROUND)).any():
        raise InputError(
            f"The trimap has the values {listed(map(str, np.unique(levels)))}; a trimap holds 0, "
            "128 and 255 (or 0, 0.5 and 1) only, and of a mask trimap_from_rough_mask makes one."
        )
    return levels


def rgb_array(values: Any) -> np.ndarray:
    """A photo of a library caller, as the pictures of files are.

    Args:
        values: [H, W, 3] RGB, or grey [H, W] or [H, W, 1]: whole numbers from 0 to 255, uint16, or
            floating point in [0, 1].

    Returns:
        [H, W, 3] uint8.

    Raises:
        InputError: another shape, another dtype, other values, or a masked array.
    """
    photo, notes = photo_of(picture_of_array(values, "photo"))
    for note in notes:
        warn(f"The photo: {note}.")
    return photo.rgb


def _photo_numbers(array: np.ndarray) -> np.ndarray:
    """[H, W, 3] or [H, W]: uint8 or, of uint16 and floating point, uint16."""
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,)) or not array.size:
        raise InputError(f"The photo has the shape {array.shape}; give [H, W, 3], RGB.")
    array = in_own_byte_order(array)
    if array.dtype == np.uint16:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        return levels_of(array, "photo")
    check_range(array, "photo")
    # float16 holds no 65,535.
    return np.round(np.clip(array, 0, 1).astype(np.float32) * 65_535).astype(np.uint16)


def _plain(values: Any, name: str) -> np.ndarray:
    """An array without a third axis of length 1.

    Raises:
        InputError: see `as_array`.
    """
    array = as_array(values, name)
    return array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array


def _labels(classes: Classes, name: str, values: Any) -> str:
    """The sentence about an array of labels."""
    such_as = ""
    if np.issubdtype(np.asarray(values).dtype, np.integer):
        such_as = f", such as {name.split()[-1]} == {classes.names[classes.objects[0]]}"
    return (
        f"The {name} holds the labels {classes.shares(classes.objects)}; give True on the object "
        f"and False elsewhere{such_as}."
    )
