"""Edges that follow the texture of a photograph, as those of fur, grass and torn paper do."""

from pathlib import Path

import cv2
import numpy as np

from dim_tf.pictures.levels import to_levels
from dim_tf.synthetic.canvas import log_uniform
from dim_tf.synthetic.textures import crisp_piece

# Texture below so many grey levels is taken for noise of the photograph and not amplified.
_FAINTEST_TEXTURE = 6.0
# Texture is cut off at so many standard deviations.
_STRONGEST_TEXTURE = 2.5


def textured_foreground(alpha: np.ndarray, photo: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Gives a matte the colours of a photograph and an edge that follows them.

    Args:
        alpha: [H, W] uint8.
        photo: file.
        seed: the piece of the photograph and the edge depend on it.

    Returns:
        The matte of `with_textured_edges`, and its colours, [H, W, 3] uint8, RGB.

    Raises:
        InputError: the photo cannot be read.
    """
    colours = crisp_piece(np.random.default_rng([1_005, seed]), photo, alpha.shape)
    return with_textured_edges(alpha, colours, seed), colours


def with_textured_edges(alpha: np.ndarray, photo: np.ndarray, seed: int) -> np.ndarray:
    """Lets a photograph decide where in a band along a matte's edge the subject is.

    The matte, blurred, falls from 1 to -1 across its edge; the photograph's local contrast is
    added in between, and alpha is a steep or gentle slope about 0. Where the blurred matte is 1 or
    -1 alpha does not change. Structures thinner than the blur are lost.

    Args:
        alpha: [H, W] uint8.
        photo: [H, W, 3] uint8, RGB.
        seed: the width of the band, the strength and the slope depend on it.

    Returns:
        [H, W] uint8.
    """
    rng = np.random.default_rng([1_004, seed])
    scale = alpha.shape[1] / 640
    level = cv2.GaussianBlur(alpha / np.float32(127.5), (0, 0), log_uniform(rng, 2, 20) * scale) - 1
    texture = _local_contrast(
        photo @ rng.dirichlet(np.ones(3)).astype(np.float32),
        log_uniform(rng, 3, 25) * scale,
    )
    texture *= rng.choice([-1, 1]) * rng.uniform(0.5, 1.5)
    slope = log_uniform(rng, 0.05, 0.6)
    return to_levels(0.5 + (level + texture * (1 - level**2)) / (2 * slope))


def _local_contrast(grey: np.ndarray, sigma: float) -> np.ndarray:
    """Deviation from the surroundings by how much those vary, -1 to 1: [H, W] float32."""
    detail = grey - cv2.GaussianBlur(grey, (0, 0), sigma)
    variance = cv2.GaussianBlur(detail * detail, (0, 0), 3 * sigma)
    deviations = detail / np.sqrt(variance + _FAINTEST_TEXTURE**2)
    return np.clip(deviations / _STRONGEST_TEXTURE, -1, 1)
