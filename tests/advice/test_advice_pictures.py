"""What is said of a picture's file: what it is, how it is stored, how large it is."""

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dim_tf.pictures import decoding
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import read_rgb
from dim_tf.pictures.writing import write_png
from tests.advice.provoking import refused, told

pytestmark = pytest.mark.usefixtures("pictures")
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"


def damage(file, place):
    """Spoils some bytes of a file and returns the whole copy that it keeps of it."""
    whole = shutil.copy(file, f"whole_{file}")
    content = bytearray(Path(file).read_bytes())
    content[place] = bytes(len(content[place]))
    Path(file).write_bytes(content)
    return whole


def convert(file, size=(40, 50)):
    """What a program for pictures would make of a file that this one does not read."""
    write_png(Path(file).with_suffix(".png"), np.full((*size, 3), 90, np.uint8))
    return Path(file).with_suffix(".png")


def test_a_path_is_checked():
    refused("{} does not exist; check the path.", read_rgb, "phto.png")
    assert read_rgb("photo.png").shape == (40, 50, 3)


def test_a_picture_too_large_is_made_smaller_or_the_limit_raised(infer):
    given = "--rgb=photo.png", "--alpha=mask.png"
    limit = "--max_input_megapixels=0.001"
    advice = refused(
        "make it smaller (dim-tf matte can raise the limit: --max_input_megapixels)",
        *(infer, *given, limit),
    )
    infer(*given, f"{advice[advice.rindex('--') : -2]}=1")
    for name in ("photo.png", "mask.png"):
        write_png(name, np.ascontiguousarray(cv2.imread(name, cv2.IMREAD_UNCHANGED)[::2, ::2]))
    infer(*given, limit)


def test_a_picture_that_memory_does_not_hold_is_made_smaller(infer, monkeypatch):
    own = decoding._decoded_by_pillow

    def little_memory(path, image, profile):
        if image.width * image.height > 1000:
            raise MemoryError
        return own(path, image, profile)

    monkeypatch.setattr(decoding, "_decoded_by_pillow", little_memory)
    given = "--rgb=photo.png", "--alpha=mask.png"
    refused("There is not enough memory for {}; give a smaller picture.", infer, *given)
    for name in ("photo.png", "mask.png"):
        write_png(name, np.ascontiguousarray(cv2.imread(name, cv2.IMREAD_UNCHANGED)[::2, ::2]))
    infer(*given)


def test_the_limit_is_raised_for_the_background_as_well(infer, monkeypatch):
    monkeypatch.setattr(
        "dim_tf.matting.of_photo.foreground_colours_of", lambda own, alpha, *told: own
    )
    write_png("wall.png", np.full((60, 60, 3), 90, np.uint8))
    given = "--rgb=photo.png", "--alpha=mask.png", "--background=wall.png"
    advice = "make it smaller (dim-tf matte can raise the limit: --max_input_megapixels)"
    assert "wall.png" in refused(advice, infer, *given, "--max_input_megapixels=0.003")
    infer(*given, "--max_input_megapixels=0.004")


def test_a_web_page_is_replaced_by_the_picture():
    Path("page.png").write_text("<!DOCTYPE html><html></html>")
    refused("is a web page, not a picture; download the picture itself.", read_rgb, "page.png")
    shutil.copy("photo.png", "page.png")
    read_rgb("page.png")


def test_a_kind_that_is_not_read_is_converted():
    np.save("photo.npy", np.zeros((40, 50, 3), np.uint8))
    refused("which is not read; convert it to PNG.", read_rgb, "photo.npy")
    read_rgb(convert("photo.npy"))


def test_a_heic_picture_is_converted(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    Path("a.heic").write_bytes(HEIC)
    refused(
        "install it with pip install pillow-heif, or convert the picture to PNG.",
        read_rgb,
        "a.heic",
    )
    read_rgb(convert("a.heic"))


def test_a_raw_file_is_converted():
    Image.new("RGB", (50, 40)).save("raw.tiff", tiffinfo={254: 1})
    refused("begins with a thumbnail, as cameras' raw files do; convert it", read_rgb, "raw.tiff")
    read_rgb(convert("raw.tiff"))


def test_a_file_that_is_cut_short_is_copied_again():
    whole = shutil.copy("photo.png", "whole.png")
    Path("photo.png").write_bytes(Path(whole).read_bytes()[:-100])
    refused("is damaged or cut short ({}); copy or download it again.", read_rgb, "photo.png")
    shutil.copy(whole, "photo.png")
    read_rgb("photo.png")


def test_a_file_with_a_damaged_head_is_copied_again():
    whole = damage("photo.png", slice(8, 40))
    refused("is damaged or cut short ({}); copy or download it again.", read_rgb, "photo.png")
    shutil.copy(whole, "photo.png")
    read_rgb("photo.png")


def test_a_picture_that_cannot_be_decoded_is_saved_anew():
    damage("photo.png", slice(200, 260))
    refused(
        "is damaged, cut short or of a rare kind, so save it anew as PNG", read_rgb, "photo.png"
    )
    read_rgb(convert("photo.png"))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_picture_of_other_numbers_is_saved_with_8_or_16_bits(dtype):
    Image.fromarray(np.full((40, 50), 70_000, np.int32)).save("deep.tiff")
    refused("pixels; save it with 8 or 16 bits for each channel.", read_rgb, "deep.tiff")
    cv2.imwrite("deep.tiff", np.full((40, 50, 3), 70, dtype))
    read_rgb("deep.tiff")


def test_a_matte_with_an_opacity_that_says_nothing_is_saved_grey():
    grey = read_grey("mask.png")
    write_png("matte.png", np.dstack([grey, grey, grey, np.full_like(grey, 200)]))
    refused("save it as a grey picture without transparency.", read_grey, "matte.png")
    write_png("matte.png", grey)
    np.testing.assert_array_equal(read_grey("matte.png"), grey)


def test_a_matte_is_grey_or_a_cut_out():
    refused(
        "is a picture in colours, not a matte; a matte is grey, 255 on the object, or a cut-out",
        *(read_grey, "photo.png"),
    )
    grey = read_grey("mask.png")
    write_png("cutout.png", np.dstack([read_rgb("photo.png"), grey]))
    np.testing.assert_array_equal(read_grey("cutout.png"), grey)


def test_a_matte_of_0_and_1_is_multiplied():
    write_png("matte.png", read_grey("mask.png") // 255)
    refused("has no values but 0 and 1; multiply it by 255", read_grey, "matte.png")
    write_png("matte.png", cv2.imread("matte.png", cv2.IMREAD_UNCHANGED) * 255)
    np.testing.assert_array_equal(read_grey("matte.png"), read_grey("mask.png"))


def test_a_matte_is_made_of_labels():
    mask = read_grey("mask.png")
    labels = np.where(mask > 0, 2, np.arange(50) < 10).astype(np.uint8)
    write_png("matte.png", labels)
    refused(
        "make a matte of those that are the object, 255 there and 0 elsewhere.",
        *(read_grey, "matte.png"),
    )
    write_png("matte.png", np.where(labels == 2, 255, 0).astype(np.uint8))
    np.testing.assert_array_equal(read_grey("matte.png"), mask)


def test_a_matte_of_few_bits_is_brought_to_the_whole_range():
    few = np.outer(np.arange(40), np.arange(50)).astype(np.uint16) // 2
    write_png("matte.png", few)
    refused("bring them to the range from 0 to 65535, where the object is", read_grey, "matte.png")
    write_png("matte.png", few * np.uint16(65_535 // few.max()))
    assert read_grey("matte.png").max() >= 250


# How a picture lies on its photo


def test_two_pictures_are_given_the_same_size(infer, write_mask):
    write_mask("mask.png", 20, 50)
    given = "--rgb=photo.png", "--alpha=mask.png"
    refused("give two pictures of the same size", infer, *given)
    write_mask("mask.png", 40, 50)
    infer(*given)


def test_the_turned_one_of_two_pictures_is_turned_back(infer):
    # Longer than the photo, so that no edge tells how it is turned.
    write_png("photo.png", np.full((40, 50, 3), 90, np.uint8))
    write_png("mask.png", np.ascontiguousarray(read_grey("mask.png").T))
    given = "--rgb=photo.png", "--alpha=mask.png"
    refused("; is one of them turned?", infer, *given)
    write_png("mask.png", np.ascontiguousarray(read_grey("mask.png").T))
    infer(*given)


# What is painted in it


def test_a_mask_in_colours_is_painted_white_on_black(infer, write_mask):
    refused(
        "is a photo in colours, not a mask; a mask is white on the object and black on the",
        *(infer, "--rgb=photo.png", "--alpha=photo.png", "--output=out.png"),
    )
    infer("--rgb=photo.png", f"--alpha={write_mask('white_on_black.png')}")


def test_a_trimap_in_colours_is_painted_white_and_black(infer, write_trimap):
    refused(
        "a trimap is white on the object, black on the background and grey (128) where it is",
        *(infer, "--rgb=photo.png", "--trimap=photo.png", "--output=out.png"),
    )
    infer("--rgb=photo.png", f"--trimap={write_trimap('white_on_black.png')}")


def test_a_mask_of_one_value_is_painted(infer, write_mask):
    write_png("mask.png", np.full((40, 50), 77, np.uint8))
    refused(
        "a mask is 255 on the object and 0 elsewhere.", infer, "--rgb=photo.png", "--alpha=mask.png"
    )
    write_mask("mask.png")
    infer("--rgb=photo.png", "--alpha=mask.png")


def test_a_trimap_is_painted_in_0_128_and_255(infer, write_trimap):
    random = np.random.default_rng(0)
    write_png("trimap.png", random.choice(np.uint8([10, 90, 200]), (40, 50)))
    advice = "a trimap is 0 on the background, 128 where it is unknown and 255 on the object."
    refused(advice, infer, "--rgb=photo.png", "--trimap=trimap.png")
    write_trimap("trimap.png")
    infer("--rgb=photo.png", "--trimap=trimap.png")


@pytest.mark.parametrize("painted", [False, True])
def test_a_trimap_without_unknown_pixels_is_painted_or_given_as_a_mask(infer, write_mask, painted):
    write_mask("trimap.png")
    advice = ", or give it with --alpha as a mask"
    refused(advice, infer, "--rgb=photo.png", "--trimap=trimap.png")
    if painted:
        values = read_grey("trimap.png").copy()
        values[:, 23:27] = 128
        write_png("trimap.png", values)
        infer("--rgb=photo.png", "--trimap=trimap.png")
    else:
        infer("--rgb=photo.png", "--alpha=trimap.png")


def test_a_trimap_of_one_value_is_painted(infer):
    """Nothing is said of --alpha: a mask of one value is refused as well."""
    values = np.full((40, 50), 255, np.uint8)
    write_png("trimap.png", values)
    advice = "it holds {}; paint the object's edge 128{}."
    sentence = refused(advice, infer, "--rgb=photo.png", "--trimap=trimap.png")
    assert "--alpha" not in sentence
    values[:, 23:27] = 128
    write_png("trimap.png", values)
    infer("--rgb=photo.png", "--trimap=trimap.png")


def test_a_mask_and_its_photo_are_exchanged_back(infer):
    told("--rgb and --{} are exchanged", infer("--rgb=mask.png", "--alpha=photo.png"))
    assert "exchanged" not in infer("--rgb=photo.png", "--alpha=mask.png")


@pytest.mark.parametrize("labels", [False, True])
def test_shades_in_the_place_of_a_trimap_are_given_as_a_mask(infer, labels):
    row = np.repeat([0, 60, 190, 255], [13, 12, 12, 13]) if labels else np.linspace(0, 255, 50)
    write_png("shades.png", np.tile(row.astype(np.uint8), (40, 1)))
    sentence = refused(
        "if it is a mask or matte give it with --alpha, and labels with --alpha and --label.",
        *(infer, "--rgb=photo.png", "--trimap=shades.png"),
    )
    label = re.search(r"such as (\d+)", sentence)[1]
    infer("--rgb=photo.png", "--alpha=shades.png", *([f"--label={label}"] if labels else []))


@pytest.mark.parametrize("left_out", [0, 255])
def test_some_of_what_a_trimap_lacks_is_marked(infer, write_trimap, left_out):
    values = read_grey("trimap.png").copy()
    write_png("trimap.png", np.where(values == left_out, np.uint8(128), values))
    given = "--rgb=photo.png", "--trimap=trimap.png"
    told("it has no {}; the matte is better where some is marked", infer(*given))
    write_trimap("trimap.png")
    assert "the matte is better" not in infer(*given)
