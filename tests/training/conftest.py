import numpy as np
import pytest

from dim_tf.config import ExampleConfig, NetworkConfig, TrainingConfig
from dim_tf.data.image_io import write_png
from dim_tf.data.manifest import Manifest, pairs_array, write_manifest

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


@pytest.fixture
def make_config(dataset, tmp_path):
    """Makes the config of a run that takes seconds; arguments replace its settings."""

    def make(network=None, run="run", **changes):
        settings = {
            "data_dir": str(dataset),
            "run_dir": str(tmp_path / run),
            "steps": 6,
            "learning_rate": 1e-3,
            "checkpoint_every": 3,
            "log_every": 3,
            "image_every": 0,
            "progress": False,
            "network": NetworkConfig(**({"width": 1 / 32, "fc6": "1x1"} | (network or {}))),
            "examples": ExampleConfig(
                crop_sizes=(64, 96), input_size=64, trimap_kernel_min=9, trimap_kernel_max=15
            ),
        }
        return TrainingConfig(**(settings | changes))

    return make
