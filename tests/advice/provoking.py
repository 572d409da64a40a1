"""How a case provokes a sentence and takes the advice out of it.

The first argument of `refused` and `told` is a piece of the sentence as it stands in the source,
with {} in the place of what is put in; test_every_advice_is_tried.py reads it there.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from dim_tf.system.errors import InputError
from tests.advice.sentences import pattern_of


def refused(advice: str, call: Callable[..., Any], *arguments: Any, **settings: Any) -> str:
    """The sentence with which a call is refused; it holds the advice."""
    with pytest.raises(InputError) as refusal:
        call(*arguments, **settings)
    sentence = str(refusal.value)
    assert pattern_of(advice).search(sentence), sentence
    return sentence


def told(advice: str, printed: str) -> str:
    """The line of what was printed that holds the advice."""
    lines = [line for line in printed.splitlines() if pattern_of(advice).search(line)]
    assert lines, printed
    return lines[0]


def flags_in(sentence: str) -> list[str]:
    """The flags that a sentence gives with a value, as they are written on a command line."""
    return [flag.rstrip(".,;:") for flag in re.findall(r"--\w+=[^\s)]+", sentence)]
