"""Sends many photos of mixed sizes through one process of test.py and watches its memory.

    python tests/stress/soak_inference.py [--photos=500] [--fresh=10] [--sizes=0] [--width=0.03125]

Memory is read from /proc at each line test.py prints, while other photos are under way, and so it
goes up and down. It must stay within ±8 % of what it was after the first 50 photos, and the mattes
of some photos must equal, byte for byte, those of a fresh process for each. The network is random
and narrow (--width), so that the run takes minutes: what could leak, Python, decoders, TensorFlow's
graph for each new size, does not depend on the width.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import cv2
import numpy as np

from dim_tf.config import NetworkConfig
from dim_tf.pictures.writing import write_png
from dim_tf.system.quiet import import_tensorflow

WARM_UP = 50
ALLOWED = 0.08
SIDES = (60, 640)  # pixels
# Some photos go through in tiles.
MAX_PIXELS = 250_000


def make_checkpoint(path: Path, width: float) -> None:
    """Random weights of a narrow network."""
    import_tensorflow()
    import keras

    from dim_tf.model.network import build_network
    from dim_tf.model.weights import save_weights

    config = NetworkConfig(width=width, fc6="1x1", skip=True, normalize_input=True)
    keras.utils.set_random_seed(1)
    save_weights(path, build_network(config), config, {})


def make_photos(folder: Path, count: int, sizes: int) -> None:
    """Photos and masks: random sizes, PNG and JPEG, grey and RGBA among them."""
    generator = np.random.default_rng(0)
    all_sizes = generator.integers(*SIDES, (sizes or count, 2))
    for number in range(count):
        height, width = all_sizes[number % len(all_sizes)]
        y, x = np.mgrid[:height, :width]
        mask = np.where(np.hypot(y / height - 0.5, x / width - 0.5) < 0.3, 255, 0).astype(np.uint8)
        write_png(folder / "masks" / f"{number:04d}.png", mask)
        small = generator.integers(0, 256, (9, 9, 3), np.uint8)
        photo = cv2.resize(small, (int(width), int(height)), interpolation=cv2.INTER_CUBIC)
        if number % 5 == 1:
            photo = photo[..., 0]
        elif number % 5 == 2:
            photo = np.dstack([photo, mask])
        path = folder / "photos" / f"{number:04d}{'.jpg' if number % 5 == 3 else '.png'}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cv2.imencode(path.suffix, photo)[1].tobytes())


def command(folder: Path, photos: Path, masks: Path, output: Path) -> list[str]:
    """A command line of test.py."""
    return [
        *(sys.executable, str(ROOT / "test.py"), f"--rgb={photos}", f"--alpha={masks}"),
        *(f"--checkpoint={folder / 'tiny.npz'}", f"--output={output}", "--trimap_kernel=15"),
        f"--max_pixels={MAX_PIXELS}",
    ]


def watch(arguments: list[str]) -> list[float]:
    """Resident memory of a process in MB, at each line about a photo."""
    memory = []
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if ": matte " in line:
            pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
            memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
    if process.wait():
        raise SystemExit("test.py failed.")
    return memory


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--fresh", type=int, default=10)
    parser.add_argument("--sizes", type=int, default=0, help="so many different ones; 0: all")
    parser.add_argument("--width", type=float, default=1 / 32)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_checkpoint(folder / "tiny.npz", arguments.width)
        make_photos(folder, arguments.photos, arguments.sizes)
        mattes = folder / "mattes"
        memory = watch(command(folder, folder / "photos", folder / "masks", mattes))
        different = []
        photos = sorted((folder / "photos").iterdir())
        for photo in photos[:: max(1, len(photos) // max(1, arguments.fresh))][: arguments.fresh]:
            matte = folder / "fresh" / f"{photo.stem}.png"
            watch(command(folder, photo, folder / "masks" / matte.name, matte))
            if matte.read_bytes() != (mattes / matte.name).read_bytes():
                different.append(photo.name)
    reference = float(np.median(memory[WARM_UP : WARM_UP + 20]))
    late = np.array(memory[WARM_UP:]) / reference - 1
    result = {
        "photos": len(memory),
        "MB after each 50th photo": [round(value) for value in memory[49::50]],
        "MB around photo 60": round(reference),
        "largest deviation after 50": f"{late[np.abs(late).argmax()]:+.1%}",
        "deviation of the last 50": f"{late[-50:].mean():+.1%}",
        "compared with fresh processes": arguments.fresh,
        "different": different,
    }
    print(json.dumps(result, indent=1))
    failed = different or len(memory) != arguments.photos or np.abs(late).max() > ALLOWED
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
