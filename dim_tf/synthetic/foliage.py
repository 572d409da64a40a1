"""Foliage: branches with leaves, needles, fronds or grass, and the gaps between them."""

import numpy as np

from dim_tf.synthetic.canvas import FINE, Canvas, chance, log_uniform
from dim_tf.synthetic.shapes import capsule, random_outline
from dim_tf.synthetic.strands import grow


def leaf_form(rng: np.random.Generator) -> np.ndarray:
    """Outline of a leaf of length 1, stalk at (0, 0), tip near (1, 0): [n, 2] float."""
    along = np.linspace(0, 1, 13)
    form = rng.integers(5)
    half = 0.5 * rng.uniform(0.18, 0.75) * np.sin(np.pi * along ** rng.uniform(0.6, 1.1))
    if form == 0:
        half *= 1 + 0.3 * np.where(np.arange(13) % 2, 1, -1)
    elif form == 1:
        half = rng.uniform(0.3, 0.5) * np.sqrt(np.maximum(1 - (2 * along - 1) ** 2, 0))
    elif form == 2:
        half *= 0.35
    elif form == 3:
        half *= 0.45 + np.abs(np.cos(1.5 * np.pi * along))
    side = np.stack([along, half], axis=1)
    outline = np.concatenate([side, side[-2:0:-1] * (1, -1)])
    outline[:, 1] += rng.uniform(-0.25, 0.25) * outline[:, 0] ** 2
    return outline


def _paint_leaves(
    rng: np.random.Generator,
    canvas: Canvas,
    places: np.ndarray,
    angles: np.ndarray,
    sizes: np.ndarray,
) -> None:
    forms = [leaf_form(rng)]
    if chance(rng, 0.2):
        forms.append(leaf_form(rng))
    # A leaf that is turned away from the viewer looks narrower.
    narrowing = rng.uniform(0.25, 1.0, len(places)) ** 0.7
    picks = rng.integers(0, len(forms), len(places))
    cosine, sine = np.cos(angles), np.sin(angles)
    axes = np.array([[cosine, sine], [-sine * narrowing, cosine * narrowing]]).transpose(2, 0, 1)
    canvas.fill_each(places[:, None] + sizes[:, None, None] * (np.array(forms)[picks] @ axes))


def _branches(
    rng: np.random.Generator, trunk: np.ndarray, width: float, levels: int
) -> list[tuple[np.ndarray, float]]:
    """Grows side branches from a trunk, and from those again: paths [n, k, 2] and their width."""
    grown = [(trunk, width)]
    parents = trunk
    drop = rng.uniform(-0.4, 0.8)
    opening = rng.uniform(0.4, 1.1)
    for _ in range(levels):
        width *= 0.5
        each = int(rng.integers(4, 10))
        roots, headings, lengths = [], [], []
        for path in parents[:60]:
            total = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
            for index in np.sort(rng.uniform(0.12, 0.98, each)) * (len(path) - 1):
                at = int(index)
                step = path[at + 1] - path[at]
                roots.append(path[at] + (index - at) * step)
                side = rng.choice([-1.0, 1.0]) * opening * rng.uniform(0.6, 1.3)
                headings.append(np.arctan2(step[1], step[0]) + side)
                lengths.append(total * rng.uniform(0.25, 0.6) * (1.15 - index / len(path)))
        parents = grow(
            np.array(roots),
            np.array(headings),
            np.array(lengths),
            8,
            bend=rng.normal(0, 0.5, len(roots)),
            pull=drop,
        )
        grown.append((parents, width))
    return grown


def _paint_plant(rng: np.random.Generator, canvas: Canvas) -> None:
    """A tree, bush or twig: branches in up to three levels, leaves on the last ones."""
    from_border = chance(rng, 0.4)
    count = int(rng.integers(1, 4))
    if from_border:
        roots = np.stack([rng.uniform(-0.1, 0.4, count), np.full(count, -0.05)], axis=1)
        headings = rng.uniform(0.2, 1.3, count)
    else:
        roots = np.stack([rng.uniform(0.35, 0.65, count), rng.uniform(0.85, 1.1, count)], axis=1)
        headings = -np.pi / 2 + rng.normal(0, 0.3, count)
    trunk = grow(roots, headings, rng.uniform(0.6, 1.0, count), 16, rng.normal(0, 0.5, count))
    width = log_uniform(rng, 4, 28) * FINE
    levels = _branches(rng, trunk, width, int(rng.integers(1, 3)))
    for paths, thickness in levels:
        taper = np.linspace(1, 0.45, paths.shape[1])
        canvas.strands(paths, np.full((len(paths), 1), thickness) * taper)
    twigs = levels[-1][0]
    per_twig = max(2, int(log_uniform(rng, 120, 900) / len(twigs)))
    position = np.sort(rng.uniform(0.1, 1.0, (len(twigs), per_twig)), axis=1)
    index = np.minimum((position * 7).astype(int), 6)
    row = np.arange(len(twigs))[:, None]
    start, step = twigs[row, index], twigs[row, index + 1] - twigs[row, index]
    places = (start + step * (position * 7 - index)[..., None]).reshape(-1, 2)
    side = np.where(np.arange(per_twig) % 2, 1.0, -1.0) * rng.uniform(0.3, 1.2)
    angles = np.arctan2(step[..., 1], step[..., 0]) + side
    angles = angles.reshape(-1) + rng.normal(0, 0.35, len(places))
    sizes = log_uniform(rng, 14, 75) * FINE * rng.uniform(0.5, 1.2, len(places))
    _paint_leaves(rng, canvas, places, angles, sizes)
    if chance(rng, 0.5):
        # A dense heart behind the outer leaves.
        heart = twigs.reshape(-1, 2).mean(axis=0)
        canvas.fill(random_outline(rng, heart, rng.uniform(0.06, 0.16), 0.0))


def _paint_clump(rng: np.random.Generator, canvas: Canvas) -> None:
    """Clusters of leaves, dense in the middle, with gaps towards the outside."""
    size = log_uniform(rng, 12, 60) * FINE
    clusters = int(rng.integers(1, 9))
    heart = rng.uniform(0.3, 0.7, 2)
    for _ in range(clusters):
        centre = heart + rng.normal(0, 0.16, 2)
        extent = rng.uniform(0.06, 0.2) * (1.3 if clusters < 3 else 1.0)
        count = int(np.clip(1.8 * (extent / size) ** 2, 12, 260))
        offsets = rng.standard_normal((count, 2)) * extent * (1, rng.uniform(0.6, 1.0))
        outward = np.arctan2(offsets[:, 1], offsets[:, 0])
        angles = outward + rng.normal(0, 0.7, count)
        _paint_leaves(rng, canvas, centre + offsets, angles, size * rng.uniform(0.6, 1.3, count))
        canvas.fill(random_outline(rng, centre, extent * 0.6, 0.0))
    if chance(rng, 0.6):
        foot = np.array([heart[0] + rng.normal(0, 0.05), 1.1])
        width = rng.uniform(6, 40) * FINE
        canvas.fill(capsule(foot, heart, width, width * 0.6))


def _paint_grass(rng: np.random.Generator, canvas: Canvas) -> None:
    """Blades or reeds from the ground, and the ground."""
    count = int(log_uniform(rng, 60, 420))
    ground = rng.uniform(0.75, 0.97)
    roots = np.stack([rng.uniform(-0.1, 1.1, count), np.full(count, ground + 0.03)], axis=1)
    tuft = rng.uniform(0.08, 0.6)
    if chance(rng, 0.5):
        roots[:, 0] = rng.uniform(0.3, 0.7) + tuft * 0.5 * rng.standard_normal(count)
    headings = -np.pi / 2 + rng.normal(0, 0.3, count)
    lengths = rng.uniform(0.2, 0.85) * rng.uniform(0.3, 1.0, count)
    wind = rng.normal(0, 0.6)
    bend = wind + rng.normal(0, 0.7, count)
    blades = grow(roots, headings, lengths, 12, bend=bend, pull=rng.uniform(0, 0.8))
    width = log_uniform(rng, 1.5, 11) * FINE * rng.uniform(0.5, 1.3, count)
    taper = 1 - np.linspace(0, 1, 12) ** 2 * 0.9
    canvas.strands(blades, width[:, None] * taper)
    bumps = ground + 0.02 * rng.standard_normal(24)
    across = np.linspace(-0.1, 1.1, 24)
    soil = np.concatenate([np.stack([across, bumps], axis=1), [[1.1, 1.2], [-0.1, 1.2]]])
    canvas.fill(soil)
    if chance(rng, 0.4):
        tips = blades[:: int(rng.integers(2, 7)), -1]
        sizes = log_uniform(rng, 8, 26) * FINE * np.ones(len(tips))
        _paint_leaves(rng, canvas, tips, rng.uniform(0, 2 * np.pi, len(tips)), sizes)


def _paint_fronds(rng: np.random.Generator, canvas: Canvas) -> None:
    """Fern, palm or conifer: arching stems with leaflets to both sides."""
    heart = np.array([rng.uniform(0.3, 0.7), rng.uniform(0.4, 0.9)])
    count = int(rng.integers(4, 13))
    headings = -np.pi / 2 + np.linspace(-1.6, 1.6, count) + rng.normal(0, 0.15, count)
    stems = grow(
        np.tile(heart, (count, 1)),
        headings,
        rng.uniform(0.3, 0.55) * rng.uniform(0.7, 1.1, count),
        30,
        pull=rng.uniform(0.5, 2.5),
    )
    stem_width = rng.uniform(2, 6) * FINE
    canvas.strands(stems, np.full((count, 1), stem_width) * np.linspace(1, 0.4, 30))
    pairs = int(rng.integers(14, 46))
    index = np.linspace(3, 28, pairs).astype(int)
    places = stems[:, index].reshape(-1, 2)
    step = (stems[:, index + 1] - stems[:, index]).reshape(-1, 2)
    angles = np.arctan2(step[:, 1], step[:, 0])
    share = np.tile(np.linspace(0, 1, pairs), count)
    length = rng.uniform(30, 95) * FINE * np.sin(np.pi * (0.12 + 0.86 * share)) ** 0.7
    opening = rng.uniform(0.5, 1.3)
    width = np.full((len(places), 1), log_uniform(rng, 1.2, 9) * FINE)
    taper = np.array([0.5, 1.0, 1.0, 0.8, 0.2])
    for side in (-opening, opening):
        heading = angles + side + rng.normal(0, 0.08, len(places))
        leaflets = grow(places, heading, length, 5, bend=-side * 0.5)
        canvas.strands(leaflets, width * taper)
    trunk = rng.uniform(10, 40) * FINE
    canvas.fill(capsule((heart[0] + rng.normal(0, 0.05), 1.15), heart, trunk, trunk * 0.8))


def draw_foliage(rng: np.random.Generator, canvas: Canvas) -> np.ndarray:
    """Leaves on branches, in clumps or on fronds, or grass."""
    painters = (_paint_plant, _paint_plant, _paint_clump, _paint_grass, _paint_fronds)
    painters[rng.integers(len(painters))](rng, canvas)
    return canvas.coverage()
