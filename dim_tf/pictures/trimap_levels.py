"""The three values of a trimap, and which a grey level is nearest to. No TensorFlow here."""

import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN

# Painting programs and conversions move the three values by this much.
CONVERSION_ERROR = 2


def nearest_levels() -> tuple[np.ndarray, np.ndarray]:
    """For each grey level the nearest value of a trimap.

    Returns:
        [256] int, the distance to it, and [256] uint8 in {0, 128, 255}.
    """
    levels = np.array([BACKGROUND, UNKNOWN, FOREGROUND])
    distances = np.abs(np.arange(256)[:, None] - levels)
    return distances.min(axis=1), levels[distances.argmin(axis=1)].astype(np.uint8)


def snapped_note(pixels: int) -> str:
    """What to tell of pixels that a conversion had moved."""
    return f"{pixels:,} pixels were almost but not quite 0, 128 or 255 and are taken as these"
