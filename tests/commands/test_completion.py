import importlib
import re
import shlex
import shutil
import subprocess

import pytest

from dim_tf.commands.words import WORDS
from dim_tf.commands.words.completion import completion_text
from dim_tf.config import values_of


@pytest.mark.parametrize(
    "typed, expected",
    [
        (["m"], "matte measure"),
        (["matte", "--si"], "--size= --side_by_side="),
        (["matte", "--bits", "="], "8 16"),
        (["matte", "--invert", "=", "y"], "yes"),
        (["train", "--flagfile", "=", "q"], "quickstart.flags"),
        (["train", "--nore"], "--noresume --norefine"),
        (["ablations", "r"], "run report"),
        (["matte", "photo"], ""),
    ],
)
def test_bash_completes(typed, expected):
    script = (
        f"{completion_text('bash')}\nCOMP_WORDS=({shlex.join(['dim-tf', *typed])})\n"
        f'COMP_CWORD={len(typed)}\n_dim_tf\necho "${{COMPREPLY[*]}}"'
    )
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert (run.stdout.strip(), run.stderr) == (expected, "")


def test_zsh_understands_its_completion():
    text = completion_text("zsh")
    assert text.startswith("#compdef dim-tf\n") and not re.search("@[A-Z]+@", text)
    for word in WORDS:
        assert f"'{word}:" in text
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    subprocess.run(["zsh", "-n"], input=text, text=True, check=True)


def test_every_flag_is_completed():
    for word in WORDS:
        command = getattr(importlib.import_module(WORDS[word].module), "COMMAND", None)
        for name in values_of(command.config_class()) if command else ():
            assert f"--{name}" in completion_text("bash")
