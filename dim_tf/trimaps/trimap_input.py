"""What a user gives as trimap or mask, repaired where it is clear what was meant.

Each repair is told in a note, the end of a line that begins with the file's name. What cannot be
repaired is refused.
"""

from typing import Literal

import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from dim_tf.pictures.trimap_levels import CONVERSION_ERROR, nearest_levels, snapped_note
from dim_tf.system.errors import InputError
from dim_tf.trimaps.rough_mask import trimap_from_rough_mask

Invert = Literal["auto", "yes", "no"]

# JPEG at low quality moves the three values by this much, but for a few pixels at edges.
_NOISE = 24
# Of a trimap with JPEG noise or soft edges these are at most 0.23 times as many as the unknown
# pixels, of a matte they are at least 2.9 times as many (measured on the alphamatting.com trimaps
# as JPEG of quality 30 and resized, and on 18 mattes).
_MOST_BETWEEN = 1.0
# JPEG moves the 0 and 255 of a mask by less than this, and noise is when such values are this many
# times as frequent as those between: above 70 in hard masks as JPEG, below 2.1 in 18 mattes.
_MASK_NOISE = 16
_NOISE_RATIO = 10
# An inverted mask is white all along its border, but for a few pixels, and black inside.
_INVERTED_BORDER, _INVERTED_INSIDE = 0.995, 0.01
_SUSPICIOUS_BORDER = 0.75


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
        InputError: the values are not those of a trimap; no pixel is unknown, or none is
            foreground, or none background.
    """
    count = np.bincount(values.ravel(), minlength=256)
    if _is_evenly_spaced(np.flatnonzero(count)):
        low, middle, high = np.flatnonzero(count)
        notes = [f"its values {low}, {middle} and {high} are taken as 0, 128 and 255"]
        values = _table({low: BACKGROUND, middle: UNKNOWN, high: FOREGROUND})[values]
    else:
        values, notes = _snap_to_trimap(values, count, source)
    values, note = _turn_over(values, invert)
    check_trimap(values, source)
    return values, notes + note


def _is_evenly_spaced(present: np.ndarray) -> bool:
    """Whether a file has three values such as 0, 1, 2 instead of 0, 128, 255."""
    return (
        len(present) == 3
        and present[0] == 0
        and present[2] < FOREGROUND - CONVERSION_ERROR
        and abs(2 * present[1] - present[2]) <= 1
    )


def _table(new_values: dict[int, int]) -> np.ndarray:
    table = np.zeros(256, np.uint8)
    for old, new in new_values.items():
        table[old] = new
    return table


def _snap_to_trimap(
    values: np.ndarray, count: np.ndarray, source: str
) -> tuple[np.ndarray, list[str]]:
    distance, nearest = nearest_levels()
    moved = count[(distance > 0) & (distance <= _NOISE)].sum()
    between = count[distance > _NOISE].sum()
    if not count[distance > CONVERSION_ERROR].any():
        if not moved:
            return values, []
        return nearest[values], [snapped_note(moved)]
    if between > _MOST_BETWEEN * count[np.abs(np.arange(256) - UNKNOWN) <= _NOISE].sum():
        strange = np.flatnonzero((distance > CONVERSION_ERROR) & (count > 0))
        commonest = strange[np.argsort(-count[strange], kind="stable")[:3]]
        raise InputError(
            f"{source} is no trimap: {count[strange].sum() / values.size:.2%} of its pixels are "
            f"neither 0, 128 nor 255 (such as {', '.join(map(str, sorted(commonest)))}); if it is "
            "a mask or matte give it with --alpha."
        )
    nearest[distance > _NOISE] = UNKNOWN
    return nearest[values], [
        f"its values are noisy, as in a JPEG or after resizing: {moved:,} pixels near 0, 128 or "
        f"255 are taken as these, {between:,} between them as unknown"
    ]


def check_trimap(trimap: np.ndarray, source: str) -> None:
    """Refuses a trimap that leaves nothing to predict, or nothing to predict from.

    Args:
        trimap: [H, W] uint8 in {0, 128, 255}.
        source: its file, for the error.

    Raises:
        InputError: no pixel is unknown, or none is foreground, or none background.
    """
    if not (trimap == UNKNOWN).any():
        raise InputError(
            f"{source} has no unknown pixel (128), so there is nothing to predict; paint the "
            "object's edge 128, or give the file with --alpha as a mask."
        )
    missing = [
        name
        for name, value in (("foreground (255)", FOREGROUND), ("background (0)", BACKGROUND))
        if not (trimap == value).any()
    ]
    if missing:
        raise InputError(
            f"{source} has no {' and no '.join(missing)}; paint what is surely object 255 and what "
            "is surely background 0."
        )


def repair_mask(
    values: np.ndarray, source: str, lossy: bool = False, invert: Invert = "auto"
) -> tuple[np.ndarray, list[str]]:
    """Brings the values of a mask to 0…255, and turns one with a black object over.

    Args:
        values: [H, W] uint8, a mask or rough matte.
        source: its file, for the error.
        lossy: whether it comes from a JPEG, so that values near 0 and 255 are noise.
        invert: whether the object is black; "auto" where the mask is white all along its border.

    Returns:
        [H, W] uint8, and what was done.

    Raises:
        InputError: it has one value only.
    """
    count = np.bincount(values.ravel(), minlength=256)
    present = np.flatnonzero(count)
    if len(present) == 1:
        raise InputError(
            f"{source} has the value {present[0]} everywhere and shows no object, so its trimap "
            "has no unknown pixel; a mask is 255 on the object and 0 elsewhere."
        )
    notes = []
    low, high = present[0], present[-1]
    if len(present) == 2 and (low, high) != (BACKGROUND, FOREGROUND):
        values = _table({low: BACKGROUND, high: FOREGROUND})[values]
        notes.append(f"its values {low} and {high} are taken as 0 and 255")
    else:
        at_ends = count[1 : _MASK_NOISE + 1].sum() + count[255 - _MASK_NOISE : 255].sum()
        between = count[_MASK_NOISE + 1 : 255 - _MASK_NOISE].sum()
        if at_ends and (lossy or at_ends > _NOISE_RATIO * between):
            table = np.arange(256, dtype=np.uint8)
            table[: _MASK_NOISE + 1], table[255 - _MASK_NOISE :] = BACKGROUND, FOREGROUND
            values = table[values]
            notes.append(f"{at_ends:,} pixels near 0 or 255 are taken as these, as JPEG noise")
    if len(present) == 3 and abs(int(present[1]) - UNKNOWN) <= CONVERSION_ERROR:
        notes.append(
            "its values are those of a trimap; give it with --trimap to have it used as it is"
        )
    values, note = _turn_over(values, invert)
    return values, notes + note


def _turn_over(values: np.ndarray, invert: Invert) -> tuple[np.ndarray, list[str]]:
    """Exchanges black and white where foreground is black, and what to say about it."""
    notes = []
    if invert == "auto":
        border = np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])
        share = np.mean(border == FOREGROUND)
        inside = np.mean(values == BACKGROUND)
        if share >= _INVERTED_BORDER and inside >= _INVERTED_INSIDE:
            invert = "yes"
            notes = [
                "it is white all along its border and black inside, so black is taken as the "
                "object (--invert=no if white is)"
            ]
        elif share >= _SUSPICIOUS_BORDER and inside >= _INVERTED_INSIDE:
            notes = [
                f"it is white along {share:.0%} of its border; if its object is black give "
                "--invert=yes"
            ]
    if invert != "yes":
        return values, notes
    return np.where(values == UNKNOWN, np.uint8(UNKNOWN), 255 - values), notes


def trimap_from_mask(
    mask: np.ndarray,
    kernel: int | Literal["auto"],
    mode: Literal["dilate_erode", "dilate"],
    source: str,
    at_least: float = 0.0,
) -> np.ndarray:
    """Makes the trimap of a mask, and refuses one that cannot be used.

    Args:
        mask: [H, W] uint8, a mask or rough matte.
        kernel: side of the window as in training, see `trimap_from_alpha`; or "auto" for
            a band as wide as the object is large, see `trimap_from_rough_mask`.
        mode: see either.
        source: the mask's file, for the error.
        at_least: radius of the band with "auto", pixels, see `trimap_from_rough_mask`.

    Returns:
        [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: no pixel is unknown, or none is foreground, or none background.
    """
    if kernel == "auto":
        trimap = trimap_from_rough_mask(mask, mode, at_least)
        larger = smaller = "a number for --trimap_kernel, such as 5"
    else:
        from dim_tf.trimaps.from_matte import trimap_from_alpha  # TensorFlow: "auto" does without

        trimap = trimap_from_alpha(mask, kernel, mode).numpy()
        larger, smaller = (
            f"a {word} --trimap_kernel than {kernel}" for word in ("larger", "smaller")
        )
    if not (trimap == UNKNOWN).any():
        raise InputError(f"The trimap made from {source} has no unknown pixel; give {larger}.")
    for name, value in (("foreground (255)", FOREGROUND), ("background (0)", BACKGROUND)):
        if not (trimap == value).any():
            raise InputError(
                f"The trimap made from {source} has no {name} left; give {smaller}, or a mask with "
                "pure black (0) and white (255)."
            )
    return trimap
