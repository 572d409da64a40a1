"""How a program is told what the command prints: notes as warnings, sentences in its words."""

import os
from collections.abc import Mapping
from types import MappingProxyType, TracebackType

from dim_tf.config.rewording import PLAIN_NAMES, reworded
from dim_tf.system.errors import InputError, printable, warn

# What Python writes without quotes.
_NO_TEXT = ("None", "True", "False", "nan", "inf", "-inf")


class Told:
    """Takes notes as `dim_tf.system.errors.tell` does, and warns of them when a call ends.

    Sentences of an `InputError` are put into Python's words on their way out.
    """

    def __init__(self, words: Mapping[str, str] = MappingProxyType({})) -> None:
        """Takes what stands for a flag instead of its argument of `dim_tf.matte`.

        Args:
            words: by the flag's name. An argument ends in "=", and a value follows as it was given.
        """
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
                warn(in_python(note, self._words))
        finally:  # also where warnings are made errors
            if isinstance(error, InputError):
                error.args = (printable(in_python(str(error), self._words)),)
                raise error from None  # the same, since callers may tell kinds of it apart


def in_python(sentence: str, words: Mapping[str, str] = MappingProxyType({})) -> str:
    """A sentence of the command with keyword arguments in the place of its flags.

    Args:
        sentence: of an `InputError` or a note.
        words: see `Told`.
    """
    said = sentence.replace("dim-tf matte can raise the limit:", "the limit is raised by")

    def of_flag(name: str, value: str | None) -> str:
        word = words.get(name, f"{PLAIN_NAMES.get(name, name)}=")
        return _argument(word, value) if word.endswith("=") else word

    return reworded(said, of_flag)


def _argument(name: str, value: str | None) -> str:
    if value is None:
        return name
    plain = "(" in value or value.startswith(("'", "b'", "["))
    plain = plain or value in _NO_TEXT or value.lstrip("-").replace(".", "").isdecimal()
    return f"{name}{value}" if plain else f'{name}"{value}"'
