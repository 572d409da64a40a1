"""absl flags made from the dataclasses of `dim_tf.config`, and back.

Only what stands behind the scripts imports it, and the ablations, whose arms are flagfiles.
"""

import contextlib
import os
import re
import typing
from collections.abc import Iterator, Sequence
from typing import Any

from absl import flags

from dim_tf.config.fields import (
    Config,
    Setting,
    choices_of,
    config_from_values,
    is_union,
    settings_fields,
    values_of,
)
from dim_tf.config.flagfile import expand_flagfiles
from dim_tf.system.errors import InputError

# Flags count as the script's own, so that its --help lists them.
flags.disclaim_key_flags()


def define_flags(config_class: type, flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """Declares one flag for each field of a config dataclass, nested groups included.

    Args:
        config_class: the dataclass.
        flag_values: where to declare them; by default as the flags of the script.
    """
    for setting in settings_fields(config_class):
        _define_flag(setting, flag_values)


def _define_flag(setting: Setting, flag_values: flags.FlagValues) -> None:
    name, hint, default, help_text, _ = setting
    if is_union(hint):
        # "float | None": the flag may be left out. A number or a word: told apart afterwards.
        members = [member for member in typing.get_args(hint) if member is not type(None)]
        hint = members[0] if len(members) == 1 else str
        default = default if default is None or len(members) == 1 else str(default)
    if choices_of(hint):
        flags.DEFINE_enum(name, default, choices_of(hint), help_text, flag_values)
    elif typing.get_origin(hint) is tuple:
        flags.DEFINE_list(name, [str(item) for item in default], help_text, flag_values)
    else:
        define = {
            bool: flags.DEFINE_bool,
            int: flags.DEFINE_integer,
            float: flags.DEFINE_float,
            str: flags.DEFINE_string,
        }[hint]
        define(name, default, help_text, flag_values=flag_values)


def config_from_arguments(config_class: type[Config], arguments: Sequence[str]) -> Config:
    """The config that flags describe which are not those of the script.

    Args:
        config_class: the dataclass.
        arguments: such as `--name=value` or `--flagfile=FILE`.

    Raises:
        InputError: an unknown flag, or a value that it or the config refuses.
    """
    flag_values = flags.FlagValues()
    define_flags(config_class, flag_values)
    try:
        left = flag_values(["", *expand_flagfiles(arguments)])[1:]
    except flags.Error as error:
        raise InputError(flag_error_sentence(error)) from None
    if left:
        raise InputError(f"{left[0]!r} is not a flag; a line of a flagfile is --name=value.")
    return config_from_flags(config_class, flag_values)


def flag_error_sentence(error: flags.Error) -> str:
    """What absl says of a flag, as one sentence, without what Python calls no number."""
    said = " ".join(str(error).split()).rstrip(".")
    said = re.sub(r"invalid literal for int\(\) .*", "give a whole number", said)
    said = re.sub(r"could not convert string to float: .*", "give a number", said)
    return said + " (see --help)."


def config_from_flags(
    config_class: type[Config], flag_values: flags.FlagValues = flags.FLAGS
) -> Config:
    """The config that the parsed flags describe.

    Args:
        config_class: the dataclass.
        flag_values: from `define_flags`, parsed.

    Raises:
        InputError: a value that the config refuses.
    """
    return config_from_values(config_class, dict(_parsed_values(config_class, flag_values)))


def _parsed_values(config_class: type, flag_values: flags.FlagValues) -> Iterator[tuple[str, Any]]:
    for name, hint, *_ in settings_fields(config_class):
        value = flag_values[name].value
        if typing.get_origin(hint) is tuple:
            item_type = typing.get_args(hint)[0]
            try:
                value = tuple(item_type(item) for item in value)
            except ValueError:
                raise InputError(
                    f"--{name}={','.join(value)} is not a list of {item_type.__name__} "
                    "values; separate them by commas."
                ) from None
        if isinstance(value, str) and value.startswith("~"):
            # Shells leave --name=~/folder/ as it is, and a Path would take the slash from its end.
            value = os.path.expanduser(value)  # noqa: PTH111
        if is_union(hint) and isinstance(value, str):
            with contextlib.suppress(ValueError):
                value = int(value)
        yield name, value


def flagfile_text(config: Any) -> str:
    """The config as the text of a flagfile: one `--name=value` per line, in the config's order.

    Raises:
        InputError: a value would be another one when it is read from there.
    """
    lines = []
    for name, value in values_of(config).items():
        if isinstance(value, bool):
            lines.append(f"--{'' if value else 'no'}{name}")
        elif isinstance(value, tuple):
            lines.append(f"--{name}={','.join(map(str, value))}")
        elif value is not None:
            lines.append(f"--{name}={value}")
        if isinstance(value, str):
            _refuse_what_changes(name, value)
    return "\n".join(lines) + "\n"


def _refuse_what_changes(name: str, value: str) -> None:
    """Refuses a value of which a flagfile's line is read as another one."""
    line = f"--{name}={value}"
    if [part.strip() for part in line.splitlines()] != [line]:
        raise InputError(
            f"--{name}={value!r} would be another name in a flagfile, in which runs keep their "
            "flags; give one without a line break or a blank at its end."
        )
