"""What a request may ask for: query parameters made from the settings of the command."""

import dataclasses
import re
import typing
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from dim_tf.config import ReadingConfig, WritingConfig, config_from_values
from dim_tf.config.fields import Checked, choices_of, is_union, option, settings_fields
from dim_tf.page.refusals import Refusal
from dim_tf.system.errors import InputError

# Of `ReadingConfig`; what else it has are fields of the form, or the server's.
_OF_READING = ("trimap_kernel", "trimap_mode", "invert", "label", "mask_orientation")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


@dataclasses.dataclass(frozen=True)
class AnswerConfig(Checked):
    """What is made of the photo."""

    output: Literal["matte", "cutout", "trimap", "composite"] = option(
        "matte",
        "matte: the object's opacity, grey; cutout: the object in its own colours, RGBA; trimap: "
        "0 background, 128 unknown, 255 foreground, without the network; composite: the cut-out on "
        "the field background",
    )
    request: str = option(
        "",
        "a name for this request, for /api/requests/{id} while it is not answered: 8 to 64 "
        "letters, digits and hyphens",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.request and not REQUEST_ID.fullmatch(self.request):
            raise InputError(
                "The parameter request is no id; give 8 to 64 letters, digits and hyphens."
            )


class Option(NamedTuple):
    """A query parameter.

    Attributes:
        name: as it is typed; like what follows, as `Setting` has it.
        hint: its type.
        default: where it is left out.
        help: what it means.
        bounds: of a number.
        config: the dataclass that has it.
    """

    name: str
    hint: Any
    default: Any
    help: str
    bounds: dict[str, float | None]
    config: type


class Wanted(NamedTuple):
    """What the query of a request says.

    Attributes:
        answer: what is made.
        bits: of each channel.
        reading: the settings of `ReadingConfig` that were given.
    """

    answer: AnswerConfig
    bits: Literal["8", "16"]
    reading: dict[str, Any]


def _options(config: type, names: Iterable[str]) -> list[Option]:
    settings = {setting.name: setting for setting in settings_fields(config)}
    return [Option(*settings[name], config) for name in names]


PHOTO_OPTIONS = _options(AnswerConfig, ["request"])
MATTE_OPTIONS = [
    *_options(AnswerConfig, ["output"]),
    *_options(WritingConfig, ["bits"]),
    *PHOTO_OPTIONS,
    *_options(ReadingConfig, _OF_READING),
]


def wanted_by(query: Iterable[tuple[str, str]], options: list[Option]) -> Wanted:
    """Reads the query of a request.

    Args:
        query: names and values, as they were given.
        options: those that are possible.

    Raises:
        Refusal: an unknown name, one that is given twice, or a value that is not possible.
    """
    possible = {option.name: option for option in options}
    values: dict[type, dict[str, Any]] = {AnswerConfig: {}, WritingConfig: {}, ReadingConfig: {}}
    for name, text in query:
        if name not in possible:
            known = f"choose one of {', '.join(possible)}" if possible else "leave it out"
            raise Refusal(
                "unknown_option", f"{name[:100]!a} is no parameter of this address; {known}."
            )
        of_config = values[possible[name].config]
        if name in of_config:
            raise Refusal("unknown_option", f"The parameter {name} is given twice; leave one out.")
        if not text:
            raise Refusal("bad_option", f"The parameter {name} has no value; leave it out.")
        of_config[name] = _value(text, possible[name].hint)
    try:
        answer = config_from_values(AnswerConfig, values[AnswerConfig])
        writing = config_from_values(WritingConfig, values[WritingConfig])
        config_from_values(ReadingConfig, values[ReadingConfig])
    except InputError as error:
        raise Refusal("bad_option", str(error)) from None
    return Wanted(answer, writing.bits, values[ReadingConfig])


def _value(text: str, hint: Any) -> Any:
    """What a setting of this type gets from a text; the config refuses what does not suit."""
    if typing.get_origin(hint) is tuple:
        return tuple(item.strip() for item in text.split(","))
    if is_union(hint) and not choices_of(hint) and re.fullmatch(r"-?\d{1,9}", text):
        return int(text)
    return text
