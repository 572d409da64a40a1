"""Masks are laid on their photos: turns, sizes, edges."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from dim_tf.pictures.picture import turned, turned_back
from dim_tf.pictures.placing import edge_strength, lay_on
from dim_tf.synthetic import foreground_colours, render_matte, render_texture
from dim_tf.system.errors import InputError


def composite(size, seed=3):
    """A photo and the mask of what is on it, [H, W]; neither looks the same when turned."""
    alpha = render_matte("hard", seed, max(size))[: size[0], : size[1]]
    weight = alpha[..., None] / 255
    behind = render_texture(seed + 1, size)
    colours = foreground_colours(render_matte("hard", seed, max(size)), [], seed)
    rgb = np.round(weight * colours[: size[0], : size[1]] + (1 - weight) * behind)
    return rgb.astype(np.uint8), np.where(alpha > 127, np.uint8(255), np.uint8(0))


@pytest.fixture
def place(picture_of):
    """Lays what a file stores on what a photo's file stores."""

    def call(photo_stored, photo_orientation, mask_stored, mask_tag=1, **more):
        photo = picture_of(
            turned(photo_stored, photo_orientation),
            path=Path("photo.jpg"),
            orientation=photo_orientation,
        )
        values = turned(mask_stored, mask_tag)
        mask = picture_of(values, path=Path("mask.png"), orientation=mask_tag)
        return lay_on(
            values, mask, photo, cv2.INTER_NEAREST_EXACT, **{"mask_orientation": "auto"} | more
        )

    return call


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("size", [(256, 256), (192, 256)], ids=["square", "wide"])
def test_edges_tell_whether_a_mask_was_made_from_the_photo_as_stored(place, orientation, size):
    rgb, mask = composite(size)
    placed, (note,), step = place(rgb, orientation, mask)
    np.testing.assert_array_equal(placed, turned(mask, orientation))
    assert note == "it lacks the EXIF orientation of photo.jpg and is turned like it"
    assert step == 1.0
    placed, notes, _ = place(rgb, orientation, turned(mask, orientation))
    np.testing.assert_array_equal(placed, turned(mask, orientation))
    sizes_tell = orientation >= 5 and size[0] != size[1]
    assert len(notes) == (0 if sizes_tell else 1)
    assert sizes_tell or "edges lie on the photo as it is, so it is not turned" in notes[0]


@pytest.mark.parametrize("orientation", range(2, 9))
def test_what_says_that_it_is_a_matte_or_trimap_lies_as_its_photo_is_seen(picture_of, orientation):
    rgb, mask = composite((256, 256))
    photo = picture_of(turned(rgb, orientation), orientation=orientation)
    own = picture_of(mask, is_own=True)
    placed, notes, _ = lay_on(mask, own, photo, cv2.INTER_NEAREST_EXACT, "auto")
    np.testing.assert_array_equal(placed, mask)
    assert notes == []
    placed, _, _ = lay_on(mask, own, photo, cv2.INTER_NEAREST_EXACT, "as_photo")
    np.testing.assert_array_equal(placed, turned(mask, orientation))


@pytest.mark.parametrize("as_opacity", [False, True])
@pytest.mark.parametrize("orientation", [2, 3, 4, 6])
def test_a_photo_is_laid_on_its_matte(picture_of, orientation, as_opacity):
    """For the sheets of what is measured; the photo alone carries an orientation here."""
    rgb, mask = composite((256, 256))
    if as_opacity:
        matte = picture_of(np.full_like(rgb, 90), path=Path("matte.png"), opacity=mask)
    else:
        matte = picture_of(mask, path=Path("matte.png"))
    seen = turned(rgb, orientation)
    photo = picture_of(seen, path=Path("photo.jpg"), orientation=orientation)
    for made_from, expected in ((rgb, rgb), (turned_back(rgb, orientation), rgb)):
        photo = photo._replace(pixels=turned(made_from, orientation))
        placed, _, _ = lay_on(photo.pixels, photo, matte, None, "auto")
        np.testing.assert_array_equal(placed, expected)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_the_edge_of_a_trimap_is_somewhere_in_its_unknown_band(place, orientation):
    """The band's rim lies on flat ground here, and in one wrong turn on the edges of things."""
    y, x = np.mgrid[:256, :256]
    distance = np.hypot(y - 100, x - 50)
    trimap = np.select([distance < 20, distance < 44], [255, 128])
    rgb = np.full((256, 256, 3), 90, np.uint8)
    for turn in range(2, 9):
        elsewhere = turned(distance, turn)
        rgb[(np.abs(elsewhere - 44) < 1.5) & (distance > 46)] = 110
    rgb[(distance < 36) & ((x + y) % 7 < 3) | (distance < 24)] = 160
    stored = turned_back(trimap.astype(np.uint8), orientation)
    placed, *_ = place(turned_back(rgb, orientation), orientation, stored)
    np.testing.assert_array_equal(placed, trimap)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_mask_with_the_tag_that_its_photo_lost(place, orientation):
    rgb, mask = composite((256, 256))
    placed, (note,), _ = place(rgb, 1, mask, orientation)
    np.testing.assert_array_equal(placed, mask)
    assert note == "photo.jpg lacks its EXIF orientation, so it is taken as stored"


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_without_any_tag_edges_tell_a_turned_mask_of_the_other_shape(place, orientation):
    rgb, mask = composite((192, 256))
    placed, (note,), _ = place(rgb, 1, turned(mask, orientation))
    np.testing.assert_array_equal(placed, mask)
    assert "as its edges lie on photo.jpg so" in note


def test_a_photo_one_pixel_high_has_edges(picture_of):
    rgb = np.random.default_rng(6).integers(0, 256, (1, 2000, 3), np.uint8)
    assert edge_strength(rgb).shape == (1, 512)
    assert edge_strength(rgb.swapaxes(0, 1)).shape == (512, 1)


def test_equal_tags_ask_nothing(place):
    rgb, mask = composite((256, 256))
    placed, notes, _ = place(rgb, 3, mask, 3)
    np.testing.assert_array_equal(placed, turned(mask, 3))
    assert notes == []
    placed, notes, _ = place(rgb, 1, turned(mask, 3))  # upside down, and nothing says so
    np.testing.assert_array_equal(placed, turned(mask, 3))
    assert notes == []


@pytest.mark.parametrize("orientation", [3, 6])
def test_where_edges_do_not_tell_it_is_asked_and_the_advice_holds(place, orientation):
    noise = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)
    _, mask = composite((256, 256))
    with pytest.raises(InputError, match=r"mask\.png may have been made from photo\.jpg as it is"):
        place(noise, orientation, mask)
    placed, _, _ = place(noise, orientation, mask, mask_orientation="as_photo")
    np.testing.assert_array_equal(placed, turned(mask, orientation))
    placed, _, _ = place(noise, orientation, mask, mask_orientation="as_stored")
    np.testing.assert_array_equal(placed, mask)


def test_a_mask_with_a_tag_may_be_turned_by_it_or_left_as_stored(place):
    noise = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)
    _, mask = composite((256, 256))
    with pytest.raises(InputError, match="give --mask_orientation=as_photo"):
        place(noise, 1, mask, 3)
    placed, _, _ = place(noise, 1, mask, 3, mask_orientation="as_photo")
    np.testing.assert_array_equal(placed, turned(mask, 3))
    placed, _, _ = place(noise, 1, mask, 3, mask_orientation="as_stored")
    np.testing.assert_array_equal(placed, mask)


def test_a_mask_that_is_the_same_when_turned_asks_nothing(place):
    noise = np.random.default_rng(1).integers(0, 256, (128, 128, 3), np.uint8)
    disc = np.hypot(*(np.ogrid[:128, :128][axis] - 63.5 for axis in (0, 1))) < 30
    mask = np.where(disc, np.uint8(255), np.uint8(0))
    placed, notes, _ = place(noise, 6, mask)
    np.testing.assert_array_equal(placed, mask)
    assert notes == []


def test_sizes_of_another_shape_and_without_resizing_any_other_size_are_refused(picture_of):
    photo = picture_of(np.zeros((40, 60, 3), np.uint8), path=Path("photo.jpg"))
    for values, interpolation, turn in (
        (np.zeros((40, 50), np.uint8), 0, False),
        (np.zeros((20, 30), np.uint8), None, False),
        (np.zeros((60, 40), np.uint8), 0, True),
    ):
        with pytest.raises(InputError, match="give two pictures of the same size") as refusal:
            lay_on(values, picture_of(values), photo, interpolation)
        assert ("is one of them turned?" in str(refusal.value)) == turn


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_back_undoes_turned(orientation):
    image = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(turned_back(turned(image, orientation), orientation), image)
