"""What a setting is: a dataclass field with a default, a help text and bounds.

A config may have parts, groups of settings that one function needs. No two settings of a config
have the same name, so that its values can be given and told without the groups, as flags are.
"""

import dataclasses
import math
import numbers
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from dim_tf.system.errors import InputError

Config = TypeVar("Config")


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


def values_of(config: Any) -> dict[str, Any]:
    """The settings of a config, those of its parts included: name → value."""
    values = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        values |= values_of(value) if "part" in field.metadata else {field.name: value}
    return values


class Setting(NamedTuple):
    """What is known of a setting.

    Attributes:
        name: of the field, and of the flag.
        hint: its type.
        default: where it is left out.
        help: what it means.
        bounds: of a number, "at least", "above" and "at most".
    """

    name: str
    hint: Any
    default: Any
    help: str
    bounds: dict[str, float | None]


def settings_fields(config_class: type) -> Iterator[Setting]:
    """The settings of a config dataclass, those of its parts included."""
    hints = get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        if "part" in field.metadata:
            yield from settings_fields(field.metadata["part"])
        else:
            said = field.metadata
            yield Setting(
                field.name, hints[field.name], field.default, said["help"], said["bounds"]
            )


def config_from_values(config_class: type[Config], values: Mapping[str, Any]) -> Config:
    """The config with these settings, whichever part they belong to, and defaults for the others.

    Raises:
        InputError: a value that the config refuses.
        TypeError: a name that is no setting of it.
    """
    unknown = values.keys() - values_of(config_class()).keys()
    if unknown:
        raise TypeError(f"{config_class.__name__} has no setting {', '.join(sorted(unknown))}.")
    return _config_from(config_class, values)


def with_values(config: Config, **values: Any) -> Config:
    """The config with some settings changed, whichever part they belong to."""
    return config_from_values(type(config), values_of(config) | values)


def _config_from(config_class: type[Config], values: Mapping[str, Any]) -> Config:
    given = {}
    for field in dataclasses.fields(config_class):
        if "part" in field.metadata:
            given[field.name] = _config_from(field.metadata["part"], values)
        elif field.name in values:
            given[field.name] = values[field.name]
    return config_class(**given)


def python_number(value: Any) -> Any:
    """A number of NumPy as Python's, which settings are; anything else as it is."""
    if isinstance(value, bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else value


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
            hint = hints[field.name]
            allowed = choices_of(hint)
            value = getattr(self, field.name)
            if allowed and not _is_among(value, allowed):
                raise InputError(
                    f"--{field.name}={value} is not possible; choose one of {', '.join(allowed)}."
                )
            if not _is_of_type(value, hint):
                raise InputError(
                    f"--{field.name}={value!r} is not possible; give {_in_words(hint)}."
                )
            if isinstance(value, int | float) and not _inside(value, field.metadata["bounds"]):
                bounds = " and ".join(
                    f"{name} {bound}"
                    for name, bound in field.metadata["bounds"].items()
                    if bound is not None
                )
                raise InputError(f"--{field.name}={value} is not possible; give a number {bounds}.")


_TYPES_IN_WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    str: "text",
    type(None): "None",
}


def is_union(hint: Any) -> bool:
    """Whether a type hint is like `float | None` or `int | Literal["auto"]`."""
    return get_origin(hint) in (types.UnionType, Union)


def _is_of_type(value: Any, hint: Any) -> bool:
    """Whether a value suits a field's type hint. Configs are also read from files."""
    if is_union(hint):
        return any(_is_of_type(value, member) for member in get_args(hint))
    if get_origin(hint) is Literal:
        return _is_among(value, get_args(hint))
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(type(item) is get_args(hint)[0] for item in value)
    return type(value) in {float: (float, int)}.get(hint, (hint,))


def _is_among(value: Any, words: tuple[str, ...]) -> bool:
    """Whether it is one of the words; of an array the comparison alone would have no answer."""
    return isinstance(value, str) and value in words


def _in_words(hint: Any) -> str:
    """What a field of this type takes, as part of a sentence."""
    if is_union(hint):
        return " or ".join(map(_in_words, get_args(hint)))
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, get_args(hint)))
    if get_origin(hint) is tuple:
        return f"a tuple of which each is {_in_words(get_args(hint)[0])}"
    return _TYPES_IN_WORDS[hint]


def _inside(value: float, bounds: dict[str, float | None]) -> bool:
    if not math.isfinite(value):
        return False
    at_least, above, at_most = bounds.values()
    return (
        (at_least is None or value >= at_least)
        and (above is None or value > above)
        and (at_most is None or value <= at_most)
    )
