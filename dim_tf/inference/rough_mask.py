"""A trimap from a rough mask, with an unknown band as wide as the object is large."""

from typing import Literal

import cv2
import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN

# The band reaches this share of the square root of an object's area to each side of its edge.
_RADIUS_SHARE = 0.025
_SMALLEST_RADIUS = 3.0
# Radii are rounded to steps of this factor, so that many objects need few distance transforms.
_RADIUS_STEP = 1.25
# A part thinner than the band keeps its middle as foreground where half its thickness is at least
# the radius divided by three steps, and deeper inside than so much of half its thickness.
_STEPS_TO_THINNEST = 3
_MIDDLE_DEPTH = 0.8


def trimap_from_rough_mask(
    mask: np.ndarray,
    mode: Literal["dilate_erode", "dilate"] = "dilate_erode",
    at_least: float = 0.0,
) -> np.ndarray:
    """Marks the surroundings of a mask's edge as unknown, wider around larger objects.

    Every connected part of the mask is an object with a band of its own. A part thinner than the
    band, such as the tube of a bicycle's frame, keeps its middle as foreground; one thinner than
    about half the band, or 7 pixels, is unknown all over. So it is with the background in holes and
    gaps. Soft pixels are unknown. Where all foreground would be lost, because no part is thick
    enough, the inner half of the thickest parts stays.

    Args:
        mask: [H, W] uint8, a mask or rough matte: 0 background, 255 foreground.
        mode: grow the unknown region to both sides of the edge or outwards only.
        at_least: radius of the band, pixels, where the object is too small for a wider one, and
            how near to the mask's edge the middle of a thin part may come.

    Returns:
        [H, W] uint8 in {0, 128, 255}.
    """
    full = mask == 255
    _, labels = cv2.connectedComponents((mask > 0).astype(np.uint8), connectivity=8)
    smallest = max(at_least, _SMALLEST_RADIUS)
    radius = _radius_of_each(mask, labels, smallest)
    reach = np.zeros(mask.shape, np.float32)  # of the widest band that covers a pixel
    for size in np.unique(radius[1:]):
        reach[_distance_to((radius == size)[labels]) <= size] = size
    empty = mask == 0
    background = empty & (reach == 0)
    background |= _middle_of_thin_parts(empty, _distance_to(~empty), reach, smallest)
    foreground = full
    if mode == "dilate_erode":
        depth = _distance_to(~full)
        foreground = full & (depth > radius[labels])
        foreground |= _middle_of_thin_parts(full, depth, radius[labels], smallest)
        if full.any() and not foreground.any():
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


def _middle_of_thin_parts(
    part: np.ndarray, depth: np.ndarray, radius: np.ndarray, smallest: float
) -> np.ndarray:
    """Where a part is thinner than its band, but not by far, and a pixel is in its middle.

    Args:
        part: [H, W] bool, the mask, or what is not mask.
        depth: [H, W] float32, distance to the other, pixels.
        radius: [H, W] float32, of the band at a pixel.
        smallest: distance to the edge below which nothing is known, pixels.

    Returns:
        [H, W] bool.
    """
    thinner = _RADIUS_STEP ** -np.arange(_STEPS_TO_THINNEST + 1.0)
    levels = np.unique(np.round(np.outer(np.unique(radius[part]), thinner), 3))
    # Half the thickness of a part at a pixel: the radius of the largest disc in it that covers it.
    thickness = np.zeros_like(depth)
    for level in levels[levels >= smallest]:
        thickness[part & (_distance_to(depth >= level) < level)] = level
    thin = (thickness > 0.99 * thinner[-1] * radius) & (thickness < 0.99 * radius)
    return thin & (depth > np.maximum(_MIDDLE_DEPTH * thickness, smallest))


def _distance_to(pixels: np.ndarray) -> np.ndarray:
    """[H, W] float32: how far each pixel is from the nearest of `pixels`; very far without any."""
    return cv2.distanceTransform((~pixels).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
