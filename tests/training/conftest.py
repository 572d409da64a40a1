import shutil

import numpy as np
import pytest
import tensorflow as tf

from dim_tf.config import TrainingConfig, config_from_values, with_values
from dim_tf.config.flags import flagfile_text
from dim_tf.dataset.manifest import Manifest, pairs_array, write_manifest
from dim_tf.pictures.writing import write_png
from tests.training.run_files import train_as

SIDE = 160


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """A dataset of three soft discs on two backgrounds, small enough to train on in a test."""
    folder = tmp_path_factory.mktemp("dataset")
    random = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE, :SIDE]
    foregrounds, backgrounds = ("one", "two", "three"), ("dark", "light")
    for number, name in enumerate(foregrounds):
        distance = np.hypot(y - SIDE / 2, x - SIDE / 2 - 4 * number)
        alpha = np.clip(255 * (30 + 8 * number - distance) / 12 + 128, 0, 255).astype(np.uint8)
        colours = random.integers(150, 256, (SIDE, SIDE, 3), np.uint8)
        write_png(folder / "alpha" / f"{name}.png", alpha)
        write_png(folder / "eps" / f"{name}.png", colours)
    for name in backgrounds:
        write_png(folder / "bg" / f"{name}.png", random.integers(0, 100, (SIDE, SIDE, 3), np.uint8))
    write_manifest(
        Manifest(
            data_dir=folder,
            layout="compact",
            pad="none",
            crop_safety="pull_back",
            foregrounds=foregrounds,
            backgrounds=backgrounds,
            pairs=pairs_array([(f, b) for f in range(3) for b in range(2)]),
            seed=1,
        )
    )
    return folder


def run_config(dataset, run_dir, **changes):
    """The config of a run that takes seconds; arguments replace its settings."""
    settings = {
        "data_dir": str(dataset),
        "run_dir": str(run_dir),
        "steps": 6,
        "learning_rate": 1e-3,
        "checkpoint_every": 3,
        "log_every": 3,
        "image_every": 0,
        "progress": False,
        "width": 1 / 32,
        "fc6": "1x1",
        "crop_sizes": (64, 96),
        "input_size": 64,
        "trimap_kernel_min": 9,
        "trimap_kernel_max": 15,
    }
    return config_from_values(TrainingConfig, settings | changes)


@pytest.fixture
def make_config(dataset, tmp_path):
    """Makes the config of a run in the test's folder."""

    def make(run="run", **changes):
        return run_config(dataset, tmp_path / run, **changes)

    return make


@pytest.fixture
def quick_steps(monkeypatch):
    """Steps that take no time, for tests of files and of what is said.

    They move a weight by the learning rate, as Adam does at most. Their loss tells what they saw;
    it is NaN at those in the list.
    """
    not_finite: list[int] = []

    def make_train_step(losses, optimization, network, optimizer, strategy):
        done = []

        def step(batch, stop):
            done.append(1)
            network.trainable_variables[0].assign_add(
                tf.fill(network.trainable_variables[0].shape, optimizer.learning_rate)
            )
            names = ("alpha_loss", "comp_loss", "unknown_error", "mean_unknown_alpha")
            values = {name: tf.constant(0.5) for name in names}
            seen = tf.reduce_mean(tf.abs(batch["image_and_trimap"]))
            return values | {
                "total_loss": seen * (np.nan if len(done) in not_finite else 1.0),
                "gradient_norms": tf.zeros(len(network.trainable_variables)),
                "stop": stop,
                "attempt": tf.cast(batch["attempt"], tf.float32),
            }

        return step

    monkeypatch.setattr("dim_tf.training.loop.make_train_step", make_train_step)
    return not_finite


@pytest.fixture
def quick_examples(monkeypatch):
    """Examples without pictures, as steps do not look at them."""

    def training_examples(manifest, config, *, batch_size, **more):
        zeros = tf.zeros(batch_size, tf.int64)
        seen = tf.random.stateless_normal([batch_size, 64, 64, 4], [1, 2])
        batch = {"attempt": zeros, "pair": zeros, "image_and_trimap": seen}
        return tf.data.Dataset.from_tensors(batch).repeat()

    for user in ("loop", "start", "release"):
        monkeypatch.setattr(f"dim_tf.training.{user}.training_examples", training_examples)


@pytest.fixture(scope="session")
def finished(dataset, tmp_path_factory):
    """A run of seven steps that many tests share; they must not change it."""
    config = run_config(
        dataset,
        tmp_path_factory.mktemp("finished"),
        steps=7,
        batch_size=2,
        warmup_steps=4,
        checkpoint_every=2,
        keep_checkpoints=2,
    )
    train_as(config, flagfile_text(config))
    return config


@pytest.fixture
def continued(finished, tmp_path):
    """A copy of that run to go on with."""
    shutil.copytree(finished.run.run_dir, tmp_path / "continued")
    return with_values(finished, run_dir=str(tmp_path / "continued"))


@pytest.fixture
def validation_dir(tmp_path):
    random = np.random.default_rng(3)
    for name in ("p", "q"):
        alpha = np.repeat(np.linspace(0, 255, 50).astype(np.uint8)[None], 40, axis=0)
        trimap = np.where((alpha > 40) & (alpha < 210), 128, np.where(alpha > 99, 255, 0))
        write_png(
            tmp_path / "val" / "rgb" / f"{name}.png", random.integers(0, 256, (40, 50, 3), np.uint8)
        )
        write_png(tmp_path / "val" / "alpha" / f"{name}.png", alpha)
        write_png(tmp_path / "val" / "trimap" / f"{name}.png", trimap.astype(np.uint8))
    return tmp_path / "val"
