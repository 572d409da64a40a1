"""A training step against the same network written plainly, and against its convolutions alone.

    python benchmarks/train_step.py [--fc6=7x7] [--rounds=6]

Batch 1, 320 × 320, full width. Run it alone on the machine.
"""

import argparse
import os
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from plain_network import SWITCHES, build_plain
from timing import fastest, machine, table

from dim_tf.config import LossConfig, NetworkConfig, OptimizationConfig
from dim_tf.model.architecture import DECODER_CHANNELS, DECONV6_CHANNELS, ENCODER_STAGES, FC6
from dim_tf.model.network import build_network
from dim_tf.training.start import make_optimizer
from dim_tf.training.step import make_train_step

SIDE = 320
LEARNING_RATE = 1e-4


def random_example(side: int = SIDE) -> dict[str, tf.Tensor]:
    """One example of noise: the time of a step does not depend on what it sees."""
    random = np.random.default_rng(0)
    trimap = random.choice([0.0, 128.0, 255.0], (1, side, side, 1))
    foreground, background = random.uniform(0, 255, (2, 1, side, side, 3))
    alpha = random.uniform(0, 1, (1, side, side, 1))
    rgb = alpha * foreground + (1 - alpha) * background
    arrays = {
        "image_and_trimap": np.concatenate([rgb - 120, trimap], axis=-1),
        "trimap": trimap,
        "alpha": alpha,
        "foreground": foreground,
        "background": background,
        "rgb": rgb,
    }
    example = {name: tf.constant(array, tf.float32) for name, array in arrays.items()}
    return example | {"attempt": tf.zeros([1], tf.int64)}


def step_of(
    network: keras.Model,
    example: dict[str, tf.Tensor] | None = None,
    optimizer: keras.optimizers.Optimizer | None = None,
    learning_rate: float = LEARNING_RATE,
):
    """A call that does one step and waits for its values.

    Without a batch it takes one of noise, without an optimizer ours.
    """
    losses, optimization = LossConfig(), OptimizationConfig()
    optimizer = optimizer or make_optimizer(optimization, learning_rate, network)
    step = make_train_step(losses, optimization, network, optimizer, tf.distribute.get_strategy())
    example = example or random_example()
    stop = tf.zeros([])
    return lambda: [value.numpy() for value in step(example, stop).values()]


def keras_adam() -> keras.optimizers.Optimizer:
    """The optimizer of the plain reference."""
    return keras.optimizers.Adam(LEARNING_RATE)


def convolution_shapes(fc6: str) -> list[tuple[int, int, int, int]]:
    """(side of the map, input channels, output channels, kernel) of every convolution."""
    shapes, side, channels = [], SIDE, 4
    sides = []
    for count, convolutions in ENCODER_STAGES:
        for _ in range(convolutions):
            shapes.append((side, channels, count, 3))
            channels = count
        sides.append(side)
        side //= 2
    size, count = FC6[fc6]
    shapes += [(side, channels, count, size), (side, count, DECONV6_CHANNELS, 1)]
    channels = DECONV6_CHANNELS
    for side, count in zip(reversed(sides), DECODER_CHANNELS, strict=True):
        shapes.append((side, channels, count, 5))
        channels = count
    return shapes


def floor(fc6: str, dtype: tf.DType, rounds: int) -> dict[str, float]:
    """Seconds of the convolutions of a step alone: forward, input gradients, filter gradients.

    The last convolution, to one channel, is always in float32 and not counted.
    """
    seconds = dict.fromkeys(("forward", "input gradients", "filter gradients"), 0.0)
    for number, (side, channels_in, channels, size) in enumerate(convolution_shapes(fc6)):
        x = tf.cast(tf.random.normal((1, side, side, channels_in)), dtype)
        kernel = tf.cast(tf.random.normal((size, size, channels_in, channels)), dtype)
        upstream = tf.cast(tf.random.normal((1, side, side, channels)), dtype)
        calls = {
            "forward": partial(tf.nn.conv2d, x, kernel, 1, "SAME"),
            "filter gradients": partial(
                tf.raw_ops.Conv2DBackpropFilter,
                input=x,
                filter_sizes=kernel.shape,
                out_backprop=upstream,
                strides=[1] * 4,
                padding="SAME",
            ),
        }
        if number:  # nothing is learned about the photo
            calls["input gradients"] = partial(
                tf.raw_ops.Conv2DBackpropInput,
                input_sizes=x.shape,
                filter=kernel,
                out_backprop=upstream,
                strides=[1] * 4,
                padding="SAME",
            )
        for name, value in fastest(
            {name: tf.function(call) for name, call in calls.items()}, rounds
        ).items():
            seconds[name] += value
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fc6", default="1x1", choices=tuple(FC6))
    parser.add_argument("--rounds", type=int, default=6)
    arguments = parser.parse_args()
    print(machine())
    steps = {}
    for precision in ("float32", "bfloat16"):
        ours = build_network(NetworkConfig(fc6=arguments.fc6), precision=precision)
        steps[f"ours, {precision}"] = step_of(ours)
        reference = build_plain(arguments.fc6, precision)
        steps[f"plain, {precision}"] = step_of(reference, optimizer=keras_adam())
    for number, switch in enumerate(SWITCHES, start=1):
        network = build_plain(arguments.fc6, "bfloat16", switches=SWITCHES[:number])
        steps[f"… with {switch.replace('_', ' ')}"] = step_of(network, optimizer=keras_adam())
    # The same network once more, with our optimizer.
    steps["… with fused Adam"] = step_of(network)
    seconds = fastest(steps, arguments.rounds)
    floors = {
        name: floor(arguments.fc6, dtype, arguments.rounds)
        for name, dtype in (("float32", tf.float32), ("bfloat16", tf.bfloat16))
    }
    plain = seconds["plain, float32"]
    rows = []
    for name, value in seconds.items():
        convolutions = floors["float32" if name.endswith("float32") else "bfloat16"].values()
        ratios = [f"{plain / value:.2f}×", f"{value / sum(convolutions):.2f}×"]
        rows.append([name, f"{value:.3f} s", *ratios])
    print(f"\nTraining step, batch 1, {SIDE}×{SIDE}, full width, fc6 {arguments.fc6}\n")
    print(table(["network", "step", "plain float32 / this", "this / its convolutions"], rows))
    print("\nConvolutions alone\n")
    rows = [
        [name, *(f"{value:.3f} s" for value in parts.values()), f"{sum(parts.values()):.3f} s"]
        for name, parts in floors.items()
    ]
    print(table(["precision", *floors["float32"], "sum"], rows))


if __name__ == "__main__":
    main()
