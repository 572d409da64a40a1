"""What a forked process can do, and that it says so of the rest instead of waiting for ever."""

import json
import multiprocessing
import subprocess
import sys

import pytest

from tests.library.conftest import MASK, PHOTO, save

SENTENCE = (
    "InputError: This process was forked from one that had loaded a model or computed with "
    'TensorFlow, and has not its threads; start processes by multiprocessing.get_context("spawn").'
)
PROGRAM = """
import json, multiprocessing, sys
{first}

def child(call, answers):
    try:
        answers.put([int(call().sum() > 0)])
    except Exception as error:
        answers.put(f"{{type(error).__name__}}: {{error}}")

def answer_of(call):
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    process = fork.Process(target=child, args=(call, answers))
    process.start()
    process.join(30)
    if process.exitcode is None:
        process.kill()
        return "it hangs"
    return answers.get()

import numpy as np
K = dict(checkpoint={checkpoint!r}, post_process="none")
def other():
    import dim_tf
    return dim_tf.matte("photo.png", "mask.png", **K | {{"checkpoint": "other.npz"}})
def same(): import dim_tf; return dim_tf.matte("photo.png", "mask.png", precision="float32", **K)
def load():
    import dim_tf
    mask = dim_tf.read_mask("mask.png")
    model = dim_tf.load_model(**K)
    return model.predict_alpha(dim_tf.read_rgb("photo.png"), dim_tf.trimap_from_rough_mask(mask))
def from_alpha(): import dim_tf; return dim_tf.trimap_from_alpha(np.eye(9), 5).numpy()
def trimap(): import dim_tf; return dim_tf.trimap("photo.png", "mask.png")
def rectangle(): import dim_tf; return dim_tf.trimap("photo.png", rectangle=(15, 5, 70, 70))
def onnx(): import dim_tf; return dim_tf.matte("photo.png", "mask.png", runtime="onnx", **K)
def of_parent(): return MODEL.predict_alpha(np.zeros((8, 8, 3), "u1"), np.full((8, 8), 128, "u1"))
print(json.dumps({{name: answer_of(globals()[name]) for name in sys.argv[1:]}}))
"""
A_MATTE = "import dim_tf; dim_tf.matte('photo.png', 'mask.png', precision='float32', **{network})"
LOADING = "from dim_tf.library import kept; kept._ONE_LOADS.acquire()"
needs_fork = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="nothing is forked here"
)


@pytest.fixture
def answers(tiny_checkpoint, tmp_path):
    """What forked processes answer, each to one call, after what the first one did."""
    save("photo.png", PHOTO)
    save("mask.png", MASK)
    (tmp_path / "other.npz").write_bytes(tiny_checkpoint.read_bytes())
    network = {"checkpoint": str(tiny_checkpoint), "post_process": "none"}

    def run(first, *calls):
        first = first.replace("{network}", str(network))
        program = PROGRAM.format(first=first, checkpoint=str(tiny_checkpoint))
        done = subprocess.run(
            [sys.executable, "-c", program, *calls], capture_output=True, text=True, timeout=200
        )
        assert not done.returncode, done.stderr
        return json.loads(done.stdout)

    return run


@needs_fork
@pytest.mark.parametrize(
    "first",
    # While a thread loads another model; and the user's own code, where dim_tf is imported by the
    # forked process only.
    [f"{A_MATTE}; {LOADING}", "import tensorflow as tf; tf.constant(1) + 1"],
)
def test_after_tensorflow_computed_a_forked_process_says_so(answers, first):
    needs_tensorflow = ("load", "same", "other", "from_alpha")
    said = answers(first, *needs_tensorflow, "trimap", "rectangle")
    assert said == dict.fromkeys(needs_tensorflow, SENTENCE) | {"trimap": [1], "rectangle": [1]}


@needs_fork
def test_tensorflow_that_was_only_imported_may_be_forked(answers):
    calls = ("load", "same", "from_alpha")
    assert list(answers("import dim_tf, tensorflow", *calls).values()) == [[1]] * len(calls)


@needs_fork
def test_onnxruntime_begins_anew_in_a_forked_process(answers):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    assert answers(A_MATTE, "onnx") == {"onnx": [1]}
    first = A_MATTE.replace("precision='float32'", "runtime='onnx'")
    first += "; MODEL = dim_tf.load_model(runtime='onnx', **{network})"
    said = answers(first, "onnx", "load", "of_parent")
    assert said == {"onnx": [1], "load": [1], "of_parent": SENTENCE}
