"""What every command does around its one library call: flags, errors as sentences, exit status."""

import _thread
import contextlib
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from absl import app, flags

from dim_tf.commands import tell_interrupt
from dim_tf.config import values_of
from dim_tf.config.flagfile import expand_flagfiles
from dim_tf.config.flags import config_from_flags, define_flags, flag_error_sentence
from dim_tf.system.errors import InputError, printable
from dim_tf.system.quiet import keep_own_stderr, open_closed_stderr
from dim_tf.system.signals import signals_to_end

# Flags count as the command's own, so that its --help lists them.
flags.disclaim_key_flags()

# A shell adds it to the number of the signal that ended a program.
STOPPED_BY = 128
# Seconds until a signal that was lost is sent again; what is deleted meanwhile is soon gone.
_SENT_AGAIN_AFTER = 0.05
HELP = ("--help", "-help", "--h", "-h", "-?", "--helpshort", "-helpshort")


class _Ended(KeyboardInterrupt):
    """A signal that asks to end; what cleans up after Ctrl-C does so after it."""

    number = signal.SIGTERM


class _HungUp(_Ended):
    """SIGHUP."""

    number = getattr(signal, "SIGHUP", None)


def _end(number: int, frame: Any) -> None:
    raise _Ended if number == signal.SIGTERM else _HungUp


def _send_again_if_lost(unraisable: Any) -> None:
    """Python's `sys.unraisablehook`, which keeps SIGTERM, SIGHUP and Ctrl-C from getting lost.

    What a signal's handler raises while Python deletes an object (`__del__`, as of a network's
    graphs) is told as a traceback and forgotten, and the program goes on.
    """
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    number = getattr(unraisable.exc_type, "number", signal.SIGINT)
    with contextlib.suppress(RuntimeError):  # no thread begins where the interpreter ends anyway
        threading.Timer(_SENT_AGAIN_AFTER, _signal_main_thread, (number,)).start()


def _signal_main_thread(number: int) -> None:
    if hasattr(signal, "pthread_kill"):  # wakes it where it waits, too
        signal.pthread_kill(threading.main_thread().ident, number)
    else:
        _thread.interrupt_main(number)


class Command(NamedTuple):
    """What `run_script` needs to know, where others want to know it as well.

    Attributes:
        config_class: its settings are the flags.
        run: what the command does.
        files: the flags that arguments without a flag stand for, in this order.
        aliases: other names of flags, e.g. {"o": "output"}.
        takes_patterns: whether each of these files may be a folder or a pattern of names.
    """

    config_class: type
    run: Callable[[Any], Any]
    files: Sequence[str] = ()
    aliases: Mapping[str, str] = MappingProxyType({})
    takes_patterns: bool = False


def run_script(command: Command) -> None:
    """Parses the flags, hands the config to the command, and turns an `InputError` into one line.

    So it does with what the operating system says of a file.

    `--help` prints the docstring of the module where the command's function stands, and the flags.
    `sys.argv` is what was typed; its first word is how the command calls itself.

    Exit status: 0 after success or --help, 1 after an `InputError` or a bad flag, 130 after Ctrl-C,
    143 after SIGTERM, 129 after SIGHUP, 141 where nobody reads on what is printed.
    """
    script = Path(sys.argv[0]).name

    def main(arguments: list[str]) -> None:
        try:
            _take_files(arguments[1:], command, script)
            command.run(config_from_flags(command.config_class))
        except InputError as error:
            print(f"{script}: {error}", file=sys.stderr)
            sys.exit(1)
        except OSError as error:
            if error.errno == errno.ENOENT and error.filename is None:  # os.getcwd
                said = "The current folder is there no more; change to another one."
            elif isinstance(error.filename, str | bytes):
                said = printable(f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}.")
            else:
                raise
            print(f"{script}: {said}", file=sys.stderr)
            sys.exit(1)
        except _Ended as ended:
            print(f"{script}: stopped by {ended.number.name}.", file=sys.stderr)
            sys.exit(STOPPED_BY + ended.number)
        except KeyboardInterrupt:
            end_after_interrupt(script)

    def parse(arguments: list[str]) -> list[str]:
        typed = arguments[1:]
        before = typed[: typed.index("--")] if "--" in typed else typed
        if any(argument in HELP for argument in before):
            print(_help(command))
            sys.exit(0)
        try:
            return flags.FLAGS([arguments[0], *expand_flagfiles(typed)])
        except SystemExit:  # --helpfull and its like, which absl ends with status 1
            sys.exit(0)
        except InputError as error:
            print(f"{script}: {error}", file=sys.stderr)
            sys.exit(1)
        except flags.Error as error:
            print(f"{script}: {printable(flag_error_sentence(error))}", file=sys.stderr)
            sys.exit(1)

    # Before the command imports TensorFlow: its start-up notes on devices and instruction sets
    # would bury what the script has to say. What goes wrong comes as a Python exception all the
    # same.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    define_flags(command.config_class)
    for alias, name in command.aliases.items():
        flags.DEFINE_alias(alias, name)
    for number in signals_to_end():
        signal.signal(number, _end)
    sys.unraisablehook = _send_again_if_lost
    with quiet_broken_pipe():
        app.run(main, flags_parser=parse)


def end_after_interrupt(script: str) -> NoReturn:
    """Ends the program after Ctrl-C, with the status that a shell expects."""
    tell_interrupt(script)
    sys.exit(130)


@contextlib.contextmanager
def quiet_broken_pipe() -> Iterator[None]:
    """Ends the program without a traceback where what it prints cannot be written.

    That is where nobody reads on, as in `--help | head -3`, and a full disk. Letters that the
    terminal's code page does not have are written by their numbers. A closed stderr is opened on
    nothing, and what an open one does not take is lost.
    """
    open_closed_stderr()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where it is closed
            stream.reconfigure(errors="backslashreplace")
    keep_own_stderr()
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        status = 141
    except OSError as error:
        # Of files `dim_tf.system.files` has told.
        if error.errno != errno.ENOSPC and _stdout_takes_more():
            raise
        print(f"Standard output: {error.strerror}.", file=sys.stderr)
        status = 1
    else:
        return
    # Python would complain of what is left once more when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def _stdout_takes_more() -> bool:
    """Whether standard output can be written; not where it is, say, a terminal that was closed."""
    try:
        sys.stdout.flush()
        os.write(sys.stdout.fileno(), b"")
    except OSError:
        return False
    return True


def _take_files(given: list[str], command: Command, script: str) -> None:
    """Sets the flags that arguments without a flag stand for.

    Raises:
        InputError: there are more of them than flags, one is empty, or a flag was typed as well.
            One that a flagfile has gives way.
    """
    names, aliases = command.files, command.aliases
    if given and not names:
        raise InputError(
            f"{given[0]!r} is not a flag; {script} takes --name=value only (see --help)."
        )
    flags_typed = (argument for argument in sys.argv[1:] if argument.startswith("-"))
    typed = {argument.lstrip("-").partition("=")[0] for argument in flags_typed}
    for name, value in zip(names, given, strict=False):
        if not value:
            raise InputError(f"An empty name stands for --{name}; give one, or leave it out.")
        if typed & {name, *(alias for alias in aliases if aliases[alias] == name)}:
            raise InputError(f"{value} stands for --{name}, which is given as well; leave one out.")
        flags.FLAGS[name].parse(value)
    if len(given) > len(names):
        first = given[len(names)]
        if command.takes_patterns:
            raise InputError(
                f"{first} is one name too many; give a folder, or a pattern in quotes such as "
                "'photos/*.jpg'."
            )
        raise InputError(
            f"{first} is one name too many; give one for each of --{', --'.join(names)}."
        )


def _help(command: Command) -> str:
    """What --help prints: the docstring, what names stand for, the flags."""
    told = sys.modules[command.run.__module__].__doc__ or ""
    files, aliases = command.files, command.aliases
    for name in values_of(command.config_class()):
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flags.FLAGS[name])
    parts = [told.strip()]
    if files:
        parts.append(f"Names without a flag are, in this order: --{', --'.join(files)}.")
    if aliases:
        listed = (f"{typed_alias(alias)} is --{name}" for alias, name in aliases.items())
        parts.append(f"Shorter: {', '.join(listed)}.")
    return "\n\n".join(parts) + "\n" + flags.FLAGS.main_module_help()


def typed_alias(alias: str) -> str:
    """A flag's other name as it is typed: a letter behind one dash, a word behind two."""
    return f"-{alias}" if len(alias) == 1 else f"--{alias}"
