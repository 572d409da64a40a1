"""What a picture means: photo, mask, matte or trimap."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from dim_tf.config import UNKNOWN
from dim_tf.pictures.mask import mask_of, read_mask
from dim_tf.pictures.matte import matte_of, read_grey
from dim_tf.pictures.photo import colours_of, photo_of, read_rgb
from dim_tf.pictures.picture import read_picture
from dim_tf.pictures.trimap import read_trimap, trimap_of
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError

HEIGHT, WIDTH = 90, 120
Y, X = np.ogrid[:HEIGHT, :WIDTH]
DISTANCE = np.hypot(Y - 40, X - 50)
OBJECT = DISTANCE < 25
RING = (DISTANCE >= 25) & (DISTANCE < 30)
OTHER = (abs(Y - 70) < 12) & (abs(X - 100) < 12)
MASK = np.where(OBJECT, np.uint8(255), np.uint8(0))
TRIMAP = np.select([OBJECT, RING], [255, 128], 0).astype(np.uint8)
NOISE = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
VOID_MASK = np.select([OBJECT, RING], [255, UNKNOWN], 0)


@pytest.mark.parametrize("levels", [[0, 0.003], [0, 0.001, 0.002, 0.003]])
def test_floating_point_in_a_file_is_no_label(tmp_path, levels):
    values = np.float32(levels)[np.where(OBJECT, len(levels) - 1, np.where(RING, 1, 0))]
    cv2.imwrite(str(tmp_path / "dark.tif"), values)
    with pytest.raises(InputError, match="values from 0 to 1 only and shows no object"):
        read_mask(tmp_path / "dark.tif")
    np.testing.assert_array_equal(read_grey(tmp_path / "dark.tif"), np.round(values * 255))


def test_of_mattes_and_trimaps_that_say_what_they_are_nothing_is_guessed(tmp_path):
    """White all along the border and black inside: a frame, or turned over."""
    for inside, mark, read in (
        (255 - TRIMAP, "is_trimap", read_trimap),
        (255 - MASK, "is_matte", read_mask),
    ):
        frame = np.where(inside == 127, UNKNOWN, inside).astype(np.uint8)
        write_png(tmp_path / "frame.png", frame)
        assert (read(tmp_path / "frame.png")[OBJECT] == 255).all()  # taken as turned over
        write_png(tmp_path / "frame.png", frame, **{mark: True})
        np.testing.assert_array_equal(read(tmp_path / "frame.png"), frame)
        assert (read(tmp_path / "frame.png", invert="yes")[OBJECT] == 255).all()


def coded(background, ring, inside, dtype=np.uint8):
    return np.select([OBJECT, RING], [inside, ring], background).astype(dtype)


def with_palette(labels, colours):
    """A palette PNG, read back."""
    image = Image.fromarray(labels, "P")
    palette = np.zeros((256, 3), np.uint8)
    for label, colour in colours.items():
        palette[label] = colour
    image.putpalette(palette.ravel().tolist())
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


VOC = {0: (0, 0, 0), 15: (192, 128, 128), 12: (64, 0, 128), 255: (224, 224, 192)}


@pytest.fixture
def read(tmp_path):
    """Writes bytes to a file and reads it as a picture."""

    def call(content):
        (tmp_path / "file").write_bytes(content)
        return read_picture(tmp_path / "file")

    return call


# Masks of numbered classes


@pytest.mark.parametrize("number", [1, 2, 15, 63])
def test_255_beside_a_small_label_is_void_and_unknown(picture_of, number):
    mask, (note,) = mask_of(picture_of(coded(0, 255, number)))
    np.testing.assert_array_equal(mask, VOID_MASK)
    assert note == f"its label {number} is taken as the object and 255, void, as unknown"


@pytest.mark.parametrize("inside", [15, 12])
def test_a_palette_with_a_void_ring_is_read_like_its_numbers(read, inside):
    mask, (note,) = mask_of(read(with_palette(coded(0, 255, inside), VOC)))
    np.testing.assert_array_equal(mask, VOID_MASK)
    assert f"its label {inside} is taken as the object" in note


def test_a_palette_turned_into_colours_is_read_like_its_numbers(picture_of):
    colours = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    colours[OBJECT], colours[RING] = VOC[15], VOC[255]
    mask, (note,) = mask_of(picture_of(colours))
    np.testing.assert_array_equal(mask, VOID_MASK)
    assert note == "its label #c08080 is taken as the object and #e0e0c0, void, as unknown"


def two_objects(first, second, void=None, dtype=np.uint8):
    labels = np.select([OBJECT, OTHER], [first, second], 0)
    return np.where(RING, void, labels).astype(dtype) if void else labels.astype(dtype)


@pytest.mark.parametrize(
    "labels",
    [
        two_objects(1, 2),
        two_objects(7, 3),
        two_objects(1, 2, 255),
        two_objects(1, 2, dtype=np.uint16),  # values below 256 of 16 bits
        two_objects(85, 170),  # spread to be seen
        two_objects(38, 75),  # the luminance of a palette
        np.select([OBJECT, OTHER, X < 10], [85, 170, 255], 0).astype(np.uint8),
    ],
    ids=["1 and 2", "7 and 3", "with void", "16 bits", "spread", "luminance", "with white"],
)
def test_several_labels_are_named_and_chosen_among(picture_of, labels):
    first, second = int(labels[40, 50]), int(labels[70, 100])
    picture = picture_of(labels)
    with pytest.raises(InputError, match=r"holds the labels .*say which are the object") as refusal:
        mask_of(picture)
    smaller = min(first, second)
    for number in (first, second):
        assert f"{number} ({np.mean(labels == number):.1%})" in str(refusal.value)
    assert f"--label={smaller} or --label={smaller}," in str(refusal.value)
    void = labels == 255 if (labels == 255).any() and second < 64 else np.zeros_like(OBJECT)
    for chosen, objects in (
        ((str(first),), labels == first),
        ((str(second), str(first)), (labels == first) | (labels == second)),
    ):
        mask, (*_, note) = mask_of(picture, chosen)
        np.testing.assert_array_equal(mask, np.select([objects, void], [255, UNKNOWN], 0))
        verb = "its label {} is" if len(chosen) == 1 else "its labels {} are"
        assert note.startswith(f"{verb.format(' and '.join(chosen))} taken as the object")


def test_labels_as_thin_as_a_pixel_are_labels(picture_of):
    thin = np.zeros((HEIGHT, WIDTH), np.uint8)
    thin[:, ::12], thin[:, 6::12] = 1, 2
    with pytest.raises(InputError, match=r"labels 1 \(.*\) and 2 \("):
        mask_of(picture_of(thin))
    np.testing.assert_array_equal(mask_of(picture_of(thin), ("2",))[0], 255 * (thin == 2))


def test_of_many_labels_some_are_named(picture_of):
    many = np.repeat(np.arange(12, dtype=np.uint8), 8)[:, None].repeat(50, axis=1)
    with pytest.raises(InputError, match=r"7 \(8\.3%\), 8 \(8\.3%\) and 3 more; say which"):
        mask_of(picture_of(many))


def test_a_mask_of_noise_only_shows_no_object(picture_of):
    noise = np.random.default_rng(1).integers(0, 17, (HEIGHT, WIDTH)).astype(np.uint8)
    with pytest.raises(InputError, match="has values from 0 to 16 only and shows no object"):
        mask_of(picture_of(noise))


def test_a_label_that_is_not_there_is_refused_and_the_others_named(picture_of):
    with pytest.raises(
        InputError, match=r"has no label 9; it has 1 \(.*%\) and 2 \(.*%\); choose "
    ):
        mask_of(picture_of(two_objects(1, 2)), ("9",))
    with pytest.raises(InputError, match="made of shades; leave --label out"):
        mask_of(picture_of(cv2.GaussianBlur(MASK, (0, 0), 5)), ("1",))


def test_labels_by_colour_are_named_and_chosen_among(read, picture_of):
    colours = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    colours[OBJECT], colours[OTHER] = (220, 20, 60), (0, 0, 142)
    with pytest.raises(InputError, match="--label=00008e or --label=00008e,dc143c"):
        mask_of(picture_of(colours))
    mask, _ = mask_of(picture_of(colours), ("#DC143C",))
    np.testing.assert_array_equal(mask, MASK)
    palette = with_palette(two_objects(15, 12), VOC)
    with pytest.raises(InputError, match=r"labels 12 \(.*\) and 15"):
        mask_of(read(palette))
    np.testing.assert_array_equal(mask_of(read(palette), ("15",))[0], MASK)


def test_masks_that_are_no_classes_are_left_alone(picture_of):
    soft = cv2.GaussianBlur(MASK, (0, 0), 2)
    mask, notes = mask_of(picture_of(soft))
    assert notes == []
    np.testing.assert_array_equal(mask, soft)
    four_levels = (soft // 64 * 85).astype(np.uint8)  # a soft mask with 2 bits
    np.testing.assert_array_equal(mask_of(picture_of(four_levels))[0], four_levels)
    almost = np.where(OBJECT, 255, NOISE[..., 0] // 20).astype(np.uint8)  # noise, not labels
    np.testing.assert_array_equal(mask_of(picture_of(almost))[0], MASK)
    one_colour = np.dstack([MASK, 0 * MASK, 0 * MASK])
    np.testing.assert_array_equal(mask_of(picture_of(one_colour))[0], MASK)


def test_jpeg_noise_is_said_only_of_what_is_jpeg_noise(picture_of):
    _, (note,) = mask_of(picture_of(np.where(RING & (Y < 40), 254, MASK).astype(np.uint8)))
    assert "near 0 or 255 are taken as these" in note and "JPEG" not in note
    _, jpeg = cv2.imencode(".jpg", MASK, [cv2.IMWRITE_JPEG_QUALITY, 90])
    saved_again = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)
    assert any("JPEG noise" in note for note in mask_of(picture_of(saved_again))[1])
    assert any("JPEG noise" in note for note in mask_of(picture_of(saved_again, lossy=True))[1])


# Trimaps in other codings


@pytest.mark.parametrize(
    "values, taken",
    [
        ((0, 1, 2), "0, 128 and 255"),
        ((0, 100, 200), "0, 128 and 255"),
        ((2, 3, 1), "255, 0 and 128, by where they lie"),  # Oxford pets: 1 is the animal
        ((1, 2, 3), "0, 128 and 255"),
        ((0, 2, 1), "0, 255 and 128, by where they lie"),
        ((50, 100, 220), "0, 128 and 255"),
    ],
)
def test_three_values_are_told_apart_by_where_they_lie(picture_of, values, taken):
    trimap, (note,) = trimap_of(picture_of(coded(*values)))
    np.testing.assert_array_equal(trimap, TRIMAP)
    listed = "{}, {} and {}".format(*sorted(values))
    asked = "(--invert=yes if object and background are exchanged)"
    assert note == f"its values {listed} are taken as {taken} {asked}"


def test_0_128_and_255_always_mean_themselves(picture_of):
    swapped = coded(0, 255, 128)
    trimap, notes = trimap_of(picture_of(swapped))
    np.testing.assert_array_equal(trimap, swapped)
    assert notes == []
    trimap, (note,) = trimap_of(picture_of(coded(0, 127, 255)))
    np.testing.assert_array_equal(trimap, TRIMAP)
    assert "almost but not quite" in note


def test_a_palette_and_colours_as_trimap(read, picture_of):
    colours = {1: (200, 0, 0), 2: (0, 200, 0), 3: (0, 0, 200)}
    trimap, (note,) = trimap_of(read(with_palette(coded(2, 3, 1), colours)))
    np.testing.assert_array_equal(trimap, TRIMAP)
    assert note.startswith("its values 1, 2 and 3 are taken as 255, 0 and 128, by where they lie")
    painted = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    painted[...], painted[OBJECT], painted[RING] = colours[1], colours[2], colours[3]
    trimap, (note,) = trimap_of(picture_of(painted))
    np.testing.assert_array_equal(trimap, TRIMAP)
    assert note.startswith("its values #0000c8, #00c800 and #c80000 are taken as 128, 255 and 0")


def test_three_values_that_lie_anyhow_are_named(picture_of):
    anyhow = np.random.default_rng(3).integers(5, 8, (HEIGHT, WIDTH)).astype(np.uint8)
    with pytest.raises(InputError, match="has the values 5, 6 and 7, and which of them is unknown"):
        trimap_of(picture_of(anyhow))
    with pytest.raises(InputError, match=r"no unknown pixel \(128\).*it holds 0 and 255"):
        trimap_of(picture_of(MASK))
    with pytest.raises(InputError, match=r"no unknown pixel \(128\).*it holds only 255"):
        trimap_of(picture_of(np.full_like(MASK, 255)))


# Mattes


def test_the_matte_of_a_cut_out_is_its_opacity(picture_of, tmp_path):
    soft = cv2.GaussianBlur(MASK, (0, 0), 2)
    for colours in (NOISE, NOISE[..., 0], np.full_like(NOISE, 255)):
        matte, (note,) = matte_of(picture_of(colours, soft))
        np.testing.assert_array_equal(matte, soft)
        assert note == "it is a cut-out, its opacity is the matte"
    for name in ("cutout.png", "cutout.webp"):
        image = Image.fromarray(np.dstack([NOISE, soft]))
        image.save(tmp_path / name, lossless=True)
        np.testing.assert_array_equal(read_grey(tmp_path / name), soft)


def test_opacity_that_says_nothing_and_colours_are_no_matte(picture_of):
    with pytest.raises(InputError, match="its opacity is 77 everywhere; save it as a grey"):
        matte_of(picture_of(MASK, np.full_like(MASK, 77)))
    with pytest.raises(InputError, match="a picture in colours, not a matte"):
        matte_of(picture_of(NOISE))
    grey = np.dstack([MASK] * 3)
    np.testing.assert_array_equal(matte_of(picture_of(grey))[0], MASK)
    np.testing.assert_array_equal(matte_of(picture_of(MASK.astype(np.uint16) * 257))[0], MASK)
    with pytest.raises(
        InputError,
        match="has no values but 0 and 1; multiply it by 255",
    ):
        matte_of(picture_of(MASK // 255))


# Photos


def test_a_photo_is_put_on_white_in_its_own_depth(picture_of):
    deep = NOISE.astype(np.uint16) * 257
    opacity = np.random.default_rng(2).integers(0, 65_536, (HEIGHT, WIDTH), np.uint16)
    photo, (note,) = photo_of(picture_of(deep, opacity))
    weight = opacity[..., None] / 65_535
    np.testing.assert_allclose(photo.own, deep * weight + 65_535 * (1 - weight), atol=0.51)
    np.testing.assert_allclose(photo.rgb, photo.own / 257, atol=0.51)
    assert "put on white" in note
    np.testing.assert_array_equal(colours_of(picture_of(NOISE, MASK)), NOISE)


def test_reading_by_path_tells_what_was_done(tmp_path, capsys):
    paths = {name: tmp_path / f"{name}.png" for name in ("labels", "pets", "cutout", "glass")}
    Image.fromarray(coded(0, 255, 1)).save(paths["labels"])
    Image.fromarray(coded(2, 3, 1)).save(paths["pets"])
    Image.fromarray(np.dstack([NOISE, MASK])).save(paths["cutout"])
    np.testing.assert_array_equal(read_mask(paths["labels"]), VOID_MASK)
    np.testing.assert_array_equal(read_trimap(paths["pets"]), TRIMAP)
    np.testing.assert_array_equal(read_grey(paths["cutout"]), MASK)
    assert (read_rgb(paths["cutout"])[MASK == 0] == 255).all()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        *(str(paths[name]) for name in ("labels", "pets", "cutout", "cutout"))
    ]
