"""Kinds made of thin tapering curves: hair and fur."""

import numpy as np

from dim_tf.synthetic.canvas import (
    FINE,
    Canvas,
    ShadedCanvas,
    chance,
    log_uniform,
    smooth_noise,
)
from dim_tf.synthetic.shapes import (
    Body,
    capsule,
    portrait,
    random_body,
    smooth_blob,
)

# More strands than this take long to draw and cover each other.
_LARGEST_COAT = 6_000


def grow(
    roots: np.ndarray,
    headings: np.ndarray,
    lengths: np.ndarray,
    points: int,
    bend: np.ndarray | float = 0.0,
    wave: np.ndarray | float = 0.0,
    turns: np.ndarray | float = 1.0,
    phase: np.ndarray | float = 0.0,
    pull: float = 0.0,
    pull_angle: float = np.pi / 2,
) -> np.ndarray:
    """Lets curves grow from their roots.

    Args:
        roots: [n, 2] float, where they start.
        headings: [n] float, the angle they start at, radians (pi / 2 points down).
        lengths: [n] float.
        points: points per curve.
        bend: change of angle from root to tip, radians.
        wave: swing of the angle about that, radians.
        turns: waves from root to tip.
        phase: phase of the wave at the root, radians.
        pull: how strongly gravity or wind turns the curves to `pull_angle`.
        pull_angle: where to, radians.

    Returns:
        [n, points, 2] float.
    """
    angles = np.array(headings, float)
    place = np.array(roots, float)
    path = [place]
    step = lengths / (points - 1)
    for index in range(points - 1):
        progress = index / (points - 1)
        angles = angles + (bend + pull * 2 * progress * np.sin(pull_angle - angles)) / points
        angle = angles + wave * np.sin(2 * np.pi * turns * progress + phase)
        place = place + np.stack([np.cos(angle), np.sin(angle)], axis=1) * step[:, None]
        path.append(place)
    return np.stack(path, axis=1)


def along_outline(outline: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places at a share of a closed outline's length, and the angle of the outward normal there.

    Args:
        outline: [n, 2] float.
        position: [m] float; only the fraction counts, so that it may wrap around.

    Returns:
        [m, 2] float places and [m] float angles.
    """
    closed = np.concatenate([outline, outline[:1]])
    sides = np.diff(closed, axis=0)
    reached = np.concatenate([[0.0], np.cumsum(np.linalg.norm(sides, axis=1))])
    target = (position % 1.0) * reached[-1]
    places = np.stack([np.interp(target, reached, closed[:, axis]) for axis in (0, 1)], axis=1)
    side = np.clip(np.searchsorted(reached, target, side="right") - 1, 0, len(sides) - 1)
    area = np.sum(closed[:-1, 0] * closed[1:, 1] - closed[:-1, 1] * closed[1:, 0])
    outward = -np.pi / 2 if area > 0 else np.pi / 2
    return places, np.arctan2(sides[side, 1], sides[side, 0]) + outward


def directions(angles: np.ndarray) -> np.ndarray:
    """Unit vectors [..., 2] at angles [...]."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def _shade_coat(canvas: Canvas, length: float, thickness: float) -> None:
    """Covers what is painted so far with strands that lie as their neighbours do.

    They are seen by their shades alone, so a canvas without shades stays as it is, and the
    drawing's own randomness is not touched.

    Args:
        canvas: to cover.
        length: of a typical strand.
        thickness: of a typical strand.
    """
    if not isinstance(canvas, ShadedCanvas):
        return
    rng, coarse = canvas.rng, canvas.pixels[::8, ::8]
    rows, columns = np.nonzero(coarse)
    count = int(min(2 * len(rows) / coarse.size / (length * thickness), _LARGEST_COAT))
    if not count:
        return
    flow = rng.uniform(0, 2 * np.pi) + smooth_noise(rng, coarse.shape, rng.uniform(1.5, 5), 2)
    drawn = rng.integers(0, len(rows), count)
    roots = (np.stack([columns, rows], axis=1)[drawn] + rng.random((count, 2))) / len(coarse)
    headings = flow[rows[drawn], columns[drawn]] + 0.25 * rng.standard_normal(count)
    lengths = length * rng.uniform(0.5, 1.3, count)
    paths = grow(roots, headings, lengths, 6, bend=0.5 * rng.standard_normal(count))
    taper = 1 - np.linspace(0, 1, 6) ** 2 * 0.8
    canvas.shade_strands(paths, thickness * rng.uniform(0.6, 1.6, count)[:, None] * taper)


def _hair_cap(rng: np.random.Generator, person: Body) -> Body:
    """The solid mass of hair around the head of a portrait."""
    low, high = person.crown.min(axis=0), person.crown.max(axis=0)
    middle, radius = (low + high) / 2, (high - low) / 2
    lift = np.array([0.0, -radius[1] * rng.uniform(0.05, 0.3)])
    cap = smooth_blob(rng, (0, 0), 1.0, bumps=rng.uniform(0.03, 0.12))
    cap = cap / np.abs(cap).max(axis=0) * radius * rng.uniform(1.0, 1.35, 2)
    masses = [middle + lift + cap]
    if chance(rng, 0.4):
        end = middle + radius * (rng.uniform(-0.3, 0.3), rng.uniform(1.2, 2.4))
        width = radius[0] * rng.uniform(1.8, 2.5)
        masses.insert(0, capsule(middle + lift, end, width, width * rng.uniform(0.5, 1.1)))
    return Body(masses)


def draw_hair(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """Long tapering strands in locks, and fly-aways."""
    person = chance(rng, 0.5)
    body = portrait(rng) if person else random_body(rng, angular=0.1, scale=0.9)
    body.paint(canvas)
    extent = np.ptp(body.crown, axis=0).mean() / 2
    if person and chance(rng, 0.75):
        body = _hair_cap(rng, body)
        body.paint(canvas)
    thickness = log_uniform(rng, 0.6, 2.0) * FINE
    _shade_coat(canvas, extent * 0.6, 1.5 * thickness)
    locks = int(rng.integers(14, 70))
    count = int(np.clip(log_uniform(rng, 0.8, 4) * extent / thickness * 6, 250, 2400))
    members = rng.integers(0, locks, count)

    # A parting or a hairline: not every head is hairy all around.
    first, share = rng.random(), rng.uniform(0.35, 1.0)
    if person:
        _, normals = along_outline(body.crown, np.linspace(0, 1, 64, endpoint=False))
        share = rng.uniform(0.5, 0.85)
        first = np.argmin(np.abs(normals + np.pi / 2)) / 64 - share / 2
    lock_position = first + share * rng.random(locks)
    spread = rng.uniform(0.01, 0.05)
    position = lock_position[members] + spread * rng.standard_normal(count)
    places, normals = along_outline(body.crown, position)

    length = extent * log_uniform(rng, 0.35, 2.6)
    lock_length = length * rng.uniform(0.55, 1.3, locks)
    lengths = lock_length[members] * rng.uniform(0.55, 1.1, count)
    tilt = rng.normal(0, 0.5) + 0.3 * rng.standard_normal(locks)
    headings = normals + tilt[members] + rng.uniform(0.05, 0.22) * rng.standard_normal(count)
    bend = rng.normal(0, 0.9) + 0.5 * rng.standard_normal(locks)
    curl = rng.choice([0.05, 0.25, 0.8]) * rng.uniform(0.5, 1.5)
    wave = curl * rng.uniform(0.6, 1.3, locks)
    turns = rng.uniform(0.6, 1.2) * (1 + 3 * curl) * rng.uniform(0.8, 1.2, locks)
    phase = rng.uniform(0, 2 * np.pi, locks)
    wild = rng.random(count) < rng.uniform(0.02, 0.15)
    headings[wild] += rng.normal(0, 0.6, wild.sum())
    lengths[wild] *= rng.uniform(0.8, 1.5, wild.sum())

    roots = places - directions(normals) * (extent * rng.uniform(0.02, 0.25, count))[:, None]
    points = 14 if curl < 0.5 else 24
    paths = grow(
        roots,
        headings,
        lengths,
        points,
        bend=bend[members] + 0.3 * rng.standard_normal(count) + wild * rng.normal(0, 1.0, count),
        wave=wave[members],
        turns=turns[members],
        phase=phase[members] + 0.3 * rng.standard_normal(count),
        pull=rng.choice([0.0, 1.5, 5.0]) * rng.uniform(0.5, 1.2),
        pull_angle=np.pi / 2 if chance(rng, 0.7) else rng.uniform(0, 2 * np.pi),
    )
    widths = thickness * rng.uniform(0.5, 1.4, count) * np.where(wild, 0.6, 1.0)
    taper = 1 - np.linspace(0, 1, points) ** 2 * 0.85
    canvas.strands(paths, widths[:, None] * taper)
    return canvas.coverage()


def fur_along(
    rng: np.random.Generator,
    outline: np.ndarray,
    length: float,
    thickness: float,
    density: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Short strands along an outline that lie in one direction where they are neighbours.

    Args:
        rng: source of randomness.
        outline: [n, 2] float, closed.
        length: of a typical strand.
        thickness: of a typical strand at its root.
        density: strands per their own thickness along the outline.

    Returns:
        Paths [m, 5, 2] and widths [m, 5], float.
    """
    points = 5
    perimeter = np.linalg.norm(np.roll(outline, -1, axis=0) - outline, axis=1).sum()
    count = int(np.clip(density * perimeter / thickness, 60, 3000))
    position = rng.random(count)
    places, normals = along_outline(outline, position)
    lean = np.full(count, rng.normal(0, 0.5))
    growth = np.ones(count)
    for harmonic in (1, 2, 5, 11, 23, 47):
        angle = 2 * np.pi * harmonic * position
        lean += 0.35 * rng.standard_normal() * np.sin(angle + rng.uniform(0, 2 * np.pi))
        growth += 0.16 * rng.standard_normal() * np.sin(angle + rng.uniform(0, 2 * np.pi))
    headings = normals + lean + 0.15 * rng.standard_normal(count)
    lengths = length * np.clip(growth, 0.35, 2.0) * rng.uniform(0.45, 1.1, count)
    roots = places - directions(normals) * (length * rng.uniform(0.1, 0.6, count))[:, None]
    bend = 0.8 * lean + 0.25 * rng.standard_normal(count)
    paths = grow(roots, headings, lengths * 1.3, points, bend=bend)
    taper = 1 - np.linspace(0, 1, points) ** 1.5 * 0.92
    return paths, thickness * rng.uniform(0.6, 1.4, count)[:, None] * taper


def draw_fur(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """A body with a dense short coat, and sometimes whiskers."""
    body = random_body(rng, angular=0.05)
    body.paint(canvas)
    length = log_uniform(rng, 6, 55) * FINE
    thickness = np.clip(length / FINE / 12, 0.8, 3.0) * FINE * rng.uniform(0.7, 1.4)
    density = log_uniform(rng, 1.0, 4.0)
    _shade_coat(canvas, length, 1.3 * thickness)
    for outline in body.outlines:
        canvas.strands(*fur_along(rng, outline, length, thickness, density))
    if chance(rng, 0.25):
        places, normals = along_outline(body.crown, rng.random() + rng.normal(0, 0.02, 12))
        lengths = rng.uniform(0.08, 0.25, 12)
        paths = grow(places, normals + rng.normal(0, 0.3, 12), lengths, 12, rng.normal(0, 0.5, 12))
        canvas.strands(paths, FINE * np.linspace(1.6, 0.4, 12) * np.ones((12, 1)))
    return canvas.coverage()
