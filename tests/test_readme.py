"""Every command in the README does what it says, on small files under the names it uses."""

import pytest

from dim_tf.pictures.matte import read_grey
from tests.documents import (
    as_parameters,
    commands_of,
    python_examples_of,
    read_document,
    run_command,
    scripts_among,
    write_small_files,
)

README = read_document("README.md")
COMMANDS = commands_of(README)
# .ci/run executes these two, in a fresh environment.
SET_UP = ["pip install -e . && python test.py", "pip install -e '.[dev]' && pytest"]
SCRIPTS = scripts_among(COMMANDS)


def test_the_commands_are_the_set_up_and_scripts():
    assert [command for command in COMMANDS if command not in SCRIPTS] == SET_UP
    assert len(SCRIPTS) >= 9


@pytest.fixture
def folder(tmp_path):
    write_small_files(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("command", as_parameters(SCRIPTS))
def test_command(command, folder):
    run_command(command, folder)


def test_the_python_example(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "matte.png").unlink()  # the example writes it
    (example,) = python_examples_of(README)
    exec(compile(example, "README.md", "exec"), {})
    assert read_grey("matte.png").shape == read_grey("mask.png").shape
