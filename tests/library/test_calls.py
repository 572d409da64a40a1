"""The library gives the command's numbers, whatever a picture is kept in."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import dim_tf
from dim_tf.matting import of_photo
from dim_tf.matting.predict import load_model
from dim_tf.pictures.colour import ColourProfile
from dim_tf.pictures.writing import write_png
from tests.library.conftest import MASK, PHOTO, SOFT, TRIMAP, read_numbers, save

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
# A space that is not sRGB, its red and green exchanged.
SRGB_ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
OTHER_ICC = SRGB_ICC.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
DEEP_GREY = SOFT.astype(np.uint16) * 257
TRANSPARENT = np.dstack([PHOTO, np.where(TRIMAP > 0, np.uint8(255), np.uint8(120))])
LABELS = np.where(MASK > 0, np.uint8(2), np.uint8(0))
LABELS[:20, :20] = 1


def the_same(one, other):
    one, other = np.asarray(one), np.asarray(other)
    assert one.dtype == other.dtype
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "photo, orientation, role, beside, options",
    [
        (PHOTO, 1, "mask", MASK, {}),
        (PHOTO, 1, "mask", SOFT, {"trimap_kernel": 9, "trimap_mode": "dilate"}),
        (PHOTO, 1, "mask", MASK[::2, ::2], {"size": 64}),
        (PHOTO, 1, "mask", 255 - MASK, {"invert": "yes", "bits": 16}),
        (PHOTO, 1, "mask", LABELS, {"label": 2}),
        (PHOTO, 1, "trimap", TRIMAP, {"bits": 16}),
        (PHOTO, 1, "trimap", TRIMAP, {"max_pixels": 4000, "bn_eval": "moving"}),
        (PHOTO[..., 0], 1, "mask", MASK, {}),
        (PHOTO.astype(np.uint16) * 250, 1, "mask", MASK, {"bits": 16}),
        (TRANSPARENT, 1, "mask", MASK, {}),
        (PHOTO, 6, "mask", np.rot90(MASK, -1), {}),
        (PHOTO, 6, "mask", MASK, {}),
        (PHOTO, 3, "trimap", TRIMAP, {"mask_orientation": "as_photo"}),
        (PHOTO, 3, "trimap", TRIMAP, {"mask_orientation": "as_stored"}),
    ],
)
def test_a_matte_is_what_the_command_writes(
    written, network, photo, orientation, role, beside, options
):
    save("photo.png", photo, orientation)
    save("beside.png", np.ascontiguousarray(beside))
    flags = {name: str(value) if name == "bits" else value for name, value in options.items()}
    if "label" in options:
        flags["label"] = (str(options["label"]),)
    flag = "alpha" if role == "mask" else "trimap"
    trimap = written("save_trimap", rgb="photo.png", **{flag: "beside.png"}, **flags)
    expected = read_numbers("written.png")
    assert expected.dtype == (np.uint16 if options.get("bits") == 16 else np.uint8)
    options |= network
    for_trimap = {"trimap_kernel", "trimap_mode", "invert", "label", "mask_orientation"}
    for_trimap = {name: options[name] for name in for_trimap & options.keys()}
    given = ["beside.png", Path("beside.png"), Image.open("beside.png")]
    if orientation == 1:  # an array has no tag, and is not turned like the photo
        given.append(beside)
    for one in given:
        the_same(dim_tf.matte("photo.png", **{role: one}, **options), expected)
        the_same(dim_tf.trimap("photo.png", **{role: one}, **for_trimap), trimap)
    if photo.dtype == np.uint8:
        opened = Image.open("photo.png")
        matte = dim_tf.matte(opened, **{role: "beside.png"}, **options)
        assert isinstance(matte, Image.Image)
        the_same(matte, expected)
        assert isinstance(dim_tf.trimap(opened, **{role: beside}, **for_trimap), Image.Image)
    if orientation == 1 and photo.shape[2:] != (4,):
        the_same(dim_tf.matte(photo, **{role: "beside.png"}, **options), expected)


@pytest.mark.parametrize("rectangle", [(15, 5, 70, 70), "auto"])
def test_a_rectangle(written, network, rectangle):
    save("photo.png", PHOTO)
    text = rectangle if rectangle == "auto" else "15,5,70,70"
    expected = written(rgb="photo.png", rect=text)
    assert 0 < np.mean(expected == 255) < 0.9
    for photo in ("photo.png", PHOTO, Image.fromarray(PHOTO)):
        the_same(dim_tf.matte(photo, rectangle=rectangle, **network), expected)
    numbers = rectangle if rectangle == "auto" else np.array(rectangle)
    the_same(dim_tf.matte(PHOTO, rectangle=numbers, **network), expected)


def test_a_mask_may_stand_in_second_place(network):
    the_same(dim_tf.matte(PHOTO, MASK, **network), dim_tf.matte(PHOTO, mask=MASK, **network))


def test_a_cut_out_is_what_the_command_writes(written, network):
    save("photo.png", PHOTO, 6)
    save("mask.png", MASK)
    expected = written("cutout", rgb="photo.png", alpha="mask.png")
    assert expected.shape == (120, 90, 4)
    the_same(dim_tf.cutout("photo.png", "mask.png", **network), expected)
    picture = dim_tf.cutout(Image.open("photo.png"), mask="mask.png", **network)
    assert picture.mode == "RGBA"
    the_same(picture, expected)
    deep = PHOTO.astype(np.uint16) * 257
    save("deep.png", deep)
    expected = written("cutout", rgb="deep.png", alpha="mask.png", bits="16")
    the_same(dim_tf.cutout("deep.png", "mask.png", bits=16, **network), expected)
    the_same(dim_tf.cutout(deep, MASK, bits=16, **network), expected)


@pytest.fixture
def own_colours(monkeypatch):
    monkeypatch.setattr(of_photo, "foreground_colours_of", lambda rgb, alpha, *told: rgb)


def test_a_colour_profile(written, network, own_colours):
    write_png("photo.png", PHOTO, profile=ColourProfile(OTHER_ICC))
    expected = written("cutout", rgb="photo.png", trimap=save("trimap.png", TRIMAP))
    the_same(expected[..., :3], PHOTO)
    matte = read_numbers("written.png")
    the_same(dim_tf.matte(Image.open("photo.png"), trimap=TRIMAP, **network), matte)
    with pytest.warns(UserWarning, match="give a Pillow picture to have it kept"):
        rgba = dim_tf.cutout("photo.png", trimap=TRIMAP, **network)
    the_same(rgba, expected)
    picture = dim_tf.cutout(Image.open("photo.png"), trimap=TRIMAP, **network)
    the_same(picture, expected)
    file = io.BytesIO()
    picture.save(file, "PNG")
    assert Image.open(file).info["icc_profile"] == OTHER_ICC
    # Of the same numbers as sRGB the matte is another.
    assert (dim_tf.matte(PHOTO, trimap=TRIMAP, **network) != matte).any()


def test_gamma_without_a_profile_that_pillow_writes(network, own_colours):
    write_png("photo.png", PHOTO, profile=ColourProfile(None, 0.7))
    picture = dim_tf.cutout(Image.open("photo.png"), trimap=TRIMAP, **network)
    the_same(np.asarray(picture)[..., :3], dim_tf.read_rgb("photo.png"))
    assert np.abs(np.asarray(picture)[..., :3].astype(int) - PHOTO).max() > 20


def test_a_pillow_picture_of_16_bits(network):
    grey = Image.fromarray(DEEP_GREY)
    assert grey.mode == "I;16"
    save("soft.png", DEEP_GREY)
    the_same(dim_tf.trimap(PHOTO, grey), dim_tf.trimap(PHOTO, "soft.png"))
    for mode in ("I", "F"):
        values = DEEP_GREY / np.float32(65_535) if mode == "F" else DEEP_GREY.astype(np.int32)
        other = Image.fromarray(values)
        assert other.mode == mode
        the_same(dim_tf.trimap(PHOTO, other), dim_tf.trimap(PHOTO, "soft.png"))
    matte = dim_tf.matte(Image.fromarray(PHOTO), MASK, bits=16, **network)
    assert np.asarray(matte).dtype == np.uint16


@pytest.mark.parametrize("mode", ["P", "1", "LA", "CMYK"])
def test_pillow_pictures_of_other_modes(mode):
    source = Image.fromarray(PHOTO if mode in ("P", "CMYK") else MASK).convert(mode)
    source.save("file.tiff" if mode == "CMYK" else "file.png")
    opened = "file.tiff" if mode == "CMYK" else "file.png"
    if mode in ("P", "CMYK"):
        the_same(dim_tf.trimap(source, rectangle="auto"), dim_tf.trimap(opened, rectangle="auto"))
    else:
        the_same(dim_tf.trimap(PHOTO, source), dim_tf.trimap(PHOTO, opened))


def test_a_tiff_that_pillow_turns_by_itself():
    save("photo.tiff", PHOTO, 6)
    expected = dim_tf.trimap("photo.tiff", mask=np.rot90(MASK, -1))
    assert expected.shape == (120, 90)
    the_same(dim_tf.trimap(Image.open("photo.tiff"), mask=np.rot90(MASK, -1)), expected)


def test_a_model_of_ones_own(network, tiny_checkpoint):
    model = load_model(tiny_checkpoint, post_process="none")
    the_same(dim_tf.matte(PHOTO, MASK, model=model), dim_tf.matte(PHOTO, MASK, **network))
    softened = load_model(tiny_checkpoint, post_process="affinity")
    assert (dim_tf.matte(PHOTO, MASK, model=softened) != dim_tf.matte(PHOTO, MASK, **network)).any()


def test_a_label_is_chosen_of_two_as_in_a_file():
    labels = np.where(MASK > 0, np.uint8(7), np.uint8(0))
    save("labels.png", labels)
    of_file = dim_tf.trimap(PHOTO, "labels.png", label=7)
    with pytest.warns(UserWarning, match="its label 7 is taken as the object"):
        np.testing.assert_array_equal(dim_tf.trimap(PHOTO, labels, label="7"), of_file)
    np.testing.assert_array_equal(dim_tf.read_mask("labels.png", label=7), MASK)


def test_floating_point_is_no_label():
    """Of a network that found next to nothing it is no object and a dark matte."""
    dark = SOFT / np.float32(255) * np.float32(0.003)
    with pytest.raises(dim_tf.InputError, match=r"^mask has values from 0 to 1 only"):
        dim_tf.trimap(PHOTO, dark)
    with pytest.raises(dim_tf.InputError, match="shows no object"):
        dim_tf.trimap_from_rough_mask(dark)
    assert not (dim_tf.trimap_from_alpha(dark, 5).numpy() == 255).any()
    measured = dim_tf.matting_errors(dark, SOFT, TRIMAP)
    assert measured["SAD"] > 0.9 * dim_tf.matting_errors(0 * SOFT, SOFT, TRIMAP)["SAD"]
    # With so many levels it is not made of labels either.
    with pytest.raises(dim_tf.InputError, match="shows no object"):
        dim_tf.trimap(PHOTO, SOFT / 255 * 0.05)


def test_a_dark_matte_is_read_again_and_what_is_made_of_it_is_no_matte():
    """Pillow hands on what a file says of itself to whatever is made of it."""
    dark = np.where(MASK > 0, np.uint8(1), np.uint8(0))
    dim_tf.write_png("dark.png", dark, is_matte=True)
    np.testing.assert_array_equal(dim_tf.read_grey("dark.png"), dark)
    with pytest.raises(dim_tf.InputError, match="shows no object"):
        dim_tf.trimap(PHOTO, Image.open("dark.png"))
    labels = Image.open("dark.png").point(lambda level: 2 * level)
    assert "Description" in labels.info
    with pytest.warns(UserWarning, match="its label 2 is taken as the object"):
        np.testing.assert_array_equal(
            dim_tf.trimap(PHOTO, labels, label=2), dim_tf.trimap(PHOTO, MASK)
        )


def test_a_photo_of_floating_point_keeps_16_bits(network):
    deep = np.random.default_rng(3).integers(0, 65_536, PHOTO.shape).astype(np.uint16)
    rgba = dim_tf.cutout(deep / 65_535, MASK, bits=16, **network)
    np.testing.assert_array_equal(rgba, dim_tf.cutout(deep, MASK, bits=16, **network))
    known = TRIMAP == 255
    np.testing.assert_array_equal(rgba[known][..., :3], deep[known])


@pytest.mark.parametrize(
    "call",
    [
        lambda: dim_tf.trimap_from_rough_mask(MASK, mode="erode_dilate"),
        lambda: dim_tf.trimap_from_alpha(MASK, 5, "erode"),
        lambda: dim_tf.trimap_from_alpha(MASK, 0),
        lambda: dim_tf.trimap_from_alpha(MASK, "auto"),
        lambda: dim_tf.trimap_from_alpha(MASK, 5, erosion_kernel=-3),
        lambda: dim_tf.read_mask("mask.png", invert="maybe"),
        lambda: dim_tf.read_trimap("trimap.png", invert="maybe"),
    ],
)
def test_words_and_numbers_that_are_not_possible(call):
    save("mask.png", MASK)
    save("trimap.png", TRIMAP)
    with pytest.raises(dim_tf.InputError, match="is not possible; "):
        call()


@pytest.mark.parametrize("sizes", [{"size": -5}, {"size": 32.5}, {"max_pixels": 0}])
def test_sizes_that_are_not_possible(tiny_model, sizes):
    with pytest.raises(dim_tf.InputError, match="is not possible; "):
        tiny_model.predict_alpha(PHOTO, TRIMAP, **sizes)
    tiny_model.predict_alpha(PHOTO, TRIMAP, size=np.int64(32))
    tiny_model.predict_alpha(PHOTO, TRIMAP, size=64, max_pixels=1000)  # a square is one pass


def test_a_trimap_needs_no_tensorflow():
    save("photo.png", PHOTO)
    save("mask.png", MASK)
    program = (
        "import sys, dim_tf; from dim_tf import matte, cutout;"
        "trimap = dim_tf.trimap('photo.png', 'mask.png');"
        "dim_tf.trimap('photo.png', 'mask.png', trimap_kernel=9);"
        "assert trimap.shape == (90, 120); assert 'tensorflow' not in sys.modules"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(dim_tf.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


def test_onnxruntime_computes_without_tensorflow(written, network):
    """What it gives is compared with TensorFlow's mattes in tests/matting/test_onnx_network.py."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    save("photo.png", PHOTO)
    save("mask.png", MASK)
    program = (
        "import sys, dim_tf\n"
        f"matte = dim_tf.matte('photo.png', 'mask.png', runtime='onnx', **{network})\n"
        "dim_tf.write_png('matte.png', matte)\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    expected = written(rgb="photo.png", alpha="mask.png", runtime="onnx")
    the_same(dim_tf.read_grey("matte.png"), expected)
