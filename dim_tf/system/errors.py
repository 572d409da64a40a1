"""The one kind of error that is the user's to mend, and how notes are told."""

import os
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

# What can steer a terminal or turn the order of a line around, and half characters, which cannot be
# printed: they stand for bytes of a file name that are no text.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# {{function_node …}} before what an operation of TensorFlow says, [Op:…] name: behind it.
_OPERATION = re.compile(r"\{\{.*?\}\} |\s*\[Op:.*")
# Where this package lies.
_HOUSE = str(Path(__file__).parents[1]) + os.sep

# Takes what a picture is called and the notes about it, as `tell` does.
Teller = Callable[..., None]


class InputError(ValueError):
    """Something the user gave cannot be used: a file, a flag, a folder.

    The message is one sentence that names the thing, says what is wrong with it and what to do.
    The scripts print it and exit with status 1; library callers catch it as a `ValueError`.
    """

    def __init__(self, message: str) -> None:
        """Args: the sentence; names of files in it may hold anything."""
        super().__init__(printable(message))


def printable(text: str) -> str:
    """The text with control characters written as escapes, so that a file name stays a name."""
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def said_by_operation(error: Exception) -> str:
    """The first line of what TensorFlow raised, without the operation it puts around it."""
    return _OPERATION.sub("", (str(error).splitlines() or [""])[0])


def counted(number: int, thing: str) -> str:
    """So many things, as a sentence has them: 1 pair, 2 pairs."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def tell(path: str | os.PathLike, *notes: str) -> None:
    """Prints what was done with a file, one line for each note."""
    for note in notes:
        print(printable(f"{path}: {note}."), flush=True)


def warn(note: str) -> None:
    """Warns at the line that called this package, however many of its functions lie between."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HOUSE):
        level, frame = level + 1, frame.f_back
    warnings.warn(note, stacklevel=level)
