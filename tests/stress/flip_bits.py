"""Flips bits of a checkpoint, one byte at a time, and reads it: noticed or harmless, never wrong.

    python tests/stress/flip_bits.py [--arrays=20000]

Every byte that is not array data (headers of the members, central directory, end record) with
several patterns, and so many bytes of the arrays, at random.

An altered length in the central directory can hide the members behind it; that counts as noticed,
because network and optimizer then miss arrays and refuse the file by name.
"""

import argparse
import json
import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import zipfile

import numpy as np

from dim_tf.config import NetworkConfig
from dim_tf.system.quiet import import_tensorflow

PATTERNS = (0x01, 0x08, 0x80, 0xFF)


def make_checkpoint(path: Path) -> None:
    """A file such as a run writes, with many small arrays and some large ones."""
    from dim_tf.model.weights import write_arrays

    generator = np.random.default_rng(0)
    arrays = {
        f"{part}/layer{number}/{kind}": generator.normal(size=shape).astype(np.float32)
        for part in ("network", "optimizer/adam")
        for number in range(5)
        for kind, shape in (("weights", (3, 3, 8, 8)), ("biases", (8,)))
    }
    progress = {"step": 200, "best": {"step": 100, "SAD": 12.5, "MSE": 0.1}, "settings": {}}
    write_arrays(path, arrays, NetworkConfig(), progress)


def places(path: Path, arrays: int) -> list[tuple[int, int]]:
    """(byte, pattern) to flip."""
    size = path.stat().st_size
    data = set()
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            content = archive.read(info)
            header = content.index(b"\n") + 1 if content.startswith(b"\x93NUMPY") else 0
            begin = info.header_offset + 30 + len(info.filename.encode()) + header
            with path.open("rb") as file:
                file.seek(info.header_offset + 28)
                begin += int.from_bytes(file.read(2), "little")
            data |= set(range(begin, begin + len(content) - header))
    others = [place for place in range(size) if place not in data]
    generator = random.Random(1)
    sample = generator.choices(sorted(data), k=arrays)
    return [(place, pattern) for place in others for pattern in PATTERNS] + [
        (place, 1 << generator.randrange(8)) for place in sample
    ]


def same(read: tuple, expected: tuple) -> bool:
    """Whether two readings hold the same arrays, config and progress."""
    return (
        read[1:] == expected[1:]
        and read[0].keys() == expected[0].keys()
        and all(
            array.dtype == expected[0][name].dtype and np.array_equal(array, expected[0][name])
            for name, array in read[0].items()
        )
    )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arrays", type=int, default=20_000)
    arguments = parser.parse_args()
    import_tensorflow()
    from dim_tf.model.weights_file import DamagedFileError, read_arrays

    outcomes: Counter = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "step-00000200.npz"
        make_checkpoint(path)
        content, expected = path.read_bytes(), read_arrays(path)
        for place, pattern in places(path, arguments.arrays):
            altered = bytearray(content)
            altered[place] ^= pattern
            path.write_bytes(altered)
            try:
                read = read_arrays(path)
            except DamagedFileError:
                outcomes["noticed"] += 1
                continue
            if expected[0].keys() - read[0].keys():
                outcomes["noticed, arrays are missing"] += 1
            elif same(read, expected):
                outcomes["harmless"] += 1
            else:
                outcomes["WRONG"] += 1
        outcomes["bytes of the file"] = len(content)
    print(json.dumps(outcomes, indent=1))
    sys.exit(bool(outcomes["WRONG"]))


if __name__ == "__main__":
    main()
