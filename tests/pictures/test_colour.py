"""Colour profiles, against LittleCMS and against the formulas written out anew."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from dim_tf.pictures.code_points import code_points_of
from dim_tf.pictures.colour import ColourProfile, ProfileError, png_chunk, to_srgb
from dim_tf.pictures.decoding import usable_profile
from dim_tf.pictures.photo import photo_of, read_rgb
from dim_tf.pictures.picture import read_picture
from dim_tf.pictures.writing import encode_png, write_png

RANDOM = np.random.default_rng(4)
COLOURS = RANDOM.integers(0, 256, (40, 50, 3), np.uint8)
# x, y of white, red, green and blue.
ADOBE_RGB = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
DISPLAY_P3 = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)


def xyz_of(chromaticity):
    """Light in the primaries to X, Y, Z, by Lindbloom's formulas."""
    white, *primaries = (
        np.array([x / y, 1, (1 - x - y) / y])
        for x, y in zip(chromaticity[::2], chromaticity[1::2], strict=True)
    )
    matrix = np.array(primaries).T
    return matrix @ np.diag(np.linalg.inv(matrix) @ white)


def srgb_by_formula(numbers, gamma, chromaticity):
    """Numbers in [0, 1] to sRGB in [0, 1]; all whites here are D65, so none is adapted."""
    light = numbers**gamma @ xyz_of(chromaticity).T @ np.linalg.inv(xyz_of(SRGB)).T
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def tag_xyz(values):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65_536) for value in values))


def matrix_profile(chromaticity, curve):
    """An ICC profile of primaries under D65 and one curve for all three."""
    bradford = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )
    d65, d50 = np.array([0.95047, 1, 1.08883]), np.array([0.96422, 1, 0.82521])
    adapted = np.linalg.inv(bradford) @ np.diag((bradford @ d50) / (bradford @ d65)) @ bradford
    columns = (adapted @ xyz_of(chromaticity)).T
    text = b"desc\0\0\0\0\0\0\0\x05test\0" + bytes(79)
    copyright = b"text\0\0\0\0none\0"
    tags = {b"desc": text, b"cprt": copyright, b"wtpt": tag_xyz(d50)}
    tags |= {
        name: tag_xyz(column)
        for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)
    }
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, data = struct.pack(">I", len(tags)), b""
    offset = 128 + 4 + 12 * len(tags)
    for name, tag in tags.items():
        tag += bytes(-len(tag) % 4)
        table += struct.pack(">4sII", name, offset + len(data), len(tag))
        data += tag
    header = struct.pack(
        ">I4sI4s4s4s", offset + len(data), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ "
    )
    header += struct.pack(">6H4s4s", 2020, 1, 1, 0, 0, 0, b"acsp", b"APPL") + bytes(24)
    header += struct.pack(">3i", *(round(value * 65_536) for value in d50)) + bytes(48)
    return header[:128].ljust(128, b"\0") + table + data


def coded(kind, primaries, transfer, **options):
    """A file of COLOURS whose colours are named by code points (ITU-T H.273)."""
    file = io.BytesIO()
    Image.fromarray(COLOURS).save(file, kind, **options)
    content = file.getvalue()
    if kind == "PNG":
        return content[:33] + png_chunk(b"cICP", bytes([primaries, transfer, 0, 1])) + content[33:]
    named = struct.pack(">HH", primaries, transfer)
    place = content.index(b"colrnclx") + 8
    return content[:place] + named + content[place + 4 :]


@pytest.mark.parametrize("kind", ["PNG", "AVIF"])
@pytest.mark.parametrize(
    ("primaries", "transfer", "chromaticity", "gamma"),
    [(12, 13, DISPLAY_P3, None), (1, 8, SRGB, 1.0), (12, 4, DISPLAY_P3, 1 / 2.2)],
)
def test_colours_named_by_code_points_are_followed(
    read, tmp_path, kind, primaries, transfer, chromaticity, gamma
):
    picture = read(coded(kind, primaries, transfer))
    assert picture.profile == ColourProfile(None, gamma, chromaticity)
    numbers = picture.pixels / 255
    if gamma is None:
        numbers = np.where(numbers <= 0.04045, numbers / 12.92, ((numbers + 0.055) / 1.055) ** 2.4)
    expected = srgb_by_formula(numbers, 1 / (gamma or 1), chromaticity)
    photo, notes = photo_of(picture)
    np.testing.assert_allclose(photo.rgb, 255 * expected, atol=1)
    assert notes == []
    # A cut-out says the same in older words, which every reader knows.
    (tmp_path / "cutout.png").write_bytes(encode_png(photo.own, profile=photo.profile))
    again, _ = photo_of(read_picture(tmp_path / "cutout.png"))
    np.testing.assert_allclose(again.rgb, photo.rgb.astype(int), atol=1)


@pytest.mark.parametrize("kind", ["PNG", "AVIF"])
def test_code_points_of_srgb_or_of_nothing_change_nothing(read, kind):
    for primaries, transfer in ((1, 13), (1, 1), (2, 2)):
        picture = read(coded(kind, primaries, transfer))
        assert (picture.profile, picture.notes) == (None, ())
    (note,) = read(coded(kind, 9, 16)).notes
    assert note == "its colours are made for HDR screens (PQ), which is passed over"


def test_code_points_come_before_a_pngs_profile_and_after_that_of_others(read):
    profile = matrix_profile(ADOBE_RGB, GAMMA_22)
    assert read(coded("PNG", 1, 13, icc_profile=profile)).profile is None
    assert code_points_of("PNG", coded("PNG", 12, 13), {}) == (12, 13)
    named = {"nclx_profile": {"color_primaries": 12, "transfer_characteristics": 13}}
    image = Image.fromarray(COLOURS)
    image.info |= named
    assert usable_profile(image, "HEIC", None)[0].chromaticity == DISPLAY_P3
    image.info["icc_profile"] = profile
    assert usable_profile(image, "HEIC", None)[0].icc == profile


GAMMA_22 = struct.pack(">4s4xI", b"curv", 1) + struct.pack(">H", round(2.2 * 256))
TABLE = struct.pack(">4s4xI", b"curv", 1024) + struct.pack(
    ">1024H", *(round(65_535 * (i / 1023) ** 1.8) for i in range(1024))
)
SRGB_CURVE = struct.pack(">4s4xHxx", b"para", 3) + struct.pack(
    ">5i", *(round(65_536 * v) for v in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
)
PARA = {
    0: (2.0,),
    1: (2.0, 1.1, -0.1),
    2: (2.0, 0.9, 0.05, -0.0025),  # black is black: LittleCMS moves another one there
    4: (2.2, 0.95, 0.05, 0.08, 0.05, -0.00197, 0.0),
}
CURVES = {"gamma": GAMMA_22, "table": TABLE, "sRGB's": SRGB_CURVE} | {
    f"parametric {kind}": struct.pack(">4s4xHxx", b"para", kind)
    + struct.pack(f">{len(values)}i", *(round(65_536 * value) for value in values))
    for kind, values in PARA.items()
}


def by_littlecms(pixels, icc, mode="RGB"):
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    image = Image.fromarray(pixels, mode)
    return np.asarray(
        ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    )


@pytest.mark.parametrize("primaries", [ADOBE_RGB, DISPLAY_P3], ids=["Adobe RGB", "Display P3"])
@pytest.mark.parametrize("curve", CURVES)
def test_16_bits_are_converted_as_littlecms_converts_8(primaries, curve):
    icc = matrix_profile(primaries, CURVES[curve])
    expected = by_littlecms(COLOURS, icc)
    np.testing.assert_array_equal(to_srgb(COLOURS, ColourProfile(icc)), expected)
    deep = to_srgb(COLOURS.astype(np.uint16) * 257, ColourProfile(icc))
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - expected).max() <= 1.01  # LittleCMS rounds in between
    assert len(np.unique(deep)) > 1000


def test_16_bits_are_not_rounded_to_8_on_the_way():
    ramp = np.repeat(np.arange(0, 65_536, 16, dtype=np.uint16)[None, :, None], 3, axis=2)
    icc = matrix_profile(DISPLAY_P3, GAMMA_22)
    converted = to_srgb(ramp, ColourProfile(icc))
    assert len(np.unique(converted[..., 1])) > 4000
    exact = srgb_by_formula(ramp / 65_535, round(2.2 * 256) / 256, DISPLAY_P3)
    assert np.abs(converted / 65_535 - exact).max() < 0.001


def with_chunks(pixels, gamma=None, chromaticity=None, **more):
    info = PngImagePlugin.PngInfo()
    if gamma:
        info.add(b"gAMA", struct.pack(">I", round(gamma * 100_000)))
    if chromaticity:
        info.add(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in chromaticity)))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", pnginfo=info, **more)
    return file.getvalue()


@pytest.fixture
def read(tmp_path):
    def call(content):
        (tmp_path / "photo.png").write_bytes(content)
        return read_picture(tmp_path / "photo.png")

    return call


@pytest.mark.parametrize(
    "gamma, chromaticity",
    [(1 / 1.8, None), (1.0, None), (1 / 2.2, ADOBE_RGB), (0.6, DISPLAY_P3)],
)
def test_gamma_and_primaries_of_a_png(read, gamma, chromaticity):
    photo, notes = photo_of(read(with_chunks(COLOURS, gamma, chromaticity)))
    stored = round(gamma * 100_000) / 100_000
    expected = 255 * srgb_by_formula(COLOURS / 255, 1 / stored, chromaticity or SRGB)
    assert np.abs(photo.rgb - expected).max() < 0.6
    np.testing.assert_array_equal(photo.own, COLOURS)
    assert notes == []


def test_primaries_without_a_gamma_go_with_srgbs_curve(read):
    photo, _ = photo_of(read(with_chunks(COLOURS, None, DISPLAY_P3)))
    expected = by_littlecms(COLOURS, matrix_profile(DISPLAY_P3, SRGB_CURVE))
    assert np.abs(photo.rgb.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("gamma, chromaticity", [(0.45455, None), (0.45455, SRGB), (None, SRGB)])
def test_what_writers_of_srgb_put_into_a_png_changes_nothing(read, gamma, chromaticity):
    picture = read(with_chunks(COLOURS, gamma, chromaticity))
    assert picture.profile is None
    np.testing.assert_array_equal(photo_of(picture)[0].rgb, COLOURS)


def test_profiles_of_srgb_change_nothing(read):
    for icc in (
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        matrix_profile(SRGB, SRGB_CURVE),
    ):
        picture = read(with_chunks(COLOURS, icc_profile=icc))
        assert picture.profile is None
        np.testing.assert_array_equal(photo_of(picture)[0].rgb, COLOURS)


@pytest.mark.parametrize(
    "profile",
    [
        ColourProfile(matrix_profile(DISPLAY_P3, SRGB_CURVE)),
        ColourProfile(None, 0.55, ADOBE_RGB),
        ColourProfile(None, 0.6),
    ],
    ids=["ICC", "gamma and primaries", "gamma"],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_written_profile_comes_back(tmp_path, profile, dtype):
    rgba = np.dstack([COLOURS, COLOURS[..., 0]]).astype(dtype)
    write_png(tmp_path / "cutout.png", rgba, profile=profile)
    picture = read_picture(tmp_path / "cutout.png")
    np.testing.assert_array_equal(picture.pixels, rgba[..., :3])
    assert picture.profile.icc == profile.icc
    assert picture.profile.gamma == profile.gamma
    np.testing.assert_allclose(picture.profile.chromaticity, profile.chromaticity, atol=1e-5)
    with Image.open(tmp_path / "cutout.png") as image:
        image.load()  # whether every chunk's checksum is right
        assert image.info.get("icc_profile") == profile.icc


def test_grey_with_a_profile_of_grey(read):
    gamma = 1.8
    curve = struct.pack(">4s4xI", b"curv", 1) + struct.pack(">H", round(gamma * 256))
    icc = matrix_profile(SRGB, curve).replace(b"RGB ", b"GRAY", 1).replace(b"rTRC", b"kTRC", 1)
    grey = COLOURS[..., 0]
    photo, notes = photo_of(read(with_chunks(grey, icc_profile=icc)))
    expected = by_littlecms(grey, icc, "L")
    np.testing.assert_array_equal(photo.rgb, expected)
    # A cut-out is RGB, in which a profile of grey means nothing.
    np.testing.assert_array_equal(photo.own, expected)
    assert photo.profile is None and notes == []


def grey_and_opacity_png(grey, icc):
    """A PNG of 16 bits, all opaque, as neither library writes one."""
    pixels = np.dstack([grey, np.full_like(grey, 65_535)]).astype(">u2")
    header = struct.pack(">IIBBBBB", *grey.shape[::-1], 16, 4, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))
    profile = b"grey\0\0" + zlib.compress(icc)
    chunks = {b"IHDR": header, b"iCCP": profile, b"IDAT": data, b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*item) for item in chunks.items())


def test_a_profile_of_grey_goes_with_grey_however_it_is_stored(read):
    curve = struct.pack(">4s4xI", b"curv", 1) + struct.pack(">H", round(1.8 * 256))
    icc = matrix_profile(SRGB, curve).replace(b"RGB ", b"GRAY", 1).replace(b"rTRC", b"kTRC", 1)
    grey = RANDOM.integers(0, 256, (40, 50)).astype(np.uint16)
    expected = by_littlecms(grey.astype(np.uint8), icc, "L").astype(int)
    as_rgb = io.BytesIO()
    Image.fromarray(np.dstack([grey] * 3).astype(np.uint8)).save(
        as_rgb, "WEBP", lossless=True, icc_profile=icc
    )
    for content in (grey_and_opacity_png(257 * grey, icc), as_rgb.getvalue()):
        photo, notes = photo_of(read(content))
        assert np.abs(photo.rgb - expected).max() <= 1
        assert photo.profile is None and notes == []
    colours = with_chunks(COLOURS, icc_profile=icc)
    assert photo_of(read(colours))[1] == [
        "its colour profile does not go with its pixels and is passed over"
    ]


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.6])
def test_grey_of_16_bits_follows_a_profile_of_grey(read, gamma):
    curve = struct.pack(">4s4xI", b"curv", 1) + struct.pack(">H", round(gamma * 256))
    icc = matrix_profile(SRGB, curve).replace(b"RGB ", b"GRAY", 1).replace(b"rTRC", b"kTRC", 1)
    grey = RANDOM.integers(0, 65_536, (40, 50)).astype(np.uint16)
    photo, notes = photo_of(read(encode_png(grey, profile=ColourProfile(icc))))
    light = (grey / 65_535) ** (round(gamma * 256) / 256)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(photo.own - 65_535 * coded[..., None]).max() <= 1
    assert photo.profile is None and notes == []


def test_a_profile_that_cannot_be_used_is_passed_over_and_told(read):
    for icc in (b"no profile at all", matrix_profile(SRGB, GAMMA_22)[:200]):
        picture = read(with_chunks(COLOURS, icc_profile=icc))
        assert picture.notes == ("its colour profile cannot be used and is passed over",)
        np.testing.assert_array_equal(photo_of(picture)[0].rgb, COLOURS)
    strange = (0.3, 0.0, 0.6, 0.3, 0.3, 0.6, 0.15, 0.06)
    assert read(with_chunks(COLOURS, 0.5, strange)).profile is None
    with pytest.raises(ProfileError):
        to_srgb(COLOURS, ColourProfile(None, 0.5, (0.3, 0.3) * 4))


def cmyk_profile():
    """Some CMYK profile of this machine, or None."""
    for folder in ("/usr/share/color/icc", "/usr/share/ghostscript"):
        for path in sorted(Path(folder).rglob("*.icc")):
            if path.read_bytes()[16:20] == b"CMYK":
                return path.read_bytes()
    return None


def test_cmyk_follows_its_profile(tmp_path, monkeypatch):
    calls = []

    def converted(image, icc):
        calls.append((image.mode, icc))
        return Image.new("RGB", image.size, (10, 20, 30))

    monkeypatch.setattr("dim_tf.pictures.colour.converted", converted)
    monkeypatch.setattr("dim_tf.pictures.decoding.converted", converted)
    icc = bytes(16) + b"CMYK" + bytes(108)
    Image.fromarray(COLOURS).convert("CMYK").save(tmp_path / "photo.jpg", icc_profile=icc)
    picture = read_picture(tmp_path / "photo.jpg")
    assert calls[-1] == ("CMYK", icc)
    np.testing.assert_array_equal(
        picture.pixels, np.broadcast_to(np.uint8([10, 20, 30]), COLOURS.shape)
    )
    assert picture.profile is None  # its numbers are sRGB now


@pytest.mark.skipif(cmyk_profile() is None, reason="no CMYK profile on this machine")
def test_cmyk_with_a_real_profile(tmp_path):
    image = Image.fromarray(COLOURS).convert("CMYK")
    image.save(tmp_path / "photo.tif", icc_profile=cmyk_profile())
    source = ImageCms.ImageCmsProfile(io.BytesIO(cmyk_profile()))
    srgb = ImageCms.createProfile("sRGB")
    expected = np.asarray(ImageCms.profileToProfile(image, source, srgb, outputMode="RGB"))
    np.testing.assert_array_equal(read_rgb(tmp_path / "photo.tif"), expected)


def test_pngs_without_a_profile_are_as_they_were():
    assert b"iCCP" not in encode_png(COLOURS)
    chunk = encode_png(COLOURS, profile=ColourProfile(b"profile"))
    place = chunk.index(b"iCCP")
    assert place == 37  # right behind the header
    (length,) = struct.unpack_from(">I", chunk, place - 4)
    data = chunk[place + 4 : place + 4 + length]
    assert zlib.decompress(data.partition(b"\0\0")[2]) == b"profile"


@pytest.mark.skipif("DIM_TF_DATA" not in os.environ, reason="needs the pictures of DIM_TF_DATA")
def test_a_phones_photo_with_display_p3():
    path = Path(os.environ["DIM_TF_DATA"]) / "cases" / "p3.png"
    with Image.open(path) as image:
        icc, pixels = image.info["icc_profile"], np.asarray(image.convert("RGB"))
    photo, _ = photo_of(read_picture(path))
    np.testing.assert_array_equal(photo.own, pixels)
    assert photo.profile.icc == icc
    np.testing.assert_array_equal(photo.rgb, by_littlecms(pixels, icc))
    shift = np.abs(photo.rgb.astype(int) - pixels)
    assert shift.max() > 20  # what was lost
