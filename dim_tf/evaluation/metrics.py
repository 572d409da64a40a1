"""Errors of a matte, as the authors of Deep Image Matting measure them (their MATLAB code).

All take 8-bit mattes and look at the unknown region of the trimap only.
"""

import numpy as np

from dim_tf.config import UNKNOWN


def sad(predicted: np.ndarray, alpha: np.ndarray, trimap: np.ndarray) -> float:
    """Sum of absolute differences over the unknown region, in thousands of full pixels.

    Args:
        predicted: [H, W] uint8.
        alpha: [H, W] uint8, ground truth.
        trimap: [H, W] uint8; unknown where it is 128.

    Returns:
        Σ |predicted − alpha| / 255 / 1000.
    """
    return float(np.sum(np.abs(_unknown_difference(predicted, alpha, trimap))) / 1000.0)


def mse(predicted: np.ndarray, alpha: np.ndarray, trimap: np.ndarray) -> float:
    """Mean squared difference over the unknown region; 0 where it is empty.

    Args and shapes as for `sad`.

    Returns:
        Σ ((predicted − alpha) / 255)² / number of unknown pixels.
    """
    difference = _unknown_difference(predicted, alpha, trimap)
    return float(np.mean(np.square(difference))) if difference.size else 0.0


def _unknown_difference(predicted: np.ndarray, alpha: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    unknown = trimap == UNKNOWN
    return (predicted[unknown].astype(np.float64) - alpha[unknown]) / 255.0
