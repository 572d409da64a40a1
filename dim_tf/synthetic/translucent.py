"""Kinds that let light through: smoke and glass."""

import cv2
import numpy as np

from dim_tf.synthetic.canvas import (
    FINE,
    Canvas,
    chance,
    log_uniform,
    smooth_noise,
    warp,
)
from dim_tf.synthetic.shapes import (
    box,
    ellipse,
    random_body,
    random_centre,
    random_outline,
    rounded,
    turned,
)


def _places(size: int) -> tuple[np.ndarray, np.ndarray]:
    line = (np.arange(size, dtype=np.float32) + 0.5) / size
    return line[None, :], line[:, None]


def draw_smoke(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """Smoke, steam, clouds and spray: a density field turned into opacity as fog absorbs light."""
    size = canvas.size
    x, y = _places(size)
    stretch = rng.choice([1.0, 1.0, 2.5])
    cells = log_uniform(rng, 2.5, 7)
    field = smooth_noise(rng, (size, size), cells, 6, rng.uniform(0.4, 0.62), stretch)
    swirl = rng.uniform(0.01, 0.08) * size
    shift_x, shift_y = (swirl * smooth_noise(rng, (size, size), 3, 2) for _ in range(2))
    field = warp(field, shift_x, shift_y)
    if chance(rng, 0.35):
        field = 1.2 - 2.2 * np.abs(field)

    source = rng.uniform(0.3, 0.7, 2)
    form = rng.integers(3)
    if form == 0:
        # A plume that rises from its source, widens and drifts.
        source[1] = rng.uniform(0.75, 1.05)
        rise = np.maximum(source[1] - y, 0)
        drift = source[0] + rng.normal(0, 0.4) * rise**1.5 + 0.1 * rise * np.sin(7 * rise)
        width = 0.03 + rng.uniform(0.15, 0.45) * rise
        distance = np.abs(x - drift) / width + 2.5 * np.maximum(y - source[1], 0) / 0.1
    else:
        aspect = rng.uniform(0.6, 1.6)
        extent = rng.uniform(0.16, 0.36)
        distance = np.hypot((x - source[0]) * aspect, (y - source[1]) / aspect) / extent
    envelope = 1.35 - distance
    density = envelope + rng.uniform(0.25, 0.6) * field
    opaqueness = log_uniform(rng, 0.7, 6)
    coverage = 1 - np.exp(-opaqueness * np.maximum(density, 0) ** rng.uniform(1.0, 1.8))
    # Nothing is opaque on the way of an exponential; the thickest part counts as solid.
    top = np.quantile(coverage[::4, ::4], rng.uniform(0.93, 0.998))
    coverage = coverage / max(top, 0.05)
    if chance(rng, 0.5):
        # What it comes from: a chimney, a cup, a nozzle, an aircraft.
        radius = rng.uniform(0.05, 0.14)
        canvas.fill(random_outline(rng, source + np.array([0, radius * 0.8]), radius, 0.7))
    return np.maximum(np.clip(coverage, 0, 1), canvas.coverage())


def _vessel(rng: np.random.Generator, height: float) -> np.ndarray:
    """Outline of a bottle, tumbler or goblet about (0, 0), upright, [n, 2] float."""
    level = np.array([0.0, 0.12, 0.3, 0.5, 0.62, 0.75, 0.9, 1.0])
    form = rng.integers(3)
    if form == 0:
        neck = rng.uniform(0.06, 0.1)
        body = rng.uniform(0.16, 0.3)
        profile = [neck * 1.15, neck, neck, neck * 1.5, body, body, body, body * 0.92]
    elif form == 1:
        top, bottom = rng.uniform(0.22, 0.36), rng.uniform(0.18, 0.3)
        profile = list(np.linspace(top, bottom, 8))
    else:
        rim, belly = rng.uniform(0.16, 0.28), rng.uniform(0.22, 0.34)
        profile = [rim, (rim + belly) / 2, belly, belly * 0.6, 0.03, 0.022, 0.03, belly * 0.85]
    fine = np.linspace(0, 1, 60)
    half = np.interp(fine, level, profile)
    half = np.convolve(np.pad(half, 3, mode="edge"), np.ones(7) / 7, mode="valid")
    right = np.stack([half, fine - 0.5], axis=1)
    return height * np.concatenate([right, right[::-1] * (-1, 1)])


def draw_glass(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """Vessels, bubbles and panes: clear inside, with dense rims, highlights and opaque parts."""
    size = canvas.size
    centre = np.clip(random_centre(rng, 0.1), 0.25, 0.75)
    angle = rng.normal(0, 0.15) if chance(rng, 0.8) else rng.uniform(0, 2 * np.pi)
    extent = rng.uniform(0.55, 0.95)
    form = rng.integers(4)
    if form <= 1:
        outlines = [centre + turned(_vessel(rng, extent), angle)]
    elif form == 2:
        outlines = [ellipse(centre, extent / 2.6, extent / rng.uniform(2.6, 3.4), angle)]
        for _ in range(rng.integers(0, 7)):
            radius = log_uniform(rng, 0.02, 0.13)
            outlines.append(ellipse(rng.uniform(0.08, 0.92, 2), radius, radius))
    else:
        pane = box(centre, extent * rng.uniform(0.5, 0.9), extent * 0.8, angle)
        outlines = [rounded(pane, 3, 0.06)]
    for outline in outlines:
        canvas.fill(outline)
    silhouette = canvas.coverage()

    inside = (silhouette > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) / np.float32(size)
    clear = rng.uniform(0.04, 0.4)
    rim = rng.uniform(0.35, 0.95)
    thickness = log_uniform(rng, 2, 24) * FINE
    body = clear + rim * np.exp(-depth / thickness)
    x, y = _places(size)
    slope = turned(np.array([1.0, 0.0]), rng.uniform(0, 2 * np.pi)) * rng.uniform(0, 0.5)
    body = body * (1 + (x - centre[0]) * slope[0] + (y - centre[1]) * slope[1])
    if chance(rng, 0.4):
        # Cut or rippled glass.
        ripple = smooth_noise(rng, (size, size), log_uniform(rng, 5, 20), 2)
        body = body + rng.uniform(0.03, 0.12) * ripple
    if chance(rng, 0.45):
        # A drink: denser below its surface, with a bright line at the top.
        surface = np.clip(centre[1] + rng.uniform(-0.2, 0.2), 0.05, 0.95)
        below = np.clip((y - surface) * size, 0, 1) * (depth > 0.5 * thickness)
        body = np.maximum(body, below * np.float32(rng.uniform(0.35, 1.0)))
        body = body + 0.4 * np.exp(-(((y - surface) / (1.5 * FINE)) ** 2))

    glints = Canvas(size)
    for _ in range(rng.integers(2, 8)):
        outline = outlines[rng.integers(len(outlines))]
        heart = outline.mean(axis=0)
        place = heart + (outline[rng.integers(len(outline))] - heart) * rng.uniform(0.3, 0.9)
        reach = rng.uniform(0.005, 0.05)
        glint = ellipse(place, reach * rng.uniform(0.15, 0.5), reach, angle + rng.normal(0, 0.5))
        glints.fill(glint, int(rng.integers(120, 256)))
    light = cv2.GaussianBlur(glints.coverage(), (0, 0), rng.uniform(0.5, 4) * size * FINE)
    coverage = silhouette * np.clip(np.maximum(body, light), 0, 1)

    solid = Canvas(size)
    rim_width = log_uniform(rng, 1.5, 14) * FINE
    choice = rng.integers(4)
    if choice == 0 or form == 3:
        solid.stroke(outlines, rim_width, closed=True)
    elif choice == 1:
        low, high = outlines[0].min(axis=0), outlines[0].max(axis=0)
        foot = box(((low[0] + high[0]) / 2, high[1]), (high[0] - low[0]) * 0.7, 0.06)
        solid.fill(rounded(foot, 3, 0.2))
    elif choice == 2:
        solid.fill(random_outline(rng, centre, rng.uniform(0.04, 0.12), 0.4))
    else:
        random_body(rng, angular=0.3, scale=0.4).paint(solid)
    return np.maximum(coverage, solid.coverage())
