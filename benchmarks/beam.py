"""The Beam pipeline on this machine, with one and two processes, against `dim-tf matte`.

    python benchmarks/beam.py [--photos=200] [--checkpoint=…] [--soak=500]

The photos are those of benchmarks/folder.py. Needs `pip install apache-beam`. Run it alone on the
machine. --soak watches the memory of the process that works on so many photos of many sizes, small
ones and with a narrow random network, so that it takes minutes.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from folder import ROOT, draw_photos, run
from timing import machine, table

sys.path.insert(0, str(ROOT))
PIPELINE = [sys.executable, "-m", "dim_tf.commands.beam"]


def against_the_command(folder: Path, place: Path, checkpoint: str, rounds: int) -> str:
    """Seconds per photo of each way, its fastest run, and whether the bytes are the same."""
    flags = [f"--rgb={folder}/photos", f"--alpha={folder}/masks", f"--checkpoint={checkpoint}"]
    ways = {
        "dim-tf matte": [sys.executable, str(ROOT / "test.py")],
        "Beam, one process": PIPELINE,
        "Beam, two processes": [*PIPELINE, "--workers=2"],
    }
    count = len(list((folder / "photos").iterdir()))
    results, written = {}, {}
    for number in range(rounds):
        for name, command in ways.items():
            out = place / f"{name} {number}"
            result = run([*command, *flags, f"--output={out}/"], ROOT)
            others = result["others"]
            print(f"{name}: {result['seconds']:.1f} s, others {others:.2f} cores", flush=True)
            if name not in results or result["seconds"] < results[name]["seconds"]:
                results[name] = result
            written[name] = [path.read_bytes() for path in sorted(out.glob("*.png"))]
    first = results["dim-tf matte"]["seconds"]
    rows = [
        [name, f"{result['seconds'] / count:.3f} s", f"{result['seconds'] / first:.2f}"]
        for name, result in results.items()
    ]
    same = len({tuple(contents) for contents in written.values()}) == 1
    return (
        table([f"{count} photos", "per photo", "ratio"], rows)
        + f"\n\nThe same bytes: {'yes' if same else 'NO'}."
    )


def soak(place: Path, count: int) -> str:
    """Resident memory of the process while mattes appear."""
    from tests.stress.soak_inference import make_checkpoint, make_photos

    make_checkpoint(place / "tiny.npz", 1 / 32)
    make_photos(place, count, 0)
    command = [*PIPELINE, f"--rgb={place}/photos/", f"--alpha={place}/masks/"]
    command += [f"--output={place}/mattes/", f"--checkpoint={place}/tiny.npz"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    memory: dict[int, float] = {}

    def watch() -> None:
        while process.poll() is None:
            done = len(list((place / "mattes").glob("*.png")))
            status = Path(f"/proc/{process.pid}/statm")
            if done % 50 == 0 and done and done not in memory and status.exists():
                pages = int(status.read_text().split()[1])
                memory[done] = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
            time.sleep(0.005)

    watching = threading.Thread(target=watch)
    watching.start()
    process.wait()
    watching.join()
    return table(["after photo", "MB"], [[str(done), f"{mb:.0f}"] for done, mb in memory.items()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--data", default="", help="a folder with photos/ and masks/")
    parser.add_argument("--checkpoint", default="", help="weights; left out: the shipped ones")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--soak", type=int, default=0)
    arguments = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as place:
        if arguments.soak:
            print("\n" + soak(Path(place), arguments.soak))
            return
        folder = Path(arguments.data or place)
        if not arguments.data:
            draw_photos(folder, arguments.photos)
        print(
            "\n" + against_the_command(folder, Path(place), arguments.checkpoint, arguments.rounds)
        )


if __name__ == "__main__":
    main()
