"""What is said of values, flags and flagfiles, whichever script they belong to."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dim_tf.config import (
    AblationConfig,
    HeldOutConfig,
    InferenceConfig,
    OfflineConfig,
    TrainingConfig,
    config_from_values,
)
from dim_tf.config.flags import config_from_arguments
from tests.advice.provoking import flags_in, refused, told

ROOT = Path(__file__).parents[2]


def script(*arguments):
    """Status and all that is printed by a script that needs no TensorFlow for it."""
    command = [sys.executable, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def flags(config_class, *arguments):
    return config_from_arguments(config_class, arguments)


def test_where_a_number_is_asked_for_one_is_given():
    refused("give a whole number", flags, InferenceConfig, "--size=abc")
    flags(InferenceConfig, "--size=512")
    refused("give a number", flags, InferenceConfig, "--max_input_megapixels=much")
    flags(InferenceConfig, "--max_input_megapixels=12.5")


@pytest.mark.parametrize(
    "config_class, name",
    [
        (InferenceConfig, "invert"),
        (InferenceConfig, "bits"),
        (OfflineConfig, "layout"),
        (TrainingConfig, "fc6"),
    ],
)
def test_one_of_the_words_that_are_named_is_chosen(config_class, name):
    sentence = refused(
        "--{}={} is not possible; choose one of {}.",
        config_from_values,
        config_class,
        {name: "perhaps"},
    )
    words = re.search("choose one of (.*)[.]", sentence)[1].split(", ")
    assert len(words) > 1
    for word in words:
        config_from_values(config_class, {name: word})
        flags(config_class, f"--{name}={word}")


@pytest.mark.parametrize(
    "config_class, name, value",
    [
        (InferenceConfig, "trimap_kernel", 0),
        (InferenceConfig, "max_input_megapixels", 0.0),
        (InferenceConfig, "max_input_megapixels", 1e9),
        (TrainingConfig, "batch_size", 0),
        (TrainingConfig, "width", 7.5),
        (TrainingConfig, "width", float("nan")),
        (TrainingConfig, "jpeg", -0.5),
        (OfflineConfig, "seed", -1),
        (HeldOutConfig, "count", 0),
    ],
)
def test_a_number_within_the_bounds_that_are_named_is_given(config_class, name, value):
    sentence = refused(
        "--{}={} is not possible; give a number {}.",
        config_from_values,
        config_class,
        {name: value},
    )
    bounds = re.findall(r"(at least|above|at most) ([\d.e+-]*\d)", sentence)
    assert bounds
    for bound, number in bounds:
        number = type(value)(float(number)) + (0.001 if bound == "above" else 0)
        config_from_values(config_class, {name: number})
        flags(config_class, f"--{name}={number}")


def test_a_value_of_another_type_is_told_what_a_setting_takes():
    advice = "--{}={} is not possible; give {}."
    for wrong, takes, right in (
        ({"trimap_kernel": "wide"}, "a whole number or 'auto'", ("auto", 9)),
        ({"size": 9.5}, "a whole number", (9,)),
        ({"write_matte": "no"}, "True or False", (True, False)),
        ({"label": 2}, "a tuple of which each is text", (("2",),)),
        ({"max_input_megapixels": "many"}, "a number", (9, 9.5)),
        ({"checkpoint": 3}, "text", ("3",)),
    ):
        sentence = refused(advice, config_from_values, InferenceConfig, wrong)
        assert sentence.startswith("--") and sentence.endswith(f"; give {takes}.")
        for value in right:
            config_from_values(InferenceConfig, dict.fromkeys(wrong, value))


def test_help_says_what_a_flag_takes():
    status, printed = script("test.py", "--help")
    assert status == 0
    # It names a number of pixels and a word.
    help_text = " ".join(printed.split("--trimap_kernel:")[1].split("--trimap_mode")[0].split())
    assert "pixels; auto: wider" in help_text
    for value in ("9", "auto"):
        flags(InferenceConfig, f"--trimap_kernel={value}")


def test_a_script_takes_flags_only_and_help_names_them():
    status, printed = script("test.py", "photos")
    told("{} is not a flag; {} takes --name=value only (see --help).", printed)
    assert status == 1
    status, printed = script("test.py", "--help")
    assert status == 0 and "--rgb:" in printed
    command = "-m", "dim_tf.commands.held_out"
    status, printed = script(*command, "--help")
    assert status == 0 and "--photos_dir:" in printed
    # The flag is understood: what is said now is of the next one.
    _, printed = script(*command, "--photos_dir=photos")
    assert printed == "held_out.py: --out_dir is missing; give a folder (see --help).\n"


def test_a_command_of_the_ablations_is_named_or_help_asked():
    command = "-m", "dim_tf.commands.ablations"
    line = told("{}: say what to do: {} (see --help).", script(*command)[1])
    words = re.search(r"say what to do: (.*) \(see --help\)", line)[1].split(", ")
    status, printed = script(*command, "--help")
    assert status == 0 and "--photos_dir:" in printed
    for word in words:
        # The word is understood: what is wrong is the flag.
        _, printed = script(*command, word, "--seeds=x")
        assert printed.startswith(f"dim-tf ablations {word}: --seeds=x is not a list of int")


@pytest.mark.parametrize("name, given", [("crop_sizes", "320;480"), ("crop_sizes", "a")])
def test_values_of_a_list_are_separated_by_commas(name, given):
    advice = "is not a list of {} values; separate them by commas."
    refused(advice, flags, TrainingConfig, f"--{name}={given}")
    assert flags(TrainingConfig, f"--{name}=320,480").run.examples.crop_sizes == (320, 480)


@pytest.mark.parametrize("name", ["seeds", "long_seeds"])
@pytest.mark.parametrize("given", ["1,1", ""])
def test_seeds_are_given_as_in_the_example(name, given):
    advice = "--{} needs different whole numbers, e.g. 1,2,3."
    sentence = refused(advice, flags, AblationConfig, f"--{name}={given}")
    example = re.search(r"e\.g\. (.*)\.", sentence)[1]
    assert getattr(flags(AblationConfig, f"--{name}={example}"), name) == (1, 2, 3)
    advice = "--{} are possible from 0 to {}."
    sentence = refused(advice, flags, AblationConfig, f"--{name}=-1")
    for seed in re.search(r"from (\d+) to (\d+)", sentence).groups():
        assert getattr(flags(AblationConfig, f"--{name}={seed}"), name) == (int(seed),)


# Flagfiles


@pytest.mark.usefixtures("in_an_empty_folder")
def test_a_flagfile_is_named_and_holds_flags():
    Path("FILE").write_text("--steps=5\n")
    sentence = refused(
        "--flagfile needs a file: --flagfile=FILE.", flags, TrainingConfig, "--flagfile"
    )
    (given,) = flags_in(sentence)
    assert flags(TrainingConfig, given).run.optimization.steps == 5
    Path("FILE").write_text("steps 5\n")
    advice = "{} is not a flag; a line of a flagfile is --name=value."
    refused(advice, flags, TrainingConfig, given)
    Path("FILE").write_text("--steps=5\n--flagfile=FILE\n")
    refused("The flagfile {} includes itself; remove that line.", flags, TrainingConfig, given)
    Path("FILE").write_text("--steps=5\n")
    assert flags(TrainingConfig, given).run.optimization.steps == 5


# Settings of training


def test_a_range_of_kernels_is_not_empty():
    given = "--trimap_kernel_min=50"
    advice = "give a --trimap_kernel_max that is at least --trimap_kernel_min."
    refused(advice, flags, TrainingConfig, given)
    for largest in (50, 51):
        flags(TrainingConfig, given, f"--trimap_kernel_max={largest}")


@pytest.mark.parametrize("given", ["--crop_sizes=", "--crop_sizes=0,320"])
def test_crop_sizes_are_given_as_in_the_example(given):
    sentence = refused(
        "--crop_sizes needs at least one positive side, e.g. 320,480,640.",
        flags,
        TrainingConfig,
        given,
    )
    example = re.search(r"e\.g\. (.*)\.", sentence)[1]
    flags(TrainingConfig, f"--crop_sizes={example}")


@pytest.mark.parametrize("size", [0, 100])
def test_the_input_size_is_a_multiple(size):
    sentence = refused(
        "--input_size={} is not possible; the network needs a multiple of {}.",
        flags,
        TrainingConfig,
        f"--input_size={size}",
    )
    step = int(re.search(r"multiple of (\d+)", sentence)[1])
    for factor in (1, 3):
        flags(TrainingConfig, f"--input_size={factor * step}")
