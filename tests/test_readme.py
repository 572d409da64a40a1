"""Every command in the README does what it says, on small files under the names it uses."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import foreground_colours, render_matte, render_texture

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line.strip() for line in README.splitlines() if line.startswith("    ")]
# .ci/run executes these two, in a fresh environment.
SET_UP = ["pip install -e . && python test.py", "pip install -e '.[dev]' && pytest"]
# pymatting's tests share a process: it compiles itself when it is first used.
MARKS = {
    "--cutout": pytest.mark.xdist_group("pymatting"),
    "ablations run": pytest.mark.takes_a_minute,
}
SCRIPTS = [command for command in COMMANDS if command.startswith("python ")]
# What makes a command small: later flags win.
SMALLER = {
    "train.py": ["--width=0.0625", "--fc6=1x1", "--steps=2", "--synthetic=2", "--input_size=64"],
    "preprocess_offline.py": ["--workers=1", "--noprogress"],
    "test.py": [],
    "-m dim_tf.commands.held_out": ["--count=2", "--size=96"],
    "-m dim_tf.commands.ablations run": [
        *("--only=base", "--seeds=1", "--steps=2", "--mattes=2", "--drift_mattes=1"),
        *("--composites=2", "--composite_size=96", "--noprogress"),
    ],
    "-m dim_tf.commands.ablations report": [],
}
# The file or folder each command must leave behind, for the commands that name it indirectly.
RESULTS = {
    "flagfiles/quickstart.flags": "runs/quickstart/before_after.png",
    "flagfiles/blog.flags": "runs/blog/checkpoints/step-00000002.npz",
    "--adobe_split=test": "composition_1k/rgb/fg_0.png",
    "--out_dir=data": "data/manifest.json",
    "--gt=truths/": "report/metrics.json",
    "--gt=held_out/alpha": "report/metrics.json",
    "--out_dir=held_out_cutouts": "held_out_cutouts/rgb/001_hair.png",
    "--out_dir=held_out": "held_out/rgb/001_fur.png",
    "ablations run": "docs/ablations/records/base_seed1.json",
    "ablations report": "docs/ablations.md",
    "--cutout=cutout.png": "cutout.png",
    "--rect=": "seen.png",
    "--output=matte.png": "matte.png",
    "--output=mattes/": "mattes/photo.png",
}


def test_the_commands_are_the_set_up_and_scripts():
    assert [command for command in COMMANDS if command not in SCRIPTS] == SET_UP
    assert len(SCRIPTS) >= 9


@pytest.fixture
def folder(tmp_path):
    """A folder with the scripts and small files under the README's names."""
    for name in ("test.py", "train.py", "preprocess_offline.py", "flagfiles"):
        (tmp_path / name).symlink_to(ROOT / name)
    matte = render_matte("fur", 3, 96)
    photo = foreground_colours(matte, [], 3)
    trimap = np.where((matte > 0) & (matte < 255), np.uint8(128), matte)
    for name, picture in (
        ("photo.png", photo),
        ("mask.png", np.where(matte > 127, np.uint8(255), np.uint8(0))),
        ("trimap.png", trimap),
        ("photos/photo.png", photo),
        ("masks/photo.png", matte),
        ("trimaps/photo.png", trimap),
        ("truths/photo.png", matte),
        ("theirs/photo.png", matte),
        ("validation/rgb/photo.png", photo),
        ("validation/trimap/photo.png", trimap),
        ("validation/alpha/photo.png", matte),
        ("mattes/one.png", matte),
        ("eps/one.png", photo),
        ("backgrounds/park.png", render_texture(1, (90, 120))),
        ("photos/other.png", render_texture(2, (90, 120))),
    ):
        write_png(tmp_path / name, picture)
    # A second photo of another size, with all that belongs to it.
    for name, picture in (
        ("masks", matte),
        ("trimaps", trimap),
        ("truths", matte),
        ("theirs", matte),
    ):
        write_png(tmp_path / name / "other.png", np.pad(picture[:90], ((0, 0), (0, 24))))
    _write_adobe(tmp_path, matte, photo)
    body = render_matte("hard", 1, 96)
    for number in range(11):  # of each source the 11th is held out
        cut_out = np.dstack([foreground_colours(body, [], number), body])
        write_png(tmp_path / "cutouts" / "hair" / f"{number:02d}.png", cut_out)
    return tmp_path


def _write_adobe(folder, matte, photo):
    root = folder / "Adobe" / "Combined_Dataset"
    for part in ("Training_set/Adobe-licensed images", "Training_set/Other"):
        write_png(root / part / "alpha" / f"{part[-5:]}.png", matte)
        write_png(root / part / "fg" / f"{part[-5:]}.png", photo)
    test_set = root / "Test_set" / "Adobe-licensed images"
    trimap = np.where((matte > 0) & (matte < 255), np.uint8(128), matte)
    write_png(test_set / "alpha" / "fg.png", matte)
    write_png(test_set / "fg" / "fg.png", photo)
    for copy in range(20):
        write_png(test_set / "trimaps" / f"fg_{copy}.png", trimap)
    voc = [f"voc_{number}.png" for number in range(20)]
    for part, names in (
        ("Training_set/training_fg_names.txt", ["mages.png", "Other.png"]),
        ("Training_set/training_bg_names.txt", ["coco.png"]),
        ("Test_set/test_fg_names.txt", ["fg.png"]),
        ("Test_set/test_bg_names.txt", voc),
    ):
        (root / part).write_text("\n".join(names) + "\n")
    write_png(folder / "coco/train2014/coco.png", render_texture(1, (90, 120)))
    for name in voc:
        write_png(folder / "voc/JPEGImages" / name, render_texture(1, (90, 120)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(command, marks=[mark for sign, mark in MARKS.items() if sign in command])
        for command in SCRIPTS
    ],
)
def test_command(command, folder):
    script = next(script for script in SMALLER if command.startswith(f"python {script}"))
    arguments = shlex.split(command.removeprefix(f"python {script}"))
    if "held_out" in command or "ablations" in command:
        for number in range(14):  # every ninth is held out, and two are needed
            write_png(
                folder / "photos" / f"more_{number:02d}.png", render_texture(number, (90, 96))
            )
    if "--rgb=held_out/rgb" in arguments:
        held_out = "-m dim_tf.commands.held_out"
        _run(folder, held_out, ["--photos_dir=photos", "--out_dir=held_out", *SMALLER[held_out]])
    if "--data_dir=data" in arguments:
        _run(folder, "preprocess_offline.py", ["--synthetic=2", "--out_dir=data"])
        _write_vgg16(folder / "vgg16_weights.npz")
    smaller = [
        flag
        for flag in SMALLER[script]
        if not (flag.startswith("--synthetic") and "--data_dir=data" in arguments)
    ]
    if "--synthetic=2000" in arguments:
        smaller.append("--synthetic=3")
    _run(folder, script, arguments + smaller)
    result = next(name for sign, name in RESULTS.items() if sign in command)
    assert (folder / result).stat().st_size > 0


def _run(folder, script, arguments):
    run = subprocess.run(
        [sys.executable, *script.split(), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def _write_vgg16(path):
    random = np.random.default_rng(0)
    arrays, channels_in = {}, 3
    for stage, (channels, count) in enumerate(
        [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], start=1
    ):
        for number in range(1, count + 1):
            kernel = np.zeros((3, 3, channels_in, channels), np.float32)
            kernel[1, 1] = random.standard_normal((channels_in, channels)) / np.sqrt(channels_in)
            arrays[f"conv{stage}_{number}_W"] = kernel
            arrays[f"conv{stage}_{number}_b"] = np.zeros(channels, np.float32)
            channels_in = channels
    np.savez(path, **arrays)


def test_the_python_example(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (example,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    assert read_grey("matte.png").shape == read_grey("mask.png").shape
