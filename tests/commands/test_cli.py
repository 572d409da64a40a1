import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.writing import write_png

ROOT = Path(__file__).parents[2]
SCRIPTS = ("preprocess_offline.py", "train.py", "test.py")


def run(script, *arguments, folder):
    environment = {name: value for name, value in os.environ.items() if name[:6] != "TF_CPP"}
    result = subprocess.run(
        [sys.executable, str(ROOT / script), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_shows_commands_and_flags_and_does_without_tensorflow(script, tmp_path):
    program = (
        "import runpy, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        f"sys.argv = [{script!r}, '--help']\n"
        "try:\n"
        f"    runpy.run_path({str(ROOT / script)!r}, run_name='__main__')\n"
        "finally:\n"
        "    assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert f"    python {script}" in result.stdout
    assert f"{script}:\n" in result.stdout
    assert "\n  --" in result.stdout


def test_importing_the_package_does_without_tensorflow():
    program = (
        "import sys, dim_tf, dim_tf.config.flags, dim_tf.commands.script;"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--alpha=mask.png"], "--rgb is missing"),
        (["--rgb=photo.png"], "with --alpha or a trimap with --trimap"),
        (["--rgb=none.png", "--alpha=mask.png"], "none.png does not exist"),
        (["--rgb=empty", "--alpha=mask.png"], "empty holds no pictures"),
        ([f"--rgb={'x' * 300}.png", "--alpha=mask.png"], "x.png cannot be used: File name too"),
        (["--rgb=photo.png", "--alpha=mask.png", f"--output={'x' * 300}/"], "File name too long"),
        (["--rgb=photos", "--alpha=mask.png"], "no partner for photos/cat.png, photos/dog.png"),
        (["--rgb=photo.png", "--alpha=small.png"], "photo.png is 50×40 pixels and small.png 50×20"),
        (["--rgb=broken.png", "--alpha=mask.png"], "broken.png is not a picture"),
        (["--rgb=photo.png", "--trimap=mask.png"], "mask.png has no unknown pixel (128)"),
        (["--rgb=photo.png", "--alpha=black.png"], "black.png has the value 0 everywhere"),
        (["--rgb=photo.png", "--alpha=mask.png", "--checkpoint=x.npz"], "no checkpoint x.npz"),
        (["--rgb=photo.png", "--alpha=mask.png", "--output=mask.png"], "would be overwritten"),
        (["--rbg=photo.png"], "Unknown command line flag 'rbg'"),
        (["--bits=12"], "should be one of <8|16>"),
        (["--flagfile=nowhere.flags"], "nowhere.flags"),
        (["photo.png"], "'photo.png' is not a flag"),
    ],
)
def test_refusals_are_one_line(
    tmp_path, write_photo, write_mask, tiny_checkpoint, arguments, sentence
):
    write_photo(tmp_path / "photo.png")
    write_mask(tmp_path / "mask.png")
    write_mask(tmp_path / "small.png", 20, 50)
    write_png(tmp_path / "black.png", np.zeros((40, 50), np.uint8))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "empty").mkdir()
    for name in ("cat", "dog"):
        write_photo(tmp_path / "photos" / f"{name}.png")
    before = sorted(tmp_path.rglob("*"))
    status, printed, errors = run(
        "test.py", f"--checkpoint={tiny_checkpoint}", *arguments, folder=tmp_path
    )
    assert status == 1
    assert sentence in errors
    assert errors.startswith("test.py: ")
    assert errors.count("\n") == 1
    assert printed == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_a_matte_is_written_and_stderr_stays_empty(
    tmp_path, write_photo, write_mask, tiny_checkpoint
):
    write_photo(tmp_path / "photo.png")
    write_mask(tmp_path / "mask.png")
    flags = "--rgb=photo.png", "--alpha=mask.png", f"--checkpoint={tiny_checkpoint}"
    status, printed, errors = run("test.py", *flags, folder=tmp_path)
    assert status == 0
    assert errors == ""
    assert "photo.png (50×40): matte alpha.png" in printed
    assert read_grey(tmp_path / "alpha.png").shape == (40, 50)


def test_one_bad_photo_of_two_ends_with_status_1(
    tmp_path, write_photo, write_mask, tiny_checkpoint
):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    for name in ("cat", "dog"):
        write_photo(tmp_path / "photos" / f"{name}.png")
        write_mask(tmp_path / "masks" / f"{name}.png")
    (tmp_path / "photos" / "cat.png").write_bytes(b"no picture")
    flags = "--rgb=photos", "--alpha=masks", f"--checkpoint={tiny_checkpoint}"
    status, _, errors = run("test.py", *flags, "--runtime=onnx", folder=tmp_path)
    assert status == 1
    first, last = errors.splitlines()
    assert first.startswith("photos/cat.png is not a picture")
    assert last.startswith("test.py: 1 of 2 photos could not be used")
    assert (tmp_path / "mattes" / "dog.png").exists()


def run_measure(tmp_path, begin, function):
    """Runs a command of these lines, the first outside of it."""
    script = tmp_path / "measure.py"
    script.write_text(
        "import errno, os, signal, sys, time\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from dim_tf.commands.script import Command, run_script\n"
        "from dim_tf.config import InferenceConfig\n"
        f"{begin}\n"
        "def function(config):\n"
        f"    {function}\n"
        "run_script(Command(InferenceConfig, function))\n"
    )
    ended = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=40
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize("name", ["EROFS", "EIO", "ENOTEMPTY", "ESTALE"])
def test_what_the_system_says_of_a_file_is_a_sentence(tmp_path, name):
    fail = f"raise OSError(errno.{name}, os.strerror(errno.{name}), 'out/a.png')"
    said = f"measure.py: out/a.png cannot be used: {os.strerror(getattr(errno, name))}.\n"
    assert run_measure(tmp_path, "", fail) == (1, "", said)


def test_below_nohup_a_closed_terminal_ends_nothing(tmp_path):
    ignore = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    hang_up = "signal.raise_signal(signal.SIGHUP); print('goes on')"
    assert run_measure(tmp_path, ignore, hang_up) == (0, "goes on\n", "")


@pytest.mark.parametrize(
    "number, status, said",
    [
        (signal.SIGTERM, 143, "measure.py: stopped by SIGTERM.\n"),
        (signal.SIGHUP, 129, "measure.py: stopped by SIGHUP.\n"),
        (signal.SIGINT, 130, "\nmeasure.py: stopped by Ctrl-C.\n"),
    ],
)
def test_a_signal_that_comes_while_something_is_deleted_is_not_lost(number, status, said, tmp_path):
    begin = (
        f"signal.signal({int(signal.SIGINT)}, signal.default_int_handler)\n"
        "class Deleted:\n"
        "    def __del__(self):\n"
        f"        os.kill(os.getpid(), {int(number)})"
    )
    assert run_measure(tmp_path, begin, "Deleted(); time.sleep(50)") == (status, "", said)


@pytest.mark.parametrize("command", [["train.py"], ["preprocess_offline.py"], ["-m", "dim_tf"]])
def test_ctrl_c_while_a_command_is_imported_is_a_line(tmp_path, command):
    (tmp_path / "absl.py").write_text("raise KeyboardInterrupt")
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    ended = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
        check=False,
    )
    program = "dim-tf" if command[0] == "-m" else command[0]
    assert (ended.returncode, ended.stderr) == (
        -signal.SIGINT,  # 130 in a shell
        f"\n{program}: stopped by Ctrl-C.\n",
    )
