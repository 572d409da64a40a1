import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dim_tf.system.errors import InputError
from dim_tf.system.files import WriteError, open_atomically, remove_unfinished
from dim_tf.system.folder_lock import LOCK_NAME, FolderLock

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys, time
from dim_tf.system.folder_lock import FolderLock
with FolderLock(sys.argv[1]):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("folder", ["file", "file/below/it"])
def test_a_file_is_no_folder(tmp_path, folder):
    (tmp_path / "file").touch()
    with (
        pytest.raises(
            InputError, match=rf"{folder} is not possible, .*file is a file; give a fold"
        ),
        FolderLock(tmp_path / folder),
    ):
        pass


@pytest.fixture
def holder(tmp_path):
    """Another process that has the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "run")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.communicate()


def test_a_folder_in_use_is_refused_and_its_user_named(tmp_path, holder):
    with (
        pytest.raises(InputError, match=f"run is in use by process {holder.pid} on "),
        FolderLock(tmp_path / "run"),
    ):
        pass
    assert (tmp_path / "run" / LOCK_NAME).exists()


def test_the_lock_of_a_killed_process_is_gone(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "run" / LOCK_NAME).exists()
    with FolderLock(tmp_path / "run") as lock:
        assert lock.is_held()


def test_one_process_cannot_lock_twice(tmp_path):
    with (
        FolderLock(tmp_path),
        pytest.raises(InputError, match="in use"),
        FolderLock(tmp_path),
    ):
        pass
    with FolderLock(tmp_path):
        pass


def test_nothing_stays_but_what_was_there_or_was_written(tmp_path):
    with FolderLock(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b" / LOCK_NAME).exists()
    assert not (tmp_path / "a").exists()
    with FolderLock(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "file").touch()
    assert list((tmp_path / "a" / "b").iterdir()) == [tmp_path / "a" / "b" / "file"]
    (tmp_path / "empty").mkdir()
    with FolderLock(tmp_path / "empty"):
        pass
    assert (tmp_path / "empty").exists()


@pytest.mark.parametrize("what", ["deleted", "moved", "replaced", "lock_deleted"])
def test_a_folder_that_is_no_longer_the_same_is_noticed(tmp_path, what):
    folder = tmp_path / "run"
    with FolderLock(folder) as lock:
        assert lock.is_held()
        if what == "moved":
            folder.rename(tmp_path / "elsewhere")
        else:
            (folder / LOCK_NAME).unlink()
        if what == "deleted":
            folder.rmdir()
        if what == "replaced":
            (folder / LOCK_NAME).touch()
        assert not lock.is_held()
    # It is not this process's any more.
    assert (folder / LOCK_NAME).exists() == (what == "replaced")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    (tmp_path / "run").mkdir(mode=0o500)
    with (
        pytest.raises(InputError, match=r"run is not possible, .* is not writable"),
        FolderLock(tmp_path / "run"),
    ):
        pass


def test_a_disk_that_became_read_only_does_not_bury_what_went_wrong(tmp_path, monkeypatch):
    def unlink(path, **more):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    with pytest.raises(InputError, match="no room"), FolderLock(tmp_path):
        monkeypatch.setattr(Path, "unlink", unlink)
        raise InputError("no room")
    with FolderLock(tmp_path):  # what is left locks nothing
        pass


def test_a_link_in_place_of_the_lock_file_is_not_followed(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK_NAME).symlink_to(tmp_path / "victim")
    with pytest.raises(WriteError), FolderLock(tmp_path / "run"):
        pass
    assert not (tmp_path / "victim").exists()


def test_what_killed_processes_left_is_removed(tmp_path):
    (tmp_path / "deep").mkdir()
    kept = tmp_path / "deep" / "weights.npz"
    with open_atomically(kept) as file:
        (unfinished,) = (path for path in kept.parent.iterdir())
        file.write(b"1")
    unfinished.write_bytes(b"half")
    remove_unfinished(tmp_path)
    assert list(kept.parent.iterdir()) == [kept]


def test_what_another_process_is_writing_is_left_to_it(tmp_path):
    with FolderLock(tmp_path / "decoded"), open_atomically(tmp_path / "decoded" / "copy.bmp"):
        remove_unfinished(tmp_path)
    assert (tmp_path / "decoded" / "copy.bmp").exists()
