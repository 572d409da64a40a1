"""Which weights file is meant. No TensorFlow here."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from dim_tf.model.run_folder import best_path, list_checkpoints
from dim_tf.model.weights_file import DamagedFileError, read_arrays
from dim_tf.system.errors import InputError
from dim_tf.system.files import is_name
from dim_tf.system.shipped import existing_or_shipped, shipped_folder

CHECKPOINTS = "checkpoints"
RELEASED_FOLDER = shipped_folder(CHECKPOINTS)
DEFAULT_CHECKPOINT = "deep_image_matting.npz"
# Beside the released weights, as the program sha256sum writes and checks it.
CHECKSUMS_NAME = "SHA256SUMS"


def existing_checkpoint(checkpoint: str | os.PathLike = "") -> Path:
    """The file or folder meant, after a look whether it is there; quick.

    Raises:
        InputError: it is not; the sentence says which exist and how to get one.
    """
    path = RELEASED_FOLDER / DEFAULT_CHECKPOINT
    if checkpoint:
        path = existing_or_shipped(checkpoint_text(checkpoint), CHECKPOINTS)
    if path.exists():
        return path
    released = ", ".join(str(found) for found in sorted(RELEASED_FOLDER.glob("*.npz"))) or "none"
    raise InputError(
        f"There is no checkpoint {path}; shipped with the program: {released}. Train one with "
        "dim-tf train --flagfile=quickstart.flags."
    )


def checkpoint_text(checkpoint: str | os.PathLike) -> str:
    """The name of a checkpoint that a library caller gave.

    Raises:
        InputError: it is of another type.
    """
    if not is_name(checkpoint):
        raise InputError(
            f"checkpoint={checkpoint!r} is no name of a file; give text or a pathlib.Path, or "
            "leave it out for the shipped weights."
        )
    return os.fspath(checkpoint)


def find_checkpoint(checkpoint: str | os.PathLike = "") -> Path:
    """The weights file that `load_model` takes for this argument.

    Args:
        checkpoint: a weights file, or the folder of a run, whose best network by validation is
            taken, or its newest; by default the shipped weights.

    Raises:
        InputError: there is none, or it goes by the name of released weights and is not these.
    """
    path = existing_checkpoint(checkpoint)
    if path.is_dir():
        return _best_or_newest(path)
    _check_released(path)
    return path


def _check_released(path: Path) -> None:
    """Refuses a file of `CHECKSUMS_NAME` that is damaged, half fetched or was replaced."""
    sums = path.parent / CHECKSUMS_NAME
    if not sums.is_file():
        return
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines()
    released = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if released.get(path.name, digest) != digest:
        raise InputError(
            f"{path} is not the file that was released: its SHA-256 begins with {digest[:8]}, not "
            f"with {released[path.name][:8]} as {sums.name} says. Fetch it again, e.g. by git "
            "checkout; weights of your own need another name."
        )


def _best_or_newest(run_dir: Path) -> Path:
    for candidate in (best_path(run_dir), *list_checkpoints(run_dir)):
        if candidate.is_file():
            try:
                read_arrays(candidate)
            except DamagedFileError:
                continue
            return candidate
    raise InputError(
        f"The folder {run_dir} holds no checkpoint that can be read; give the --run_dir of a "
        f"training or a weights file, such as {RELEASED_FOLDER / DEFAULT_CHECKPOINT}."
    )


class WeightsFile(NamedTuple):
    """The file that a network was loaded from, as it was then: a training may write it anew.

    Attributes:
        file: its path.
        sha256: of its content, hexadecimal.
    """

    file: Path
    sha256: str


def weights_file(file: Path) -> WeightsFile:
    """A file of weights and its checksum.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return WeightsFile(file, hashlib.file_digest(opened, "sha256").hexdigest())
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from None
