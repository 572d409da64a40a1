"""Kinds whose edge is soft because the camera made it so: motion blur and defocus."""

import cv2
import numpy as np

from dim_tf.synthetic.canvas import FINE, Canvas, chance, log_uniform, smooth_noise
from dim_tf.synthetic.foliage import draw_foliage
from dim_tf.synthetic.shapes import draw_holes, random_body
from dim_tf.synthetic.strands import draw_fur, draw_hair, grow
from dim_tf.synthetic.weaves import draw_lattice
from dim_tf.synthetic.wires import draw_wire


def _subject(rng: np.random.Generator, canvas: Canvas, fine: float) -> np.ndarray:
    """What is blurred: a plain body, or with probability `fine` another kind of matte."""
    if not chance(rng, fine):
        random_body(rng).paint(canvas)
        return canvas.coverage()
    painters = (draw_fur, draw_hair, draw_wire, draw_foliage, draw_holes, draw_lattice)
    return painters[rng.integers(len(painters))](rng, canvas)


def motion_kernel(rng: np.random.Generator, size: int, length: float) -> np.ndarray:
    """Weights of the places passed while the shutter is open, [k, k] float32 with sum 1."""
    curve = rng.normal(0, 0.9) if chance(rng, 0.4) else 0.0
    heading = np.array([rng.uniform(0, 2 * np.pi)])
    path = grow(np.zeros((1, 2)), heading, np.array([length * size]), 24, bend=curve)[0]
    path -= (path.min(axis=0) + path.max(axis=0)) / 2
    side = 2 * int(np.ceil(np.abs(path).max())) + 3
    canvas = Canvas(side)
    canvas.stroke([0.5 + path / side], 1.0 / side)
    kernel = canvas.coverage()
    return kernel / kernel.sum()


def disc_kernel(radius: float) -> np.ndarray:
    """The out-of-focus image of a point: [k, k] float32 with sum 1; radius in pixels."""
    side = 2 * int(np.ceil(radius)) + 1
    centre = side // 2
    eighths = (np.arange(8 * side) + 0.5) / 8 - 0.5 - centre
    inside = (np.hypot(eighths[:, None], eighths[None, :]) <= max(radius, 0.5)).astype(np.float32)
    kernel = cv2.resize(inside, (side, side), interpolation=cv2.INTER_AREA)
    return kernel / kernel.sum()


def _blurred(coverage: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    # What lies outside the frame is taken to go on as it is at the border.
    soft = cv2.filter2D(coverage, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    # Large kernels go through a Fourier transform, whose rounding must not leave a haze.
    soft[soft < 1e-5] = 0.0
    soft[soft > 1 - 1e-5] = 1.0
    return soft


def draw_motion_blur(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """A subject smeared along its path, whole or in part."""
    size = canvas.size
    moving = _subject(rng, canvas, fine=0.35)
    soft = _blurred(moving, motion_kernel(rng, size, log_uniform(rng, 12, 120) * FINE))
    if chance(rng, 0.4):
        # Part of the subject rests: a hand moves, the body does not.
        resting = Canvas(size)
        random_body(rng, scale=0.8).paint(resting)
        soft = 1 - (1 - soft) * (1 - resting.coverage())
    elif chance(rng, 0.3):
        share = np.clip(0.5 + smooth_noise(rng, (size, size), 1.2), 0, 1)
        soft = share * soft + (1 - share) * moving
    return soft


def draw_defocus(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """A subject out of focus, evenly or more so towards one side."""
    size = canvas.size
    sharp = _subject(rng, canvas, fine=0.45)
    largest = log_uniform(rng, 2.5, 26) * FINE * size
    strongest = _blurred(sharp, disc_kernel(largest))
    if chance(rng, 0.5):
        return strongest
    levels = [sharp, *(_blurred(sharp, disc_kernel(largest * s)) for s in (0.33, 0.66)), strongest]
    if chance(rng, 0.6):
        angle = rng.uniform(0, 2 * np.pi)
        line = np.linspace(-1, 1, size, dtype=np.float32)
        depth = 0.5 + 0.6 * (np.cos(angle) * line[None, :] + np.sin(angle) * line[:, None])
    else:
        depth = 0.5 + 0.4 * smooth_noise(rng, (size, size), 1.5)
    depth = np.clip(depth, 0.1, 1) * (len(levels) - 1)
    weights = [np.maximum(1 - np.abs(depth - level), 0) for level in range(len(levels))]
    return sum(weight * level for weight, level in zip(weights, levels, strict=True))
