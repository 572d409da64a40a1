import errno
import functools
import gc
import itertools
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dim_tf.system.errors import InputError
from dim_tf.system.files import (
    WriteError,
    make_folder_atomically,
    refuse_unwritable,
    write_bytes,
    writing,
)


class Interrupt(BaseException):
    """As what the handlers of SIGTERM and Ctrl-C raise: between any two steps of a program."""


def interrupted_at(step, function):
    """Calls `function` and raises `Interrupt` before so many of the lines that run.

    Returns:
        Whether that many lines ran.
    """
    steps = itertools.count()

    def trace(frame, event, argument):
        if event == "line" and next(steps) == step:
            raise Interrupt
        return trace

    gc.disable()  # what libraries run after a collection swallows the interrupt
    sys.settrace(trace)
    try:
        function()
    except Interrupt:
        return True
    finally:
        sys.settrace(None)
        gc.enable()
    return False


def make_folder(path):
    with make_folder_atomically(path) as folder:
        (folder / "inside").write_bytes(b"whole")


@pytest.mark.parametrize(
    "make", [lambda path: write_bytes(path, b"whole"), make_folder], ids=["file", "folder"]
)
def test_an_interrupt_at_any_moment_leaves_it_whole_or_nothing(tmp_path, make):
    left, step = set(), 0
    while interrupted_at(step, functools.partial(make, tmp_path / str(step) / "made")):
        for path in (tmp_path / str(step)).glob("*"):
            left.add(path.name)
            content = path / "inside" if path.is_dir() else path
            assert content.read_bytes() == b"whole"
        step += 1
    assert step > 30 and left == {"made"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize("umask", [0o077, 0o022, 0o002])
def test_permissions_are_what_the_user_leaves(tmp_path, umask):
    script = (
        f"import os; os.umask({umask})\n"
        "from dim_tf.system.files import make_folder_atomically, write_bytes\n"
        "write_bytes('file', b'x')\n"
        "with make_folder_atomically('folder') as folder: pass"
    )
    root = {"PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path])}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=os.environ | root, check=True)
    for name, whole in (("file", 0o666), ("folder", 0o777)):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == whole & ~umask


def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path):
    path = tmp_path / ("猫" * 83 + ".png")  # 253 of 255 bytes
    write_bytes(path, b"x")
    with make_folder_atomically(tmp_path / ("k" * 255)):
        pass
    assert path.read_bytes() == b"x" and len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_one_is_refused_before(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "report"):
        with pytest.raises(InputError, match=r"--report=x is not possible, .*file is a file; give"):
            refuse_unwritable(folder, "--report=x")
    refuse_unwritable(tmp_path / "new" / "report", "--report=x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize(
    ("number", "of_the_disk"), [(errno.ENOSPC, True), (errno.EROFS, True), (errno.EACCES, False)]
)
def test_a_full_disk_is_told_from_a_file_that_cannot_be_written(number, of_the_disk):
    with (
        pytest.raises(WriteError, match=r"a\.png cannot be written: ") as refusal,
        writing("a.png"),
    ):
        raise OSError(number, os.strerror(number))
    assert refusal.value.is_of_the_disk is of_the_disk
    with pytest.raises(BrokenPipeError), writing("standard output"):
        raise BrokenPipeError
