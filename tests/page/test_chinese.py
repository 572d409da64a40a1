"""What the server says of a file is told in Chinese as well: `static/server.zh.js`."""

import concurrent.futures
import io
import re

import numpy as np
import pytest
from PIL import Image

from dim_tf.config import MattingConfig, ReadingConfig
from dim_tf.page.refusals import BETWEEN, Refusal, in_http
from dim_tf.page.work import Bench, ResultWanted, code_of
from dim_tf.pictures.picture import turned
from dim_tf.pictures.writing import encode_png
from dim_tf.system.errors import InputError
from tests.advice.sentences import all_sentences, pattern_of
from tests.page.in_node import ROOMS, STATIC, json_from
from tests.pictures.test_placing import composite

# Of these nothing reaches the page: an upload is no array, has no name, and is no matte.
_ELSEWHERE = re.compile(
    r"dim_tf/(pictures/(arrays|matte|folders|writing|colour)|trimaps/(from_matte|rough_mask)"
    r"|matting/(cutout|onnx_network|predict)|config/)"
)
_OF_OTHERS = {
    "The {} is a masked array; fill it first, such as with filled(0).",
    "The {} cannot be made an array: {}.",
    "{} has the dtype {}; give bool, uint8, or floats from 0 to 1.",
    "The {} is of type {}, which is no name of a file; give text or a pathlib.Path.",
    "The {} has an empty name; give that of a file.",
    "--max_input_megapixels={} is not possible; give a number above 0.",
    "{} is not a grey or RGB picture of 8 bits.",
    "{} is a folder, not a picture.",
    "{} does not exist; check the path.",
    "{} cannot be read: {}.",
    "save both as they are seen, without an EXIF orientation.",
    "Give a mask with --alpha or a trimap with --trimap beside --rgb, or --rect=auto.",
    "--label chooses among the labels of a mask; give it with --alpha only.",
    "Give either --{} or --{}, not both.",
    "--{} changes nothing with --{}; leave it out, or give a mask with --alpha instead.",
    # What libraries say, by which it is known.
    "premature end of",
    "extraneous bytes before marker 0xd|bad Huffman code|instead of RST",
    "not the size that the header claims",
}


def in_chinese(node, sentences):
    program = f"""
        import {{ inChinese }} from {str(STATIC / "translating.js")!r};
        console.log(JSON.stringify(given.map((one) => inChinese(one))));"""
    return json_from(node, program, sentences)


def file_of(values, kind="PNG", **settings):
    file = io.BytesIO()
    Image.fromarray(values).save(file, kind, **settings)
    return file.getvalue()


def with_orientation(values, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return file_of(values, exif=exif.tobytes())


RGB, MASK = composite((60, 80))
PHOTO, MASK_FILE = file_of(RGB), encode_png(MASK)
Y, X = np.mgrid[:60, :80]
FROM_MIDDLE = np.hypot(Y - 30, X - 40)


def rings(outside, between, inside):
    """A trimap of these values."""
    levels = [inside, between]
    return np.select([FROM_MIDDLE < 14, FROM_MIDDLE < 20], levels, outside).astype(np.uint8)


def stripes(*labels):
    """A mask of these labels, side by side."""
    return np.array(labels, np.uint8)[X * len(labels) // 80]


def said_of(beside, photo=PHOTO, trimap=False, **reading):
    """What the page is told of two files: notes, or the two sentences of a refusal."""
    given = {"trimap": "given"} if trimap else {"alpha": "given"}
    if beside is None:
        given = {}
    if isinstance(beside, np.ndarray):
        beside = file_of(beside)
    job = ResultWanted(photo, beside, None, ReadingConfig(**given, **reading), "trimap", "8")
    bench = Bench(concurrent.futures.Future(), MattingConfig(), 1.0)
    try:
        return [in_http(note) for note in bench.do(job, lambda *_: None).notes]
    except InputError as error:
        refusal = Refusal(code_of(error), str(error))
        return [refusal.error, refusal.what_to_do]


@pytest.fixture(scope="module")
def said():
    """What is put together from pieces, as a template does not show it."""
    deep = (RGB.astype(np.uint16) * 4)[..., 0]
    noisy = np.clip(MASK.astype(int) + np.random.default_rng(0).integers(-6, 7, MASK.shape), 0, 255)
    strays = rings(0, 1, 2)
    strays[:2, :2] = 77
    stored = turned(MASK, 6)
    square, on_square = composite((80, 80))
    cases = [
        said_of(MASK // 255),
        said_of(stripes(0, 1)),
        said_of(stripes(0, 255, 1)),
        said_of(stripes(0, 1, 2)),
        said_of(stripes(0, 1, 2, 255), label=("1", "2")),
        said_of(stripes(0, 1, 2), label=("1", "2")),
        said_of(stripes(1, 2), label=("1", "2")),
        said_of(stripes(0, *range(1, 16))),
        said_of(stripes(0, 1, 2), label=("7",)),
        said_of(stripes(0, 1, 2), label=("the object",)),
        said_of(MASK, label=("1",)),
        said_of(stripes(0, 1, 2, 3), label=("0", "1", "2", "3")),
        said_of(file_of(MASK.astype(np.float32), "TIFF")),
        said_of(file_of(np.where(MASK > 0, 1, np.nan).astype(np.float32), "TIFF")),
        said_of(noisy.astype(np.uint8)),
        said_of(file_of(MASK, "JPEG", quality=40)),
        said_of(255 - MASK),
        said_of(deep),
        said_of(rings(0, 128, 255)),
        said_of(np.zeros_like(MASK)),
        said_of(MASK, trimap=True),
        said_of(stripes(0, 40, 255), trimap=True),
        said_of(rings(0, 0, 0), trimap=True),
        said_of(np.where(MASK > 0, 255 - X % 4, X % 4).astype(np.uint8), trimap=True),
        said_of(rings(0, 1, 2), trimap=True),
        said_of(rings(0, 255, 90), trimap=True),
        said_of(strays, trimap=True),
        said_of(rings(0, 1, 2), trimap=True, invert="yes"),
        said_of(rings(0, 128, 128), trimap=True),
        said_of(rings(128, 128, 128), trimap=True),
        said_of(rings(0, 128, 255)[:59], trimap=True),
        said_of(rings(0, 128, 255).T, trimap=True),
        said_of(RGB, trimap=True),
        said_of(np.dstack([RGB, MASK]), trimap=True),
        said_of(PHOTO, photo=MASK_FILE),
        said_of(MASK[::2, ::2]),
        said_of(stored),
        said_of(with_orientation(stored, 6)),
        said_of(with_orientation(stored, 6), mask_orientation="as_stored"),
        said_of(with_orientation(np.zeros((80, 80), np.uint8) + on_square, 3), file_of(square)),
        said_of(stripes(0, 0, 0, 0, 1), photo=with_orientation(RGB, 3)),
        said_of(None, rect="auto"),
        said_of(None, rect="auto", trimap_kernel=101),
        said_of(None, rect="1,2,3,4"),
        said_of(None, rect="0,0,80,60"),
        said_of(None, rect="0,0,800,60"),
        said_of(b"%PDF-1.7"),
        said_of(b"text"),
        said_of(np.zeros((2_000, 2_000), np.uint8)),
    ]
    return [sentence for case in cases for sentence in case]


def source_sentences():
    """The program's own sentences that a request may bring about: template → place."""
    return {
        sentence: place
        for sentence, place in all_sentences().items()
        if place.startswith(ROOMS) and not _ELSEWHERE.match(place) and sentence not in _OF_OTHERS
    }


def parts_of(template):
    """What stands between semicolons in a sentence, which the page looks up one by one."""
    return BETWEEN.split(in_http(template.replace("--{}", "--alpha")))


def filled_in(part):
    """A sentence made of a template, with a file in each place that is none of a number."""
    sizes = re.sub(r"\{\}×\{\}", "7×7", part)
    return re.sub(r"=\{\}(,\{\})*", "=7", sizes).replace("{}", "the photo")


def test_what_is_said_of_many_files_is_told_in_chinese(node, said):
    assert len(said) > 50
    unknown = [
        sentence
        for sentence, told in zip(said, in_chinese(node, said), strict=True)
        if told is None
    ]
    assert unknown == []


def test_every_sentence_of_the_server_is_told_in_chinese(node, said):
    """Part by part; or it is a piece of what the files above make it say."""
    parts = [(part, place) for text, place in source_sentences().items() for part in parts_of(text)]
    assert len(parts) > 100
    all_said = "\n".join(said)
    told = in_chinese(node, [filled_in(part) for part, _ in parts])
    unknown = [
        f"{place}: {part}"
        for (part, place), chinese in zip(parts, told, strict=True)
        if chinese is None
        and not re.search(pattern_of(part.rstrip(".")).pattern, all_said, re.IGNORECASE)
    ]
    assert unknown == []


def test_no_list_is_stale():
    assert all_sentences().keys() >= _OF_OTHERS


@pytest.mark.parametrize("sentence", ["The photo is upside down.", "It has stripes and spots."])
def test_what_is_not_known_is_left_to_be_said_in_english(node, sentence):
    assert in_chinese(node, [sentence]) == [None]
