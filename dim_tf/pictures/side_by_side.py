"""Pictures for people: photo, trimap, mattes and composite side by side."""

from collections.abc import Sequence

import cv2
import numpy as np

from dim_tf.pictures.levels import to_levels, to_rgb

# A colour no photo has much of, so that holes and halos show (RGB).
PREVIEW_BACKGROUND = (40, 160, 80)
_GAP = 8


def side_by_side(pictures: Sequence[np.ndarray], height: int = 0) -> np.ndarray:
    """Puts pictures of one size in a row.

    Args:
        pictures: [H, W, 3] or [H, W] uint8, or [H, W] float32 in [0, 1].
        height: of the row, pixels; 0 keeps that of the pictures.

    Returns:
        [height, …, 3] uint8.
    """
    row = []
    for picture in pictures:
        if picture.dtype != np.uint8:
            picture = to_levels(picture)
        picture = to_rgb(picture)
        if height:
            width = max(1, round(picture.shape[1] * height / picture.shape[0]))
            picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        if row:
            row.append(np.full((picture.shape[0], _GAP, 3), 255, np.uint8))
        row.append(picture)
    return np.concatenate(row, axis=1)
