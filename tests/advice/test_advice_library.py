"""What is said only to programs that call the library."""

import copy
import os
import pickle
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dim_tf
from dim_tf.pictures.colour import ColourProfile
from dim_tf.pictures.writing import write_png
from tests.advice.provoking import refused


@pytest.fixture
def own_colours(pictures, monkeypatch):
    monkeypatch.setattr(
        "dim_tf.matting.of_photo.foreground_colours_of", lambda rgb, alpha, *told: rgb
    )


@pytest.mark.parametrize("name", ["checkpoint", "post_process"])
def test_a_model_or_what_it_was_loaded_with(own_colours, tiny_model, name):
    value = {"checkpoint": "tiny.npz", "post_process": "none"}[name]
    given = {"model": tiny_model, name: value}
    advice = "A model has its {} from when it was loaded; leave {} out, or model."
    refused(advice, dim_tf.matte, "photo.png", "mask.png", **given)
    dim_tf.matte("photo.png", "mask.png", model=tiny_model)


def test_a_cut_out_of_16_bits_is_no_pillow_picture(own_colours, tiny_model):
    opened = Image.open("photo.png")
    given = {"model": tiny_model, "bits": 16}
    sentence = refused(
        "Pillow has no transparent pictures of 16 bits; give the photo as a file or an array, or",
        *(dim_tf.cutout, opened, "mask.png"),
        **given,
    )
    assert sentence.endswith("or bits=8.")
    assert dim_tf.cutout("photo.png", "mask.png", **given).dtype == np.uint16
    assert dim_tf.cutout(np.asarray(opened), "mask.png", **given).dtype == np.uint16
    dim_tf.cutout(opened, "mask.png", model=tiny_model, bits=8)


def test_a_pillow_picture_keeps_a_profile(own_colours, tiny_model, recwarn):
    write_png("photo.png", dim_tf.read_rgb("photo.png"), profile=ColourProfile(None, 0.7))
    advice = "which an array cannot keep; give a Pillow picture to have it kept"
    dim_tf.cutout("photo.png", "mask.png", model=tiny_model)
    assert advice in str(recwarn.pop().message)
    with Image.open("photo.png") as picture:
        dim_tf.cutout(picture, "mask.png", model=tiny_model)
    assert not recwarn.list


def test_a_picture_is_a_file_a_pillow_picture_or_an_array(own_colours, tiny_model):
    given = {"model": tiny_model}
    advice = (
        "The {} is of type {}, which is no picture; give a file name, a Pillow picture or an array."
    )
    for picture in (None, b"photo"):
        refused(advice, dim_tf.matte, picture, "mask.png", **given)
    for picture in ("photo.png", Image.open("photo.png"), dim_tf.read_rgb("photo.png")):
        dim_tf.matte(picture, "mask.png", **given)


def test_a_model_is_a_loaded_one(own_colours, tiny_model, tiny_checkpoint):
    advice = "model= is what dim_tf.load_model returned; give that, or checkpoint=."
    refused(advice, dim_tf.matte, "photo.png", "mask.png", model=str(tiny_checkpoint))
    dim_tf.matte("photo.png", "mask.png", model=tiny_model)
    dim_tf.matte("photo.png", "mask.png", checkpoint=tiny_checkpoint)


def test_a_checkpoint_is_a_file(own_colours, tiny_checkpoint):
    advice = (
        "checkpoint={} is no name of a file; give text or a pathlib.Path, or leave it out for the "
        "shipped weights."
    )
    for checkpoint in (3, b"tiny.npz"):
        refused(advice, dim_tf.matte, "photo.png", "mask.png", checkpoint=checkpoint)
        refused(advice, dim_tf.load_model, checkpoint)
    dim_tf.matte("photo.png", "mask.png")
    for checkpoint in (str(tiny_checkpoint), tiny_checkpoint):
        dim_tf.load_model(checkpoint)


def test_a_picture_is_given_by_its_name(own_colours):
    of_type = "The {} is of type {}, which is no name of a file; give text or a pathlib.Path."
    refused(of_type, dim_tf.read_rgb, b"photo.png")
    refused("The {} has an empty name; give that of a file.", dim_tf.read_rgb, "")
    for name in ("photo.png", Path("photo.png")):
        dim_tf.read_rgb(name)


def test_a_limit_of_megapixels_is_a_number(own_colours):
    advice = "--max_input_megapixels={} is not possible; give a number above 0."
    refused(advice.replace("--max_input_", "max_"), dim_tf.read_rgb, "photo.png", float("nan"))
    dim_tf.read_rgb("photo.png", 0.5)


def test_a_rectangle_is_four_numbers_or_auto(own_colours, tiny_model):
    advice = 'rectangle={} is none; give (x, y, width, height) in pixels, or "auto".'
    refused(advice, dim_tf.trimap, "photo.png", rectangle=5)
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[20:44, 20:44] = 200
    for rectangle in ((12, 12, 40, 40), "auto"):
        dim_tf.trimap(rgb, rectangle=rectangle)


def test_each_process_loads_its_own(tiny_model):
    """What a forked child sees: another process number. tests/library/test_processes.py forks."""
    photo, trimap = np.zeros((8, 8, 3), np.uint8), np.full((8, 8), 128, np.uint8)
    mine = tiny_model._process
    tiny_model._process = mine + 1
    try:
        refused(
            "This process was forked from one that had loaded a model or computed with TensorFlow, "
            'and has not its threads; start processes by multiprocessing.get_context("spawn").',
            *(tiny_model.predict_alpha, photo, trimap),
        )
    finally:
        tiny_model._process = mine
    tiny_model.predict_alpha(photo, trimap)


def test_a_png_has_its_own_name(own_colours):
    matte = dim_tf.read_grey("mask.png")
    other = "{} would be a PNG under another name; give a name ending in .png."
    for name in ("matte.jpg", "matte", Path("matte.jpg")):
        refused(other, dim_tf.write_png, name, matte)
    refused(
        "{} holds a null character, as no file's name can; leave it out.",
        *(dim_tf.write_png, "a\0b.png", matte),
    )
    for name in ("", b"matte.png"):
        refused("name", dim_tf.write_png, name, matte)
    for name in ("ab.png", Path("matte.PNG")):
        dim_tf.write_png(name, matte)
        np.testing.assert_array_equal(dim_tf.read_grey(name), matte)


def test_a_png_is_of_plain_numbers(own_colours):
    matte = dim_tf.read_grey("mask.png")
    for compression in (-1, 10, 2.5, None, "3", True):
        advice = "compression={} is none; give a whole number from 0 to 9."
        refused(advice, dim_tf.write_png, "written.png", matte, compression)
    masked = np.ma.array(matte, mask=matte > 0)
    refused("such as with filled(0).", dim_tf.write_png, "written.png", masked)
    refused("The picture cannot be made an array", dim_tf.write_png, "written.png", [[1, 2], [3]])
    assert not Path("written.png").exists()
    for compression in (0, np.int64(9)):
        dim_tf.write_png("written.png", masked.filled(0), compression)


@pytest.mark.parametrize("copy_of", [copy.deepcopy, pickle.dumps])
def test_a_model_is_not_copied(tiny_model, copy_of):
    advice = (
        "A model cannot be copied or pickled, as it has threads; let threads share it, and "
        "load one in each process."
    )
    with pytest.raises(TypeError, match=f"^{advice}$"):
        copy_of(tiny_model)


def test_keras_is_imported_with_tensorflow(tiny_checkpoint, monkeypatch):
    advice = (
        "Keras was imported with the backend {}, and dim_tf needs TensorFlow; set "
        "KERAS_BACKEND=tensorflow before Keras is imported."
    )
    with monkeypatch.context() as patch:
        of_torch = types.SimpleNamespace(config=types.SimpleNamespace(backend=lambda: "torch"))
        patch.setitem(sys.modules, "keras", of_torch)
        sentence = refused(advice, dim_tf.load_model, tiny_checkpoint)
    (backend,) = re.findall(r"KERAS_BACKEND=(\w+)", sentence)
    script = f"import keras, dim_tf; dim_tf.load_model({str(tiny_checkpoint)!r})"
    environment = os.environ | {"KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
