import io
import sys

import pytest

from dim_tf.config import InferenceConfig
from dim_tf.config.flags import config_from_arguments


@pytest.fixture
def pictures(tmp_path, monkeypatch, write_photo, write_mask):
    """photo.png and mask.png, and two of each in photos and masks, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for photo, mask in (("photo", "mask"), ("photos/a", "masks/a"), ("photos/b", "masks/b")):
        write_photo(tmp_path / f"{photo}.png")
        write_mask(tmp_path / f"{mask}.png")
    return tmp_path


@pytest.fixture
def tiny(pictures, tiny_checkpoint, tiny_model, monkeypatch):
    """What a word does with flags, in this process and with a tiny network."""
    monkeypatch.setattr(
        "dim_tf.commands.matte.load_network", lambda *given: (tiny_model, tiny_checkpoint)
    )

    def call(run, *arguments):
        run(config_from_arguments(InferenceConfig, ["--post_process=none", *arguments]))

    return call


@pytest.fixture
def standard_input(monkeypatch):
    """Sends bytes to this process."""

    def send(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return send
