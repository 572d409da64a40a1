"""Wires: a few long thin curves, with what holds them."""

import numpy as np

from dim_tf.synthetic.canvas import FINE, Canvas, chance, log_uniform
from dim_tf.synthetic.shapes import Body, ellipse, random_body, random_outline
from dim_tf.synthetic.strands import along_outline, directions, grow


def draw_wire(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """A few long thin curves: spokes, cables, antennas, coils or a tangle, with what holds them."""
    form = rng.integers(5)
    if form == 0:
        _paint_wheel(rng, canvas)
    elif form == 1:
        _paint_cables(rng, canvas)
    elif form == 2:
        _paint_coil(rng, canvas)
    else:
        body = random_body(rng, scale=0.7 if form == 3 else 0.45)
        body.paint(canvas)
        _paint_tangle(rng, canvas, body, long=form == 4)
    return canvas.coverage()


def _paint_wheel(rng: np.random.Generator, canvas: Canvas) -> None:
    for _ in range(rng.integers(1, 3)):
        centre = rng.uniform(0.25, 0.75, 2)
        radius, flat = rng.uniform(0.2, 0.42), rng.uniform(0.6, 1.0)
        hub, tilt = rng.uniform(0.02, 0.07), rng.uniform(0, np.pi)
        spokes = int(rng.integers(8, 40))
        turn = 2 * np.pi * np.arange(spokes) / spokes
        crossing = rng.choice([0.0, 0.6, 1.2]) * np.where(np.arange(spokes) % 2, 1, -1)
        inner = ellipse(centre, hub * 0.8, hub * 0.8 * flat, tilt, n=720)
        outer = ellipse(centre, radius, radius * flat, tilt, n=720)
        at_rim = np.round(turn / (2 * np.pi) * 720).astype(int) % 720
        at_hub = np.round((turn + crossing) / (2 * np.pi) * 720).astype(int) % 720
        canvas.stroke(
            list(np.stack([inner[at_hub], outer[at_rim]], axis=1)), rng.uniform(0.5, 2.5) * FINE
        )
        canvas.stroke([outer], log_uniform(rng, 2, 18) * FINE, closed=True)
        canvas.fill(ellipse(centre, hub, hub * flat, tilt))


def _paint_cables(rng: np.random.Generator, canvas: Canvas) -> None:
    poles = np.sort(rng.uniform(0.0, 1.0, int(rng.integers(1, 4))))
    top, lean = rng.uniform(0.1, 0.4), rng.normal(0, 0.04)
    for pole in poles:
        width = rng.uniform(8, 36) * FINE
        foot, head = np.array([pole, 1.2]), np.array([pole + lean, top - 0.06])
        canvas.strands(np.array([[foot, head]]), np.array([[width, width * 0.7]]))
        arm = rng.uniform(0.05, 0.14)
        canvas.stroke([head + np.array([[-arm, 0.05], [arm, 0.05]])], width * 0.5)
    ends = np.concatenate([[-0.2], poles + lean, [1.2]])
    across = np.linspace(0, 1, 40)
    for level in range(rng.integers(2, 9)):
        height = top + level * rng.uniform(0.01, 0.05) + rng.normal(0, 0.01, len(ends))
        sag = rng.uniform(0.02, 0.25)
        curves = [
            np.stack(
                [
                    ends[i] + (ends[i + 1] - ends[i]) * across,
                    height[i]
                    + (height[i + 1] - height[i]) * across
                    + sag * (ends[i + 1] - ends[i]) * 4 * across * (1 - across),
                ],
                axis=1,
            )
            for i in range(len(ends) - 1)
        ]
        canvas.stroke(curves, log_uniform(rng, 0.4, 4) * FINE)


def _paint_coil(rng: np.random.Generator, canvas: Canvas) -> None:
    start, end = rng.uniform(0.1, 0.35, 2), rng.uniform(0.65, 0.9, 2)
    if chance(rng, 0.5):
        start[1], end[1] = end[1], start[1]
    along = end - start
    across = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    turns, progress = rng.integers(6, 26), np.linspace(0, 1, 900)
    swing = rng.uniform(0.03, 0.13) * (1 + rng.uniform(-0.6, 0.6) * progress)
    turn = 2 * np.pi * turns * progress
    bow = rng.normal(0, 0.15) * np.sin(np.pi * progress)
    depth = swing * rng.uniform(0.2, 0.6) * np.sin(turn)
    path = start + along * (progress + depth)[:, None]
    path = path + across * (swing * np.cos(turn) + bow)[:, None]
    canvas.stroke([path], log_uniform(rng, 0.8, 6) * FINE)
    for place in (path[0], path[-1]):
        canvas.fill(random_outline(rng, place, rng.uniform(0.04, 0.13)))


def _paint_tangle(rng: np.random.Generator, canvas: Canvas, body: Body, long: bool) -> None:
    count = int(rng.integers(3, 12) if long else rng.integers(6, 40))
    places, normals = along_outline(body.crown, rng.random(count))
    lengths = rng.uniform(0.5, 1.4, count) if long else rng.uniform(0.1, 0.45, count)
    swing = rng.choice([0.0, 0.3, 1.2])
    paths = grow(
        places - 0.02 * directions(normals),
        normals + rng.normal(0, 0.2, count),
        lengths,
        60,
        bend=rng.normal(0, 1.0 + long, count),
        wave=swing * rng.random(count),
        turns=rng.uniform(0.5, 4, count),
        phase=rng.uniform(0, 2 * np.pi, count),
        pull=rng.choice([0.0, 2.0]),
    )
    thickness = log_uniform(rng, 0.5, 5) * FINE
    canvas.stroke(list(paths), thickness)
    if not long and chance(rng, 0.5):
        for tip in paths[:, -1]:
            canvas.fill(ellipse(tip, 2.5 * thickness, 2.5 * thickness, n=24))
