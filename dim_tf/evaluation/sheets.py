"""Sheets to look at: photo and trimap above matte, truth and error of one image."""

import cv2
import numpy as np

# Largest height and width of a picture on a sheet, so that six fill a screen, and how much a small
# one is enlarged.
_HEIGHT, _WIDTH, _ENLARGED = 480, 640, 4
_GAP = 8
_STRIP = 28
_GREY = 200
_FONT, _FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.6


def draw_sheet(
    predicted: np.ndarray,
    alpha: np.ndarray,
    region: np.ndarray,
    trimap: np.ndarray | None,
    rgb: np.ndarray | None,
    caption: str,
) -> np.ndarray:
    """Draws the sheet of one image.

    Args:
        predicted: [H, W] uint8.
        alpha: [H, W] uint8, ground truth.
        region: [H, W] bool, the pixels that count; elsewhere the error is black.
        trimap: [H, W] uint8, or None.
        rgb: [H, W, 3] uint8, or None.
        caption: ASCII text that goes above.

    Returns:
        [h, w, 3] uint8 RGB, at most 1044 × 1936 pixels.
    """
    error = np.where(region, cv2.absdiff(predicted, alpha), np.uint8(0))
    height, width = alpha.shape
    scale = min(_HEIGHT / height, _WIDTH / width, _ENLARGED)
    height, width = max(1, round(height * scale)), max(1, round(width * scale))
    rows = [[("photo", rgb), ("trimap", trimap)]]
    rows.append([("matte", predicted), ("truth", alpha), ("absolute error", error)])
    sheet_width = 3 * width + 2 * _GAP
    parts = [text_strip(caption, sheet_width)]
    for row in rows:
        given = [(title, picture) for title, picture in row if picture is not None]
        if not given:
            continue
        part = np.full((_STRIP + height, sheet_width, 3), _GREY, np.uint8)
        for number, (title, picture) in enumerate(given):
            left = number * (width + _GAP)
            part[:_STRIP, left : left + width] = text_strip(title, width)
            part[_STRIP:, left : left + width] = _fitted(picture, height, width)
        parts.append(part)
    return np.concatenate(parts)


def _fitted(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    smaller = height < picture.shape[0] or width < picture.shape[1]
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_NEAREST_EXACT
    picture = cv2.resize(picture, (width, height), interpolation=interpolation)
    return picture if picture.ndim == 3 else picture[..., np.newaxis]


def text_strip(text: str, width: int) -> np.ndarray:
    """[28, width, 3] uint8: a line of ASCII text to put above a picture."""
    strip = np.full((_STRIP, width, 3), _GREY, np.uint8)
    cv2.putText(strip, text, (2, _STRIP - 9), _FONT, _FONT_SCALE, (0, 0, 0), 1, cv2.LINE_AA)
    return strip
