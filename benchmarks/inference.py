"""A matte of a photo: against closed-form matting, per pixel at several sizes, and in tiles.

    python benchmarks/inference.py [--checkpoint=…] [--largest=8] [--precision=auto]

Needs `pip install pymatting`. The precision is what test.py takes by default. Run it alone on the
machine. The large photo runs in processes of their own, whose largest memory is measured.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
from timing import fastest, machine, table

from dim_tf.matting.predict import load_model
from dim_tf.synthetic import foreground_colours, render_matte, render_texture
from dim_tf.trimaps.from_matte import trimap_from_alpha

TILED_SIZE = (4000, 6000)
COMPARED_SIZE = (1400, 1600)


def photo_and_trimap(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A procedural photo whose unknown region reaches from side to side."""
    side = 1024
    alpha = render_matte("fur", 5, side)
    colours = foreground_colours(alpha, [], 5)
    background = render_texture(5, (side, side))
    share = alpha[..., None] / 255.0
    rgb = (share * colours + (1 - share) * background).astype(np.uint8)
    trimap = trimap_from_alpha(alpha, 25).numpy()
    trimap[:8, :8] = trimap[-8:, -8:] = 128  # so that one pass has to see all of it
    return (
        cv2.resize(rgb, (width, height), interpolation=cv2.INTER_CUBIC),
        cv2.resize(trimap, (width, height), interpolation=cv2.INTER_NEAREST_EXACT),
    )


def against_closed_form(model, default_model, rounds: int) -> str:
    """Seconds of a matte and of pymatting's closed-form matting on one megapixel."""
    from pymatting import estimate_alpha_cf

    rgb, trimap = photo_and_trimap(1000, 1000)
    image, levels = rgb / 255.0, trimap / 255.0
    levels[trimap == 128] = 0.5
    seconds = fastest(
        {
            "one pass": lambda: model.predict_alpha(rgb, trimap),
            "the default: with post-processing": lambda: default_model.predict_alpha(rgb, trimap),
            "closed-form (pymatting)": lambda: estimate_alpha_cf(image, levels),
        },
        rounds,
    )
    slow = seconds["closed-form (pymatting)"]
    rows = [[name, f"{value:.2f} s", f"{slow / value:.1f}×"] for name, value in seconds.items()]
    unknown = (trimap == 128).mean()
    return table([f"1 megapixel, {unknown:.0%} of it unknown", "time", "faster"], rows)


def per_pixel(model, largest: float, rounds: int) -> str:
    """Seconds per megapixel of one pass."""
    sizes = [size for size in (0.5, 1, 2, 4, 8) if size <= largest]
    functions = {}
    for size in sizes:
        side = round((size * 1e6) ** 0.5)
        rgb, trimap = photo_and_trimap(side, side)
        functions[f"{size:g}"] = lambda rgb=rgb, trimap=trimap: model.predict_alpha(
            rgb, trimap, max_pixels=trimap.size
        )
    rows = [
        [name, f"{value:.2f} s", f"{value / float(name):.2f} s"]
        for name, value in fastest(functions, rounds).items()
    ]
    return table(["megapixels in one pass", "time", "per megapixel"], rows)


def peak_memory() -> float:
    """The most this process has had in memory, GB; getrusage would count its parent's as well."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024 / 1e9


def large_photo(model, name: str) -> list[list[str]]:
    """Time and memory of a large photo."""
    rgb, trimap = photo_and_trimap(*TILED_SIZE)
    begun = time.perf_counter()
    model.predict_alpha(rgb, trimap)
    seconds = time.perf_counter() - begun
    height, width = TILED_SIZE
    return [
        [f"{width}×{height}, {(trimap == 128).mean():.0%} unknown, {name}", f"{seconds:.1f} s"],
        ["peak memory of the process", f"{peak_memory():.2f} GB"],
    ]


def tiles_against_one_pass(model) -> list[list[str]]:
    """How the matte in tiles differs from that of one pass."""
    rgb, trimap = photo_and_trimap(*COMPARED_SIZE)
    tiled = model.predict_alpha(rgb, trimap, max_pixels=trimap.size - 1)
    one_pass = model.predict_alpha(rgb, trimap, max_pixels=trimap.size)
    difference = 255 * np.abs(tiled - one_pass)[trimap == 128]
    return [
        ["difference to one pass, mean, grey levels", f"{difference.mean():.1e}"],
        ["difference to one pass, largest, grey levels", f"{difference.max():.1e}"],
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", default="", help="weights; left out: the shipped ones")
    parser.add_argument("--largest", type=float, default=8, help="megapixels of the largest pass")
    parser.add_argument("--precision", default="auto", help="auto, float32 or bfloat16")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only_large", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    model, default_model = (
        load_model(arguments.checkpoint, precision=arguments.precision, post_process=post_process)
        for post_process in ("none", "affinity")
    )
    if arguments.only_large == "network":
        print(
            table(["in tiles", ""], large_photo(model, "network") + tiles_against_one_pass(model))
        )
        return
    if arguments.only_large:
        print(table(["in tiles", ""], large_photo(default_model, "the default")))
        return
    print(machine())
    print("\n" + against_closed_form(model, default_model, arguments.rounds), flush=True)
    print("\n" + per_pixel(model, arguments.largest, arguments.rounds), flush=True)
    del model, default_model
    for which in ("network", "default"):
        command = [sys.executable, *sys.argv, f"--only_large={which}"]
        print("\n" + subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
