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
def quick_files(monkeypatch):
    """TensorFlow's files are empty, for tests of what is beside them and of what is said."""
    from dim_tf.exports import tensorflow_files

    monkeypatch.setattr(tensorflow_files, "write_saved_model", lambda folder, *_: folder.mkdir())
    monkeypatch.setattr(tensorflow_files, "litert_bytes", lambda *_: b"")


@pytest.fixture
def needs():
    """A function that skips the test where a format's packages are not installed."""

    def skip_without(kind):
        for package in PACKAGES[kind]:
            pytest.importorskip(package)

    return skip_without
