"""Closed-form matting's equations: where the matte follows the photo's colours window by window.

Levin, Lischinski and Weiss, "A closed-form solution to natural image matting", PAMI 2008, ask of a
matte that in every 3×3 window it is a linear function of the colours there: αᵀLα is small, L the
matting Laplacian.
"""

import cv2
import numpy as np
import scipy.sparse

# The paper's ε, variance of colours in [0, 1]: how much a window of one colour may still vary.
EPSILON = 1e-7

# Windows whose float64 products are held at a time.
_WINDOWS_AT_ONCE = 65_536
_WINDOW = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
_NEIGHBOURS = [(row, column) for row in range(-2, 3) for column in range(-2, 3)]


def closed_form_equations(
    rgb: np.ndarray, unknown: np.ndarray, alpha: np.ndarray
) -> tuple[scipy.sparse.csr_array, np.ndarray]:
    """The rows of the matting Laplacian for the unknown pixels.

    Args:
        rgb: [H, W, 3] uint8.
        unknown: [H, W] bool, U of them true.
        alpha: [H, W] float32, the matte; where it is unknown it does not count.

    Returns:
        Its columns for the unknown pixels, [U, U], and for the known ones their product with the
        known matte, [U].
    """
    height, width = unknown.shape
    rows, columns = np.nonzero(unknown)
    values = _laplacian_rows(rgb, rows, columns)
    # Beyond the border there is no window, so the value there is 0 and the place does not matter.
    places = np.ravel_multi_index(
        (
            rows[:, None] + [row for row, _ in _NEIGHBOURS],
            columns[:, None] + [column for _, column in _NEIGHBOURS],
        ),
        (height, width),
        mode="clip",
    )
    known_alpha = np.where(unknown, np.float32(0.0), alpha)
    known_part = (values * known_alpha.ravel()[places]).sum(axis=1, dtype=np.float64)
    number = np.full(height * width, -1, np.int32)
    number[unknown.ravel()] = np.arange(rows.size, dtype=np.int32)
    places = number[places]
    kept = (places >= 0) & (values != 0)
    starts = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32)
    matrix = scipy.sparse.csr_array(
        (values[kept].astype(np.float64), places[kept], starts), shape=(rows.size, rows.size)
    )
    return matrix, known_part


def _laplacian_rows(rgb: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Rows of the matting Laplacian (the paper's equation 12).

    Args:
        rgb: [H, W, 3] uint8.
        rows: [U] of the pixels whose rows are asked for.
        columns: [U].

    Returns:
        [U, 25] float32, one value for each pixel of the 5×5 neighbourhood, in row-major order.
    """
    height, width, _ = rgb.shape
    windows = np.zeros((height, width), np.uint8)
    windows[rows, columns] = 1
    windows = cv2.dilate(windows, np.ones((3, 3), np.uint8))
    windows[[0, -1]] = 0  # a window lies wholly inside the photo
    windows[:, [0, -1]] = 0
    window_rows, window_columns = np.nonzero(windows)
    count = window_rows.size
    # The last is for no window.
    between = np.zeros((count + 1, 9, 9), np.float32)
    for start in range(0, count, _WINDOWS_AT_ONCE):
        part = slice(start, min(start + _WINDOWS_AT_ONCE, count))
        between[part] = _within_windows(rgb, window_rows[part], window_columns[part])
    # With a border of "no window", so that the pixels at the photo's border need no case.
    number = np.full((height + 2, width + 2), count, np.int32)
    number[window_rows + 1, window_columns + 1] = np.arange(count, dtype=np.int32)
    values = np.zeros((rows.size, 25), np.float32)
    for here, (row, column) in enumerate(_WINDOW):
        window = between[number[rows - row + 1, columns - column + 1], here]
        for there, (other_row, other_column) in enumerate(_WINDOW):
            neighbour = _NEIGHBOURS.index((other_row - row, other_column - column))
            values[:, neighbour] += window[:, there]
    return values


def _within_windows(rgb: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """What the windows around [N] pixels add between any two of their pixels, [N, 9, 9]."""
    colours = np.stack([rgb[rows + row, columns + column] for row, column in _WINDOW], axis=1) / 255
    colours -= colours.mean(axis=1, keepdims=True)
    transposed = colours.transpose(0, 2, 1)
    # In a grey photo the covariance has one large value and two near ε, which float32 cannot hold.
    inverse = np.linalg.inv(transposed @ colours / 9 + EPSILON / 9 * np.eye(3))
    return np.eye(9) - (1 + colours @ inverse @ transposed) / 9
