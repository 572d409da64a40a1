"""A type checker sees the types of the installed package, and finds what is used wrongly."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
USER_PROGRAM = """\
import numpy as np

import dim_tf
from dim_tf.matting.predict import MattingModel, load_model
from dim_tf.pictures.writing import write_png
from dim_tf.trimaps.rough_mask import trimap_from_rough_mask


def matte(photo: str, mask: str, model: MattingModel) -> np.ndarray:
    trimap: np.ndarray = trimap_from_rough_mask(dim_tf.read_mask(mask))
    return model.predict_alpha(dim_tf.read_rgb(photo), trimap)


def with_certainty(model: MattingModel, photo: str, trimap: np.ndarray, sure: bool) -> None:
    rgb = dim_tf.read_rgb(photo)
    both: tuple[np.ndarray, np.ndarray] = model.predict_alpha(rgb, trimap, return_certainty=True)
    told = model.predict_alpha(rgb, trimap, return_certainty=sure)
    if isinstance(told, tuple):
        both = told
    print(both, dim_tf.load_model(photo).predict_alpha(rgb, trimap).shape)


write_png("matte.png", matte("photo.png", "mask.png", load_model()))
print(dim_tf.__version__.split("."))
"""
# What stands there → what a mistake makes of it, and the checker's name for the mistake.
MISTAKES = [
    ("load_model()))", "load_model(7)))", "arg-type"),
    ("load_model()))", "load_model(post_process='magic')))", "arg-type"),
    ("model.predict_alpha(", "model.predict_matte(", "attr-defined"),
    ("__version__.split", "__version__.splitt", "attr-defined"),
    ("trimap: np.ndarray", "trimap: str", "assignment"),
    ("read_rgb(photo), trimap)", "read_rgb(photo), trimap, return_certainty=True)", "return-value"),
]


# One process makes the environment and asks the checker, of all programs at once.
pytestmark = pytest.mark.xdist_group("types")


def test_an_editable_install_is_a_path_and_no_import_hook():
    """A checker follows paths only; `said` has the path of the checkout whatever is installed."""
    packages = Path(sysconfig.get_path("purelib"))
    if not list(packages.glob("dim_tf-*.dist-info")):
        pytest.skip("not installed, only on the path")
    assert not list(packages.glob("__editable___dim_tf*_finder.py"))


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What mypy says of each program in an environment where dim_tf is installed, by its name."""
    folder = tmp_path_factory.mktemp("types")
    venv.create(folder / "environment")
    (packages,) = (folder / "environment").glob("[Ll]ib/**/site-packages")
    # The packages of this environment; dim_tf from here, whichever of it is installed there.
    others = sysconfig.get_path("purelib")
    (packages / "installed.pth").write_text(f"{ROOT}\n{others}\n")
    scripts = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    programs = {"right.py": USER_PROGRAM}
    for number, (right, wrong, _) in enumerate(MISTAKES):
        assert right in USER_PROGRAM
        programs[f"wrong_{number}.py"] = USER_PROGRAM.replace(right, wrong)
    for name, program in programs.items():
        (folder / name).write_text(program)
    command = [sys.executable, "-m", "mypy", "--python-executable", str(python), *programs]
    result = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    lines = result.stdout.splitlines()
    assert f"checked {len(programs)} source files" in lines[-1], result.stdout + result.stderr
    return {name: [line for line in lines if line.startswith(f"{name}:")] for name in programs}


def test_a_program_that_uses_the_package_well_is_left_alone(said):
    assert said["right.py"] == []


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_a_mistake_is_found(said, number):
    lines = said[f"wrong_{number}.py"]
    assert any(f"[{MISTAKES[number][2]}]" in line for line in lines), lines
