import hashlib

import pytest

from dim_tf.model.checkpoint_choice import (
    CHECKSUMS_NAME,
    DEFAULT_CHECKPOINT,
    RELEASED_FOLDER,
    find_checkpoint,
)
from dim_tf.system.errors import InputError


@pytest.fixture
def run_dir(tmp_path, tiny_checkpoint):
    folder = tmp_path / "run" / "checkpoints"
    folder.mkdir(parents=True)
    for name in ("step-00000200.npz", "step-00000400.npz", "best.npz"):
        (folder / name).write_bytes(tiny_checkpoint.read_bytes())
    return folder.parent


def test_a_file_is_itself(tiny_checkpoint):
    assert find_checkpoint(tiny_checkpoint) == tiny_checkpoint


def test_a_run_gives_its_best_network_or_else_its_newest_that_can_be_read(run_dir):
    assert find_checkpoint(run_dir).name == "best.npz"
    (run_dir / "checkpoints" / "best.npz").write_bytes(b"half a file")
    assert find_checkpoint(run_dir).name == "step-00000400.npz"
    (run_dir / "checkpoints" / "best.npz").unlink()
    (run_dir / "checkpoints" / "step-00000400.npz").write_bytes(b"")
    assert find_checkpoint(run_dir).name == "step-00000200.npz"


def test_a_folder_without_checkpoints_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no checkpoint that can be read"):
        find_checkpoint(tmp_path)


def test_a_missing_file_is_refused_with_what_there_is():
    with pytest.raises(InputError, match=r"no checkpoint nowhere\.npz; shipped.*Train one"):
        find_checkpoint("nowhere.npz")


def test_a_file_that_is_not_the_released_one_is_refused(tmp_path):
    weights, own = tmp_path / "weights.npz", tmp_path / "own.npz"
    weights.write_bytes(b"as released")
    own.write_bytes(b"mine")
    digest = hashlib.sha256(b"as released").hexdigest()
    (tmp_path / CHECKSUMS_NAME).write_text(f"{digest}  weights.npz\nno checksum\n")
    assert find_checkpoint(weights) == weights
    assert find_checkpoint(own) == own
    weights.write_bytes(b"as releasee")
    with pytest.raises(InputError, match=rf"not the file that was released.*{digest[:8]}.*again"):
        find_checkpoint(weights)


def test_the_shipped_weights_are_those_of_their_checksum_and_model_card():
    shipped = find_checkpoint()
    digest = hashlib.sha256(shipped.read_bytes()).hexdigest()
    lines = (RELEASED_FOLDER / CHECKSUMS_NAME).read_text().splitlines()
    assert lines == [f"{digest}  {DEFAULT_CHECKPOINT}"]
    assert digest in (RELEASED_FOLDER / "deep_image_matting.md").read_text()
