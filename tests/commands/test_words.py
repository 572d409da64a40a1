import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dim_tf
from dim_tf.commands.words import WORDS, main
from dim_tf.model.checkpoint_choice import DEFAULT_CHECKPOINT, RELEASED_FOLDER
from tests.commands.running import ROOT, run_command


def test_the_overview_has_every_word_and_an_example_first():
    status, printed, errors = run_command()
    assert status == 0 and errors == ""
    assert printed.decode().splitlines()[2].startswith("    dim-tf matte ")
    for word in WORDS:
        assert f"\n{word} " in printed.decode()
    assert run_command("--help")[1] == run_command("help")[1] == printed


# One process tells the help of every word: most of its time goes into starting.
TELLS_ALL = """
import contextlib, io, json, sys
from absl import flags
from dim_tf.commands.words import WORDS, main

own, told = {*flags.FLAGS}, {}
for word in WORDS:
    sys.argv = ["dim-tf", word, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            main()
        except SystemExit as ended:
            assert ended.code in (0, None), word
    assert not {"tensorflow", "keras", "torch"} & {*sys.modules}, word
    for name in {*flags.FLAGS} - own:
        delattr(flags.FLAGS, name)
    told[word] = printed.getvalue()
print(json.dumps(told))
"""


def test_help_begins_with_an_example_and_imports_no_tensorflow():
    run = subprocess.run(
        [sys.executable, "-c", TELLS_ALL], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (run.returncode, run.stderr) == (0, "")
    told = json.loads(run.stdout)
    assert [*told] == [*WORDS]
    for word, text in told.items():
        beginning = text.split("\n  --")[0]
        assert "dim-tf " in "".join(beginning.splitlines()[1:5]), word
        if word != "completion":
            assert f"\ndim-tf {word}:\n" in text, word


def test_help_of_a_word_by_either_way():
    assert (
        run_command("help", "matte")[1]
        == run_command("matte", "-h")[1]
        == run_command("matte", "--help")[1]
    )


def test_an_unknown_word_is_refused():
    status, _, errors = run_command("mate", "photo.jpg")
    assert status == 1
    assert errors == "dim-tf: 'mate' is no word of it; use matte (see --help).\n"


def test_the_version_is_told_without_tensorflow():
    program = (
        "import sys; sys.argv = ['dim-tf', '--version']\n"
        "from dim_tf.commands.words import main\n"
        "main(); assert 'tensorflow' not in sys.modules"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    version, weights, tensorflow, processor = run.stdout.splitlines()
    assert version == f"dim-tf {dim_tf.__version__}"
    digest, name = (RELEASED_FOLDER / "SHA256SUMS").read_text().split()
    assert name == DEFAULT_CHECKPOINT and weights == f"weights {name}, SHA-256 {digest}"
    assert tensorflow.startswith("TensorFlow 2.")
    assert processor.startswith("processor ") and "bfloat16" in processor


# Names without a flag


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["matte", "none.png", "mask.png"], "dim-tf matte: --rgb=none.png does not exist"),
        (["matte", "photo.png", "none.png"], "dim-tf matte: --alpha=none.png does not exist"),
        (["matte", "photo.png", "--trimap=t.png"], "--trimap=t.png does not exist"),
        (["matte", "photos", "--masks", "none", "-o", "out"], "--alpha=none does not exist"),
        (["matte", "photo.png", "mask.png", "-o", "mask.png"], "mask.png is an input"),
        (["cutout", "photo.png", "none.png"], "dim-tf cutout: --alpha=none.png does not exist"),
        (["measure", "none", "masks", "--region=whole"], "--predictions=none does not exist"),
        (["measure", "photos", "--region=whole"], "The true mattes are missing"),
        (["prepare", "none", "none", "none", "-o", "photo.png"], "--out_dir=photo.png is a file"),
        (["train", "data"], "dim-tf train: --run_dir is missing"),
        (["held-out", "photos"], "dim-tf held-out: --out_dir is missing"),
        (["ablations"], "dim-tf ablations: say what to do: run, report, drift, one"),
        (["completion", "fish"], "dim-tf completion: say for which shell: bash or zsh."),
    ],
)
def test_names_stand_for_flags(pictures, arguments, sentence):
    status, printed, errors = run_command(*arguments, folder=pictures)
    assert status == 1 and printed == b""
    assert sentence in errors and errors.count("\n") == 1


def test_python_m_and_the_installed_command_are_one():
    setup = (ROOT / "setup.py").read_text()
    module, function = re.search(r'"dim-tf = ([\w.]+):(\w+)"', setup).groups()
    assert getattr(importlib.import_module(module), function) is main


def test_mattes_of_another_tool_are_measured(pictures):
    status, _, errors = run_command(
        *("measure", "masks", "masks", "--region=whole", "-o", "seen"), folder=pictures
    )
    assert status == 0 and errors == ""
    assert (pictures / "seen" / "metrics.json").exists()


def test_a_name_wins_over_the_flagfile(pictures):
    """As a flag that stands behind the flagfile does."""
    Path("some.flags").write_text("--rgb=other.png\n")
    _, _, errors = run_command(
        "matte", "none.png", "mask.png", "--flagfile=some.flags", folder=pictures
    )
    assert "--rgb=none.png does not exist" in errors
