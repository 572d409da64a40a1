"""Convolutions and their gradients as TensorFlow has them, and the ways around them.

    TF_ENABLE_ONEDNN_OPTS=1 python benchmarks/convolutions.py [--size=256] [--precision=bfloat16]

The convolutions of the half-width network, each with its gradients. Says something about processors
without AVX-512, for which float32 goes through oneDNN's gradient kernels, and about those without
bfloat16 instructions, for which bfloat16 goes through float32. Run it alone on the machine.
"""

import argparse
import os
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
from timing import fastest, machine, table

from dim_tf.model.convolution import convolve, convolve_by_gradients, through_float32

# Fraction of the photo's side, input and output channels, side of the kernel.
CONVOLUTIONS = [
    (1, 4, 32, 3),
    (1, 32, 32, 3),
    (1, 32, 32, 5),
    (1, 32, 1, 5),
    (2, 64, 64, 3),
    (2, 64, 32, 5),
    (4, 128, 128, 3),
    (4, 128, 64, 5),
    (8, 256, 256, 3),
    (16, 256, 256, 5),
]
OURS = {"float32": convolve_by_gradients, "bfloat16": partial(through_float32, convolve)}


def plain(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """TensorFlow's convolution."""
    return tf.nn.conv2d(x, kernel, 1, "SAME")


def measure(function, precision: str, side: int, channels: int, filters: int, kernel: int):
    """Functions that run the convolution alone, and it with both gradients."""
    x, weights, upstream = (
        tf.cast(tf.random.normal(shape), precision)
        for shape in (
            [1, side, side, channels],
            [kernel, kernel, channels, filters],
            [1, side, side, filters],
        )
    )

    @tf.function
    def forward():
        return function(x, weights)

    @tf.function
    def with_gradients():
        with tf.GradientTape() as tape:
            tape.watch([x, weights])
            y = function(x, weights)
        return tape.gradient(y, [x, weights], upstream)

    return (
        lambda: forward().numpy(),
        lambda: [gradient.numpy() for gradient in with_gradients()],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256, help="side of the photo, pixels")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(machine())
    onednn = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "")
    print(f"TF_ENABLE_ONEDNN_OPTS={onednn}, {arguments.precision}\n")
    rows = []
    for fraction, channels, filters, kernel in CONVOLUTIONS:
        shape = (arguments.size // fraction, channels, filters, kernel)
        ours, theirs = (
            measure(way, arguments.precision, *shape) for way in (OURS[arguments.precision], plain)
        )
        seconds = fastest(
            {"forward": ours[0], "plain": theirs[0], "all": ours[1], "plain all": theirs[1]},
            arguments.rounds,
        )
        rows.append(
            [
                f"{shape[0]}², {channels} → {filters}, {kernel} × {kernel}",
                *(f"{1000 * seconds[name]:.1f} ms" for name in ("plain", "forward")),
                f"{seconds['plain'] / seconds['forward']:.2f}×",
                *(f"{1000 * seconds[name]:.1f} ms" for name in ("plain all", "all")),
                f"{seconds['plain all'] / seconds['all']:.2f}×",
            ]
        )
    print(
        table(
            [
                "convolution",
                "conv2d",
                "ours",
                "faster",
                "conv2d with gradients",
                "ours",
                "faster",
            ],
            rows,
        )
    )


if __name__ == "__main__":
    main()
