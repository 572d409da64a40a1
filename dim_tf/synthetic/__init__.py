"""Procedural mattes with exact alpha, and colours to go with them. No TensorFlow here.

A matte is drawn as shapes on a supersampled canvas and averaged down, so that the opacity of a
pixel is the share of it that the subject covers. Everything depends on the arguments alone.
"""

from collections.abc import Callable, Sequence
from numbers import Integral

import cv2
import numpy as np

from dim_tf.pictures.levels import to_levels
from dim_tf.synthetic.blurs import draw_defocus, draw_motion_blur
from dim_tf.synthetic.canvas import (
    FINE,
    SUPERSAMPLING,
    Canvas,
    ShadedCanvas,
    chance,
    log_uniform,
)
from dim_tf.synthetic.foliage import draw_foliage
from dim_tf.synthetic.frames import draw_frame
from dim_tf.synthetic.natural import textured_foreground
from dim_tf.synthetic.sample import render_sample
from dim_tf.synthetic.shapes import draw_hard, draw_holes
from dim_tf.synthetic.strands import draw_fur, draw_hair
from dim_tf.synthetic.textures import foreground_colours, render_texture, with_shades
from dim_tf.synthetic.translucent import draw_glass, draw_smoke
from dim_tf.synthetic.weaves import draw_lace, draw_lattice
from dim_tf.synthetic.wires import draw_wire
from dim_tf.system.errors import InputError

__all__ = [
    "DEFAULT_KINDS",
    "KINDS_FOR_TEXTURED_EDGES",
    "MATTE_KINDS",
    "foreground_colours",
    "kind_of",
    "render_matte",
    "render_sample",
    "render_shaded_matte",
    "render_texture",
    "textured_foreground",
    "with_shades",
]

# New kinds go last: the place is part of a drawing's seed.
_PAINTERS = {
    "hair": draw_hair,
    "fur": draw_fur,
    "foliage": draw_foliage,
    "lattice": draw_lattice,
    "lace": draw_lace,
    "wire": draw_wire,
    "smoke": draw_smoke,
    "glass": draw_glass,
    "motion_blur": draw_motion_blur,
    "defocus": draw_defocus,
    "holes": draw_holes,
    "hard": draw_hard,
    "frame": draw_frame,
}

MATTE_KINDS: tuple[str, ...] = tuple(_PAINTERS)

# What takes turns where no kinds are named. It does not grow with MATTE_KINDS, so that datasets,
# held-out composites and what was measured on them stay the same.
DEFAULT_KINDS = (
    *("hair", "fur", "foliage", "lattice", "lace", "wire"),
    *("smoke", "glass", "motion_blur", "defocus", "holes", "hard"),
)

# Kinds that are bodies without detail that a blur would take away.
KINDS_FOR_TEXTURED_EDGES = ("hard", "holes")

# Kinds with an edge of their own; the others get, in part, the softness of a real lens.
_EDGE_AS_DRAWN = ("smoke", "motion_blur", "defocus", "hard")

# A straight edge that is almost upright has few levels on a coarse grid of sub-pixels.
_EDGE_NEVER_SOFT = ("hard", "holes")

# A matte needs this share of pure background, of pure foreground and of pixels in between.
_SMALLEST_BACKGROUND, _SMALLEST_FOREGROUND, _SMALLEST_BETWEEN = 0.03, 0.004, 0.0005
_ATTEMPTS = 8


def kind_of(index: int, kinds: Sequence[str] = DEFAULT_KINDS) -> str:
    """The kind of matte number `index`: kinds take turns, so that a set holds all equally.

    Args:
        index: 0 or more.
        kinds: those that take turns; one may stand there more than once.

    Raises:
        InputError: a kind that does not exist.
    """
    kind = kinds[index % len(kinds)]
    _check_kind(kind)
    return kind


def _check_kind(kind: str) -> None:
    if kind not in _PAINTERS:
        raise InputError(f"There is no matte kind {kind!r}; choose among {', '.join(MATTE_KINDS)}.")


def _check_numbers(seed: int, size: int) -> None:
    for name, value, least in (("seed", seed, 0), ("size", size, 1)):
        is_number = isinstance(value, Integral) and not isinstance(value, bool)
        if not is_number or value < least:
            raise InputError(
                f"{name}={value!r} is not possible; give a whole number from {least} on."
            )


def render_matte(kind: str, seed: int, size: int = 640) -> np.ndarray:
    """Draws a matte. It depends on the arguments alone.

    Args:
        kind: one of `MATTE_KINDS`.
        seed: 0 or more. The same kind and seed at another size is the same drawing.
        size: side, pixels, at least 1.

    Returns:
        [size, size] uint8, opacity from 0 to 255.

    Raises:
        InputError: there is no such kind, or another seed or size.
    """
    _check_numbers(seed, size)
    return _draw(kind, seed, lambda supersampling: Canvas(size, supersampling))[0]


def render_shaded_matte(kind: str, seed: int, size: int = 640) -> tuple[np.ndarray, np.ndarray]:
    """Draws a matte whose strands, leaves and other shapes have shades of their own.

    Args:
        kind: one of `MATTE_KINDS`.
        seed: 0 or more.
        size: side, pixels.

    Returns:
        The matte of `render_matte`, and the shades, [size, size] float32 in [-1, 1], 0 where
        nothing was drawn.

    Raises:
        InputError: there is no such kind, or another seed or size.
    """
    _check_numbers(seed, size)
    shade_rng = np.random.default_rng([1_002, seed])
    alpha, canvas = _draw(
        kind, seed, lambda supersampling: ShadedCanvas(size, supersampling, shade_rng)
    )
    return alpha, canvas.shading()


def _draw(kind: str, seed: int, new_canvas: Callable[[int], Canvas]) -> tuple[np.ndarray, Canvas]:
    _check_kind(kind)
    supersampling = 2 * SUPERSAMPLING if kind in _EDGE_NEVER_SOFT else SUPERSAMPLING
    for attempt in range(_ATTEMPTS):
        rng = np.random.default_rng([MATTE_KINDS.index(kind), seed, attempt])
        canvas = new_canvas(supersampling)
        coverage = _PAINTERS[kind](rng, canvas)
        if kind not in _EDGE_AS_DRAWN and chance(rng, 0.35):
            sigma = log_uniform(rng, 0.4, 1.4) * FINE * canvas.size
            coverage = cv2.GaussianBlur(coverage, (0, 0), sigma)
        alpha = to_levels(coverage)
        background, foreground = np.mean(alpha == 0), np.mean(alpha == 255)
        if (
            background >= _SMALLEST_BACKGROUND
            and foreground >= _SMALLEST_FOREGROUND
            and background + foreground <= 1 - _SMALLEST_BETWEEN
        ):
            break
    return alpha, canvas
