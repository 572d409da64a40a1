"""Closed-form matting's equations: where the matte follows the photo's colours window by window.

Levin, Lischinski and Weiss, "A closed-form solution to natural image matting", PAMI 2008, ask of a
matte that in every 3×3 window it is a linear function of the colours there: αᵀLα is small, L the
matting Laplacian.

A window's part of L between its pixels p and q is δ_pq − (1 + eₚ·e_q) / 9, where eₚ is the colour
of p less the window's mean, whitened by the window's covariance. So no 9×9 matrix is made of a
window, and no 3×3 one inverted: whitening is the forward substitution of a Cholesky factor, and L's
values are sums of products of whole planes.
"""

import cv2
import numpy as np
import scipy.sparse

from dim_tf.system.threads import in_threads

# The paper's ε, variance of colours in [0, 1]: how much a window of one colour may still vary.
EPSILON = 1e-7

_WINDOW = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
# L is symmetric: of the 24 pixels that share a window with one, those after it in row-major order.
_LATER = [(0, 1), (0, 2), *((row, column) for row in (1, 2) for column in range(-2, 3))]
# Around the photo, so that no pixel at its border is a case.
_BORDER = 2
# Planes of this many rows and columns stay in a core's cache.
_BLOCK = (64, 128)
# So do the rows of this many pixels.
_ROWS_AT_ONCE = 8192


def closed_form_equations(
    rgb: np.ndarray, unknown: np.ndarray, alpha: np.ndarray, weights: np.ndarray | float = 0.0
) -> tuple[scipy.sparse.csr_array, np.ndarray]:
    """The rows of the matting Laplacian for the unknown pixels.

    Args:
        rgb: [H, W, 3] uint8.
        unknown: [H, W] bool, U of them true.
        alpha: [H, W] float32, the matte; where it is unknown it does not count.
        weights: [U] float32, added to the diagonal.

    Returns:
        Its columns for the unknown pixels, [U, U] float32, and for the known ones their product
        with the known matte, [U] float32.
    """
    later = _laplacian_planes(rgb, unknown)
    width = later.shape[2]
    later_steps = np.array([row * width + column for row, column in _LATER])
    steps = np.concatenate([-later_steps[::-1], [0], later_steps])
    middle = len(_LATER)  # of the steps: the pixel itself
    later = later.reshape(len(_LATER), -1)
    places = np.flatnonzero(np.pad(unknown, _BORDER))
    weights = np.broadcast_to(np.float32(weights), places.shape)
    number = np.full(later.shape[1], -1, np.int32)
    number[places] = np.arange(places.size, dtype=np.int32)
    known_alpha = np.pad(np.where(unknown, np.float32(0.0), alpha), _BORDER).ravel()

    def rows_of(start: int) -> tuple[np.ndarray, ...]:
        """Of some pixels: values, their columns, how many they have, and the known part."""
        part = slice(start, start + _ROWS_AT_ONCE)
        here = places[part]
        others = here[:, None] + steps
        values = np.zeros(others.shape, np.float32)
        for after in range(len(_LATER)):
            before = middle - 1 - after
            values[:, middle + 1 + after] = later[after][here]
            values[:, before] = later[after][others[:, before]]
        # A constant matte costs nothing, so rows sum to 0; what float32 makes of the diagonal's own
        # sum would outweigh small weights.
        values[:, middle] = weights[part] - values.sum(axis=1, dtype=np.float64)
        numbers = number[others]
        kept = (numbers >= 0) & (values != 0)
        known_part = (values * known_alpha[others]).sum(axis=1)
        return values[kept], numbers[kept], np.count_nonzero(kept, axis=1), known_part

    parts = in_threads(rows_of, range(0, places.size, _ROWS_AT_ONCE))
    values, numbers, counts, known_part = map(np.concatenate, zip(*parts, strict=True))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    matrix = scipy.sparse.csr_array((values, numbers, starts), shape=(places.size, places.size))
    return matrix, known_part


def _laplacian_planes(rgb: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """The matting Laplacian (the paper's equation 12) of the unknown pixels and those around.

    Args:
        rgb: [H, W, 3] uint8.
        unknown: [H, W] bool.

    Returns:
        Of each of `_LATER` a plane of the values between a pixel and the one so far away, float32,
        with a border of 2 pixels around the photo, where they are 0.
    """
    height, width = unknown.shape
    padded = np.pad(rgb, [(_BORDER, _BORDER), (_BORDER, _BORDER), (0, 0)], mode="edge")
    is_window = np.zeros(padded.shape[:2], np.float32)  # those that lie wholly inside the photo
    is_window[_BORDER + 1 : -_BORDER - 1, _BORDER + 1 : -_BORDER - 1] = 1
    around = cv2.dilate(unknown.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    later = np.zeros((len(_LATER), *padded.shape[:2]), np.float32)

    def fill(corner: tuple[int, int]) -> None:
        rows, columns = (
            slice(start, min(start + length, end))
            for start, length, end in zip(corner, _BLOCK, (height, width), strict=True)
        )
        if not around[rows, columns].any():
            return
        seen = tuple(slice(part.start, part.stop + 2 * _BORDER) for part in (rows, columns))
        inner = tuple(slice(part.start + 2, part.stop + 2) for part in (rows, columns))
        centres = tuple(slice(part.start + 1, part.stop + 3) for part in (rows, columns))
        _add_windows(padded[seen], is_window[centres], later[:, *inner])

    corners = np.ndindex(-(-height // _BLOCK[0]), -(-width // _BLOCK[1]))
    in_threads(fill, [(row * _BLOCK[0], column * _BLOCK[1]) for row, column in corners])
    return later


def _add_windows(rgb: np.ndarray, is_window: np.ndarray, later: np.ndarray) -> None:
    """Adds to planes what all windows add.

    Args:
        rgb: [H + 4, W + 4, 3] uint8, 2 more pixels on every side.
        is_window: [H + 2, W + 2] float32, 1 where a window has its centre, else 0; one more pixel.
        later: the planes, [12, H, W].
    """
    _, height, width = later.shape
    whitened = _whitened(rgb) * is_window
    for at, (row, column) in enumerate(_WINDOW):
        # The windows in which the plane's pixels are the one at (row, column) of the centre.
        centres = (slice(1 - row, 1 - row + height), slice(1 - column, 1 - column + width))
        ninths = is_window[centres] / 9
        one = whitened[:, at, *centres]
        for other, (other_row, other_column) in enumerate(_WINDOW):
            apart = (other_row - row, other_column - column)
            if apart in _LATER:
                products = np.einsum("chw,chw->hw", one, whitened[:, other, *centres])
                later[_LATER.index(apart)] -= products + ninths


def _whitened(rgb: np.ndarray) -> np.ndarray:
    """eₚ / 3 of the nine pixels of every window.

    Args:
        rgb: [H + 2, W + 2, 3] uint8.

    Returns:
        [3, 9, H, W] float32.
    """
    colours = np.ascontiguousarray(rgb.transpose(2, 0, 1)) / 255
    height, width = colours.shape[1] - 2, colours.shape[2] - 2
    differences = np.stack(
        [colours[:, 1 + r : 1 + r + height, 1 + c : 1 + c + width] for r, c in _WINDOW], axis=1
    )
    differences -= differences.mean(axis=1, keepdims=True)
    # In a grey photo the covariance has one large value and two near ε, which float32 cannot hold.
    covariance = {
        (one, other): np.einsum("phw,phw->hw", differences[one], differences[other]) / 9
        for one in range(3)
        for other in range(one + 1)
    }
    for one in range(3):
        covariance[one, one] += EPSILON / 9
    # Row by row of the Cholesky factor and of the forward substitution.
    first = np.sqrt(covariance[0, 0])
    second_first = covariance[1, 0] / first
    third_first = covariance[2, 0] / first
    second = np.sqrt(covariance[1, 1] - second_first**2)
    third_second = (covariance[2, 1] - third_first * second_first) / second
    third = np.sqrt(covariance[2, 2] - third_first**2 - third_second**2)
    red = differences[0] / (3 * first)
    green = (differences[1] / 3 - second_first * red) / second
    blue = (differences[2] / 3 - third_first * red - third_second * green) / third
    return np.stack([red, green, blue]).astype(np.float32)
