"""npz files that are read whole and checked. No pickle, no code, no TensorFlow.

`dim_tf.model.weights` does the same for its own files, and cannot be imported without TensorFlow.
"""

import io
import json
import lzma
import os
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from dim_tf.system.errors import InputError
from dim_tf.system.files import open_atomically

# What zipfile and numpy raise on a file that is damaged, or something else.
_UNREADABLE = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RuntimeError),
    *(ArithmeticError, MemoryError, SyntaxError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(struct.error, tokenize.TokenError),
)
# What these files hold does not compress to less than half; one that claims far more is a bomb.
_LARGEST_EXPANSION = 10
_SMALL_FILE = 10_000_000  # bytes; below, constant arrays may be compressed as far as they go


def read_npz(path: str | os.PathLike, what: str) -> dict[str, np.ndarray]:
    """Reads every array of an npz file, each only after its checksum has been verified.

    Args:
        path: of the file.
        what: it should be, for the error, such as "weights file".

    Raises:
        InputError: there is no such file, or it is damaged or something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > _LARGEST_EXPANSION * max(Path(path).stat().st_size, _SMALL_FILE):
                raise ValueError(f"it would expand to {size} bytes")
            return {
                member.filename.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archive.read(member)), allow_pickle=False
                )
                for member in members
            }
    except FileNotFoundError:
        raise InputError(f"There is no {what} {path}; check the path.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a {what}; give the file in it.") from None
    except _UNREADABLE as error:
        raise InputError(f"{path} is damaged or no {what} ({error}); use another copy.") from None


def write_npz(path: str | os.PathLike, arrays: dict[str, np.ndarray]) -> None:
    """Writes an npz file, complete or not at all.

    Raises:
        InputError: it cannot be written there.
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
