"""Sentences of the command for those who type no flags: its flags in other words."""

import functools
import re
from collections.abc import Callable

from dim_tf.config.fields import values_of
from dim_tf.config.inference import MattingConfig, ReadingConfig, WritingConfig

# A flag's name, and the value that it is given in the sentence, if it is.
Reworded = Callable[[str, str | None], str]
# Flags that have another name where nobody types them: as an argument, as a field of a form.
PLAIN_NAMES = {"rgb": "photo", "alpha": "mask", "rect": "rectangle"}


def reworded(sentence: str, flag_in_words: Reworded) -> str:
    """A sentence about pictures or mattes with each flag of `dim-tf matte` put in other words.

    Args:
        sentence: of an `InputError` or a note.
        flag_in_words: from a flag's name and value to what stands in its place.
    """
    return _flag().sub(lambda found: flag_in_words(*found.groups()), sentence)


@functools.cache
def _flag() -> re.Pattern[str]:
    parts = (ReadingConfig, MattingConfig, WritingConfig)
    names = "|".join(name for part in parts for name in values_of(part()))
    word = r"-?[\w#]+(?:\.\d+)?"
    value = rf"b?'[^']*'|\w+\([^)]*\)|{word}(?:,{word})*|\([^)]*\)|\[[^\]]*\]"
    return re.compile(rf"(?<![\w/.\\-])--({names})\b(?!\.\w)(?:=({value}))?")
