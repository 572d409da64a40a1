import dataclasses
import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from dim_tf.config import NetworkConfig
from dim_tf.config.fields import config_from_values
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import render_matte, render_texture

SHIPPED = {"fc6": "1x1", "skip": True, "normalize_input": True}


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that wait for each other beside other processes take far longer than one."""
    if not importlib.util.find_spec("torch"):
        yield
        return
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def write_jpeg(path: Path, rgb: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])


def write_cutout(folder: Path, name: str, seed: int, size: int = 96) -> None:
    """A pair of colours, black where alpha is 0, and matte."""
    alpha = render_matte("fur", seed, size)
    rgb = render_texture(seed, alpha.shape)
    rgb[alpha == 0] = 0
    write_jpeg(folder / f"{name}.jpg", rgb)
    write_png(folder / f"{name}.png", alpha)


@pytest.fixture(scope="session")
def photos_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for number in range(14):
        write_jpeg(folder / f"photo_{number:02d}.jpg", render_texture(number, (200, 240)))
    return folder


@pytest.fixture(scope="session")
def cutouts_dir(tmp_path_factory):
    """Two sources of twelve cut-outs, so that one of each is held out."""
    folder = tmp_path_factory.mktemp("cutouts")
    for source in ("cats", "dogs"):
        for number in range(12):
            write_cutout(folder / source, f"{source}_{number:02d}", number)
    return folder


@pytest.fixture(scope="session")
def pack(cutouts_dir, photos_dir, tmp_path_factory):
    """A tiny pack, and what `make_pack` said of it."""
    from recipes.accelerated.packing import make_pack
    from recipes.accelerated.settings import PackSettings

    path = tmp_path_factory.mktemp("pack") / "pack.npz"
    settings = PackSettings(
        cutouts_dir=str(cutouts_dir),
        photos_dir=str(photos_dir),
        out=str(path),
        workers=1,
        progress=False,
    )
    return path, make_pack(settings)


@pytest.fixture(scope="session")
def config():
    return NetworkConfig(width=1 / 16, **SHIPPED)


@pytest.fixture(scope="session")
def keras_network(config):
    """dim_tf's network with random weights and statistics."""
    from dim_tf.model.network import build_network

    network = build_network(config)
    random = np.random.default_rng(3)
    for variable in network.variables:
        values = random.normal(size=variable.shape)
        if variable.name in ("gamma", "moving_variance"):
            values = 0.5 + np.abs(values)
        elif variable.name == "weights":
            values *= np.sqrt(2 / np.prod(variable.shape[:3]))
        variable.assign(values.astype(np.float32))
    return network


@pytest.fixture(scope="session")
def weights(keras_network, config):
    """The same weights with a certainty head, as a weights file holds them."""
    from dim_tf.model.weights import network_arrays
    from recipes.accelerated.weights import WeightsFile

    arrays = {
        name.removeprefix("network/"): array
        for name, array in network_arrays(keras_network).items()
    }
    random = np.random.default_rng(4)
    kernel = arrays["pred_alpha/weights"]
    arrays["pred_scale/weights"] = random.normal(scale=0.1, size=kernel.shape).astype(np.float32)
    arrays["pred_scale/biases"] = np.array([-2.0], np.float32)
    return WeightsFile(arrays, dataclasses.asdict(config))


@pytest.fixture(scope="session")
def weights_file(weights, tmp_path_factory):
    from recipes.accelerated.weights import network_of, write_weights

    path = tmp_path_factory.mktemp("weights") / "start.npz"
    write_weights(path, network_of(weights, "test"), weights.config, {})
    return path


@pytest.fixture
def settings():
    """Makes the settings of a small run."""
    from recipes.accelerated.settings import TrainSettings

    def make(**values):
        small = {
            "sizes": ("64:4:1",),
            "ring": 16,
            "first_mattes": 2,
            "workers": 1,
            "statistics_batches": 2,
            "seconds": 4.0,
        }
        return config_from_values(TrainSettings, small | values)

    return make


@pytest.fixture
def random_batch():
    """Makes a batch of a seed."""
    torch = pytest.importorskip("torch")
    from recipes.accelerated.examples import Batch

    def make(seed, count=2, side=32, trimap_values=(0.0, 128.0, 255.0)):
        random = np.random.default_rng(seed)

        def tensor(values):
            return torch.from_numpy(values.astype(np.float32))

        foreground, background = (
            tensor(random.uniform(0, 255, (count, 3, side, side))) for _ in range(2)
        )
        alpha = tensor(random.integers(0, 256, (count, 1, side, side)) / 255)
        trimap = tensor(random.choice(trimap_values, (count, 1, side, side)))
        photo = alpha * foreground + (1 - alpha) * background
        seen = photo.round()
        image_and_trimap = torch.cat([seen - 120, trimap], 1)
        return Batch(image_and_trimap, photo, seen, foreground, background, alpha, trimap)

    return make
