"""What is said only to programs that call the library."""

import numpy as np
import pytest
from PIL import Image

import dim_tf
from dim_tf.pictures.colour import ColourProfile
from dim_tf.pictures.writing import write_png
from tests.advice.provoking import refused


@pytest.fixture
def own_colours(pictures, monkeypatch):
    monkeypatch.setattr("dim_tf.matting.of_photo.foreground_colours_of", lambda rgb, alpha: rgb)


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
    dim_tf.cutout(Image.open("photo.png"), "mask.png", model=tiny_model)
    assert not recwarn.list
