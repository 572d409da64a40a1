"""A mask for a photo that has none: OpenCV's GrabCut inside a rectangle.

Source: Rother, Kolmogorov, Blake, "GrabCut", SIGGRAPH 2004.
"""

import re
from typing import Literal, NamedTuple

import cv2
import numpy as np
from scipy.ndimage import maximum_filter

from dim_tf.system.errors import InputError
from dim_tf.system.memory import lacks_memory

# GrabCut works on a copy of at most this long side: more costs minutes and finds no better object.
_LONG_SIDE = 450
_ITERATIONS = 5
_SEED = 1
# With "auto" this share of either side is a margin of background, but for colours that are rarer
# than this in the margins of the other three sides: there an object is cut off by the photo's edge.
_AUTO_MARGIN = 0.03
_RARE_COLOUR = 0.002
# Pieces of the mask smaller than this share of its largest are dropped, holes of that size filled.
_SMALLEST_PIECE = 0.01
# Of the rectangle the object takes more than this, and less than all but this.
_FOUND_SHARE = 0.005


class Rectangle(NamedTuple):
    """Pixels of a photo: left and top edge, width and height."""

    x: int
    y: int
    width: int
    height: int


def parse_rectangle(text: str) -> Rectangle | Literal["auto"]:
    """What --rect says.

    Raises:
        InputError: it is neither "auto" nor four whole numbers.
    """
    if text == "auto":
        return "auto"
    if not re.fullmatch(r"\d{1,9}(,\d{1,9}){3}", text):
        raise InputError(
            f"--rect={text} is not possible; give x,y,width,height in pixels, such as "
            "--rect=40,25,300,200, or --rect=auto."
        )
    return Rectangle(*map(int, text.split(",")))


def mask_in_rectangle(
    rgb: np.ndarray, rectangle: Rectangle | Literal["auto"], source: str
) -> tuple[np.ndarray, float]:
    """Finds the object in a rectangle: what is unlike the photo outside of it.

    Args:
        rgb: [H, W, 3] uint8.
        rectangle: around the object; "auto" leaves a small margin on every side.
        source: the photo's file, for the error.

    Returns:
        [H, W] uint8, 255 on the object and 0 elsewhere, the same for the same input; and how many
        of the photo's pixels its steps are wide, at least 1.

    Raises:
        InputError: the rectangle is not inside the photo or leaves no background, or holds nothing
            that differs from it.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, _LONG_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    if rectangle == "auto":
        named, labels = "--rect=auto", _automatic_labels(small)
    else:
        named = f"--rect={','.join(map(str, rectangle))}"
        x, y, wide, high = rectangle
        if min(x, y, wide - 1, high - 1) < 0 or x + wide > width or y + high > height:
            raise InputError(
                f"{named} is not inside {source}, which is {width}×{height} pixels; give "
                "x,y,width,height of a rectangle around the object."
            )
        x, y, wide, high = _scaled(rectangle, size[0] / width, size[1] / height)
        if (wide, high) == size:
            raise InputError(
                f"{named} is all of {source}, or all but a sliver; leave some background around "
                "the object, GrabCut learns from it what is not the object."
            )
        labels = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
        labels[y : y + high, x : x + wide] = cv2.GC_PR_FGD
    looked_at = np.count_nonzero(labels == cv2.GC_PR_FGD)
    found = _grabcut(small, labels, margin_may_be_object=rectangle == "auto")
    share = np.count_nonzero(found) / max(1, looked_at)
    if share >= 1 - _FOUND_SHARE and rectangle != "auto":
        raise InputError(
            f"All of {named} of {source} differs from what is around it, so nothing says whether "
            "it is the object; give a rectangle that is a little larger, or a mask with --alpha."
        )
    if not _FOUND_SHARE < share < 1 - _FOUND_SHARE:
        raise InputError(
            f"GrabCut found nothing with {named} in {source} that stands out from the rest; give a "
            "rectangle close around the object, or a mask with --alpha."
        )
    mask = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(mask > 127, np.uint8(255), np.uint8(0)), 1 / scale


def _automatic_labels(rgb: np.ndarray) -> np.ndarray:
    """[H, W] uint8: GrabCut's start, background in a margin and probably object elsewhere.

    A part of the margin whose colours the other three sides do not have is probably object too.
    """
    height, width = rgb.shape[:2]
    left, top = (max(1, round(_AUTO_MARGIN * side)) for side in (width, height))
    sides = np.s_[:, :left], np.s_[:, -left:], np.s_[:top], np.s_[-top:]
    lab = cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 2), cv2.COLOR_RGB2LAB)
    bins = lab // np.uint8([16, 8, 8])
    labels = np.full((height, width), cv2.GC_PR_FGD, np.uint8)
    for side in sides:
        others = np.concatenate([bins[other].reshape(-1, 3) for other in sides if other != side])
        shares, _ = np.histogramdd(others, (16, 32, 32), ((0, 16), (0, 32), (0, 32)))
        shares = maximum_filter(shares / len(others), 3)
        common = shares[tuple(np.moveaxis(bins[side], 2, 0))] > _RARE_COLOUR
        labels[side][common] = cv2.GC_BGD
    return labels


def _scaled(rectangle: Rectangle, scale_x: float, scale_y: float) -> Rectangle:
    """The rectangle in a smaller copy of the photo, with at least a pixel."""
    left, top = int(rectangle.x * scale_x), int(rectangle.y * scale_y)
    right = max(left + 1, round((rectangle.x + rectangle.width) * scale_x))
    bottom = max(top + 1, round((rectangle.y + rectangle.height) * scale_y))
    return Rectangle(left, top, right - left, bottom - top)


def _grabcut(rgb: np.ndarray, labels: np.ndarray, margin_may_be_object: bool) -> np.ndarray:
    """[H, W] uint8 in {0, 255}, from GrabCut's labels to start with."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(_SEED)
    try:
        labels, *_ = cv2.grabCut(bgr, labels, None, *models, _ITERATIONS, cv2.GC_INIT_WITH_MASK)
        if margin_may_be_object:
            labels[labels == cv2.GC_BGD] = cv2.GC_PR_BGD
            labels, *_ = cv2.grabCut(bgr, labels, None, *models, 2, cv2.GC_EVAL)
    except cv2.error as error:
        if lacks_memory(error):
            raise
        # Too few pixels for its colour models.
        return np.zeros(rgb.shape[:2], np.uint8)
    found = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    found = _without_small_pieces(found)
    return np.uint8(255) * ~_without_small_pieces(~found, found.sum())


def _without_small_pieces(pixels: np.ndarray, of: int | None = None) -> np.ndarray:
    """[H, W] bool: only the connected pieces that are large beside `of`, or beside the largest."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(
        pixels.astype(np.uint8), connectivity=4
    )
    if count == 1:
        return pixels
    areas = statistics[:, cv2.CC_STAT_AREA]
    keep = areas >= _SMALLEST_PIECE * (areas[1:].max() if of is None else of)
    keep[0] = False
    return keep[labels]
