"""The command dim-tf: its words, each with its own help, and what it says without one.

Exit status: 0 after success and --help, 1 where something given cannot be used or some of several
pictures could not, 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP, 141 where nobody reads on
what is printed.
"""

import difflib
import importlib
import sys
from typing import NamedTuple

from dim_tf.commands.script import end_after_interrupt, quiet_broken_pipe, run_script

PROGRAM = "dim-tf"


class Word(NamedTuple):
    """What can be done.

    Attributes:
        module: has a `Command` named COMMAND, and where more is to be done a function `main` that
            reads `sys.argv`; imported when the word is used.
        summary: what the overview says of it.
    """

    module: str
    summary: str


WORDS = {
    "matte": Word("dim_tf.commands.words.matte", "the matte of a photo, or of a folder of them"),
    "cutout": Word("dim_tf.commands.words.cutout", "the object alone, with transparency"),
    "page": Word("dim_tf.commands.words.page", "a page in the browser, to paint and to cut out"),
    "measure": Word("dim_tf.commands.words.measure", "how good mattes are, where true ones exist"),
    "prepare": Word("dim_tf.commands.words.prepare", "a training dataset from pictures"),
    "train": Word("dim_tf.commands.words.train", "a training run, begun or gone on with"),
    "export": Word("dim_tf.commands.export", "the network for other programs"),
    "held-out": Word("dim_tf.commands.held_out", "composites with true mattes to measure on"),
    "ablations": Word("dim_tf.commands.ablations", "the blog's ablations, run and reported"),
    "completion": Word("dim_tf.commands.words.completion", "a shell's completion of all this"),
}
_OVERVIEW = """\
Photo and rough mask in, clean matte out.

    {program} matte photo.jpg mask.png
    {program} cutout photo.jpg mask.png
    {program} matte photos/ --masks masks/ -o out/

{words}

Each has its own help: {program} matte --help. {program} --version says what is installed."""


def main() -> None:
    """Runs the word that was typed."""
    with quiet_broken_pipe():
        try:
            _run(sys.argv[1:])
        except KeyboardInterrupt:  # before the word catches it itself
            end_after_interrupt(PROGRAM)


def _run(typed: list[str]) -> None:
    if typed[:1] == ["help"]:
        typed = [*typed[1:2], "--help"]
    word = typed[0] if typed else "--help"
    if word in ("--help", "-h", "-help", "-?"):
        print(_overview())
    elif word in ("--version", "-V"):
        from dim_tf.commands.words.version import version_text

        print(version_text())
    elif word not in WORDS:
        print(f"{PROGRAM}: {_unknown(word)}", file=sys.stderr)
        sys.exit(1)
    else:
        sys.argv = [f"{PROGRAM} {word}", *typed[1:]]
        module = importlib.import_module(WORDS[word].module)
        if hasattr(module, "main"):
            module.main()
        else:
            run_script(module.COMMAND)


def _overview() -> str:
    width = max(map(len, WORDS))
    lines = (f"{name:<{width}}  {word.summary}" for name, word in WORDS.items())
    return _OVERVIEW.format(program=PROGRAM, words="\n".join(lines))


def _unknown(word: str) -> str:
    alike = difflib.get_close_matches(word, WORDS, 1)
    meant = f"use {alike[0]}" if alike else f"choose one of {', '.join(WORDS)}"
    return f"{word!a} is no word of it; {meant} (see --help)."
