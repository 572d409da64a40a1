"""A trimap from a rough mask, with an unknown band as wide as the object is large."""

import math
from numbers import Real
from typing import Literal

import cv2
import numpy as np

from dim_tf.config import (
    BACKGROUND,
    FOREGROUND,
    UNKNOWN,
    ReadingConfig,
    config_from_values,
)
from dim_tf.pictures.arrays import mask_array
from dim_tf.system.errors import InputError

# The band reaches this share of the square root of an object's area to each side of its edge.
_RADIUS_SHARE = 0.025
_SMALLEST_RADIUS = 3.0
# Radii are rounded to steps of this factor, so that many objects need few distance transforms.
_RADIUS_STEP = 1.25
# In the middle of a part thinner than the band a pixel is known where it is deeper inside than
# so much of half the part's thickness, which must be at least so much of the band's radius.
_MIDDLE_DEPTH, _THINNEST = 0.8, 0.5


def trimap_from_rough_mask(
    mask: np.ndarray,
    mode: Literal["dilate_erode", "dilate"] = "dilate_erode",
    at_least: float = 0.0,
) -> np.ndarray:
    """Marks the surroundings of a mask's edge as unknown, wider around larger objects.

    Every connected part of the mask is an object with a band of its own. A part thinner than the
    band, such as the tube of a bicycle's frame, keeps its middle as foreground; one thinner than
    half the band, or thinner than 7 pixels, is unknown. So it is with the background in holes and
    gaps. Beside the photo's border nothing counts as thin. Soft pixels are unknown. Where all
    foreground would be lost, because no part is thick enough, the inner half of the thickest parts
    stays.

    Args:
        mask: [H, W] or [H, W, 1], a mask or rough matte, see `mask_array`: 0 background, 255
            foreground, or bool, or floats from 0 to 1.
        mode: grow the unknown region to both sides of the edge or outwards only.
        at_least: radius of the band, pixels, where the object is too small for a wider one, and
            how near to the mask's edge the middle of a thin part may come.

    Returns:
        [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: an array of another shape, dtype or range; of one value; of several labels; or
            another mode or radius.
    """
    config_from_values(ReadingConfig, {"trimap_mode": mode})  # refuses the impossible
    is_number = isinstance(at_least, Real) and not isinstance(at_least, bool)
    if not is_number or not 0 <= at_least < math.inf:  # as NaN is not
        raise InputError(f"at_least={at_least!r} is not possible; give a number from 0 on, pixels.")
    return trimap_around(mask_array(mask), mode, at_least)


def trimap_around(
    mask: np.ndarray, mode: Literal["dilate_erode", "dilate"], at_least: float
) -> np.ndarray:
    """`trimap_from_rough_mask` of a mask that was read, [H, W] uint8, whatever it shows."""
    full = mask == 255
    _, labels = cv2.connectedComponents((mask > 0).astype(np.uint8), connectivity=8)
    smallest = max(at_least, _SMALLEST_RADIUS)
    radius = _radius_of_each(mask, labels, smallest)
    sizes = np.unique(radius[1:])
    reach = np.zeros(mask.shape, np.float32)  # of the widest band that covers a pixel
    for size in sizes:
        reach[_distance_to((radius == size)[labels]) <= size] = size
    background = _known(mask == 0, reach, sizes, smallest)
    foreground = full
    if mode == "dilate_erode":
        foreground = _known(full, radius[labels], sizes, smallest)
        if full.any() and not foreground.any():
            depth = _distance_to(~full)
            foreground = full & (depth > depth[full].max() / 2)
    trimap = np.where(background, np.uint8(BACKGROUND), np.uint8(UNKNOWN))
    trimap[foreground] = FOREGROUND
    return trimap


def _radius_of_each(mask: np.ndarray, labels: np.ndarray, smallest: float) -> np.ndarray:
    """[number of labels] float32: the band's radius of each part, pixels; 0 of the background."""
    area = np.bincount(labels.ravel(), weights=mask.ravel()) / 255
    radius = np.maximum(_RADIUS_SHARE * np.sqrt(area), smallest)
    steps = np.round(np.log(radius / smallest) / np.log(_RADIUS_STEP))
    radius = (smallest * _RADIUS_STEP**steps).astype(np.float32)
    radius[0] = 0
    return radius


def _known(part: np.ndarray, radius: np.ndarray, sizes: np.ndarray, smallest: float) -> np.ndarray:
    """What of a part is outside the band, and the middle of it where it is not much thinner.

    Half a part's thickness is taken as the largest depth in a square about a pixel that is as large
    as the band. So a tip or a strand beside something thick has no middle, and a long tube has.

    Args:
        part: [H, W] bool, the mask, or what is not mask.
        radius: [H, W] float32, of the band at a pixel, pixels; 0 where there is none.
        sizes: [n] float32, the radii that occur.
        smallest: nothing nearer to the part's edge is known, pixels.

    Returns:
        [H, W] bool.
    """
    depth = _distance_to(~part)
    known = part & (depth > radius)
    for size in sizes[sizes > smallest]:
        inside = part & (radius == size)
        left, top, width, height = cv2.boundingRect(inside.astype(np.uint8))
        margin = math.ceil(size)
        box = (
            slice(max(top - margin, 0), top + height + margin),
            slice(max(left - margin, 0), left + width + margin),
        )
        # Beyond the photo's border a part may be thicker.
        thickness = cv2.dilate(
            depth[box],
            np.ones((2 * margin + 1, 2 * margin + 1), np.uint8),
            borderType=cv2.BORDER_CONSTANT,
            borderValue=math.inf,
        )
        middle = depth[box] > np.maximum(_MIDDLE_DEPTH * thickness, smallest)
        known[box] |= inside[box] & middle & (thickness >= _THINNEST * size)
    return known


def _distance_to(pixels: np.ndarray) -> np.ndarray:
    """[H, W] float32: how far each pixel is from the nearest of `pixels`; very far without any."""
    return cv2.distanceTransform((~pixels).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
