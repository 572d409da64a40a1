"""How a program is told what the command prints: notes as warnings, sentences in its words."""

import os
import warnings
from collections.abc import Mapping
from types import MappingProxyType, TracebackType

from dim_tf.config.rewording import PLAIN_NAMES, reworded
from dim_tf.system.errors import InputError, printable


class Told:
    """Takes notes as `dim_tf.system.errors.tell` does, and warns of them when a call ends.

    Sentences of an `InputError` are put into Python's words on their way out.
    """

    def __init__(self, words: Mapping[str, str] = MappingProxyType({})) -> None:
        """Args: words: what stands for a flag instead of its argument of `dim_tf.matte`."""
        self._notes: list[str] = []
        self._words = words

    def __call__(self, path: str | os.PathLike[str], *notes: str) -> None:
        """Takes notes about a picture."""
        self._notes += [printable(f"{path}: {note}.") for note in notes]

    def __enter__(self) -> "Told":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            for note in self._notes:
                warnings.warn(
                    in_python(note, self._words), stacklevel=3
                )  # whose line called the library
        finally:  # also where warnings are made errors
            if isinstance(error, InputError):
                raise InputError(in_python(str(error), self._words)) from None


def in_python(sentence: str, words: Mapping[str, str] = MappingProxyType({})) -> str:
    """A sentence of the command with keyword arguments in the place of its flags.

    Args:
        sentence: of an `InputError` or a note.
        words: see `Told`.
    """
    said = sentence.replace("dim-tf matte can raise the limit:", "the limit is raised by")
    return reworded(said, lambda name, value: words.get(name) or _argument(name, value))


def _argument(name: str, value: str | None) -> str:
    name = PLAIN_NAMES.get(name, name)
    if value is None:
        return f"{name}="
    plain = value.startswith(("'", "(", "[")) or value.lstrip("-").isdecimal()
    return f"{name}={value}" if plain else f'{name}="{value}"'
