import pytest

from dim_tf.errors import InputError
from dim_tf.inference.checkpoint_choice import find_checkpoint


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
