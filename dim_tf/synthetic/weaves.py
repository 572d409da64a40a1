"""Regular structures with many openings: lattice and lace."""

import numpy as np

from dim_tf.synthetic.canvas import FINE, Canvas, chance, log_uniform
from dim_tf.synthetic.shapes import (
    box,
    ellipse,
    random_body,
    random_centre,
    random_outline,
    turned,
    wheel_teeth,
)


class Bending:
    """A smooth bending of the plane, the same for everything that it is applied to."""

    def __init__(self, rng: np.random.Generator, strength: float):
        self.frequencies = rng.uniform(1.0, 5.0, (4, 2)) * rng.choice([-1, 1], (4, 2))
        self.phases = rng.uniform(0, 2 * np.pi, 4)
        self.shifts = strength * rng.standard_normal((4, 2)) / 4
        # Lines that meet far away: seen at an angle.
        self.perspective = rng.normal(0, 0.35, 2) if chance(rng, 0.5) else np.zeros(2)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Moves points [..., 2]."""
        waves = np.sin(points @ self.frequencies.T + self.phases)
        moved = points + waves @ self.shifts
        depth = 1 + (moved - 0.5) @ self.perspective
        return 0.5 + (moved - 0.5) / np.maximum(depth, 0.3)[..., None]


def _parallels(angle: float, spacing: float, points: int = 40) -> np.ndarray:
    """Parallel lines that cover the frame with room to spare, [n, points, 2]."""
    offsets = np.arange(-0.95, 0.95, spacing)
    along = np.linspace(-0.95, 0.95, points)
    grid = np.stack(np.broadcast_arrays(along[None, :], offsets[:, None]), axis=-1)
    return 0.5 + turned(grid, angle)


def _rings(spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """Centres of a honeycomb's cells and the corners of one cell about its centre."""
    rows = np.arange(-0.95, 0.95, spacing * np.sqrt(3) / 2)
    columns = np.arange(-0.95, 0.95, spacing)
    x, y = np.meshgrid(columns, rows)
    x[1::2] += spacing / 2
    corner = np.pi / 6 + np.arange(6) * np.pi / 3
    cell = spacing / np.sqrt(3) * np.stack([np.cos(corner), np.sin(corner)], axis=1)
    return np.stack([x, y], axis=-1).reshape(-1, 2), cell


def _paint_mesh(rng: np.random.Generator, canvas: Canvas) -> None:
    spacing = log_uniform(rng, 12, 110) * FINE
    width = np.clip(spacing * rng.uniform(0.04, 0.35), 0.5 * FINE, 22 * FINE)
    angle = rng.choice([0.0, 0.0, np.pi / 4]) + rng.normal(0, 0.25)
    bending = Bending(rng, rng.choice([0.0, 0.06, 0.2]))
    form = rng.integers(5)
    if form == 0:
        canvas.stroke(list(bending(_parallels(angle, spacing))), width)
        if chance(rng, 0.6):
            beams = _parallels(angle + np.pi / 2, rng.uniform(0.25, 0.6))
            canvas.stroke(list(bending(beams)), width * rng.uniform(1, 2))
    elif form in (1, 2):
        across = np.pi / 2 if form == 1 else rng.uniform(0.8, 1.4)
        ratio = rng.choice([1.0, rng.uniform(0.3, 2.5)])
        canvas.stroke(list(bending(_parallels(angle, spacing))), width)
        second = _parallels(angle + across, spacing * ratio)
        canvas.stroke(list(bending(second)), width * rng.uniform(0.6, 1.4))
    elif form == 3:
        # Chain link: each wire is a zigzag that hooks into its neighbours.
        lines = _parallels(angle, spacing * 0.93, points=2 * int(0.95 / spacing) + 2)
        zigzag = np.where(np.arange(lines.shape[1]) % 2, 1.0, -1.0)[None, :, None]
        normal = np.array([-np.sin(angle), np.cos(angle)])
        canvas.stroke(list(bending(lines + zigzag * normal * spacing / 2)), width)
    else:
        centres, cell = _rings(spacing)
        cells = bending(0.5 + turned(centres[:, None] + cell, angle))
        canvas.stroke(list(cells), width, closed=True)


def draw_lattice(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """Fences, grilles, nets and honeycombs, straight or bent, with what holds them."""
    _paint_mesh(rng, canvas)
    if chance(rng, 0.8):
        stencil = Canvas(canvas.size)
        centre = random_centre(rng, 0.15)
        if chance(rng, 0.5):
            shape = box(
                centre, rng.uniform(0.45, 0.95), rng.uniform(0.45, 0.95), rng.normal(0, 0.3)
            )
        else:
            shape = random_outline(rng, centre, rng.uniform(0.28, 0.5), 0.4)
        stencil.fill(shape)
        if chance(rng, 0.25):
            tear = rng.uniform(0.2, 0.8, 2)
            stencil.fill(random_outline(rng, tear, rng.uniform(0.03, 0.12)), 0)
        canvas.pixels &= stencil.pixels
        if chance(rng, 0.75):
            rim = log_uniform(rng, 3, 30) * FINE
            canvas.stroke([shape], rim, closed=True)
    if chance(rng, 0.55):
        random_body(rng, scale=0.6).paint(canvas)
    else:
        # A post or a rail, so that something is solid.
        width, place = rng.uniform(0.02, 0.09), rng.uniform(0.1, 0.9)
        upright = chance(rng, 0.6)
        centre = (place, 0.5) if upright else (0.5, place)
        canvas.fill(box(centre, width, 1.3, (0.0 if upright else np.pi / 2) + rng.normal(0, 0.03)))
    return canvas.coverage()


def _openings(
    rng: np.random.Generator, centres: np.ndarray, radii: np.ndarray, angle: float
) -> np.ndarray:
    """One opening per centre: round, slit-like, square, drop-shaped or a flower, [n, k, 2]."""
    form = rng.integers(5)
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    if form == 1:
        unit = np.stack([np.cos(turn), 0.45 * np.sin(turn)], axis=1)
    elif form == 2:
        unit = np.array([[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]])
    elif form == 3:
        unit = np.stack([np.cos(turn), np.sin(turn) * np.sin(turn / 2) ** 2], axis=1)
    elif form == 4:
        unit = wheel_teeth((0, 0), 1.0, 0.35, 6, 0.0)
    else:
        unit = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return centres[:, None] + radii[:, None, None] * turned(unit, angle)


def _motif(rng: np.random.Generator, points: np.ndarray) -> np.ndarray:
    """An ornament as a smooth function of the place, [...] in [0, 1]: flowers, waves or bands."""
    form = rng.integers(3)
    period = rng.uniform(0.12, 0.4)
    cell = (points / period) % 1.0 - 0.5
    if form == 0:
        radius = np.linalg.norm(cell, axis=-1)
        petals = int(rng.integers(4, 9))
        edge = 0.3 + 0.12 * np.cos(petals * np.arctan2(cell[..., 1], cell[..., 0]))
        return np.clip(0.5 + (edge - radius) * 8, 0, 1)
    if form == 1:
        wave = points[..., 1] + 0.3 * period * np.sin(2 * np.pi * points[..., 0] / period)
        return 0.5 + 0.5 * np.sin(2 * np.pi * wave / period)
    return np.clip(0.5 + 4 * np.sin(2 * np.pi * points[..., 1] / period), 0, 1)


def draw_lace(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """Cloth with fine openings in ornaments, a scalloped hem and sometimes tulle behind."""
    centre = random_centre(rng, 0.2)
    width, height = rng.uniform(0.55, 0.95), rng.uniform(0.5, 0.95)
    angle = rng.normal(0, 0.4)
    bending = Bending(rng, rng.choice([0.04, 0.12, 0.3]))
    round_cloth = chance(rng, 0.3)
    if round_cloth:
        cloth = ellipse(centre, width / 2, height / 2, n=240)
    else:
        sides = np.linspace(-0.5, 0.5, 60, endpoint=False)
        edge = np.full(60, 0.5)
        walk = ((sides, -edge), (edge, sides), (-sides, edge), (-edge, -sides))
        square = np.concatenate([np.stack(pair, axis=1) for pair in walk])
        cloth = centre + turned(square * (width, height), angle)
    cloth = bending(cloth)
    canvas.fill(cloth)
    scallop = log_uniform(rng, 7, 34) * FINE
    perimeter = np.linalg.norm(np.roll(cloth, -1, axis=0) - cloth, axis=1).sum()
    closed = np.concatenate([cloth, cloth[:1]])
    reached = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    target = np.arange(0, perimeter, 1.7 * scallop)
    hem = np.stack([np.interp(target, reached, closed[:, axis]) for axis in (0, 1)], axis=1)
    if chance(rng, 0.7):
        canvas.fill_each(hem[:, None] + ellipse((0, 0), scallop, scallop, n=28))
    inside = canvas.pixels.copy() if chance(rng, 0.35) else None

    pitch = log_uniform(rng, 7, 26) * FINE
    columns, rows = np.meshgrid(np.arange(-0.8, 0.8, pitch), np.arange(-0.8, 0.8, pitch))
    if chance(rng, 0.6):
        columns[1::2] += pitch / 2
    flat = np.stack([columns, rows], axis=-1).reshape(-1, 2)
    density = 1 - _motif(rng, flat) * rng.uniform(0.6, 1.2)
    radii = pitch * rng.uniform(0.3, 0.47) * np.clip(density, 0, 1)
    centres = bending(centre + turned(flat, angle))
    shown = (radii * canvas.size > 0.3) & np.all((centres > -0.05) & (centres < 1.05), axis=1)
    holes = _openings(rng, centres[shown], radii[shown], angle)
    canvas.fill_each(holes, 0)
    if chance(rng, 0.5):
        canvas.stroke([cloth], rng.uniform(0.4, 1.0) * scallop, closed=True)
    if chance(rng, 0.6):
        eyelets = rng.uniform(0.3, 0.55) * scallop
        canvas.fill_each(hem[:, None] + ellipse((0, 0), eyelets, eyelets, n=16), 0)
    if chance(rng, 0.45):
        random_body(rng, angular=0.2, scale=0.7).paint(canvas)
    else:
        canvas.fill(random_outline(rng, centre, rng.uniform(0.05, 0.12), 0.2))
    coverage = canvas.coverage()
    if inside is not None:
        canvas.pixels = inside
        tulle = canvas.coverage() * np.float32(rng.uniform(0.15, 0.6))
        coverage = np.maximum(coverage, tulle)
    return coverage
