"""Files that are complete or not there."""

import contextlib
import errno
import fnmatch
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dim_tf.system.errors import InputError

# Of the file by which a process has a folder to itself.
LOCK_NAME = ".lock"
# Without the file's name, to which nothing can be added where it is as long as names may be.
_UNFINISHED_PREFIX, _UNFINISHED_SUFFIX = ".dim_tf.", ".part"


# What is wrong with a disk rather than with one file on it.
_OF_THE_DISK = (errno.ENOSPC, errno.EROFS, errno.EDQUOT)


class WriteError(InputError):
    """A file that cannot be written: no room, no permission, no folder.

    Attributes:
        is_of_the_disk: whether others cannot be written there either.
    """

    def __init__(self, message: str, number: int | None = None) -> None:
        """Args: the sentence, and what the operating system calls the error."""
        super().__init__(message)
        self.is_of_the_disk = number in _OF_THE_DISK


@contextlib.contextmanager
def writing(path: str | os.PathLike) -> Iterator[None]:
    """Turns what the operating system says while a file is written into a sentence.

    Raises:
        WriteError: the file cannot be written there.
        BrokenPipeError: it is a stream that nobody reads on.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        said = f"{path} cannot be written: {error.strerror or error}."
        raise WriteError(said, error.errno) from None


def refuse_unwritable(folder: str | os.PathLike, source: str) -> None:
    """Refuses a folder that could not be written to: before hours of work, not after.

    Args:
        folder: it need not be there.
        source: what is to be written there, such as a flag, for the error.

    Raises:
        InputError: it, or a folder above it, is a file or not writable.
    """
    nearest = Path(folder).absolute()
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise InputError(f"{source} is not possible, {nearest} is a file; give a folder.")
    if not os.access(nearest, os.W_OK):
        raise InputError(f"{source} is not possible, {nearest} is not writable.")


@contextlib.contextmanager
def open_atomically(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Opens a file for writing that takes its name only when the block ends without an error.

    It is written beside its place under a hidden name and renamed; the folder is made if missing.

    Raises:
        WriteError: the file cannot be written there.
    """
    path = Path(path)
    temporary = _unfinished_beside(path)
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()


@contextlib.contextmanager
def make_folder_atomically(path: str | os.PathLike) -> Iterator[Path]:
    """Makes a folder that takes its name only when the block ends without an error.

    Yields:
        Where to put its files: a folder beside it with a hidden name, which is then renamed.

    Raises:
        WriteError: it cannot be made there, or there is one with something in it.
    """
    path = Path(path)
    temporary = _unfinished_beside(path)
    with writing(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.mkdir()
            yield temporary
            temporary.rename(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _unfinished_beside(path: Path) -> Path:
    """The name a file has until it is complete, random.

    It is known before there is such a file, so that an interrupt at any moment can clean up.
    """
    return path.parent / f"{_UNFINISHED_PREFIX}{secrets.token_hex(8)}{_UNFINISHED_SUFFIX}"


def write_bytes(path: str | os.PathLike, content: bytes) -> None:
    """Writes a file atomically.

    Raises:
        WriteError: the file cannot be written there.
    """
    with open_atomically(path) as file:
        file.write(content)


def put_aside(path: Path) -> Path:
    """Renames a file that would be written over: its name begins with `earlier_` then.

    Raises:
        WriteError: it cannot be renamed, as where a folder has that name.
    """
    earlier = path.with_name(f"earlier_{path.name}")
    with writing(earlier):
        path.replace(earlier)
    return earlier


def is_name(given: object) -> bool:
    """Whether it names a file: text, or a path of text. Bytes are none, and may be its content."""
    if isinstance(given, os.PathLike):
        given = os.fspath(given)
    return isinstance(given, str)


def encoded(text: str) -> bytes:
    """A text as files hold it: UTF-8, and what is none of it in a file's name by its numbers."""
    return text.encode(errors="backslashreplace")


def remove_unfinished(folder: str | os.PathLike, *, below: bool = True) -> None:
    """Deletes what killed processes left of `open_atomically` in a folder.

    Only while no other process writes there; see `dim_tf.system.folder_lock`. Folders in it that a
    process has to itself are left to it.

    Args:
        folder: it need not be there.
        below: whether in the folders in it as well.
    """
    for parent, folders, files in os.walk(folder):
        kept = [name for name in folders if not Path(parent, name, LOCK_NAME).exists()]
        folders[:] = kept if below else []
        for name in fnmatch.filter(files, f"{_UNFINISHED_PREFIX}*{_UNFINISHED_SUFFIX}"):
            Path(parent, name).unlink(missing_ok=True)
