"""The shades of a mask: which are black and white in truth, and which of the two is the object."""

from typing import Literal, NamedTuple

import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from dim_tf.pictures.levels import border_of
from dim_tf.pictures.picture import Picture
from dim_tf.system.errors import InputError

Invert = Literal["auto", "yes", "no"]
# JPEG moves the 0 and 255 of a mask by less than this, and noise is when such values are this many
# times as frequent as those between: above 70 in hard masks as JPEG, below 2.1 in 18 mattes.
_MASK_NOISE = 16
_NOISE_RATIO = 10
# So many different values near 0 and 255 are the statistics of JPEG noise.
_NOISE_VALUES = 8
# An inverted mask is white all along its border, but for a few pixels, and black inside.
_INVERTED_BORDER, _INVERTED_INSIDE = 0.995, 0.01
_SUSPICIOUS_BORDER = 0.75
# Of what is dark, or bright, so many pixels within so many levels of one value are a plateau, where
# it is no farther from 0, or 255, than this (as painted with 90 %), and so few lie beyond.
FARTHEST_PLATEAU, _PLATEAU_SHARE, _PLATEAU_WIDTH, _MOST_BEYOND = 26, 0.3, 8, 0.1
# A plateau is noisy where values next to it are more frequent than its own: in mattes that were
# painted or photographed 0.6 times at most, in a network's 4 times and more. Soft edges lie on its
# inner side only: on the outer one less is noise.
_NOISE_INSIDE, _NOISE_OUTSIDE = 1.0, 0.25
# Where less of what is bright is white a mask leaves nearly all of its object open.
_LITTLE_WHITE = 0.1
# A mask that is nowhere brighter shows no object.
_DARKEST_OBJECT = 128


def repair_mask(
    values: np.ndarray,
    source: str,
    lossy: bool = False,
    invert: Invert = "auto",
    has_shades: bool = False,
    is_own: bool = False,
) -> tuple[np.ndarray, list[str]]:
    """Brings the shades of a mask to 0…255, and turns one with a black object over.

    Args:
        values: [H, W] uint8, a mask or rough matte.
        source: its file, for the error.
        lossy: whether its kind of file changes values a little, so that those near 0 and 255 are
            noise.
        invert: whether the object is black; "auto" where the mask is white all along its border.
        has_shades: whether two values are shades as well, not names of black and white.
        is_own: whether this program made it: then its values are as they are meant.

    Returns:
        [H, W] uint8, and what was done.

    Raises:
        InputError: it has one value only, or none but noise.
    """
    count = np.bincount(values.ravel(), minlength=256)
    present = np.flatnonzero(count)
    if len(present) == 1:
        raise InputError(
            f"{source} has the value {present[0]} everywhere and shows no object, so its trimap "
            "has no unknown pixel; a mask is 255 on the object and 0 elsewhere."
        )
    notes: list[str] = []
    low, high = present[0], present[-1]
    is_dark = high < _DARKEST_OBJECT and (has_shades or len(present) > 2)
    has_two_names = len(present) == 2 and (low, high) != (BACKGROUND, FOREGROUND) and not is_dark
    if has_two_names and not is_own:
        values = np.where(values == high, np.uint8(FOREGROUND), np.uint8(BACKGROUND))
        notes.append(f"its values {low} and {high} are taken as 0 and 255")
    elif not is_own:
        plateaus = _plateaus(count)
        values, note = _stretched(values, plateaus)
        values, noise = _without_noise(values, plateaus, lossy)
        notes += note + noise
    if values.min() == values.max() or is_dark:
        raise _no_object(source, low, high)
    values, note = turn_over(values, invert)
    bright = values >= _DARKEST_OBJECT
    if not bright.any():  # also where it was turned over
        raise _no_object(source, low, high)
    share = np.mean(values[bright] == FOREGROUND)
    if share < _LITTLE_WHITE:
        note.append(
            f"only {share:.1%} of what is bright in it is white, so nearly all of the object is "
            "left open; the matte is better where the mask is 255 on what is surely object"
        )
    return values, notes + note


def _no_object(source: str, low: int, high: int) -> InputError:
    return InputError(
        f"{source} has values from {low} to {high} only and shows no object; a mask is 255 on the "
        "object and 0 elsewhere."
    )


class _Plateau(NamedTuple):
    """What most of the dark, or of the bright pixels of a mask have for a value.

    Attributes:
        value: 0 or 255 where there is no plateau.
        is_noisy: whether values next to it are noise rather than soft edges.
    """

    value: int
    is_noisy: bool


def _plateaus(count: np.ndarray) -> tuple[_Plateau, _Plateau]:
    """The plateaus of what is dark and of what is bright, at 0 and 255 as a rule.

    A network's probabilities seldom reach 0 and 1, programs paint with 90 % opacity, and video goes
    from 16 to 235. JPEG and scaling put single pixels beyond.

    Args:
        count: [256], how many pixels have each value.
    """
    (dark, dark_noise), (bright, bright_noise) = (
        _from_the_end(half) for half in (count[:_DARKEST_OBJECT], count[: _DARKEST_OBJECT - 1 : -1])
    )
    return _Plateau(BACKGROUND + dark, dark_noise), _Plateau(FOREGROUND - bright, bright_noise)


def _from_the_end(count: np.ndarray) -> tuple[int, bool]:
    """How far the plateau is from the first of these values, and whether it is noisy."""
    away = int(np.argmax(count[: FARTHEST_PLATEAU + 1]))
    begin, end = max(0, away - _PLATEAU_WIDTH), away + _PLATEAU_WIDTH + 1
    around, beyond = count[begin:end].sum(), count[:begin].sum()
    is_one = around >= _PLATEAU_SHARE * count.sum() > 0 and count[away] == count[begin:end].max()
    if not is_one or beyond > _MOST_BEYOND * around:
        return 0, False
    outside, inside = count[:away].sum(), count[away + 1 : away + 1 + _MASK_NOISE].sum()
    own = count[away]
    return away, bool(outside > _NOISE_OUTSIDE * own or inside > _NOISE_INSIDE * own)


def _stretched(
    values: np.ndarray, plateaus: tuple[_Plateau, _Plateau]
) -> tuple[np.ndarray, list[str]]:
    """Brings the plateaus of a mask to 0 and 255."""
    low, high = (plateau.value for plateau in plateaus)
    if (low, high) == (BACKGROUND, FOREGROUND):
        return values, []
    table = (np.arange(256) - low) * (FOREGROUND / (high - low))
    said = [f"its values from {low} to {high} are taken as 0 to 255"]
    return np.clip(np.round(table), 0, 255).astype(np.uint8)[values], said


def _without_noise(
    values: np.ndarray, plateaus: tuple[_Plateau, _Plateau], lossy: bool
) -> tuple[np.ndarray, list[str]]:
    """Takes values almost 0 or 255 as these, where they are no shades of a soft mask.

    Args:
        values: [H, W] uint8, from `_stretched`.
        plateaus: of the mask before.
        lossy: see `repair_mask`.

    Returns:
        [H, W] uint8, and what was done.
    """
    count = np.bincount(values.ravel(), minlength=256)
    near_black, near_white = count[1 : _MASK_NOISE + 1], count[255 - _MASK_NOISE : 255]
    between = count[_MASK_NOISE + 1 : 255 - _MASK_NOISE].sum()
    is_hard = near_black.sum() + near_white.sum() > _NOISE_RATIO * between
    dark, bright = (lossy or is_hard or plateau.is_noisy for plateau in plateaus)
    table = np.arange(256, dtype=np.uint8)
    if dark:
        table[: _MASK_NOISE + 1] = BACKGROUND
    if bright:
        table[255 - _MASK_NOISE :] = FOREGROUND
    changed = np.concatenate([near_black * dark, near_white * bright])
    if not changed.any():
        return values, []
    note = f"{changed.sum():,} pixels near 0 or 255 are taken as these"
    if lossy or (is_hard and np.count_nonzero(changed) >= _NOISE_VALUES):
        note += ", as JPEG noise"
    return table[values], [note]


def known_invert(picture: Picture, invert: Invert) -> Invert:
    """What a picture says of itself, where nobody says it: then nothing is left to be guessed."""
    return "no" if invert == "auto" and picture.is_own else invert


def turn_over(values: np.ndarray, invert: Invert) -> tuple[np.ndarray, list[str]]:
    """Exchanges black and white where foreground is black.

    Args:
        values: [H, W] uint8, a mask or trimap.
        invert: "auto" where it is white all along its border and black inside.

    Returns:
        [H, W] uint8, 128 as it was, and what to say about it.
    """
    notes = []
    if invert == "auto":
        border = border_of(values)
        share = np.mean(border == FOREGROUND)
        known = border[border != UNKNOWN]
        share_of_known = np.mean(known == FOREGROUND) if 2 * len(known) > len(border) else 0
        inside = np.mean(values == BACKGROUND)
        if share >= _INVERTED_BORDER and inside >= _INVERTED_INSIDE:
            invert = "yes"
            notes = [
                "it is white all along its border and black inside, so black is taken as the "
                "object (--invert=no if white is)"
            ]
        elif share_of_known >= _SUSPICIOUS_BORDER and inside >= _INVERTED_INSIDE:
            notes = [
                f"it is white along {share_of_known:.0%} of its border, as far as that is known; "
                "if its object is black give --invert=yes"
            ]
    if invert != "yes":
        return values, notes
    return np.where(values == UNKNOWN, np.uint8(UNKNOWN), 255 - values), notes
