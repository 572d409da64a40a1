import re
from pathlib import Path

import pytest

from dim_tf.config import HeldOutConfig, InferenceConfig, values_of
from dim_tf.config.flags import config_from_arguments
from dim_tf.system.errors import InputError
from recipes.accelerated.settings import (
    ExampleSettings,
    LossSettings,
    OptimizationSettings,
    PackSettings,
    Share,
    TrainSettings,
)


def test_defaults_are_those_of_the_run_that_is_reported():
    assert ExampleSettings().batch_sizes() == ((256, 64, 0.5), (384, 28, 0.3), (512, 16, 0.2))
    assert ExampleSettings().shares_of_sources() == (
        Share(("procedural",), 0.5, 0.42),
        Share(("figaro_hair",), 0.27, 0.22),
        Share(("feral_cats",), 0.0, 0.18),
        Share(("triggerrally_plants", "game_plants"), 0.1, 0.1),
        Share(("*",), 0.13, 0.08),
    )
    assert LossSettings() == LossSettings(0.5, 0.5, 0.5, 0.5)
    optimization = OptimizationSettings()
    assert (optimization.seconds, optimization.learning_rate, optimization.seed) == (540, 8e-4, 202)
    assert (PackSettings().photo_short, PackSettings().photo_quality) == (416, 62)


def test_flags_become_settings():
    arguments = [
        "--sizes=128:4:0.7,192:2:0.3",
        "--seconds=15",
        "--learning_rate=1e-4",
        "--ring=60",
        "--first_mattes=20",
    ]
    settings = config_from_arguments(TrainSettings, arguments)
    assert settings.examples.batch_sizes() == ((128, 4, 0.7), (192, 2, 0.3))
    assert settings.optimization.seconds == 15
    assert settings.optimization.learning_rate == 1e-4
    assert settings.examples.ring == 60


def test_the_flags_of_the_readme_exist():
    readme = (Path(__file__).parents[2] / "recipes/accelerated/README.md").read_text()
    commands = [line.split() for line in readme.splitlines() if line.startswith("    python")]
    configs = {
        "recipes.accelerated.pack": PackSettings,
        "recipes.accelerated.train": TrainSettings,
        "dim_tf.commands.held_out": HeldOutConfig,
        "test.py": InferenceConfig,
    }
    names = [command[2] if command[1] == "-m" else command[1] for command in commands]
    assert set(names) == set(configs)
    for name, command in zip(names, commands, strict=True):
        flags = [word for word in command if word.startswith("--")]
        config_from_arguments(configs[name], flags)
    (smaller,) = [line.split() for line in readme.splitlines() if line.startswith("    --")]
    config_from_arguments(TrainSettings, smaller)
    named = set(re.findall(r"`(--\w+)", readme)) - {"--fc6", "--hold_out"}
    for flag in named:
        assert flag.removeprefix("--") in {*values_of(PackSettings()), *values_of(TrainSettings())}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"sizes": ("256:64",)}, "'256:64' is not side:count:share"),
        ({"sizes": ("100:4:1",)}, "100 pixels are not possible"),
        ({"sizes": ("640:4:1",)}, "640 pixels are not possible"),
        ({"sizes": ("256:1:1",)}, "batches of 1 are not possible"),
        ({"sizes": ("256:4:0",)}, "needs a share above 0"),
        ({"sizes": ()}, "needs a share above 0"),
        ({"shares": ("procedural:1",)}, "'procedural:1' is not source:share:share of shrunk"),
        ({"shares": ("cats:1:1",)}, "--shares needs both shares of procedural"),
        ({"shares": ("procedural:1:0",)}, "--shares needs both shares of procedural"),
        ({"shares": ("procedural:1:1", "a+b:1:1", "b:1:1")}, "--shares names b twice"),
        ({"ring": 3}, "--ring=3 is not possible"),
    ],
)
def test_impossible_settings_are_told(values, told):
    with pytest.raises(InputError, match=told):
        ExampleSettings(**values)


def test_the_first_mattes_fit_into_the_ring():
    with pytest.raises(InputError, match="do not fit into --ring=100"):
        TrainSettings(examples=ExampleSettings(ring=100))


def test_parts_of_the_time_are_parts():
    with pytest.raises(InputError, match="--keep_at"):
        OptimizationSettings(keep_at=(0.5, 2.0))
