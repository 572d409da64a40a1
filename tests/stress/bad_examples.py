"""Trains one epoch over 1,000 examples of which three are bad, and compares with the good dataset.

    python tests/stress/bad_examples.py [--examples=1000]

A colour picture is cut short, a matte has no unknown pixel, and a colour picture has another size
than its matte. All other examples must be the same as without the damage, to the last bit; the run
must reach its last step, name the three and count them; with --strict it must stop.
"""

import argparse
import dataclasses
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

from dim_tf.config import ExampleConfig, NetworkConfig, OptimizationConfig, RunConfig
from dim_tf.dataset.manifest import Manifest, pairs_array, write_manifest
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError
from dim_tf.system.quiet import import_tensorflow

SIDE = 80
EXAMPLES = ExampleConfig(
    crop_sizes=(48, 64), input_size=32, trimap_kernel_min=5, trimap_kernel_max=9
)


def make_dataset(folder: Path, count: int) -> None:
    """So many soft discs, each once, on one background."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    names = tuple(f"{number:04d}" for number in range(count))
    for name in names:
        radius, across, down = generator.uniform((15, 30, 30), (25, 50, 50))
        alpha = np.clip(255 * (radius - np.hypot(y - down, x - across)) / 9 + 128, 0, 255)
        write_png(folder / "alpha" / f"{name}.png", alpha.astype(np.uint8))
        colours = generator.integers(100, 256, (SIDE, SIDE, 3), np.uint8)
        write_png(folder / "eps" / f"{name}.png", colours)
    write_png(folder / "bg" / "dark.png", generator.integers(0, 99, (SIDE, SIDE, 3), np.uint8))
    pairs = pairs_array([(number, 0) for number in range(count)])
    write_manifest(Manifest(folder, "compact", "none", "pull_back", names, ("dark",), pairs, 1))


def damage(folder: Path, count: int) -> set[str]:
    """Makes three foregrounds unusable; their names."""
    cut, empty, small = (f"{count * part // 4:04d}" for part in (1, 2, 3))
    path = folder / "eps" / f"{cut}.png"
    path.write_bytes(path.read_bytes()[:4000])
    write_png(folder / "alpha" / f"{empty}.png", np.zeros((SIDE, SIDE), np.uint8))
    write_png(folder / "eps" / f"{small}.png", np.zeros((SIDE, SIDE - 1, 3), np.uint8))
    return {cut, empty, small}


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=1_000)
    count = parser.parse_args().examples
    import_tensorflow()
    from dim_tf.examples.pipeline import open_dataset, training_examples
    from dim_tf.training.loop import train

    with tempfile.TemporaryDirectory() as name:
        good, bad = Path(name) / "good", Path(name) / "bad"
        make_dataset(good, count)
        shutil.copytree(good, bad)
        names = damage(bad, count)
        epochs = []
        for folder in (good, bad):
            manifest, config = open_dataset(str(folder), EXAMPLES)
            epochs.append(training_examples(manifest, config, seed=1, batch_size=1).take(count))
        equal = replaced = different = 0
        for example, other in zip(*(epoch.as_numpy_iterator() for epoch in epochs), strict=True):
            if manifest.foreground_name(int(example["pair"][0])) in names:
                replaced += int(other["attempt"][0] > 0)
            elif all(np.array_equal(example[key], other[key]) for key in example):
                equal += 1
            else:
                different += 1
        run = RunConfig(
            run_dir=str(Path(name) / "run"),
            progress=False,
            network=NetworkConfig(width=1 / 32, fc6="1x1"),
            examples=EXAMPLES,
            optimization=OptimizationConfig(steps=count),
        )
        result = train(run, str(bad))
        try:
            train(dataclasses.replace(run, run_dir=f"{name}/strict", strict=True), str(bad))
            stopped = "it did not stop"
        except InputError as error:
            stopped = str(error).replace(name, "")
    outcome = {
        "examples": count,
        "equal to those of the good dataset": equal,
        "different": different,
        "replaced": replaced,
        "steps done": result.step,
        "skipped": {key.replace(name, ""): value for key, value in result.skipped_examples.items()},
        "--strict": stopped,
    }
    print(json.dumps(outcome, indent=1, ensure_ascii=False))
    passed = different == 0 and replaced == 3 == len(result.skipped_examples)
    sys.exit(not (passed and result.step == count and "did not" not in stopped))


if __name__ == "__main__":
    main()
