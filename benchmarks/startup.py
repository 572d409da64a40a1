"""How long `python test.py` takes on a photo of half a megapixel, and what of it is TensorFlow.

python benchmarks/startup.py [--checkpoint=…]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from inference import photo_and_trimap
from timing import fastest, machine, table

from dim_tf.matting.predict import load_model
from dim_tf.pictures.writing import write_png

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", default="", help="weights; left out: the shipped ones")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(machine())
    rgb, trimap = photo_and_trimap(600, 833)
    model = load_model(arguments.checkpoint, precision="auto")
    with tempfile.TemporaryDirectory() as folder:
        write_png(f"{folder}/rgb.png", rgb)
        write_png(f"{folder}/trimap.png", trimap)
        command = [sys.executable, str(ROOT / "test.py"), f"--checkpoint={arguments.checkpoint}"]
        command += [f"--{name}={folder}/{name}.png" for name in ("rgb", "trimap")]
        command += [f"--output={folder}/alpha.png"]

        def run(words: list[str]) -> None:
            subprocess.run(words, check=True, capture_output=True)

        seconds = fastest(
            {
                "python -c 'import tensorflow'": lambda: run(
                    [sys.executable, "-c", "import tensorflow"]
                ),
                "matte, model loaded": lambda: model.predict_alpha(rgb, trimap),
                "python test.py": lambda: run(command),
                "python test.py --cutout": lambda: run([*command, f"--cutout={folder}/c.png"]),
            },
            arguments.rounds,
        )
    needed = seconds["python -c 'import tensorflow'"] + seconds["matte, model loaded"]
    rows = [[name, f"{value:.2f} s"] for name, value in seconds.items()]
    rows.append(["test.py / (import + matte)", f"{seconds['python test.py'] / needed:.2f}×"])
    print("\n" + table(["", "time"], rows))


if __name__ == "__main__":
    main()
