import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from dim_tf.config import (
    ExampleConfig,
    HeldOutConfig,
    InferenceConfig,
    LossConfig,
    NetworkConfig,
    OfflineConfig,
    RunConfig,
    TrainingConfig,
    config_from_values,
    with_values,
)
from dim_tf.config.fields import choices_of
from dim_tf.config.flags import config_from_arguments, flagfile_text
from dim_tf.system.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
SCRIPT_CONFIGS = [TrainingConfig, OfflineConfig, InferenceConfig]


@pytest.mark.parametrize(
    ("config_class", "values", "message"),
    [
        (NetworkConfig, {"fc6": "5x5"}, "--fc6=5x5 is not possible; choose one of 7x7, 3x3, 1x1"),
        (NetworkConfig, {"decoder": "pixels"}, "--decoder=pixels"),
        (NetworkConfig, {"bn_eval": "none"}, "--bn_eval=none"),
        (NetworkConfig, {"width": 0.0}, "--width=0.0"),
        (NetworkConfig, {"width": float("nan")}, "--width=nan"),
        (NetworkConfig, {"width": "wide"}, "--width='wide'"),
        (NetworkConfig, {"width": True}, "--width=True"),
        (NetworkConfig, {"skip": "no"}, "--skip='no'"),
        (TrainingConfig, {"steps": 1.5}, "--steps=1.5"),
        (ExampleConfig, {"crop_sizes": (1.5,)}, "--crop_sizes=(1.5,)"),
        (
            NetworkConfig,
            {"width": float("inf")},
            "--width=inf is not possible; give a number above",
        ),
        (LossConfig, {"alpha_loss_weight": 1.5}, "at least 0 and at most 1"),
        (LossConfig, {"known_weight": -0.5}, "--known_weight=-0.5"),
        (LossConfig, {"comp_loss_divisor": 0.0}, "--comp_loss_divisor=0.0"),
        (TrainingConfig, {"learning_rate": -1e-4}, "--learning_rate=-0.0001"),
        (TrainingConfig, {"warmup_steps": -1}, "--warmup_steps=-1"),
        (TrainingConfig, {"overfit": -1}, "--overfit=-1"),
        (TrainingConfig, {"seed": 2**32}, "--seed=4294967296"),
        (ExampleConfig, {"trimap_mode": "erode"}, "--trimap_mode=erode"),
        (ExampleConfig, {"composite": "never"}, "--composite=never"),
        (ExampleConfig, {"foreground": "bgr"}, "--foreground=bgr"),
        (ExampleConfig, {"crop_safety": "hope"}, "--crop_safety=hope"),
        (ExampleConfig, {"trimap_kernel_min": 0}, "--trimap_kernel_min=0"),
        (ExampleConfig, {"trimap_kernel_min": 30, "trimap_kernel_max": 20}, "range 30…20"),
        (ExampleConfig, {"crop_sizes": ()}, "--crop_sizes"),
        (ExampleConfig, {"crop_sizes": (320, 0)}, "--crop_sizes"),
        (ExampleConfig, {"input_size": 0}, "--input_size=0"),
        (ExampleConfig, {"input_size": 300}, "multiple of 32"),
        (TrainingConfig, {"steps": 0}, "--steps=0"),
        (TrainingConfig, {"batch_size": -1}, "--batch_size=-1"),
        (TrainingConfig, {"checkpoint_every": 0}, "--checkpoint_every=0"),
        (TrainingConfig, {"keep_checkpoints": 0}, "--keep_checkpoints=0"),
        (TrainingConfig, {"log_every": 0}, "--log_every=0"),
        (TrainingConfig, {"strategy": "tpu"}, "--strategy=tpu"),
        (TrainingConfig, {"mixed_precision": "float16"}, "--mixed_precision=float16"),
        (TrainingConfig, {"learning_rate_schedule": "step"}, "--learning_rate_schedule=step"),
        (TrainingConfig, {"train_stage": "some"}, "--train_stage=some"),
        (OfflineConfig, {"layout": "zip"}, "--layout=zip"),
        (OfflineConfig, {"pad": "edge"}, "--pad=edge"),
        (OfflineConfig, {"cutout_scale_max": 1.5}, "--cutout_scale_max=1.5"),
        (OfflineConfig, {"cutout_scale_min": 0.0}, "--cutout_scale_min=0.0"),
        (OfflineConfig, {"cutout_scale_min": 0.9, "cutout_scale_max": 0.5}, "sizes 0.9…0.5 is"),
        (OfflineConfig, {"joined_cutouts": 1.1}, "--joined_cutouts=1.1"),
        (HeldOutConfig, {"source": "photos"}, "--source=photos is not possible"),
        (OfflineConfig, {"backgrounds_per_foreground": 0}, "--backgrounds_per_foreground=0"),
        (InferenceConfig, {"bits": "12"}, "--bits=12"),
        (InferenceConfig, {"bn_eval": "none"}, "--bn_eval=none"),
    ],
)
def test_impossible_values_are_refused_by_name(config_class, values, message):
    with pytest.raises(InputError) as caught:
        config_from_values(config_class, values)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "config_class", [NetworkConfig, ExampleConfig, LossConfig, *SCRIPT_CONFIGS]
)
def test_configs_are_frozen_and_every_setting_has_a_help_text(config_class):
    config = config_class()
    field = dataclasses.fields(config_class)[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config, field.name, getattr(config, field.name))
    for field in dataclasses.fields(config_class):
        assert field.metadata.get("help") or field.metadata.get("part"), field.name


def test_learning_rate_is_the_blogs_unless_given():
    assert RunConfig().base_learning_rate == 1e-4
    plain = with_values(RunConfig(), batch_norm=False)
    assert plain.base_learning_rate == 1e-5
    assert with_values(plain, learning_rate=0.5).base_learning_rate == 0.5
    assert with_values(RunConfig(), learning_rate=0.0).base_learning_rate == 0.0


def other_value(field, hint):
    """A value of this field that is not its default and that its config accepts."""
    value = field.default
    if isinstance(value, bool):
        return not value
    if choices_of(hint):
        return next(word for word in choices_of(hint) if word != value)
    if isinstance(value, tuple):
        return (*value, value[0]) if value else ("hair", "fur")
    if isinstance(value, int):
        return value + 32
    if int in get_args(hint):  # a number or a word
        return 32
    if isinstance(value, str):
        return "some where/a file, with=signs.txt"
    if value is None:
        return 0.0625
    return value - 0.1 if field.metadata["bounds"]["at most"] == value else value + 0.1


def changed(config_class):
    """A config with no field at its default."""
    hints = get_type_hints(config_class)
    values = {}
    for field in dataclasses.fields(config_class):
        part = field.metadata.get("part")
        values[field.name] = changed(part) if part else other_value(field, hints[field.name])
    return config_class(**values)


@pytest.mark.parametrize("config_class", SCRIPT_CONFIGS)
def test_no_flags_give_the_defaults(config_class):
    """The script's own flags, which are absl's global ones: in a fresh process."""
    code = (
        "import sys; from absl import flags; from dim_tf import config;"
        "from dim_tf.config.flags import *;"
        f"define_flags(config.{config_class.__name__}); flags.FLAGS(sys.argv);"
        f"print(repr(config_from_flags(config.{config_class.__name__})));"
        "assert 'tensorflow' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert run.stdout.strip() == repr(config_class()), run.stderr


@pytest.mark.parametrize("config_class", SCRIPT_CONFIGS)
@pytest.mark.parametrize("make", [changed, lambda config_class: config_class()])
def test_flagfile_reproduces_the_config(config_class, make, tmp_path):
    config = make(config_class)
    path = tmp_path / "run.flags"
    path.write_text(flagfile_text(config))
    assert config_from_arguments(config_class, [f"--flagfile={path}"]) == config


@pytest.mark.parametrize("value, kept", [("auto", "auto"), ("31", 31)])
def test_a_flag_that_takes_a_number_or_a_word(value, kept):
    expected = with_values(InferenceConfig(), trimap_kernel=kept)
    assert config_from_arguments(InferenceConfig, [f"--trimap_kernel={value}"]) == expected


@pytest.mark.parametrize("value", ["wide", "", 0, 2.5, None])
def test_neither_the_word_nor_a_number_that_is_possible(value):
    with pytest.raises(InputError, match=r"--trimap_kernel=.* is not possible"):
        with_values(InferenceConfig(), trimap_kernel=value)


def test_later_flags_win_over_the_flagfile(tmp_path):
    path = tmp_path / "run.flags"
    config = with_values(TrainingConfig(), resume=False, steps=7)
    path.write_text(flagfile_text(config))
    given = [f"--flagfile={path}", "--resume", "--steps=8"]
    expected = with_values(config, resume=True, steps=8)
    assert config_from_arguments(TrainingConfig, given) == expected


def test_what_is_typed_wins_over_a_flagfile_behind_it(tmp_path):
    path = tmp_path / "run.flags"
    path.write_text("--steps=7\n--batch_size=3\n")
    given = ["--steps=8", f"--flagfile={path}", "--seed=2"]
    expected = with_values(TrainingConfig(), steps=8, batch_size=3, seed=2)
    assert config_from_arguments(TrainingConfig, given) == expected


def test_a_list_that_is_none_is_refused_by_name():
    with pytest.raises(InputError, match="--crop_sizes=320,many is not a list of int values"):
        config_from_arguments(TrainingConfig, ["--crop_sizes=320,many"])


def test_home_is_found_in_values_that_shells_leave_as_they_are(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("USERPROFILE", "/home/ann")
    config = config_from_arguments(InferenceConfig, ["--rgb=~/photos/", "--output=a~b.png"])
    assert (config.reading.rgb, config.writing.output) == ("/home/ann/photos/", "a~b.png")


def test_the_originals_flagfile_begins_with_its_kernels(monkeypatch):
    monkeypatch.chdir(Path(__file__).resolve().parents[2])  # flagfiles name each other from there
    config = config_from_arguments(TrainingConfig, ["--flagfile=flagfiles/original.flags"])
    assert config.run.start.initial_kernels == "truncated_normal"


@pytest.mark.parametrize(
    ("given", "told"),
    [("--size=abc", "give a whole number"), ("--max_input_megapixels=much", "give a number")],
)
def test_what_is_no_number_is_told_without_pythons_words(given, told):
    with pytest.raises(InputError, match=rf"^flag {given}: {told} \(see --help\)\.$"):
        config_from_arguments(InferenceConfig, [given])
