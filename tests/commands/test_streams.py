import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from dim_tf.commands import streams
from dim_tf.commands.progress import under_bar
from dim_tf.commands.words.cutout import cut_out
from dim_tf.commands.words.matte import write_mattes
from tests.commands.running import COMMAND, ROOT, run_command, written_in


@pytest.mark.parametrize("read", ["rgb", "alpha"])
def test_a_picture_goes_through_a_pipe(tiny, pictures, standard_input, capfdbinary, read):
    files = {"rgb": "photo.png", "alpha": "mask.png"}
    tiny(write_mattes, *(f"--{name}={file}" for name, file in files.items()))
    capfdbinary.readouterr()
    standard_input(Path(files[read]).read_bytes())
    files[read] = "-"
    tiny(write_mattes, *(f"--{name}={file}" for name, file in files.items()), "--output=-")
    printed, told = capfdbinary.readouterr()
    assert printed == Path("alpha.png").read_bytes()
    name = "standard input" if read == "rgb" else "photo.png"
    assert told.decode().startswith(f"{name} (50×40): matte standard output, ")
    assert written_in(pictures) == ["alpha.png", "mask.png", "photo.png"]


def test_a_cut_out_goes_through_a_pipe(tiny, pictures, standard_input, capfdbinary):
    flags = "--rgb=photo.png", "--alpha=mask.png"
    tiny(cut_out, *flags)
    capfdbinary.readouterr()
    tiny(cut_out, *flags, "--cutout=-")
    assert capfdbinary.readouterr()[0] == Path("photo_cutout.png").read_bytes()
    standard_input(Path("photo.png").read_bytes())
    tiny(cut_out, "--rgb=-", "--alpha=mask.png")
    assert Path("cutout.png").read_bytes() == Path("photo_cutout.png").read_bytes()


def test_a_bad_picture_from_a_pipe_is_named_and_nothing_is_written(pictures):
    status, printed, errors = run_command(
        *("matte", "-", "mask.png", "-o", "-"), folder=pictures, input=b"no picture"
    )
    assert status == 1 and printed == b""
    assert errors.startswith("dim-tf matte: standard input is not a picture")
    assert errors.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error():
    command = shlex.join(COMMAND)
    script = f"{command} matte --help | head -c 1; exit ${{PIPESTATUS[0]}}"
    run = subprocess.run(
        ["bash", "-c", script], capture_output=True, cwd=ROOT, check=False, text=True
    )
    assert run.returncode in (0, 141)  # it may have been quicker
    assert run.stderr == ""


def test_a_reader_of_a_picture_that_goes_away_is_no_error(pictures, capfd, monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)

    class Pipe(io.StringIO):
        def fileno(self):
            return writing

    monkeypatch.setattr(sys, "stdout", Pipe())
    with pytest.raises(BrokenPipeError):
        streams._to_standard_output(b"a picture")
    os.close(writing)


# The bar over photos


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("also_stdout", [True, False])
def test_lines_stand_above_the_bar(monkeypatch, also_stdout):
    terminal, stdout = Terminal(), Terminal() if also_stdout else io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", stdout)
    with under_bar(["a", "b", "c"], "mattes", 3) as jobs:
        for job in jobs:
            print(f"matte {job}", flush=True)
            print(f"note {job}", file=sys.stderr)
    assert sys.stdout is stdout and sys.stderr is terminal
    seen = terminal.getvalue()
    assert re.search(r"mattes: +\d+%.*\| [0-3]/3 \(\d\d:\d\d gone, .* left\)", seen)
    for job in "abc":
        assert f"note {job}\n" in seen
        assert f"matte {job}\n" in (seen if also_stdout else stdout.getvalue())
    if not also_stdout:
        assert stdout.getvalue() == "matte a\nmatte b\nmatte c\n"


@pytest.mark.parametrize("stream, jobs", [(io.StringIO, "abc"), (Terminal, "a")])
def test_no_bar_without_a_terminal_or_of_one_photo(monkeypatch, stream, jobs):
    seen = stream()
    monkeypatch.setattr(sys, "stderr", seen)
    with under_bar(jobs, "mattes", len(jobs)) as shown:
        assert list(shown) == list(jobs)
    assert seen.getvalue() == ""


def test_photos_of_a_folder_have_a_bar(tiny, pictures, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    tiny(write_mattes, "--rgb=photos", "--alpha=masks")
    assert "/2 (" in terminal.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="a shell closes the streams")
@pytest.mark.parametrize(
    ("arguments", "closed", "status", "said"),
    [
        ("--help", ">&-", 0, ""),
        ("matte - mask.png -o -", ">&-", 1, "Standard output is closed; name a file instead of -."),
        ("matte - mask.png", "<&-", 1, "Nothing comes from standard input"),
        ("--help", "> /dev/full", 1, "Standard output: No space left on device."),
    ],
)
def test_streams_that_are_closed_or_full(arguments, closed, status, said):
    if "/dev/full" in closed and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    line = f"{sys.executable} -m dim_tf {arguments} {closed}"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        line, shell=True, capture_output=True, text=True, env=environment, check=False
    )
    assert ended.returncode == status, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(os.name == "nt", reason="a shell closes the stream")
@pytest.mark.parametrize("word", ["matte", "nonsense"])
def test_with_stderr_closed_the_same_is_refused_and_nothing_printed(pictures, word):
    with Image.open("photo.png") as photo:
        photo.convert("RGB").save("part.jpg")
    content = Path("part.jpg").read_bytes()
    Path("part.jpg").write_bytes(content[: -len(content) // 4] + b"\xff\xd9")
    ended = subprocess.run(
        f"{sys.executable} -m dim_tf {word} part.jpg mask.png -o - 2>&-",
        shell=True,
        capture_output=True,
        cwd=pictures,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    ("arguments", "status"),
    [("matte nofile.png m.png", 1), ("matte --nosuch", 1), ("nonsense", 1), ("--version", 0)],
)
def test_a_stderr_that_takes_nothing_does_not_change_the_status(tmp_path, arguments, status):
    ended = subprocess.run(
        f"{sys.executable} -m dim_tf {arguments} 2>/dev/full",
        shell=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    assert ended.returncode == status


def test_what_a_code_page_does_not_have_is_printed_by_its_number(tmp_path):
    environment = {"PYTHONIOENCODING": "cp1251", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-m", "dim_tf", "matte", "×.png", "mask.png"],
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | environment,
        check=False,
    )
    assert ended.returncode == 1
    assert b"\\xd7.png" in ended.stderr and b"Traceback" not in ended.stderr


@pytest.mark.skipif(os.name == "nt", reason="there are no such terminals")
def test_a_terminal_that_was_closed_is_a_sentence(tmp_path):
    pty = pytest.importorskip("pty")
    ours, of_command = pty.openpty()
    arguments = [sys.executable, "-m", "dim_tf", "--version"]
    os.close(ours)
    ended = subprocess.run(
        arguments,
        stdout=of_command,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    os.close(of_command)
    assert (ended.returncode, ended.stderr) == (1, b"Standard output: Input/output error.\n")
