"""The input pipeline: CPU time of an example, and what it leaves of the speed of training.

    python benchmarks/pipeline.py --data_dir=DATA [--width=1] [--steps=40]

DATA comes from preprocess_offline.py. Run it alone on the machine.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import itertools
import resource
import time
from pathlib import Path

import tensorflow as tf
from timing import machine, table

from dim_tf.config import ExampleConfig, LossConfig, NetworkConfig, OptimizationConfig
from dim_tf.dataset.decoded import write_decoded_copies
from dim_tf.examples import pipeline
from dim_tf.model.network import build_network
from dim_tf.training.start import make_optimizer
from dim_tf.training.step import make_train_step


def seconds_per_example(batches, count: int) -> float:
    """Seconds of CPU time, over all threads, that an example takes."""
    iterator = iter(batches)
    for _ in range(5):
        next(iterator)
    begun = time.process_time()
    for _ in range(count):
        next(iterator)
    return (time.process_time() - begun) / count


def seconds_per_step(step, batches, count: int) -> float:
    """Seconds of the clock that a step takes with these batches."""
    for batch in itertools.islice(batches, 3):
        step(batch, tf.zeros([]))
    begun = time.perf_counter()
    for batch in itertools.islice(batches, count):
        {name: value.numpy() for name, value in step(batch, tf.zeros([])).items()}
    return (time.perf_counter() - begun) / count


def memory() -> float:
    """Resident memory now, GB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", required=True)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--soak", type=int, default=2000, help="examples to watch the memory over")
    arguments = parser.parse_args()
    print(machine())

    manifest, examples = pipeline.open_dataset(arguments.data_dir, ExampleConfig())
    write_decoded_copies(manifest, 100, progress=False)

    def batches():
        return pipeline.training_examples(manifest, examples, seed=1, batch_size=1)

    from_copies = seconds_per_example(batches(), arguments.examples)
    fastest_path, pipeline.fastest_path = pipeline.fastest_path, lambda folder, png: png
    from_pngs = seconds_per_example(batches(), arguments.examples)
    pipeline.fastest_path = fastest_path

    network = build_network(NetworkConfig(width=arguments.width, fc6="1x1"), precision="bfloat16")
    optimization = OptimizationConfig()
    optimizer = make_optimizer(optimization, 1e-4, network)
    step = make_train_step(
        LossConfig(), optimization, network, optimizer, tf.distribute.get_strategy()
    )
    one = next(iter(batches()))
    alone = seconds_per_step(step, itertools.repeat(one), arguments.steps)
    together = seconds_per_step(step, iter(batches()), arguments.steps)
    print(
        "\n"
        + table(
            ["", ""],
            [
                ["CPU time of an example from decoded copies", f"{1000 * from_copies:.1f} ms"],
                ["CPU time of an example from PNG files", f"{1000 * from_pngs:.1f} ms"],
                [f"step alone, width {arguments.width:g}, bfloat16", f"{alone:.3f} s"],
                ["step with the pipeline", f"{together:.3f} s"],
                ["speed of training, share of the step alone", f"{alone / together:.0%}"],
            ],
        )
    )
    iterator = iter(batches())
    rows = []
    for number in range(arguments.soak + 1):
        next(iterator)
        if number and number % max(1, arguments.soak // 4) == 0:
            rows.append([str(number), f"{memory():.2f} GB"])
    print("\n" + table(["examples", "resident memory"], rows))


if __name__ == "__main__":
    main()
