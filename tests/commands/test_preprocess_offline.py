import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dim_tf.pictures.photo import read_rgb

COMMAND = [sys.executable, str(Path(__file__).parents[2] / "preprocess_offline.py")]


def run(*arguments):
    result = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ([], "--out_dir is missing"),
        (["--out_dir=OUT"], "Say what to make the dataset from"),
        (["--out_dir=OUT", "--alpha_dir=nowhere"], "--eps_dir is missing"),
        (["--out_dir=OUT", "--synthetic=2", "--photos_dir=nowhere"], "nowhere is not a folder"),
        (["--out_dir=OUT", "--synthetic=2", "--seed=-1"], "--seed=-1 is not possible"),
        (["--out_dir=OUT", "--adobe_root=nowhere", "--bg_dir=nowhere"], "cannot be read"),
    ],
)
def test_refusals_are_one_line(tmp_path, arguments, sentence):
    arguments = [argument.replace("OUT", str(tmp_path / "out")) for argument in arguments]
    status, _, errors = run(*arguments)
    assert status == 1
    assert sentence in errors
    assert errors.startswith("preprocess_offline.py: ")
    assert errors.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_it_prints_progress_and_the_summary(tmp_path):
    flags = f"--out_dir={tmp_path}", "--synthetic=1", "--backgrounds_per_foreground=1"
    status, printed, errors = run(*flags)
    assert status == 0
    assert "1 pair of 1 foreground and 1 background." in printed
    assert "3 files written, 0 were there already, 0 refused" in printed
    assert "foregrounds: 1/1" in errors
    assert run(*flags, "--noprogress")[2] == ""


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT to a process group")
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_terminals_signal_leaves_whole_files_only_and_a_second_run_finishes(tmp_path, number):
    flags = (
        f"--out_dir={tmp_path / 'out'}",
        "--synthetic=20",
        "--backgrounds_per_foreground=1",
        "--noprogress",
        "--workers=2",
    )
    process = subprocess.Popen(
        [*COMMAND, *flags],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that started the tests with & had them ignore it.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("*.png")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, number)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number
    assert "Traceback" not in errors
    assert "the same command goes on from here" in errors
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix == ".part" or path.name == "manifest.json"]
    pictures = [path for path in files if path.suffix == ".png"]
    for path in pictures:
        read_rgb(path)
    status, printed, _ = run(*flags)
    assert status == 0
    assert f"{len(pictures)} were there already" in printed
