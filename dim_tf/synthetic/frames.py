"""Frames: tubes thinner than a wide trimap's unknown region, around large openings."""

import numpy as np

from dim_tf.synthetic.canvas import FINE, Canvas, chance, log_uniform
from dim_tf.synthetic.shapes import box, ellipse, random_outline, turned


def draw_frame(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """Bicycles, chairs, racks and hoops: long opaque tubes, with little or nothing solid."""
    width = log_uniform(rng, 5, 34) * FINE
    form = rng.integers(4)
    if form == 0:
        _paint_truss(rng, canvas, width)
    elif form == 1:
        _paint_chair(rng, canvas, width)
    elif form == 2:
        _paint_hoops(rng, canvas, width)
    else:
        _paint_rack(rng, canvas, width)
    for _ in range(rng.integers(0, 3)):
        # Small solid things: known foreground, but seldom near a tube.
        place = rng.uniform(0.12, 0.88, 2)
        canvas.fill(random_outline(rng, place, rng.uniform(0.03, 0.1)))
    return canvas.coverage()


def _tube(
    rng: np.random.Generator, canvas: Canvas, start: np.ndarray, end: np.ndarray, width: float
) -> None:
    """A straight or bowed tube, sometimes with a bend at one end, as of a fork or a leg."""
    along = end - start
    across = np.array([-along[1], along[0]])
    share = np.linspace(0, 1, 40)
    bow = (rng.normal(0, 0.12) if chance(rng, 0.5) else 0.0) * np.sin(np.pi * share)
    bend = (rng.normal(0, 0.25) if chance(rng, 0.25) else 0.0) * np.maximum(share - 0.6, 0) ** 2
    path = start + along * share[:, None] + across * (bow + bend)[:, None]
    canvas.stroke([path], width * rng.uniform(0.7, 1.2))


def _paint_truss(rng: np.random.Generator, canvas: Canvas, width: float) -> None:
    """Joints, each tied to its nearest ones, with wheels or feet at some."""
    joints = rng.uniform(0.1, 0.9, (int(rng.integers(4, 9)), 2))
    distances = np.linalg.norm(joints[:, None] - joints, axis=-1)
    ties = {
        (min(i, int(j)), max(i, int(j)))
        for i, row in enumerate(distances)
        for j in np.argsort(row)[1 : rng.integers(2, 4)]
    }
    for i, j in sorted(ties):
        _tube(rng, canvas, joints[i], joints[j], width)
    for joint in joints:
        if chance(rng, 0.35):
            canvas.fill(ellipse(joint, width * rng.uniform(0.6, 1.6), width * 0.9))
        if chance(rng, 0.2):
            radius = rng.uniform(0.1, 0.3)
            canvas.stroke([ellipse(joint, radius, radius, n=240)], width, closed=True)
    if chance(rng, 0.4):  # cables and levers
        for _ in range(rng.integers(1, 8)):
            _tube(rng, canvas, *rng.uniform(0.1, 0.9, (2, 2)), log_uniform(rng, 1, 5) * FINE)


def _paint_chair(rng: np.random.Generator, canvas: Canvas, width: float) -> None:
    """A seat on legs that lean, with rungs, and a back of bars."""
    left, right = rng.uniform(0.15, 0.35), rng.uniform(0.6, 0.85)
    seat, floor, top = rng.uniform(0.42, 0.58), rng.uniform(0.85, 0.98), rng.uniform(0.03, 0.15)
    depth = rng.uniform(0.03, 0.14)
    corners = np.array(
        [[left, seat], [right, seat], [right + 0.1, seat - depth], [left + 0.1, seat - depth]]
    )
    legs = []
    for corner in corners:
        foot = np.array([corner[0] + rng.normal(0, 0.06), floor + corner[1] - seat])
        _tube(rng, canvas, corner, foot, width)
        legs.append((corner, foot))
    for place in rng.uniform(0.3, 0.8, rng.integers(0, 4)):
        first, second = rng.permutation(4)[:2]
        ends = [start + place * (end - start) for start, end in (legs[first], legs[second])]
        _tube(rng, canvas, ends[0], ends[1], 0.7 * width)
    if chance(rng, 0.5):
        canvas.stroke([corners], width, closed=True)
        for share in np.arange(0.1, 1.0, rng.uniform(0.08, 0.3)):  # straps
            ends = corners[[0, 3]] + share * (corners[[1, 2]] - corners[[0, 3]])
            canvas.stroke([ends], width * rng.uniform(0.4, 1.2))
    else:
        canvas.fill(corners)
    posts = [np.array([x + rng.normal(0, 0.03), top]) for x in (left + 0.1, right + 0.1)]
    for corner, post in zip(corners[[3, 2]], posts, strict=True):
        _tube(rng, canvas, corner, post, width)
    for share in np.linspace(0.0, 0.85, int(rng.integers(1, 6))):
        ends = [
            post + share * (corner - post)
            for corner, post in zip(corners[[3, 2]], posts, strict=True)
        ]
        _tube(rng, canvas, ends[0], ends[1], width * rng.uniform(0.5, 1.1))


def _paint_hoops(rng: np.random.Generator, canvas: Canvas, width: float) -> None:
    """Thick rims, some inside others, with spokes or a stand."""
    for _ in range(rng.integers(1, 4)):
        centre = rng.uniform(0.3, 0.7, 2)
        radius, flat, tilt = rng.uniform(0.15, 0.4), rng.uniform(0.5, 1.0), rng.uniform(0, np.pi)
        rim = ellipse(centre, radius, radius * flat, tilt, n=360)
        canvas.stroke([rim], width * rng.uniform(0.8, 1.6), closed=True)
        if chance(rng, 0.4):
            inner = centre + rng.uniform(0.4, 0.85) * (rim - centre)
            canvas.stroke([inner], width * rng.uniform(0.3, 1.0), closed=True)
        spokes = int(rng.choice([0, 3, 5, 12, 24]))
        for place in np.arange(spokes) * (360 // max(spokes, 1)):
            canvas.stroke([np.stack([centre, rim[place]])], width * rng.choice([0.1, 0.3, 0.8]))
        if chance(rng, 0.5):
            _tube(rng, canvas, rim[90], rng.uniform([0.1, 0.9], [0.9, 1.1]), width)


def _paint_rack(rng: np.random.Generator, canvas: Canvas, width: float) -> None:
    """Two rails or more with rungs between them: ladders, shelves, railings, seen at an angle."""
    angle, spacing = rng.uniform(0, np.pi), rng.uniform(0.15, 0.5)
    rails = np.arange(-0.45, 0.46, spacing)
    lean = rng.normal(0, 0.15)
    for rail in rails:
        ends = np.array([[rail * (1 + lean), -0.5], [rail * (1 - lean), 0.5]])
        _tube(rng, canvas, *(0.5 + turned(ends, angle)), width)
    for rung in np.arange(-0.45, 0.46, rng.uniform(0.08, 0.4)):
        ends = np.array([[rails[0], rung], [rails[-1], rung + rng.normal(0, 0.02)]])
        _tube(rng, canvas, *(0.5 + turned(ends, angle)), width * rng.uniform(0.4, 1.0))
    if chance(rng, 0.3):
        canvas.fill(box(rng.uniform(0.2, 0.8, 2), rng.uniform(0.1, 0.3), rng.uniform(0.05, 0.2)))
