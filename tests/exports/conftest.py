import numpy as np
import pytest

PACKAGES = {"onnx": ("onnx", "onnxruntime"), "litert": ("ai_edge_litert",), "saved_model": ()}


@pytest.fixture(scope="session")
def run_export():
    """A function that runs an exported file on arrays and returns its outputs by name."""
    return lambda kind, file, **arrays: RUNS[kind](file, arrays)


def _run_onnx(file, arrays):
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, arrays), strict=True))


def _run_litert(file, arrays):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(file), num_threads=2)
    return interpreter.get_signature_runner()(**arrays)


def _run_saved_model(file, arrays):
    import tensorflow as tf

    loaded = tf.saved_model.load(str(file)).signatures["serving_default"]
    outputs = loaded(**{name: tf.constant(array) for name, array in arrays.items()})
    return {name: output.numpy() for name, output in outputs.items()}


RUNS = {"onnx": _run_onnx, "litert": _run_litert, "saved_model": _run_saved_model}


@pytest.fixture
def needs():
    """A function that skips the test where a format's packages are not installed."""

    def skip_without(kind):
        for package in PACKAGES[kind]:
            pytest.importorskip(package)

    return skip_without


@pytest.fixture
def save_random_network(tmp_path):
    """A function that writes weights of a narrow network whose every variable is random."""
    import keras

    from dim_tf.config import NetworkConfig
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
