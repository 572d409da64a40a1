import io
import re

import cv2
import numpy as np
import pytest
from PIL import Image

from dim_tf.config import ReadingConfig
from dim_tf.pictures.picture import read_picture, turned
from dim_tf.system.errors import InputError
from dim_tf.trimaps.on_photo import photo_and_trimap

HEIGHT, WIDTH = 90, 120
RANDOM = np.random.default_rng(5)
NOISE = cv2.GaussianBlur(RANDOM.normal(size=(HEIGHT, WIDTH, 3)), (0, 0), 1.5)
PHOTO = np.clip(127 + 300 * NOISE, 0, 255).astype(np.uint8)
Y, X = np.ogrid[:HEIGHT, :WIDTH]
# Left of the middle, so that a turn or a flip shows.
DISTANCE = np.hypot(Y - 40, X - 50)
MASK = np.where(DISTANCE < 30, np.uint8(255), np.uint8(0))
TRIMAP = np.select([DISTANCE < 25, DISTANCE < 35], [255, 128], 0).astype(np.uint8)


@pytest.fixture
def read(tmp_path, monkeypatch, capsys):
    """Reads a photo and a mask or trimap, and returns the arrays and the lines printed."""
    monkeypatch.chdir(tmp_path)

    def call(photo, *, alpha=None, trimap=None, **settings):
        given = alpha if alpha is not None else trimap
        name = "mask" if alpha is not None else "trimap"
        for file, image in (("photo", photo), (name, given)):
            if isinstance(image, np.ndarray):
                image = encoded(image)
            if image is not None:
                (tmp_path / file).write_bytes(image)
        if given is not None:
            settings["alpha" if alpha is not None else "trimap"] = name
        reading = ReadingConfig(**settings)
        picture, beside = (
            None if file is None else read_picture(tmp_path / file, reading.max_input_megapixels)
            for file in ("photo", None if given is None else name)
        )
        photo, made, _ = photo_and_trimap(picture, beside, reading)
        rgb = photo.rgb
        assert made.shape == rgb.shape[:2] and rgb.shape[2] == 3
        assert rgb.dtype == made.dtype == np.uint8
        return rgb, made, capsys.readouterr().out.replace(f"{tmp_path}/", "").splitlines()

    return call


def encoded(image, kind="PNG", orientation=1, **options):
    if image.dtype == np.uint16:
        return cv2.imencode(".png", image)[1].tobytes()
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(file, kind, exif=exif, **options)
    return file.getvalue()


def test_what_needs_no_repair_is_not_mentioned(read):
    rgb, trimap, lines = read(PHOTO, trimap=TRIMAP)
    np.testing.assert_array_equal(rgb, PHOTO)
    np.testing.assert_array_equal(trimap, TRIMAP)
    assert lines == []
    _, trimap, lines = read(PHOTO, alpha=MASK)
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert (MASK[trimap == 255] == 255).all() and (MASK[trimap == 0] == 0).all()
    assert lines == []


RGB_TRIMAP = np.dstack([TRIMAP] * 3)
OPAQUE = np.full_like(TRIMAP, 255)
KNOWN_OPAQUE = np.where(TRIMAP == 0, np.uint8(0), np.uint8(255))


@pytest.mark.parametrize(
    "name, image, note",
    [
        ("three channels", RGB_TRIMAP, None),
        ("opaque", np.dstack([RGB_TRIMAP, OPAQUE]), None),
        ("see-through background", np.dstack([RGB_TRIMAP, KNOWN_OPAQUE]), "taken as black"),
        ("in the transparency", np.dstack([PHOTO, TRIMAP]), "taken as the trimap"),
        ("beside a matte", np.dstack([RGB_TRIMAP, MASK // 2 + 90]), "transparency is ignored"),
        ("16 bits", TRIMAP.astype(np.uint16) * 257, None),
        ("8 of 16 bits", TRIMAP.astype(np.uint16), "16 bits and values up to 255 only"),
        ("labels", TRIMAP // 127, "its values 0, 1 and 2 are taken as 0, 128 and 255"),
        ("127 and 254", np.where(TRIMAP, TRIMAP - 1, 0).astype(np.uint8), "almost but not quite"),
        ("inverted", np.where(TRIMAP == 128, np.uint8(128), 255 - TRIMAP), "--invert"),
        ("half the size", TRIMAP[::2, ::2], "its 60×45 pixels are resized to the photo's 120×90"),
        ("double size", TRIMAP.repeat(2, 0).repeat(2, 1), "its 240×180 pixels are resized"),
    ],
)
def test_trimaps_of_every_kind(read, name, image, note):
    _, trimap, lines = read(PHOTO, trimap=image)
    assert [line.startswith("trimap: ") for line in lines] == [True] * (note is not None)
    assert note is None or note in lines[0]
    different = np.mean(trimap != TRIMAP)
    assert different < 0.06 if name == "half the size" else different == 0


def test_a_palette_trimap_and_a_jpeg_trimap(read):
    palette = Image.fromarray(TRIMAP).convert("P")
    file = io.BytesIO()
    palette.save(file, "PNG")
    np.testing.assert_array_equal(read(PHOTO, trimap=file.getvalue())[1], TRIMAP)
    _, trimap, (line,) = read(PHOTO, trimap=encoded(TRIMAP, "JPEG", quality=60))
    assert "noisy, as in a JPEG" in line
    assert np.mean(trimap != TRIMAP) < 0.02


RGB_MASK = np.dstack([MASK] * 3)


@pytest.mark.parametrize(
    "name, image, note",
    [
        ("three channels", RGB_MASK, None),
        ("opaque", np.dstack([RGB_MASK, OPAQUE]), None),
        ("a cut-out", np.dstack([PHOTO, MASK]), "its transparency is taken as the mask"),
        ("black drawing", np.dstack([0 * RGB_MASK, MASK]), "its transparency is taken as the mask"),
        ("see-through outside", np.dstack([RGB_MASK, KNOWN_OPAQUE]), "are taken as black"),
        ("0 and 1", MASK // 255, "its values 0 and 1 are taken as 0 and 255"),
        ("16 bits", MASK.astype(np.uint16) * 257, None),
        (
            "1 of 16 bits",
            (MASK // 255).astype(np.uint16),
            "its values 0 and 1 are taken as 0 and 255",
        ),
        (
            "red",
            np.dstack([MASK, 0 * MASK, 0 * MASK]),
            "its label #ff0000 is taken as the object",
        ),
        ("inverted", 255 - MASK, "black is taken as the object (--invert=no if white is)"),
        ("bits", MASK > 0, None),
    ],
)
def test_masks_of_every_kind(read, name, image, note):
    _, expected, _ = read(PHOTO, alpha=MASK)
    _, trimap, lines = read(PHOTO, alpha=image)
    np.testing.assert_array_equal(trimap, expected)
    assert lines == [] if note is None else note in lines[0]


def test_a_soft_matte_is_a_mask_too(read):
    matte = np.clip((40 - DISTANCE) * 12, 0, 255).astype(np.uint8)
    _, trimap, lines = read(PHOTO, alpha=matte)
    assert (trimap[(matte > 0) & (matte < 255)] == 128).all()
    assert lines == []


def test_a_smaller_mask_is_enlarged_and_its_band_is_wide_enough_for_its_steps(read):
    photo = PHOTO.repeat(4, 0).repeat(4, 1)
    _, trimap, (line,) = read(photo, alpha=MASK)
    assert line == "mask: its 120×90 pixels are resized to the photo's 480×360."
    exact = np.where(
        np.hypot(np.ogrid[:360][:, None] - 161.5, np.arange(480) - 201.5) < 120, 255, 0
    )
    assert (exact[trimap == 0] == 0).all() and (exact[trimap == 255] == 255).all()
    assert np.mean(trimap == 128) < 0.2
    outside = cv2.distanceTransform(np.uint8(exact == 0), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert outside[trimap == 0].min() > 6


def test_what_a_trimap_loses_when_it_is_reduced_is_noticed(read):
    with pytest.raises(InputError, match="loses all its unknown pixels"):
        read(PHOTO[:1, :2], trimap=np.uint8([[128, 0, 128, 255]] * 2))


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_mask_made_from_the_photo_as_stored_is_turned_like_it(read, orientation):
    photo = encoded(PHOTO, "PNG", orientation)
    rgb, trimap, (line,) = read(photo, trimap=TRIMAP)
    np.testing.assert_array_equal(rgb, turned(PHOTO, orientation))
    np.testing.assert_array_equal(trimap, turned(TRIMAP, orientation))
    assert re.match("trimap: it lacks the EXIF orientation of .*photo and is turned like it", line)
    for other in (turned(TRIMAP, orientation), encoded(TRIMAP, "PNG", orientation)):
        _, same, lines = read(photo, trimap=other)
        np.testing.assert_array_equal(same, trimap)
        assert lines == []


@pytest.mark.parametrize("flag, image", [("alpha", MASK), ("trimap", TRIMAP)])
def test_exchanged_files_are_noticed(read, flag, image):
    expected = read(PHOTO, **{flag: image})
    rgb, trimap, (line,) = read(image, **{flag: PHOTO})
    np.testing.assert_array_equal(rgb, expected[0])
    np.testing.assert_array_equal(trimap, expected[1])
    assert "it is a mask and" in line and f"--rgb and --{flag} are exchanged" in line


def test_a_photo_with_transparency_is_put_on_white(read):
    rgb, _, (line,) = read(np.dstack([PHOTO, MASK]), trimap=TRIMAP)
    np.testing.assert_array_equal(rgb[MASK == 255], PHOTO[MASK == 255])
    assert (rgb[MASK == 0] == 255).all()
    assert line == "photo: it is transparent in places and is put on white, as viewers show it."
    half = read(np.dstack([PHOTO, np.full_like(MASK, 127)]), trimap=TRIMAP)[0]
    np.testing.assert_allclose(half, (PHOTO * 127.0 + 255 * 128) / 255, atol=0.5)


def test_a_grey_and_a_16_bit_photo(read):
    rgb, _, _ = read(PHOTO[..., 0], trimap=TRIMAP)
    np.testing.assert_array_equal(rgb, np.dstack([PHOTO[..., 0]] * 3))
    rgb, _, _ = read(PHOTO[..., ::-1].astype(np.uint16) * 257, trimap=TRIMAP)
    np.testing.assert_array_equal(rgb, PHOTO)


def test_the_first_of_several_pictures_is_taken_and_told(read):
    file = io.BytesIO()
    pages = [Image.fromarray(PHOTO), Image.fromarray(255 - PHOTO)]
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    rgb, _, (line,) = read(file.getvalue(), trimap=TRIMAP)
    np.testing.assert_array_equal(rgb, PHOTO)
    assert line == "photo: it holds several pictures, the first is taken."


def test_a_rectangle_instead_of_a_mask(read):
    photo = np.where(MASK[..., None] > 0, (200, 60, 40), (40, 120, 50)) + PHOTO // 16
    _, trimap, (line,) = read(photo.astype(np.uint8), rect="10,4,90,80")
    assert re.match("photo: GrabCut took 2[0-9]% of it as the object", line)
    assert (MASK[trimap == 0] == 0).all() and (MASK[trimap == 255] == 255).all()


@pytest.mark.parametrize(
    "given, sentence",
    [
        (
            {"alpha": MASK.T},
            "is 120×90 pixels and mask 90×120; give two pictures of the same size; ",
        ),
        ({"trimap": TRIMAP[:60]}, "is 120×90 pixels and trimap 120×60; give two pictures of"),
        ({"alpha": PHOTO}, "mask is a photo in colours, not a mask"),
        ({"trimap": PHOTO}, "trimap is a picture in colours, not a trimap"),
        ({"trimap": PHOTO[..., 0]}, "trimap is no trimap"),
        ({"trimap": MASK}, "no unknown pixel (128)"),
        ({"trimap": np.full_like(MASK, 255)}, "no unknown pixel (128)"),
        ({"alpha": np.full_like(MASK, 77)}, "the value 77 everywhere"),
        ({"alpha": MASK, "max_input_megapixels": 0.01}, "more than 0.01 megapixels"),
        ({"rect": "100,0,50,50"}, "--rect=100,0,50,50 is not inside"),
    ],
)
def test_what_cannot_be_repaired_is_refused_in_one_sentence(read, given, sentence, tmp_path):
    with pytest.raises(InputError) as refusal:
        read(PHOTO, **given)
    message = str(refusal.value).replace(f"{tmp_path}/", "")
    assert sentence in message
    assert "\n" not in message
