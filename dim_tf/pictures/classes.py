"""Pictures of a few flat classes: which class a pixel is of is a number or a colour, not a shade.

Datasets for segmentation store masks so: small numbers (0 background, 1, 2, … objects), with 255
for what their makers left open (void), in grey or as the colours of a palette.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dim_tf.pictures.levels import to_8_bits
from dim_tf.pictures.photo import share_of_colour
from dim_tf.pictures.picture import Picture

# Class numbers as datasets have them; greater ones beside white are shades.
_LARGEST_NUMBER = 63
_VOID_NUMBER = 255
# What PASCAL VOC paints void with, where the palette was turned into colours.
_VOID_COLOUR = 0xE0E0C0
_MOST_CLASSES = 64
# A sentence names this many at most.
_CLASSES_SHOWN = 8
# Of shades spread over 0 … 255, so many are classes at most.
_MOST_SHADES = 16
# Of two neighbours, of which one is an object's, at least so many are of one class.
_FLAT = 0.5
# Of a class among shades, so many pixels have no other class within two pixels.
_SOLID = 0.25


class Classes(NamedTuple):
    """Which class each pixel is of.

    Attributes:
        number: [H, W] uint8, index into `names`.
        names: as the user may write them: "1", or "#c08080" where colours tell the classes.
        background: index of what no object is, or None where nothing says it.
        void: index of what was left open, or None.
        values: the file's own, one for each name: numbers or 0xRRGGBB.
    """

    number: np.ndarray
    names: tuple[str, ...]
    background: int | None
    void: int | None
    values: tuple[int, ...]

    @property
    def objects(self) -> list[int]:
        """Indices of the classes that may be the object."""
        return [
            index for index in range(len(self.names)) if index not in (self.background, self.void)
        ]

    def shares(self, indices: list[int]) -> str:
        """The classes with how much of the picture each takes, for a sentence."""
        counts = np.bincount(self.number.ravel(), minlength=len(self.names))
        parts = [f"{self.names[i]} ({counts[i] / self.number.size:.1%})" for i in indices]
        if len(parts) > _CLASSES_SHOWN:
            parts[_CLASSES_SHOWN:] = [f"{len(parts) - _CLASSES_SHOWN} more"]
        return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]


def all_classes(picture: Picture, grey: np.ndarray) -> Classes | None:
    """Every value of a picture as a class; None where there are too many to be told apart.

    Args:
        picture: opaque.
        grey: its grey levels, [H, W] uint8.
    """
    has_colour = share_of_colour(picture) > 0
    if picture.labels is not None and has_colour:
        return _of_numbers(picture.labels)
    return _of_colours(to_8_bits(picture.pixels)) if has_colour else _of_numbers(grey)


def object_classes(picture: Picture, grey: np.ndarray) -> Classes | None:
    """The classes of a picture that was made of classes; None of one made of shades.

    Args:
        picture: opaque.
        grey: its grey levels, [H, W] uint8.
    """
    classes = all_classes(picture, grey)
    if classes is None or len(classes.names) < 3 or picture.lossy:
        return None
    values = np.array(classes.values)
    by_number = share_of_colour(picture) == 0 or picture.labels is not None
    if by_number and len(values) <= _MOST_SHADES and values.max() <= _LARGEST_NUMBER:
        return classes  # no shade of it is near white
    if not _is_flat(classes):
        return None
    if share_of_colour(picture) > 0:
        return classes
    numbers = values[values != _VOID_NUMBER]
    shades = len(values) <= _MOST_SHADES
    if (
        numbers.max() <= _LARGEST_NUMBER
        or (shades and values.max() < 240)
        or (shades and len(values) > 3 and _is_solid(classes))
    ):
        return classes
    return None


def _of_numbers(values: np.ndarray) -> Classes | None:
    present = np.flatnonzero(np.bincount(values.ravel(), minlength=256))
    if len(present) > _MOST_CLASSES:
        return None
    place = np.zeros(256, np.uint8)
    place[present] = np.arange(len(present))
    # Beside shades, white is one of them.
    numbered = all(value <= _LARGEST_NUMBER or value == _VOID_NUMBER for value in present)
    return _classes(place[values], present.tolist(), str, _VOID_NUMBER if numbered else None)


def _of_colours(rgb: np.ndarray) -> Classes | None:
    red, green, blue = (rgb[..., channel].astype(np.int32) for channel in range(3))
    packed = red << 16 | green << 8 | blue
    present = np.unique(packed[:: max(1, packed.shape[0] // 256)])
    if len(present) <= _MOST_CLASSES:
        number = np.minimum(np.searchsorted(present, packed), len(present) - 1)
        if (present[number] != packed).any():  # colours that only the other rows have
            present, number = np.unique(packed, return_inverse=True)
            number = number.reshape(packed.shape)
    if len(present) > _MOST_CLASSES:
        return None
    return _classes(number.astype(np.uint8), present.tolist(), "#{:06x}".format, _VOID_COLOUR)


def _classes(
    number: np.ndarray, present: list[int], name_of: Callable[[int], str], void: int | None
) -> Classes:
    return Classes(
        number=number,
        names=tuple(map(name_of, present)),
        background=present.index(0) if 0 in present else None,
        void=present.index(void) if void in present else None,
        values=tuple(present),
    )


def _is_flat(classes: Classes) -> bool:
    """Whether neighbours are mostly of one class, as where somebody outlined things."""
    known = np.isin(classes.number, classes.objects)
    same = pairs = 0
    for one, other, here, there in (
        (classes.number[1:], classes.number[:-1], known[1:], known[:-1]),
        (classes.number[:, 1:], classes.number[:, :-1], known[:, 1:], known[:, :-1]),
    ):
        counted = here | there
        pairs += np.count_nonzero(counted)
        same += np.count_nonzero(counted & (one == other))
    return pairs > 0 and same >= _FLAT * pairs


def _is_solid(classes: Classes) -> bool:
    """Whether every class has an inside, which the soft pixels of an edge have not."""
    number = classes.number
    if min(number.shape) < 5:
        return False
    middle = number[2:-2, 2:-2]
    inside = np.ones(middle.shape, bool)
    height, width = middle.shape
    for row in range(5):
        for column in range(5):
            inside &= number[row : row + height, column : column + width] == middle
    solid = np.bincount(middle[inside], minlength=len(classes.names))
    return bool((solid >= _SOLID * np.bincount(number.ravel())).all())
