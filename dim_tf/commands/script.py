"""What every script does around its one library call: flags, errors as sentences, exit status."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from absl import app, flags

from dim_tf.config.flagfile import expand_flagfiles
from dim_tf.config.flags import config_from_flags, define_flags, flag_error_sentence
from dim_tf.system.errors import InputError, printable

# Flags count as the script's own, so that its --help lists them.
flags.disclaim_key_flags()

Config = TypeVar("Config")


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
            print(f"{script}: {printable(flag_error_sentence(error))}", file=sys.stderr)
            sys.exit(1)

    # Before `run` imports TensorFlow: its start-up notes on devices and instruction sets would bury
    # what the script has to say. What goes wrong comes as a Python exception all the same.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    define_flags(config_class)
    signal.signal(signal.SIGTERM, _terminate)
    app.run(main, flags_parser=parse)
