import errno
import gc
import hashlib
import io
import sys
import time

import numpy as np
import pytest

from dim_tf.config import NetworkConfig
from dim_tf.pictures.writing import write_png


def pytest_addoption(parser):
    parser.addoption(
        "--until",
        type=float,
        metavar="SECONDS",
        help="since 1970: tests that have not begun by then are skipped, so that a slow machine "
        "ends in time as well",
    )


def pytest_runtest_setup(item):
    until = item.config.getoption("--until")
    if until is not None and time.time() > until:
        pytest.skip("no time left (--until)")


# Fixtures that take seconds to make. Tests that use one share a process, which makes it once.
MADE_ONCE = ("finished", "twos", "ones", "composites")


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items):
    # What takes a minute begins first: begun last, it would be waited for at the end.
    items.sort(key=lambda item: item.get_closest_marker("takes_a_minute") is None)
    for item in items:
        for name in {*MADE_ONCE} & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.xdist_group(name))


def pytest_collection_finish():
    """What is imported by now stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def gone_stderr(monkeypatch):
    """Makes stderr one that takes nothing, as where the terminal was closed."""

    class Gone(io.StringIO):
        def __init__(self, is_terminal):
            super().__init__()
            self._is_terminal = is_terminal

        def isatty(self):
            return self._is_terminal

        def write(self, text):
            raise OSError(errno.EIO, "Input/output error")

    return lambda is_terminal: monkeypatch.setattr(sys, "stderr", Gone(is_terminal))


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    """Weights of a narrow random network, for tests that need some network."""
    import keras

    from dim_tf.model.network import build_network
    from dim_tf.model.weights import save_weights

    config = NetworkConfig(width=1 / 16, fc6="1x1", skip=True, normalize_input=True)
    keras.utils.set_random_seed(1)
    path = tmp_path_factory.mktemp("weights") / "tiny.npz"
    save_weights(path, build_network(config), config, {})
    return path


@pytest.fixture(scope="session")
def tiny_model(tiny_checkpoint):
    from dim_tf.matting.predict import load_model

    return load_model(tiny_checkpoint, post_process="none")


@pytest.fixture(scope="session")
def models_loaded():
    """By the content of the weights file, and how it was loaded."""
    return {}


@pytest.fixture
def models_are_kept(models_loaded, monkeypatch):
    """What was loaded before is not loaded and traced again, which is most of a command's time."""
    from dim_tf.matting import predict

    load = predict.load_model

    def load_once(checkpoint="", **settings):
        file = predict.find_checkpoint(checkpoint)
        content = hashlib.sha256(file.read_bytes()).digest()
        key = (content, *sorted(settings.items()))
        if key not in models_loaded:
            models_loaded[key] = load(checkpoint, **settings)
        return models_loaded[key]

    monkeypatch.setattr(predict, "load_model", load_once)


@pytest.fixture
def write_photo():
    """Writes a random photo and returns its path."""

    def write(path, height=40, width=50):
        write_png(path, np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8))
        return path

    return write


@pytest.fixture
def write_mask():
    """Writes a mask, white in its right half, and returns its path."""

    def write(path, height=40, width=50):
        mask = np.zeros((height, width), np.uint8)
        mask[:, width // 2 :] = 255
        write_png(path, mask)
        return path

    return write


@pytest.fixture
def write_trimap():
    """Writes a trimap with a vertical unknown band, and returns its path."""

    def write(path, height=40, width=50):
        trimap = np.zeros((height, width), np.uint8)
        trimap[:, width // 3 :] = 128
        trimap[:, 2 * width // 3 :] = 255
        write_png(path, trimap)
        return path

    return write


@pytest.fixture
def save_random_network(tmp_path):
    """A function that writes weights of a narrow network whose every variable is random."""
    import keras

    from dim_tf.model.network import build_network
    from dim_tf.model.weights import save_weights

    def save(**settings):
        config = NetworkConfig(**{"width": 1 / 16, "fc6": "1x1", **settings})
        keras.utils.set_random_seed(1)
        network = build_network(config)
        random = np.random.default_rng(2)
        for layer in network.layers:
            for variable in layer.variables:
                value = random.standard_normal(variable.shape)
                if variable.name in ("gamma", "moving_variance"):
                    variable.assign(1 + 0.2 * np.tanh(value))
                elif variable.name != "weights":
                    variable.assign(0.1 * value)
                elif layer.name in ("refine_4", "pred_scale"):  # else zeros, which show nothing
                    variable.assign(0.05 * value)
        path = tmp_path / "weights.npz"
        save_weights(path, network, config, {}, half=False)
        return path

    return save
