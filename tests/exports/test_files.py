"""What an export's folder holds: the file, of built-in operations only; its card; its example."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dim_tf import __version__
from dim_tf.exports import export
from dim_tf.exports.card import CARD_NAME
from dim_tf.exports.export import export_network
from dim_tf.model import convolution
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import read_rgb
from dim_tf.system.errors import InputError

KINDS = ("saved_model", "onnx", "litert")


@pytest.mark.parametrize("size", [None, pytest.param((64, 96), marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_example_writes_the_matte(
    kind, size, needs, tiny_checkpoint, tiny_model, write_photo, write_trimap, tmp_path
):
    needs(kind)
    folder = tmp_path / "out"
    export_network(folder, kind, tiny_checkpoint, size=size)
    height, width = size or (40, 50)
    write_photo(folder / "photo.png", height, width)
    write_trimap(folder / "trimap.png", height, width)
    text = (folder / "example.py").read_text()
    assert "dim_tf" not in text
    assert ("tensorflow" in text) == (kind == "saved_model")
    program = "import runpy, sys; runpy.run_path('example.py'); print('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(str(kind == "saved_model"))
    expected = tiny_model.predict_alpha(
        read_rgb(folder / "photo.png"), np.asarray(Image.open(folder / "trimap.png"))
    )
    matte = read_grey(folder / "matte.png")
    assert np.abs(matte - 255 * expected).max() < 0.51


def test_a_fixed_example_fits_any_photo(
    needs, tiny_checkpoint, write_photo, write_trimap, tmp_path
):
    needs("onnx")
    export_network(tmp_path / "out", "onnx", tiny_checkpoint, size=(64, 96))
    write_photo(tmp_path / "out" / "photo.png", 70, 80)
    write_trimap(tmp_path / "out" / "trimap.png", 70, 80)
    subprocess.run([sys.executable, "-I", "example.py"], cwd=tmp_path / "out", check=True)
    assert read_grey(tmp_path / "out" / "matte.png").shape == (70, 80)


@pytest.mark.usefixtures("quick_files")
@pytest.mark.parametrize("kind", KINDS)
def test_the_card(kind, needs, tiny_checkpoint, save_random_network, tmp_path):
    needs(kind)
    export_network(tmp_path / "out", kind, tiny_checkpoint)
    card = (tmp_path / "out" / "README.md").read_text()
    assert hashlib.sha256(tiny_checkpoint.read_bytes()).hexdigest() in card
    assert f"dim_tf {__version__}" in card
    assert "multiples of 32" in card
    assert not re.search(r"[{}]", card)
    assert max(map(len, card.splitlines())) < 160
    assert "`scale`" not in card
    export_network(tmp_path / "sure", kind, save_random_network(certainty=True))
    assert "| `scale` | out | [1, H, W, 1] |" in (tmp_path / "sure" / "README.md").read_text()


def test_a_saved_model_is_of_portable_operations(tiny_checkpoint, monkeypatch, tmp_path):
    """Also where convolutions are computed another way here."""
    import tensorflow as tf

    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    monkeypatch.setattr(convolution, "processor_flags", lambda: {"avx2"})
    file = export_network(tmp_path / "out", "saved_model", tiny_checkpoint)
    assert convolution.gradient_kernels_are_faster()
    graph = tf.saved_model.load(str(file)).signatures["serving_default"].graph.as_graph_def()
    operations = {node.op for function in graph.library.function for node in function.node_def}
    assert "Conv2D" in operations
    assert not operations & {"Conv2DBackpropInput", "MaxPoolWithArgmax", "PyFunc"}


def test_onnx_is_written_without_tensorflow(needs, tiny_checkpoint, tmp_path):
    needs("onnx")
    program = (
        "import sys; from dim_tf.commands.export import export; from dim_tf.config import *;"
        f"export(ExportConfig(checkpoint={str(tiny_checkpoint)!r}));"
        "assert 'tensorflow' not in sys.modules"
    )
    root = next(path for path in convolution_file().parents if (path / "dim_tf").is_dir())
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {program}"],
        check=True,
        cwd=tmp_path,
    )
    assert (tmp_path / "deep_image_matting_onnx" / "deep_image_matting.onnx").is_file()


def convolution_file():
    from pathlib import Path

    return Path(convolution.__file__).resolve()


def test_what_fails_leaves_nothing(needs, tiny_checkpoint, monkeypatch, tmp_path):
    needs("onnx")

    def fail(*_):
        raise RuntimeError("no card")

    monkeypatch.setattr(export, "card_text", fail)
    with pytest.raises(RuntimeError, match="no card"):
        export_network(tmp_path / "out", "onnx", tiny_checkpoint)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick_files")
@pytest.mark.parametrize("kind", KINDS)
def test_the_card_names_the_weights_that_were_read(
    needs, tiny_checkpoint, monkeypatch, tmp_path, kind
):
    """A training may write the file anew, or remove it, while it is converted."""
    needs(kind)
    weights = tmp_path / "best.npz"
    weights.write_bytes(tiny_checkpoint.read_bytes())
    read_arrays = export.read_arrays

    def read_and_remove(path, prefix):
        arrays = read_arrays(path, prefix)
        weights.unlink()
        return arrays

    monkeypatch.setattr(export, "read_arrays", read_and_remove)
    export_network(tmp_path / "out", kind, weights)
    digest = hashlib.sha256(tiny_checkpoint.read_bytes()).hexdigest()
    assert digest in (tmp_path / "out" / CARD_NAME).read_text()


def test_a_damaged_file_is_refused_before_anything_is_written(needs, tiny_checkpoint, tmp_path):
    needs("onnx")
    (tmp_path / "half.npz").write_bytes(tiny_checkpoint.read_bytes()[:10_000])
    with pytest.raises(InputError, match="is damaged"):
        export_network(tmp_path / "out", "onnx", tmp_path / "half.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["half.npz"]


@pytest.mark.parametrize("broken", ["missing", "misshapen", "not of finite numbers"])
def test_weights_that_do_not_fit_are_refused(broken, needs, tiny_checkpoint, tmp_path):
    needs("onnx")
    from dim_tf.exports.onnx_graph import network_graph
    from dim_tf.model.weights_file import read_arrays

    arrays, config, _ = read_arrays(tiny_checkpoint, "network/")
    name = "network/deconv3_2/beta"
    if broken == "missing":
        del arrays[name]
    else:
        arrays[name] = arrays[name][:1] if broken == "misshapen" else arrays[name] * np.nan
    with pytest.raises(InputError, match="does not fit its network: network/deconv3_2/beta is"):
        network_graph(arrays, config, "moving", "weights.npz")


def test_packages_are_looked_for(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs the package onnx"):
        export_network(tmp_path / "out", "onnx")


@pytest.mark.parametrize("kind", ["saved_model", "litert"])
@pytest.mark.parametrize("what", ["ResourceExhaustedError", "PermissionDeniedError"])
def test_a_full_disk_is_told_of_the_folder_that_was_named(
    kind, what, tiny_checkpoint, tmp_path, monkeypatch
):
    def refuse(module, folder, **options):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / "half").write_bytes(b"x")
        raise getattr(tf.errors, what)(None, None, "{{function_node f}} not there [Op:Save]")

    monkeypatch.setattr(tf.saved_model, "save", refuse)
    said = "No space left on device" if what == "ResourceExhaustedError" else "not there"
    with pytest.raises(InputError, match=rf"^{tmp_path}/out cannot be written: {said}\.$"):
        export_network(tmp_path / "out", kind, tiny_checkpoint)
    assert list(tmp_path.iterdir()) == []


def test_weights_may_have_a_name_that_is_no_text(needs, tiny_checkpoint, tmp_path):
    needs("onnx")
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/w\xff.npz"))
    shutil.copy(tiny_checkpoint, odd)
    export_network(tmp_path / "out", "onnx", odd)
    assert r"w\udcff.npz" in (tmp_path / "out" / "README.md").read_text()
