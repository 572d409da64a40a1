import cv2
import numpy as np
import pytest

from dim_tf.pictures.mask import mask_of
from dim_tf.pictures.shades import repair_mask
from dim_tf.pictures.trimap import check_trimap, repair_trimap
from dim_tf.system.errors import InputError
from dim_tf.trimaps.from_mask import trimap_from_mask


def row(*values):
    return np.array([values], np.uint8)


def disc_trimap(side=200, inverted=False):
    """Foreground in the middle, an unknown ring, background."""
    y, x = np.ogrid[:side, :side]
    distance = np.hypot(x - side / 2, y - side / 2)
    trimap = np.select([distance < side / 4, distance < side / 3], [255, 128], 0).astype(np.uint8)
    return np.where(trimap == 128, np.uint8(128), 255 - trimap) if inverted else trimap


def as_jpeg(image, quality):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0)


def test_a_clean_trimap_is_unchanged():
    trimap, notes = repair_trimap(disc_trimap(), "t.png")
    np.testing.assert_array_equal(trimap, disc_trimap())
    assert notes == []


def test_values_within_two_are_repaired_and_counted():
    trimap, notes = repair_trimap(row(0, 1, 2, 126, 127, 128, 129, 130, 253, 254, 255), "t.png")
    np.testing.assert_array_equal(trimap, row(0, 0, 0, 128, 128, 128, 128, 128, 255, 255, 255))
    assert trimap.dtype == np.uint8
    assert notes == ["8 pixels were almost but not quite 0, 128 or 255 and are taken as these"]


@pytest.mark.parametrize("quality", [30, 60, 90])
def test_jpeg_noise_is_repaired_and_nothing_known_becomes_its_opposite(quality):
    clean = disc_trimap()
    noisy = as_jpeg(clean, quality)
    assert len(np.unique(noisy)) > 10
    trimap, (note,) = repair_trimap(noisy, "t.jpg")
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert "almost but not quite" in note or "noisy, as in a JPEG" in note
    assert np.mean(trimap != clean) < 0.02
    changed = trimap[(trimap != clean) & (clean != 128)]
    assert (changed == 128).all()


@pytest.mark.parametrize("factor", [0.4, 1.5])
def test_soft_edges_of_a_resized_trimap_become_unknown(factor):
    resized = cv2.resize(disc_trimap(), None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    trimap, (note,) = repair_trimap(resized, "t.png")
    assert "between them as unknown" in note
    assert (trimap[(resized > 24) & (resized < 231)] == 128).all()


@pytest.mark.parametrize(
    "values, sentence",
    [
        (
            row(0, 128, 255, 60, 70, 80),
            r"t\.png is no trimap: 3 of its 6 pixels .*such as 60, 70, 80\)",
        ),
        (row(1, 2, 3), "no unknown pixel"),  # such labels come in several orders
        (row(0, 60, 200), "is no trimap"),
        (row(*range(256)), "is no trimap.*give it with --alpha"),
    ],
)
def test_other_values_are_refused_by_name(values, sentence):
    with pytest.raises(InputError, match=sentence):
        repair_trimap(values, "t.png")


@pytest.mark.parametrize(
    "trimap, sentence",
    [
        (row(0, 255), "no unknown pixel"),
        (row(0, 0), "no unknown pixel"),
        (row(255, 255), "no unknown pixel"),
    ],
)
def test_useless_trimaps_are_refused(trimap, sentence):
    with pytest.raises(InputError, match=f"t.png .*{sentence}"):
        check_trimap(trimap, "t.png")
    with pytest.raises(InputError, match=f"t.png .*{sentence}"):
        repair_trimap(trimap, "t.png")


@pytest.mark.parametrize(
    "trimap, name",
    [
        (row(0, 128), "foreground (255)"),
        (row(128, 255), "background (0)"),
        (row(128, 128), "foreground (255) and no background (0)"),
    ],
)
def test_a_trimap_with_fewer_classes_leaves_something_to_do(trimap, name):
    kept, (note,) = repair_trimap(trimap, "t.png")
    np.testing.assert_array_equal(kept, trimap)
    assert note == f"it has no {name}; the matte is better where some is marked"


def test_black_foreground_is_turned_over_and_told():
    trimap, (note,) = repair_trimap(disc_trimap(inverted=True), "t.png")
    np.testing.assert_array_equal(trimap, disc_trimap())
    assert "black is taken as the object (--invert=no if white is)" in note
    mask, (note,) = repair_mask(np.where(disc_trimap() == 255, 0, 255).astype(np.uint8), "m.png")
    np.testing.assert_array_equal(mask, np.where(disc_trimap() == 255, 255, 0))
    assert "black is taken as the object" in note


def test_whether_it_is_inverted_can_be_forced_and_forbidden():
    inverted = disc_trimap(inverted=True)
    kept, notes = repair_trimap(inverted, "t.png", invert="no")
    np.testing.assert_array_equal(kept, inverted)
    assert notes == []
    turned, notes = repair_trimap(disc_trimap(), "t.png", invert="yes")
    np.testing.assert_array_equal(turned, inverted)
    assert notes == []


def test_an_object_that_leaves_the_picture_is_not_turned_over_but_may_be_asked_about():
    mask = np.full((100, 100), 255, np.uint8)
    mask[40:, 30:70] = 0  # a black person, or a white arch
    kept, (note,) = repair_mask(mask, "m.png")
    np.testing.assert_array_equal(kept, mask)
    assert "white along 90% of its border, as far as that is known; if its object is black" in note
    mask[:, 20:] = 0  # white at the left only
    assert repair_mask(mask, "m.png")[1] == []
    trimap = np.full((100, 100), 255, np.uint8)
    trimap[20:, 20:80] = 128
    trimap[60:, 45:55] = 0
    kept, (note,) = repair_trimap(trimap, "t.png")
    np.testing.assert_array_equal(kept, trimap)
    assert "white along 97% of its border, as far as that is known" in note
    trimap[:, :5] = trimap[:, -5:] = trimap[:5] = 128
    trimap[-1, :] = 255  # white as far as it is known, but little is
    assert repair_trimap(trimap, "t.png")[1] == []
    pinhole = np.full((100, 100), 255, np.uint8)
    pinhole[50, 50] = 0
    assert repair_mask(pinhole, "m.png")[1] == []


@pytest.mark.parametrize("low, high", [(0, 1), (0, 76), (3, 200), (0, 254)])
def test_two_values_are_black_and_white(low, high):
    mask, notes = repair_mask(row(low, low, high, low), "m.png")
    np.testing.assert_array_equal(mask, row(0, 0, 255, 0))
    assert notes == [f"its values {low} and {high} are taken as 0 and 255"]


def test_jpeg_noise_of_a_mask_is_removed():
    clean = np.where(disc_trimap() == 255, np.uint8(255), np.uint8(0))
    mask, (note,) = repair_mask(as_jpeg(clean, 85), "m.jpg")
    assert np.mean((mask != 0) & (mask != 255)) < 0.001
    assert "as JPEG noise" in note


def test_a_soft_matte_is_unchanged_unless_it_comes_from_a_jpeg():
    matte = row(*range(256))
    kept, notes = repair_mask(matte, "m.png", lossy=False)
    np.testing.assert_array_equal(kept, matte)
    assert notes == [
        "only 0.8% of what is bright in it is white, so nearly all of the object is left open; the "
        "matte is better where the mask is 255 on what is surely object"
    ]
    mask, _ = repair_mask(matte, "m.jpg", lossy=True)
    np.testing.assert_array_equal(mask[0, 17:239], matte[0, 17:239])
    assert set(mask[0, :17]) == {0} and set(mask[0, 239:]) == {255}


def soft_disc(width):
    """[400, 500] from 0 to 1: how probable a disc is, by a logistic edge of this width, pixels."""
    rows, columns = np.mgrid[:400, :500]
    return 1 / (1 + np.exp((np.hypot(rows - 200, columns - 250) - 120) / width))


@pytest.mark.parametrize("stray", [0, 1])
@pytest.mark.parametrize("low, high", [(0, 254), (2, 255), (16, 235), (0, 240)])
def test_a_plateau_is_one_whatever_a_stray_pixel_says(low, high, stray):
    soft = soft_disc(1.5)
    mask = np.uint8(np.round(low + (high - low) * soft))
    mask.ravel()[:stray], mask[200, 250 : 250 + stray] = 0, 255
    repaired, _ = repair_mask(mask, "m.png")
    np.testing.assert_allclose(repaired, 255 * soft, atol=2)
    assert np.mean(repaired[soft > 0.999] == 255) == 1


@pytest.mark.parametrize("quality", [None, 50, 75, 90])
def test_noise_around_a_plateau_is_no_shade(quality):
    """A film's mask: from 16 to 235, a little noisy; and as JPEG, which overshoots."""
    soft = soft_disc(0.5)
    noise = np.random.default_rng(0).normal(0, 1.5, soft.shape)
    mask = np.uint8(np.round(16 + 219 * soft + noise))
    if quality:
        mask = as_jpeg(mask, quality)
    repaired, _ = repair_mask(mask, "m", lossy=quality is not None)
    known = (soft < 0.001) | (soft > 0.999)
    assert np.mean(repaired[known] == np.where(soft > 0.5, 255, 0)[known]) > 0.99


@pytest.mark.parametrize("width", [2, 4, 8])
def test_a_networks_probabilities_leave_most_of_the_object_known(width):
    """As segmentation networks write them: spread from 0 to 1, cut off to whole numbers."""
    probability = soft_disc(width)
    noise = np.random.default_rng(0).normal(0, 0.3, probability.shape)
    with np.errstate(divide="ignore"):
        logit = np.clip(np.log(probability / (1 - probability)), -6, 6) + noise
    predicted = 1 / (1 + np.exp(-logit))
    mask = np.uint8(255 * (predicted - predicted.min()) / np.ptp(predicted))
    repaired, _ = repair_mask(mask, "m.png")
    assert np.mean(repaired[probability > 0.98] == 255) > 0.6
    assert np.mean(repaired[probability < 0.02] == 0) > 0.6


def see_through(what):
    """A mask of which much is half transparent on purpose, [400, 500] uint8."""
    rows, columns = np.mgrid[:400, :500]
    away = np.hypot(rows - 200, columns - 250)
    random = np.random.default_rng(0)
    person = soft_disc(1.5)
    shades = {
        "a trimap with little foreground": np.where(away < 15, 1.0, 128 / 255 * (away < 130)),
        "glass": 0.6 * person,
        "glass with highlights": np.where(away < 15, 1.0, 0.6 * person),
        "a window in something white": np.where(away < 80, 0.93, away < 130),
        "a veil": np.where(away < 80, 1.0, 0.3 + rows / 4000),
        "fog": np.where(away < 80, 1.0, random.normal(0.14, 0.01, away.shape)),
    }
    return np.uint8(np.round(255 * np.clip(shades[what], 0, 1)))


@pytest.mark.parametrize(
    "what",
    [
        *("a trimap with little foreground", "glass", "glass with highlights"),
        *("a window in something white", "a veil", "fog"),
    ],
)
def test_what_is_see_through_on_purpose_stays_so(what):
    mask = see_through(what)
    np.testing.assert_array_equal(repair_mask(mask, "m.png")[0], mask)


def test_what_this_program_wrote_is_as_it_is_meant(picture_of):
    for values in (np.uint8(245 * soft_disc(1.5)), np.where(disc_trimap() == 255, 230, 0)):
        picture = picture_of(np.uint8(values), has_shades=True, is_own=True)
        np.testing.assert_array_equal(mask_of(picture)[0], values)


def test_a_mask_that_shows_no_object_when_it_is_turned_over_is_refused():
    with pytest.raises(InputError, match="values from 150 to 255 only and shows no object"):
        repair_mask(row(*range(150, 256)), "m.png", invert="yes")


@pytest.mark.parametrize("value", [0, 128, 255])
def test_masks_without_object_are_refused(value):
    with pytest.raises(InputError, match=f"m.png .*the value {value} everywhere.*no unknown"):
        repair_mask(row(value, value), "m.png")


def test_a_kernel_that_leaves_nothing_open_is_refused_and_the_advice_holds():
    mask = row(*[0] * 30, *[255] * 30)
    with pytest.raises(InputError, match="larger --trimap_kernel, such as 15"):
        trimap_from_mask(mask, 1, "dilate_erode", "m.png")
    assert set(np.unique(trimap_from_mask(mask, 15, "dilate_erode", "m.png"))) == {0, 128, 255}


def test_the_mode_is_passed_on():
    mask = row(0, 0, 0, 255, 255, 255)
    both = trimap_from_mask(mask, 3, "dilate_erode", "m.png")
    np.testing.assert_array_equal(both, row(0, 0, 128, 128, 255, 255))
    outwards = trimap_from_mask(mask, 3, "dilate", "m.png")
    np.testing.assert_array_equal(outwards, row(0, 0, 128, 255, 255, 255))
