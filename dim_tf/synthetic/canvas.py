"""Drawing surface with coverage as opacity, and the smooth noise that the other modules share.

All coordinates are fractions of the side: (0, 0) is the top left corner of the picture, (1, 1) the
bottom right one. A drawing is therefore the same at every size. Widths follow the same rule.
"""

from collections.abc import Sequence

import cv2
import numpy as np

# Sub-pixels per pixel and axis. Four give 16 sub-pixels, and the thinnest line, one sub-pixel wide,
# covers a quarter of a pixel.
SUPERSAMPLING = 4

# Mattes are designed at this side: a width of `2 * FINE` is two pixels there.
FINE = 1.0 / 640.0

_SUBPIXEL_BITS = 4

# Lines may be round, lighter along their middle by so much, if this many sub-pixels wide.
_HIGHLIGHT, _THINNEST_WITH_HIGHLIGHT = 70, 6

# What a shape is painted with: an opacity of 0 to 255, or the three parts of a colour.
Paint = int | tuple[int, int, int]


class Canvas:
    """A square, supersampled surface that shapes are painted on; `coverage` averages it down.

    Args:
        size: side of the matte, pixels.
        supersampling: sub-pixels per pixel and axis.
        channels: 1 for opacity; 3 for colours, which are then premultiplied by the coverage.
    """

    def __init__(self, size: int, supersampling: int = SUPERSAMPLING, channels: int = 1):
        self.size = size
        self.supersampling = supersampling
        self.side = size * supersampling
        shape = (self.side, self.side) if channels == 1 else (self.side, self.side, channels)
        self.pixels = np.zeros(shape, np.uint8)

    def fill(self, outline: np.ndarray, opacity: Paint = 255) -> None:
        """Paints the inside of one closed outline, [k, 2] float."""
        self.fill_each(outline[None], opacity)

    def fill_each(self, outlines: np.ndarray, opacity: Paint = 255) -> None:
        """Paints the insides of n closed outlines of k points each, [n, k, 2] float."""
        for points in self._fixed_point(self._inset(outlines)):
            self._fill(points, opacity)

    def stroke(self, paths: Sequence[np.ndarray], width: float, closed: bool = False) -> None:
        """Paints lines of one width along paths, each [n, 2] float."""
        thickness = max(1, round(width * self.side))
        self._stroke([self._fixed_point(path) for path in paths], thickness, closed)

    def strands(
        self, paths: np.ndarray, widths: np.ndarray, opacities: Sequence[Paint] | None = None
    ) -> None:
        """Paints strands whose width changes along them.

        Args:
            paths: [n, k, 2] float, k points of each of n strands.
            widths: [n, k] float.
            opacities: n opacities of 0 to 255, or n colours; left out: all opaque.
        """
        opacities = [255] * len(paths) if opacities is None else opacities
        for points, opacity in zip(self._strand_outlines(paths, widths), opacities, strict=True):
            self._fill(points, opacity)

    def coverage(self) -> np.ndarray:
        """The share of each pixel that is painted: [size, size] float32 in [0, 1].

        With three channels [size, size, 3], each colour times its share.
        """
        shape = (self.size, self.size)
        return cv2.resize(self.pixels, shape, interpolation=cv2.INTER_AREA) / np.float32(255)

    def _fill(self, points: np.ndarray, opacity: Paint) -> None:
        cv2.fillPoly(self.pixels, [points], opacity, shift=_SUBPIXEL_BITS)

    def _stroke(self, paths: list[np.ndarray], thickness: int, closed: bool) -> None:
        line = cv2.LINE_AA if thickness == 1 else cv2.LINE_8
        cv2.polylines(
            self.pixels, paths, closed, 255, thickness, lineType=line, shift=_SUBPIXEL_BITS
        )

    def _strand_outlines(self, paths: np.ndarray, widths: np.ndarray) -> np.ndarray:
        tangents = np.gradient(paths, axis=1)
        tangents /= np.maximum(np.linalg.norm(tangents, axis=-1, keepdims=True), 1e-9)
        normals = np.stack([-tangents[..., 1], tangents[..., 0]], axis=-1)
        # As in _inset: the outline itself is painted too, half a sub-pixel to either side.
        half = np.maximum(widths - 1.0 / self.side, 0.0)[..., None] / 2
        sides = [paths + normals * half, (paths - normals * half)[:, ::-1]]
        return self._fixed_point(np.concatenate(sides, axis=1))

    def _inset(self, outlines: np.ndarray) -> np.ndarray:
        # fillPoly paints every sub-pixel that the outline touches, half a sub-pixel too much all
        # around; drawn smaller by as much, the painted area is that of the outline.
        following = np.roll(outlines, -1, axis=1)
        tangents = following - np.roll(outlines, 1, axis=1)
        tangents /= np.maximum(np.linalg.norm(tangents, axis=-1, keepdims=True), 1e-9)
        turning = outlines[..., 0] * following[..., 1] - outlines[..., 1] * following[..., 0]
        turn = np.sign(turning.sum(axis=1))[:, None, None]
        inward = np.stack([-tangents[..., 1], tangents[..., 0]], axis=-1) * turn
        return outlines + inward * (0.5 / self.side)

    def _fixed_point(self, points: np.ndarray) -> np.ndarray:
        # A sub-pixel's centre has integer coordinates in OpenCV.
        scaled = (np.asarray(points) * self.side - 0.5) * (1 << _SUBPIXEL_BITS)
        return np.round(np.clip(scaled, -(2**24), 2**24)).astype(np.int32)


class ShadedCanvas(Canvas):
    """A canvas for opacity on which every shape also has a shade of its own.

    So a strand that lies before others is seen, though the matte is opaque there.

    Args:
        size: as for `Canvas`.
        supersampling: likewise.
        rng: source of the shades. They take nothing from the drawing's own randomness.
    """

    def __init__(self, size: int, supersampling: int, rng: np.random.Generator):
        super().__init__(size, supersampling)
        self.rng = rng
        self.shades = np.full_like(self.pixels, 128)
        self.round_lines = chance(rng, 0.5)

    def shading(self) -> np.ndarray:
        """Shades averaged down: [size, size] float32 in [-1, 1], 0 where nothing was painted."""
        shape = (self.size, self.size)
        averages = cv2.resize(self.shades, shape, interpolation=cv2.INTER_AREA)
        return (averages.astype(np.float32) - 128) / 128

    def shade_strands(self, paths: np.ndarray, widths: np.ndarray) -> None:
        """Gives shades to strands [n, k, 2] of widths [n, k], on what is painted already only.

        So the strands of a coat are seen inside its outline. The opacity does not change.
        """
        before = self.shades.copy()
        for points in self._strand_outlines(paths, widths):
            self._shade_area(points)
        self.shades = np.where(self.pixels > 0, self.shades, before)

    def _fill(self, points: np.ndarray, opacity: Paint) -> None:
        super()._fill(points, opacity)
        if opacity:
            self._shade_area(points)

    def _stroke(self, paths: list[np.ndarray], thickness: int, closed: bool) -> None:
        super()._stroke(paths, thickness, closed)
        for path in paths:
            shade = self._shade()
            self._shade_line(path, closed, shade, thickness)
            if self.round_lines and thickness >= _THINNEST_WITH_HIGHLIGHT:
                self._shade_line(path, closed, min(shade + _HIGHLIGHT, 255), thickness // 3)

    def _shade_area(self, points: np.ndarray) -> None:
        cv2.fillPoly(self.shades, [points], self._shade(), shift=_SUBPIXEL_BITS)

    def _shade_line(self, path: np.ndarray, closed: bool, shade: int, thickness: int) -> None:
        cv2.polylines(self.shades, [path], closed, shade, thickness, shift=_SUBPIXEL_BITS)

    def _shade(self) -> int:
        return int(np.clip(128 + 60 * self.rng.standard_normal(), 0, 255))


def smooth_noise(
    rng: np.random.Generator,
    size: tuple[int, int],
    cells: float,
    octaves: int = 1,
    persistence: float = 0.5,
    stretch: float = 1.0,
) -> np.ndarray:
    """Random smooth field: a sum of octaves, each a coarse random grid enlarged.

    Args:
        rng: source of the random grids.
        size: height and width.
        cells: grid cells along the shorter side in the first octave; doubles with each octave.
        octaves: how many grids are summed.
        persistence: amplitude of an octave relative to the one before.
        stretch: above 1 the features are that much longer along y than along x.

    Returns:
        [H, W] float32, mean about 0 and standard deviation about 1.
    """
    height, width = size
    short = min(height, width)
    field = np.zeros(size, np.float32)
    amplitude, total = 1.0, 0.0
    for _ in range(octaves):
        rows = max(2, round(cells * height / short / stretch)) + 3
        columns = max(2, round(cells * width / short)) + 3
        grid = rng.standard_normal((rows, columns), dtype=np.float32)
        field += amplitude * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        total += amplitude**2
        amplitude *= persistence
        cells *= 2
        if cells > short / 2:
            break
    # Enlarging by interpolation leaves about two thirds of the grid's deviation.
    return field / np.float32(0.68 * np.sqrt(total))


def warp(field: np.ndarray, shift_x: np.ndarray, shift_y: np.ndarray) -> np.ndarray:
    """`field` looked up at places shifted by so many pixels; the border is reflected."""
    height, width = field.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    return cv2.remap(
        field,
        columns + shift_x.astype(np.float32),
        rows + shift_y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def chance(rng: np.random.Generator, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)


def log_uniform(
    rng: np.random.Generator, low: float, high: float, size: int | tuple | None = None
) -> np.ndarray | float:
    """Draws between two positive numbers so that each factor of two is equally likely."""
    return np.exp(rng.uniform(np.log(low), np.log(high), size))
