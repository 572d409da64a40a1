"""A shell's completion of words, flags and their values.

In bash or zsh, for this session; a line in ~/.bashrc or, behind compinit, in ~/.zshrc keeps it:

    source <(dim-tf completion bash)
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

SHELLS = ("bash", "zsh")

_BASH = """\
# bash completion of dim-tf:  source <(dim-tf completion bash)
_dim_tf() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
    local flag= flags= first= choices=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{words} --help --version" -- "$current"))
        return
    fi
    if [ "$current" = "=" ]; then
        flag=$before current=
    elif [ "$before" = "=" ]; then
        flag=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    case ${{COMP_WORDS[1]}} in
{flags}
    esac
    case "${{COMP_WORDS[1]}} $flag" in
{choices}
    *" --flagfile") choices="{flagfiles}" ;;
    esac
    if [ -n "$flag" ]; then
        COMPREPLY=($(compgen -W "$choices" -- "$current"))
    elif [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$flags --flagfile= --help" -- "$current"))
        [[ ${{COMPREPLY[0]}} == *= ]] && compopt -o nospace 2>/dev/null
    elif [ "$COMP_CWORD" -eq 2 ]; then
        COMPREPLY=($(compgen -W "$first" -- "$current"))
    fi
    return 0
}}
complete -o bashdefault -o default -F _dim_tf dim-tf
"""
_ZSH = """\
#compdef dim-tf
# zsh completion of dim-tf:  source <(dim-tf completion zsh)
_dim_tf_flagfiles() {{
    compadd {flagfiles}
    _files
}}
_dim_tf() {{
    local -a known
    if (( CURRENT == 2 )); then
        known=(
{words}
        )
        _describe 'word' known
        return
    fi
    shift words
    (( CURRENT-- ))
    case $words[1] in
{cases}
    esac
}}
if [ "$funcstack[1]" = "_dim_tf" ]; then
    _dim_tf "$@"
else
    compdef _dim_tf dim-tf
fi
"""


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
    from dim_tf.commands.words import words

    there = words()
    completed = {name: _completed(word.module) for name, word in there.items()}
    if shell == "zsh":
        summaries = {name: word.summary for name, word in there.items()}
        return _zsh(summaries, completed)
    return _bash(completed)


def _completed(module_name: str) -> _Completed:
    module = importlib.import_module(module_name)
    command: Command | None = getattr(module, "COMMAND", None)
    first = tuple(getattr(module, "COMMANDS", ()))
    if command is None:
        return _Completed(first, [])
    of_name = {
        name: _flag(name, hint, help) for name, hint, help in settings_fields(command.config_class)
    }
    aliases = [
        of_name[name]._replace(typed=typed_alias(alias) + ("=" if len(alias) > 1 else ""))
        for alias, name in command.aliases.items()
    ]
    return _Completed(first, [*of_name.values(), *aliases])


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
    return _BASH.format(
        words=" ".join(completed),
        flags="\n".join(flags),
        choices="\n".join(choices),
        flagfiles=" ".join(shipped_flagfiles()),
    )


def _zsh(summaries: dict[str, str], completed: dict[str, _Completed]) -> str:
    cases = []
    for word, (first, flags) in completed.items():
        specs = [_spec(flag) for flag in flags]
        specs.append("'--flagfile=[flags from a file]:file:_dim_tf_flagfiles'")
        specs.append(f"'1:first:({' '.join(first)})'" if first else "'*:file:_files'")
        lines = " \\\n            ".join(specs)
        cases.append(f"    {word})\n        _arguments \\\n            {lines} ;;")
    described = "\n".join(
        f"            '{name}:{_quoted(summary)}'" for name, summary in summaries.items()
    )
    flagfiles = " ".join(shipped_flagfiles())
    return _ZSH.format(words=described, cases="\n".join(cases), flagfiles=flagfiles)


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
    if typed and typed[0] in SHELLS:
        print(completion_text(typed[0]), end="")
    elif typed and typed[0].startswith("-"):
        print(__doc__.strip())
    else:
        print(f"dim-tf completion: say for which shell: {' or '.join(SHELLS)}.", file=sys.stderr)
        sys.exit(1)
