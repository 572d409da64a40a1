"""Several photos under way at once: as if they had come one after the other."""

import contextlib
import itertools
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from dim_tf.commands import matte, photo_work
from dim_tf.commands.words.matte import write_mattes
from dim_tf.pictures import decoding
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError
from tests.commands.running import COMMAND

FOLDERS = ("--rgb=photos", "--alpha=masks", "--output=out/", "--cutout=cut/")


@pytest.fixture
def folder(tiny, pictures, write_photo, write_mask):
    """Twelve photos of several sizes; one in three takes long, is damaged, or has notes."""
    for file in [*Path("photos").iterdir(), *Path("masks").iterdir()]:
        file.unlink()
    for number in range(12):
        size = (40 + 300 * (number % 3 == 0), 50 + number)
        photo = write_photo(pictures / "photos" / f"{number:02d}.png", *size)
        mask = write_mask(pictures / "masks" / f"{number:02d}.png", *size)
        if number in (4, 9):
            photo.write_bytes(b"no picture")
        if number in (5, 8):  # a note: its values are taken as 0 and 255
            write_png(mask, np.where(np.arange(size[1]) > 20, 7, 3) + np.zeros(size, np.uint8))
    return pictures


def said_by(capsys):
    printed, errors = capsys.readouterr()
    return [re.sub(r", [\d.]+ s$", "", line) for line in printed.splitlines()], errors


def pngs(*folders):
    return {str(path): path.read_bytes() for name in folders for path in Path(name).iterdir()}


def test_files_lines_and_failures_are_those_of_one_photo_after_the_other(
    tiny, folder, capsys, monkeypatch
):
    with pytest.raises(InputError, match="2 of 12 photos could not be used") as several:
        tiny(write_mattes, *FOLDERS)
    together, files = said_by(capsys), pngs("out", "cut")
    assert len(files) == 20
    for path in files:
        Path(path).unlink()

    def in_this_thread(function, items, threads, ahead, at_end):
        return (function(item) for item in items)

    monkeypatch.setattr(photo_work, "in_order_ahead", in_this_thread)
    with pytest.raises(InputError) as single:
        tiny(write_mattes, *FOLDERS)
    assert said_by(capsys) == together
    assert pngs("out", "cut") == files
    assert str(single.value) == str(several.value)
    lines, errors = together
    assert lines.index("masks/05.png: its values 3 and 7 are taken as 0 and 255.") == 4
    assert lines[5].startswith("05.png (55×40): matte out/05.png, cut-out cut/05_cutout.png")
    assert [line.split(" ")[0] for line in errors.splitlines()] == [
        "photos/04.png",
        "photos/09.png",
    ]


def test_a_slow_disk_is_not_run_away_from(tiny, folder, monkeypatch):
    begun, written, ahead = [], [], []
    make_trimap, write = photo_work.photo_and_trimap, matte.write_bytes

    def counted(*given):
        begun.append(given)
        return make_trimap(*given)

    def slow_write(path, content):
        time.sleep(0.05)
        ahead.append(len(begun) - len(written))
        write(path, content)
        written.append(path)

    monkeypatch.setattr(photo_work, "photo_and_trimap", counted)
    monkeypatch.setattr(matte, "write_bytes", slow_write)
    with pytest.raises(InputError):
        tiny(write_mattes, *FOLDERS[:3])
    assert len(begun) == 10
    assert max(ahead) <= photo_work._MOST_THREADS + photo_work._WAITING


def test_ctrl_c_ends_those_under_way_and_nothing_is_written_after_it(tiny, folder, monkeypatch):
    write, written = matte.write_bytes, []

    def interrupted(path, content):
        if len(written) == 2:
            raise KeyboardInterrupt
        write(path, content)
        written.append(Path(path))

    monkeypatch.setattr(matte, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tiny(write_mattes, *FOLDERS[:3])
    assert sorted(path.name for path in Path("out").iterdir()) == ["00.png", "01.png"]
    assert not [thread for thread in threading.enumerate() if "PhotoWork" in repr(thread)]
    time.sleep(0.1)
    assert len(list(Path("out").iterdir())) == 2


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be interrupted there by itself")
def test_an_interrupt_while_a_photo_is_waited_for_ends_those_under_way(tiny, folder, monkeypatch):
    begun = itertools.count()

    def slow(model, inputs, wanted, matting, writing, behind, go_on):
        if next(begun) == 1:
            os.kill(os.getpid(), signal.SIGINT)  # as a terminal does: to the main thread
        for _ in range(500):
            time.sleep(0.02)
            go_on()

    monkeypatch.setattr(photo_work, "pictures_of_photo", slow)
    since = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        tiny(write_mattes, *FOLDERS[:3])
    assert time.monotonic() - since < 8
    assert next(begun) < 5 and not Path("out").exists()


@pytest.mark.parametrize(
    "module, name", [(decoding, "_decoded_by_pillow"), (photo_work, "pictures_of_photo")]
)
def test_a_photo_that_memory_does_not_hold_is_named_and_the_others_go_on(
    tiny, folder, monkeypatch, capsys, module, name
):
    own, calls = getattr(module, name), itertools.count()

    def short(*given):
        if next(calls) == 0:
            raise MemoryError
        return own(*given)

    monkeypatch.setattr(module, name, short)
    with pytest.raises(InputError, match="3 of 12"):
        tiny(write_mattes, *FOLDERS[:3])
    (line,) = (line for line in said_by(capsys)[1].splitlines() if "memory" in line)
    assert re.fullmatch(
        r"There is not enough memory for photos/\d\d.png; give a smaller picture.", line
    )
    assert len(list(Path("out").iterdir())) == 9


def test_one_decoded_photo_at_most_waits_for_room(tiny, folder, monkeypatch):
    """However many threads there are."""
    waiting, most, lock = [], [], threading.Lock()
    own = photo_work.Room.taken

    def taken(room, amount):
        with lock:
            waiting.append(amount)
            most.append(len(waiting))

        @contextlib.contextmanager
        def entered():
            with own(room, amount):
                with lock:
                    waiting.remove(amount)
                yield

        return entered()

    monkeypatch.setattr(photo_work.Room, "taken", taken)
    monkeypatch.setattr(photo_work, "_PIXELS_AT_ONCE", 1)
    monkeypatch.setattr(photo_work, "photos_at_once", lambda: 4)
    with pytest.raises(InputError, match="2 of 12"):
        tiny(write_mattes, *FOLDERS[:3])
    assert max(most) == 1


def test_one_network_for_all_and_none_for_damaged_photos(tiny, folder, monkeypatch, tiny_model):
    loaded = []
    monkeypatch.setattr(matte, "load_network", lambda *_: loaded.append(1) or (tiny_model, Path()))
    with pytest.raises(InputError):
        tiny(write_mattes, *FOLDERS[:3])
    assert loaded == [1]
    for path in Path("photos").iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(InputError, match="12 of 12"):
        tiny(write_mattes, *FOLDERS[:3])
    assert loaded == [1]


def test_a_network_that_cannot_be_loaded_ends_the_command(tiny, folder, monkeypatch, capsys):
    def refuse(*_):
        raise InputError("No weights.")

    monkeypatch.setattr(matte, "load_network", refuse)
    Path("photos/00.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"^No weights\.$"):
        tiny(write_mattes, *FOLDERS[:3])
    assert [line.split(" ")[0] for line in said_by(capsys)[1].splitlines()] == ["photos/00.png"]
    assert not Path("out").exists()


def test_sigterm_leaves_whole_files_only(folder, tiny_checkpoint):
    pytest.importorskip("onnxruntime")
    for kind in ("photos", "masks"):
        whole = Path(kind, "00.png").read_bytes()
        for number in range(200):  # more than it could do before the signal comes
            Path(kind, f"{number:02d}.png").write_bytes(whole)
    arguments = ["matte", "photos", "--masks=masks", "--output=out/", "--runtime=onnx"]
    arguments.append(f"--checkpoint={tiny_checkpoint}")
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "Traceback" not in errors
    written = list(Path("out").iterdir())
    assert 0 < len(written) < 200
    for path in written:
        assert path.suffix == ".png"
        assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
