"""Mattes on Beam: any filesystem, every photo once, the bytes of the command."""

import copy
import io
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("apache_beam", reason="needs the extra beam")

from apache_beam.io.filesystem import FileMetadata, FileSystem
from apache_beam.options.pipeline_options import DirectOptions, PortableOptions

from dim_tf.commands import beam_pipeline
from dim_tf.commands.beam import as_pattern, options_of, run_pipeline
from dim_tf.commands.beam_files import pictures_matching, remove_unfinished, write_at
from dim_tf.commands.beam_pipeline import MakeMattes
from dim_tf.commands.photo_work import Outcome
from dim_tf.commands.words.matte import write_mattes
from dim_tf.config import BeamConfig
from dim_tf.config.flags import config_from_arguments
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError
from tests.commands.running import ROOT

FILES = {}


class MemoryFileSystem(FileSystem):
    """Objects in memory without folders, as in a bucket."""

    @classmethod
    def scheme(cls):
        return "memory"

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path):
        pass

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        for path in list(FILES):
            if path.startswith(dir_or_prefix):
                yield FileMetadata(path, len(FILES[path]))

    def create(self, path, mime_type="", compression_type=None):
        class Written(io.BytesIO):
            def close(self):
                FILES[path] = self.getvalue()

        return Written()

    def open(self, path, mime_type="", compression_type=None):
        if path not in FILES:
            raise OSError(f"There is no {path}")
        return io.BytesIO(FILES[path])

    def copy(self, sources, targets):
        for source, target in zip(sources, targets, strict=True):
            FILES[target] = FILES[source]

    def rename(self, sources, targets):
        for source, target in zip(sources, targets, strict=True):
            FILES[target] = FILES.pop(source)

    def exists(self, path):
        return path in FILES

    def size(self, path):
        return len(FILES[path])

    def last_updated(self, path):
        return 0.0

    def metadata(self, path):
        return FileMetadata(path, len(FILES[path]))

    def delete(self, paths):
        for path in paths:
            FILES.pop(path, None)


@pytest.fixture
def run(pictures, tiny_checkpoint, monkeypatch, tiny_model, write_photo, write_mask):
    """Runs the pipeline in this process on six photos in photos and masks."""
    monkeypatch.setattr(beam_pipeline, "load_network", lambda *_: (tiny_model, None))
    for folder, write in (("photos", write_photo), ("masks", write_mask)):
        for number, name in enumerate("abcdef"):
            write(pictures / folder / f"{name}.png", 40 + 8 * number, 50)
    FILES.clear()

    def call(*arguments, photos="photos/", masks="masks/*", output="out/"):
        given = [f"--rgb={photos}", f"--alpha={masks}", f"--output={output}"]
        given += [f"--checkpoint={tiny_checkpoint}", "--post_process=none", *arguments]
        run_pipeline(config_from_arguments(BeamConfig, given))

    return call


@pytest.fixture
def begin(run, tiny_checkpoint, write_photo, write_mask):
    """Begins the command on forty more photos, and returns its process after some mattes."""

    def call(mattes, *arguments, **options):
        for number in range(40):
            write_photo(Path(f"photos/{number:02d}.png"), 400, 300 + number)
            write_mask(Path(f"masks/{number:02d}.png"), 400, 300 + number)
        command = [sys.executable, "-m", "dim_tf.commands.beam", "--photos=photos/"]
        command += ["--masks=masks/", "--output=out/", f"--checkpoint={tiny_checkpoint}"]
        command += ["--post_process=none", "--precision=float32", *arguments]
        process = subprocess.Popen(
            command, env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True, **options
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(list(Path("out").glob("*.png"))) < mattes:
            time.sleep(0.02)
        return process

    return call


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


def test_the_bytes_are_those_of_the_command_and_a_second_run_does_nothing(run, tiny, capsys):
    tiny(write_mattes, "--rgb=photos", "--alpha=masks", "--output=m/", "--cutout=c/")
    capsys.readouterr()
    run("--cutout=cut")
    assert capsys.readouterr().out.startswith("6 photos: 6 done, ")
    dead_letters = Path("out/dead_letters.txt")
    assert dead_letters.read_text() == ""
    dead_letters.unlink()
    assert contents("out") == contents("m") and len(contents("m")) == 6
    assert contents("cut") == contents("c")
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(contents("m"))
    written = {path: path.stat().st_mtime_ns for path in Path("out").glob("*.png")}
    run("--cutout=cut")
    assert capsys.readouterr().out.startswith("6 photos: 0 done, 0.0 s each, 6 skipped, 0 refused")
    assert {path: path.stat().st_mtime_ns for path in written} == written
    Path("cut/c_cutout.png").unlink()
    run("--cutout=cut")
    assert "1 done" in capsys.readouterr().out
    assert contents("cut") == contents("c")


def test_accents_are_one_name_however_they_are_stored(run, capsys):
    decomposed = unicodedata.normalize("NFD", "caf\u00e9")
    Path("photos/a.png").rename(f"photos/{decomposed}.png")
    Path("masks/a.png").rename("masks/caf\u00e9.png")
    run()
    assert capsys.readouterr().out.startswith("6 photos: 6 done, ")
    assert Path(f"out/{decomposed}.png").exists()  # as the photo


def test_photos_that_cannot_be_used_are_dead_letters(run, capsys, write_photo):
    Path("photos/a.png").write_bytes(b"no picture")
    write_png("masks/b.png", np.zeros((48, 50), np.uint8))
    Path("masks/c.png").unlink()
    write_photo(Path("photos/d.jpg.png")).rename("photos/d.webp")
    with pytest.raises(InputError, match=r"5 of 7 photos could not .*; out/dead_letters\.txt says"):
        run()
    lines = dict(line.split("\t") for line in Path("out/dead_letters.txt").read_text().splitlines())
    assert lines["photos/a.png"].startswith("photos/a.png is not a picture that can be read (")
    assert lines["photos/b.png"].startswith("masks/b.png has the value 0 everywhere")
    assert lines["photos/c.png"].startswith("--alpha has no partner for photos/c.png; ")
    same_name = "photos/d.png and photos/d.webp have the same name but for the suffix; remove one,"
    assert lines["photos/d.png"].startswith(same_name)
    assert lines["photos/d.webp"] == lines["photos/d.png"]
    assert sorted(contents("out")) == ["dead_letters.txt", "e.png", "f.png"]


def test_a_file_that_no_name_allows_is_a_dead_letter_and_the_others_go_on(run, capsys):
    long = "g" * 245  # its matte's name is 249 bytes long, its cut-out's would be 256
    for folder in ("photos", "masks"):
        Path(folder, "f.png").rename(f"{folder}/{long}.png")
    Path("out/b.png").mkdir(parents=True)
    for _ in range(2):
        with pytest.raises(InputError, match="2 of 6 photos could not be used"):
            run("--cutout=cut")
        lines = Path("out/dead_letters.txt").read_text().splitlines()
        assert sorted(lines) == [
            "photos/b.png\tout/b.png cannot be written: Is a directory.",
            f"photos/{long}.png\tcut/{long}_cutout.png cannot be written: File name too long.",
        ]
        assert sorted(contents("cut")) == [f"{name}_cutout.png" for name in "acde"]
        assert not Path("cut/.unfinished").exists()
    with pytest.raises(InputError, match="1 of 6 photos could not be used"):
        run()  # the folder is no matte that was made already


def test_a_mistyped_pattern_leaves_the_dead_letters_of_the_run_before(run):
    Path("masks/c.png").unlink()
    with pytest.raises(InputError, match="1 of 6 photos could not be used"):
        run()
    letters = Path("out/dead_letters.txt")
    before = letters.read_bytes()
    with pytest.raises(InputError, match="--photos=foto/ matches no picture; check the pattern"):
        run(photos="foto/")
    assert letters.read_bytes() == before != b""


@pytest.mark.parametrize("output", ["photos/", "./masks"])
def test_an_input_is_not_overwritten(run, output):
    before = contents("photos"), contents("masks")
    with pytest.raises(InputError, match="6 of 6 photos"):
        run(output=output, photos=str(Path("photos").resolve()))
    letters = Path(output, "dead_letters.txt")
    assert letters.read_text().count("a.png is an input and would be overwritten; give ") == 1
    letters.unlink()
    assert (contents("photos"), contents("masks")) == before


def test_results_beside_the_photos_are_no_photos_of_a_second_run(run, capsys):
    for photo in Path("photos").glob("*.png"):
        photo.rename(f"photos/{photo.stem}.webp")  # a name only; it is read by what is in it
    run("--cutout=photos", output="photos")
    once = contents("photos")
    assert len(once) == 3 * 6 + 1
    run("--cutout=photos", output="photos")
    assert capsys.readouterr().out.splitlines()[-1].endswith("6 skipped, 0 refused.")
    assert contents("photos") == once


@pytest.mark.parametrize("folder", ["photos", "masks"])
@pytest.mark.parametrize("cutout", [[], ["--cutout=cut"]])
def test_of_two_originals_of_one_name_none_is_taken_for_a_matte(run, capsys, folder, cutout):
    """Where one of them has the name of the matte."""
    for name in "abcdef":  # names only; they are read by what is in them
        Path(folder, f"{name}.png").rename(f"{folder}/{name}.webp")
    original = Path(folder, "a.webp").read_bytes()
    Path(folder, "a.png").write_bytes(original)
    for done in ("5 done", "5 skipped"):
        with pytest.raises(InputError, match="photos could not be used"):
            run(*cutout, output=folder)
        lines = Path(folder, "dead_letters.txt").read_text().splitlines()
        said = f"{folder}/a.png is an input and would be overwritten; give another name."
        assert lines and all(said in line for line in lines)
        assert done in capsys.readouterr().out
        assert Path(folder, "a.png").read_bytes() == original


def test_no_file_is_written_for_two_photos(run, tiny):
    for folder in ("photos", "masks"):
        Path(folder, "b.png").rename(f"{folder}/a_cutout.png")
    with pytest.raises(InputError, match="1 of 6 photos could not be used"):
        run("--cutout=./out")  # as its own name or another
    (line,) = Path("out/dead_letters.txt").read_text().splitlines()
    assert line.startswith("photos/a_cutout.png\tout/a_cutout.png could be written twice, by")
    tiny(write_mattes, "--rgb=photos/a.png", "--alpha=masks/a.png", "--cutout=a.png")
    assert Path("out/a_cutout.png").read_bytes() == Path("a.png").read_bytes()
    run("--cutout=cut", output="apart/")


def test_cutouts_alone(run, tiny):
    tiny(write_mattes, "--rgb=photos", "--alpha=masks", "--nowrite_matte", "--cutout=c/")
    run("--nowrite_matte", "--cutout=out/")
    Path("out/dead_letters.txt").unlink()
    assert contents("out") == contents("c") and len(contents("c")) == 6


def test_a_bucket_in_memory(run, tiny):
    tiny(write_mattes, "--rgb=photos", "--alpha=masks", "--output=m/")
    for folder in ("photos", "masks"):
        for name, content in contents(folder).items():
            FILES[f"memory://bucket/{folder}/{name}"] = content
    FILES["memory://bucket/photos/notes.txt"] = b"no picture"
    FILES["memory://bucket/photos/bad.jpg"] = b"no picture"
    FILES["memory://bucket/masks/bad.png"] = FILES["memory://bucket/masks/a.png"]
    with pytest.raises(InputError, match="1 of 7"):
        run(
            photos="memory://bucket/photos/*",
            masks="memory://bucket/masks/",
            output="memory://bucket/mattes",
        )
    made = {path: FILES[path] for path in FILES if "/mattes/" in path}
    line = made.pop("memory://bucket/mattes/dead_letters.txt").decode()
    assert line.startswith(
        "memory://bucket/photos/bad.jpg\tmemory://bucket/photos/bad.jpg is not a"
    )
    assert made == {f"memory://bucket/mattes/{name}": data for name, data in contents("m").items()}


def test_names_are_listed_one_after_the_other(monkeypatch):
    def billion(self, prefix):
        return (FileMetadata(f"{prefix}{number}.png", 1) for number in range(10**9))

    monkeypatch.setattr(MemoryFileSystem, "_list", billion)
    found = pictures_matching("memory://bucket/*")
    assert [next(found) for _ in range(2)] == ["memory://bucket/0.png", "memory://bucket/1.png"]


def commands_of_the_document():
    text = (ROOT / "docs/scale.md").read_text(encoding="utf-8").replace("\\\n", "")
    begin = "    python -m dim_tf.commands.beam "
    return [
        shlex.split(line.removeprefix(begin))
        for line in text.splitlines()
        if line.startswith(begin)
    ]


def test_the_documents_commands(run, tmp_path):
    commands = commands_of_the_document()
    assert len(commands) == 4
    for words in commands:
        names = {"--photos": "--rgb", "--masks": "--alpha"}
        flags = [word.partition("=") for word in words]
        config = config_from_arguments(
            BeamConfig, [f"{names.get(flag, flag)}={value}" for flag, _, value in flags]
        )
        runner, options = options_of(config)
        if config.running.runner == "local":
            workers = options.view_as(DirectOptions).direct_num_workers
            assert runner.endswith(".FnApiRunner") and workers == config.running.workers
            run(photos=config.reading.rgb, masks=config.reading.alpha, output=config.writing.output)
            assert len(list(Path("mattes").glob("*.png"))) == 6
        else:
            assert runner in ("FlinkRunner", "SparkRunner")
            assert options.view_as(PortableOptions).environment_type in ("EXTERNAL", "PROCESS")


def test_what_is_missing_is_told(run):
    with pytest.raises(InputError, match=r"--photos=none/\* matches no picture"):
        run(photos="none/*")
    with pytest.raises(InputError, match="With --nowrite_matte nothing is written"):
        run("--nowrite_matte")
    with pytest.raises(InputError, match="--output is missing"):
        run(output="")
    with pytest.raises(InputError, match="--background and --composite are not possible here"):
        run("--background=white")


def test_killed_in_the_middle_and_started_again_every_photo_is_made_once(run, begin, tiny):
    """Two processes work; the one that started them and they are killed."""
    process = begin(3, "--workers=2", start_new_session=True)
    out = Path("out")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert 3 <= len(before) < 46
    run()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    tiny(write_mattes, "--rgb=photos", "--alpha=masks", "--output=m/")
    Path("out/dead_letters.txt").unlink()
    assert contents("out") == contents("m")
    assert not (out / ".unfinished").exists()


@pytest.mark.parametrize(
    ("number", "status", "name"), [(signal.SIGTERM, 143, "SIGTERM"), (signal.SIGINT, 130, "Ctrl-C")]
)
def test_stopped_it_says_so_in_a_line(run, begin, number, status, name):
    process = begin(1, stderr=subprocess.PIPE)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert said.splitlines()[-1] == f"beam.py: stopped by {name}." and "Traceback" not in said
    assert len(list(Path("out").glob("*.png"))) < 46 and not list(Path("out").glob("*.txt"))
    run()
    assert sorted(path.name for path in Path("out").glob("*")) == sorted(
        {*contents("out")}  # nothing unfinished, no folders of Beam
    )


def test_a_run_that_ends_leaves_what_another_is_writing(tmp_path):
    folder = f"{tmp_path}/"
    for writer in ("one", "other"):
        left = tmp_path / ".unfinished" / writer / "left"
        left.parent.mkdir(parents=True)
        left.write_bytes(b"half")
    remove_unfinished(folder, "one")
    assert [path.name for path in (tmp_path / ".unfinished").iterdir()] == ["other"]
    remove_unfinished(folder, "one")
    write_at(f"{tmp_path}/matte.png", [b"who", b"le"], "other")
    remove_unfinished(folder, "other")
    (whole,) = tmp_path.iterdir()
    assert whole.name == "matte.png" and whole.read_bytes() == b"whole"


def test_what_is_renamed_is_on_the_disk_and_a_power_cut_leaves_no_empty_file(tmp_path, monkeypatch):
    synced = []

    def noted(number):
        synced.append((os.fstat(number).st_size, (tmp_path / "matte.png").exists()))

    monkeypatch.setattr(os, "fsync", noted)
    write_at(f"{tmp_path}/matte.png", [b"who", b"le"], "writer")
    assert synced == [(5, False)]


def test_photos_at_once_are_those_of_a_process_not_of_each_copy_of_its_step(monkeypatch):
    """A cluster's process has several copies, each with photos of its own."""
    busy, most, lock = [], [], threading.Lock()

    class Work:
        def __init__(self, *_, **__):
            pass

        def __call__(self, job):
            with lock:
                busy.append(job)
                most.append(len(busy))
            time.sleep(0.05)
            with lock:
                busy.remove(job)
            return Outcome(job, [], InputError("It is refused."))

    monkeypatch.setattr(beam_pipeline, "PhotoWork", Work)
    arguments = ["--rgb=photos/*", "--rect=1,1,9,9", "--output=out", "--photos_at_once=2"]
    step = MakeMattes(config_from_arguments(BeamConfig, arguments))
    copies = [step, copy.copy(step)]
    for number, each in enumerate(copies):
        each.setup()
        each.start_bundle()
        for photo in range(3):
            name = f"{number}{photo}"
            assert not list(each.process((name, {"photos": [f"photos/{name}.png"]})))
    lines = [line for each in copies for line in each.finish_bundle()]
    assert len(lines) == 6
    assert max(most) == 2


def test_a_folder_with_a_dot_in_its_name_is_a_folder():
    assert as_pattern("photos.2024") == "photos.2024/"
    assert as_pattern("photos/cat.jpg") == "photos/cat.jpg"
