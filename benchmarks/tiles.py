"""Whether the tiles of the post-processing are seen, and how far they are from one solution.

python benchmarks/tiles.py --rgb=rgb/GT04.png --trimap=trimap_large/GT04.png --gt=alpha/GT04.png
"""

import argparse

import cv2
import numpy as np
from timing import table

from dim_tf import load_model, read_grey, read_rgb, read_trimap
from dim_tf.config import UNKNOWN
from dim_tf.matting import post_process
from dim_tf.matting.post_process import HALF_CERTAIN, SURE_SCALE, follow_colours
from dim_tf.matting.tiles import plan_tiles

# Side, margin and blending of tiles, pixels; as good as no blending first.
TILES = ((640, 64, 1e-3), (640, 64, 48), (640, 128, 96), (960, 64, 48), (960, 128, 96))


def enlarged(picture: np.ndarray, scale: float, interpolation: int) -> np.ndarray:
    """A photo with more unsure pixels than a small one has."""
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=interpolation)


def borders(is_open: np.ndarray, side: int, axis: int) -> list[int]:
    """Where tiles meet, along one side of the photo."""
    starts = {tile.core[axis].start for tile in plan_tiles(is_open, side, 0)}
    return sorted(starts - {min(starts)})


def steps(difference: np.ndarray, is_open: np.ndarray, side: int) -> tuple[float, float]:
    """How much a matte's difference from another changes from pixel to pixel, grey levels.

    Returns:
        Its mean along the border where it is largest, and the median of all lines.
    """
    at_borders, everywhere = [0.0], []
    for axis in (0, 1):
        change = np.abs(np.diff(np.moveaxis(difference, axis, 0), axis=0))
        both = np.moveaxis(is_open, axis, 0)
        both = both[1:] & both[:-1]
        means = {at + 1: change[at][both[at]].mean() for at in range(len(both)) if both[at].any()}
        everywhere += means.values()
        at_borders += [means.get(at, 0.0) for at in borders(is_open, side, axis)]
    return max(at_borders), float(np.median(everywhere))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("rgb", "trimap", "gt"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--scale", type=float, default=2.1, help="how far they are enlarged")
    arguments = parser.parse_args()
    rgb = enlarged(read_rgb(arguments.rgb), arguments.scale, cv2.INTER_CUBIC)
    trimap = enlarged(read_trimap(arguments.trimap), arguments.scale, cv2.INTER_NEAREST)
    truth = enlarged(read_grey(arguments.gt), arguments.scale, cv2.INTER_CUBIC)
    model = load_model(post_process="none")
    alpha, certainty = model.predict_alpha(rgb, trimap, return_certainty=True)
    scale = HALF_CERTAIN / certainty - HALF_CERTAIN
    unknown = trimap == UNKNOWN
    is_open = unknown & (scale >= SURE_SCALE)

    def sad(matte: np.ndarray) -> float:
        return float(np.abs(matte - truth / 255.0)[unknown].sum() / 1000)

    post_process.OPEN_PIXELS_AT_ONCE = post_process.PIXELS_AT_ONCE = 10**9
    at_once = follow_colours(rgb, trimap, alpha, scale)
    rows = [["at once", "", "", "", f"{sad(at_once):.2f}"]]
    post_process.OPEN_PIXELS_AT_ONCE = 0
    for side, margin, blend in TILES:
        post_process.TILE_SIDE = side
        post_process.TILE_MARGIN, post_process.TILE_BLEND = margin, blend
        matte = follow_colours(rgb, trimap, alpha, scale)
        difference = 255 * (matte - at_once)
        seam, elsewhere = steps(difference, is_open, side)
        rows.append(
            [
                f"tiles of {side}, {margin} around, blended over {2 * blend:.0f}",
                f"{np.abs(difference)[is_open].mean():.1f}",
                f"{seam:.1f}",
                f"{elsewhere:.1f}",
                f"{sad(matte):.2f}",
            ]
        )
    height, width = trimap.shape
    head = [f"{width}×{height}, {np.count_nonzero(is_open):,} unsure pixels"]
    print(table([*head, "from at once", "step at a border", "elsewhere", "SAD"], rows))


if __name__ == "__main__":
    main()
