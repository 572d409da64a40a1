"""Where a matte lies on its background: one rule for the offline step and for training.

A training crop is at most 640 pixels wide and centred on a pixel of the matte, whose long side is
640 and which lies in the middle of its background. So no crop sees anything beyond the central
1280 x 1280 of a background, here called the **canvas**, and everything is placed with respect to
it. Pictures stored with their surroundings (the original's layout) and pictures stored as bare
canvases (the compact layout) then give the same training examples, pixel for pixel.
"""

import cv2
import numpy as np

from dim_tf.config import CANVAS_SIDE, FOREGROUND_LONG_SIDE


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes without aliasing: area averages when shrinking, bilinear when enlarging.

    Neither overshoots, so a matte's clean 0 and 255 stay what they are.

    Args:
        image: [H, W] or [H, W, 3] uint8.
        height: of the result, pixels.
        width: of the result, pixels.

    Returns:
        [height, width] or [height, width, 3] uint8.
    """
    if image.shape[:2] == (height, width):
        return image
    shrinking = height * width < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=method)


def foreground_size(height: int, width: int) -> tuple[int, int]:
    """(height, width) of a matte after resizing: long side 640, same aspect ratio (blog)."""
    scale = FOREGROUND_LONG_SIDE / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def background_size(height: int, width: int, pad: str) -> tuple[int, int]:
    """(height, width) of a background after resizing, same aspect ratio.

    Args:
        height: of the photograph.
        width: of the photograph.
        pad: center: short side 1280 (blog). none: as it is, but no side shorter than 640, so that
            a foreground and a crop of 640 fit.
    """
    short_side = min(height, width)
    target = CANVAS_SIDE if pad == "center" else max(short_side, FOREGROUND_LONG_SIDE)
    scale = target / short_side
    return max(target, round(height * scale)), max(target, round(width * scale))


def canvas_size(height: int, width: int) -> tuple[int, int]:
    """(height, width) of the part of a background that training can see: at most 1280 each."""
    return min(height, CANVAS_SIDE), min(width, CANVAS_SIDE)


def canvas_offset(height: int, width: int) -> tuple[int, int]:
    """(top, left) of the canvas inside a picture of this size."""
    canvas_height, canvas_width = canvas_size(height, width)
    return (height - canvas_height) // 2, (width - canvas_width) // 2


def canvas_of(image: np.ndarray) -> np.ndarray:
    """The central part of a picture, at most 1280 x 1280: a view of [H, W, …]."""
    return middle_of(image, CANVAS_SIDE)


def middle_of(image: np.ndarray, side: int) -> np.ndarray:
    """The central part of a picture, at most side x side: a view of [H, W, …]."""
    height, width = (min(length, side) for length in image.shape[:2])
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def placement(content: tuple[int, int], background: tuple[int, int]) -> tuple[int, int]:
    """(top, left) at which content lies in the middle of a background.

    It is the middle of the background's canvas, which for odd sizes can be one pixel from the
    middle of the background; this keeps the two layouts identical.

    Args:
        content: (height, width), at most the background's canvas.
        background: (height, width).

    Raises:
        ValueError: the content is larger than the canvas.
    """
    canvas = canvas_size(*background)
    if content[0] > canvas[0] or content[1] > canvas[1]:
        raise ValueError(f"Content of {content} does not fit into the canvas {canvas}.")
    top, left = canvas_offset(*background)
    return top + (canvas[0] - content[0]) // 2, left + (canvas[1] - content[1]) // 2


def centre_on(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pads a picture with zeros to the size of a background, in its middle (see `placement`).

    Args:
        image: [h, w] or [h, w, 3].
        height: of the background.
        width: of the background.

    Returns:
        [height, width] or [height, width, 3], the type of `image`.

    Raises:
        ValueError: the picture is larger than the background's canvas.
    """
    top, left = placement(image.shape[:2], (height, width))
    padded = np.zeros((height, width, *image.shape[2:]), image.dtype)
    padded[top : top + image.shape[0], left : left + image.shape[1]] = image
    return padded
