"""What a setting is: a dataclass field with a default, a help text and bounds."""

import dataclasses
import math
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from dim_tf.system.errors import InputError


def option(
    default: Any,
    help: str,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
) -> Any:
    """A dataclass field with a help text, what the setting means in its unit, and its bounds."""
    bounds = {"at least": at_least, "above": above, "at most": at_most}
    return dataclasses.field(default=default, metadata={"help": help, "bounds": bounds})


def probability(help: str) -> Any:
    """A dataclass field for how often something random happens; 0, never, is its default."""
    return option(0.0, help, at_least=0, at_most=1)


def part(config_class: type) -> Any:
    """A dataclass field that is itself a group of settings."""
    return dataclasses.field(default_factory=config_class, metadata={"part": config_class})


def choices_of(hint: Any) -> tuple[str, ...] | None:
    """The allowed words of a `Literal` type hint, or None for any other hint."""
    return get_args(hint) if get_origin(hint) is Literal else None


class Checked:
    """Refuses a value of the wrong type, a word not among the choices, a number out of bounds.

    Each group of settings is a frozen dataclass on top of it.
    """

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            allowed = choices_of(hints[field.name])
            value = getattr(self, field.name)
            if allowed and value not in allowed:
                raise InputError(
                    f"--{field.name}={value} is not possible; choose one of {', '.join(allowed)}."
                )
            if not _is_of_type(value, hints[field.name]):
                raise InputError(f"--{field.name}={value!r} is not possible; see --help.")
            if isinstance(value, int | float) and not _inside(value, field.metadata["bounds"]):
                bounds = " and ".join(
                    f"{name} {bound}"
                    for name, bound in field.metadata["bounds"].items()
                    if bound is not None
                )
                raise InputError(f"--{field.name}={value} is not possible; give a number {bounds}.")


def is_union(hint: Any) -> bool:
    """Whether a type hint is like `float | None` or `int | Literal["auto"]`."""
    return get_origin(hint) in (types.UnionType, Union)


def _is_of_type(value: Any, hint: Any) -> bool:
    """Whether a value suits a field's type hint. Configs are also read from files."""
    if is_union(hint):
        return any(_is_of_type(value, member) for member in get_args(hint))
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(type(item) is get_args(hint)[0] for item in value)
    return type(value) in {float: (float, int)}.get(hint, (hint,))


def _inside(value: float, bounds: dict[str, float | None]) -> bool:
    if not math.isfinite(value):
        return False
    at_least, above, at_most = bounds.values()
    return (
        (at_least is None or value >= at_least)
        and (above is None or value > above)
        and (at_most is None or value <= at_most)
    )
