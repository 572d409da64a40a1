"""What dim-tf says of words, of names without a flag, and of standard input and output."""

import errno
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dim_tf.commands.streams import standard_streams
from dim_tf.commands.words import _unknown
from dim_tf.commands.words.measure import measure
from dim_tf.config import InferenceConfig, TrainingConfig
from dim_tf.config.flags import config_from_arguments
from tests.advice.provoking import flags_in, refused, told

ROOT = Path(__file__).parents[2]
RGB, ALPHA = "--rgb=photo.png", "--alpha=mask.png"
pytestmark = pytest.mark.usefixtures("pictures")


def dim_tf(*arguments, **options):
    """Status and what is said on stderr."""
    ended = subprocess.run(
        [sys.executable, "-m", "dim_tf", *arguments],
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        **{"stdout": subprocess.PIPE} | options,
    )
    return ended.returncode, ended.stderr.decode()


def streams(*arguments):
    """The flags as `standard_streams` gives them on."""
    with standard_streams(config_from_arguments(InferenceConfig, arguments)) as config:
        return config


# Words


def test_a_word_is_chosen_or_the_one_that_was_meant_used():
    advice = "{} is no word of it; {} (see --help)."
    line = told(advice, _unknown("fly"))
    told("choose one of {}", line)
    for word in re.search("choose one of (.*) [(]", line)[1].split(", "):
        assert dim_tf(word, "--help")[0] == 0
    line = told(advice, dim_tf("mattes", *(RGB, ALPHA))[1])
    word = re.search(r"use (\S+) ", line)[1]
    assert dim_tf(word, "--help")[0] == dim_tf("--help")[0] == 0


def test_a_shell_is_said_for_completion():
    line = told("dim-tf completion: say for which shell: {}.", dim_tf("completion")[1])
    for shell in re.search("shell: (.*)[.]", line)[1].split(" or "):
        assert dim_tf("completion", shell) == (0, "")


def test_true_mattes_are_given_to_measure():
    theirs = config_from_arguments(InferenceConfig, ["--predictions=mask.png"])
    advice = "The true mattes are missing; give them behind the mattes, or with --gt beside --rgb."
    refused(advice, measure, theirs)
    assert dim_tf("measure", "mask.png", "mask.png", "--region=whole") == (0, "")
    # With --rgb and --gt what is missing is the next thing.
    _, said = dim_tf("measure", RGB, "--gt=mask.png")
    assert "Give a mask with --alpha" in said


# Names without a flag


@pytest.mark.parametrize("given", ["--masks=mask.png", "--alpha=mask.png", "--mask mask.png"])
def test_what_is_given_twice_is_left_out(given):
    advice = "{} stands for --{}, which is given as well; leave one out."
    nowhere = "--checkpoint=x.npz"  # as far as without a network
    told(advice, dim_tf("matte", "photo.png", "mask.png", *given.split(), nowhere)[1])
    for arguments in (["photo.png", "mask.png"], ["photo.png", *given.split()]):
        assert "There is no checkpoint x.npz" in dim_tf("matte", *arguments, nowhere)[1]


def test_many_photos_are_a_folder_or_a_pattern_in_quotes(write_photo, write_mask):
    for name in "ab":
        write_photo(Path("photos") / f"{name}.png")
        write_mask(Path("masks") / f"{name}.png")
    line = told(
        "{} is one name too many; give a folder, or a pattern in quotes such as 'photos/*.jpg'.",
        dim_tf("matte", "photos/a.png", "photos/b.png", "masks/a.png")[1],
    )
    (pattern,) = shlex.split(re.search(r"such as (.*)\.", line)[1])
    for photos in ("photos", pattern.replace("jpg", "png")):
        _, said = dim_tf("matte", photos, "masks", "--checkpoint=x.npz")
        assert "There is no checkpoint x.npz" in said


def test_where_no_pattern_is_taken_one_name_is_given(tmp_path):
    advice = "{} is one name too many; give one for each of --{}."
    sentence = told(advice, dim_tf("train", "data", "more")[1])
    assert sentence.endswith("each of --data_dir.")
    assert "data is not a finished dataset" in dim_tf("train", "data", "-o", f"{tmp_path}/run")[1]


def test_a_current_folder_that_is_gone_is_left_for_another(tmp_path):
    advice = "The current folder is there no more; change to another one."
    gone = tmp_path / "gone"
    gone.mkdir()
    command = (
        f'cd {gone} && rmdir {gone} && exec "{sys.executable}" -m dim_tf prepare --synthetic=2'
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [*("sh", "-c"), f"{command} -o {tmp_path / 'data'}"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        check=False,
    )
    assert ended.returncode == 1
    told(advice, ended.stderr)
    assert dim_tf("prepare", "--synthetic=2", "-o", str(tmp_path / "data"))[0] == 0


def test_something_is_written(infer):
    sentence = refused(
        "With --nowrite_matte nothing is written; leave it out, or name what is to be written, "
        "such as --save_trimap=trimap.png.",
        *(infer, RGB, ALPHA, "--nowrite_matte"),
    )
    (flag,) = flags_in(sentence)
    infer(RGB, ALPHA, "--nowrite_matte", flag)
    assert Path("trimap.png").exists() and not Path("alpha.png").exists()
    infer(RGB, ALPHA)
    assert Path("alpha.png").exists()


def test_an_empty_name_is_given_or_left_out():
    line = told("An empty name stands for --{}; give one, or leave it out.", dim_tf("matte", "")[1])
    assert "--rgb" in line
    status, said = dim_tf("matte", "photo.png", "", "-o", "m.png")
    assert status == 1 and "stands for --alpha" in said and not Path("m.png").exists()


# Standard input and output


@pytest.mark.parametrize(
    "flags", [("--rgb=-", "--alpha=-"), (RGB, ALPHA, "--output=-", "--save_trimap=-")]
)
def test_one_of_two_streams_becomes_a_file(flags, monkeypatch):
    monkeypatch.setattr("dim_tf.commands.streams._standard_input", lambda: b"x")
    monkeypatch.setattr("dim_tf.commands.streams._to_standard_output", lambda content: None)
    advice = "--{} and --{} are both standard {}; name a file for one."
    sentence = refused(advice, streams, *flags)
    for name in re.findall(r"--(\w+)", sentence):
        named = [f"--{name}=some.png" if flag == f"--{name}=-" else flag for flag in flags]
        with standard_streams(config_from_arguments(InferenceConfig, named)) as config:
            for file in (config.writing.output, config.writing.save_trimap):
                if "standard_output" in file:
                    Path(file).write_bytes(b"x")


def test_where_no_temporary_file_can_be_written_files_are_named(monkeypatch, tmp_path):
    def nowhere(**options):
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("dim_tf.commands.streams._standard_input", lambda: b"x")
    with monkeypatch.context() as patched:
        patched.setattr("tempfile.TemporaryDirectory", nowhere)
        advice = "name a folder that can be written to with TMPDIR, or name files instead of -."
        refused(advice, streams, "--rgb=-", ALPHA)
        assert streams(RGB, ALPHA).reading.rgb == "photo.png"
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert Path(streams("--rgb=-", ALPHA).reading.rgb).parents[1] == tmp_path


def test_a_composite_of_its_own_place_is_not_beside_standard_output(monkeypatch):
    flags = RGB, ALPHA, "--output=m.png", "--cutout=-", "--background=white"
    monkeypatch.setattr("dim_tf.commands.streams._to_standard_output", lambda content: None)
    with standard_streams(config_from_arguments(InferenceConfig, flags)) as config:
        Path(config.writing.cutout).write_bytes(b"x")
        assert config.writing.composite == ""


def test_a_composite_beside_standard_output_is_named(monkeypatch):
    monkeypatch.setattr("dim_tf.commands.streams._to_standard_output", lambda content: None)
    flags = RGB, ALPHA, "--output=-", "--background=white"
    advice = "--background's result would go beside what goes to standard output; name it with "
    sentence = refused(advice + "--composite.", streams, *flags)
    (flag,) = re.findall(r"(--composite)\.", sentence)
    given = config_from_arguments(InferenceConfig, [*flags, f"{flag}=c.png"])
    with standard_streams(given) as config:
        Path(config.writing.output).write_bytes(b"x")
    assert config.writing.composite == "c.png"


def test_a_picture_goes_to_a_file_and_not_to_a_terminal(infer):
    controller, terminal = pty.openpty()
    word = "matte", "photo.png", "mask.png", "-o"
    _, said = dim_tf(*word, "-", stdout=terminal)
    os.close(terminal)
    os.close(controller)
    line = told("send it to a file with > matte.png, or name the file instead of -.", said)
    name = re.search(r"> (\S+),", line)[1]
    # As far as without a network.
    with Path(name).open("wb") as file:
        _, said = dim_tf(*word, "-", "--checkpoint=x.npz", stdout=file)
    assert "There is no checkpoint x.npz" in said
    infer(RGB, ALPHA, f"--output={name}")
    assert Path(name).stat().st_size


def test_a_picture_does_not_go_to_a_closed_output(infer, monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    sentence = "Standard output is closed; name a file instead of -."
    refused(sentence, streams, RGB, ALPHA, "--output=-")
    infer(RGB, ALPHA, "--output=m.png")


def test_something_is_sent_to_standard_input():
    word = "matte", "-", "mask.png", "--checkpoint=x.npz"
    status, said = dim_tf(*word, input=b"")
    told("Nothing comes from standard input; send a picture with < photo.jpg.", said)
    assert status == 1
    with Path("photo.png").open("rb") as file:
        assert "There is no checkpoint x.npz" in dim_tf(*word, stdin=file)[1]


# Flagfiles


def test_a_flagfile_that_is_shipped_is_given():
    sentence = refused(
        "--flagfile={} does not exist; shipped with the program: {}.",
        *(config_from_arguments, TrainingConfig, ["--flagfile=nowhere.flags"]),
    )
    shipped = re.search(r"program: (.*)\.", sentence)[1].split(", ")
    assert "quickstart.flags" in shipped
    for name in shipped:
        config_from_arguments(TrainingConfig, [f"--flagfile={name}"])
