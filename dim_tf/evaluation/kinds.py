"""Kinds of pictures that are measured on, from names such as 000_hair."""

import re
from collections.abc import Sequence

_NUMBERED = re.compile(r"\d{3}_(.+)")


def kind_of_composite(name: str) -> str:
    """The kind of matte of a composite, or its source, from its name."""
    return name.partition("_")[2]


def kinds_of(names: Sequence[str]) -> dict[str, list[int]]:
    """Pictures by kind, if their names tell one: three digits, an underline and the kind.

    Args:
        names: without suffix.

    Returns:
        Kind → places in `names`, in the order in which kinds come first. Empty where a name is
        another, where all are of one kind, and where no kind comes twice.
    """
    found = [_NUMBERED.fullmatch(name) for name in names]
    kinds: dict[str, list[int]] = {}
    for place, match in enumerate(found):
        if match is None:
            return {}
        kinds.setdefault(match[1], []).append(place)
    return kinds if 1 < len(kinds) < len(names) else {}
