"""How the time and memory of a training step grow with batch size, width and crop; with a plot.

    pip install matplotlib
    python benchmarks/growth.py [--rounds=3] [--csv=docs/growth.csv] [--plot=docs/images/growth.png]

bfloat16, fc6 1x1. Each setting runs in a process of its own, whose largest memory is measured. Run
it alone on the machine.
"""

import argparse
import csv
import io
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
from inference import peak_memory
from timing import fastest, machine, table
from train_step import random_example, step_of

from dim_tf.config import NetworkConfig
from dim_tf.model.network import build_network
from dim_tf.system.files import write_bytes

# What the others stay at while one varies.
BASE = {"batch": 1, "width": 1.0, "crop": 320}
VARIED = {
    "batch": (1, 2, 4, 8),
    "width": (0.25, 0.5, 0.75, 1.0),
    "crop": (320, 416, 512, 640),
}
UNITS = {"batch": "batch size", "width": "width", "crop": "side of the crop, pixels"}


def measure(batch: int, width: float, crop: int, rounds: int) -> tuple[float, float]:
    """Seconds of a step, and the most memory this process has had, GB."""
    network = build_network(NetworkConfig(fc6="1x1", width=width), precision="bfloat16")
    example = random_example(crop)
    examples = {name: tf.repeat(picture, batch, axis=0) for name, picture in example.items()}
    seconds = fastest({"step": step_of(network, example=examples)}, rounds)["step"]
    return seconds, peak_memory()


def measure_apart(setting: dict[str, float], rounds: int) -> tuple[float, float]:
    """`measure` in a fresh process."""
    words = [f"--{name}={value}" for name, value in setting.items()]
    command = [sys.executable, __file__, "--only_one", f"--rounds={rounds}", *words]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, memory = map(float, printed.split())
    return seconds, memory


def draw(rows: list[dict], path: str) -> None:
    """One column of plots for each setting: time above, memory below."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, len(VARIED), figsize=(10, 5), sharey="row")
    for column, name in enumerate(VARIED):
        chosen = [row for row in rows if row["varied"] == name]
        for line, value, label in ((0, "seconds", "step, s"), (1, "gigabytes", "peak memory, GB")):
            axis = axes[line][column]
            axis.plot([row[name] for row in chosen], [row[value] for row in chosen], "o-")
            axis.set_ylim(bottom=0)
            axis.grid(alpha=0.3)
            if not column:
                axis.set_ylabel(label)
        axes[1][column].set_xlabel(UNITS[name])
    figure.tight_layout()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--csv", default="docs/growth.csv")
    parser.add_argument("--plot", default="docs/images/growth.png")
    parser.add_argument("--only_one", action="store_true", help=argparse.SUPPRESS)
    for name, value in BASE.items():
        parser.add_argument(f"--{name}", type=type(value), default=value, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only_one:
        print(*measure(arguments.batch, arguments.width, arguments.crop, arguments.rounds))
        return
    print(machine())
    measured, rows = {}, []
    for name, values in VARIED.items():
        for value in values:
            setting = BASE | {name: value}
            key = tuple(setting.values())
            if key not in measured:
                measured[key] = measure_apart(setting, arguments.rounds)
            seconds, memory = measured[key]
            rows.append({"varied": name} | setting | {"seconds": seconds, "gigabytes": memory})
    printed = [
        [
            UNITS[row["varied"]],
            f"{row[row['varied']]:g}",
            f"{row['seconds']:.3f} s",
            f"{row['gigabytes']:.2f} GB",
        ]
        for row in rows
    ]
    print("\n" + table(["varied", "value", "step", "peak memory"], printed))
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(arguments.csv, text.getvalue().encode())
    draw(rows, arguments.plot)


if __name__ == "__main__":
    main()
