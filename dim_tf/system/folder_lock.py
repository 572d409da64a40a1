"""One process at a time in a folder."""

import contextlib
import os
import socket
from pathlib import Path

from absl import logging

from dim_tf.system.errors import InputError
from dim_tf.system.files import LOCK_NAME, refuse_unwritable, writing

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

_NOTE_BYTES = 200
# Two processes that come and go can take the file from under each other, not this often.
_ATTEMPTS = 100


class InUseError(InputError):
    """A folder that another process has to itself."""


class FolderLock:
    """A folder that one process has to itself while the `with` block runs.

    The lock is the operating system's, on the file `.lock` in the folder, so it ends with the
    process, however that ends; a file that a killed process left behind locks nothing. Folders that
    had to be made for it and are still empty at the end are removed.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        """Args: the folder to lock; made if missing."""
        self._folder = Path(folder)
        self._path = self._folder / LOCK_NAME
        self._descriptor: int | None = None
        self._made: list[Path] = []

    def __enter__(self) -> "FolderLock":
        """Takes the lock.

        Raises:
            InUseError: another process has it.
            InputError: it, or a folder above it, is a file; or it cannot be locked.
            WriteError: the folder cannot be written to.
        """
        refuse_unwritable(self._folder, str(self._folder))
        self._made = [path for path in (self._folder, *self._folder.parents) if not path.exists()]
        for _ in range(_ATTEMPTS):
            with writing(self._path):
                self._folder.mkdir(parents=True, exist_ok=True)
                with contextlib.suppress(FileNotFoundError):  # its last user took the folder away
                    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
                    self._descriptor = os.open(self._path, flags, 0o644)
            if self._descriptor is None:
                continue
            self._lock()
            if self.is_held():
                self._leave_note()
                return self
            self._close()  # its last user deleted the file after it had been opened here
        raise InputError(f"{self._path} cannot be locked; give another folder.")

    def __exit__(self, *error: object) -> None:
        held = self.is_held()
        if held and fcntl:  # while it is locked: after that, it may be somebody else's
            # Left behind, as on a disk that has become read-only, it locks nothing.
            with contextlib.suppress(OSError):
                self._path.unlink()
        self._close()
        if held:
            with contextlib.suppress(OSError):
                if not fcntl:
                    self._path.unlink()
                for folder in self._made:
                    folder.rmdir()

    def is_held(self) -> bool:
        """Whether the folder is still the one that was locked: not deleted, moved or replaced."""
        try:
            own, there = os.fstat(self._descriptor), self._path.stat()
        except OSError:
            return False
        return (own.st_dev, own.st_ino) == (there.st_dev, there.st_ino)

    def _lock(self) -> None:
        try:
            if fcntl:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                msvcrt.locking(self._descriptor, msvcrt.LK_NBLCK, 1)
        except (BlockingIOError, PermissionError):
            user = self._read_note()
            self._close()
            raise InUseError(
                f"{self._folder} is in use by {user}; wait until it ends, or give another folder."
            ) from None
        except OSError as error:
            logging.warning(
                "%s cannot be locked (%s); let no other process write there.", self._folder, error
            )

    def _leave_note(self) -> None:
        note = f"process {os.getpid()} on {socket.gethostname()}"
        with contextlib.suppress(OSError):  # the lock holds without it
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, note.encode()[:_NOTE_BYTES])

    def _read_note(self) -> str:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            note = os.read(self._descriptor, _NOTE_BYTES).decode()
            if note:
                return note
        return "another process"

    def _close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = None
