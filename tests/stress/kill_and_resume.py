"""Trains a narrow network while killing it again and again, and compares with an undisturbed run.

    python tests/stress/kill_and_resume.py [--kills=26] [--steps=400] [--seed=1]

Each process of the run is ended by SIGKILL at one of these moments, in turn:

    start        a random moment of the first seconds: imports, reading the checkpoint, first step
    checkpoint   while a checkpoint is being written, after a random number of its bytes
    renamed      right after a checkpoint got its name
    validation   before the prediction of a random validation image, or while the best network is
                 being written
    step         at a random step
    time         a random moment, none of the above in particular

At the end weights, optimizer, batch norm statistics, what the run knows of itself (best validation,
skipped examples), the best network, the loss log and all TensorBoard records must be the same.
One of the dataset's pictures is damaged, so that skipping is part of what must repeat.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

from dim_tf.config import ExampleConfig, NetworkConfig, OptimizationConfig, RunConfig
from dim_tf.dataset.manifest import Manifest, pairs_array, write_manifest
from dim_tf.pictures.writing import write_png
from dim_tf.system.quiet import import_tensorflow

MOMENTS = ("start", "checkpoint", "renamed", "validation", "step", "time")
SIDE = 128
FLAGS = "--these=flags\n"


def make_folders(folder: Path) -> None:
    """A dataset of four soft discs, one of them damaged, and two validation images."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]

    def noise(low: int, high: int) -> np.ndarray:
        return generator.integers(low, high, (SIDE, SIDE, 3), np.uint8)

    def disc(radius: float) -> np.ndarray:
        distance = np.hypot(y - SIDE / 2, x - SIDE / 2)
        return np.clip(255 * (radius - distance) / 12 + 128, 0, 255).astype(np.uint8)

    foregrounds, backgrounds = ("a", "b", "c", "damaged"), ("dark", "light")
    for number, name in enumerate(foregrounds):
        write_png(folder / "data" / "alpha" / f"{name}.png", disc(25 + 6 * number))
        write_png(folder / "data" / "eps" / f"{name}.png", noise(150, 256))
    damaged = folder / "data" / "eps" / "damaged.png"
    damaged.write_bytes(damaged.read_bytes()[:5000])
    for name in backgrounds:
        write_png(folder / "data" / "bg" / f"{name}.png", noise(0, 100))
    pairs = pairs_array([(f, b) for f in range(4) for b in range(2)])
    write_manifest(
        Manifest(
            folder / "data", "compact", "none", "pull_back", foregrounds, backgrounds, pairs, seed=1
        )
    )
    for name in ("p", "q"):
        alpha = disc(30)
        trimap = np.where((alpha > 0) & (alpha < 255), 128, alpha).astype(np.uint8)
        for part, picture in (("rgb", noise(0, 256)), ("alpha", alpha), ("trimap", trimap)):
            write_png(folder / "validation" / part / f"{name}.png", picture)


def run_config(folder: Path, run: str, steps: int) -> RunConfig:
    """A run that takes a fraction of a minute; no interval divides another, to be unkind."""
    return RunConfig(
        run_dir=str(folder / run),
        validation_dir=str(folder / "validation"),
        checkpoint_every=max(4, steps // 40),
        validate_every=max(5, steps // 30),
        log_every=max(3, steps // 45),
        image_every=max(5, steps // 8),
        progress=False,
        network=NetworkConfig(width=1 / 32, fc6="1x1"),
        examples=ExampleConfig(
            crop_sizes=(64, 96), input_size=64, trimap_kernel_min=9, trimap_kernel_max=15
        ),
        optimization=OptimizationConfig(steps=steps, batch_size=2, learning_rate=1e-3),
    )


# In the process that is killed


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _arm(moment: str, generator: random.Random, steps: int) -> None:
    """Lets this process kill itself at a moment."""
    from dim_tf.system import npz
    from dim_tf.training import checkpoints, progress, records, validation

    if moment in ("checkpoint", "renamed"):
        number = generator.randint(1, 2)  # the first or second checkpoint of this process
        share = generator.random()
        write_arrays, savez, written = checkpoints.write_arrays, np.savez, Counter()

        def savez_and_die(file, **arrays):
            if written["begun"] < number:
                return savez(file, **arrays)
            savez(file, **arrays)
            file.flush()
            os.ftruncate(file.fileno(), int(share * file.tell()))  # as if it had come so far only
            return _die()

        def write_and_die(*arguments, **keywords):
            written["begun"] += 1
            write_arrays(*arguments, **keywords)
            if written["begun"] == number:
                _die()

        checkpoints.write_arrays = write_and_die
        if moment == "checkpoint":
            npz.np = type("numpy_that_dies", (), {"__getattr__": lambda _, n: getattr(np, n)})()
            npz.np.savez = savez_and_die
    elif moment == "validation":
        predictions = generator.randint(1, 5)
        read, count = validation.read_test_image, Counter()

        def read_and_die(*files, **keywords):
            count["read"] += 1
            # The first two are read before the run begins.
            if count["read"] == 2 + predictions:
                if predictions == 5:  # two validations are done: the next best network
                    records.network_arrays = lambda network: _die()
                else:
                    _die()
            return read(*files, **keywords)

        validation.read_test_image = read_and_die
    if not moment:
        return
    # At the latest: a best network, for example, may not come for long.
    at = generator.randint(1, max(1, steps // 20)) if moment == "step" else steps // 6
    count, append = Counter(), progress.LossLog.append

    def append_and_die(log, values):
        append(log, values)
        count["steps"] += 1
        if count["steps"] >= at:
            if generator.random() < 0.5:
                log.flush()  # rows behind the checkpoint reach the disk
            _die()

    progress.LossLog.append = append_and_die


def child(folder: Path, run: str, moment: str, seed: int, steps: int) -> None:
    """One process of the run."""
    from dim_tf.training.loop import train

    _arm(moment, random.Random(seed), steps)
    train(run_config(folder, run, steps), str(folder / "data"), FLAGS)


# In the process that watches


def run_once(folder: Path, run: str, moment: str, generator: random.Random, steps: int) -> bool:
    """Starts the run and lets it be killed; False where it came to its end."""
    seed = generator.randrange(2**32)
    arguments = [str(folder), run, moment, str(seed), str(steps)]
    process = subprocess.Popen(
        [sys.executable, __file__, "--child", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if moment == "time":  # after some checkpoints of this process
        for _ in range(generator.randint(0, 2)):
            before = newest(folder / run)
            while newest(folder / run) == before and process.poll() is None:
                time.sleep(0.005)
        time.sleep(generator.uniform(0, 0.5))
    if moment == "start":
        time.sleep(generator.uniform(0.5, 10))
    if moment in ("start", "time"):
        process.kill()
    _, errors = process.communicate(timeout=600)
    if process.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"The run ended with status {process.returncode}:\n{errors[-4000:]}")
    return process.returncode != 0


def records(run_dir: Path) -> list[tuple[int, str, bytes]]:
    """All TensorBoard records of a run: step, name, value."""
    import tensorflow as tf

    found = []
    for path in (run_dir / "tensorboard").iterdir():
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            found += [
                (event.step, value.tag, value.tensor.SerializeToString())
                for value in event.summary.value
            ]
    return sorted(found)


def differences(killed: Path, undisturbed: Path, steps: int) -> list[str]:
    """What is not the same in two runs."""
    from dim_tf.model.run_folder import best_path, checkpoint_path
    from dim_tf.model.weights import read_arrays
    from dim_tf.training.progress import LOSS_LOG_NAME

    found = []
    for path_of in (lambda run_dir: checkpoint_path(run_dir, steps), best_path):
        (arrays, _, about), (others, _, other_about) = map(
            read_arrays, map(path_of, (killed, undisturbed))
        )
        name = path_of(killed).name
        found += [f"{name}: names of arrays"] if arrays.keys() != others.keys() else []
        found += [
            f"{name}: {key}"
            for key in arrays.keys() & others.keys()
            if not np.array_equal(arrays[key], others[key])
        ]
        found += [f"{name}: {about} ≠ {other_about}"] if about != other_about else []
    logs = [(run_dir / LOSS_LOG_NAME).read_bytes() for run_dir in (killed, undisturbed)]
    found += ["loss log"] if logs[0] != logs[1] else []
    found += ["TensorBoard"] if records(killed) != records(undisturbed) else []
    left = [path for path in killed.rglob("*") if path.name.startswith(".")]
    found += [f"left behind: {path}" for path in left]
    return found


def kill_and_resume(
    folder: Path, kills: int, steps: int, seed: int, moments: tuple[str, ...] = MOMENTS
) -> tuple[Counter, list[str]]:
    """Kills a run so often, lets it end, and compares it with one that was left alone.

    Returns:
        How often it was killed at which moment, and the differences found.

    Raises:
        SystemExit: it ended with an error, or before it was killed so often.
    """
    import_tensorflow()
    from dim_tf.training.loop import train

    make_folders(folder)
    generator = random.Random(seed)
    killed: Counter = Counter()
    number = 0
    while killed.total() < kills:
        moment = moments[number % len(moments)]
        number += 1
        if not run_once(folder, "killed", moment, generator, steps):
            raise SystemExit(
                f"The run ended after {killed.total()} kills; give fewer --kills or more --steps."
            )
        killed[moment] += 1
        print(
            f"kill {killed.total()}: {moment}, checkpoint {newest(folder / 'killed')}", flush=True
        )
    for run in ("killed", "undisturbed"):
        train(run_config(folder, run, steps), str(folder / "data"), FLAGS)
    return killed, differences(folder / "killed", folder / "undisturbed", steps)


def newest(run_dir: Path) -> str:
    """The newest checkpoint of a run, for the eye."""
    names = sorted(path.name for path in (run_dir / "checkpoints").glob("step-*.npz"))
    return names[-1] if names else "none"


def main() -> None:
    """Reads the command line."""
    if "--child" in sys.argv:
        folder, run, moment, seed, steps = sys.argv[2:]
        child(Path(folder), run, moment, int(seed), int(steps))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=26)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        killed, found = kill_and_resume(Path(folder), **vars(arguments))
    print(json.dumps({"kills": killed.total(), **killed, "differences": found}, indent=1))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
