"""Whatever the reader and the command line get: a result of the right size, or one sentence.

What is tried is drawn by hypothesis, the same in every run.
"""

import io

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dim_tf.commands import matte as run
from dim_tf.config import InferenceConfig, config_from_values
from dim_tf.pictures.mask import mask_of
from dim_tf.pictures.matte import matte_of
from dim_tf.pictures.photo import photo_of
from dim_tf.pictures.picture import read_picture
from dim_tf.pictures.trimap import trimap_of
from dim_tf.system.errors import InputError

SAME_EVERY_TIME = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

SIDES = st.integers(1, 40)
SHAPES = {"L": (), "RGB": (3,), "RGBA": (4,), "LA": (2,), "CMYK": (4,)}
MODES_OF = {
    "PNG": ("L", "RGB", "RGBA", "LA", "P", "1", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "TIFF": ("L", "RGB", "RGBA", "LA", "P", "1", "CMYK", "I;16", "F", "I"),
    "WEBP": ("RGB", "RGBA"),
    "AVIF": ("RGB", "RGBA"),
    "GIF": ("L", "RGB", "P", "1"),
    "BMP": ("L", "RGB", "P", "1"),
    "PPM": ("L", "RGB", "1"),
}
OPTIONS_OF = {
    "JPEG": ({}, {"quality": 20}, {"progressive": True}),
    "TIFF": ({}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}),
    "WEBP": ({}, {"lossless": True}),
}


def encoded(pixels, kind, mode, orientation=1, **options):
    """A file made of [H, W, 4] uint8."""
    if mode in SHAPES:
        image = Image.fromarray(pixels[..., : SHAPES[mode][0]] if SHAPES[mode] else pixels[..., 0])
        if mode in ("LA", "CMYK"):
            image = Image.fromarray(np.ascontiguousarray(pixels[..., : SHAPES[mode][0]]), mode)
    elif mode == "P":
        image = Image.fromarray(pixels[..., :3]).quantize(16)
    elif mode == "1":
        image = Image.fromarray(pixels[..., 0] > 127)
    else:
        scaled = {
            "I;16": pixels[..., 0].astype(np.uint16) * 257,
            "F": pixels[..., 0].astype(np.float32) / 255,
            "I": pixels[..., 0].astype(np.int32),
        }
        image = Image.fromarray(scaled[mode])
    if kind in ("JPEG", "PNG", "TIFF", "WEBP"):
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@st.composite
def files(draw, content, orientations=(1,) * 9 + (2, 3, 4, 5, 6, 7, 8), without=()):
    """A file of any kind and mode with the pixels of `content` (height, width, number → array)."""
    kind = draw(st.sampled_from(sorted(MODES_OF)))
    mode = draw(st.sampled_from([mode for mode in MODES_OF[kind] if mode not in without]))
    options = draw(st.sampled_from(OPTIONS_OF.get(kind, ({},))))
    orientation = draw(st.sampled_from(orientations))
    pixels = content(draw(SIDES), draw(SIDES), draw(st.integers(0, 99)))
    return encoded(pixels, kind, mode, orientation, **options)


def noise(height, width, number):
    return np.random.default_rng(number).integers(0, 256, (height, width, 4), np.uint8)


@st.composite
def damaged(draw, whole):
    """A file cut short, with bytes changed, with bytes put in, or whole."""
    content = bytearray(draw(whole))
    how = draw(st.sampled_from(["whole", "cut", "changed", "put in", "other start"]))
    if how == "cut":
        del content[draw(st.integers(0, len(content) - 1)) :]
    elif how == "changed":
        for _ in range(draw(st.integers(1, 8))):
            # Early bytes, where headers are, as often as all others.
            end = draw(st.sampled_from([min(60, len(content)), len(content)])) - 1
            content[draw(st.integers(0, end))] = draw(st.integers(0, 255))
    elif how == "put in":
        place = draw(st.integers(0, len(content)))
        content[place:place] = draw(st.binary(min_size=1, max_size=20))
    elif how == "other start":
        content[:8] = draw(st.binary(max_size=16))
    return bytes(content)


@settings(SAME_EVERY_TIME, max_examples=400)
@given(content=damaged(files(noise)))
def test_a_file_is_read_at_the_size_it_claims_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "picture"
    path.write_bytes(content)
    try:
        picture = read_picture(path)
    except InputError as refusal:
        assert str(path) in str(refusal) and "\n" not in str(refusal)
        return
    with Image.open(io.BytesIO(content)) as image:
        claimed = image.size[::-1]
    # Pillow says of a TIFF how large it is as seen.
    turns = picture.orientation >= 5 and picture.kind != "TIFF"
    assert picture.shape == (claimed[::-1] if turns else claimed)
    assert picture.pixels.dtype in (np.uint8, np.uint16)
    assert picture.pixels.shape[2:] in ((), (3,))
    assert picture.opacity is None or picture.opacity.shape == picture.shape
    assert picture.opacity is None or picture.opacity.dtype == picture.pixels.dtype
    assert picture.labels is None or picture.labels.shape == picture.shape
    photo, notes = photo_of(picture)
    assert photo.rgb.shape == (*picture.shape, 3) and photo.rgb.dtype == np.uint8
    assert photo.own.shape == photo.rgb.shape and photo.own.dtype == picture.pixels.dtype
    for role, levels in ((mask_of, None), (matte_of, None), (trimap_of, {0, 128, 255})):
        try:
            values, notes = role(picture)
        except InputError as refusal:
            assert str(path) in str(refusal) and "\n" not in str(refusal)
            continue
        assert values.shape == picture.shape and values.dtype == np.uint8
        assert all("\n" not in note for note in notes)
        assert levels is None or set(np.unique(values)) <= levels


@settings(SAME_EVERY_TIME, max_examples=300)
@given(
    content=st.binary(max_size=300),
    start=st.sampled_from(
        [
            *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF1234WEBP", b"II*\0", b"MM\0*"),
            *(b"BM", b"P5 ", b"GIF89a", b"\0\0\0\x1cftypavif", b"\0\0\0\x1cftypheic", b""),
        ]
    ),
)
def test_a_header_is_understood_or_refused(content, start, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "header"
    path.write_bytes(start + content)
    try:
        picture = read_picture(path)
    except InputError as refusal:
        assert str(path) in str(refusal) and "\n" not in str(refusal)
        return
    assert min(picture.shape) > 0 and 1 <= picture.orientation <= 8


def blob(height, width, number):
    """[H, W] float64: positive inside of a random shape."""
    random = np.random.default_rng(number)
    smooth = cv2.resize(random.normal(size=(5, 5)), (width, height), interpolation=cv2.INTER_CUBIC)
    return smooth + random.uniform(-1, 1)


def opaque(grey):
    return np.dstack([grey, grey, grey, np.full_like(grey, 255)])


def mask(height, width, number):
    return opaque(np.where(blob(height, width, number) > 0, np.uint8(255), np.uint8(0)))


def trimap(height, width, number):
    shape = blob(height, width, number)
    return opaque(np.select([shape > 0.4, shape > -0.4], [255, 128], 0).astype(np.uint8))


def matte(height, width, number):
    return opaque(np.clip(128 + 200 * blob(height, width, number), 0, 255).astype(np.uint8))


def labels(height, width, number):
    return opaque(np.clip(blob(height, width, number) + 1, 0, 2).round().astype(np.uint8))


def cut_out(height, width, number):
    picture = noise(height, width, number)
    picture[..., 3] = matte(height, width, number)[..., 0]
    return picture


def plain(height, width, number):
    return opaque(np.full((height, width), number * 5 % 256, np.uint8))


def in_the_middle(levels):
    """Content whose object is in the middle, of these levels from the outside to the inside."""

    def make(height, width, number):
        rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        ring = np.hypot(rows, columns) < np.linspace(0.9, 0.4, len(levels) - 1)[:, None, None]
        return opaque(np.uint8(levels)[ring.sum(axis=0)])

    return make


@st.composite
def sound_commands(draw):
    """Two whole files of one size, the second one clearly a mask or a trimap, and settings."""
    height, width = draw(st.integers(24, 90)), draw(st.integers(24, 90))
    flag, levels = draw(st.sampled_from([("alpha", (0, 255)), ("trimap", (0, 128, 255))]))

    def whole(make, is_mask=False):
        """Not of 32 bits, which are refused, nor of inks, which mean other levels."""
        return files(
            lambda _height, _width, number: make(height, width, number),
            orientations=[1],
            without=("I", "CMYK") if is_mask else ("I", "CMYK", "1"),
        )

    values = {
        "bits": draw(st.sampled_from(["8", "16"])),
        "size": draw(st.sampled_from([0, 0, 0, 32])),
        flag: "second",
    }
    if flag == "alpha":
        values |= {
            "invert": draw(st.sampled_from(["auto", "no"])),
            "trimap_mode": draw(st.sampled_from(["dilate_erode", "dilate"])),
            "trimap_kernel": draw(st.sampled_from(["auto", 3, 8])),
        }
    second = whole(in_the_middle(levels), is_mask=flag == "alpha")
    return draw(whole(noise)), draw(second), values


@st.composite
def commands(draw):
    """A photo, a second file of the same or another size or none, and settings."""
    flag = draw(st.sampled_from(["alpha", "alpha", "trimap", "trimap", "rect"]))
    fitting = [mask, mask, matte, cut_out] if flag == "alpha" else [trimap] * 4
    second = draw(st.sampled_from([*fitting, *fitting, mask, trimap, labels, plain, noise]))
    height, width = draw(SIDES | st.integers(40, 90)), draw(SIDES | st.integers(40, 90))
    other_size = draw(st.sampled_from([(1, 1)] * 6 + [(2, 2), (0.5, 0.5), (3, 1), "turned"]))

    def of_size(make, height, width):
        return files(lambda _height, _width, number: make(height, width, number))

    if other_size == "turned":
        second_size = width, height
    else:
        second_size = (max(1, int(height * other_size[0])), max(1, int(width * other_size[1])))
    photo = of_size(noise, height, width)
    second = of_size(second, *second_size)
    if draw(st.integers(0, 9)) == 0:
        photo, second = damaged(photo), damaged(second)
    photo, second = draw(photo), draw(second)
    if draw(st.integers(0, 9)) == 0:
        photo, second = second, photo
    values = {
        "invert": draw(st.sampled_from(["auto", "auto", "yes", "no"])),
        "trimap_mode": draw(st.sampled_from(["dilate_erode", "dilate"])),
        "trimap_kernel": draw(st.sampled_from(["auto", "auto", "auto", 3, 8])),
        "bits": draw(st.sampled_from(["8", "16"])),
        "size": draw(st.sampled_from([0, 0, 0, 32])),
    }
    if flag == "rect":
        numbers = st.tuples(*[st.integers(0, 30)] * 4)
        values["rect"] = draw(st.just("auto") | numbers.map(lambda four: ",".join(map(str, four))))
    else:
        values[flag] = "second"
    return photo, second, values


@pytest.fixture
def call(tiny_model, tiny_checkpoint, tmp_path, monkeypatch, capsys):
    """Runs a command and looks at what it leaves: the refusal, or None and a matte."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "load_network", lambda *_: (tiny_model, tiny_checkpoint))
    given = {"rgb": "photo", "checkpoint": str(tiny_checkpoint)}
    given |= {"output": "matte.png", "save_trimap": "trimap.png"}

    def run_on(photo, second, values):
        (tmp_path / "photo").write_bytes(photo)
        (tmp_path / "second").write_bytes(second)
        for output in ("matte.png", "trimap.png"):
            (tmp_path / output).unlink(missing_ok=True)
        try:
            run.run_inference(config_from_values(InferenceConfig, given | values))
        except InputError as refusal:
            assert "\n" not in str(refusal)
            assert sorted(path.name for path in tmp_path.iterdir()) == ["photo", "second"]
            return str(refusal)
        finally:
            printed = capsys.readouterr()
            assert printed.err == ""
            assert all(": " in line for line in printed.out.splitlines())
        exchanged = "are exchanged" in printed.out
        expected = read_picture("second" if exchanged else "photo").pixels.shape[:2]
        written = cv2.imread("matte.png", cv2.IMREAD_UNCHANGED)
        assert written.shape == expected
        assert written.dtype == (np.uint16 if values["bits"] == "16" else np.uint8)
        seen = cv2.imread("trimap.png", cv2.IMREAD_UNCHANGED)
        assert seen.shape == expected
        assert {128} <= set(np.unique(seen)) <= {0, 128, 255}
        largest = np.iinfo(written.dtype).max
        assert (written[seen == 0] == 0).all() and (written[seen == 255] == largest).all()
        return None

    return run_on


@settings(SAME_EVERY_TIME, max_examples=160)
@given(command=commands())
def test_the_command_line_gives_a_matte_of_the_photos_size_or_one_sentence(command, call):
    call(*command)


@settings(SAME_EVERY_TIME, max_examples=50)
@given(command=sound_commands())
def test_what_is_whole_and_of_one_size_gives_a_matte(command, call):
    assert call(*command) is None
