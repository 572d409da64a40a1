"""TIFF files of 16 bits: what they hold is what those of 8 bits hold, or they are refused."""

import struct

import numpy as np
import pytest

from dim_tf.pictures.photo import read_rgb
from dim_tf.pictures.picture import read_picture
from dim_tf.system.errors import InputError

RANDOM = np.random.default_rng(5)
RGB = RANDOM.integers(0, 256, (20, 30, 3), np.uint8)
OPACITY = RANDOM.integers(1, 256, (20, 30, 1), np.uint8)
OPACITY[:5] = 0
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIPS, _SAMPLES, _ROWS, _LENGTHS, _PLANAR, _EXTRA = 273, 277, 278, 279, 284, 338
_HEADER = 8


def tiff(pixels, photometric=2, *, extra=(), planar=False):
    """A file by the letter of TIFF 6.0, of which libraries write only some kinds, [H, W, C]."""
    height, width, channels = pixels.shape
    parts = np.moveaxis(pixels, 2, 0) if planar else [pixels]
    data = b"".join(part.astype(pixels.dtype.newbyteorder("<")).tobytes() for part in parts)
    length = len(data) // len(parts)
    values = {
        _WIDTH: [width],
        _HEIGHT: [height],
        _BITS: [8 * pixels.itemsize] * channels,
        _COMPRESSION: [1],
        _PHOTOMETRIC: [photometric],
        _STRIPS: [_HEADER + number * length for number in range(len(parts))],
        _SAMPLES: [channels],
        _ROWS: [height],
        _LENGTHS: [length] * len(parts),
        _PLANAR: [2 if planar else 1],
        _EXTRA: list(extra),
    }
    values = {tag: value for tag, value in values.items() if value}
    at = _HEADER + len(data) + 2 + 12 * len(values) + 4
    entries, behind = b"", b""
    for tag, value in values.items():
        packed = struct.pack(f"<{len(value)}I", *value)
        if len(packed) > 4:
            behind += packed
            packed = struct.pack("<I", at + len(behind) - len(packed))
        entries += struct.pack("<HHI", tag, 4, len(value)) + packed
    start = b"II*\0" + struct.pack("<I", _HEADER + len(data))
    return start + data + struct.pack("<H", len(values)) + entries + bytes(4) + behind


def deep(pixels):
    return pixels.astype(np.uint16) * 257


@pytest.mark.parametrize("planar", [False, True])
def test_the_writer_of_these_tests_writes_what_libraries_read(picture_file, planar):
    path = picture_file(tiff(RGB, planar=planar))
    np.testing.assert_array_equal(read_picture(path).pixels, RGB)


def test_colours_of_16_bits(picture_file):
    path = picture_file(tiff(deep(RGB)))
    np.testing.assert_array_equal(read_picture(path).pixels, deep(RGB))


def test_colours_that_are_kept_apart_are_refused(picture_file):
    with pytest.raises(InputError, match="of a rare kind, so save it anew as PNG"):
        read_picture(picture_file(tiff(deep(RGB), planar=True)))


def test_what_no_library_knows_is_not_called_damaged(picture_file):
    grey_and_opacity = np.concatenate([RGB[..., :1], OPACITY], 2)
    assert read_picture(picture_file(tiff(grey_and_opacity, 1, extra=[2]))).opacity is not None
    with pytest.raises(InputError, match="of a rare kind, so save it anew as PNG"):
        read_picture(picture_file(tiff(deep(grey_and_opacity), 1, extra=[2])))


@pytest.mark.parametrize("meaning", ["nothing said", "premultiplied", "straight"])
def test_opacity_means_the_same_in_16_bits_as_in_8(picture_file, meaning):
    number = ["nothing said", "premultiplied", "straight"].index(meaning)
    colours = np.round(RGB * (OPACITY / 255)) if meaning == "premultiplied" else RGB
    content = np.concatenate([colours.astype(np.uint8), OPACITY], 2)
    shallow = read_picture(picture_file(tiff(content, extra=[number])))
    picture = read_picture(picture_file(tiff(deep(content), extra=[number])))
    if meaning == "nothing said":
        assert picture.opacity is None
        np.testing.assert_array_equal(picture.pixels, deep(RGB))
        return
    np.testing.assert_array_equal(picture.opacity, deep(OPACITY[..., 0]))
    np.testing.assert_array_equal(shallow.opacity, OPACITY[..., 0])
    if meaning == "straight":
        np.testing.assert_array_equal(picture.pixels, deep(RGB))
    else:
        opaque = OPACITY[..., 0] > 200  # others keep few levels
        difference = picture.pixels[opaque] / 257 - RGB[opaque]
        assert np.abs(difference).max() < 0.7
        assert (picture.pixels[OPACITY[..., 0] == 0] == 0).all()


def test_a_premultiplied_photo_lies_on_white_as_in_8_bits(picture_file):
    colours = np.round(RGB * (OPACITY / 255)).astype(np.uint8)
    content = np.concatenate([colours, OPACITY], 2)
    photos = [
        read_rgb(picture_file(tiff(one, extra=[1]))).astype(int) for one in (content, deep(content))
    ]
    assert np.abs(photos[0] - photos[1]).max() <= 1
