"""A folder of photos: several under way at once, against one after the other, and where time goes.

    python benchmarks/folder.py [--photos=100] [--cutout] [--before=another/checkout]

Photos of half a megapixel are drawn; --data takes your own, DATA/photos and DATA/masks, instead.
Each way is a process of its own, started in turn. --before also runs the command of a checkout of
an earlier version. Run it alone on the machine: the share of its processors that other programs
took is told.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
from timing import busy_seconds, machine, table

from dim_tf.synthetic import foreground_colours, kind_of, render_matte, render_texture

ROOT = Path(__file__).resolve().parents[1]
SIZES = ((600, 833), (833, 600), (707, 707))
# The command with its photos one after the other, in one thread.
ONE_AFTER_THE_OTHER = """
import contextlib, sys
from dim_tf.commands import matte
from dim_tf.config import InferenceConfig
from dim_tf.config.flags import config_from_arguments
matte.outcomes_of = lambda work, jobs: contextlib.nullcontext(map(work, jobs))
matte.run_inference(config_from_arguments(InferenceConfig, sys.argv[1:]))
"""


def draw_photos(folder: Path, count: int) -> None:
    """Photos as JPEG and rough masks as PNG, half a megapixel each."""
    for name in ("photos", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        height, width = SIZES[number % len(SIZES)]
        side = max(height, width)
        alpha = render_matte(kind_of(number), number, side)
        share = alpha[..., None] / 255.0
        colours = foreground_colours(alpha, [], number)
        rgb = share * colours + (1 - share) * render_texture(number, (side, side))
        top, left = (side - height) // 2, (side - width) // 2
        inside = np.s_[top : top + height, left : left + width]
        for name, picture in (
            (f"photos/{number:04d}.jpg", rgb.astype(np.uint8)[inside][..., ::-1]),
            (f"masks/{number:04d}.png", np.where(alpha > 127, 255, 0).astype(np.uint8)[inside]),
        ):
            cv2.imwrite(str(folder / name), picture)


def run(command: list[str], checkout: Path) -> dict[str, float]:
    """Seconds, cores and largest memory of a command, and what others had of the cores."""
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    busy = busy_seconds()
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(f"{command[:4]} failed.")
    own = usage.ru_utime + usage.ru_stime
    return {
        "seconds": seconds,
        "core-seconds": own,
        "memory": usage.ru_maxrss * 1024 / 1e9,
        "others": (busy_seconds() - busy - own) / seconds,
    }


def compare(folder: Path, arguments: argparse.Namespace) -> str:
    """The table of all ways, the fastest run of each, and whether they write the same bytes."""
    ways = {
        "one after the other": ([sys.executable, "-c", ONE_AFTER_THE_OTHER], ROOT),
        "dim-tf matte": ([sys.executable, str(ROOT / "test.py")], ROOT),
    }
    if arguments.before:
        before = Path(arguments.before).resolve()
        ways = {"before": ([sys.executable, str(before / "test.py")], before)} | ways
    count = len(list((folder / "photos").iterdir()))
    results, written = {}, {}
    with tempfile.TemporaryDirectory() as place:
        for _ in range(arguments.rounds):
            for name, (command, checkout) in ways.items():
                out = Path(place, name)
                flags = [f"--rgb={folder}/photos", f"--alpha={folder}/masks", f"--output={out}/m/"]
                if arguments.cutout:
                    flags.append(f"--cutout={out}/c/")
                result = run([*command, *flags], checkout)
                if name not in results or result["seconds"] < results[name]["seconds"]:
                    results[name] = result
                written[name] = [path.read_bytes() for path in sorted(out.rglob("*.png"))]
                others = result["others"]
                print(f"{name}: {result['seconds']:.1f} s, others {others:.2f} cores", flush=True)
    first = next(iter(results.values()))["seconds"]
    rows = [
        [
            name,
            f"{result['seconds'] / count:.3f} s",
            f"{result['seconds'] / first:.2f}",
            f"{result['core-seconds'] / count:.2f} s",
            f"{result['core-seconds'] / result['seconds']:.2f}",
            f"{result['memory']:.2f} GB",
        ]
        for name, result in results.items()
    ]
    header = [f"{count} photos", "per photo", "ratio", "core-seconds", "cores", "peak memory"]
    same = len({tuple(contents) for contents in written.values()}) == 1
    return f"{table(header, rows)}\n\nThe same bytes: {'yes' if same else 'NO'}."


def stages(folder: Path) -> str:
    """Seconds and core-seconds of each stage of a photo, one after the other, both cores free."""
    from dim_tf.config import ReadingConfig
    from dim_tf.matting import predict
    from dim_tf.matting.of_photo import cut_out
    from dim_tf.pictures.levels import levels_of_matte
    from dim_tf.pictures.picture import read_picture
    from dim_tf.pictures.writing import encode_png
    from dim_tf.system.memory import return_large_blocks
    from dim_tf.trimaps.on_photo import photo_and_trimap

    return_large_blocks()
    model = predict.load_model(precision="auto")
    spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def timed(name, function, *values):
        wall, own = time.perf_counter(), time.process_time()
        result = function(*values)
        spent[name][0] += time.perf_counter() - wall
        spent[name][1] += time.process_time() - own
        return result

    colours = predict.follow_colours
    predict.follow_colours = lambda *values: timed("post-processing", colours, *values)
    photos = sorted((folder / "photos").iterdir())[:24]
    for number, path in enumerate([photos[0], *photos]):
        if number == 1:
            spent.clear()  # the first warms up
        reading = ReadingConfig(alpha="masks")
        picture = timed("photo and mask read", read_picture, path)
        mask = folder / "masks" / f"{path.stem}.png"
        beside = timed("photo and mask read", read_picture, mask)
        inputs = timed("trimap made", photo_and_trimap, picture, beside, reading)
        rgb, trimap = inputs.photo.rgb, inputs.trimap
        alpha = timed("network", model.predict_alpha, rgb, trimap)
        levels = levels_of_matte(alpha, "8")
        timed("matte packed as PNG", encode_png, levels)
        rgba = timed("cut-out's colours", cut_out, inputs.photo, alpha, levels)
        timed("cut-out packed as PNG", encode_png, rgba)
    for index in range(2):  # the post-processing happened inside
        spent["network"][index] -= spent["post-processing"][index]
    rows = [
        [name, f"{1e3 * wall / len(photos):.0f} ms", f"{1e3 * own / len(photos):.0f} ms"]
        for name, (wall, own) in spent.items()
    ]
    return table(["stage, per photo", "time", "core-seconds"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--data", default="", help="a folder with photos/ and masks/")
    parser.add_argument("--cutout", action="store_true", help="write cut-outs as well")
    parser.add_argument("--before", default="", help="a checkout of an earlier version")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--stages", action="store_true", help="measure the stages only")
    arguments = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(arguments.data or place)
        if not arguments.data:
            draw_photos(folder, arguments.photos)
        print("\n" + (stages(folder) if arguments.stages else compare(folder, arguments)))


if __name__ == "__main__":
    main()
