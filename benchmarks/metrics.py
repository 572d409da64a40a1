"""How long the metrics of one megapixel take on one core.

python benchmarks/metrics.py
"""

import argparse
import os

# One core: BLAS reads these when NumPy is imported.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import cv2
import numpy as np
from timing import fastest, table

from dim_tf.evaluation.metrics import connectivity, gradient, matting_errors, mse, sad
from dim_tf.synthetic import render_matte


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    # All pixels unknown and noise in every one: many small components, the slow case.
    alpha = render_matte("hair", arguments.seed, 1000)
    noise = np.random.default_rng(arguments.seed).normal(0, 20, alpha.shape)
    predicted = np.clip(alpha + noise, 0, 255).astype(np.uint8)
    pictures = predicted, alpha, np.full_like(alpha, 128)
    names = {"SAD": sad, "MSE": mse, "Gradient": gradient, "Connectivity": connectivity}
    functions = {name: lambda f=function: f(*pictures) for name, function in names.items()}
    functions["all of them, Connectivity in both readings"] = lambda: matting_errors(*pictures)
    seconds = fastest(functions, arguments.rounds)
    print(table(["1 megapixel", "time"], [[name, f"{s:.3f} s"] for name, s in seconds.items()]))


if __name__ == "__main__":
    main()
