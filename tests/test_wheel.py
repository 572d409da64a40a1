"""The wheel, made from the source distribution, in an empty folder without the checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import dim_tf
from dim_tf.model.checkpoint_choice import DEFAULT_CHECKPOINT
from dim_tf.pictures.matte import read_grey

ROOT = Path(__file__).resolve().parents[1]
LEFT_BEHIND = ".git", "build", "dist", "runs", "data", "tests", "__pycache__", "*.egg-info", ".*"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


def run(*command, folder, **environment):
    ended = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={name: text for name, text in os.environ.items() if name != "PYTHONPATH"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    build = "from setuptools import build_meta; build_meta.build_sdist('..')"
    run(sys.executable, "-c", build, folder=folder / "source")
    (archive,) = folder.glob("dim_tf-*.tar.gz")
    pip = sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"
    options = "--no-deps", "--no-build-isolation"
    run(*pip, "wheel", *options, "-w", "wheels", archive, folder=folder)
    (wheel,) = folder.glob("wheels/*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel):
    """The wheel in a folder of its own; everything else is that of this environment."""
    site = wheel.parents[1] / "site"
    pip = sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"
    run(*pip, "install", "--no-deps", "--target", site, wheel, folder=wheel.parent)
    return site


@pytest.fixture
def dim(installed, tmp_path):
    """Runs the installed command in an empty folder; returns what it printed."""

    def call(*arguments):
        command = installed / "bin" / "dim-tf"
        return run(command, *arguments, folder=tmp_path, PYTHONPATH=str(installed))

    return call


def test_the_wheel_holds_what_is_shipped(wheel):
    assert wheel.name.startswith(f"dim_tf-{dim_tf.__version__}-")
    names = zipfile.ZipFile(wheel).namelist()
    for folder, pattern in (("checkpoints", "*.*"), ("flagfiles", "**/*.flags")):
        for path in (ROOT / folder).glob(pattern):
            assert f"dim_tf/{path.relative_to(ROOT)}" in names
    for path in (ROOT / "dim_tf" / "page").rglob("*.*"):
        assert path.suffix == ".pyc" or path.relative_to(ROOT).as_posix() in names
    for name in (
        "py.typed",
        "assets/sample_rgb.png",
        "assets/completion.bash",
        "assets/export_card.md",
    ):
        assert f"dim_tf/{name}" in names
    others = ("tests/", "recipes/", "benchmarks/", "docs/", "checkpoints/", "flagfiles/")
    assert not [name for name in names if name.startswith(others)]


def test_the_installed_package_is_the_one_that_runs(dim, installed, tmp_path):
    program = "import dim_tf.model.checkpoint_choice as it; print(it.RELEASED_FOLDER)"
    printed = run(sys.executable, "-c", program, folder=tmp_path, PYTHONPATH=str(installed))
    assert Path(printed.strip()) == installed / "dim_tf" / "checkpoints"
    assert dim("--version").startswith(f"dim-tf {dim_tf.__version__}\nweights {DEFAULT_CHECKPOINT}")


def test_a_matte_and_a_cut_out_in_an_empty_folder(dim, installed, tmp_path):
    for name in ("rgb", "mask"):
        shutil.copy(installed / "dim_tf" / "assets" / f"sample_{name}.png", tmp_path)
    assert "matte alpha.png" in dim("matte", "sample_rgb.png", "sample_mask.png")
    truth = read_grey(ROOT / "dim_tf" / "assets" / "sample_alpha.png")
    error = abs(read_grey(tmp_path / "alpha.png").astype(float) - truth).mean()
    assert error < 5  # grey levels
    dim("cutout", "sample_rgb.png", "sample_mask.png")
    assert (tmp_path / "sample_rgb_cutout.png").exists()


def test_three_lines_of_python_in_an_empty_folder(dim, installed, tmp_path):
    for name in ("rgb", "mask"):
        shutil.copy(installed / "dim_tf" / "assets" / f"sample_{name}.png", tmp_path)
    program = (
        "import dim_tf; matte = dim_tf.matte('sample_rgb.png', 'sample_mask.png'); "
        "dim_tf.write_png('matte.png', matte)"
    )
    run(sys.executable, "-c", program, folder=tmp_path, PYTHONPATH=str(installed))
    dim("matte", "sample_rgb.png", "sample_mask.png")
    assert (read_grey(tmp_path / "matte.png") == read_grey(tmp_path / "alpha.png")).all()


def test_a_run_by_a_flagfiles_short_name(dim, tmp_path):
    smaller = "--width=0.0625", "--steps=2", "--synthetic=2", "--input_size=64"
    printed = dim("train", "--flagfile=quickstart.flags", *smaller)
    assert "Try it: dim-tf matte --checkpoint=runs/quickstart" in printed
    assert (tmp_path / "runs" / "quickstart" / "before_after.png").exists()
    dim("matte", "--checkpoint=runs/quickstart")
    assert (tmp_path / "alpha.png").exists()
