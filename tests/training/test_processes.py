import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dim_tf.commands.train import start_run
from dim_tf.config import with_values
from dim_tf.config.flags import flagfile_text
from dim_tf.model.run_folder import checkpoint_path, list_checkpoints
from dim_tf.system.errors import InputError
from dim_tf.training.records import FLAGFILE_NAME
from tests.training.run_files import arrays_of, losses_of, train_as

ROOT = Path(__file__).resolve().parents[2]


def start_script(config, tmp_path, **options):
    flagfile = tmp_path / "script.flags"
    flagfile.write_text(flagfile_text(config))
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "train.py"), f"--flagfile={flagfile}"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def wait_for(path, process, seconds=120):
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.002)


@pytest.mark.slow
def test_sigterm_saves_and_says_how_to_go_on(make_config, tmp_path):
    config = make_config(steps=100_000, checkpoint_every=20)
    process = start_script(config, tmp_path)
    wait_for(checkpoint_path(Path(config.run.run_dir), 20), process)
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, errors
    assert "saved; the same command goes on" in output
    step = list_checkpoints(Path(config.run.run_dir))[0]
    assert f"Stopped at step {int(step.stem.removeprefix('step-'))} of 100000" in output
    assert len(losses_of(config.run.run_dir)) == int(step.stem.removeprefix("step-"))
    # The flags it left behind are the run.
    kept = (Path(config.run.run_dir) / FLAGFILE_NAME).read_text()
    assert kept == flagfile_text(config)


def test_start_run_names_what_is_missing(make_config):
    for name in ("data_dir", "run_dir"):
        with pytest.raises(InputError, match=f"--{name} is missing"):
            start_run(with_values(make_config(), **{name: ""}), "")


def test_start_run_refuses_settings_before_it_makes_data(make_config, tmp_path):
    config = make_config(data_dir=str(tmp_path / "data"), synthetic=1, train_stage="refinement")
    with pytest.raises(InputError, match="needs --refine"):
        start_run(config, "")
    assert not (tmp_path / "data").exists()


def test_start_run_sums_up(make_config, capsys):
    config = make_config()
    start_run(config, flagfile_text(config))
    output = capsys.readouterr().out
    assert "step 6: mean absolute error on unknown pixels" in output
    assert f"--checkpoint={config.run.run_dir}" in output
    assert (Path(config.run.run_dir) / FLAGFILE_NAME).read_text() == flagfile_text(config)


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_what_it_says_to_try_can_be_pasted(make_config, capsys):
    config = make_config(run="a run; of 'mine'", steps=1)
    start_run(config, flagfile_text(config))
    line = capsys.readouterr().out.splitlines()[-1]
    assert shlex.split(line)[2:] == ["dim-tf", "matte", f"--checkpoint={config.run.run_dir}"]


MIRRORED = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
mirrored = tf.distribute.MirroredStrategy
tf.distribute.MirroredStrategy = lambda: mirrored(["CPU:0", "CPU:1"])
from dim_tf.config import *
from dim_tf.training.loop import train
"""


@pytest.mark.slow
@pytest.mark.takes_a_minute
def test_two_devices_train_as_one(make_config):
    """Losses, weights, and the statistics of batch norm."""
    settings = {"batch_size": 2, "steps": 4, "log_every": 2, "image_every": 2, "certainty": True}
    settings |= {"laplacian_loss_weight": 0.5, "learning_rate": 1e-4, "clip_norm": 1e-2}
    one = make_config(run="one", **settings)
    two = make_config(run="two", strategy="mirrored", **settings)
    train_as(one)
    subprocess.run(
        [sys.executable, "-c", f"{MIRRORED}\ntrain({two.run!r}, {two.data.data_dir!r})"],
        cwd=ROOT,
        check=True,
        timeout=200,
    )
    for column in ("total_loss", "certainty_loss", "unknown_error"):
        losses = losses_of(two.run.run_dir, column)
        np.testing.assert_allclose(losses, losses_of(one.run.run_dir, column), rtol=1e-5)
    expected = arrays_of(one.run.run_dir, 4)
    for name, array in arrays_of(two.run.run_dir, 4).items():
        apart = np.linalg.norm(array - expected[name]) / max(np.linalg.norm(expected[name]), 1e-30)
        assert apart < 1e-4, name
