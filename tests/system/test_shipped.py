from pathlib import Path

import pytest

from dim_tf.config import TrainingConfig
from dim_tf.config.flagfile import shipped_flagfiles
from dim_tf.config.flags import config_from_arguments
from dim_tf.model.checkpoint_choice import RELEASED_FOLDER, existing_checkpoint
from dim_tf.system import shipped
from dim_tf.system.shipped import existing_or_shipped, shipped_folder

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_checkout_has_them_beside_the_package():
    assert shipped_folder("flagfiles") == ROOT / "flagfiles"
    assert RELEASED_FOLDER == ROOT / "checkpoints"


def test_a_wheel_has_them_in_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "dim_tf")
    (tmp_path / "flagfiles").mkdir()
    assert shipped_folder("flagfiles") == tmp_path / "flagfiles"
    (tmp_path / "dim_tf" / "flagfiles").mkdir(parents=True)
    assert shipped_folder("flagfiles") == tmp_path / "dim_tf" / "flagfiles"


@pytest.mark.parametrize("name", ["quickstart.flags", "flagfiles/quickstart.flags"])
def test_a_flagfile_is_found_from_any_folder(name):
    config = config_from_arguments(TrainingConfig, [f"--flagfile={name}"])
    assert config.run.run_dir == "runs/quickstart"


def test_flagfiles_that_name_others_are_found_too():
    assert config_from_arguments(TrainingConfig, ["--flagfile=full.flags"]).run.network.skip
    flags = ["--flagfile=ablations/skip.flags"]
    network = config_from_arguments(TrainingConfig, flags).run.network
    assert network.skip and network.width == 0.25


def test_ones_own_file_comes_first():
    Path("quickstart.flags").write_text("--run_dir=mine\n")
    config = config_from_arguments(TrainingConfig, ["--flagfile=quickstart.flags"])
    assert config.run.run_dir == "mine"


def test_what_is_not_there_keeps_its_name():
    for path in ("nowhere.flags", "/nowhere.flags", "other/quickstart.flags"):
        assert existing_or_shipped(path, "flagfiles") == Path(path)


def test_shipped_flagfiles_are_named():
    assert {"quickstart.flags", "blog.flags", "paper.flags"} <= {*shipped_flagfiles()}


def test_released_weights_are_the_default_whatever_lies_about():
    name = "deep_image_matting.npz"
    assert existing_checkpoint() == existing_checkpoint(name) == RELEASED_FOLDER / name
    Path(name).write_bytes(b"another")
    assert existing_checkpoint() == RELEASED_FOLDER / name
    assert existing_checkpoint(name) == Path(name)
