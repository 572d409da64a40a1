"""The page's modules that need no browser, tested in Node: `tests/page/modules/*.test.mjs`."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dim_tf.config import ReadingConfig, values_of
from dim_tf.page.refusals import REASONS, RETRY_AFTER_SECONDS, in_http
from dim_tf.pictures.folders import IMAGE_SUFFIXES
from dim_tf.pictures.kinds import READ_KINDS
from dim_tf.pictures.writing import MARK, TRIMAP_MARK, encode_png
from tests.advice.sentences import all_sentences
from tests.page.in_node import ROOMS, STATIC, json_from

MODULES = Path(__file__).with_name("modules")
_LONGEST_FILE = 300
# What no request makes the program say: they are read by the command alone.
_OF_COMMAND = re.compile(r"--(background|composite|certainty)\b")


@pytest.mark.parametrize("name", sorted(path.name for path in MODULES.glob("*.test.mjs")))
def test_in_node(node, name):
    ran = subprocess.run([node, "--test", MODULES / name], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def in_node(node, program, *arguments):
    """Runs a program in which `png` is the page's module of that name."""
    start = f"import * as png from {str(STATIC / 'png.js')!r};\n"
    start += "import { readFileSync, writeFileSync } from 'node:fs';\n"
    start += "const [first, second] = process.argv.slice(1);\n"
    command = [node, "--input-type=module", "--eval", start + program, *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, text=True)


def test_every_refusal_can_be_told_in_another_language():
    """By a text of its own, or by that of the group of its status."""
    texts = (STATIC / "texts.en.js").read_text(encoding="utf-8")
    own = set(re.findall(r"^  code_(\w+):", texts, re.MULTILINE))
    failures = (STATIC / "failures.js").read_text(encoding="utf-8")
    groups = {int(status) for status in re.findall(r"^  (\d{3}): \"", failures, re.MULTILINE)}
    of_page = {code for code, reason in REASONS.items() if code in own or reason.status in groups}
    assert of_page == REASONS.keys()


def sentences_with_flags():
    """Those of the work on a request that name what the command takes, with something filled in."""
    for sentence, place in all_sentences().items():
        if place.startswith(ROOMS) and "--" in sentence and not _OF_COMMAND.search(sentence):
            yield sentence.replace("--{}", "--alpha").replace("{}", "1")
    # Names that are put into others.
    yield from ("--rect=auto is x.", "--rect=4,2,30,20 is x; give --rect=1,2,3,4 or --rect=auto.")


def in_page_words(node, sentences):
    """Sentences of the server as the page tells them: by language, in order."""
    program = f"""
        import {{ inChosenLanguage, inPageWords }} from {str(STATIC / "wording.js")!r};
        import {{ state }} from {str(STATIC / "state.js")!r};
        const told = {{}};
        for (state.language of ["en", "zh"]) {{
          told[state.language] = given.map((one) => inChosenLanguage(one) ?? inPageWords(one));
        }}
        console.log(JSON.stringify(told));"""
    return json_from(node, program, sentences)


def test_no_sentence_on_the_page_names_a_field_or_parameter(node):
    """What the server says of them is for programs; people have buttons and lists."""
    sentences = [in_http(sentence) for sentence in sentences_with_flags()]
    assert len(sentences) > 20
    names = "|".join(values_of(ReadingConfig()))
    of_programs = re.compile(rf"`|\b\w+=|(?<!dim-tf page )--\w|\b({names})_")
    assert sum(bool(of_programs.search(sentence)) for sentence in sentences) > 20
    for told in in_page_words(node, sentences).values():
        # What only who starts the page can set stands as it is typed there.
        for_people = [re.sub(r"dim-tf page --\w+(=\S+)?", "", sentence) for sentence in told]
        assert [sentence for sentence in for_people if of_programs.search(sentence)] == []


def test_sentences_on_the_page_name_its_controls(node):
    told = in_page_words(
        node,
        [
            in_http("x found nothing with --rect=auto in the photo; give a mask with --alpha."),
            in_http("say which, such as --label=1,2 (if it is a trimap give it with --trimap)."),
            in_http("give --mask_orientation=as_stored, or a larger --trimap_kernel."),
        ],
    )
    assert told["en"] == [
        "X found nothing with “Find it for me” in the photo; give a mask with “Mask file”.",
        "Say which, such as “Labels of the object, where the mask has several: 1,2” (if it is a "
        "trimap give it with “Trimap file”).",
        "Give “Turn the mask by the photo's EXIF orientation: no, as it is”, or a larger “Width”.",
    ]
    assert told["zh"][0] == (
        "X found nothing with “自动寻找” in the photo; give a mask with “mask 文件”."
    )


def test_what_the_page_knows_of_the_server_is_so():
    """Kinds of pictures, what passes by itself, and when to ask again."""
    names = ("texts.js", "ways_in.js", "jobs.js")
    texts, ways_in, jobs = ((STATIC / name).read_text(encoding="utf-8") for name in names)
    (kinds,) = re.findall(r"const kinds = \[(.*?), \.\.\.further\]", texts)
    # HEIC is named where the server says that it reads it.
    assert {*re.findall(r"\w+", kinds), "HEIC"} == {*re.split(", | or ", READ_KINDS)}
    (accepted,) = re.findall(r'const KINDS =\s+"image/\*,(.*?)"', ways_in)
    assert sorted(accepted.split(",")) == sorted(IMAGE_SUFFIXES)
    (passing,) = re.findall(r"const PASSING = \{(.*)\}", jobs)
    assert {*re.findall(r"(\w+):", passing)} == {code for code in REASONS if REASONS[code].passes}
    (seconds,) = re.findall(r"const SECONDS_IF_BUSY = (\d+)", jobs)
    assert int(seconds) == RETRY_AFTER_SECONDS


def test_png_that_the_page_writes_is_read_by_others(node, tmp_path):
    rng = np.random.default_rng(0)
    for height, width in ((1, 1), (3, 257), (200, 100)):
        values = rng.choice(np.array([0, 128, 255], np.uint8), (height, width))
        raw, written = tmp_path / "raw", tmp_path / "written.png"
        raw.write_bytes(values.tobytes())
        program = f"""
            const mark = png.TRIMAP_MARK;
            const blob = await png.writeGreyPng(readFileSync(first), {width}, {height}, mark);
            const {{ marks }} = await png.readGreyPng(blob);
            if (marks.length !== 1 || marks[0] !== mark) throw new Error(String(marks));
            writeFileSync(second, Buffer.from(await blob.arrayBuffer()));"""
        in_node(node, program, raw, written)
        with Image.open(written) as picture:
            picture.verify()
        with Image.open(written) as picture:
            assert picture.mode == "L" and picture.info[MARK] == TRIMAP_MARK
            assert np.array_equal(np.asarray(picture), values)


def test_the_page_reads_what_the_server_writes(node, tmp_path):
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:70, :90]
    smooth = ((x * 2 + y) % 256).astype(np.uint8)  # for the filters that look at neighbours
    for values in (smooth, rng.integers(0, 256, (33, 51), np.uint8)):
        for compression in (0, 3, 9):
            (tmp_path / "file.png").write_bytes(encode_png(values, compression))
            program = """
                const read = await png.readGreyPng(new Blob([readFileSync(first)]));
                writeFileSync(second, read.values);"""
            in_node(node, program, tmp_path / "file.png", tmp_path / "raw")
            assert (tmp_path / "raw").read_bytes() == values.tobytes()


def test_every_filter_of_png_is_read(node, tmp_path):
    """Pillow chooses a filter for each row of a picture; all of them are to come up."""
    rng = np.random.default_rng(2)
    ramp = np.add.outer(np.arange(60), np.arange(64) * 3)
    rows = np.where(np.arange(60)[:, None] % 3, ramp, rng.integers(0, 256, (60, 64)))
    values = (rows + rng.integers(0, 3, rows.shape)).astype(np.uint8)
    Image.fromarray(values).save(tmp_path / "file.png", optimize=True)
    program = """
        const read = await png.readGreyPng(new Blob([readFileSync(first)]));
        writeFileSync(second, read.values);"""
    in_node(node, program, tmp_path / "file.png", tmp_path / "raw")
    assert (tmp_path / "raw").read_bytes() == values.tobytes()


def test_nothing_comes_from_elsewhere_and_nothing_is_inline():
    """What the content security policy forbids, found before a browser does."""
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8")
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text))
        assert addresses <= {"//www.w3.org", "http://www.w3.org"}, path.name
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page) == []


def test_every_file_that_is_named_is_there_and_none_is_too_long():
    names = {path.name for path in STATIC.iterdir()}
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8")
        named = re.findall(r'from "\./([\w.]+)"|/static/([\w.]+)["#]', text)
        assert {one or other for one, other in named} <= names, path.name
        assert len(text.splitlines()) <= _LONGEST_FILE, path.name


def test_every_button_and_field_has_a_name():
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    for button in re.findall(r"<button.*?</button>", page, re.DOTALL):
        assert re.search(r"data-(?:text|label)=|zoom-shown", button), button
    for field in re.findall(r"<(?:input|select)[^>]*>", page):
        if "hidden" in field:
            continue
        before = page[: page.index(field)]
        assert before.rindex("<label") > before.rfind("</label>"), field
    for symbol in re.findall(r"icons\.svg#(\w+)", page):
        assert f'id="{symbol}"' in (STATIC / "icons.svg").read_text(encoding="utf-8")


def test_words_stand_out_from_their_ground_in_light_and_dark():
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    css = (STATIC / "page.css").read_text(encoding="utf-8")
    blocks = [dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in css.split(":root")]
    light, dark = (block for block in blocks if "surface" in block)

    def luminance(colour):
        parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    for colours in (light, {**light, **dark}):
        for front, ground in (
            *(("text", "surface"), ("text", "ground"), ("muted", "surface"), ("text", "raised")),
            *(("accent", "surface"), ("accent", "accent-ground"), ("on-accent", "accent")),
            *(("bad", "bad-ground"), ("text", "bad-ground"), ("muted", "bad-ground")),
        ):
            darker, lighter = sorted((luminance(colours[front]), luminance(colours[ground])))
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (front, ground)
