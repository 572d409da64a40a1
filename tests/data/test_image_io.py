import cv2
import numpy as np
import pytest
from PIL import Image

from dim_tf.data.image_io import read_grey, read_rgb, read_unchanged, write_bmp, write_png
from dim_tf.errors import InputError

RANDOM = np.random.default_rng(0)
RGB = RANDOM.integers(0, 256, (5, 7, 3), np.uint8)
GREY = RANDOM.integers(0, 256, (5, 7), np.uint8)
# A photo without detail: what JPEG keeps of it can be compared.
SMOOTH = np.empty((30, 40, 3), np.uint8)
SMOOTH[...] = np.dstack([*np.meshgrid(np.arange(40) * 6, np.arange(30) * 8), np.full((30, 40), 90)])


@pytest.mark.parametrize("write", [write_png, write_bmp])
def test_written_pictures_come_back(tmp_path, write):
    for picture in (RGB, GREY):
        write(tmp_path / "picture", picture)
        np.testing.assert_array_equal(read_unchanged(tmp_path / "picture"), picture)
    write(tmp_path / "grey", GREY)
    np.testing.assert_array_equal(read_grey(tmp_path / "grey"), GREY)
    np.testing.assert_array_equal(read_rgb(tmp_path / "grey"), np.dstack([GREY] * 3))


def test_a_cut_out_is_written_with_its_transparency(tmp_path):
    write_png(tmp_path / "cutout.png", np.dstack([RGB, GREY]))
    with Image.open(tmp_path / "cutout.png") as picture:
        assert picture.mode == "RGBA"
        np.testing.assert_array_equal(picture, np.dstack([RGB, GREY]))


def test_16_bits_keep_their_upper_eight(tmp_path):
    cv2.imwrite(str(tmp_path / "deep.png"), GREY.astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_grey(tmp_path / "deep.png"), GREY)


def test_palette_becomes_colours(tmp_path):
    palette = Image.fromarray(RGB).quantize(35)
    palette.save(tmp_path / "palette.png")
    np.testing.assert_array_equal(read_rgb(tmp_path / "palette.png"), palette.convert("RGB"))


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda picture: picture),
        (2, lambda picture: picture[:, ::-1]),
        (3, lambda picture: picture[::-1, ::-1]),
        (4, lambda picture: picture[::-1]),
        (6, lambda picture: np.rot90(picture, -1)),
        (8, lambda picture: np.rot90(picture)),
    ],
)
def test_photos_are_turned_as_their_exif_tag_says(tmp_path, orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(SMOOTH).save(tmp_path / "photo.jpg", quality=98, exif=exif)
    read = read_rgb(tmp_path / "photo.jpg").astype(int)
    assert np.abs(read - turn(SMOOTH)).max() < 12


def test_cmyk_and_progressive_jpeg(tmp_path):
    Image.fromarray(SMOOTH).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=98)
    assert np.abs(read_rgb(tmp_path / "cmyk.jpg").astype(int) - SMOOTH).max() < 12
    Image.fromarray(SMOOTH).save(tmp_path / "slow.jpg", quality=98, progressive=True)
    assert np.abs(read_rgb(tmp_path / "slow.jpg").astype(int) - SMOOTH).max() < 12


@pytest.mark.parametrize("name", ["a b.png", "Füße 猫.png", "-rgb=x.png", "a[1]*.png"])
def test_any_file_name(tmp_path, name):
    write_png(tmp_path / name, RGB)
    np.testing.assert_array_equal(read_rgb(tmp_path / name), RGB)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "not a picture"), (b"text", "not a picture"), (None, "does not exist")],
)
def test_what_is_no_picture_is_refused(tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "picture.png").write_bytes(content)
    with pytest.raises(InputError, match=rf"picture\.png.*{sentence}"):
        read_rgb(tmp_path / "picture.png")


def test_dataset_pictures_have_one_or_three_channels_of_8_bits(tmp_path):
    write_png(tmp_path / "deep.png", GREY.astype(np.uint16))
    write_png(tmp_path / "cutout.png", np.dstack([RGB, GREY]))
    for name in ("deep.png", "cutout.png"):
        with pytest.raises(InputError, match=f"{name} is not a grey or RGB picture of 8 bits"):
            read_unchanged(tmp_path / name)
