"""Pictures of a few flat classes: which class a pixel is of is a number or a colour, not a shade.

Datasets for segmentation store masks so: small numbers (0 background, 1, 2, … objects), with 255
for what their makers left open (void), in grey or as the colours of a palette.
"""

import dataclasses
import functools

import cv2
import numpy as np

from dim_tf.pictures.photo import has_one_hue, has_soft_opacity, is_cut_out, share_of_colour
from dim_tf.pictures.picture import Picture

# So many small numbers are classes, wherever they lie: no shade of theirs is near white.
_MOST_SMALL_NUMBERS, _LARGEST_SMALL_NUMBER = 16, 63
VOID_NUMBERS = (255, 65_535)
# Where classes are parts of the picture, so large a share of them has an inside: of outlined parts
# 0.4 and more have, of the shades of mattes, of a network's masks and of photos 0.2 at most.
_PARTS = 0.3
_ALMOST_WHITE = 238
# Labels take this share of a picture, or more.
_LEAST_COMMON = 0.005
# A sentence names this many at most.
_CLASSES_SHOWN = 8
# Of two neighbours, of which one is an object's, at least so many are of one class.
_FLAT = 0.5
# Of the pixels of classes with an inside, so many have no other class within two pixels, ...
_SOLID = 0.25
# ... and of the places where two classes meet, in so many others lie between the two. In a soft
# mask of few shades each meets the next.
_JUMPS = 0.2
# So few shades are evenly apart.
_FEW = 6
# Two classes with a third between them meet in at most this share of the places where others do.
_MOST_TOUCHING = 0.05


@dataclasses.dataclass(frozen=True)
class Classes:
    """Which class each pixel is of.

    Attributes:
        number: [H, W] uint8, or uint16 where there are many, index into `names`.
        names: as the user may write them: "1", or "#c08080" where colours tell the classes.
        background: index of what no object is, or None where nothing says it.
        may_be_void: index of the class with the number or colour of what was left open, or None.
        values: the file's own, one for each name, rising: numbers, 0xRRGGBB, or -1: transparent.
    """

    number: np.ndarray
    names: tuple[str, ...]
    background: int | None
    may_be_void: int | None
    values: tuple[int, ...]

    @functools.cached_property
    def void(self) -> int | None:
        """Index of what was left open, or None: 255 may be white as well."""
        return self.may_be_void if _leaves_void_open(self) else None

    @property
    def objects(self) -> list[int]:
        """Indices of the classes that may be the object."""
        return [
            index for index in range(len(self.names)) if index not in (self.background, self.void)
        ]

    def shares(self, indices: list[int]) -> str:
        """The classes, all where none is given, and how much of the picture each takes, as text."""
        indices = indices or list(range(len(self.names)))
        parts = [f"{self.names[i]} ({self.counts[i] / self.number.size:.1%})" for i in indices]
        if len(parts) > _CLASSES_SHOWN:
            parts[_CLASSES_SHOWN:] = [f"{len(parts) - _CLASSES_SHOWN} more"]
        return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]

    @functools.cached_property
    def counts(self) -> np.ndarray:
        """[number of classes] int, the pixels of each."""
        return np.bincount(self.number.ravel(), minlength=len(self.names))

    @functools.cached_property
    def meetings(self) -> np.ndarray:
        """[n, n] int, symmetric: how often pixels of two classes lie beside or below each other."""
        count, number = len(self.names), self.number.astype(np.int32)
        meetings = np.zeros(count * count, int)
        for one, other in ((number[1:], number[:-1]), (number[:, 1:], number[:, :-1])):
            meetings += np.bincount((count * one + other).ravel(), minlength=count * count)
        meetings = meetings.reshape(count, count)
        return meetings + meetings.T

    @functools.cached_property
    def inner_counts(self) -> np.ndarray:
        """[number of classes] int, the pixels of each with no other class within two pixels."""
        number, count = self.number, len(self.names)
        if min(number.shape) < 5:
            return np.zeros(count, int)
        square = np.ones((5, 5), np.uint8)
        inside = (cv2.erode(number, square) == number) & (cv2.dilate(number, square) == number)
        middle = (slice(2, -2), slice(2, -2))
        return np.bincount(number[middle][inside[middle]], minlength=count)


def is_made_of(picture: Picture, classes: Classes | None) -> bool:
    """Whether a picture was made of its classes, and not of shades.

    Args:
        picture: of any depth.
        classes: of it, from `dim_tf.pictures.finding_classes.all_classes`.
    """
    if classes is None or picture.lossy or len(classes.names) < 2 or has_soft_opacity(picture):
        return False
    by_colour = share_of_colour(picture) > 0
    if len(classes.names) == 2 and (not by_colour or is_cut_out(picture)):
        return False  # black and white, whatever they are stored as
    if not by_colour:
        return are_classes(classes)
    if picture.labels is None and has_one_hue(picture):
        return len(classes.names) == 2  # or its shades
    return len(classes.names) <= _MOST_SMALL_NUMBERS or _is_flat(classes)


def are_classes(classes: Classes) -> bool:
    """Whether three or more numbers are classes and not the shades of a soft mask."""
    values = classes.values
    if len(values) <= _MOST_SMALL_NUMBERS and values[-1] <= _LARGEST_SMALL_NUMBER:
        return True
    if _is_outlined(classes):
        return True
    if not _is_flat(classes):
        return False
    if values[-1] in VOID_NUMBERS and values[-2] <= _LARGEST_SMALL_NUMBER:
        return True
    if len(values) == 3 and values[0] == 0:
        if values[-1] == 255 and values[1] > _ALMOST_WHITE:
            return False
        if between(classes) == 2:
            return False  # something see-through within something white
    # What is darkest and brightest is an inside of a soft mask as well.
    return _are_apart(classes) and _is_solid(classes, list(range(1, len(values) - 1)))


def looks_like_labels(classes: Classes) -> bool:
    """Whether a matte of these numbers would be one of labels.

    A matte may be dark, because a network failed, and its object may have see-through parts.
    """
    values, last = classes.values, len(classes.values) - 1
    if values[last] not in VOID_NUMBERS:
        if 0 < values[last] <= _LARGEST_SMALL_NUMBER:
            return values == (0, 1) or (len(values) <= _MOST_SMALL_NUMBERS and _is_flat(classes))
    elif len(values) == 3 and values[0] == 0:
        return values[1] <= _LARGEST_SMALL_NUMBER and _is_outlined(classes)
    inner = [index for index in range(last + 1) if values[index] not in (0, *VOID_NUMBERS)]
    common = classes.counts >= _LEAST_COMMON * classes.number.size
    solid = [index for index in inner if common[index] and _is_solid(classes, [index])]
    return len(solid) > 1 and _is_flat(classes) and _are_apart(classes)


def _is_outlined(classes: Classes) -> bool:
    """Whether one label on 0 has void around it: then 0 and the label hardly meet.

    Around a number that may be a shade void is thin; white around it is an object's.
    """
    values = classes.values
    if len(values) != 3 or values[0] != 0 or values[2] not in VOID_NUMBERS:
        return False
    if between(classes) != 2:
        return False
    return values[1] <= _LARGEST_SMALL_NUMBER or not _is_solid(classes, [2])


def between(classes: Classes) -> int | None:
    """Of three classes the one without which the two others would not meet, or None."""
    meetings = classes.meetings
    pairs = {2: meetings[0, 1], 1: meetings[0, 2], 0: meetings[1, 2]}  # by the class left out
    least = min(pairs, key=pairs.get)
    second = sorted(pairs.values())[1]
    return least if second and pairs[least] <= _MOST_TOUCHING * second else None


def without_strays(classes: Classes, count: int, most: float) -> tuple[Classes, np.ndarray] | None:
    """The commonest classes alone.

    Args:
        classes: any number of them.
        count: how many to keep.
        most: of all pixels, and of a hundred times those of the rarest that is kept, the largest
            share that may be of others.

    Returns:
        The classes, stray pixels counted to the first; and [H, W] bool, where these are. None where
        they are too many.
    """
    counts = classes.counts
    kept = np.sort(np.argsort(-counts, kind="stable")[:count])
    strays = classes.number.size - int(counts[kept].sum())
    if len(kept) < count or strays > most * min(classes.number.size, 100 * counts[kept].min()):
        return None
    place = np.full(len(counts), 255, np.uint8)
    place[kept] = np.arange(count)
    number = place[classes.number]
    stray = number == 255
    indices = {int(old): new for new, old in enumerate(kept)}
    return Classes(
        number=np.where(stray, np.uint8(0), number),
        names=tuple(classes.names[index] for index in kept),
        background=indices.get(classes.background),
        may_be_void=indices.get(classes.may_be_void),
        values=tuple(classes.values[index] for index in kept),
    ), stray


def _leaves_void_open(classes: Classes) -> bool:
    """Whether what has the value of void is void: 255 may be white, the last of some shades."""
    if classes.may_be_void is None or classes.values[classes.may_be_void] not in VOID_NUMBERS:
        return True
    values = classes.values
    if len(values) < 2 or values[-2] <= _LARGEST_SMALL_NUMBER:
        return len(values) > 1
    if len(values) == 3 and values[0] == 0:
        return _is_outlined(classes)
    steps = np.diff(values)
    return bool(steps.max() - steps.min() > 1)  # not spread over black to white


def _is_flat(classes: Classes) -> bool:
    """Whether neighbours are mostly of one class, as where somebody outlined things."""
    meetings = classes.meetings
    objects = np.isin(np.arange(len(classes.names)), classes.objects)
    counted = meetings[objects[:, None] | objects[None, :]].sum()
    return bool(counted) and np.diag(meetings)[objects].sum() >= _FLAT * counted


def _are_apart(classes: Classes) -> bool:
    """Whether numbers are not those of shades, which rise evenly and meet the next only."""
    steps = np.diff(classes.values)
    uneven = 3 < len(classes.values) <= _FEW and steps.max() - steps.min() > 2
    return bool(uneven) or _jump(classes)


def _jump(classes: Classes) -> bool:
    """Whether classes meet that are not the next to each other in the order of their values."""
    meetings = classes.meetings
    apart = np.abs(np.subtract.outer(np.arange(len(meetings)), np.arange(len(meetings))))
    different = meetings[apart > 0].sum()
    return bool(different) and meetings[apart > 1].sum() >= _JUMPS * different


def are_parts(classes: Classes) -> bool:
    """Whether most classes have an inside and meet in no order."""
    with_inside = classes.inner_counts >= _SOLID * classes.counts
    return bool(with_inside.mean() >= _PARTS) and _jump(classes)


def _is_solid(classes: Classes, indices: list[int]) -> bool:
    """Whether some classes have an inside, which soft edges and outlines have not."""
    if min(classes.number.shape) < 5:
        return False
    solid = classes.inner_counts[indices].sum()
    return bool(solid >= _SOLID * max(1, classes.counts[indices].sum()))
