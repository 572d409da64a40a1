"""Convolutions and their gradients as TensorFlow has them, and by oneDNN's gradient kernels.

    TF_ENABLE_ONEDNN_OPTS=1 python benchmarks/convolutions.py [--size=256]

The convolutions of the half-width network in float32, each with its gradients. Says something about
processors without AVX-512, for which `convolve_by_gradients` was made. Run it alone on the machine.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
from timing import fastest, machine, table

from dim_tf.model.convolution import convolve_by_gradients

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


def plain(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """TensorFlow's convolution."""
    return tf.nn.conv2d(x, kernel, 1, "SAME")


def measure(convolve, side: int, channels: int, filters: int, kernel: int):
    """Functions that run the convolution alone, and it with both gradients."""
    x = tf.random.normal([1, side, side, channels])
    weights = tf.Variable(tf.random.normal([kernel, kernel, channels, filters]))
    upstream = tf.random.normal([1, side, side, filters])

    @tf.function
    def forward():
        return convolve(x, weights)

    @tf.function
    def with_gradients():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = convolve(x, weights)
        return tape.gradient(y, [x, weights], upstream)

    return (
        lambda: forward().numpy(),
        lambda: [gradient.numpy() for gradient in with_gradients()],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256, help="side of the photo, pixels")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(machine())
    print(f"TF_ENABLE_ONEDNN_OPTS={os.environ.get('TF_ENABLE_ONEDNN_OPTS', '')}\n")
    rows = []
    for fraction, channels, filters, kernel in CONVOLUTIONS:
        shape = (arguments.size // fraction, channels, filters, kernel)
        ours, theirs = measure(convolve_by_gradients, *shape), measure(plain, *shape)
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
                "by gradients",
                "faster",
                "conv2d and gradients",
                "by gradients",
                "faster",
            ],
            rows,
        )
    )


if __name__ == "__main__":
    main()
