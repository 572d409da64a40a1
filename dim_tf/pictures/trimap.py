"""The role trimap: what is surely background, what surely foreground, and what is unknown."""

import os
from collections.abc import Iterable, Iterator

import numpy as np

from dim_tf.config import (
    BACKGROUND,
    FOREGROUND,
    MAX_INPUT_MEGAPIXELS,
    UNKNOWN,
    ReadingConfig,
    config_from_values,
)
from dim_tf.pictures.classes import Classes, between, without_strays
from dim_tf.pictures.finding_classes import all_classes
from dim_tf.pictures.levels import CONVERSION_ERROR, border_of, nearest_levels, to_8_bits
from dim_tf.pictures.matte import grey_of
from dim_tf.pictures.photo import MOST_COLOUR, is_colour_photo, is_cut_out, over, share_of_colour
from dim_tf.pictures.picture import Picture, read_in_role
from dim_tf.pictures.shades import Invert, known_invert, turn_over
from dim_tf.system.errors import InputError, Teller, tell

# JPEG at low quality moves the three values by this much, but for a few pixels at edges.
_NOISE = 24
# Of a trimap with JPEG noise or soft edges these are at most 0.23 times as many as the unknown
# pixels, of a matte they are at least 2.9 times as many (measured on the alphamatting.com trimaps
# as JPEG of quality 30 and resized, and on 18 mattes).
_MOST_BETWEEN = 1.0
# Of a trimap of three other values, so many pixels may have yet others.
_MOST_STRAYS = 0.001
# Background has this many times as much of the picture's border as foreground, or more.
_MORE_BORDER = 2.0
# A sentence names this many values at most.
_VALUES_SHOWN = 6


def read_trimap(
    path: str | os.PathLike,
    *,
    invert: Invert = "auto",
    max_megapixels: float = MAX_INPUT_MEGAPIXELS,
    told: Teller = tell,
) -> np.ndarray:
    """Reads a trimap: 0, 128 and 255, or three classes in another coding.

    Args:
        path: see `dim_tf.pictures.picture.read_picture`.
        invert: whether foreground is black; "auto" where it is white all along its border.
        max_megapixels: a larger one is refused unread.
        told: gets what was repaired or assumed.

    Returns:
        [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: the file is missing, unreadable or no picture; its values are not those of a
            trimap; nothing is unknown; or another word for `invert`.
    """
    config_from_values(ReadingConfig, {"invert": invert})  # refuses the impossible
    return read_in_role(path, max_megapixels, lambda file: trimap_of(file, invert), told)


def trimap_of(picture: Picture, invert: Invert = "auto") -> tuple[np.ndarray, list[str]]:
    """A picture as a trimap, [H, W] uint8 in {0, 128, 255}, and what to tell of it.

    Raises:
        InputError: see `read_trimap`.
    """
    if is_colour_photo(picture):
        raise _in_colours(picture)
    source, invert = str(picture.path), known_invert(picture, invert)
    found = _in_transparency(picture) if is_cut_out(picture) else None
    if found is not None:
        values, notes = found
    else:
        for classes in _candidates(picture):
            coded = _of_three_classes(picture, classes, source, invert)
            if coded is not None:
                return coded
        if share_of_colour(picture) > MOST_COLOUR:
            raise _in_colours(picture)
        values, notes = grey_of(picture)
    trimap, repairs = repair_trimap(values, source, invert)
    return trimap, notes + repairs


def _in_colours(picture: Picture) -> InputError:
    what = "cut-out" if is_cut_out(picture) else "picture"
    return InputError(
        f"{picture.path} is a {what} in colours, not a trimap; a trimap is white on the object, "
        "black on the background and grey (128) where it is unknown (a cut-out is given with "
        "--alpha)."
    )


def _in_transparency(picture: Picture) -> tuple[np.ndarray, list[str]] | None:
    """[H, W] uint8: the trimap of 0, 128 and 255 in a picture with transparency, and what to say.

    None where there is none with all three.
    """
    grey, notes = grey_of(picture)
    opacity = to_8_bits(picture.opacity)
    candidates = [(opacity, "its transparency is taken as the trimap")]
    if share_of_colour(picture) <= MOST_COLOUR:
        candidates = [
            (over(grey, opacity, 0), "its transparent pixels are taken as black"),
            (grey, "its transparency is ignored"),
            *candidates,
        ]
    for values, note in candidates:
        try:
            trimap, _ = repair_trimap(values, str(picture.path))
        except InputError:
            continue
        if not missing_from(trimap):
            return values, [*notes, note]
    return None


def _candidates(picture: Picture) -> Iterator[Classes]:
    """The classes of a picture, what is transparent as one of its own and as background."""
    for transparent_is_background in (False, True) if is_cut_out(picture) else (True,):
        classes = all_classes(picture, transparent_is_background)
        if classes is not None:
            yield classes


def _of_three_classes(
    picture: Picture, classes: Classes, source: str, invert: Invert
) -> tuple[np.ndarray, list[str]] | None:
    """The trimap of a picture with three classes in a coding of its own; None of one without.

    Unknown is between foreground and background, so it is the class without which the two others
    would not touch. Is it the middle number, or are the numbers evenly rising from 0 and nothing
    tells, they are taken in their order; else 0 is the background, or what has more of the
    picture's border. A few pixels of other values are unknown.

    Raises:
        InputError: nothing tells which class is which.
    """
    commonest = without_strays(classes, 3, _MOST_STRAYS)
    if commonest is None:
        return None
    three, stray = commonest
    in_colours = share_of_colour(picture) > 0
    if not in_colours and _is_usual(three.values):
        return None
    if not in_colours and three.values[0] < 0 and between(three) == 2:
        return None  # something black and white that is cut out
    levels = _levels_of(three, in_colours)
    if levels is None:
        raise InputError(
            f"{source} has the values {listed(three.names)}, and which of them is unknown and "
            "which the object cannot be told; a trimap is 0 on the background, 128 where it is "
            "unknown and 255 on the object."
        )
    trimap = np.array(levels, np.uint8)[three.number]
    trimap[stray] = UNKNOWN
    trimap, notes = turn_over(trimap, "no" if invert == "auto" and levels[1] != UNKNOWN else invert)
    meant = [str(_meaning(three, trimap, stray, index)) for index in range(3)]
    told = f"its values {listed(three.names)} are taken as {listed(meant)}"
    if levels != (BACKGROUND, UNKNOWN, FOREGROUND):
        told += ", by where they lie"
    if invert == "auto" and not notes:
        told += " (--invert=yes if object and background are exchanged)"
    if stray.any():
        notes.append(f"its {np.count_nonzero(stray):,} pixels of other values as unknown")
    return trimap, ["; ".join([told, *notes])]


def _meaning(three: Classes, trimap: np.ndarray, stray: np.ndarray, index: int) -> int:
    return int(trimap[(three.number == index) & ~stray][0])


def _levels_of(three: Classes, in_colours: bool) -> tuple[int, int, int] | None:
    """The trimap's value for each of three classes, or None where nothing tells."""
    rising = (BACKGROUND, UNKNOWN, FOREGROUND)
    unknown = between(three)
    if in_colours or three.values[0] < 0:  # what is transparent has no number
        return None if unknown is None else _by_border(three, unknown)
    first, second, third = three.values
    if unknown is None:
        return rising if first == 0 and abs(2 * second - third) <= 1 else None
    if unknown == 1:
        return rising  # whether the dark is the object is a question for any trimap
    if first == 0 and unknown == 2:
        return BACKGROUND, FOREGROUND, UNKNOWN
    return _by_border(three, unknown)


def _by_border(three: Classes, unknown: int) -> tuple[int, int, int] | None:
    """Background has more of the picture's border than foreground, if anything tells them."""
    counts = np.bincount(border_of(three.number), minlength=3)
    known = [index for index in range(3) if index != unknown]
    background = max(known, key=lambda index: counts[index])
    foreground = known[1 - known.index(background)]
    if counts[background] < _MORE_BORDER * counts[foreground] or not counts[background]:
        return None
    levels = [UNKNOWN] * 3
    levels[background], levels[foreground] = BACKGROUND, FOREGROUND
    return tuple(levels)


def _is_usual(values: tuple[int, ...]) -> bool:
    """Whether three numbers are 0, 128 and 255, or almost, as conversions leave them."""
    if values[0] < 0:  # transparent
        return False
    levels = to_8_bits(np.array(values, np.uint8 if values[-1] <= 255 else np.uint16))
    distance, nearest = nearest_levels()
    return bool((distance[levels] <= _NOISE).all()) and len(set(nearest[levels])) == 3


def repair_trimap(
    values: np.ndarray, source: str, invert: Invert = "auto"
) -> tuple[np.ndarray, list[str]]:
    """Sets what is almost 0, 128 or 255 to these, and turns a trimap with black foreground over.

    Args:
        values: [H, W] uint8.
        source: its file, for the error.
        invert: whether foreground is black; "auto" where it is white all along its border.

    Returns:
        [H, W] uint8 in {0, 128, 255}, and what was done.

    Raises:
        InputError: the values are not those of a trimap, or see `check_trimap`.
    """
    count = np.bincount(values.ravel(), minlength=256)
    trimap, notes = _snapped(values, count, source)
    trimap, note = turn_over(trimap, invert)
    return trimap, notes + note + check_trimap(trimap, source, np.flatnonzero(count))


def _snapped(values: np.ndarray, count: np.ndarray, source: str) -> tuple[np.ndarray, list[str]]:
    distance, nearest = nearest_levels()
    moved = count[(distance > 0) & (distance <= _NOISE)].sum()
    between = count[distance > _NOISE].sum()
    if not count[distance > CONVERSION_ERROR].any():
        if not moved:
            return values, []
        return nearest[values], [
            f"{moved:,} pixels were almost but not quite 0, 128 or 255 and are taken as these"
        ]
    if between > _MOST_BETWEEN * count[np.abs(np.arange(256) - UNKNOWN) <= _NOISE].sum():
        strange = np.flatnonzero((distance > CONVERSION_ERROR) & (count > 0))
        commonest = strange[np.argsort(-count[strange], kind="stable")[:3]]
        raise InputError(
            f"{source} is no trimap: {count[strange].sum():,} of its {values.size:,} pixels are "
            f"neither 0, 128 nor 255 (such as {', '.join(map(str, sorted(commonest)))}); if it is "
            "a mask or matte give it with --alpha, and labels with --alpha and --label."
        )
    nearest[distance > _NOISE] = UNKNOWN
    return nearest[values], [
        f"its values are noisy, as in a JPEG or after resizing: {moved:,} pixels near 0, 128 or "
        f"255 are taken as these, {between:,} between them as unknown"
    ]


def refuse_lost_band(trimap: np.ndarray, source: str) -> None:
    """Refuses a trimap, [H, W] uint8, whose unknown pixels were lost on the way to another size.

    Args:
        trimap: laid on its photo.
        source: its file, in which some are unknown.

    Raises:
        InputError: no pixel is unknown.
    """
    if not (trimap == UNKNOWN).any():
        raise InputError(
            f"{source} loses all its unknown pixels when it is brought to its photo's size; give a "
            "trimap of that size, or a wider unknown band."
        )


def check_trimap(trimap: np.ndarray, source: str, present: np.ndarray | None = None) -> list[str]:
    """Refuses a trimap that leaves nothing to do.

    Args:
        trimap: [H, W] uint8 in {0, 128, 255}.
        source: its file, for the error.
        present: the values of the file, where they are others.

    Returns:
        What to tell: that a trimap has no foreground, or no background.

    Raises:
        InputError: no pixel is unknown.
    """
    if not (trimap == UNKNOWN).any():
        values = np.unique(trimap) if present is None else present
        # A mask of one value would be refused as well.
        as_mask = ", or give it with --alpha as a mask" if len(values) > 1 else ""
        as_mask += " and choose its --label" if len(values) > 2 else ""
        raise InputError(
            f"{source} has no unknown pixel (128), so there is nothing to predict: it holds "
            f"{listed([str(value) for value in values])}; paint the object's edge 128{as_mask}."
        )
    missing = " and no ".join(missing_from(trimap))
    return [f"it has no {missing}; the matte is better where some is marked"] if missing else []


def missing_from(trimap: np.ndarray) -> list[str]:
    """Which of foreground and background a trimap, [H, W] uint8 in {0, 128, 255}, is without."""
    levels = (("foreground (255)", FOREGROUND), ("background (0)", BACKGROUND))
    return [name for name, value in levels if not (trimap == value).any()]


def listed(names: Iterable[str]) -> str:
    """Names of values in a sentence, at most six of them: "0, 1 and 2"."""
    names = list(names)
    if len(names) > _VALUES_SHOWN:
        names[_VALUES_SHOWN - 1 :] = [f"{len(names) - _VALUES_SHOWN + 1} more values"]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"only {names[0]}"
