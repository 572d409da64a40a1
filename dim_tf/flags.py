"""absl flags made from the dataclasses of `dim_tf.config`, and back.

Only the scripts import it, and the ablations, whose arms are flagfiles.
"""

import contextlib
import dataclasses
import os
import signal
import sys
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from absl import app, flags

from dim_tf.config import choices_of, is_union
from dim_tf.errors import InputError, printable
from dim_tf.flagfile import expand_flagfiles

# Flags count as the script's own, so that its --help lists them.
flags.disclaim_key_flags()

Config = TypeVar("Config")


def define_flags(config_class: type, flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """Declares one flag for each field of a config dataclass, nested groups included.

    Args:
        config_class: the dataclass.
        flag_values: where to declare them; by default as the flags of the script.
    """
    hints = typing.get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        if "part" in field.metadata:
            define_flags(field.metadata["part"], flag_values)
        else:
            _define_flag(
                *(field.name, hints[field.name], field.default, field.metadata["help"]), flag_values
            )
            flags.declare_key_flag(field.name, flag_values)


def _define_flag(
    name: str, hint: Any, default: Any, help_text: str, flag_values: flags.FlagValues
) -> None:
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
        raise InputError(_sentence(error)) from None
    if left:
        raise InputError(f"{left[0]!r} is not a flag; a line of a flagfile is --name=value.")
    return config_from_flags(config_class, flag_values)


def _sentence(error: flags.Error) -> str:
    return " ".join(str(error).split()).rstrip(".") + " (see --help)."


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
    hints = typing.get_type_hints(config_class)
    values = {}
    for field in dataclasses.fields(config_class):
        if "part" in field.metadata:
            values[field.name] = config_from_flags(field.metadata["part"], flag_values)
            continue
        value = flag_values[field.name].value
        if typing.get_origin(hints[field.name]) is tuple:
            item_type = typing.get_args(hints[field.name])[0]
            try:
                value = tuple(item_type(item) for item in value)
            except ValueError:
                raise InputError(
                    f"--{field.name}={','.join(value)} is not a list of {item_type.__name__} "
                    "values; separate them by commas."
                ) from None
        if is_union(hints[field.name]) and isinstance(value, str):
            with contextlib.suppress(ValueError):
                value = int(value)
        values[field.name] = value
    return config_class(**values)


def flagfile_text(config: Any) -> str:
    """The config as the text of a flagfile: one `--name=value` per line, in the config's order."""
    lines = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if "part" in field.metadata:
            lines.append(flagfile_text(value).rstrip("\n"))
        elif isinstance(value, bool):
            lines.append(f"--{'' if value else 'no'}{field.name}")
        elif isinstance(value, tuple):
            lines.append(f"--{field.name}={','.join(map(str, value))}")
        elif value is not None:
            lines.append(f"--{field.name}={value}")
    return "\n".join(lines) + "\n"


class _Terminated(KeyboardInterrupt):
    """SIGTERM; what cleans up after Ctrl-C does so after it."""


def _terminate(number: int, frame: Any) -> None:
    raise _Terminated


def run_script(config_class: type[Config], run: Callable[[Config], Any]) -> None:
    """Parses the flags, hands the config to `run`, and turns an `InputError` into one line.

    Exit status: 0 after success or --help, 1 after an `InputError` or a bad flag, 130 after Ctrl-C,
    143 after SIGTERM.
    """
    script = Path(sys.argv[0]).name

    def main(arguments: list[str]) -> None:
        try:
            if len(arguments) > 1:
                raise InputError(
                    f"{arguments[1]!r} is not a flag; {script} takes --name=value only "
                    "(see --help)."
                )
            run(config_from_flags(config_class))
        except InputError as error:
            print(f"{script}: {error}", file=sys.stderr)
            sys.exit(1)
        except _Terminated:
            print(f"{script}: stopped by SIGTERM.", file=sys.stderr)
            sys.exit(143)
        except KeyboardInterrupt:
            print(f"\n{script}: stopped by Ctrl-C.", file=sys.stderr)
            sys.exit(130)

    def parse(arguments: list[str]) -> list[str]:
        try:
            return flags.FLAGS([arguments[0], *expand_flagfiles(arguments[1:])])
        except SystemExit:  # --help and its variants, which absl ends with status 1
            sys.exit(0)
        except InputError as error:
            print(f"{script}: {error}", file=sys.stderr)
            sys.exit(1)
        except flags.Error as error:
            print(f"{script}: {printable(_sentence(error))}", file=sys.stderr)
            sys.exit(1)

    # Before `run` imports TensorFlow: its start-up notes on devices and instruction sets would bury
    # what the script has to say. What goes wrong comes as a Python exception all the same.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    define_flags(config_class)
    signal.signal(signal.SIGTERM, _terminate)
    app.run(main, flags_parser=parse)
