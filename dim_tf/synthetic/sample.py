"""The demo picture: a furry animal with whiskers and a curled tail before a blurred garden."""

import colorsys

import cv2
import numpy as np

from dim_tf.pictures.levels import to_levels
from dim_tf.synthetic.blurs import disc_kernel
from dim_tf.synthetic.canvas import FINE, Canvas, smooth_noise
from dim_tf.synthetic.shapes import ellipse, rounded
from dim_tf.synthetic.strands import directions, grow

# Hue, saturation of the coat and hue of the garden: they always differ.
_COATS = ((0.075, 0.72, 0.47), (0.60, 0.12, 0.30), (0.06, 0.42, 0.38), (0.11, 0.40, 0.56))

_LIGHT = np.array([-0.52, -0.62, 0.58])


class _Painter:
    """Paints the same shapes as coverage and as colour."""

    def __init__(self, rng: np.random.Generator, side: int):
        self.rng = rng
        self.matte = Canvas(side)
        self.colour = Canvas(side, channels=3)
        self.whiskers = Canvas(side)

    def fill(self, outline: np.ndarray, colour: np.ndarray) -> None:
        self.matte.fill(outline)
        self.colour.fill(outline, _paint(colour))

    def strands(self, paths: np.ndarray, widths: np.ndarray, colours: np.ndarray) -> None:
        self.matte.strands(paths, widths)
        self.colour.strands(paths, widths, [_paint(colour) for colour in colours])


def _paint(colour: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = (round(255 * float(part)) for part in np.clip(colour, 0, 1))
    return red, green, blue


def _hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, value))


def _coat(painter: _Painter, shade: np.ndarray, stripe: np.ndarray, coat: tuple) -> np.ndarray:
    """Colours of strands: dark in the shade, pale in the light, darker on stripes: [n, 3]."""
    hue, saturation, _ = coat
    tones = np.array(
        [
            _hsv(hue - 0.03, min(1.0, saturation * 1.15), 0.16),
            _hsv(hue - 0.01, saturation, 0.52),
            _hsv(hue, saturation * 0.85, 0.86),
            _hsv(hue + 0.02, saturation * 0.35, 1.0),
        ]
    )
    tone = np.clip(shade - 0.22 * stripe, 0, 1)
    tone = np.clip(tone + 0.07 * painter.rng.standard_normal(len(tone)), 0, 1) * 3
    return np.stack([np.interp(tone, range(4), tones[:, part]) for part in range(3)], axis=1)


def _paint_fur(
    painter: _Painter,
    centre: tuple[float, float],
    radii: tuple[float, float],
    count: int,
    length: float,
    flow_from: tuple[float, float],
    fall: float,
    coat: tuple,
    pale: tuple[float, float, float, float] | None = None,
) -> None:
    """A round part of the body as strands that lie like shingles, the nearest ones last.

    Args:
        painter: what to paint on.
        centre: of the part.
        radii: of the part.
        count: strands.
        length: of a strand.
        flow_from: strands point away from here.
        fall: how much they point down instead.
        coat: see `_COATS`.
        pale: centre and radii of a light patch.
    """
    rng = painter.rng
    radius, turn = np.sqrt(rng.random(count)), rng.uniform(0, 2 * np.pi, count)
    unit = directions(turn) * radius[:, None]
    # A few harmonics of the outline and tufts keep it from being an ellipse.
    tuft = 1 + sum(0.025 * np.sin(k * turn + rng.uniform(0, 6)) for k in (3, 5, 9, 17))
    roots = np.array(centre) + unit * np.array(radii) * tuft[:, None]
    depth = np.sqrt(np.maximum(1 - radius**2, 0))
    normals = np.concatenate([unit * 0.95, depth[:, None]], axis=1)
    diffuse = np.maximum(normals @ _LIGHT, 0)
    rim = 0.22 * np.clip(radius - 0.8, 0, 1) / 0.2 * (unit[:, 1] < 0.3)
    shade = 0.2 + 0.52 * diffuse + rim
    away = roots - np.array(flow_from)
    distance = np.linalg.norm(away, axis=1)
    heading = away / np.maximum(distance, 1e-6)[:, None] + np.array([0.0, fall])
    wind = 0.35 * np.sin(roots[:, 0] * 31 + 4 * np.sin(roots[:, 1] * 23))
    angle = np.arctan2(heading[:, 1], heading[:, 0]) + 0.5 * wind
    angle += 0.22 * rng.standard_normal(count)
    stripe = np.clip(np.sin(distance * 75 + 1.5 * np.sin(6 * turn)) * 2 - 0.6, 0, 1)
    if pale:
        inside = np.hypot((roots[:, 0] - pale[0]) / pale[2], (roots[:, 1] - pale[1]) / pale[3])
        patch = np.clip(1.6 - 1.2 * inside, 0, 1)
        shade, stripe = shade + 0.4 * patch, stripe * (1 - patch)
    lengths = length * rng.uniform(0.6, 1.25, count)
    paths = grow(roots, angle, lengths, 6, bend=0.9 * wind + 0.4 * rng.standard_normal(count))
    widths = rng.uniform(1.3, 2.6, count)[:, None] * FINE * np.array([1, 1, 0.85, 0.65, 0.4, 0.15])
    order = np.argsort(-distance)
    painter.strands(paths[order], widths[order], _coat(painter, shade, stripe, coat)[order])


def _paint_tail(painter: _Painter, coat: tuple) -> None:
    """A tail that curls back to the shoulder, so that the background shows through the loop."""
    rng = painter.rng
    control = np.array(
        [
            [0.62, 0.86],
            [0.80, 0.84],
            [0.925, 0.68],
            [0.91, 0.49],
            [0.80, 0.41],
            [0.68, 0.45],
            [0.60, 0.62],
        ]
    )
    share = np.linspace(0, 1, len(control))
    fine = np.linspace(0, 1, 400)
    bend = np.stack([np.interp(fine, share, control[:, axis]) for axis in (0, 1)], axis=1)
    padded = np.pad(bend, ((45, 45), (0, 0)), mode="edge")
    bend = np.stack(
        [np.convolve(padded[:, axis], np.ones(91) / 91, mode="valid") for axis in (0, 1)], axis=1
    )
    tangent = np.gradient(bend, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    core = np.full(400, 0.034)
    painter.matte.strands(bend[None], core[None])
    painter.colour.strands(bend[None], core[None], [_paint(_hsv(coat[0], coat[1], 0.4))])
    count = 3600
    place = rng.integers(0, 400, count)
    place[::-1].sort()
    side = rng.uniform(-1, 1, count)
    thickness = 0.024 * (1 + 0.25 * np.sin(np.pi * place / 400))
    roots = bend[place] + normal[place] * (side * thickness)[:, None]
    angle = np.arctan2(tangent[place, 1], tangent[place, 0]) + 0.65 * side
    angle += 0.25 * rng.standard_normal(count)
    lengths = 0.042 * rng.uniform(0.55, 1.3, count)
    paths = grow(roots, angle, lengths, 6, bend=0.5 * rng.standard_normal(count) - 0.4 * side)
    across = normal[place] * side[:, None]
    shade = 0.4 - 0.22 * (across @ -_LIGHT[:2]) + 0.3 * np.maximum(across @ _LIGHT[:2], 0)
    stripe = np.clip(np.sin(place * 0.11) * 2 - 0.3, 0, 1)
    widths = rng.uniform(1.2, 2.4, count)[:, None] * FINE * np.array([1, 1, 0.85, 0.65, 0.4, 0.15])
    painter.strands(paths, widths, _coat(painter, shade, stripe, coat))


def _paint_ear(painter: _Painter, tip: np.ndarray, base: np.ndarray, coat: tuple) -> None:
    rng = painter.rng
    middle = base.mean(axis=0)
    outline = rounded(np.array([base[0], tip, base[1]]), 3, 0.16)
    painter.fill(outline, _hsv(coat[0] - 0.02, coat[1], 0.42))
    inner = middle + 0.68 * (outline - middle) + 0.06 * (tip - middle)
    painter.fill(inner, np.array([0.80, 0.55, 0.50]))
    count = 420
    along = rng.random(count)
    start = np.where(rng.random(count)[:, None] < 0.5, base[0], base[1])
    roots = start + (tip - start) * along[:, None] + rng.normal(0, 0.003, (count, 2))
    toward = tip - middle
    angle = np.arctan2(toward[1], toward[0]) + 0.35 * rng.standard_normal(count)
    paths = grow(roots, angle, 0.028 * rng.uniform(0.5, 1.3, count), 6)
    widths = rng.uniform(1.0, 2.0, count)[:, None] * FINE * np.array([1, 1, 0.8, 0.6, 0.4, 0.15])
    colours = _coat(painter, 0.55 + 0.2 * along, np.zeros(count), coat)
    painter.strands(paths, widths, colours)
    tufts = middle + rng.normal(0, 0.016, (130, 2))
    angle = np.arctan2(toward[1], toward[0]) + 0.45 * rng.standard_normal(130)
    paths = grow(tufts, angle, rng.uniform(0.03, 0.06, 130), 6)
    widths = np.ones((130, 1)) * 1.4 * FINE * np.array([1, 1, 0.8, 0.6, 0.4, 0.15])
    painter.strands(paths, widths, _coat(painter, np.full(130, 0.95), np.zeros(130), coat))


def _paint_face(painter: _Painter, head: np.ndarray, iris_hue: float) -> None:
    rng = painter.rng
    for side in (-1.0, 1.0):
        eye = head + np.array([side * 0.058, -0.006])
        tilt = -side * 0.18
        painter.fill(ellipse(eye, 0.0345, 0.0325, tilt), np.array([0.06, 0.045, 0.04]))
        painter.fill(ellipse(eye, 0.0295, 0.0285, tilt), _hsv(iris_hue, 0.85, 0.45))
        lower = eye + np.array([0, 0.006])
        painter.fill(ellipse(lower, 0.0245, 0.0205, tilt), _hsv(iris_hue + 0.02, 0.75, 0.72))
        painter.fill(ellipse(eye, 0.0185, 0.0245), np.array([0.03, 0.03, 0.035]))
        glint = eye + np.array([-0.010, -0.011])
        painter.fill(ellipse(glint, 0.0075, 0.0075), np.ones(3))
        painter.fill(ellipse(eye + np.array([0.011, 0.012]), 0.0035, 0.0035), np.full(3, 0.8))
    nose = head + np.array([0.0, 0.056])
    corners = nose + np.array([[-0.017, -0.009], [0.017, -0.009], [0.0, 0.012]])
    painter.fill(rounded(corners, 3), np.array([0.83, 0.46, 0.45]))
    painter.fill(
        ellipse(nose + np.array([-0.004, -0.005]), 0.006, 0.0025), np.array([0.95, 0.68, 0.66])
    )
    for side in (-1.0, 1.0):
        mouth = grow(
            nose[None] + np.array([[0.0, 0.012]]),
            np.array([np.pi / 2 - side * 0.25]),
            np.array([0.042]),
            12,
            bend=-side * 2.1,
        )
        painter.strands(mouth, np.full((1, 12), 2.2 * FINE), np.array([[0.30, 0.16, 0.13]]))
        roots = nose + np.stack(
            [side * rng.uniform(0.028, 0.05, 7), rng.uniform(0.002, 0.028, 7)], axis=1
        )
        rise = np.linspace(-0.28, 0.3, 7)
        angle = np.where(side > 0, rise, np.pi - rise)
        lengths = rng.uniform(0.17, 0.25, 7)
        whiskers = grow(roots, angle, lengths, 24, bend=side * rng.uniform(0.0, 0.5, 7))
        widths = np.linspace(1.9, 0.5, 24) * FINE * np.ones((7, 1))
        painter.strands(whiskers, widths, np.full((7, 3), 0.96))
        painter.whiskers.stroke(list(whiskers), 4 * FINE)


def _garden(rng: np.random.Generator, side: int, hue: float) -> np.ndarray:
    """Leaves and lights far out of focus: [side, side, 3] float32 in [0, 1]."""
    height = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    top, bottom = _hsv(hue, 0.55, 0.62), _hsv(hue + 0.06, 0.7, 0.20)
    picture = (top + (bottom - top) * height) * np.ones((1, side, 1))
    drift = smooth_noise(rng, (side, side), 3, 2)[..., None]
    picture = picture * (1 + 0.16 * drift)
    for radius in (0.024, 0.038, 0.058):
        lights = np.zeros((side, side, 3), np.float32)
        for _ in range(11):
            place = (rng.uniform(0, 1, 2) * side).astype(int)
            tint = _hsv(hue + rng.choice([0.0, -0.12, -0.32]) + rng.normal(0, 0.02), 0.45, 1.0)
            lights[place[1], place[0]] += tint * rng.uniform(0.08, 0.34)
        kernel = disc_kernel(radius * side)
        discs = cv2.filter2D(lights, -1, kernel / kernel.max(), borderType=cv2.BORDER_CONSTANT)
        picture = picture + cv2.GaussianBlur(discs, (0, 0), 2 * FINE * side) * (1.1 - height)
    return np.clip(picture, 0, 1).astype(np.float32)


def _rough_mask(alpha: np.ndarray, whiskers: np.ndarray) -> np.ndarray:
    """What a quick selection by hand would be: a smooth outline, and whiskers as thick lines."""
    scale = max(alpha.shape) / 640
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(2 * scale) + 1,) * 2)
    solid = cv2.morphologyEx((alpha > 127).astype(np.float32), cv2.MORPH_OPEN, brush)
    smooth = cv2.GaussianBlur(solid, (0, 0), 3 * scale)
    return np.where((smooth > 0.4) | (whiskers > 0.5), 255, 0).astype(np.uint8)


def render_sample(
    seed: int = 0, size: tuple[int, int] = (480, 640)
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Paints a demo picture with its exact matte: fur, whiskers and a loop to look through.

    Args:
        seed: coat, garden and every strand; 0 is the picture that ships.
        size: height and width, pixels. It is designed for 3 : 4.

    Returns:
        The composite, [H, W, 3] uint8 RGB; its alpha, [H, W] uint8; and a rough mask as a user
        would make it, [H, W] uint8, 0 or 255.
    """
    rng = np.random.default_rng([1_002, seed])
    height, width = size
    side = max(height, width)
    coat = _COATS[seed % len(_COATS)]
    painter = _Painter(rng, side)
    head = np.array([0.44, 0.42])

    _paint_tail(painter, coat)
    chest = (0.45, 0.72, 0.10, 0.14)
    painter.fill(ellipse((0.46, 0.80), 0.205, 0.27), _hsv(coat[0], coat[1], 0.55))
    _paint_fur(painter, (0.46, 0.80), (0.215, 0.285), 9000, 0.052, (0.45, 0.42), 0.4, coat, chest)
    for sign in (-1.0, 1.0):
        tip = head + np.array([sign * 0.135, -0.225])
        base = head + np.array([[sign * 0.035, -0.115], [sign * 0.150, -0.045]])
        _paint_ear(painter, tip, base, coat)
    painter.fill(ellipse(head, 0.148, 0.125), _hsv(coat[0], coat[1], 0.4))
    muzzle = (head[0], head[1] + 0.075, 0.062, 0.048)
    nose = (head[0], head[1] + 0.045)
    _paint_fur(painter, tuple(head), (0.160, 0.135), 7000, 0.034, nose, 0.12, coat, muzzle)
    _paint_face(painter, head, 0.24 if coat[0] < 0.2 else 0.13)

    top, left = (side - height) // 2, (side - width) // 2
    frame = (slice(top, top + height), slice(left, left + width))
    coverage = painter.matte.coverage()[frame]
    garden = _garden(rng, side, coat[2])[frame]
    # The painted colours are already times their share of the pixel.
    picture = painter.colour.coverage()[frame] + (1 - coverage[..., None]) * garden
    alpha = to_levels(coverage)
    return to_levels(picture), alpha, _rough_mask(alpha, painter.whiskers.coverage()[frame])
