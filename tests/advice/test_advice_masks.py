"""What flags are advised where a mask, a trimap or a rectangle can be understood in two ways."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.picture import turned
from dim_tf.pictures.writing import write_png
from tests.advice.provoking import flags_in, refused, told
from tests.pictures.test_placing import composite

pytestmark = pytest.mark.usefixtures("pictures")
MASK = "--rgb=photo.png", "--alpha=mask.png"
SAVED = "--save_trimap=seen.png"


def classes(*values, colours=False):
    """Stripes of some labels, in the place of mask.png."""
    stripes = np.repeat(np.arange(len(values)), -(-50 // len(values)))[:50]
    image = np.array(values, np.uint8)[stripes]
    write_png("mask.png", np.ascontiguousarray(np.broadcast_to(image, (40, *image.shape))))


def ring(outside, between, inside):
    """A trimap of these values, in the place of mask.png."""
    y, x = np.ogrid[:40, :50]
    distance = np.hypot(y - 20, x - 25)
    values = np.select([distance < 9, distance < 14], [inside, between], outside)
    write_png("mask.png", values.astype(np.uint8))


RED, GREEN, BLACK = (200, 0, 0), (0, 180, 0), (0, 0, 0)


@pytest.mark.parametrize("labels", [(0, 1, 2), (3, 7, 9), (0, 15, 1, 255), (RED, GREEN, BLACK)])
def test_a_label_is_chosen(infer, labels):
    classes(*labels)
    sentence = refused("say which are the object, such as --label={} or --label={}", infer, *MASK)
    first, both = flags_in(sentence)
    for flag in (first, both):
        infer(*MASK, flag, SAVED)
        assert (read_grey("seen.png") == 255).any()


@pytest.mark.parametrize("values", [(0, 1, 2), (0, 2, 1), (1, 2, 3), (5, 50, 60)])
def test_a_trimap_of_labels_is_given_as_one(infer, values):
    ring(*values)
    refused("(if it is a trimap give it with --trimap)", infer, *MASK)
    infer("--rgb=photo.png", "--trimap=mask.png", SAVED)
    seen = read_grey("seen.png")
    assert [seen[0, 0], seen[20, 13], seen[20, 25]] == [0, 128, 255]


def test_a_mask_that_is_nowhere_white_gets_some(infer):
    soft = np.zeros((40, 50), np.uint8)
    soft[8:32, 10:40] = np.linspace(60, 200, 30).astype(np.uint8)
    write_png("mask.png", soft)
    advice = "its trimap has no {}; the matte is better where some is left"
    assert "no foreground (255)" in told(advice, infer(*MASK))
    soft[8:32, 10:40] = 255
    write_png("mask.png", soft)
    assert "its trimap has no" not in infer(*MASK)


def test_a_mask_with_little_white_gets_more_where_it_is_surely_object(infer):
    soft = np.zeros((40, 50), np.uint8)
    soft[8:32, 2:48] = np.linspace(0, 255, 46).round()
    write_png("mask.png", soft)
    advice = "left open; the matte is better where the mask is 255 on what is surely object"
    told(advice, infer(*MASK))
    soft[8:32, 30:48] = 255
    write_png("mask.png", soft)
    assert "left open" not in infer(*MASK)


def test_a_label_that_is_there_is_chosen(infer):
    classes(0, 1, 2)
    advice = "{} has no label {}; it has {}; choose among these, or leave --label out."
    sentence = refused(advice, infer, *MASK, "--label=7")
    named = re.findall(r"(\d+) \(", sentence)
    assert named == ["1", "2"]
    for label in named:
        infer(*MASK, f"--label={label}")


def test_a_label_that_was_of_another_mask_is_left_out(infer, write_mask):
    write_mask("mask.png")
    refused("choose among these, or leave --label out.", infer, *MASK, "--label=7")
    infer(*MASK)


def test_of_all_labels_some_are_chosen(infer):
    classes(1, 2)
    sentence = refused(
        "has nothing beside {}; choose fewer labels, of {}.", infer, *MASK, "--label=1,2"
    )
    named = re.findall(r"(\d+) \(", sentence)
    assert named == ["1", "2"]
    for label in named:
        infer(*MASK, f"--label={label}")


def test_a_picture_of_one_label_is_painted(infer, write_mask):
    classes(1)
    refused("a mask is 255 on the object and 0 elsewhere.", infer, *MASK, "--label=1")
    write_mask("mask.png")
    infer(*MASK)


def test_a_label_goes_with_a_mask(infer):
    classes(0, 1, 2)
    sentence = "--label chooses among the labels of a mask; give it with --alpha only."
    trimap = ("--rgb=photo.png", "--trimap=trimap.png")
    refused(sentence, infer, *trimap, "--label=1")
    infer(*trimap)
    infer(*MASK, "--label=1")


def test_labels_by_colour_are_saved_as_png(infer, write_mask):
    colours = np.zeros((40, 50, 3), np.uint8)
    colours[8:32, 5:20], colours[8:32, 28:45] = RED, (0, 0, 200)
    Image.fromarray(colours).save("mask.jpg")
    given = "--rgb=photo.png", "--alpha=mask.jpg"
    refused("save the mask as PNG, white on the object and black on the background.", infer, *given)
    write_mask("mask.png")
    infer(*MASK)


def test_a_mask_that_looks_like_a_photo_is_white_on_the_object(infer, write_mask):
    grey = cv2.GaussianBlur(cv2.imread("photo.png", cv2.IMREAD_GRAYSCALE), (0, 0), 1)
    write_png("mask.png", cv2.normalize(grey, None, 20, 235, cv2.NORM_MINMAX))
    advice = (
        "it looks like a photo, not like a mask; a mask is white on the object and black on the"
    )
    told(advice, infer(*MASK))
    write_mask("mask.png")
    assert "looks like a photo" not in infer(*MASK)


def test_a_coded_trimap_is_turned_over(infer):
    ring(2, 1, 0)
    assert "black is taken as the object" in infer("--rgb=photo.png", "--trimap=mask.png", SAVED)
    ring(0, 1, 2)
    told(
        " (--invert=yes if object and background are exchanged)",
        infer("--rgb=photo.png", "--trimap=mask.png", SAVED),
    )
    before = read_grey("seen.png")
    infer("--rgb=photo.png", "--trimap=mask.png", SAVED, "--invert=yes")
    np.testing.assert_array_equal(read_grey("seen.png") == 0, before == 255)


def test_a_picture_of_labels_without_unknown_is_a_mask(infer):
    classes(0, 1, 2, 3)
    sentence = refused(" and choose its --label", infer, "--rgb=photo.png", "--trimap=mask.png")
    assert "--alpha as a mask" in sentence
    infer(*MASK, "--label=3")


def test_label_is_left_out_of_shades(infer):
    write_png("mask.png", np.arange(2000).reshape(40, 50).astype(np.uint8))
    refused("it is made of shades; leave --label out.", infer, *MASK, "--label=1")
    infer(*MASK)


@pytest.mark.parametrize(
    "values", [(0, 128, 255), (255, 128, 0), (0, 127, 255), (3, 128, 251), (0, 100, 200)]
)
def test_a_mask_with_the_values_of_a_trimap_is_given_as_one(infer, values):
    ring(*values)
    told("its values are those of a trimap; give it with --trimap", infer(*MASK))
    infer("--rgb=photo.png", "--trimap=mask.png", SAVED)
    seen = read_grey("seen.png")
    assert [seen[0, 0], seen[20, 13], seen[20, 25]] == [0, 128, 255]


def test_a_mask_with_a_grey_middle_is_not_called_a_trimap(infer):
    """Of 60, 128 and 200 --trimap would make something else or nothing."""
    random = np.random.default_rng(0)
    write_png("mask.png", random.choice(np.uint8([60, 128, 200]), (40, 50)))
    assert "--trimap" not in infer(*MASK)


@pytest.mark.parametrize("trimap", [False, True])
def test_white_along_the_border_is_the_object_with_invert_no(infer, trimap):
    ring(255, 128 if trimap else 255, 0)
    given = ["--rgb=photo.png", f"--{'trimap' if trimap else 'alpha'}=mask.png", SAVED]
    line = told("so black is taken as the object (--invert=no if white is)", infer(*given))
    assert read_grey("seen.png")[0, 0] == 0
    infer(*given, *flags_in(line))
    assert read_grey("seen.png")[0, 0] == 255


def test_black_is_the_object_with_invert_yes(infer):
    mask = np.full((40, 50), 255, np.uint8)
    mask[10:, 15:35] = 0
    write_png("mask.png", mask)
    advice = (
        "it is white along {} of its border, as far as that is known; if its object is black give "
        "--invert=yes"
    )
    line = told(advice, infer(*MASK))
    infer(*MASK, *flags_in(line), SAVED)
    assert read_grey("seen.png")[0, 0] == 0
    assert read_grey("seen.png")[25, 25] == 255


def test_a_turn_that_nothing_tells_is_given(infer):
    write_png("mask.png", composite((64, 64))[1])
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (64, 64)).save("photo.png", exif=exif)
    advice = "give --mask_orientation=as_photo to turn it like the photo, or --mask_orientation="
    orientations = flags_in(refused(advice, infer, *MASK))
    seen = []
    for flag in orientations:
        infer(*MASK, flag, SAVED)
        seen.append(read_grey("seen.png"))
    np.testing.assert_array_equal(seen[0], turned(seen[1], 6))
    assert (seen[0] != seen[1]).any()


@pytest.mark.parametrize("forced", ["as_photo", "as_stored"])
def test_an_orientation_that_does_not_fit_is_left_to_the_program(infer, forced):
    """A photo that is stored turned, and a mask made of it as it is seen, or stored likewise."""
    rgb, mask = composite((40, 50))
    exif = Image.Exif()
    exif[0x0112] = 6
    # Turned back by hand, so that viewers see it upright.
    Image.fromarray(np.rot90(rgb).copy()).save("photo.png", exif=exif)
    if forced == "as_photo":
        write_png("mask.png", mask)
    else:
        Image.fromarray(np.rot90(mask).copy()).save("mask.png", exif=exif)
    advice = "does not fit on {} with --mask_orientation={}; give --mask_orientation=auto."
    sentence = refused(advice, infer, *MASK, f"--mask_orientation={forced}")
    *_, flag = flags_in(sentence)
    infer(*MASK, flag)


@pytest.mark.parametrize("more", [(), ("--trimap_mode=dilate",)])
def test_a_larger_kernel_leaves_something_unknown(infer, more):
    advice = "has no unknown pixel; give a larger --trimap_kernel, such as 15."
    sentence = refused(advice, infer, *MASK, "--trimap_kernel=1", *more)
    infer(*MASK, f"--trimap_kernel={re.search(r'such as (.*)[.]', sentence)[1]}", *more)


def test_a_band_is_wide_enough_for_the_photos_size(infer):
    given = "--rgb=photo.png", "--trimap=trimap.png"

    def write_trimap(width, scale):
        trimap = np.zeros((40 * scale, 50 * scale), np.uint8)
        trimap[:, : 24 * scale] = 255
        trimap[:, 24 * scale : 24 * scale + width] = 128
        write_png("trimap.png", trimap)

    write_trimap(1, 8)
    advice = (
        "{} loses all its unknown pixels when it is brought to its photo's size; give a trimap of "
        "that size, or a wider unknown band."
    )
    refused(advice, infer, *given)
    write_trimap(16, 8)
    infer(*given)
    write_trimap(1, 1)
    infer(*given)


@pytest.mark.parametrize("value", [0, 1, 255])
def test_a_mask_of_one_value_is_painted_and_not_asked_for_labels(infer, value):
    given = *MASK, f"--label={value}"
    write_png("mask.png", np.full((40, 50), value, np.uint8))
    refused("a mask is 255 on the object and 0 elsewhere.", infer, *given)
    classes(0, 255)
    infer(*MASK)


# A rectangle


@pytest.fixture
def photo_of_a_box(pictures):
    """photo.png has a red box of 160×130 pixels on green, at 100, 60."""
    photo = np.full((250, 360, 3), (40, 120, 50), np.uint8)
    photo[60:190, 100:260] = (200, 60, 40)
    write_png("photo.png", photo)


RECT = "--rgb=photo.png"


@pytest.mark.usefixtures("photo_of_a_box")
def test_a_rectangle_is_given_as_written_or_as_auto(infer):
    sentence = refused("such as --rect=40,25,300,200, or --rect=auto.", infer, RECT, "--rect=50%")
    examples = flags_in(sentence)[1:]
    assert examples == ["--rect=40,25,300,200", "--rect=auto"]
    for flag in examples:
        infer(RECT, flag)


@pytest.mark.usefixtures("photo_of_a_box")
@pytest.mark.parametrize(
    "given, advice",
    [
        ("300,200,100,100", "give x,y,width,height of a rectangle around the object."),
        ("0,0,360,250", "leave some background around the object"),
        ("100,60,160,130", "give a rectangle that is a little larger, or a mask with --alpha."),
        ("110,70,90,90", "give a rectangle close around the object, or a mask with --alpha."),
        ("2,2,90,50", "give a rectangle close around the object, or a mask with --alpha."),
    ],
)
def test_a_rectangle_is_drawn_around_the_object(infer, given, advice):
    refused(advice, infer, RECT, f"--rect={given}")
    infer(RECT, "--rect=90,50,180,150")


@pytest.mark.usefixtures("photo_of_a_box")
def test_a_mask_is_given_in_the_place_of_a_rectangle(infer, write_mask):
    refused("or a mask with --alpha.", infer, RECT, "--rect=2,2,90,50")
    write_mask("mask.png", 250, 360)
    infer(RECT, "--alpha=mask.png")
    assert Path("alpha.png").exists()
