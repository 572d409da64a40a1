"""A mask, trimap or matte is laid on its photo: turned like it and brought to its size."""

from typing import Literal

import cv2
import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from dim_tf.pictures.levels import to_8_bits
from dim_tf.pictures.matte import matte_of
from dim_tf.pictures.picture import Picture, turned, turned_back
from dim_tf.system.errors import InputError

MaskOrientation = Literal["auto", "as_photo", "as_stored"]

# Edges are compared on copies of at most this long side.
_LONG_SIDE = 512
# How near to a mask's edge the photo's must be, as a share of the long side.
_NEAR = 0.006
# A turn is clearly the best where its edges are so much stronger than the next one's; strengths are
# ranks from 0 to 1.
_CLEARLY = 0.08
# Two turns of a mask that differ in fewer pixels are one.
_SAME_MASK = 0.002
_TURNED_BY = {
    2: "mirrored left to right",
    3: "turned by 180°",
    4: "mirrored upside down",
    5: "mirrored and turned",
    6: "turned by 90° to the right",
    7: "mirrored and turned",
    8: "turned by 90° to the left",
}


def lay_on(
    values: np.ndarray,
    picture: Picture,
    photo: Picture,
    interpolation: int | None,
    mask_orientation: MaskOrientation | None = None,
) -> tuple[np.ndarray, list[str], float]:
    """Turns a mask, trimap or matte like its photo and brings it to its size.

    Where only one of the two files carries an EXIF orientation, and their sizes do not tell whether
    the other was made from the photo as stored or as seen, the turn is taken whose edges lie
    clearly best on the photo's.

    Args:
        values: [H, W] or [H, W, 3] uint8, made of `picture`.
        picture: the file they came from.
        photo: the file they belong to; where `values` are a photo, its matte.
        interpolation: OpenCV's, for another size; None refuses it.
        mask_orientation: "as_photo" turns what is stored by the tag of the photo, or where that has
            none by its own, "as_stored" by none; None is "auto" where the user has no flag to say
            it with.

    Returns:
        `values` at the photo's size; what was done; and how many pixels wide one of the file's
        is now, at least 1.

    Raises:
        InputError: sizes of another shape, or a turn that nothing tells.
    """
    target = photo.shape
    orientation, by_edges = _orientation_on(values, picture, photo, mask_orientation)
    notes = []
    if orientation != picture.orientation:
        values = turned(turned_back(values, picture.orientation), orientation)
        if photo.orientation == orientation != 1:
            notes.append(f"it lacks the EXIF orientation of {photo.path} and is turned like it")
        elif orientation == 1:
            notes.append(f"{photo.path} lacks its EXIF orientation, so it is taken as stored")
        else:
            notes.append(f"it is {_TURNED_BY[orientation]}, as its edges lie on {photo.path} so")
    elif by_edges:
        notes.append(
            f"only one of it and {photo.path} has an EXIF orientation, but its edges lie on the "
            "photo as it is, so it is not turned"
        )
    if values.shape[:2] == target:
        return values, notes, 1.0
    if interpolation is None:
        _refuse_sizes(values, picture, photo)
    height, width = values.shape[:2]
    notes.append(f"its {width}×{height} pixels are resized to the photo's {target[1]}×{target[0]}")
    resized = cv2.resize(values, target[::-1], interpolation=interpolation)
    return resized, notes, max(1.0, target[0] / height)


def _orientation_on(
    values: np.ndarray, picture: Picture, photo: Picture, mask_orientation: MaskOrientation | None
) -> tuple[int, bool]:
    """The EXIF orientation with which what is stored lies on the photo; whether edges told it."""
    stored = turned_back(values, picture.orientation)
    open_question = mask_orientation in ("auto", None)
    if open_question and picture.is_own and _fitting(stored, [1], photo):
        return 1, False
    own_tags = [picture.orientation, photo.orientation]
    tags = own_tags
    if not open_question:
        tagged = photo.orientation if photo.orientation != 1 else picture.orientation
        tags = [tagged if mask_orientation == "as_photo" else 1]
    fitting = _fitting(stored, list(dict.fromkeys(tags)), photo)
    if len(fitting) == 1 or (fitting and _is_same_mask(stored, fitting)):
        return fitting[0], False
    if not fitting and not open_question and _fitting(stored, own_tags, photo):
        raise InputError(
            f"{picture.path} does not fit on {photo.path} with "
            f"--mask_orientation={mask_orientation}; give --mask_orientation=auto."
        )
    sideways = not fitting and open_question
    if sideways:
        fitting = _fitting(stored, [5, 6, 7, 8] if picture.orientation < 5 else [1, 2, 3, 4], photo)
    best = _best_turn(stored, fitting, photo) if fitting else None
    if best is not None:
        return best, True
    if sideways or not fitting:
        _refuse_sizes(values, picture, photo)
    what_to_do = (
        "save both as they are seen, without an EXIF orientation."
        if mask_orientation is None
        else "give --mask_orientation=as_photo to turn it like the photo, or "
        "--mask_orientation=as_stored to leave it as it is."
    )
    raise InputError(
        f"{picture.path} may have been made from {photo.path} as it is stored or as it is seen, "
        f"and their edges do not tell; {what_to_do}"
    )


def _fitting(stored: np.ndarray, orientations: list[int], photo: Picture) -> list[int]:
    return [
        orientation
        for orientation in orientations
        if same_shape(turned(stored, orientation).shape[:2], photo.shape)
    ]


def _is_same_mask(stored: np.ndarray, orientations: list[int]) -> bool:
    first, *others = (turned(stored, orientation) for orientation in orientations)
    return all(
        other.shape == first.shape and np.mean(other != first) <= _SAME_MASK for other in others
    )


def _best_turn(stored: np.ndarray, orientations: list[int], photo: Picture) -> int | None:
    """The orientation with which the mask's edges lie clearly best on the photo's, if there is.

    What is stored may be the photo, and `photo` the matte that it is laid on.
    """
    stored_is_photo = stored.ndim == 3
    fixed = matte_of(photo)[0] if stored_is_photo else edge_strength(photo.pixels)
    scores = {}
    for orientation in orientations:
        moved = turned(stored, orientation)
        matte, strength = (fixed, edge_strength(moved)) if stored_is_photo else (moved, fixed)
        scores[orientation] = edge_score(matte, strength)
    best, *others = sorted(scores, key=scores.get, reverse=True)
    if others and scores[best] - scores[others[0]] < _CLEARLY:
        return None
    return best


def edge_strength(photo: np.ndarray) -> np.ndarray:
    """How strong the strongest edge near each pixel is among all of the photo's, [h, w] in [0, 1].

    A copy of at most 512 pixels is looked at. Ranks, so that a few hard edges do not decide alone.

    Args:
        photo: [H, W, 3] or [H, W], uint8 or uint16.
    """
    pixels = to_8_bits(photo)
    height, width = pixels.shape[:2]
    scale = min(1.0, _LONG_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 1.0).astype(np.float32)
    gradient = np.hypot(cv2.Sobel(small, -1, 1, 0), cv2.Sobel(small, -1, 0, 1))
    if gradient.ndim == 3:
        gradient = gradient.max(axis=2)
    side = 2 * max(1, round(_NEAR * max(gradient.shape))) + 1
    strongest = cv2.dilate(gradient, np.ones((side, side), np.uint8))
    order = np.searchsorted(np.sort(strongest.ravel()), strongest.ravel(), side="right")
    return (order / strongest.size).reshape(strongest.shape).astype(np.float32)


def edge_score(values: np.ndarray, strength: np.ndarray) -> float:
    """The mean of `edge_strength` along the edge of a mask, trimap or matte.

    The edge is where it passes the middle of its values; of a trimap the whole unknown band.
    """
    height, width = strength.shape
    if (values == UNKNOWN).any() and np.isin(values, (BACKGROUND, UNKNOWN, FOREGROUND)).all():
        # A trimap: the edge is somewhere in the unknown band, not at its rim.
        nearest = cv2.resize(values, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
        unknown = nearest == UNKNOWN
        return float(strength[unknown].mean()) if unknown.any() else 0.0
    small = cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA)
    inside = (small >= 128).astype(np.uint8)
    edge = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    return float(strength[edge].mean()) if edge.any() else 0.0


def same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes have the same aspect ratio, to a pixel of the smaller."""
    small, large = sorted((one, other))
    scale = large[0] / small[0], large[1] / small[1]
    return min(scale) >= 1 and (
        abs(small[1] * scale[0] - large[1]) <= scale[0]
        or abs(small[0] * scale[1] - large[0]) <= scale[1]
    )


def _refuse_sizes(values: np.ndarray, picture: Picture, photo: Picture) -> None:
    (height, width), target = values.shape[:2], photo.shape
    turn = "; is one of them turned?" if (width, height) == target else "."
    raise InputError(
        f"{photo.path} is {target[1]}×{target[0]} pixels and {picture.path} {width}×{height}; "
        f"give two pictures of the same size{turn}"
    )
