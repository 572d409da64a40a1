"""Exported files against TensorFlow: seconds per megapixel, and from nothing to the first matte.

    python benchmarks/exports.py [--checkpoint=…] [--sizes=480x736,1024x1024]

Needs `pip install onnx onnxruntime ai-edge-litert`. The network alone, photos of these sizes that
are unknown from corner to corner. Run it alone on the machine. The starts are processes of their
own: import, weights, first matte of 480 × 736 pixels.
"""

import argparse
import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from timing import fastest, machine, table

ROOT = Path(__file__).resolve().parents[1]
TENSORFLOW = {"TensorFlow, float32": "float32", "TensorFlow, bfloat16": "bfloat16"}
FILES = {"SavedModel": "saved_model", "onnxruntime": "onnx", "LiteRT": "litert"}
START_SIZE = (480, 736)
FROM_WEIGHTS = "onnxruntime, --runtime=onnx"


def runner(kind: str, file: Path) -> Callable:
    """The file as a function of rgb and trimap; imports its runtime and nothing else."""
    if kind == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        return lambda rgb, trimap: session.run(["alpha"], {"rgb": rgb, "trimap": trimap})[0]
    if kind == "litert":
        from ai_edge_litert.interpreter import Interpreter

        network = Interpreter(str(file), num_threads=os.cpu_count()).get_signature_runner()
        return lambda rgb, trimap: network(rgb=rgb, trimap=trimap)["alpha"]
    import tensorflow as tf

    loaded = tf.saved_model.load(str(file)).signatures["serving_default"]
    return lambda rgb, trimap: loaded(rgb=tf.constant(rgb), trimap=tf.constant(trimap))[
        "alpha"
    ].numpy()


def inputs_of(rgb: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.float32(rgb)[None], np.float32(trimap)[None, ..., None]


def per_megapixel(checkpoint: str, files: dict[str, Path], sizes: list, rounds: int) -> str:
    from inference import photo_and_trimap

    from dim_tf.matting.predict import load_model

    models = {
        name: load_model(checkpoint, precision=precision, post_process="none")
        for name, precision in TENSORFLOW.items()
    }
    models[FROM_WEIGHTS] = load_model(checkpoint, runtime="onnx", post_process="none")
    runners = {name: runner(kind, files[kind]) for name, kind in FILES.items()}
    names = [*models, *runners]
    rows = {name: [name] for name in names}
    for height, width in sizes:
        rgb, trimap = photo_and_trimap(height, width)
        functions = {
            name: functools.partial(model.predict_alpha, rgb, trimap)
            for name, model in models.items()
        }
        arrays = inputs_of(rgb, trimap)
        functions |= {name: functools.partial(run, *arrays) for name, run in runners.items()}
        expected = models["TensorFlow, float32"].predict_alpha(rgb, trimap)
        seconds = fastest(functions, rounds)
        for name in names:
            matte = functions[name]()
            difference = np.abs(matte.reshape(expected.shape) - expected)
            beyond = int((difference > 1e-4).sum())
            per = seconds[name] / (height * width / 1e6)
            rows[name] += [f"{per:.2f} s", f"{difference.max():.0e}, {beyond}"]
    header = ["network alone, per megapixel"]
    for height, width in sizes:
        header += [f"{width} × {height}", "largest difference, pixels above 1e-4"]
    return table(header, list(rows.values()))


def start(name: str, checkpoint: str, folder: str) -> None:
    """What a process does that makes one matte."""
    with np.load(f"{folder}/photo.npz") as file:
        rgb, trimap = file["rgb"], file["trimap"]
    if name in FILES:
        kind = FILES[name]
        (file,) = Path(folder, kind).glob("deep_image_matting.*" if kind != "saved_model" else "s*")
        runner(kind, file)(*inputs_of(rgb, trimap))
        return
    from dim_tf.matting.predict import load_model

    chosen = {"runtime": "onnx"} if name == FROM_WEIGHTS else {"precision": TENSORFLOW[name]}
    load_model(checkpoint, post_process="none", **chosen).predict_alpha(rgb, trimap)


def starts(checkpoint: str, folder: str, rounds: int) -> str:
    from inference import photo_and_trimap

    rgb, trimap = photo_and_trimap(*START_SIZE)
    np.savez(f"{folder}/photo.npz", rgb=rgb, trimap=trimap)
    own = [sys.executable, __file__, f"--checkpoint={checkpoint}", f"--folder={folder}"]

    def run(*words: str) -> None:
        subprocess.run(words, check=True, capture_output=True)

    names = [*TENSORFLOW, FROM_WEIGHTS, *FILES]
    functions = {name: lambda name=name: run(*own, f"--start={name}") for name in names}
    functions["python, NumPy alone"] = lambda: run(sys.executable, "-c", "import numpy")
    seconds = fastest(functions, rounds)
    slowest = seconds["TensorFlow, bfloat16"]
    rows = [[name, f"{value:.2f} s", f"{slowest / value:.1f}×"] for name, value in seconds.items()]
    height, width = START_SIZE
    header = [f"import, weights, first matte of {width} × {height}", "time", "faster"]
    return table(header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", default="", help="weights; left out: the shipped ones")
    parser.add_argument("--sizes", default="480x736,1024x1024", help="heights and widths")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--start", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.start:
        start(arguments.start, arguments.checkpoint, arguments.folder)
        return
    from dim_tf.exports.export import export_network

    sizes = [tuple(map(int, size.split("x"))) for size in arguments.sizes.split(",")]
    versions = ", ".join(f"{name} {version(name)}" for name in ("onnxruntime", "ai-edge-litert"))
    print(f"{machine()}, {versions}")
    with tempfile.TemporaryDirectory() as folder:
        files = {
            kind: export_network(f"{folder}/{kind}", kind, arguments.checkpoint)
            for kind in FILES.values()
        }
        measured = per_megapixel(arguments.checkpoint, files, sizes, arguments.rounds)
        print("\n" + measured, flush=True)
        print("\n" + starts(arguments.checkpoint, folder, arguments.rounds), flush=True)


if __name__ == "__main__":
    main()
