"""Colours and depths of what is written: cut-outs keep the photo's own, composites are sRGB."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from dim_tf.commands import matte as command
from dim_tf.config import InferenceConfig, config_from_values
from dim_tf.matting import of_photo
from dim_tf.pictures.colour import ColourProfile
from dim_tf.pictures.writing import write_png

RANDOM = np.random.default_rng(7)
PHOTO = RANDOM.integers(0, 256, (60, 80, 3), np.uint8)
DEEP = RANDOM.integers(0, 65_536, (60, 80, 3), np.uint16)
GAMMA, PRIMARIES = 0.55, (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)


def a_profile():
    """LittleCMS's own profile of a space that is not sRGB, its red and green exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")


@pytest.fixture
def cut(tmp_path, monkeypatch, tiny_model, tiny_checkpoint, write_mask):
    """Runs the command on a photo; the foreground's colours are the photo's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "load_network", lambda *_: (tiny_model, tiny_checkpoint))
    monkeypatch.setattr(of_photo, "foreground_colours_of", lambda rgb, alpha, *told: rgb)
    write_mask("mask.png", 60, 80)

    def call(photo, profile=None, **values):
        if profile is not None or photo.dtype == np.uint16:
            write_png("photo.png", photo, profile=profile)
        else:
            Image.fromarray(photo).save("photo.png")
        files = {"rgb": "photo.png", "alpha": "mask.png", "cutout": "cutout.png"}
        files |= {"background": "#204060", "composite": "composite.png"}
        command.run_inference(config_from_values(InferenceConfig, files | values))
        read = [cv2.imread(f"{name}.png", cv2.IMREAD_UNCHANGED) for name in ("cutout", "composite")]
        cutout = cv2.cvtColor(read[0], cv2.COLOR_BGRA2RGBA)
        return cutout, cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB)

    return call


def composite_of(colours, opacity, largest):
    """Equation (1) with the background #204060."""
    weight = opacity[..., None] / largest
    return weight * colours + (1 - weight) * np.array([0x20, 0x40, 0x60]) * largest / 255


def chunks(path):
    content, place, found = path.read_bytes(), 8, {}
    while place < len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        found[name] = content[place + 8 : place + 8 + length]
        place += 12 + length
    return found


def test_a_profile_stays_with_the_cut_out_and_the_composite_is_srgb(cut, tmp_path):
    icc = a_profile()
    cutout, composite = cut(PHOTO, ColourProfile(icc))
    np.testing.assert_array_equal(cutout[..., :3], PHOTO)
    written = chunks(tmp_path / "cutout.png")
    assert zlib.decompress(written[b"iCCP"].partition(b"\0\0")[2]) == icc
    assert b"iCCP" not in chunks(tmp_path / "composite.png")
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    srgb = ImageCms.profileToProfile(Image.fromarray(PHOTO), source, ImageCms.createProfile("sRGB"))
    expected = composite_of(np.asarray(srgb), cutout[..., 3], 255)
    assert np.abs(composite - expected).max() <= 1
    assert np.abs(np.asarray(srgb).astype(int) - PHOTO).max() > 100


def test_gamma_and_primaries_stay_with_the_cut_out(cut, tmp_path):
    cutout, composite = cut(PHOTO, ColourProfile(None, GAMMA, PRIMARIES))
    np.testing.assert_array_equal(cutout[..., :3], PHOTO)
    written = chunks(tmp_path / "cutout.png")
    assert struct.unpack(">I", written[b"gAMA"]) == (55_000,)
    numbers = [round(value * 100_000) for value in PRIMARIES]
    assert list(struct.unpack(">8I", written[b"cHRM"])) == numbers
    left = {b"gAMA", b"cHRM", b"iCCP"} & chunks(tmp_path / "composite.png").keys()
    assert not left
    opaque = cutout[..., 3] == 255
    assert np.abs(composite.astype(int) - PHOTO)[opaque].max() > 20


def test_16_bits_hold_for_matte_cut_out_and_composite(cut):
    cutout, composite = cut(DEEP, bits="16")
    matte = cv2.imread("alpha.png", cv2.IMREAD_UNCHANGED)
    assert matte.dtype == cutout.dtype == composite.dtype == np.uint16
    np.testing.assert_array_equal(cutout[..., :3], DEEP)
    np.testing.assert_array_equal(cutout[..., 3], matte)
    assert np.abs(composite - composite_of(DEEP, matte, 65_535)).max() <= 1
    cutout, composite = cut(DEEP, bits="8")
    assert cutout.dtype == composite.dtype == np.uint8
    np.testing.assert_array_equal(cutout[..., :3], np.round(DEEP / 257))


def test_16_bits_of_a_photo_with_8_and_of_one_with_a_profile(cut, tmp_path):
    cutout, composite = cut(PHOTO, bits="16")
    np.testing.assert_array_equal(cutout[..., :3], PHOTO.astype(np.uint16) * 257)
    assert composite.dtype == np.uint16
    cutout, composite = cut(DEEP, ColourProfile(a_profile()), bits="16")
    np.testing.assert_array_equal(cutout[..., :3], DEEP)
    assert b"iCCP" in chunks(tmp_path / "cutout.png")
    opaque = cutout[..., 3] == 65_535
    assert np.abs(composite.astype(int) - DEEP)[opaque].max() > 20_000
    assert len(np.unique(composite[opaque])) > 1000  # not 256 levels spread
