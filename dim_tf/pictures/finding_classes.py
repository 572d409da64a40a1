"""Which classes a picture has: its numbers, the places of a palette, or its colours."""

import dataclasses
from collections.abc import Callable, Sized

import numpy as np

from dim_tf.pictures.classes import VOID_NUMBERS, Classes, are_classes, are_parts
from dim_tf.pictures.levels import to_8_bits, to_grey
from dim_tf.pictures.photo import is_cut_out, share_of_colour
from dim_tf.pictures.picture import Picture

# What PASCAL VOC paints void with, where the palette was turned into colours.
_VOID_COLOUR = 0xE0E0C0
# So many values may be classes, and so many where most are parts of the picture, as where all that
# is in it was outlined and numbered.
_FEW_CLASSES, _MOST_CLASSES = 64, 1000
_ROWS_LOOKED_AT, _ROWS_OF_A_BAND = 256, 32
# The value of pixels that cannot be seen.
_TRANSPARENT, _TRANSPARENT_NAME = -1, "transparent"


def all_classes(picture: Picture, transparent_is_background: bool = True) -> Classes | None:
    """Every value of a picture as a class; None where there are too many to be told apart.

    Args:
        picture: of any depth; more than half transparent is transparent.
        transparent_is_background: whether what cannot be seen is of the class 0, or black.
    """
    by_colour = share_of_colour(picture) > 0
    # A GIF's numbers are its writer's.
    by_label = picture.labels is not None and by_colour and picture.kind != "GIF"
    if by_label:
        values = picture.labels
    elif by_colour:
        red, green, blue = np.moveaxis(to_8_bits(picture.pixels).astype(np.int32), 2, 0)
        values = red << 16 | green << 8 | blue
    else:
        values = _numbers(to_grey(picture.pixels))
    if is_cut_out(picture):
        unseen = to_8_bits(picture.opacity) < 128
        # In a palette any place may be that of the transparent pixels, or the first colour's.
        has_black = not by_label or _first_is_black(picture, unseen)
        merged = transparent_is_background and has_black
        values = np.where(unseen, 0 if merged else _TRANSPARENT, values.astype(np.int32))
    if by_colour and not by_label:
        return _classes_of(values, "#{:06x}".format, (_VOID_COLOUR,))
    classes = all_classes_of_numbers(values)
    return _by_palette(classes, picture) if classes is not None and by_label else classes


def _by_palette(classes: Classes, picture: Picture) -> Classes:
    """What the colours of a palette say, whose numbers may be any: black and void."""
    first = np.unique(classes.number, return_index=True)[1]
    colours = to_8_bits(picture.pixels).reshape(-1, 3)[first].astype(int)
    packed = (colours[:, 0] << 16 | colours[:, 1] << 8 | colours[:, 2]).tolist()
    seen = [value != _TRANSPARENT for value in classes.values]
    black = [index for index, colour in enumerate(packed) if colour == 0 and seen[index]]
    void = packed.index(_VOID_COLOUR) if _VOID_COLOUR in packed else None
    if black and all(seen) and (classes.background is None or classes.background not in black):
        classes = dataclasses.replace(classes, background=black[0])
    return classes if classes.void is not None else dataclasses.replace(classes, may_be_void=void)


def all_classes_of_numbers(values: np.ndarray) -> Classes | None:
    """Whole numbers, [H, W], as classes; None where there are too many."""
    return _classes_of(values, str, VOID_NUMBERS)


def classes_of_numbers(values: np.ndarray) -> Classes | None:
    """The classes of whole numbers, [H, W], where they are classes and no shades."""
    classes = all_classes_of_numbers(values)
    made_of = classes is not None and len(classes.names) > 2 and are_classes(classes)
    return classes if made_of else None


def _numbers(grey: np.ndarray) -> np.ndarray:
    """Whole numbers of 8 bits where 16 bits hold no others."""
    if grey.dtype == np.uint16 and not (grey % 257).any():
        return to_8_bits(grey)
    return grey


def _first_is_black(picture: Picture, unseen: np.ndarray) -> bool:
    """Whether in a palette the class 0 is black, transparent, or does not occur."""
    first = (picture.labels == 0) & ~unseen
    return not first.any() or not picture.pixels[first].any()


def _classes_of(
    values: np.ndarray, name_of: Callable[[int], str], voids: tuple[int, ...]
) -> Classes | None:
    bands = _bands(values)
    if bands is not values and _classes_of(bands, name_of, voids) is None:
        return None  # a photo or soft mask, mostly, of which that is enough
    if values.dtype in (np.uint8, np.uint16):
        present = np.flatnonzero(np.bincount(values.ravel()))
        if len(present) > _MOST_CLASSES:
            return None
        place = np.zeros(present[-1] + 1, _index_type(present))
        place[present] = np.arange(len(present))
        number = place[values]
    else:
        # Few rows have all of them, mostly.
        present = np.unique(values[:: max(1, values.shape[0] // _ROWS_LOOKED_AT)])
        if len(present) > _MOST_CLASSES:
            return None
        number = np.minimum(np.searchsorted(present, values), len(present) - 1)
        if (present[number] != values).any():
            present, number = np.unique(values, return_inverse=True)
            if len(present) > _MOST_CLASSES:
                return None
    present = present.tolist()
    names = [_TRANSPARENT_NAME if value == _TRANSPARENT else name_of(value) for value in present]
    unseen = _TRANSPARENT if _TRANSPARENT in present else 0
    classes = Classes(
        number=number.reshape(values.shape).astype(_index_type(present), copy=False),
        names=tuple(names),
        background=present.index(unseen) if unseen in present else None,
        may_be_void=next((present.index(void) for void in voids if void in present), None),
        values=tuple(present),
    )
    return classes if len(present) <= _FEW_CLASSES or are_parts(classes) else None


def _bands(values: np.ndarray) -> np.ndarray:
    """Some rows of a large picture, in bands: most neighbours there are so in the picture."""
    height = len(values)
    if height <= 2 * _ROWS_LOOKED_AT:
        return values
    starts = np.linspace(0, height - _ROWS_OF_A_BAND, _ROWS_LOOKED_AT // _ROWS_OF_A_BAND)
    return np.concatenate([values[start : start + _ROWS_OF_A_BAND] for start in starts.astype(int)])


def _index_type(classes: Sized) -> type[np.unsignedinteger]:
    """The smaller type that has a number for each."""
    return np.uint8 if len(classes) <= 256 else np.uint16
