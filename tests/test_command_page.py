"""Every command of docs/command.md does what the page says, on small files under its names."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dim_tf.commands.script import run_script
from dim_tf.commands.words import WORDS
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import foreground_colours, render_matte, render_texture

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
COMMANDS = [line.strip() for line in PAGE.splitlines() if line.startswith("    ")]
# What makes a command small: later flags win.
TRAINING = "--width=0.0625 --fc6=1x1 --steps=2 --synthetic=2 --input_size=64"
SMALLER = {
    "dim-tf train": TRAINING,
    "dim-tf prepare": "--workers=1 --noprogress",
    "dim-tf held-out": "--count=2 --size=96",
    "dim-tf ablations": "--only=base --seeds=1 --steps=2 --mattes=2 --drift_mattes=1 "
    "--composites=2 --composite_size=96 --noprogress",
}
# Of a photo of a camera's size; the one here has 96 pixels a side.
ON_SMALL_PHOTOS = {"--rect=120,80,600,450": "--rect=4,4,88,88"}
# What must be there after a command, by a part of it; or what must be printed.
RESULTS = {
    "--help": "cutout ",
    "--version": "SHA-256 ",
    "-o matte.png": "look.png",
    "-o - > matte.png": "matte.png",
    "-o - < mask.png > object.png": "object.png",
    "matte 'photos": "out/one.png",
    "matte photos/": "out/two.png",
    "cutout photos/": "out/two_cutout.png",
    "object.png --background": "object_composite.png",
    "cutout photo.jpg mask.png": "photo_cutout.png",
    "-o seen": "seen/metrics.json",
    "measure": "report/metrics.json",
    "export --format=onnx": "deep_image_matting_onnx/README.md",
    "-o phone": "phone/README.md",
    "held-out": "held_out/rgb/001_fur.png",
    "quickstart": "runs/quickstart/before_after.png",
    "prepare": "data/manifest.json",
    "-o runs/blog": "runs/blog/checkpoints/step-00000002.npz",
    "ablations run": "runs/ablations_records/records/base_seed1.json",
    "ablations report": "runs/ablations_records.md",
    "completion": "",
    "dim-tf matte": "alpha.png",
}
# Commands that need what another one of the page makes.
BEFORE = {
    "train data": "dim-tf prepare mattes/ colours/ backgrounds/ -o data",
    "--checkpoint=runs/blog": "dim-tf train --flagfile=quickstart.flags --run_dir=runs/blog",
    "--rgb=held_out/rgb": "dim-tf held-out backgrounds -o held_out",
    "ablations report": "dim-tf ablations run --photos_dir=backgrounds "
    "--records_dir=runs/ablations_records",
}


@pytest.fixture
def folder(tmp_path):
    """Small files under the page's names, and dim-tf on the path."""
    matte = render_matte("fur", 3, 96)
    photo = foreground_colours(matte, [], 3)
    trimap = np.where((matte > 0) & (matte < 255), np.uint8(128), matte)
    mask = np.where(matte > 127, np.uint8(255), np.uint8(0))
    for name, picture in {"mask": mask, "trimap": trimap}.items():
        write_png(tmp_path / f"{name}.png", picture)
    _write_jpeg(tmp_path / "photo.jpg", photo)
    for stem in ("one", "two"):
        _write_jpeg(tmp_path / "photos" / f"{stem}.jpg", photo)
        for name, picture in {
            "masks": mask,
            "trimaps": trimap,
            "truths": matte,
            "mattes": matte,
            "colours": photo,
        }.items():
            write_png(tmp_path / name / f"{stem}.png", picture)
    for number in range(18):  # every ninth is held out
        write_png(tmp_path / "backgrounds" / f"{number:02d}.png", render_texture(number, (90, 120)))
    command = tmp_path / "bin" / "dim-tf"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dim_tf "$@"\n')
    command.chmod(0o755)
    return tmp_path


def _write_jpeg(path, picture):
    from PIL import Image

    path.parent.mkdir(exist_ok=True)
    Image.fromarray(picture).save(path, quality=95)


def _run(folder, command):
    """Runs a command as it stands on the page, but for what makes it small."""
    more = next((flags for sign, flags in SMALLER.items() if command.startswith(sign)), "")
    if "train data" in command:
        more = more.replace("--synthetic=2", "")
    for large, small in ON_SMALL_PHOTOS.items():
        command = command.replace(large, small)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} {more}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": path},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run


@pytest.mark.slow
@pytest.mark.document
@pytest.mark.parametrize("command", COMMANDS)
def test_command(command, folder):
    if "ablations report" in command:
        pytest.importorskip("matplotlib")
    for sign, before in BEFORE.items():
        if sign in command:
            _run(folder, before)
    if command.endswith("completion zsh)"):
        if not shutil.which("zsh"):
            pytest.skip("zsh is not installed")
        command = "dim-tf completion zsh | zsh -n"
    elif "completion" in command:  # source does not say whether there was anything to read
        command += " && declare -F _dim_tf"
    run = _run(folder, command)
    result = next(result for sign, result in RESULTS.items() if sign in command)
    if result.endswith(" "):
        assert result in run.stdout
    elif result:
        assert (folder / result).stat().st_size > 0


def test_the_page_has_every_word_and_every_status():
    for word in WORDS:
        assert f"| `{word}` |" in PAGE
    told = re.findall(r"(\d+) (?:after|where) ", run_script.__doc__)
    assert len(told) == 6
    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == sorted(told, key=int)


def test_the_scripts_of_a_checkout_are_named():
    for script in ROOT.glob("*.py"):
        assert script.name == "setup.py" or f"`{script.name}`" in PAGE
