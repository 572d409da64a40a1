"""What is said of exports and of onnxruntime."""

import importlib.util
import re
import shutil

import pytest

from dim_tf.commands.export import export
from dim_tf.config import ExportConfig
from dim_tf.config.flags import config_from_arguments
from dim_tf.matting.predict import load_model
from dim_tf.system.errors import InputError
from tests.advice.provoking import flags_in, refused
from tests.exports.conftest import quick_files  # noqa: F401, a fixture

RGB, ALPHA = "--rgb=photo.png", "--alpha=mask.png"


pytestmark = pytest.mark.usefixtures("quick_files")


@pytest.fixture
def export_tiny(in_an_empty_folder, tiny_checkpoint):
    """What the command does with these arguments and tiny weights."""

    def call(*arguments):
        given = [f"--checkpoint={tiny_checkpoint}", *arguments]
        export(config_from_arguments(ExportConfig, given))

    return call


def without(monkeypatch, *packages):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name in packages else find_spec(name, *rest),
    )


def test_an_export_goes_to_another_folder_or_the_folder_is_deleted(export_tiny):
    export_tiny("--format=saved_model", "--out=there")
    advice = "--out={} exists already; give another folder, or delete it."
    refused(advice, export_tiny, "--format=saved_model", "--out=there")
    export_tiny("--format=saved_model", "--out=elsewhere")
    shutil.rmtree("there")
    export_tiny("--format=saved_model", "--out=there")


def test_without_onnx_another_format_is_given(export_tiny, monkeypatch):
    without(monkeypatch, "onnx")
    advice = (
        "--format=onnx needs the package onnx; install it with pip install onnx, or give "
        "--format=litert or --format=saved_model."
    )
    sentence = refused(advice, export_tiny)
    for flag in flags_in(sentence)[1:]:
        export_tiny(flag, f"--out={flag[9:]}")


def test_a_size_that_is_possible(export_tiny):
    advice = (
        "is not possible; give height,width in multiples of {}, such as --size=480,736, or one "
        "number for a square."
    )
    for size in ("100", "64,100", "64,64,64", "0", "-32"):
        sentence = refused(advice, export_tiny, f"--size={size}")
        assert re.search(r"multiples of 32,", sentence)
        assert flags_in(sentence)[1] == "--size=480,736"
    export_tiny("--format=saved_model", "--size=480,736", "--out=two")
    export_tiny("--format=saved_model", "--size=64", "--out=one")


def test_a_size_no_picture_has(export_tiny):
    advice = (
        "is larger than any picture that is read; give at most {} megapixels, or leave it out for "
        "any size."
    )
    sentence = refused(advice, export_tiny, "--size=32768,32800")
    (megapixels,) = re.findall(r"(\d+) megapixels", sentence)
    assert 32_736 * 32_768 <= int(megapixels) * 1e6 < 32_768 * 32_800
    with pytest.raises(InputError, match="is larger than any"):
        export_tiny("--size=99999999999999999999968")
    export_tiny("--format=saved_model", "--size=32736,32768", "--out=largest")
    export_tiny("--format=saved_model", "--out=any")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_onnxruntime_tensorflow_computes(infer, monkeypatch, package):
    without(monkeypatch, package)
    advice = (
        "--runtime=onnx needs onnx and onnxruntime; install them with pip install onnx "
        "onnxruntime, or give --runtime=tensorflow."
    )
    sentence = refused(advice, infer, RGB, ALPHA, "--runtime=onnx")
    infer(RGB, ALPHA, flags_in(sentence)[1])


def test_onnxruntime_in_float32_or_tensorflow(tiny_checkpoint):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    advice = (
        "--runtime=onnx computes in float32; give --precision=float32, or --runtime=tensorflow."
    )
    refused(advice, load_model, tiny_checkpoint, runtime="onnx", precision="bfloat16")
    load_model(tiny_checkpoint, runtime="onnx", precision="float32")
    load_model(tiny_checkpoint, runtime="tensorflow", precision="bfloat16")
