"""npz files that are read whole and checked, and JSON in them. No pickle, no code."""

import io
import json
import lzma
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dim_tf.system.files import open_atomically

# What zipfile and numpy raise on an npz file that is damaged, or something else.
UNREADABLE = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RuntimeError),
    *(ArithmeticError, MemoryError, SyntaxError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(struct.error, tokenize.TokenError),
)
# Weights and pictures do not compress to less than half; a file that claims far more is a bomb.
_LARGEST_EXPANSION = 10
_SMALL_FILE = 10_000_000  # bytes; below, constant arrays may be compressed as far as they go


def read_npz(
    path: str | os.PathLike, wanted: Callable[[str], bool] = lambda name: True
) -> dict[str, np.ndarray]:
    """Reads arrays of an npz file, each only after its checksum has been verified.

    `np.load` reads as much as an array's header says, so that an altered header can yield another
    array before the checksum is ever looked at.

    Args:
        path: of the file.
        wanted: which arrays to read, by name.

    Raises:
        FileNotFoundError: there is no such file.
        Exception: one of `UNREADABLE`, where it is damaged, holds pickles, or is no npz file.
    """
    with zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        members = {name: info for name, info in members.items() if wanted(name)}
        size = sum(info.file_size for info in members.values())
        if size > _LARGEST_EXPANSION * max(Path(path).stat().st_size, _SMALL_FILE):
            raise ValueError(f"it would expand to {size} bytes")
        return {
            name: np.lib.format.read_array(io.BytesIO(archive.read(info)), allow_pickle=False)
            for name, info in members.items()
        }


def write_npz(path: str | os.PathLike, arrays: dict[str, np.ndarray]) -> None:
    """Writes an npz file, complete or not at all.

    Raises:
        WriteError: it cannot be written there.
    """
    with open_atomically(path) as file:
        np.savez(file, **arrays)


def text_array(value: Any) -> np.ndarray:
    """What JSON can say, as the bytes of its text: [N] uint8."""
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def text_of(array: np.ndarray) -> Any:
    """What `text_array` was made from.

    Raises:
        ValueError: it is no such text.
    """
    return json.loads(array.tobytes().decode())
