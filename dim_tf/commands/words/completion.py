"""A shell's completion of words, flags and their values.

In bash or zsh, for this session; a line in ~/.bashrc or, behind compinit, in ~/.zshrc keeps it:

    eval "$(dim-tf completion bash)"
    source <(dim-tf completion zsh)
"""

import importlib
import re
import sys
import typing
from typing import Any, NamedTuple

from dim_tf.commands.script import Command, typed_alias
from dim_tf.config.fields import choices_of, settings_fields
from dim_tf.config.flagfile import shipped_flagfiles
from dim_tf.system.shipped import ASSETS

COMMANDS = ("bash", "zsh")


class _Flag(NamedTuple):
    """A flag as it is typed, with "=" where a value follows; its values, if they are words."""

    typed: str
    choices: tuple[str, ...]
    help: str


class _Completed(NamedTuple):
    """What can stand behind a word."""

    first: tuple[str, ...]
    flags: list[_Flag]


def completion_text(shell: str) -> str:
    """The program that makes a shell complete dim-tf.

    Args:
        shell: "bash" or "zsh".
    """
    from dim_tf.commands.words import WORDS

    completed = {name: _completed(word.module) for name, word in WORDS.items()}
    if shell == "zsh":
        summaries = {name: word.summary for name, word in WORDS.items()}
        return _zsh(summaries, completed)
    return _bash(completed)


def _completed(module_name: str) -> _Completed:
    module = importlib.import_module(module_name)
    command: Command | None = getattr(module, "COMMAND", None)
    first = tuple(getattr(module, "COMMANDS", ()))
    if command is None:
        return _Completed(first, [])
    of_name = {
        setting.name: _flag(setting.name, setting.hint, setting.help)
        for setting in settings_fields(command.config_class)
    }
    aliases = [
        of_name[name]._replace(typed=typed_alias(alias) + ("=" if len(alias) > 1 else ""))
        for alias, name in command.aliases.items()
    ]
    off = [
        flag._replace(typed=flag.typed.replace("--", "--no", 1))
        for flag in of_name.values()
        if not flag.typed.endswith("=")
    ]
    return _Completed(first, [*of_name.values(), *off, *aliases])


def _flag(name: str, hint: Any, help: str) -> _Flag:
    if hint is bool:
        return _Flag(f"--{name}", (), help)
    words = next(filter(None, map(choices_of, (hint, *typing.get_args(hint)))), ())
    return _Flag(f"--{name}=", tuple(words), help)


def _bash(completed: dict[str, _Completed]) -> str:
    flags, choices = [], []
    for word, (first, of_word) in completed.items():
        typed = " ".join(flag.typed for flag in of_word)
        flags.append(f'    {word}) flags="{typed}" first="{" ".join(first)}" ;;')
        choices += [
            f'    "{word} {flag.typed.rstrip("=")}") choices="{" ".join(flag.choices)}" ;;'
            for flag in of_word
            if flag.choices
        ]
    return _filled(
        "bash",
        words=" ".join(completed),
        flags="\n".join(flags),
        choices="\n".join(choices),
        flagfiles=" ".join(shipped_flagfiles()),
    )


def _zsh(summaries: dict[str, str], completed: dict[str, _Completed]) -> str:
    cases = []
    for word, (first, flags) in completed.items():
        specs = [_spec(flag) for flag in flags]
        specs.append(f"'1:first:({' '.join(first)})'" if first else "'*:file:_files'")
        lines = " \\\n            ".join(specs)
        call = f"_arguments \\\n            {lines} \\\n            $flagfile ;;"
        cases.append(f"    {word})\n        {call}")
    described = "\n".join(
        f"            '{name}:{_quoted(summary)}'" for name, summary in summaries.items()
    )
    flagfiles = " ".join(shipped_flagfiles())
    return _filled("zsh", words=described, cases="\n".join(cases), flagfiles=flagfiles)


def _filled(shell: str, **parts: str) -> str:
    """The shell's file of `dim_tf/assets` with its @PARTS@ filled in."""
    text = (ASSETS / f"completion.{shell}").read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace(f"@{name.upper()}@", part)
    return text


def _spec(flag: _Flag) -> str:
    """The flag as `_arguments` of zsh takes it."""
    told = _quoted(re.split(r"[:;]", flag.help)[0])
    if not flag.typed.endswith("=") and flag.typed.startswith("--"):
        return f"'{flag.typed}[{told}]'"
    values = f"({' '.join(flag.choices)})" if flag.choices else "_files"
    return f"'{flag.typed}[{told}]:value:{values}'"


def _quoted(text: str) -> str:
    return re.sub(r"[\[\]':\\]", "", text)


def main() -> None:
    """Prints the completion of the shell that was typed."""
    typed = sys.argv[1:]
    if typed and typed[0] in COMMANDS:
        print(completion_text(typed[0]), end="")
    elif typed and typed[0].startswith("-"):
        print(__doc__.strip())
    else:
        print(f"dim-tf completion: say for which shell: {' or '.join(COMMANDS)}.", file=sys.stderr)
        sys.exit(1)
