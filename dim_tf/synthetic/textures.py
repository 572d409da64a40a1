"""Colours for foregrounds and backgrounds: crops of photographs, or procedural scenes."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from dim_tf.pictures.levels import to_levels
from dim_tf.pictures.photo import read_rgb
from dim_tf.synthetic.canvas import chance, log_uniform, smooth_noise, warp


def random_palette(rng: np.random.Generator, count: int) -> np.ndarray:
    """Colours that occur together: a few hues, any lightness. [count, 3] float32 in [0, 1]."""
    hues = (rng.uniform(0, 360) + rng.normal(0, rng.choice([15, 50, 120]), count)) % 360
    saturation = np.clip(rng.beta(1.4, 2.0) + rng.normal(0, 0.15, count), 0, 1)
    lightness = np.clip(rng.uniform(0.32, 0.75) + rng.normal(0, 0.22, count), 0.05, 0.97)
    hls = np.stack([hues, lightness, saturation], axis=1).astype(np.float32)[None]
    return cv2.cvtColor(hls, cv2.COLOR_HLS2RGB)[0]


def _mixed(field: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Colours along the palette: 0 is its first entry, 1 its last. [H, W, 3] float32."""
    steps = np.linspace(0, 1, 256) * (len(palette) - 1)
    table = np.stack([np.interp(steps, range(len(palette)), palette[:, c]) for c in range(3)], 1)
    return table.astype(np.float32)[np.clip(field * 255, 0, 255).astype(np.uint8)]


def _gradient(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    rows = np.linspace(-0.5, 0.5, size[0], dtype=np.float32)[:, None]
    columns = np.linspace(-0.5, 0.5, size[1], dtype=np.float32)[None, :]
    return 0.5 + 0.8 * (np.cos(angle) * columns + np.sin(angle) * rows)


def _clouds(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    octaves, persistence = int(rng.integers(2, 8)), rng.uniform(0.35, 0.8)
    cells, stretch = log_uniform(rng, 1.5, 12), log_uniform(rng, 0.2, 5)
    return 0.5 + 0.28 * smooth_noise(rng, size, cells, octaves, persistence, stretch)


def _stripes(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    angle, count = rng.uniform(0, np.pi), log_uniform(rng, 3, 60)
    rows = np.arange(height, dtype=np.float32)[:, None] / min(size)
    columns = np.arange(width, dtype=np.float32)[None, :] / min(size)
    across = np.cos(angle) * columns + np.sin(angle) * rows
    across = across + rng.choice([0.0, 0.02, 0.08]) * smooth_noise(rng, size, 4, 2)
    waves = np.sin(2 * np.pi * count * across)
    if chance(rng, 0.4):
        along = -np.sin(angle) * columns + np.cos(angle) * rows
        waves = waves * np.sin(2 * np.pi * count * along)
    return np.clip(0.5 + waves * rng.uniform(0.5, 6), 0, 1)


def _patches(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Cells around random points, each of one value: stones, tiles, fields."""
    height, width = size
    small = (max(8, height // 4), max(8, width // 4))
    count = int(log_uniform(rng, 8, 300))
    seeds = np.full(small, 255, np.uint8)
    seeds[rng.integers(0, small[0], count), rng.integers(0, small[1], count)] = 0
    _, labels = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    values = rng.random(count + 2).astype(np.float32)[labels % (count + 2)]
    values = cv2.resize(values, (width, height), interpolation=cv2.INTER_NEAREST)
    shift = rng.uniform(1, 12) * smooth_noise(rng, size, 12, 2)
    return warp(values, shift, -shift)


def _blobs(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Things scattered over a picture: ellipses and polygons, some shaded."""
    height, width = picture.shape[:2]
    palette = random_palette(rng, 6)
    for _ in range(int(log_uniform(rng, 4, 60))):
        reach = log_uniform(rng, 0.01, 0.25) * min(height, width)
        centre = rng.uniform(0, 1, 2) * (width, height)
        corners = int(rng.choice([3, 4, 5, 6, 40]))
        turn = np.sort(rng.uniform(0, 2 * np.pi, corners))
        points = np.stack([np.cos(turn), rng.uniform(0.3, 1.0) * np.sin(turn)], 1) * reach
        colour = palette[rng.integers(6)] * rng.uniform(0.7, 1.3)
        points = np.round((centre + points) * 16).astype(np.int32)
        cv2.fillPoly(picture, [points], colour.tolist(), cv2.LINE_AA, shift=4)
    return picture


def render_texture(seed: int, size: tuple[int, int]) -> np.ndarray:
    """A procedural picture for use where no photograph is given.

    Layers of gradients, noise, stripes, patches and scattered shapes, each in colours that go
    together, with uneven light, some blur and some grain.

    Args:
        seed: the same seed and size give the same picture.
        size: height and width, pixels.

    Returns:
        [H, W, 3] uint8, RGB.
    """
    rng = np.random.default_rng([1_000, seed])
    fields = (_gradient, _clouds, _stripes, _patches)

    def layer(weights: tuple[float, ...]) -> np.ndarray:
        field = fields[rng.choice(4, p=weights)](rng, size)
        return _mixed(field, random_palette(rng, int(rng.integers(2, 6))))

    picture = layer((0.25, 0.4, 0.15, 0.2))
    if chance(rng, 0.65):
        mask = np.clip(0.5 + rng.uniform(0.5, 4) * (_clouds(rng, size) - 0.5) * 4, 0, 1)
        picture = picture + mask[..., None] * (layer((0.2, 0.3, 0.3, 0.2)) - picture)
    if chance(rng, 0.5):
        picture = _blobs(rng, np.ascontiguousarray(picture))
    light = 1 + rng.uniform(0, 0.35) * smooth_noise(rng, size, 1.5)
    picture = picture * np.clip(light, 0.5, 1.5)[..., None]
    if chance(rng, 0.4):
        picture = cv2.GaussianBlur(picture, (0, 0), log_uniform(rng, 0.8, 0.02 * min(size) + 1))
    if chance(rng, 0.6):
        grain = rng.uniform(0.005, 0.05) * rng.standard_normal(size, dtype=np.float32)
        picture = picture + grain[..., None]
    return to_levels(picture)


def foreground_colours(
    matte: np.ndarray, photos: Sequence[Path], seed: int, *, crisp: bool = False
) -> np.ndarray:
    """Colours for a matte: pieces of photographs, or a procedural texture.

    Colours are defined everywhere, also where the matte is 0, so that resizing never mixes in
    black.

    Args:
        matte: [H, W], gives the size.
        photos: one gives all colours; of several each has patches of its own, as clothes, skin and
            hair have. None: `render_texture`.
        seed: the same seed, size and photos give the same colours.
        crisp: photographs about as sharp as they are instead of small pieces enlarged.

    Returns:
        [H, W, 3] uint8, RGB.

    Raises:
        InputError: a photo cannot be read.
    """
    size = matte.shape[:2]
    if not len(photos):
        return render_texture(seed, size)
    rng = np.random.default_rng([1_001, seed])
    piece = crisp_piece if crisp else _enlarged_piece
    colours = piece(rng, photos[0], size)
    for photo in photos[1:]:
        colours = np.where(_colour_patch(rng, size), piece(rng, photo, size), colours)
    return colours


def _enlarged_piece(rng: np.random.Generator, file: Path, size: tuple[int, int]) -> np.ndarray:
    """A random piece of a photograph at the given size, sometimes blurred: [H, W, 3] uint8."""
    photo = read_rgb(file)
    height, width = size
    side = log_uniform(rng, 0.15, 1.0) * min(photo.shape[:2])
    rows, columns = (max(1, round(side * part / max(height, width))) for part in (height, width))
    crop = _random_crop(rng, photo, (rows, columns))
    enlarging = rows < height
    method = cv2.INTER_CUBIC if enlarging else cv2.INTER_AREA
    colours = cv2.resize(crop, (width, height), interpolation=method)
    if chance(rng, 0.2):
        colours = cv2.GaussianBlur(colours, (0, 0), log_uniform(rng, 1, 8) * width / 640)
    return colours


def crisp_piece(rng: np.random.Generator, file: Path, size: tuple[int, int]) -> np.ndarray:
    """A piece of a photograph at 0.6 to 1.5 times its own size, mirrored where it is too small.

    Args:
        rng: decides which.
        file: the photograph.
        size: height and width of the piece, pixels.

    Returns:
        [H, W, 3] uint8, RGB.

    Raises:
        InputError: the photo cannot be read.
    """
    photo, scale = read_rgb(file), log_uniform(rng, 0.6, 1.5)
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    rows, columns = (max(1, round(scale * part)) for part in photo.shape[:2])
    photo = cv2.resize(photo, (columns, rows), interpolation=method)
    margins = [max(0, whole - part) for whole, part in zip(size, (rows, columns), strict=True)]
    photo = cv2.copyMakeBorder(photo, 0, margins[0], 0, margins[1], cv2.BORDER_REFLECT)
    return _random_crop(rng, photo, size)


def _random_crop(
    rng: np.random.Generator, picture: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    top, left = (
        int(rng.integers(whole - part + 1))
        for whole, part in zip(picture.shape[:2], size, strict=True)
    )
    return picture[top : top + size[0], left : left + size[1]]


def _colour_patch(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Where another material lies: stripes, tiles or smooth spots. [H, W, 1] bool."""
    fields = (_gradient, _clouds, _stripes, _patches)
    field = fields[rng.choice(4, p=(0.25, 0.35, 0.2, 0.2))](rng, size)
    return (field > np.quantile(field, rng.uniform(0.3, 0.75)))[..., None]


def with_shades(colours: np.ndarray, shades: np.ndarray, seed: int) -> np.ndarray:
    """Makes colours lighter and darker, half of the time after blurring them.

    So strands of one colour differ by their shades alone, as those of a coat do.

    Args:
        colours: [H, W, 3] uint8.
        shades: [H, W] float32 in [-1, 1], from `render_shaded_matte`.
        seed: contrast and blur depend on it.

    Returns:
        [H, W, 3] uint8.
    """
    rng = np.random.default_rng([1_003, seed])
    contrast = rng.uniform(0.3, 1.3)
    if chance(rng, 0.5):
        sigma = log_uniform(rng, 6, 60) * shades.shape[1] / 640
        colours = cv2.GaussianBlur(colours, (0, 0), sigma)
    lit = colours * np.exp2(contrast * shades)[..., None]
    return np.round(np.clip(lit, 0, 255)).astype(np.uint8)
