import re

import cv2
import numpy as np
import pytest

from dim_tf.pictures.photo import read_rgb
from dim_tf.system.errors import InputError
from dim_tf.system.shipped import ASSETS
from dim_tf.trimaps.grabcut import Rectangle, mask_in_rectangle, parse_rectangle


def photo(height=120, width=160, seed=0):
    """A red disc on a green ground, both with noise, and where the disc is."""
    random = np.random.default_rng(seed)
    y, x = np.ogrid[:height, :width]
    disc = np.hypot(y - height / 2, x - width / 2) < min(height, width) / 4
    rgb = np.where(disc[..., None], (200, 60, 40), (40, 120, 50))
    return np.clip(rgb + random.normal(0, 10, rgb.shape), 0, 255).astype(np.uint8), disc


def overlap(mask, disc):
    found = mask == 255
    return (found & disc).sum() / (found | disc).sum()


@pytest.mark.parametrize("rectangle", ["auto", Rectangle(40, 20, 80, 80)])
def test_the_object_is_found_and_again_the_same(rectangle):
    rgb, disc = photo()
    mask, step = mask_in_rectangle(rgb, rectangle, "p.png")
    assert mask.shape == disc.shape and mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 255}
    assert step == 1
    assert overlap(mask, disc) > 0.97
    np.testing.assert_array_equal(mask, mask_in_rectangle(rgb, rectangle, "p.png")[0])


def test_the_same_photo_gives_the_same_mask_whatever_was_drawn_before():
    sample = cv2.resize(read_rgb(ASSETS / "sample_rgb.png"), (160, 120))
    masks = []
    for seed in range(4):
        cv2.setRNGSeed(seed)
        masks.append(mask_in_rectangle(sample, Rectangle(40, 4, 110, 110), "p.png")[0])
    for mask in masks[1:]:
        np.testing.assert_array_equal(mask, masks[0])


def test_a_large_photo_is_looked_at_in_small():
    rgb, disc = photo(600, 1350)
    mask, step = mask_in_rectangle(rgb, Rectangle(300, 20, 700, 560), "p.png")
    assert mask.shape == disc.shape
    assert step == 3
    assert overlap(mask, disc) > 0.95


def test_an_object_cut_off_by_the_photos_edge_is_not_cut_by_the_margin():
    rgb, disc = photo()
    rgb, disc = rgb[: 120 * 2 // 3], disc[: 120 * 2 // 3]
    mask, _ = mask_in_rectangle(rgb, "auto", "p.png")
    assert (mask[-1] == 255).sum() > 0.9 * disc[-1].sum() > 0


def test_small_pieces_are_dropped_and_small_holes_filled():
    rgb, _ = photo()
    rgb[60, 78:82], rgb[15, 20:24] = rgb[5, 5], rgb[60, 70]
    mask, _ = mask_in_rectangle(rgb, Rectangle(10, 8, 140, 104), "p.png")
    assert (mask[60, 75:85] == 255).all()
    assert (mask[15, 18:26] == 0).all()


@pytest.mark.parametrize(
    "rectangle, sentence",
    [
        (Rectangle(100, 20, 80, 80), "is not inside p.png, which is 160×120 pixels"),
        (Rectangle(0, 0, 0, 50), "is not inside p.png"),
        (
            Rectangle(0, 0, 160, 120),
            "--rect=0,0,160,120 is all of p.png, or all but a sliver; leave some background",
        ),
    ],
)
def test_impossible_rectangles_are_refused(rectangle, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        mask_in_rectangle(photo()[0], rectangle, "p.png")


@pytest.mark.parametrize("side", [1, 2, 3, 8])
def test_tiny_photos_are_refused_or_done(side):
    rgb = np.random.default_rng(side).integers(0, 256, (side, side, 3), np.uint8)
    try:
        assert mask_in_rectangle(rgb, "auto", "p.png")[0].shape == (side, side)
    except InputError as refusal:
        assert "p.png" in str(refusal)


def test_a_plain_photo_holds_no_object():
    with pytest.raises(InputError, match=r"GrabCut found nothing with --rect=auto in p\.png"):
        mask_in_rectangle(np.full((60, 80, 3), 99, np.uint8), "auto", "p.png")


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "1,2,3,4,5", "-1,2,3,4", "1.5,2,3,4", "1, 2"])
def test_what_is_no_rectangle_is_refused(text):
    with pytest.raises(InputError, match=re.escape(f"--rect={text} is not possible; give x,y")):
        parse_rectangle(text)


def test_a_rectangle_is_four_numbers():
    assert parse_rectangle("1,2,30,40") == Rectangle(1, 2, 30, 40)
    assert parse_rectangle("auto") == "auto"


def test_an_object_that_takes_all_of_its_rectangle_is_not_called_nothing():
    rgb = np.full((120, 160, 3), (40, 120, 50), np.uint8)
    rgb[30:90, 40:120] = (200, 60, 40)
    with pytest.raises(InputError, match="a rectangle that is a little larger"):
        mask_in_rectangle(rgb, Rectangle(40, 30, 80, 60), "p.png")
    mask, _ = mask_in_rectangle(rgb, Rectangle(36, 26, 88, 68), "p.png")
    assert np.array_equal(mask == 255, (rgb == (200, 60, 40)).all(axis=2))
