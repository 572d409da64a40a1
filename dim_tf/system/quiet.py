"""Libraries without the lines they print by themselves."""

import contextlib
import importlib
import io
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import IO

from dim_tf.system.errors import InputError
from dim_tf.system.forked import refuse_forked

_STDERR = 2
# How lines of libraries begin: of TensorFlow (absl's log and its own), OpenCV, libjpeg, libpng and
# libtiff.
_OF_A_LIBRARY = re.compile(
    rb"WARNING: All log messages before absl|[IWEF]\d{4} \d\d:\d\d:"
    rb"|\d{4}-\d\d-\d\d [\d:.]+: [IWEF] |To enable the following instructions"
    rb"|\[ ?(?:WARN|ERROR|INFO)[:@]|Corrupt JPEG|Premature end of JPEG"
    rb"|Invalid (?:JPEG|SOS|component)|Inconsistent progression|libpng |TIFF\w+: |\w+Decode: "
)
# The descriptor is the whole process's.
_ONE_THREAD_AT_A_TIME = threading.RLock()


@contextlib.contextmanager
def stderr_held_back() -> Iterator[Callable[[], str]]:
    """Holds back what the process writes to stderr inside the block, libraries in C++ included.

    The descriptor itself is turned away, for the whole process. So threads wait for each other, and
    what another one writes there meanwhile comes when the block ends, if it begins like no line of
    a library. A program keeps what it has to say itself out of that with `keep_own_stderr`. What
    another thread starts meanwhile, as a subprocess, writes to nowhere.

    Yields:
        A function that returns what was held back so far.
    """
    try:
        os.fstat(_STDERR)
    except OSError:  # closed, as a service's may be: nothing can be written there anyway
        yield lambda: ""
        return
    with _ONE_THREAD_AT_A_TIME, _file_without_name() as held:

        def text() -> str:
            return _content_of(held).decode(errors="replace")

        if sys.stderr is not None:
            sys.stderr.flush()
        may_lose_lines = threading.active_count() > 1 and _is_pythons()
        terminal = os.dup(_STDERR)
        os.dup2(held.fileno(), _STDERR)
        try:
            yield text
        finally:
            os.dup2(terminal, _STDERR)
            os.close(terminal)
            if may_lose_lines:
                _pass_on(_content_of(held))


def open_closed_stderr() -> None:
    """Opens stderr on nothing where it is closed, as a service's may be.

    For programs, once at their begin. Else the next file that is opened would get its descriptor,
    Python would print errors to standard output, amid a picture that is written there, and nothing
    would be known of what libraries say of a picture of which a part is missing.
    """
    try:
        os.fstat(_STDERR)
    except OSError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        if nothing != _STDERR:
            os.dup2(nothing, _STDERR)
            os.close(nothing)
        sys.stderr = os.fdopen(_STDERR, "w", closefd=False)


class _Lossy(io.RawIOBase):
    """A stream that drops what cannot be written, as where the terminal was closed."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, content: memoryview) -> int:
        try:
            written = self._raw.write(content)
        except OSError:
            written = None
        return len(content) if written is None else written


def keep_own_stderr() -> None:
    """Lets Python write to stderr past `stderr_held_back`, through a descriptor of its own.

    For programs, once at their begin: one thread may tell the user something while another one
    reads a picture, and that would be lost.

    What cannot be written is lost without an error: hours of work must not end, nor an exit status
    change, because nobody is there any more to be told.
    """
    if _is_pythons() and isinstance(sys.stderr, io.TextIOWrapper):
        of_before = sys.stderr
        with contextlib.suppress(OSError):
            of_before.flush()
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(_Lossy(os.fdopen(os.dup(_STDERR), "wb", 0))),
            encoding=of_before.encoding,
            errors=of_before.errors,
            line_buffering=True,
        )


def _pass_on(held: bytes) -> None:
    """Writes what other threads wrote while stderr was held back, and no library."""
    lines = (line for line in held.splitlines(keepends=True) if not _OF_A_LIBRARY.match(line))
    with contextlib.suppress(OSError):  # a full disk, or nobody reads
        os.write(_STDERR, b"".join(lines))


def _is_pythons() -> bool:
    """Whether Python writes to the descriptor, and not past it."""
    try:
        return sys.stderr is not None and sys.stderr.fileno() == _STDERR
    except (OSError, ValueError):  # not a file, or a closed one
        return False


def _content_of(held: IO[bytes]) -> bytes:
    if not hasattr(os, "pread"):  # Windows
        held.seek(0)
        return held.read()
    # Whoever writes shares the position, which stays as it is.
    return os.pread(held.fileno(), os.fstat(held.fileno()).st_size, 0)


def _file_without_name() -> IO[bytes]:
    """In memory where the system has that: it may not let anything be written to disk."""
    if hasattr(os, "memfd_create"):  # Linux
        return os.fdopen(os.memfd_create("stderr"), "w+b")
    return tempfile.TemporaryFile()


def import_tensorflow() -> None:
    """Imports TensorFlow and holds back what its libraries write to stderr meanwhile.

    `TF_CPP_MIN_LOG_LEVEL` does not reach all of it (tensorflow/tensorflow issue 100442): on every
    machine without CUDA it says so, twice, and that would bury what the program has to say. If the
    import fails, the lines are shown.

    Keras comes with it and gets the backend TensorFlow, whatever its settings file says.

    Raises:
        InputError: Keras was imported before, with another backend; or this process was forked
            from one in which TensorFlow computed.
    """
    refuse_forked()
    keras = sys.modules.get("keras")
    if keras is None:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    elif keras.config.backend() != "tensorflow":
        raise InputError(
            f"Keras was imported with the backend {keras.config.backend()}, and dim_tf needs "
            "TensorFlow; set KERAS_BACKEND=tensorflow before Keras is imported."
        )
    if "tensorflow" in sys.modules:
        return
    said = ""
    try:
        with stderr_held_back() as held_back:
            try:
                importlib.import_module("tensorflow")
            except Exception:
                said = held_back()
                raise
    finally:
        if said:
            os.write(_STDERR, said.encode())
