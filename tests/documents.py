"""What the documents tell to type is run: on small files, under the names that they use."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import foreground_colours, render_matte, render_texture

ROOT = Path(__file__).resolve().parents[1]
_LINKED = (
    "test.py",
    "train.py",
    "preprocess_offline.py",
    "flagfiles",
    "checkpoints",
)
_MARKS = {
    "ablations run": pytest.mark.takes_a_minute,
    "ablations report": pytest.mark.takes_a_minute,
}
_SMALL_NETWORK = ["--width=0.0625", "--fc6=1x1"]
_SMALL_TRAINING = ["--steps=2", "--synthetic=2", "--input_size=64"]
_SMALL_PREPARING = ["--workers=1", "--noprogress"]
# What makes a command small: later flags win.
_SMALLER = {
    "train.py": _SMALL_TRAINING,
    "-m dim_tf train": _SMALL_TRAINING,
    "preprocess_offline.py": _SMALL_PREPARING,
    "-m dim_tf prepare": _SMALL_PREPARING,
    "test.py": [],
    "-m dim_tf held-out": ["--count=2", "--size=96"],
    "-m dim_tf ablations run": [
        *("--only=base", "--seeds=1", "--steps=2", "--mattes=2", "--drift_mattes=1"),
        *("--composites=2", "--composite_size=96", "--noprogress"),
    ],
    "-m dim_tf ablations report": [],
    "-m dim_tf measure": [],
    "-c": [],
    "-m dim_tf matte": [],
    "-m dim_tf cutout": [],
    "-m dim_tf export": [],
}
# Folders of composites to measure on, and the flags that make them.
_HELD_OUT = {"held_out": [], "held_out_cutouts": ["--source=cutouts", "--cutouts_dir=cutouts"]}
# Packages that a command needs and the base installation does not bring along.
_PACKAGES = {
    "onnx": ("onnx", "onnxruntime"),
    "closed_form": ("pymatting",),
    "measure cf": ("pymatting",),
    "ablations report": ("matplotlib",),
}
# Of a photo of a camera's size; the photos here have 96 pixels a side.
_ON_SMALL_PHOTOS = {
    "120,80,600,450": "4,4,88,88",
    "--trimap_kernel=151": "--trimap_kernel=15",
    "--max_pixels=500000": "--max_pixels=5000",
}
# Flags that name what a command writes; without any of them it is `alpha.png`, or as below.
_OUTPUTS = (
    *("output", "o", "side_by_side", "cutout", "composite"),
    *("save_trimap", "save_certainty", "report", "out_dir", "closed_form"),
)
_UNNAMED_OUTPUTS = {
    "-m dim_tf cutout": "photo_cutout.png",
    "-m dim_tf export": "deep_image_matting_onnx",
    "-m dim_tf measure": "report/metrics.json",
}


def read_document(name: str) -> str:
    """The text of a document, named from the project's folder."""
    return (ROOT / name).read_text(encoding="utf-8")


def commands_of(text: str) -> list[str]:
    """The commands in a document's indented blocks, each on one line."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    block = "\n".join(line for line in text.splitlines() if line.startswith("    "))
    return [line.strip() for line in re.sub(r" *\\\n +", " ", block).splitlines()]


def commands_beside_readme(names: Iterable[str]) -> list[str]:
    """The commands of documents, each once, but for the README's, which test_readme.py runs."""
    in_readme = commands_of(read_document("README.md"))
    given = (command for name in names for command in commands_of(read_document(name)))
    return [command for command in dict.fromkeys(given) if command not in in_readme]


def python_examples_of(text: str) -> list[str]:
    """The examples in Python of a document."""
    return re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def on_small_photos(command: str) -> str:
    """A command with what is made for larger photos than those of `write_small_files` reduced."""
    for large, small in _ON_SMALL_PHOTOS.items():
        command = command.replace(large, small)
    return command


def scripts_among(commands: list[str]) -> list[str]:
    """Those that `run_command` runs."""
    return [command for command in commands if command.startswith(("python ", "dim-tf "))]


def as_parameters(commands: list[str]) -> list:
    """Commands as parameters of a test, marked as they need it."""
    return [
        pytest.param(command, marks=[mark for sign, mark in _MARKS.items() if sign in command])
        for command in commands
    ]


def run_command(command: str, folder: Path) -> None:
    """Runs a command of a document in small, and what it needs before; its results must be there.

    Args:
        command: of `scripts_among`.
        folder: from `write_small_files`.
    """
    for sign, packages in _PACKAGES.items():
        if sign in command:
            for package in packages:
                pytest.importorskip(package)
    as_python = re.sub("^dim-tf ", "python -m dim_tf ", on_small_photos(command))
    script = next(script for script in _SMALLER if as_python.startswith(f"python {script}"))
    arguments = shlex.split(as_python.removeprefix(f"python {script}"))
    _prepare(folder, script, arguments)
    started = time.time_ns()
    _run(folder, script, arguments + _smaller(script, arguments))
    for result in _results_of(script, arguments):
        made = [folder / result, *(folder / result).rglob("*")]
        made = [path for path in made if path.is_file() and path.stat().st_mtime_ns >= started]
        assert made and all(path.stat().st_size for path in made), f"{command} left no {result}"


def _prepare(folder: Path, script: str, arguments: list[str]) -> None:
    of_training = commands_of(read_document("docs/training.md"))
    for begin in _own_weights_of(arguments):  # a run that stands before this one
        (before,) = (command for command in of_training if f"--run_dir={begin}" in command)
        run_command(before, folder)
    if script.endswith("ablations report"):  # needs the records of the command before it
        (before,) = (command for command in of_training if "ablations run" in command)
        run_command(before, folder)
    measured = [name for name in _HELD_OUT if f"--trimap={name}/trimap" in arguments]
    if "held-out" in script or "ablations run" in script or measured:
        for number in range(14):  # every ninth is held out, and two are needed
            photo = render_texture(number, (90, 96))
            write_png(folder / "photos" / f"more_{number:02d}.png", photo)
            write_png(folder / "backgrounds" / f"more_{number:02d}.png", photo)
    for name in measured:
        held_out = "-m dim_tf held-out"
        flags = ["--photos_dir=photos", f"--out_dir={name}", *_HELD_OUT[name]]
        flags += ["--closed_form=cf"] if "cf" in arguments else []
        _run(folder, held_out, [*flags, *_SMALLER[held_out]])
    trained = not _trains(script) and any("runs/blog" in argument for argument in arguments)
    if _takes_dataset(arguments) or trained:
        _run(folder, "preprocess_offline.py", ["--synthetic=2", "--out_dir=data"])
        _write_vgg16(folder / "vgg16_weights.npz")
    if trained:
        run = ["--flagfile=flagfiles/blog.flags", "--data_dir=data", "--run_dir=runs/blog"]
        _run(folder, "train.py", [*run, *_smaller("train.py", run)])


def _trains(script: str) -> bool:
    return script in ("train.py", "-m dim_tf train")


def _own_weights_of(arguments: list[str]) -> list[str]:
    values = [argument.partition("=")[2] for argument in arguments if "--init_from=" in argument]
    return [value for value in values if value.startswith("runs/")]


def _takes_dataset(arguments: list[str]) -> bool:
    return "--data_dir=data" in arguments or arguments[:1] == ["data"]


def _smaller(script: str, arguments: list[str]) -> list[str]:
    smaller = [
        flag
        for flag in _SMALLER[script]
        if not (flag.startswith("--synthetic") and _takes_dataset(arguments))
    ]
    if "--synthetic=2000" in arguments:
        smaller.append("--synthetic=3")
    if _trains(script):
        shipped = any(argument.startswith("--init_from=") for argument in arguments)
        shipped &= not _own_weights_of(arguments)
        smaller += ["--crop_sizes=64"] if shipped else _SMALL_NETWORK
    return smaller


def _results_of(script: str, arguments: list[str]) -> list[str]:
    """Files, or folders in which there must be some, that a command writes."""
    values = dict(argument.lstrip("-").partition("=")[::2] for argument in arguments)
    if "-o" in arguments:
        values["o"] = arguments[arguments.index("-o") + 1]
    if script == "-c":
        return re.findall(r"'([^']+\.npz)'", arguments[0])
    if _trains(script):
        run_dir = values.get("run_dir", values.get("o"))
        return [f"{run_dir}/checkpoints"] if run_dir else ["runs/quickstart/before_after.png"]
    if script.endswith("ablations run"):
        return [f"{values['records_dir']}/records/base_seed1.json"]
    if script.endswith("ablations report"):
        return [f"{values['records_dir']}.md"]
    results = [values[name] for name in _OUTPUTS if name in values]
    if "gt" in values and "report" not in values:
        results.append("report/metrics.json")
    return results or [_UNNAMED_OUTPUTS.get(script, "alpha.png")]


def _run(folder: Path, script: str, arguments: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, *script.split(), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def write_small_files(folder: Path) -> None:
    """Puts the scripts, and small files under the documents' names, into a folder."""
    for name in _LINKED:
        (folder / name).symlink_to(ROOT / name)
    matte = render_matte("fur", 3, 96)
    photo = foreground_colours(matte, [], 3)
    trimap = np.where((matte > 0) & (matte < 255), np.uint8(128), matte)
    for name, picture in (
        ("photo.png", photo),
        ("mask.png", np.where(matte > 127, np.uint8(255), np.uint8(0))),
        ("trimap.png", trimap),
        ("matte.png", matte),
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
        write_png(folder / name, picture)
    Image.fromarray(photo).save(folder / "photo.jpg", quality=95)
    # A second photo of another size, with all that belongs to it.
    for name, picture in (
        ("masks", matte),
        ("trimaps", trimap),
        ("truths", matte),
        ("theirs", matte),
    ):
        write_png(folder / name / "other.png", np.pad(picture[:90], ((0, 0), (0, 24))))
    _write_adobe(folder, matte, photo)
    body = render_matte("hard", 1, 96)
    for number in range(11):  # of each source the 11th is held out
        colours = foreground_colours(body, [], number)
        write_png(folder / "cutouts" / "hair" / f"{number:02d}.png", np.dstack([colours, body]))
        write_png(folder / "mattes" / f"{number:02d}.png", body)
        write_png(folder / "eps" / f"{number:02d}.png", colours)


def _write_adobe(folder: Path, matte: np.ndarray, photo: np.ndarray) -> None:
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


def _write_vgg16(path: Path) -> None:
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
