"""Training on two workers against one: seconds of a step, and how far their weights are apart.

    python benchmarks/training_workers.py [--width=0.5] [--precision=bfloat16]
    python benchmarks/training_workers.py --agreement
    python benchmarks/training_workers.py --paper

Each worker has a core of this machine to itself and a batch of one, so that twice the examples in
the time of one is an efficiency of 1. The whole loop is timed, the input pipeline included, on a
dataset made for it. `--paper` prints what the ring costs for more workers instead, `--agreement`
how far two workers are from one process with both examples. Run it alone on the machine.
"""

import argparse
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from timing import busy_seconds, table

from dim_tf.commands.prepare import make_dataset
from dim_tf.config import (
    NetworkConfig,
    OfflineConfig,
    TrainingConfig,
    config_from_values,
    with_values,
)
from dim_tf.dataset.decoded import write_decoded_copies
from dim_tf.dataset.manifest import read_manifest

STEPS, TIMED_STEPS = 14, 9
AGREEMENT_STEPS = 20
# On paper.
WORKERS = (2, 8, 64, 1000)
GIGABITS = (10, 100)
LATENCY = 50e-6  # seconds from one machine to the next, as over Ethernet


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--paper", action="store_true")
    parser.add_argument("--agreement", action="store_true")
    parser.add_argument(
        "--step_seconds", type=float, default=1.0, help="of one worker, for --paper"
    )
    parser.add_argument("--child", help="used by the script itself")
    arguments = parser.parse_args()
    if arguments.child:
        train_here(json.loads(arguments.child))
        return
    if arguments.paper:
        print_paper(arguments.step_seconds)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "data")
        make_dataset(
            with_values(OfflineConfig(), out_dir=data, synthetic=8, seed=1, progress=False)
        )
        write_decoded_copies(read_manifest(data), 10.0, progress=False)
        settings = {
            "data_dir": data,
            "width": arguments.width,
            "fc6": "1x1",
            "mixed_precision": arguments.precision,
            "progress": False,
            "image_every": 0,
        }
        if arguments.agreement:
            print_agreement(folder, settings)
        else:
            print_scaling(folder, settings)


def print_scaling(folder: str, settings: dict) -> None:
    """Two workers with a core each against one with one core.

    And two runs beside each other that have nothing to do with each other: what they lose to one
    alone, they lose to the machine they share, not to what workers say to each other.
    """
    settings |= {"steps": STEPS, "log_every": TIMED_STEPS, "checkpoint_every": STEPS}
    before = cores_busy_with_others()
    one = run_workers(folder, settings | {"batch_size": 1}, cores=[{0}])
    apart = run_workers(folder, settings | {"batch_size": 1}, cores=[{0}, {1}], together=False)
    two = run_workers(folder, settings | {"batch_size": 2}, cores=[{0}, {1}])
    seconds, busy = (
        after - begun for after, begun in zip(cores_busy_with_others(), before, strict=True)
    )
    header = ["width", "precision", "one worker, s/step", "two runs", "two workers"]
    header += ["efficiency", "of two runs"]
    row = [str(settings["width"]), settings["mixed_precision"]]
    row += [f"{seconds:.3f}" for seconds in (one, apart, two)]
    print(table(header, [[*row, f"{one / two:.2f}", f"{apart / two:.2f}"]]))
    print(f"(meanwhile other processes used {busy / seconds:.2f} cores)")


def cores_busy_with_others() -> tuple[float, float]:
    """Seconds that have passed, and core seconds that all but this and its children have used."""
    return time.monotonic(), busy_seconds() - sum(os.times()[:4])


def print_agreement(folder: str, settings: dict) -> None:
    """Two workers against one process with both examples, which is compared with itself as well.

    float32 sums in another order, as those of another number of threads, grow apart in training.
    """
    settings |= {"steps": AGREEMENT_STEPS, "batch_size": 2}
    runs = {"one process": [{0, 1}], "one process, one thread": [{0}], "two workers": [{0}, {1}]}
    for name, cores in runs.items():
        run_workers(folder, settings | {"run_dir": f"{folder}/{name}"}, cores)
    from dim_tf.model.run_folder import checkpoint_path
    from dim_tf.model.weights_file import read_arrays
    from dim_tf.training.progress import read_loss_log

    def state_of(name: str) -> tuple[np.ndarray, np.ndarray]:
        run = Path(folder) / name
        arrays, *_ = read_arrays(checkpoint_path(run, AGREEMENT_STEPS), "network/")
        losses = np.array([row["total_loss"] for row in read_loss_log(run)])
        return losses, np.concatenate([arrays[key].ravel() for key in sorted(arrays)])

    losses, weights = state_of("one process")
    rows = []
    for name in list(runs)[1:]:
        other_losses, other_weights = state_of(name)
        apart = np.abs(other_losses / losses - 1)
        distance = np.linalg.norm(other_weights - weights) / np.linalg.norm(weights)
        rows.append([name, f"{apart[0]:.0e}", f"{apart.max():.0e}", f"{distance:.0e}"])
    header = ["against one process", "first loss", f"worst of {AGREEMENT_STEPS}", "all weights"]
    print(table(header, rows))


def run_workers(folder: str, settings: dict, cores: list[set[int]], together: bool = True) -> float:
    """Runs one process for each set of cores; returns the slowest one's seconds for a step."""
    sockets = [socket.create_server(("", 0)) for _ in cores]
    addresses = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    if len(cores) > 1 and together:
        settings = settings | {"strategy": "multi_worker"}
    run_dir = tempfile.mkdtemp(dir=folder)
    processes = []
    for index, own in enumerate(cores):
        of_its_own = {"run_dir": run_dir if together else f"{run_dir}/{index}"} | settings
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        child = json.dumps({"settings": of_its_own, "cores": sorted(own)})
        processes.append(
            subprocess.Popen(
                [sys.executable, __file__, f"--child={child}"],
                env=os.environ | {"TF_CONFIG": json.dumps(task)},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit("a worker failed")
    return max(float(output.split()[-1]) for output in outputs)


def train_here(child: dict) -> None:
    """What each process does."""
    os.sched_setaffinity(0, child["cores"])
    from dim_tf.system.quiet import import_tensorflow

    import_tensorflow()
    from dim_tf.training.loop import train

    config = config_from_values(TrainingConfig, child["settings"])
    print(train(config.run, config.data.data_dir).step_seconds or 0.0)


def print_paper(step_seconds: float) -> None:
    """What a step of W workers costs more than one's, if nothing is done at the same time.

    A ring sends each worker 2 (W - 1) / W times the gradient, in 2 (W - 1) messages one after the
    other. Batch norm sends three small sums for each of its layers, each around the ring.
    """
    import keras

    from dim_tf.model.layers import ConvolutionBatchNorm
    from dim_tf.model.network import build_network

    for fc6 in ("1x1", "7x7"):
        network = build_network(NetworkConfig(fc6=fc6))
        count = sum(math.prod(variable.shape) for variable in network.trainable_variables)
        layers = sum(isinstance(layer, ConvolutionBatchNorm) for layer in network.layers)
        print(f"\nfc6 {fc6}: {count:,} weights, {4 * count / 1e6:.0f} MB of gradient a step")
        rows = []
        for workers in WORKERS:
            around = 2 * (workers - 1) * LATENCY
            row = [str(workers), f"{3 * layers * around:.2f} s"]
            for gigabits in GIGABITS:
                share = 2 * (workers - 1) / workers
                ring = share * 4 * count / (gigabits * 1e9 / 8) + around
                efficiencies = [
                    step_seconds / (step_seconds + ring + sums) for sums in (3 * layers * around, 0)
                ]
                row += [f"{ring:.2f} s", " / ".join(f"{each:.2f}" for each in efficiencies)]
            rows.append(row)
        header = ["workers", "batch norm's sums"]
        for gigabits in GIGABITS:
            header += [f"ring, {gigabits} Gbit/s", "efficiency with / without batch norm"]
        print(table(header, rows))
        keras.backend.clear_session()


if __name__ == "__main__":
    main()
