"""Bodies: the solid silhouettes that the kinds of mattes build on, and the plain kinds."""

import dataclasses

import numpy as np

from dim_tf.synthetic.canvas import FINE, Canvas, chance, log_uniform


@dataclasses.dataclass(frozen=True)
class Body:
    """A silhouette: the union of outlines, the first of which is the head that hair grows from."""

    outlines: list[np.ndarray]

    @property
    def crown(self) -> np.ndarray:
        """[n, 2] float: the outline that strands leave from."""
        return self.outlines[0]

    def paint(self, canvas: Canvas, opacity: int = 255) -> None:
        """Fills every outline."""
        for outline in self.outlines:
            canvas.fill(outline, opacity)


def turned(points: np.ndarray, angle: float) -> np.ndarray:
    """Points [..., 2] turned about the origin."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return points @ np.array([[cosine, sine], [-sine, cosine]])


def ellipse(
    centre: np.ndarray | tuple, radius_x: float, radius_y: float, angle: float = 0.0, n: int = 96
) -> np.ndarray:
    """Outline of an ellipse, [n, 2]."""
    turn = np.linspace(0, 2 * np.pi, n, endpoint=False)
    points = np.stack([radius_x * np.cos(turn), radius_y * np.sin(turn)], axis=1)
    return np.asarray(centre) + turned(points, angle)


def smooth_blob(
    rng: np.random.Generator, centre: np.ndarray | tuple, radius: float, bumps: float = 0.22
) -> np.ndarray:
    """Outline of a random blob without corners, [160, 2]."""
    turn = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    radii = np.ones_like(turn)
    for harmonic in range(2, 8):
        swing = bumps * rng.standard_normal() / harmonic
        radii += swing * np.cos(harmonic * turn + rng.uniform(0, 2 * np.pi))
    radii = radius * np.maximum(radii, 0.25)
    points = np.stack([radii * np.cos(turn), radii * np.sin(turn)], axis=1)
    points *= (rng.uniform(0.65, 1.0), 1.0)
    return np.asarray(centre) + turned(points, rng.uniform(0, 2 * np.pi))


def angular_blob(
    rng: np.random.Generator, centre: np.ndarray | tuple, radius: float, corners: int
) -> np.ndarray:
    """Outline of a random polygon, [corners, 2], star-shaped about its centre."""
    turn = 2 * np.pi * (np.arange(corners) + rng.uniform(-0.35, 0.35, corners)) / corners
    radii = radius * rng.uniform(0.55, 1.1, corners)
    points = np.stack([radii * np.cos(turn), radii * np.sin(turn)], axis=1)
    return np.asarray(centre) + turned(points, rng.uniform(0, 2 * np.pi))


def rounded(outline: np.ndarray, rounds: int = 3, cut: float = 0.25) -> np.ndarray:
    """The outline with its corners cut `rounds` times, by `cut` of the sides (Chaikin)."""
    for _ in range(rounds):
        following = np.roll(outline, -1, axis=0)
        nearer = outline + cut * (following - outline)
        farther = following - cut * (following - outline)
        outline = np.stack([nearer, farther], axis=1).reshape(-1, 2)
    return outline


def capsule(start: np.ndarray, end: np.ndarray, width: float, end_width: float) -> np.ndarray:
    """Outline of a limb from `start` to `end` with round ends, [48, 2]."""
    along = np.asarray(end) - np.asarray(start)
    angle = np.arctan2(along[1], along[0])
    arc = np.linspace(-np.pi / 2, np.pi / 2, 24)
    front = np.stack([np.cos(arc), np.sin(arc)], axis=1) * end_width / 2
    back = np.stack([-np.cos(arc), -np.sin(arc)], axis=1) * width / 2
    return np.concatenate([turned(front, angle) + end, turned(back, angle) + start])


def wheel_teeth(
    centre: np.ndarray | tuple, radius: float, depth: float, teeth: int, angle: float
) -> np.ndarray:
    """Outline of a cog (small depth) or a star (large depth)."""
    turn = angle + np.pi * np.arange(2 * teeth) / teeth
    radii = radius * np.where(np.arange(2 * teeth) % 2, 1 - depth, 1.0)
    return np.asarray(centre) + np.stack([radii * np.cos(turn), radii * np.sin(turn)], axis=1)


def box(centre: np.ndarray | tuple, width: float, height: float, angle: float = 0.0) -> np.ndarray:
    """Outline of a rectangle, [4, 2]."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    return np.asarray(centre) + turned(corners, angle)


def random_centre(rng: np.random.Generator, off_border: float = 0.2) -> np.ndarray:
    """A place for a body: mostly well inside, with probability `off_border` near an edge."""
    centre = rng.uniform(0.38, 0.62, 2)
    if chance(rng, off_border):
        centre[rng.integers(2)] = rng.choice([0.15, 0.85]) + rng.uniform(-0.1, 0.1)
    return centre


def random_outline(
    rng: np.random.Generator, centre: np.ndarray, radius: float, angular: float = 0.4
) -> np.ndarray:
    """One outline, with corners with probability `angular`."""
    if not chance(rng, angular):
        return smooth_blob(rng, centre, radius, bumps=rng.uniform(0.05, 0.35))
    form = rng.integers(5)
    if form == 0:
        outline = box(centre, radius * rng.uniform(0.6, 1.7), radius * 1.6, rng.uniform(0, 3))
    elif form == 1:
        teeth = int(rng.integers(4, 16))
        depth = rng.uniform(0.12, 0.55)
        outline = wheel_teeth(centre, radius, depth, teeth, rng.uniform(0, 3))
    else:
        outline = angular_blob(rng, centre, radius, int(rng.integers(3, 12)))
    return rounded(outline, 3, rng.uniform(0.03, 0.25)) if chance(rng, 0.4) else outline


def portrait(rng: np.random.Generator) -> Body:
    """Head, neck and shoulders that run off the lower border."""
    radius = rng.uniform(0.13, 0.22)
    head = np.array([rng.uniform(0.35, 0.65), rng.uniform(0.3, 0.45)])
    skull = ellipse(head, radius * rng.uniform(0.72, 0.9), radius, rng.uniform(-0.25, 0.25))
    shoulder_y = head[1] + radius * rng.uniform(1.3, 1.6)
    spread = radius * rng.uniform(1.6, 2.4)
    lean = rng.uniform(-0.3, 0.3) * radius
    neck = capsule(head, np.array([head[0] + lean, shoulder_y]), radius, radius * 1.1)
    left, right = head[0] + lean - spread, head[0] + lean + spread
    drop = radius * rng.uniform(0.3, 0.9)
    torso = np.array(
        [
            [head[0] + lean, shoulder_y - 0.2 * radius],
            [right, shoulder_y + drop],
            [right + 0.2 * radius, 1.3],
            [left - 0.2 * radius, 1.3],
            [left, shoulder_y + drop],
        ]
    )
    return Body([skull, neck, rounded(torso, 3, 0.22)])


def animal(rng: np.random.Generator) -> Body:
    """A rump, a head on a neck and legs, seen from the side."""
    centre = np.array([rng.uniform(0.42, 0.58), rng.uniform(0.42, 0.55)])
    length, girth = rng.uniform(0.2, 0.28), rng.uniform(0.1, 0.16)
    side = rng.choice([-1.0, 1.0])
    to_head = np.array([side * length * rng.uniform(0.95, 1.2), -girth * rng.uniform(0.8, 1.6)])
    head = centre + to_head
    outlines = [smooth_blob(rng, centre, 1.0, bumps=0.08)]
    outlines[0] = centre + (outlines[0] - centre) * (length, girth * 1.15)
    outlines.append(ellipse(head, girth * rng.uniform(0.55, 0.8), girth * 0.55, side * 0.4))
    outlines.append(capsule(centre + 0.55 * to_head * (1, 0), head, girth * 1.1, girth * 0.7))
    for place in (-0.75, -0.55, 0.5, 0.72):
        hip = centre + np.array([place * length, girth * 0.4])
        foot = hip + np.array([rng.uniform(-0.06, 0.06), rng.uniform(0.2, 0.3)])
        outlines.append(capsule(hip, foot, girth * 0.5, girth * 0.25))
    return Body(outlines)


def random_body(
    rng: np.random.Generator, angular: float = 0.4, scale: float = 1.0, living: float = 0.27
) -> Body:
    """One of many silhouettes.

    Args:
        rng: source of randomness.
        angular: share of outlines with corners.
        scale: of blobs and polygons; 1 fills much of the frame.
        living: share of people and animals.
    """
    form = rng.random()
    if form < living:
        return portrait(rng) if form < living / 2 else animal(rng)
    centre = random_centre(rng)
    radius = scale * rng.uniform(0.18, 0.38)
    outlines = [random_outline(rng, centre, radius, angular)]
    if chance(rng, 0.5):
        for _ in range(rng.integers(1, 5)):
            direction = rng.uniform(0, 2 * np.pi)
            place = centre + radius * np.array([np.cos(direction), np.sin(direction)])
            if chance(rng, 0.4):
                end = centre + (place - centre) * rng.uniform(1.2, 1.9)
                width = radius * rng.uniform(0.08, 0.45)
                outlines.append(capsule(centre, end, width, width * rng.uniform(0.4, 1.0)))
            else:
                outlines.append(
                    random_outline(rng, place, radius * rng.uniform(0.25, 0.7), angular)
                )
    return Body(outlines)


def draw_hard(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """Sharp silhouettes, their edges soft by coverage alone."""
    random_body(rng, angular=rng.choice([0.1, 0.9])).paint(canvas)
    for _ in range(rng.integers(0, 4) if chance(rng, 0.4) else 0):
        centre = rng.uniform(0.05, 0.95, 2)
        canvas.fill(random_outline(rng, centre, log_uniform(rng, 0.01, 0.09), 0.5))
    return canvas.coverage()


def _paint_hole_grid(
    rng: np.random.Generator, canvas: Canvas, low: np.ndarray, high: np.ndarray
) -> None:
    """Equal holes in rows, as in a colander, a crate or a perforated sheet."""
    pitch = log_uniform(rng, 0.03, 0.2)
    margin = pitch * rng.uniform(0.5, 1.2)
    steps = [
        np.arange(start + margin, end - margin, pitch) for start, end in zip(low, high, strict=True)
    ]
    columns, rows = np.meshgrid(*steps)
    columns[1::2] += rng.choice([0.0, 0.5]) * pitch
    centres = np.stack([columns, rows], axis=-1).reshape(-1, 2)
    corners = int(rng.choice([3, 4, 6, 32]))
    hole = pitch * rng.uniform(0.15, 0.42) * ellipse((0, 0), 1.0, rng.uniform(0.5, 1.0), n=corners)
    hole = turned(hole, rng.choice([0.0, np.pi / 4]))
    middle = (low + high) / 2
    centres = middle + turned(centres - middle, rng.choice([0.0, rng.uniform(0, np.pi)]))
    canvas.fill_each(centres[:, None] + hole, 0)


def draw_holes(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """A body with holes of many sizes, and sometimes a handle."""
    body = random_body(rng, angular=0.4, scale=1.15, living=0.0)
    if chance(rng, 0.4):
        low, high = body.crown.min(axis=0), body.crown.max(axis=0)
        side = np.array([rng.choice([low[0], high[0]]), (low[1] + high[1]) / 2])
        reach = (high[1] - low[1]) * rng.uniform(0.15, 0.3)
        handle = ellipse(side, reach * rng.uniform(0.6, 1.1), reach)
        canvas.stroke([handle], rng.uniform(8, 26) * FINE, closed=True)
    body.paint(canvas)
    low, high = body.crown.min(axis=0), body.crown.max(axis=0)
    largest = rng.uniform(0.02, 0.12)
    if chance(rng, 0.25):
        _paint_hole_grid(rng, canvas, low, high)
        return canvas.coverage()
    count = int(log_uniform(rng, 6, 160) if largest < 0.06 else rng.integers(3, 22))
    angular = rng.choice([0.0, 0.5, 1.0])
    for _ in range(count):
        centre = rng.uniform(low, high)
        radius = log_uniform(rng, 1.2 * FINE, largest)
        if chance(rng, 0.15):
            direction = rng.uniform(0, np.pi)
            along = np.array([np.cos(direction), np.sin(direction)]) * radius * 3
            width = rng.uniform(1, 8) * FINE
            hole = capsule(centre - along / 2, centre + along / 2, width, width / 2)
        else:
            hole = random_outline(rng, centre, radius, angular)
        canvas.fill(hole, 0)
        if radius > 0.03 and chance(rng, 0.2):
            canvas.fill(random_outline(rng, centre, radius * rng.uniform(0.2, 0.5), angular))
    return canvas.coverage()
