import io
import resource
import struct
import warnings
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from dim_tf.pictures.kinds import UnreadKindError
from dim_tf.pictures.levels import to_8_bits, to_grey, to_rgb
from dim_tf.pictures.limits import TooManyPixelsError
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import photo_of, read_rgb
from dim_tf.pictures.picture import (
    picture_of_content,
    picture_of_image,
    read_picture,
    read_stored,
    turned,
)
from dim_tf.pictures.writing import write_bmp, write_png
from dim_tf.system.errors import InputError

RANDOM = np.random.default_rng(0)
RGB = RANDOM.integers(0, 256, (5, 7, 3), np.uint8)
GREY = RANDOM.integers(0, 256, (5, 7), np.uint8)
# A photo without detail: what JPEG keeps of it can be compared.
SMOOTH = np.empty((30, 40, 3), np.uint8)
SMOOTH[...] = np.dstack([*np.meshgrid(np.arange(40) * 6, np.arange(30) * 8), np.full((30, 40), 90)])
OPACITY = np.linspace(0, 255, 30 * 40).round().astype(np.uint8).reshape(30, 40)
SMOOTH_RGBA = np.dstack([SMOOTH, OPACITY])


def encoded(image, kind, **options):
    """A file made by Pillow."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(name, data):
    return struct.pack(">I4s", len(data), name) + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize("write", [write_png, write_bmp])
def test_written_pictures_come_back(tmp_path, write):
    for picture in (RGB, GREY):
        write(tmp_path / "picture", picture)
        np.testing.assert_array_equal(read_stored(tmp_path / "picture"), picture)
    write(tmp_path / "grey", GREY)
    np.testing.assert_array_equal(read_grey(tmp_path / "grey"), GREY)
    np.testing.assert_array_equal(read_rgb(tmp_path / "grey"), np.dstack([GREY] * 3))


def test_a_cut_out_is_written_with_its_transparency(tmp_path):
    write_png(tmp_path / "cutout.png", np.dstack([RGB, GREY]))
    with Image.open(tmp_path / "cutout.png") as picture:
        assert picture.mode == "RGBA"
        np.testing.assert_array_equal(picture, np.dstack([RGB, GREY]))


COLOURS = Image.fromarray(SMOOTH)
SHADES = Image.fromarray(SMOOTH[..., 0])
KINDS = {
    "grey PNG": encoded(SHADES, "PNG"),
    "RGB PNG": encoded(COLOURS, "PNG"),
    "1-bit PNG": encoded(Image.fromarray(OPACITY > 99), "PNG"),
    "palette PNG": encoded(COLOURS.quantize(64), "PNG"),
    "palette BMP": encoded(COLOURS.quantize(64), "BMP"),
    "palette TIFF": encoded(COLOURS.quantize(64), "TIFF"),
    "RGB JPEG": encoded(COLOURS, "JPEG", quality=98),
    "grey JPEG": encoded(SHADES, "JPEG", quality=98),
    "progressive JPEG": encoded(COLOURS, "JPEG", quality=98, progressive=True),
    "CMYK JPEG": encoded(COLOURS.convert("CMYK"), "JPEG", quality=98),
    "CMYK TIFF": encoded(COLOURS.convert("CMYK"), "TIFF"),
    "lossy WebP": encoded(COLOURS, "WEBP"),
    "lossless WebP": encoded(COLOURS, "WEBP", lossless=True),
    "RGB TIFF": encoded(COLOURS, "TIFF"),
    "LZW TIFF": encoded(COLOURS, "TIFF", compression="tiff_lzw"),
    "JPEG TIFF": encoded(COLOURS, "TIFF", compression="jpeg"),
    "RGB BMP": encoded(COLOURS, "BMP"),
    "PPM": encoded(COLOURS, "PPM"),
    "PGM": encoded(SHADES, "PPM"),
    "AVIF": encoded(COLOURS, "AVIF"),
    "GIF": encoded(COLOURS.quantize(64), "GIF"),
}
TRANSPARENT_KINDS = {
    "RGBA PNG": encoded(Image.fromarray(SMOOTH_RGBA), "PNG"),
    "grey PNG with transparency": encoded(
        Image.fromarray(np.dstack([SMOOTH[..., 0], OPACITY]), "LA"), "PNG"
    ),
    "palette PNG with transparency": encoded(
        COLOURS.quantize(64), "PNG", transparency=bytes(range(0, 256, 4))
    ),
    "RGBA WebP": encoded(Image.fromarray(SMOOTH_RGBA), "WEBP", lossless=True, exact=True),
    "RGBA TIFF": encoded(Image.fromarray(SMOOTH_RGBA), "TIFF"),
    "RGBA AVIF": encoded(Image.fromarray(SMOOTH_RGBA), "AVIF"),
    "GIF with transparency": encoded(COLOURS.quantize(64), "GIF", transparency=3),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_read_as_pillow_reads_it(picture_file, name):
    path = picture_file(KINDS[name])
    picture = read_picture(path)
    with Image.open(path) as image:
        expected = np.asarray(image.convert("RGB")).astype(int)
    assert picture.opacity is None
    assert picture.notes == ()
    assert np.abs(to_rgb(picture.pixels) - expected).max() <= 1
    assert np.abs(read_rgb(path) - expected).max() <= 1
    assert np.abs(to_grey(picture.pixels) - to_grey(np.uint8(expected)).astype(int)).max() <= 2


# Dark: the numbers would be taken as those of 10 or 12 bits where nothing says what is white.
DARK = (np.arange(70, dtype=np.uint16) * 3).reshape(7, 10)
DEEP_KINDS = {
    "PGM of 12 bits": b"P5 10 7 4095\n" + DARK.astype(">u2").tobytes(),
    "PNG of 16 bits": encoded(Image.fromarray(DARK), "PNG"),
    "TIFF of 16 bits": encoded(Image.fromarray(DARK), "TIFF"),
    "TIFF of 16 bits, 0 is white": encoded(Image.fromarray(DARK), "TIFF", tiffinfo={262: 0}),
    "floating-point TIFF, 0 is white": encoded(
        Image.fromarray((DARK / 250).astype(np.float32)), "TIFF", tiffinfo={262: 0}
    ),
}


def grey_png(depth, rows, transparent):
    """A grey PNG of few or many bits, one value of which is transparent."""
    width = 8 * len(rows[0]) // depth
    header = struct.pack(">IIBBBBB", width, len(rows), depth, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = {b"IHDR": header, b"tRNS": struct.pack(">H", transparent), b"IDAT": data, b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*item) for item in chunks.items())


TURNED = Image.Exif()
TURNED[0x0112] = 6
# What Pillow alone does not know, or reads otherwise.
STRANGE_KINDS = {
    "PNG of 16 bits with transparency": grey_png(16, [b"\x01\x00\xff\xff"], 256),
    "grey TIFF, turned": encoded(SHADES, "TIFF", exif=TURNED),
    "palette TIFF, turned": encoded(COLOURS.quantize(64), "TIFF", exif=TURNED),
    "LZW TIFF, turned": encoded(COLOURS, "TIFF", exif=TURNED, compression="tiff_lzw"),
    "PNG of 4 bits with transparency": grey_png(4, [b"\x1b\x3c"], 3),
}
# Which number is transparent; and Pillow does not turn what it maps into memory, but says it had.
LOST_WHEN_LOADED = (
    "PNG of 4 bits with transparency",
    "grey TIFF, turned",
    "palette TIFF, turned",
)
ALL_KINDS = KINDS | TRANSPARENT_KINDS | DEEP_KINDS | STRANGE_KINDS


@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize("name", ALL_KINDS)
def test_an_opened_picture_means_what_its_file_does(picture_file, name, loaded):
    if loaded and name in LOST_WHEN_LOADED:
        pytest.skip("Pillow has forgotten it by then")
    path = picture_file(ALL_KINDS[name])
    file = read_picture(path)
    of_file, notes_of_file = photo_of(file)
    with Image.open(path) as image:
        if loaded:
            image.load()
        picture = picture_of_image(image, "photo")
        of_image, notes_of_image = photo_of(picture)
    assert notes_of_image == notes_of_file
    assert picture.lossy == file.lossy or (loaded and file.kind == "WebP")
    assert np.abs(of_image.rgb.astype(int) - of_file.rgb).max() <= 1
    assert np.abs(of_image.own.astype(int) - of_file.own).max() <= 1


def test_cmyk_without_adobes_mark_is_inverted_all_the_same(picture_file):
    content = KINDS["CMYK JPEG"]
    start = content.find(b"\xff\xee")
    (length,) = struct.unpack_from(">H", content, start + 2)
    path = picture_file(content[:start] + content[start + 2 + length :])
    assert np.abs(read_rgb(path).astype(int) - SMOOTH).max() < 12


@pytest.mark.parametrize("name", TRANSPARENT_KINDS)
def test_transparency_is_kept_apart_and_colours_stay_as_stored(picture_file, name):
    path = picture_file(TRANSPARENT_KINDS[name])
    picture = read_picture(path)
    with Image.open(path) as image:
        expected = np.asarray(image.convert("RGBA"))
    np.testing.assert_array_equal(picture.opacity, expected[..., 3])
    np.testing.assert_array_equal(to_rgb(picture.pixels), expected[..., :3])


def test_a_fourth_channel_that_is_always_opaque_is_dropped(picture_file):
    opaque = np.dstack([SMOOTH, np.full((30, 40), 255, np.uint8)])
    assert read_picture(picture_file(encoded(Image.fromarray(opaque), "PNG"))).opacity is None


def test_16_bits_are_scaled_to_8_and_not_cut_off(tmp_path):
    values = np.array([0, 127, 128, 129, 256, 32767, 32768, 65407, 65408, 65535], np.uint16)[None]
    expected = np.round(values / 257).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "grey.png"), values)
    np.testing.assert_array_equal(read_grey(tmp_path / "grey.png"), expected)
    for suffix in ("png", "tif", "ppm"):
        bgr = np.dstack([values, values[:, ::-1], 0 * values])
        cv2.imwrite(str(tmp_path / f"colour.{suffix}"), bgr)
        rgb = np.dstack([0 * expected, expected[:, ::-1], expected])
        np.testing.assert_array_equal(read_rgb(tmp_path / f"colour.{suffix}"), rgb)
    cv2.imwrite(str(tmp_path / "four.png"), np.dstack([bgr, values]))
    picture = read_picture(tmp_path / "four.png")
    np.testing.assert_array_equal(picture.opacity, values)
    np.testing.assert_array_equal(to_8_bits(picture.pixels), rgb)


def test_a_16_bit_tiff_whose_0_is_white(picture_file):
    values = GREY.astype(np.uint16) * 257
    content = encoded(Image.fromarray(values), "TIFF")
    entry = struct.pack("<HHIH", 262, 3, 1, 1)  # PhotometricInterpretation: 0 is black
    assert content.count(entry) == 1
    white_is_zero = content.replace(entry, struct.pack("<HHIH", 262, 3, 1, 0))
    np.testing.assert_array_equal(read_grey(picture_file(white_is_zero)), 255 - GREY)
    np.testing.assert_array_equal(read_grey(picture_file(content)), GREY)


def test_floating_point_is_read_from_0_to_1_only(picture_file):
    unit = Image.fromarray((GREY / 255).astype(np.float32))
    np.testing.assert_array_equal(read_grey(picture_file(encoded(unit, "TIFF"))), GREY)
    for values, told in (
        (GREY.astype(np.float32) * 2, "values from .*"),
        (np.full((4, 4), np.nan, np.float32), "values that are not finite"),
    ):
        path = picture_file(encoded(Image.fromarray(values), "TIFF"))
        with pytest.raises(InputError, match=f"{told}; floats go from 0 to 1"):
            read_picture(path)
    # Resizing leaves the range by a little.
    path = picture_file(encoded(Image.fromarray(np.array(unit) * 1.001), "TIFF"))
    np.testing.assert_array_equal(read_grey(path)[GREY == 255], 255)


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda picture: picture),
        (2, lambda picture: picture[:, ::-1]),
        (3, lambda picture: picture[::-1, ::-1]),
        (4, lambda picture: picture[::-1]),
        (5, lambda picture: picture.swapaxes(0, 1)),
        (6, lambda picture: np.rot90(picture, -1)),
        (7, lambda picture: np.rot90(picture, 2).swapaxes(0, 1)),
        (8, lambda picture: np.rot90(picture)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_pictures_are_turned_as_their_exif_tag_says(picture_file, kind, orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 98}, "WEBP": {"lossless": True, "exact": True}}.get(kind, {})
    path = picture_file(encoded(COLOURS, kind, exif=exif, **options))
    picture = read_picture(path)
    assert picture.orientation == orientation
    for pixels in (picture.pixels, read_rgb(path)):
        assert np.abs(pixels.astype(int) - turn(SMOOTH)).max() < (12 if kind == "JPEG" else 1)
    if kind != "JPEG":
        image = Image.fromarray(SMOOTH_RGBA)
        picture = read_picture(picture_file(encoded(image, kind, exif=exif, **options)))
        np.testing.assert_array_equal(picture.opacity, turn(OPACITY))
        np.testing.assert_array_equal(picture.pixels, turn(SMOOTH))
    np.testing.assert_array_equal(turned(SMOOTH, orientation), turn(SMOOTH))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_16_bit_tiff_is_turned_once(picture_file, orientation):
    values = RANDOM.integers(0, 65_536, (30, 40), np.uint16)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_picture(picture_file(encoded(Image.fromarray(values), "TIFF", exif=exif)))
    assert picture.orientation == orientation
    np.testing.assert_array_equal(picture.pixels, turned(values, orientation))


@pytest.mark.parametrize("orientation", [0, 9])
def test_an_orientation_that_does_not_exist_is_passed_over(picture_file, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_picture(picture_file(encoded(COLOURS, "PNG", exif=exif)))
    assert picture.orientation == 1
    np.testing.assert_array_equal(picture.pixels, SMOOTH)


@pytest.mark.parametrize("name", ["a b.png", "Füße 猫.png", "-rgb=x.png", "a[1]*.png"])
def test_any_file_name(tmp_path, name):
    write_png(tmp_path / name, RGB)
    np.testing.assert_array_equal(read_rgb(tmp_path / name), RGB)


def test_the_first_of_several_pages_and_frames_is_read(picture_file):
    more = {"save_all": True, "append_images": [ImageOps.invert(COLOURS)]}
    for kind, options in (("TIFF", {}), ("PNG", {}), ("WEBP", {"lossless": True})):
        picture = read_picture(picture_file(encoded(COLOURS, kind, **more, **options)))
        assert picture.notes == ("it holds several pictures, the first is taken",)
        np.testing.assert_array_equal(picture.pixels, SMOOTH)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a picture; it is empty"),
        (b"text", "not a picture"),
        (None, "does not exist"),
        (b"GIF89a" + bytes(99), "damaged or cut short .GIF.; copy or download it again"),
        (b"\0\0\0\x18ftypavif" + bytes(99), "damaged or cut short .AVIF."),
        (b"\0\0\0\x0cJXL " + bytes(99), "a JPEG XL picture, which is not read; convert it to PNG"),
        (b"8BPS" + bytes(99), "a Photoshop file, which is not read"),
        (b"<!DOCTYPE html><html>", "a web page, not a picture; download the picture itself"),
        (b"<?xml version='1.0'?><svg>", "an SVG drawing, which is not read"),
        (b"II\x2a\0\x10\0\0\0CR\2\0" + bytes(99), "a camera's raw file, which is not read"),
        (b"\x93NUMPY\1\0", "a NumPy array, which is not read"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "picture.png").write_bytes(content)
    for read in (read_rgb, read_picture):
        with pytest.raises(InputError, match=rf"picture\.png.*{sentence}"):
            read(tmp_path / "picture.png")


@pytest.mark.parametrize("name", KINDS | TRANSPARENT_KINDS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_short_is_refused_in_silence(picture_file, capfd, name, share):
    content = (KINDS | TRANSPARENT_KINDS)[name]
    path = picture_file(content[: int(len(content) * share)])
    with pytest.raises(InputError, match=r"cut short|damaged|not a picture"):
        read_picture(path)
    assert capfd.readouterr().err == ""


def test_half_a_jpeg_with_a_proper_end_is_refused(picture_file):
    noise = Image.fromarray(RANDOM.integers(0, 256, (200, 200, 3), np.uint8))
    content = encoded(noise, "JPEG")
    for whole in (content, encoded(noise.convert("CMYK"), "JPEG")):
        assert read_picture(picture_file(whole)).notes == ()
        path = picture_file(whole[: len(whole) // 2] + b"\xff\xd9")
        with pytest.raises(InputError, match="a part of the picture is missing"):
            read_picture(path)


@pytest.mark.parametrize("behind", [b"a phone's own notes", b"a film \xff\xda with any bytes"])
def test_what_follows_the_end_of_a_jpeg_is_no_harm(picture_file, behind):
    path = picture_file(KINDS["RGB JPEG"] + behind)
    picture = read_picture(path)
    assert (picture.pixels.shape, picture.notes) == (SMOOTH.shape, ())


def test_the_end_of_a_thumbnail_is_not_that_of_the_jpeg(picture_file):
    content = KINDS["RGB JPEG"]
    thumbnail = b"\xff\xe1" + (2 + len(content)).to_bytes(2) + content
    path = picture_file(content[:2] + thumbnail + content[2:])
    assert read_picture(path).notes == ()
    with pytest.raises(InputError, match="cut short"):
        read_picture(picture_file(content[:2] + thumbnail + content[2:-2]))


def test_a_jpeg_whose_data_is_damaged_is_told(picture_file):
    random = np.random.default_rng(7)
    noise = Image.fromarray(random.integers(0, 256, (200, 200, 3), np.uint8))
    content = bytearray(encoded(noise, "JPEG"))
    middle = len(content) // 2
    content[middle : middle + 8] = b"\x55" * 8
    notes = read_picture(picture_file(bytes(content))).notes
    assert notes == ("its data is damaged, so that a part of the picture may be wrong (JPEG)",)


@pytest.mark.parametrize("behind_pixels", [False, True])
def test_a_png_with_a_long_text_is_read(picture_file, behind_pixels):
    """As editors keep their history in it; Pillow's own limit is a megabyte."""
    content = KINDS["RGB PNG"]
    text = chunk(b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(bytes(2_000_000)))
    at = len(content) - 12 if behind_pixels else 33
    picture = read_picture(picture_file(content[:at] + text + content[at:]))
    np.testing.assert_array_equal(picture.pixels, SMOOTH)


def test_a_png_with_a_large_colour_profile_is_read(picture_file):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = KINDS["RGB PNG"]
    large = profile + bytes(2_000_000)
    large = len(large).to_bytes(4) + large[4:]
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(large))
    picture = read_picture(picture_file(content[:33] + profile + content[33:]))
    np.testing.assert_array_equal(picture.pixels, SMOOTH)


def test_warnings_of_libraries_are_held_back(picture_file, capfd):
    content = KINDS["RGB PNG"]
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))
    path = picture_file(content[:33] + profile + content[33:])
    np.testing.assert_array_equal(read_picture(path).pixels, SMOOTH)
    assert capfd.readouterr().err == ""


def claiming(width, height):
    """A PNG that claims a size it does not have."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.mark.parametrize("size", [(40_000, 25_000), (10**9, 1), (2**31, 2**31), (10_001, 10_000)])
def test_a_file_that_claims_too_many_pixels_is_refused_by_its_header(picture_file, size):
    path = picture_file(claiming(*size))
    sentence = f"claims {size[0]}×{size[1]} pixels, more than 100 megapixels; make it smaller"
    with pytest.raises(InputError, match=sentence):
        read_picture(path)
    with pytest.raises(InputError, match=sentence):
        read_grey(path)


@pytest.mark.parametrize("name", ["grey.png", "deep.png"])
def test_a_chunk_that_claims_gigabytes_is_refused_at_once(tmp_path, name):
    cv2.imwrite(str(tmp_path / name), SMOOTH.astype(np.uint16 if name == "deep.png" else np.uint8))
    content = (tmp_path / name).read_bytes()
    end = content.index(b"IEND") - 4
    (tmp_path / name).write_bytes(content[:end] + b"\x7f\xff\xff\xf0teXt" + content[end:])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=r"or cut short \(PNG\); copy or download it again"):
        read_picture(tmp_path / name)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_the_limit_can_be_moved(picture_file):
    path = picture_file(KINDS["RGB JPEG"])
    with pytest.raises(InputError, match=r"claims 40×30 pixels, more than 0\.001 megapixels"):
        read_picture(path, max_megapixels=0.001)
    assert read_picture(path, max_megapixels=0.0012).pixels.shape == SMOOTH.shape


def test_a_claim_below_the_limit_that_is_not_kept_is_refused(picture_file):
    with pytest.raises(InputError, match="damaged"):
        read_picture(picture_file(claiming(400, 300)))


def test_a_single_pixel(picture_file):
    path = picture_file(encoded(Image.new("RGB", (1, 1), (1, 2, 3)), "PNG"))
    np.testing.assert_array_equal(read_picture(path).pixels, [[[1, 2, 3]]])


def test_a_tiff_that_begins_with_a_thumbnail_is_refused(picture_file):
    path = picture_file(encoded(COLOURS, "TIFF", tiffinfo={254: 1}))
    with pytest.raises(InputError, match="begins with a thumbnail"):
        read_picture(path)


def test_dataset_pictures_have_one_or_three_channels_of_8_bits(tmp_path):
    write_png(tmp_path / "deep.png", GREY.astype(np.uint16))
    write_png(tmp_path / "cutout.png", np.dstack([RGB, GREY]))
    for name in ("deep.png", "cutout.png"):
        with pytest.raises(InputError, match=f"{name} is not a grey or RGB picture of 8 bits"):
            read_stored(tmp_path / name)


def test_an_avif_of_the_brand_of_still_pictures_in_general(picture_file):
    content = encoded(COLOURS, "AVIF")
    general = picture_file(content[:8] + b"mif1" + content[12:])
    picture = read_picture(general)
    assert picture.kind == "AVIF"
    np.testing.assert_array_equal(picture.pixels, read_picture(picture_file(content)).pixels)


@pytest.mark.parametrize(
    ("depth", "row", "transparent", "opacity"),
    [
        (1, b"\x80", 1, [0, 255, 255, 255, 255, 255, 255, 255]),
        (2, b"\x1b", 1, [255, 0, 255, 255]),
        (4, b"\x0f", 15, [255, 0]),
        (8, b"\x07\x0f", 7, [0, 255]),
        (16, b"\x01\x00\xff\xff", 256, [0, 255]),
    ],
)
def test_a_transparent_grey_of_a_png(picture_file, depth, row, transparent, opacity):
    picture = read_picture(picture_file(grey_png(depth, [row, row], transparent)))
    np.testing.assert_array_equal(to_8_bits(picture.opacity), [opacity, opacity])


def test_an_opened_lossless_webp_is_lossless(picture_file):
    for lossless in (True, False):
        path = picture_file(encoded(COLOURS, "WEBP", lossless=lossless))
        with Image.open(path) as image:
            assert picture_of_image(image, "photo").lossy is not lossless
        assert read_picture(path).lossy is not lossless


def test_what_was_done_to_an_opened_picture_counts(picture_file):
    path = picture_file(KINDS["RGB JPEG"])
    with Image.open(path) as image:
        image.draft("L", (20, 15))  # decoded smaller, and grey
        assert picture_of_image(image, "photo").pixels.shape == image.size[::-1]
    with Image.open(picture_file(TRANSPARENT_KINDS["palette PNG with transparency"])) as image:
        del image.info["transparency"]
        assert picture_of_image(image, "photo").opacity is None
    animated = {"save_all": True, "append_images": [ImageOps.invert(SHADES)], "duration": 9}
    path = picture_file(encoded(SHADES, "GIF", **animated))
    with Image.open(path) as image:
        first = picture_of_image(image, "photo")
        assert first.notes == ()  # the caller chose it
        image.seek(1)
        assert np.abs(255 - to_grey(picture_of_image(image, "photo").pixels) - SHADES).max() < 9


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_is_turned_by_what_xmp_says_as_well(picture_file, dtype):
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    content = encoded(Image.fromarray(DARK.astype(dtype)), "TIFF", tiffinfo={700: xmp})
    picture = read_picture(picture_file(content))
    assert picture.orientation == 6
    np.testing.assert_array_equal(picture.pixels, turned(DARK.astype(dtype), 6))


def test_integers_of_any_type_are_read_where_16_bits_hold_them(picture_file):
    labels = DARK.astype(np.int32)
    picture = read_picture(picture_file(encoded(Image.fromarray(labels), "TIFF")))
    np.testing.assert_array_equal(picture.pixels, labels)
    for wrong in (labels - 1, labels + 70_000):
        with pytest.raises(InputError, match="has int32 pixels; save it with 8 or 16 bits"):
            read_picture(picture_file(encoded(Image.fromarray(wrong), "TIFF")))


def test_a_pillow_picture_without_pixels_is_refused():
    with pytest.raises(InputError, match="photo has no pixels, its size is 0×20"):
        picture_of_image(COLOURS.crop((10, 0, 10, 20)), "photo")


def test_what_pillow_warns_of_too_many_pixels_stays_the_programs(picture_file):
    """Who makes it an error is protected by it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        read_picture(picture_file(KINDS["RGB PNG"]))
        path = picture_file(claiming(10_000, 12_000))
        with pytest.raises(Image.DecompressionBombWarning):
            Image.open(path)


def test_a_phones_heic_photo(tmp_path, monkeypatch):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    path = tmp_path / "photo.heic"
    path.write_bytes(encoded(COLOURS, "HEIF", quality=-1))
    picture = read_picture(path)
    assert picture.kind == "HEIC" and picture.lossy
    assert np.abs(picture.pixels.astype(int) - SMOOTH).max() < 12
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="a HEIC picture, for which pillow-heif is needed"):
        read_picture(path)


def test_a_phones_photo_with_a_second_view_is_one_photo(tmp_path):
    views = {"save_all": True, "append_images": [ImageOps.invert(COLOURS)], "quality": 98}
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(COLOURS, "MPO", **views))
    picture = read_picture(path)
    assert (picture.kind, picture.notes) == ("JPEG", ())
    assert np.abs(picture.pixels.astype(int) - SMOOTH).max() < 12


def test_content_is_read_as_a_file_is(tmp_path):
    write_png(tmp_path / "photo.png", RGB)
    content = (tmp_path / "photo.png").read_bytes()
    from_file, from_content = (
        read_picture(tmp_path / "photo.png"),
        picture_of_content(content, "the photo"),
    )
    np.testing.assert_array_equal(from_content.pixels, from_file.pixels)
    assert str(from_content.path) == "the photo" and from_content.kind == from_file.kind == "PNG"
    with pytest.raises(TooManyPixelsError, match=r"^the photo claims 7×5 pixels"):
        picture_of_content(content, "the photo", 1e-6)
    for other in (b"", b"text", b"%PDF"):
        with pytest.raises(UnreadKindError, match=r"^the photo is "):
            picture_of_content(other, "the photo")
    with pytest.raises(InputError, match=r"^the photo is damaged") as error:
        picture_of_content(content[:-8], "the photo")
    assert not isinstance(error.value, UnreadKindError)
