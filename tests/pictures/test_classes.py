"""Numbers and colours that are labels, in every role, and shades that are none."""

import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dim_tf.config import UNKNOWN
from dim_tf.pictures.finding_classes import all_classes
from dim_tf.pictures.mask import mask_of
from dim_tf.pictures.matte import ColouredMatteError, matte_of
from dim_tf.pictures.photo import is_colour_photo, photo_of
from dim_tf.pictures.picture import read_picture
from dim_tf.pictures.trimap import trimap_of
from dim_tf.system.errors import InputError
from tests.pictures.test_roles import (
    DISTANCE,
    HEIGHT,
    MASK,
    NOISE,
    OBJECT,
    OTHER,
    RING,
    TRIMAP,
    VOID_MASK,
    WIDTH,
    coded,
    with_palette,
)

RED, GREEN, BLUE, WHITE = (200, 0, 0), (0, 180, 0), (0, 0, 142), (255, 255, 255)
SOFT = cv2.GaussianBlur(MASK, (0, 0), 4)


def painted(*parts):
    """[H, W, 3]: black, or the last part's colour that covers a pixel."""
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for where, colour in parts:
        rgb[where] = colour
    return rgb


@pytest.fixture
def read(tmp_path):
    def call(content, name="file"):
        (tmp_path / name).write_bytes(content)
        return read_picture(tmp_path / name)

    return call


# Void, whatever the label


@pytest.mark.parametrize("number", [64, 90, 128, 157, 200])
def test_255_around_a_label_is_void(picture_of, number):
    for chosen in ((), (str(number),)):
        mask, (note,) = mask_of(picture_of(coded(0, 255, number)), chosen)
        np.testing.assert_array_equal(mask, VOID_MASK)
        assert note == f"its label {number} is taken as the object and 255, void, as unknown"


@pytest.mark.parametrize("labels", [(1, 157), (1, 100, 157), (90, 91, 120)])
def test_255_between_several_labels_is_void(picture_of, labels):
    values = np.array(labels, np.uint8)[np.arange(WIDTH) * len(labels) // WIDTH]
    picture = np.where(RING, np.uint8(255), values[None])
    with pytest.raises(InputError, match=r"holds the labels") as refusal:
        mask_of(picture_of(picture))
    assert "255" not in str(refusal.value)
    mask, _ = mask_of(picture_of(picture), (str(labels[0]),))
    np.testing.assert_array_equal(mask, np.select([RING, picture == labels[0]], [UNKNOWN, 255], 0))


@pytest.mark.parametrize("middle", [100, 127, 128, 200])
def test_a_shade_between_black_and_white_is_none_of_two_labels(picture_of, middle):
    soft = coded(0, middle, 255)
    np.testing.assert_array_equal(mask_of(picture_of(soft))[0], soft)
    edge = np.where(cv2.dilate(MASK, np.ones((2, 2), np.uint8)) != MASK, middle, MASK)
    np.testing.assert_array_equal(mask_of(picture_of(edge.astype(np.uint8)))[0], edge)


@pytest.mark.parametrize("first, second", [(90, 255), (128, 255), (1, 254), (200, 100)])
def test_two_labels_that_lie_apart_are_asked_about(picture_of, first, second):
    labels = np.select([OBJECT, OTHER], [first, second], 0).astype(np.uint8)
    with pytest.raises(InputError, match="say which are the object"):
        mask_of(picture_of(labels))


def test_a_soft_mask_of_few_shades_is_left_alone(picture_of):
    wide = cv2.GaussianBlur(MASK, (0, 0), 12)
    for levels in (3, 4, 8, 16):
        step = 255 / (levels - 1)
        shades = np.round(np.round(wide / wide.max() * (levels - 1)) * step).astype(np.uint8)
        np.testing.assert_array_equal(mask_of(picture_of(shades))[0], shades)


# 16 bits


@pytest.mark.parametrize("labels", [(7, 26_001), (100, 300), (300, 600), (1000, 2000)])
def test_labels_of_16_bits_keep_their_numbers(picture_of, labels):
    numbers = np.select([OBJECT, OTHER], labels, 0).astype(np.uint16)
    with pytest.raises(InputError, match=rf"{labels[0]} \(.*\) and {labels[1]} \("):
        mask_of(picture_of(numbers))
    for number in labels:
        mask, _ = mask_of(picture_of(numbers), (str(number),))
        np.testing.assert_array_equal(mask, 255 * (numbers == number))
    mask, (note,) = mask_of(picture_of(np.where(OBJECT, 300, 100).astype(np.uint16)))
    np.testing.assert_array_equal(mask, MASK)
    assert note == "its values 100 and 300 are taken as 0 and 255"
    trimap, (note,) = trimap_of(picture_of(coded(7, 1001, 26_001, np.uint16)))
    np.testing.assert_array_equal(trimap, TRIMAP)
    assert note.startswith("its values 7, 1001 and 26001 are taken as 0, 128 and 255")


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_fewer_bits_in_16_are_brought_to_the_whole_range_in_every_role(picture_of, bits):
    largest = 2**bits - 1
    few = np.round(SOFT / SOFT.max() * largest).astype(np.uint16)
    expected = np.round(few / largest * 255)
    said = f"it has 16 bits and values up to {largest} only, which are taken as those of {bits}"
    values, notes = mask_of(picture_of(few))
    np.testing.assert_allclose(values, expected, atol=1)
    assert notes[0] == f"{said} bits"
    if bits == 8:
        np.testing.assert_array_equal(matte_of(picture_of(few))[0], few)
    else:  # it might be the matte of a network that fails
        with pytest.raises(InputError, match=f"16 bits and values up to {largest} only; bring"):
            matte_of(picture_of(few))
        matte, notes = matte_of(picture_of(few, white_is_known=True))
        np.testing.assert_allclose(matte, few / 257, atol=0.51)
    photo, notes = photo_of(picture_of(np.dstack([few, few // 2, few])))
    np.testing.assert_allclose(photo.rgb[..., 0], expected, atol=1)
    assert photo.own.max() == 65_535 and notes == [f"{said} bits"]
    whole = few.astype(np.float64) / largest * 65_535
    np.testing.assert_allclose(matte_of(picture_of(whole.astype(np.uint16)))[0], expected, atol=1)


@pytest.mark.parametrize("largest", [1, 20, 255, 1023, 4095, 65_535])
@pytest.mark.parametrize("plain", [False, True], ids=["binary", "text"])
def test_of_a_pgm_white_is_what_it_says(read, largest, plain):
    values = np.linspace(0, largest, 12).round().astype(">u2").reshape(3, 4)
    head = b"P%d\n# made by hand\n4 3\n%d\n" % (2 if plain else 5, largest)
    body = values.astype(">u2" if largest > 255 else np.uint8).tobytes()
    text = " ".join(map(str, values.ravel().tolist())).encode()
    pixels = read(head + (text if plain else body)).pixels
    assert pixels.dtype == (np.uint16 if largest > 255 else np.uint8)
    np.testing.assert_allclose(pixels / np.iinfo(pixels.dtype).max, values / largest, atol=0.003)


def test_of_a_deep_ppm_white_is_what_it_says(read):
    values = np.array([[[1023, 512, 0], [0, 1, 1023]]], ">u2")
    pixels = read(b"P6 2 1 1023\n" + values.tobytes()).pixels
    np.testing.assert_allclose(pixels, values.astype(float) / 1023 * 65_535, atol=1)


# Transparency


def test_labels_on_a_transparent_ground_are_labels(picture_of, read):
    seen = np.where(OBJECT | OTHER, np.uint8(255), np.uint8(0))
    rgb = np.where(seen[..., None] > 0, painted((OBJECT, RED), (OTHER, GREEN)), NOISE)
    numbers = np.select([OBJECT, OTHER], [1, 2], 77).astype(np.uint8)
    image = Image.fromarray(np.select([OBJECT, OTHER], [1, 2], 3).astype(np.uint8), "P")
    image.putpalette([0, 0, 0, *RED, *GREEN, 9, 9, 9])
    file = io.BytesIO()
    image.save(file, "PNG", transparency=3)
    for picture, names in (
        (picture_of(rgb, seen), ("#00b400", "#c80000")),
        (picture_of(numbers, seen), ("1", "2")),
        (read(file.getvalue()), ("1", "2")),
    ):
        with pytest.raises(InputError, match=rf"labels {names[0]} \(.*\) and {names[1]} \("):
            mask_of(picture)
        mask, _ = mask_of(picture, ("#c80000",) if "#c80000" in names else ("1",))
        np.testing.assert_array_equal(mask, MASK)


def test_what_is_cut_out_of_one_colour_or_of_a_photo_is_the_mask(picture_of):
    for colours in (NOISE, np.full_like(NOISE, RED), np.zeros_like(NOISE)):
        mask, (note,) = mask_of(picture_of(colours, SOFT))
        np.testing.assert_array_equal(mask, SOFT)
        assert note == "its transparency is taken as the mask"
    for values, expected in ((MASK, MASK), (TRIMAP, TRIMAP)):
        seen = np.where(Y_BELOW, np.uint8(255), np.uint8(0))
        mask, notes = mask_of(picture_of(values, seen))
        np.testing.assert_array_equal(mask, np.where(Y_BELOW, expected, 0))
        assert "its transparent pixels are taken as black" in notes


Y_BELOW = np.broadcast_to(np.arange(HEIGHT)[:, None] < 80, (HEIGHT, WIDTH))


def test_a_trimap_with_transparency_is_read_by_what_is_seen(picture_of):
    ground = np.where(OBJECT | RING, np.uint8(255), np.uint8(0))
    for pixels, opacity in (
        (painted((OBJECT, GREEN), (RING, RED)), ground),  # background is transparent
        (np.where(OBJECT, np.uint8(255), np.uint8(0)), np.where(RING, 0, 255)),  # unknown is
        (coded(77, 1, 2), ground),
        (np.full_like(NOISE, RED), TRIMAP),  # the opacity is the trimap
        (coded(9, 128, 255), ground),
    ):
        trimap, notes = trimap_of(picture_of(pixels, opacity.astype(np.uint8)))
        np.testing.assert_array_equal(trimap, TRIMAP)
        assert len(notes) == 1


@pytest.mark.parametrize("opacity", [SOFT, MASK], ids=["soft", "hard"])
def test_a_cut_out_is_no_trimap(picture_of, opacity):
    smooth = cv2.GaussianBlur(NOISE, (0, 0), 3)
    with pytest.raises(InputError, match=r"is a cut-out in colours, not a trimap; .* --alpha"):
        trimap_of(picture_of(smooth, opacity))
    with pytest.raises(InputError, match="is a picture in colours, not a trimap"):
        trimap_of(picture_of(np.where(TRIMAP[..., None] > 0, NOISE, 0).astype(np.uint8)))


def test_opacity_that_hardly_differs_says_nothing_in_any_role(picture_of):
    hardly = np.random.default_rng(4).integers(254, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    photo = picture_of(cv2.GaussianBlur(NOISE, (0, 0), 1), hardly)
    assert is_colour_photo(photo)
    with pytest.raises(ColouredMatteError):
        matte_of(photo)
    with pytest.raises(InputError, match="is a photo in colours, not a mask"):
        mask_of(photo)
    with pytest.raises(InputError, match="not a trimap"):
        trimap_of(photo)
    np.testing.assert_array_equal(mask_of(picture_of(MASK, hardly))[0], MASK)
    np.testing.assert_array_equal(trimap_of(picture_of(TRIMAP, hardly))[0], TRIMAP)
    with pytest.raises(InputError, match=r"its opacity is 25[45] almost everywhere"):
        matte_of(picture_of(MASK, hardly))


# Two colours


def test_of_a_palette_0_is_the_background_whatever_its_colour(read):
    picture = read(with_palette(MASK // 255, {0: WHITE, 1: BLUE}))
    np.testing.assert_array_equal(mask_of(picture)[0], MASK)
    road_and_car = read(with_palette(np.where(OBJECT, 13, 7).astype(np.uint8), {7: RED, 13: BLUE}))
    with pytest.raises(InputError, match=r"labels 7 \(.*\) and 13 \("):
        mask_of(road_and_car)
    np.testing.assert_array_equal(mask_of(road_and_car, ("13",))[0], MASK)


def test_of_two_colours_black_is_the_background_and_others_are_asked_about(picture_of):
    np.testing.assert_array_equal(mask_of(picture_of(painted((OBJECT, BLUE))))[0], MASK)
    for ground, colour in ((WHITE, BLUE), (RED, GREEN)):
        picture = picture_of(painted((slice(None), ground), (OBJECT, colour)))
        with pytest.raises(InputError, match="say which are the object"):
            mask_of(picture)


@pytest.mark.parametrize("lossy", [False, True])
def test_a_soft_mask_in_one_colour_is_as_bright_as_the_colour(picture_of, lossy):
    tinted = np.round(SOFT[..., None] / 255 * np.array([240, 200, 60])).astype(np.uint8)
    soft = picture_of(tinted, lossy=lossy)
    expected = np.round(SOFT / SOFT.max() * 255)
    mask, _ = mask_of(soft)
    between = (expected > 20) & (expected < 235)
    np.testing.assert_allclose(mask[between], expected[between], atol=16 if lossy else 2)
    assert (mask == 255).any()


def test_labels_by_colour_as_jpeg_are_refused(read):
    two = painted((OBJECT, RED), (OTHER, BLUE))
    jpeg = cv2.imencode(".jpg", two[..., ::-1])[1].tobytes()
    with pytest.raises(InputError, match="colours that cannot be told apart as labels; save"):
        mask_of(read(jpeg))


# Masks that are nowhere white, trimaps with strays


def test_almost_white_is_white_and_a_dark_mask_shows_no_object(picture_of):
    mask, notes = mask_of(picture_of(coded(0, 127, 254)))
    np.testing.assert_array_equal(mask, VOID_MASK)
    assert "its values from 0 to 254 are taken as 0 to 255" in notes
    jpeg = cv2.imdecode(cv2.imencode(".jpg", MASK // 255 * 20)[1], cv2.IMREAD_GRAYSCALE)
    with pytest.raises(InputError, match=r"values from 0 to \d\d only and shows no object"):
        mask_of(picture_of(jpeg, lossy=True))


@pytest.mark.parametrize("values", [(0, 1, 2), (2, 3, 1), (0, 100, 200)])
def test_a_few_stray_pixels_of_a_trimap_are_unknown(picture_of, values):
    stray = coded(*values)
    stray[3, 3] = stray[40, 50] = 77
    trimap, (note,) = trimap_of(picture_of(stray))
    expected = TRIMAP.copy()
    expected[3, 3] = expected[40, 50] = UNKNOWN
    np.testing.assert_array_equal(trimap, expected)
    assert note.endswith("; its 2 pixels of other values as unknown")
    stray[:9] = 77
    with pytest.raises(InputError):
        trimap_of(picture_of(stray))


# Labels as mattes


@pytest.mark.parametrize(
    "labels",
    [coded(0, 0, 2), coded(0, 255, 1), coded(0, 1, 2), coded(0, 0, 15), coded(7, 255, 9)],
)
def test_labels_are_no_matte(picture_of, labels):
    with pytest.raises(InputError, match=r"holds the labels .* and no opacity"):
        matte_of(picture_of(labels))


def test_the_matte_of_a_network_that_fails_is_one(picture_of):
    dark = np.where(OBJECT, 255, SOFT // 50).astype(np.uint8)  # known where it is white
    for values in (dark, np.zeros_like(MASK), MASK, NOISE[..., 0] // 16):
        np.testing.assert_array_equal(matte_of(picture_of(values))[0], values)


def test_a_trimap_given_as_a_mask_is_used_and_the_other_flag_named(picture_of):
    mask, (note,) = mask_of(picture_of(TRIMAP))
    np.testing.assert_array_equal(mask, TRIMAP)
    assert "give it with --trimap" in note


# Shades that are none, and labels that hide among shades


THICK = np.repeat(np.repeat(np.uint8([[0, 1, 2, 3], [3, 0, 1, 2]]), 45, axis=0), 30, axis=1)


@pytest.mark.parametrize(
    "labels",
    [[0, 2, 13, 255], [0, 21, 77, 110], [0, 7, 24_000, 26_001], [0, 7, 9, 11]],
)
def test_several_solid_labels_are_no_matte(picture_of, labels):
    pixels = np.array(labels)[THICK].astype(np.uint16 if max(labels) > 255 else np.uint8)
    with pytest.raises(InputError, match="holds the labels"):
        matte_of(picture_of(pixels))
    with pytest.raises(InputError, match="holds the labels"):
        mask_of(picture_of(pixels))


def test_a_label_with_wide_void_is_no_matte(picture_of):
    wide = cv2.dilate(MASK, np.ones((19, 19))) > cv2.erode(MASK, np.ones((9, 9)))
    with pytest.raises(InputError, match="holds the labels"):
        matte_of(picture_of(np.where(wide, 255, MASK // 255).astype(np.uint8)))


@pytest.mark.parametrize("number", [1, 9, 20])
def test_void_around_something_thin_is_void(picture_of, number):
    thin = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.line(thin, (20, 20), (100, 70), 1, 1)
    around = (cv2.dilate(thin, np.ones((5, 5))) > 0) & (thin == 0)
    mask, _ = mask_of(picture_of(np.where(around, 255, thin * number).astype(np.uint8)))
    np.testing.assert_array_equal(mask, np.select([around, thin > 0], [UNKNOWN, 255], 0))


@pytest.mark.parametrize("shade", [100, 128, 200])
def test_a_window_in_something_white_is_see_through(picture_of, shade):
    car = (abs(Y_GRID - 45) < 30) & (abs(X_GRID - 60) < 45)
    window = (abs(Y_GRID - 35) < 9) & (abs(X_GRID - 60) < 25)
    picture = picture_of(np.select([window, car], [shade, 255], 0).astype(np.uint8))
    np.testing.assert_array_equal(mask_of(picture)[0], picture.pixels)
    np.testing.assert_array_equal(matte_of(picture)[0], picture.pixels)


Y_GRID, X_GRID = np.mgrid[:HEIGHT, :WIDTH]


@pytest.mark.parametrize("low, high", [(5, 250), (0, 230), (13, 255), (25, 230)])
@pytest.mark.parametrize("sigma", [0.7, 3])
def test_plateaus_that_are_nearly_black_and_white_are_so(picture_of, low, high, sigma):
    soft = cv2.GaussianBlur(MASK, (0, 0), sigma)
    squeezed = np.round(low + (high - low) * (soft / 255.0)).astype(np.uint8)
    mask, notes = mask_of(picture_of(squeezed))
    np.testing.assert_allclose(mask.astype(int), soft, atol=3)
    assert f"its values from {low} to {high} are taken as 0 to 255" in notes
    assert (mask == 0).any() and (mask == 255).any()


def test_a_mask_in_an_antialiased_colour_is_soft_and_a_stray_pixel_is_asked_about(picture_of):
    soft = cv2.GaussianBlur(MASK, (0, 0), 0.7)
    red = np.dstack([soft, 0 * soft, 0 * soft])
    np.testing.assert_array_equal(mask_of(picture_of(red))[0], soft)


def test_a_logo_with_soft_opacity_is_cut_out_by_it(picture_of):
    logo = painted((slice(None), RED), (OTHER, BLUE))
    np.testing.assert_array_equal(mask_of(picture_of(logo, SOFT))[0], SOFT)


def numbered_parts(count, height=150, width=200):
    """[H, W]: everything outlined and numbered from 0, as whoever segments all of a photo does."""
    random = np.random.default_rng(count)
    rows, columns = random.uniform(0, height, count), random.uniform(0, width, count)
    y, x = np.mgrid[:height, :width]
    return np.argmin([(y - r) ** 2 + (x - c) ** 2 for r, c in zip(rows, columns, strict=True)], 0)


@pytest.mark.parametrize(("count", "dtype"), [(70, np.uint8), (250, np.uint8), (300, np.uint16)])
def test_many_numbered_parts_are_labels(picture_of, count, dtype):
    parts = numbered_parts(count)
    picture = picture_of(parts.astype(dtype))
    with pytest.raises(InputError, match=r"holds the labels 1 .* more; say which are the object"):
        mask_of(picture)
    for chosen in (7, count - 1):
        mask, _ = mask_of(picture, (str(chosen),))
        np.testing.assert_array_equal(mask, np.where(parts == chosen, 255, 0))
    with pytest.raises(InputError, match="labels"):
        matte_of(picture)


def test_of_many_coloured_parts_one_can_be_chosen(picture_of):
    parts = numbered_parts(100)
    colours = np.random.default_rng(1).permutation(255**3)[:100]
    packed = colours[parts]
    picture = picture_of(
        np.dstack([packed >> 16, packed >> 8 & 255, packed & 255]).astype(np.uint8)
    )
    mask, _ = mask_of(picture, (f"{colours[7]:06x}",))
    np.testing.assert_array_equal(mask, np.where(parts == 7, 255, 0))
    with pytest.raises(InputError, match="is a photo in colours"):
        mask_of(picture)


@pytest.mark.parametrize("label", [(), ("7",)])
def test_many_shades_are_no_labels(picture_of, label):
    soft = cv2.GaussianBlur(np.pad(MASK, 50), (0, 0), 12)
    if label:
        with pytest.raises(InputError, match="made of shades; leave --label out"):
            mask_of(picture_of(soft), label)
    else:
        mask_of(picture_of(soft))
    assert all_classes(picture_of(soft)) is None


def test_shades_of_a_networks_mask_are_no_labels(picture_of):
    """Enlarged, with its noise: blocks of 250 to 255, which are flat and in no order."""
    rows, columns = np.mgrid[:80, :100]
    inside = (30 - np.hypot(rows - 40, columns - 50)) / 1.2
    noise = np.random.default_rng(0).normal(0, 0.15, inside.shape)
    predicted = 1 / (1 + np.exp(-np.clip(inside, -6.5, 6.5) - noise))
    small = Image.fromarray(np.uint8(255 * (predicted - predicted.min()) / np.ptp(predicted)))
    soft = np.asarray(small.resize((500, 400), Image.Resampling.LANCZOS))
    assert all_classes(picture_of(soft)) is None
    mask, _ = mask_of(picture_of(soft))
    object_ = cv2.resize(np.uint8(inside > 6), (500, 400), interpolation=cv2.INTER_NEAREST) == 1
    assert np.mean(mask[object_] == 255) > 0.95


@pytest.mark.slow
@pytest.mark.skipif("DIM_TF_DATA" not in os.environ, reason="needs real mattes")
def test_real_mattes_have_no_labels(picture_of):
    for path in sorted(
        Path(os.environ["DIM_TF_DATA"], "data", "alphamatting_val", "alpha").iterdir()
    ):
        alpha = np.asarray(Image.open(path).convert("L"))
        assert all_classes(picture_of(alpha)) is None
        np.testing.assert_array_equal(matte_of(picture_of(alpha))[0], alpha)
        np.testing.assert_array_equal(mask_of(picture_of(alpha))[0], alpha)


@pytest.mark.parametrize("of", [mask_of, matte_of, trimap_of])
def test_a_photo_with_a_transparent_corner_is_a_photo(picture_of, of):
    opacity = np.full((HEIGHT, WIDTH), 255, np.uint8)
    opacity[:5, :5] = 0
    smooth = cv2.GaussianBlur(NOISE, (0, 0), 1)
    for photo in (smooth, (smooth * 0.5).astype(np.uint8)):  # by day and by night
        with pytest.raises(InputError, match="in colours"):
            of(picture_of(photo, opacity))


def test_a_grey_photo_as_mask_is_told(picture_of):
    shades = cv2.GaussianBlur(NOISE[..., 0], (0, 0), 2)
    shades = cv2.normalize(shades, None, 10, 245, cv2.NORM_MINMAX)
    _, notes = mask_of(picture_of(shades))
    assert any("it looks like a photo, not like a mask" in note for note in notes)


def test_of_a_gif_colours_count_and_of_a_palette_black_and_void(read):
    rgb = painted((OBJECT, (192, 128, 128)), (RING, (224, 224, 192)))
    for kind in ("GIF", "PNG"):
        file = io.BytesIO()
        Image.fromarray(rgb).quantize(3).save(file, kind)
        np.testing.assert_array_equal(mask_of(read(file.getvalue()))[0], VOID_MASK)
    file = io.BytesIO()
    Image.fromarray(painted((slice(None), GREEN), (OBJECT, WHITE))).quantize(2).save(file, "GIF")
    with pytest.raises(InputError, match="say which are the object"):
        mask_of(read(file.getvalue()))


# Trimaps whose object fills the picture


@pytest.mark.parametrize("values", [(0, 1, 2), (1, 2, 3), (0, 100, 255), (0, 127, 255)])
def test_rising_numbers_keep_their_order_where_the_object_fills_the_border(picture_of, values):
    ground = (Y_GRID < 40) & (abs(X_GRID - 60) < 25)
    object_ = np.where(ground, np.uint8(0), np.uint8(255))
    kernel = np.ones((9, 9), np.uint8)
    known = np.select([cv2.erode(object_, kernel) > 0, cv2.dilate(object_, kernel) > 0], [2, 1], 0)
    trimap, _ = trimap_of(picture_of(np.array(values, np.uint8)[known]))
    np.testing.assert_array_equal(trimap, np.uint8([0, 128, 255])[known])
    trimap, notes = trimap_of(picture_of(np.array(values, np.uint8)[known]), "yes")
    np.testing.assert_array_equal(trimap, np.uint8([255, 128, 0])[known])
    assert not any("taken as 0, 128 and 255" in note for note in notes)


@pytest.mark.parametrize("values", [(0, 2, 1), (0, 100, 50)])
def test_unknown_is_what_lies_between_whatever_its_number(picture_of, values):
    """The object has a third of the border, as a portrait's."""
    object_ = np.where((X_GRID > 45) & (Y_GRID > 30), np.uint8(255), np.uint8(0))
    kernel = np.ones((9, 9), np.uint8)
    known = np.select([cv2.erode(object_, kernel) > 0, cv2.dilate(object_, kernel) > 0], [2, 1], 0)
    trimap, _ = trimap_of(picture_of(np.array(values, np.uint8)[known]))
    np.testing.assert_array_equal(trimap, np.uint8([0, 128, 255])[known])


def test_something_black_and_white_that_is_cut_out_is_no_trimap(picture_of):
    face = np.where(DISTANCE < 10, np.uint8(0), np.uint8(255))
    with pytest.raises(InputError, match="no unknown pixel"):
        trimap_of(picture_of(face, MASK))
