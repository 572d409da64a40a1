import cv2
import numpy as np
import pytest
from PIL import Image

from dim_tf.commands.matte import run_inference
from dim_tf.config import InferenceConfig
from dim_tf.config.flags import config_from_arguments
from dim_tf.pictures.writing import write_png
from tests.training.conftest import (  # noqa: F401, fixtures of a short run
    dataset,
    make_config,
    quick_examples,
    quick_steps,
)


@pytest.fixture
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def pictures(in_an_empty_folder, write_photo, write_mask, write_trimap):
    """photo.png, mask.png and trimap.png of one size, and a soft matte.png of it, in the folder."""
    write_photo("photo.png")
    write_mask("mask.png")
    write_trimap("trimap.png")
    mask = np.asarray(Image.open("mask.png"))
    write_png("matte.png", cv2.GaussianBlur(mask, (0, 0), 3))


@pytest.fixture
def infer(pictures, tiny_checkpoint, tiny_model, monkeypatch, capsys):
    """What test.py does with these arguments, with a tiny network; returns what it printed."""
    from dim_tf.matting.predict import MattingModel

    def load_network(config):
        if config.matting.bn_eval != "batch":
            return tiny_model, tiny_checkpoint
        network, config = tiny_model.network, tiny_model.config
        return MattingModel(network, config, {}, statistics="batch"), tiny_checkpoint

    monkeypatch.setattr("dim_tf.commands.matte.load_network", load_network)

    def call(*arguments):
        predicts = not any(flag.startswith("--predictions") for flag in arguments)
        given = ["--post_process=none", *arguments] if predicts else list(arguments)
        run_inference(config_from_arguments(InferenceConfig, given))
        return capsys.readouterr().out

    return call
