"""The pictures that come back: the bytes that the command writes for the same files."""

import json
import urllib.parse

import numpy as np
import pytest
from PIL import Image

from dim_tf.commands.matte import run_inference
from dim_tf.config import InferenceConfig, config_from_values
from dim_tf.page.recent import RecentArrays
from dim_tf.pictures.colour import ColourProfile
from dim_tf.pictures.writing import encode_png
from tests.library.conftest import HEIGHT, MASK, PHOTO, SOFT, TRIMAP, WIDTH
from tests.page.asking import MASK_FILE, PHOTO_FILE, TRIMAP_FILE, as_file, numbers_of

pytestmark = pytest.mark.xdist_group("page")

DEEP = encode_png(PHOTO.astype(np.uint16) * 257, profile=ColourProfile(None, 0.7))
BACKGROUND_FILE = encode_png(np.random.default_rng(1).integers(0, 256, (40, 90, 3), np.uint8))
FLAG_OF = {"matte": "output", "cutout": "cutout", "trimap": "save_trimap", "composite": "composite"}


@pytest.fixture
def command(tiny_checkpoint, models_are_kept, tmp_path, monkeypatch):
    """The bytes that the command writes."""
    monkeypatch.chdir(tmp_path)

    def write(output, photo, background=None, mask=None, trimap=None, rectangle="", **flags):
        files = {"rgb": photo, "alpha": mask, "trimap": trimap}
        if isinstance(background, bytes):
            files["background"] = background
        elif background:
            flags["background"] = background
        for flag, content in files.items():
            if content is not None:
                (tmp_path / f"{flag}.file").write_bytes(content)
                flags[flag] = f"{flag}.file"
        network = {
            "checkpoint": str(tiny_checkpoint),
            "post_process": "none",
            "precision": "float32",
            "rect": rectangle,
        }
        if background and output != "composite":
            flags.pop("background")
        values = {"output": "matte.png"} | network | flags | {FLAG_OF[output]: "written.png"}
        run_inference(config_from_values(InferenceConfig, values))
        return (tmp_path / "written.png").read_bytes()

    return write


@pytest.mark.parametrize("bits", ["8", "16"])
@pytest.mark.parametrize("output", FLAG_OF)
@pytest.mark.parametrize("photo", [PHOTO_FILE, DEEP], ids=["plain", "deep"])
def test_same_bytes_as_the_command(ask, command, photo, output, bits):
    background = {"composite": "#20a050"}.get(output)
    given = {"photo": photo, "mask": MASK_FILE, "background": background}
    answer = ask(f"/api/matte?output={output}&bits={bits}", **given)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == f'inline; filename="{output}.png"'
    assert answer.content == command(output, bits=bits, **given)


@pytest.mark.parametrize(
    "where",
    [{"trimap": TRIMAP_FILE}, {"rectangle": "10,8,84,70"}, {"rectangle": "auto"}],
    ids=lambda where: "-".join(map(str, where)),
)
def test_whatever_says_where_the_object_is(ask, command, where):
    for output in ("matte", "trimap"):
        answer = ask(f"/api/matte?output={output}", **where)
        assert answer.content == command(output, photo=PHOTO_FILE, **where)


def test_a_picture_behind(ask, command):
    given = {"photo": PHOTO_FILE, "mask": MASK_FILE, "background": BACKGROUND_FILE}
    answer = ask("/api/matte?output=composite", **given)
    assert answer.content == command("composite", **given)


def test_reading_options_are_those_of_the_command(ask, command):
    labels = encode_png((MASK // 255 + (TRIMAP == 255)).astype(np.uint8))
    for given, query, flags in (
        ({"mask": encode_png(255 - MASK)}, "invert=yes", {"invert": "yes"}),
        ({"mask": labels}, "label=2", {"label": ("2",)}),
        ({"mask": labels}, "label=1,2", {"label": ("1", "2")}),
        ({"mask": MASK_FILE}, "trimap_kernel=9", {"trimap_kernel": 9}),
        ({"mask": MASK_FILE}, "trimap_mode=dilate", {"trimap_mode": "dilate"}),
    ):
        plain = ask("/api/matte?output=trimap", mask=MASK_FILE).content
        answer = ask(f"/api/matte?output=trimap&{query}", **given).content
        assert answer == command("trimap", photo=PHOTO_FILE, **given, **flags)
        assert (answer == plain) == (query in ("invert=yes", "label=1,2"))


def test_a_photo_as_it_is_seen(ask):
    exif = Image.Exif()
    exif[0x0112] = 6
    transparent = Image.fromarray(np.dstack([PHOTO, MASK]))
    turned = ask("/api/photo", photo=as_file(Image.fromarray(PHOTO), "PNG", exif=exif))
    np.testing.assert_array_equal(numbers_of(turned.content), np.rot90(PHOTO, -1))
    white = numbers_of(ask("/api/photo", photo=as_file(transparent, "PNG")).content)
    np.testing.assert_array_equal(white, np.where(MASK[..., None] == 255, PHOTO, 255))
    (note,) = notes_of(ask("/api/photo", photo=as_file(transparent, "PNG")))
    assert note == (
        "The photo: it is transparent in places and is put on white, as viewers show it."
    )
    for kind in ("TIFF", "WEBP", "GIF", "BMP", "PPM"):
        seen = numbers_of(ask("/api/photo", photo=as_file(Image.fromarray(PHOTO), kind)).content)
        assert seen.shape == (HEIGHT, WIDTH, 3) and seen.dtype == np.uint8
    grey = ask("/api/photo", photo=encode_png(MASK)).content
    assert numbers_of(grey).shape == (HEIGHT, WIDTH, 3)


def test_notes_are_in_the_words_of_the_interface(ask):
    exchanged = ask("/api/matte?output=trimap", photo=MASK_FILE, mask=PHOTO_FILE)
    assert notes_of(exchanged) == [
        "The photo: it is a mask and the mask a photo; `photo` and `mask` are exchanged."
    ]
    inverted = ask("/api/matte?output=trimap&invert=yes", mask=encode_png(255 - MASK))
    assert all("--" not in note for note in notes_of(inverted))
    assert notes_of(ask(mask=MASK_FILE)) == []


def notes_of(answer):
    header = answer.headers["dim-tf-notes"]
    assert header.isascii()
    return json.loads(urllib.parse.unquote(header))


def test_the_network_computes_once_for_one_photo_and_trimap(ask, worker, tiny_model, monkeypatch):
    asked = []
    original = tiny_model.predict_alpha

    def predict(*arguments, **options):
        asked.append(1)
        return original(*arguments, **options)

    monkeypatch.setattr(tiny_model, "predict_alpha", predict)
    colours = []
    from dim_tf.page import work

    original_cut_out = work.cut_out
    monkeypatch.setattr(
        work, "cut_out", lambda *given: colours.append(1) or original_cut_out(*given)
    )
    first = ask(mask=MASK_FILE).content
    for query in ("output=cutout", "output=composite", "bits=16", "output=cutout"):
        background = "white" if "composite" in query else None
        ask(f"/api/matte?{query}", mask=MASK_FILE, background=background)
    assert len(asked) == 1 and len(colours) == 1
    ask("/api/matte?output=cutout&bits=16", mask=MASK_FILE)
    assert len(asked) == 1 and len(colours) == 2
    ask(mask=encode_png(SOFT))
    assert len(asked) == 2
    # Somebody else's came in between.
    assert ask(mask=MASK_FILE).content == first
    assert len(asked) == 2
    ask("/api/matte?output=trimap", mask=encode_png(SOFT))
    assert len(asked) == 2


def test_what_was_used_longest_ago_gives_way():
    arrays = RecentArrays(most_bytes=20)
    for key in (b"a", b"b"):
        arrays.put(key, np.zeros(10, np.uint8))
    arrays.get(b"a")
    arrays.put(b"c", np.zeros(10, np.uint8))
    assert arrays.get(b"b") is None
    assert arrays.get(b"a") is not None and arrays.get(b"c") is not None
    arrays.put(b"large", np.zeros(30, np.uint8))
    assert arrays.get(b"large").size == 30
    assert arrays.get(b"a") is None and arrays.get(b"c") is None
