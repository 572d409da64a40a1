"""A matte by onnxruntime is the one by TensorFlow, and TensorFlow is not started for it."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dim_tf.config import NetworkConfig
from dim_tf.matting.predict import load_model
from dim_tf.model.weights_file import write_arrays
from dim_tf.system.errors import InputError

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
ROOT = Path(__file__).resolve().parents[2]


def photo_and_trimap(height, width, seed=0):
    random = np.random.default_rng(seed)
    rgb = random.integers(0, 256, (height, width, 3), np.uint8)
    trimap = np.full((height, width), 128, np.uint8)
    trimap[: height // 4], trimap[-height // 4 :] = 0, 255
    return rgb, trimap


@pytest.fixture(scope="module")
def onnx_model(tiny_checkpoint):
    return load_model(tiny_checkpoint, runtime="onnx", post_process="none", precision="auto")


@pytest.mark.parametrize("height, width", [(1, 1), (31, 33), (64, 96), (97, 130)])
def test_it_is_the_same_matte(onnx_model, tiny_model, height, width):
    rgb, trimap = photo_and_trimap(height, width)
    predicted = onnx_model.predict_alpha(rgb, trimap)
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted, tiny_model.predict_alpha(rgb, trimap), atol=1e-5)


def test_in_tiles_and_squashed_too(onnx_model, tiny_model):
    rgb, trimap = photo_and_trimap(300, 700)
    for sides in ({"max_pixels": 90_000}, {"size": 64}):
        expected = tiny_model.predict_alpha(rgb, trimap, **sides)
        predicted = onnx_model.predict_alpha(rgb, trimap, **sides)
        np.testing.assert_allclose(predicted, expected, atol=1e-5)


def test_certainty_is_the_same(save_random_network):
    path = save_random_network(certainty=True, refine=True)
    rgb, trimap = photo_and_trimap(64, 96)
    tensorflow, onnx = (
        load_model(path, runtime=runtime).predict_alpha(rgb, trimap, return_certainty=True)
        for runtime in ("tensorflow", "onnx")
    )
    np.testing.assert_allclose(onnx, tensorflow, atol=1e-3)


def test_several_threads_at_once(onnx_model):
    pictures = [photo_and_trimap(64, 96, seed) for seed in range(8)]
    expected = [onnx_model.predict_alpha(*picture) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        predicted = list(pool.map(lambda picture: onnx_model.predict_alpha(*picture), pictures))
    np.testing.assert_array_equal(predicted, expected)


def test_threads_wait_for_one_another(onnx_model, monkeypatch):
    """More passes at once would take as much memory each."""
    session = onnx_model.network._session
    inside, most = [], []

    class Watched:
        def get_inputs(self):
            return session.get_inputs()

        def run(self, *arguments):
            inside.append(1)
            time.sleep(0.02)  # others would come
            most.append(len(inside))
            try:
                return session.run(*arguments)
            finally:
                inside.pop()

    monkeypatch.setattr(onnx_model.network, "_session", Watched())
    pictures = [photo_and_trimap(32, 32, seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda picture: onnx_model.predict_alpha(*picture), pictures))
    assert most == [1, 1, 1, 1]


def test_the_command_does_without_tensorflow(write_photo, write_mask, tiny_checkpoint, tmp_path):
    write_photo(tmp_path / "photo.png")
    write_mask(tmp_path / "mask.png")
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from dim_tf.commands.matte import run_inference\n"
        "from dim_tf.config import InferenceConfig\n"
        "from dim_tf.config.flags import config_from_arguments\n"
        "run_inference(config_from_arguments(InferenceConfig, sys.argv[1:]))\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    flags = "--rgb=photo.png", "--alpha=mask.png", f"--checkpoint={tiny_checkpoint}"
    done = subprocess.run(
        [sys.executable, "-c", program, *flags, "--runtime=onnx"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (tmp_path / "alpha.png").is_file()


def test_weights_that_do_not_fit_are_refused(tmp_path):
    write_arrays(tmp_path / "none.npz", {}, NetworkConfig(), {})
    with pytest.raises(InputError, match="conv1_1/weights is missing"):
        load_model(tmp_path / "none.npz", runtime="onnx")
