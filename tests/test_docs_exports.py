"""What docs/exports.md tells to type works, one after the other, on small pictures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dim_tf.exports.card import CARD_NAME, EXAMPLE_NAME, FILE_NAMES

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
COMMANDS = [line.strip() for line in DOCUMENT.splitlines() if line.startswith("    ")]


@pytest.mark.slow
@pytest.mark.document
def test_the_commands(tmp_path, tiny_checkpoint, write_photo, write_mask):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    (tmp_path / "test.py").symlink_to(ROOT / "test.py")
    (tmp_path / "weights.npz").symlink_to(tiny_checkpoint)
    write_photo(tmp_path / "photo.png")
    write_mask(tmp_path / "mask.png")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for command in COMMANDS:
        program = command.replace("dim-tf", "python -m dim_tf", 1)
        words = [sys.executable, *program.split()[1:]]
        subprocess.run(words, cwd=tmp_path, env=environment, check=True)
    for kind, name in FILE_NAMES.items():
        folder = tmp_path / f"deep_image_matting_{kind}"
        assert all((folder / file).exists() for file in (name, CARD_NAME, EXAMPLE_NAME))
    assert (tmp_path / "mine" / FILE_NAMES["onnx"]).is_file()
    assert (tmp_path / "phone" / FILE_NAMES["litert"]).is_file()
    assert (tmp_path / "alpha.png").is_file()


def test_the_commands_are_dim_tfs():
    assert len(COMMANDS) == 6
    assert all(command.startswith(("dim-tf ", "python ")) for command in COMMANDS)
