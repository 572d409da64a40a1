import ast
import math
import os
import re
import typing
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf

import dim_tf
from dim_tf.config import MattingConfig, ReadingConfig, WritingConfig, values_of
from dim_tf.library import kept
from dim_tf.library.options import MattingOptions, ReadingOptions
from dim_tf.library.telling import in_python
from dim_tf.matting.network_matte import NoNumbersError
from dim_tf.system.errors import InputError
from tests.library.conftest import MASK, PHOTO, TRIMAP, save

SHADES = cv2.GaussianBlur(MASK, (0, 0), 9)
ROOT = Path(dim_tf.__file__).parent
# What says where the object is has names of its own.
ARGUMENTS = {"rgb", "alpha", "trimap", "rect"}


def test_the_options_are_the_commands_settings():
    reading = typing.get_type_hints(ReadingConfig)
    hints = typing.get_type_hints(ReadingOptions)
    assert hints.keys() == reading.keys() - ARGUMENTS
    of_both = reading | typing.get_type_hints(MattingConfig)
    more = ReadingOptions.__annotations__.keys() | {"bits", "model"}
    hints = typing.get_type_hints(MattingOptions, localns={"MattingModel": object})
    assert hints.keys() - more == values_of(MattingConfig()).keys()
    for name in hints.keys() - {"label", "checkpoint", "bits", "model"}:
        assert hints[name] == of_both[name], name
    bits = typing.get_args(typing.get_type_hints(WritingConfig)["bits"])
    assert tuple(map(str, typing.get_args(hints["bits"]))) == bits


@pytest.mark.parametrize(
    "function, option", [("matte", "post_proces"), ("cutout", "rgb"), ("trimap", "size")]
)
def test_an_option_that_there_is_not(function, option):
    message = rf"^{function}\(\) got an unexpected keyword argument '{option}'$"
    with pytest.raises(TypeError, match=message):
        getattr(dim_tf, function)(PHOTO, MASK, **{option: 3})


def test_labels_in_every_form():
    labels = np.zeros_like(MASK)
    labels[30:60, 30:60], labels[5:25, 70:100], labels[70:85, 10:30] = 1, 2, 3
    expected = dim_tf.trimap(PHOTO, (labels == 1) | (labels == 3))
    save("labels.png", labels)
    for mask in (labels, "labels.png"):
        with pytest.warns(UserWarning, match="its labels 1 and 3 are taken as the object"):
            made = [dim_tf.trimap(PHOTO, mask, label=label) for label in ("1,3", (1, 3), ["1", 3])]
        for trimap in made:
            np.testing.assert_array_equal(trimap, expected)


def test_arrays_are_turned_over_only_when_it_is_said():
    expected = dim_tf.trimap(PHOTO, MASK)
    np.testing.assert_array_equal(dim_tf.trimap(PHOTO, 255 - MASK, invert="yes"), expected)
    assert (dim_tf.trimap(PHOTO, 255 - MASK) != expected).any()
    turned = np.where(TRIMAP == 128, np.uint8(128), 255 - TRIMAP)
    made = dim_tf.trimap(PHOTO, trimap=turned, invert="yes")
    np.testing.assert_array_equal(made, TRIMAP)
    np.testing.assert_array_equal(dim_tf.trimap(PHOTO, trimap=TRIMAP / 255), TRIMAP)


def test_a_trimap_is_the_callers_to_paint_in():
    given = TRIMAP.copy()
    made = dim_tf.trimap(PHOTO, trimap=given)
    made[:] = 0
    np.testing.assert_array_equal(given, TRIMAP)


def test_numbers_of_numpy():
    kernel = np.int64(9)
    expected = dim_tf.trimap(PHOTO, MASK, trimap_kernel=9)
    np.testing.assert_array_equal(dim_tf.trimap(PHOTO, MASK, trimap_kernel=kernel), expected)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({}, "Give a mask with mask= or a trimap with trimap= beside photo=, or rectangle="),
        ({"mask": MASK, "rectangle": "auto"}, "Give either mask= or rectangle=, not both"),
        ({"mask": MASK, "invert": "perhaps"}, 'invert="perhaps" is not possible; choose one of'),
        ({"mask": MASK, "trimap_kernel": 0}, "trimap_kernel=0 is not possible; give a number at"),
        ({"mask": MASK, "trimap_kernel": 2.5}, "^trimap_kernel=2.5 is not possible; give a whole"),
        ({"mask": MASK, "trimap_kernel": (9, 9)}, r"trimap_kernel=\(9, 9\) is not possible"),
        ({"mask": MASK, "trimap_kernel": [9]}, r"trimap_kernel=\[9\] is not possible"),
        ({"rectangle": (1, 2, 3)}, 'rectangle="1,2,3" is not possible; give x,y,width,height'),
        ({"rectangle": (0, 0, 500, 9)}, 'rectangle="0,0,500,9" is not inside photo, which is 120'),
        ({"mask": 0 * MASK}, "^mask has the value 0 everywhere and shows no object"),
        ({"mask": MASK[:50]}, "^photo is 120×90 pixels and mask 120×50; give two pictures of the"),
        ({"mask": PHOTO}, r"^The mask has the shape \(90, 120, 3\)"),
        ({"mask": "--alpha.png"}, "^--alpha.png does not exist"),
        ({"trimap": 0 * TRIMAP}, "^trimap has no unknown pixel"),
        ({"trimap": MASK}, "^trimap has no unknown pixel .* or give it with mask= as a mask"),
        ({"trimap": MASK // 2}, "^The trimap has the values 0 and 127; a trimap holds"),
        ({"mask": MASK, "max_input_megapixels": 0.01}, "^photo claims 120×90 .*_megapixels=[)]"),
        ({"mask": MASK, "label": 2}, "^mask has no label 2; it has 0 .* and 255 "),
        ({"mask": SHADES, "label": 2}, "^mask has no labels .*; leave label= out"),
        ({"mask": MASK / 255 * 0.003}, "^mask has values from 0 to 1 only and shows no object"),
    ],
)
def test_what_is_refused_is_said_in_pythons_words(arguments, message):
    with pytest.raises(dim_tf.InputError, match=message) as refusal:
        dim_tf.trimap(PHOTO, **arguments)
    assert refusal.value.__cause__ is None and refusal.value.__suppress_context__


def test_flags_become_arguments():
    assert in_python("--label=1 or --label=1,2 (if it is a trimap give it with --trimap).") == (
        'label=1 or label="1,2" (if it is a trimap give it with trimap=).'
    )
    assert in_python("give --mask_orientation=as_photo to turn it.") == (
        'give mask_orientation="as_photo" to turn it.'
    )
    for same in ("my--alpha.png is damaged.", "a/--rgb.png", "train.py --flagfile=a.flags"):
        assert in_python(same) == same


def test_notes_are_warnings_where_the_library_was_called():
    save("mask.png", MASK // 255)
    with pytest.warns(UserWarning) as warned:
        dim_tf.trimap(PHOTO, "mask.png")
    (warning,) = warned
    assert str(warning.message) == "mask.png: its values 0 and 1 are taken as 0 and 255."
    assert warning.filename == __file__
    with pytest.warns(UserWarning, match="^mask: its values 0 and 1 are taken"):
        dim_tf.trimap(PHOTO, MASK // 255)


def test_a_grey_photo_as_mask_is_told_of_an_array_as_of_a_file(recwarn):
    grey = (90 + 60 * np.sin(np.mgrid[:90, :120].sum(0) / 9)).astype(np.uint8)
    grey[:2] = 255
    dim_tf.trimap(PHOTO, save("mask.png", grey))
    of_file = [str(warning.message).split(": ", 1)[1] for warning in recwarn.list]
    recwarn.clear()
    dim_tf.trimap(PHOTO, grey)
    of_array = [str(warning.message).split(": ", 1)[1] for warning in recwarn.list]
    assert any("it looks like a photo, not like a mask" in note for note in of_file)
    assert of_array == of_file


def test_files_that_are_exchanged():
    expected = dim_tf.trimap(save("photo.png", PHOTO), save("mask.png", MASK))
    with pytest.warns(UserWarning, match="photo= and mask= are exchanged"):
        made = dim_tf.trimap("mask.png", "photo.png")
    np.testing.assert_array_equal(made, expected)


def test_a_drawing_and_a_mask_in_greys_are_not_exchanged(recwarn):
    """Black ink on white looks like a mask, and a soft mask from 20 to 230 like a photo."""
    rows, columns = np.mgrid[:240, :320]
    away = np.hypot(rows - 120, columns - 160)
    drawing = np.where(away < 60, 15, 250) + np.random.default_rng(0).normal(0, 3, away.shape)
    save("photo.png", np.uint8(np.clip(drawing, 0, 255)))
    save("mask.png", np.uint8(20 + 210 * np.clip((90 - away) / 50, 0, 1)))
    dim_tf.trimap("photo.png", "mask.png")
    assert not any("exchanged" in str(warning.message) for warning in recwarn)


def test_a_kept_model_is_loaded_anew_where_its_file_is_another(network, tiny_checkpoint):
    file = Path("mine.npz")
    file.write_bytes(tiny_checkpoint.read_bytes())
    one = kept.kept_model(MattingConfig(checkpoint="mine.npz"))
    assert kept.kept_model(MattingConfig(checkpoint="mine.npz")) is one
    file.write_bytes(tiny_checkpoint.read_bytes())
    again = kept.kept_model(MattingConfig(checkpoint="mine.npz"))
    assert again is not one
    assert kept.kept_model(MattingConfig(checkpoint="mine.npz", precision="float32")) is not again


def test_the_public_names_are_known_to_checkers_too():
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    homes = {alias.name: node.module for node in block.body for alias in node.names}
    assert homes == dim_tf._HOME
    assert set(dim_tf.__all__) - {"__version__"} == homes.keys() <= {*dir(dim_tf)}
    for name in homes:
        assert getattr(dim_tf, name).__name__ == name
    rooms = {path.name.removesuffix(".py") for path in ROOT.iterdir()}
    assert not rooms & homes.keys()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "x.npz"}, "model= is what dim_tf.load_model returned"),
        ({"checkpoint": 3}, "checkpoint=3 is no name of a file"),
        ({"size": -1}, "size=-1 is not possible"),
    ],
)
def test_values_of_no_use_are_refused_in_pythons_words(given, said):
    picture = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(InputError, match=re.escape(said)):
        dim_tf.matte(picture, picture[..., 0], **given)
    with pytest.raises(InputError, match="rectangle=5 is none"):
        dim_tf.matte(picture, rectangle=5)
    with pytest.raises(InputError, match="photo is of type bytes, which is no picture"):
        dim_tf.matte(b"photo", picture[..., 0])


@pytest.mark.parametrize(
    "given", [{"precision": "float16"}, {"post_process": "Affinity"}, {"runtime": "foo"}]
)
def test_load_model_refuses_what_it_does_not_know(given):
    with pytest.raises(InputError, match="is not possible"):
        dim_tf.load_model(**given)


def test_a_forked_process_is_told_to_be_spawned(tiny_model, monkeypatch):
    here = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: here + 1)
    with pytest.raises(InputError, match=re.escape('get_context("spawn")')):
        tiny_model.predict_alpha(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8))


def test_every_public_function_speaks_of_its_arguments(tiny_checkpoint):
    model = dim_tf.load_model(tiny_checkpoint)
    assert isinstance(model, dim_tf.MattingModel)
    for call, sentence in {
        lambda: dim_tf.load_model(precision="x"): 'precision="x" is not possible; choose one of ',
        lambda: dim_tf.load_model(runtime="onnx", precision="bfloat16"): (
            'runtime="onnx" computes in float32; give precision="float32", or '
        ),
        lambda: dim_tf.load_model(3): "checkpoint=3 is no name of a file; ",
        lambda: dim_tf.load_model(b"tiny.npz"): "checkpoint=b'tiny.npz' is no name of a file; ",
        lambda: model.predict_alpha(PHOTO, TRIMAP, size=2.5): "size=2.5 is not possible; ",
        lambda: model.predict_alpha(PHOTO, TRIMAP, size=None): "size=None is not possible; ",
        lambda: dim_tf.trimap_from_alpha(MASK, 5, "x"): 'mode="x" is not possible; choose one of ',
        lambda: dim_tf.trimap_from_rough_mask(MASK, "x"): 'mode="x" is not possible; choose one ',
        lambda: dim_tf.matte(PHOTO, MASK, size=np.array([3, 4])): "size=array([3, 4]) is not ",
        lambda: dim_tf.matte(PHOTO, MASK, runtime=np.array(["onnx", "x"])): "runtime=['onnx' 'x'] ",
        lambda: dim_tf.read_rgb("photo.png", max_megapixels=np.nan): (
            "max_megapixels=nan is not possible; give a number above 0."
        ),
    }.items():
        save("photo.png", PHOTO)
        with pytest.raises(InputError) as refusal:
            call()
        assert str(refusal.value).startswith(sentence)


def test_kinds_of_errors_stay_what_they_are(tiny_checkpoint, monkeypatch):
    model = dim_tf.load_model(tiny_checkpoint)
    nothing = np.full((*TRIMAP.shape, 1), np.nan, np.float32)
    monkeypatch.setattr(model, "_predict_unknown", lambda *given: nothing)
    for call in (
        lambda: model.predict_alpha(PHOTO, TRIMAP),
        lambda: dim_tf.matte(PHOTO, trimap=TRIMAP, model=model),
    ):
        with pytest.raises(NoNumbersError, match=r"give other weights with checkpoint=\.$"):
            call()


def test_what_is_no_picture_is_named(network):
    for given in (None, b"mask.png"):
        with pytest.raises(InputError, match=r"^The photo is of type .*, which is no picture; "):
            dim_tf.matte(given, MASK)
    for role in ("mask", "trimap"):
        with pytest.raises(InputError, match=f"^The {role} is of type bytes, which is no picture;"):
            dim_tf.matte(PHOTO, **{role: b"mask.png"})
        with pytest.raises(InputError, match=f"^The {role} has an empty name; "):
            dim_tf.matte(PHOTO, **{role: ""})
    for read in (dim_tf.read_rgb, dim_tf.read_mask, dim_tf.read_trimap, dim_tf.read_grey):
        with pytest.raises(InputError, match=r"^The picture has an empty name; "):
            read("")
        with pytest.raises(InputError, match=r"^The picture is of type bytes, which is no name"):
            read(b"photo.png")


def test_a_rectangle_may_be_a_tensor_and_is_no_bytes():
    numbers = (15, 5, 70, 70)
    expected = dim_tf.trimap(PHOTO, rectangle=numbers)
    for given in (tf.constant(numbers), (15, 5, 70, tf.constant(70)), list(numbers)):
        np.testing.assert_array_equal(dim_tf.trimap(PHOTO, rectangle=given), expected)
    for given in (b"auto", np.zeros((2, 2)), (1, 2, 3, None)):
        with pytest.raises(InputError, match=r"^rectangle=.* is none; give \(x, y, width, height"):
            dim_tf.trimap(PHOTO, rectangle=given)


@pytest.mark.parametrize("limit", [math.nan, None, "x", 0, -1, True])
def test_a_limit_is_a_number_above_0(limit):
    save("photo.png", PHOTO)
    for read in (dim_tf.read_rgb, dim_tf.read_mask, dim_tf.read_trimap, dim_tf.read_grey):
        with pytest.raises(InputError, match=r"^max_megapixels=.* is not possible; give a number "):
            read("photo.png", max_megapixels=limit)


def test_warnings_are_of_the_line_that_called(recwarn, tiny_checkpoint):
    dim_tf.trimap_from_rough_mask(MASK // 255)
    dim_tf.trimap_from_alpha(MASK // 255, 5)
    dim_tf.trimap(PHOTO, MASK // 255)
    dim_tf.load_model(tiny_checkpoint).predict_alpha(np.full((90, 120, 3), 9, np.uint16), TRIMAP)
    assert len(recwarn.list) == 4
    assert {warning.filename for warning in recwarn.list} == {__file__}
