"""A document in two languages says the same in both, and what it tells to type works.

Pairs are found by name: `X.md` is English, `X.zh.md` beside it Chinese. Section by section both
have the same links, tables, code and numbers; words are left to the translator.
"""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.documents import (
    ROOT,
    as_parameters,
    commands_beside_readme,
    commands_of,
    python_examples_of,
    read_document,
    run_command,
    scripts_among,
    write_small_files,
)

CHINESE = ".zh.md"
FOLDERS = (ROOT, ROOT / "docs")
PAIRS = {
    str(chinese.relative_to(ROOT)).removesuffix(CHINESE) + ".md": str(chinese.relative_to(ROOT))
    for folder in FOLDERS
    for chinese in sorted(folder.glob(f"*{CHINESE}"))
}
COMMANDS = commands_beside_readme(PAIRS)
EXAMPLES = {
    f"{name}:{number}": example
    for name in PAIRS
    if name != "README.md"
    for number, example in enumerate(python_examples_of(read_document(name)))
}

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^    .*$", re.MULTILINE)
_HEADING = re.compile(r"^(#+) .*$", re.MULTILINE)
_ANCHOR = re.compile(r'<a (?:id|name)="([^"]+)"')
_CODE_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_NUMBER = re.compile(
    r"(\.?\d+(?:[.,]\d+)*(?:e-?\d+)?)(?:\s(million|megapixels?|MP|万|亿))?", re.ASCII
)
# Chinese counts by ten thousands.
_UNITS = {"万": 10_000, "亿": 100_000_000}
_MILLION = 1_000_000
_CELL_BORDER = re.compile(r"(?<!\\)\|")

both_languages = pytest.mark.parametrize("english, chinese", PAIRS.items())


def prose_of(text):
    """A document without its blocks of code."""
    return _INDENTED.sub("", _FENCED.sub("", text))


def sections_of(text):
    """The prose of a document, from each heading to the next."""
    prose = prose_of(text)
    starts = [heading.start() for heading in _HEADING.finditer(prose)]
    return [prose[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def code_spans_of(section):
    """What is set as code in running text. A line may end inside it."""
    return {" ".join(span.split()) for _, span in _CODE_SPAN.findall(section)}


def links_of(text):
    """Where links and pictures lead, whichever language they lead to."""
    return [link.replace(CHINESE, ".md") for link in _LINK.findall(_CODE_SPAN.sub("", text))]


def numbers_of(section):
    """How often each number stands in a section, code and links aside; 3.4 million is 340 万."""
    numbers = _NUMBER.findall(_LINK.sub("", _CODE_SPAN.sub("", section)))
    return Counter(
        f"{float(number) * _UNITS.get(unit, _MILLION):.0f}" if unit else number
        for number, unit in numbers
    )


def tables_of(section):
    """The number of cells in each row of a section's tables."""
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [len(_CELL_BORDER.findall(row)) for row in rows]


def test_there_are_pairs():
    assert {"README.md", "docs/faq.md"} <= PAIRS.keys()


@both_languages
def test_headings_and_anchors_are_the_same(english, chinese):
    english, chinese = read_document(english), read_document(chinese)
    levels = [_HEADING.findall(prose_of(text)) for text in (english, chinese)]
    assert levels[1] == levels[0]
    assert _ANCHOR.findall(chinese) == _ANCHOR.findall(english)


@both_languages
@pytest.mark.parametrize("what", [code_spans_of, links_of, numbers_of, tables_of])
def test_each_section_has_the_same(what, english, chinese):
    sections = zip(
        sections_of(read_document(english)), sections_of(read_document(chinese)), strict=True
    )
    for ours, theirs in sections:
        heading = theirs.splitlines()[0]
        found, expected = what(theirs), what(ours)
        if what is links_of:  # words stand in another order
            found, expected = sorted(found), sorted(expected)
        assert (heading, found) == (heading, expected)


@both_languages
def test_commands_and_examples_are_the_same(english, chinese):
    english, chinese = read_document(english), read_document(chinese)
    assert commands_of(chinese) == commands_of(english)
    assert _FENCED.findall(chinese) == _FENCED.findall(english)


@both_languages
def test_each_language_leads_to_the_other_at_its_top(english, chinese):
    for name, other in ((english, chinese), (chinese, english)):
        top = read_document(name).splitlines()[:5]
        assert Path(other).name in _LINK.findall("\n".join(top)), f"{name} does not lead to {other}"


@pytest.mark.parametrize("name", [name for pair in PAIRS.items() for name in pair])
def test_links_lead_somewhere_and_to_their_own_language(name):
    links = _LINK.findall(_CODE_SPAN.sub("", prose_of(read_document(name))))
    switch = PAIRS.get(name) or next(ours for ours in PAIRS if PAIRS[ours] == name)
    for link in links:
        if "://" in link or link == Path(switch).name:
            continue
        target, _, anchor = link.partition("#")
        path = (ROOT / name).parent / target if target else ROOT / name
        assert path.exists(), f"{name} leads to {link}, which is not there"
        if anchor:
            assert anchor in _ANCHOR.findall(path.read_text(encoding="utf-8")), link
        translated = path.with_name(path.name.replace(".md", CHINESE))
        if name.endswith(CHINESE) and not path.name.endswith(CHINESE) and path.suffix == ".md":
            assert not translated.exists(), f"{name} leads to {link}, which there is in Chinese"
        if not name.endswith(CHINESE):
            assert not path.name.endswith(CHINESE), f"{name} leads to {link}, in Chinese"


@both_languages
def test_no_line_of_chinese_is_broken(english, chinese):
    """Browsers show a broken line as a blank, which Chinese does not have."""
    broken = re.compile(r"^.*[\u3000-\u9fff\uff00-\uffef]\n[\u4e00-\u9fff].*$", re.MULTILINE)
    assert broken.findall(prose_of(read_document(chinese))) == []


def test_all_commands_are_run():
    assert scripts_among(COMMANDS) == COMMANDS


@pytest.fixture
def folder(tmp_path):
    write_small_files(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.document
@pytest.mark.parametrize("command", as_parameters(COMMANDS))
def test_command(command, folder):
    run_command(command, folder)


@pytest.mark.slow
@pytest.mark.document
@pytest.mark.parametrize("name", EXAMPLES)
def test_python_example(name, folder, monkeypatch):
    monkeypatch.chdir(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")}
    exec(compile(EXAMPLES[name], name, "exec"), {})
    written = [
        path for path in folder.rglob("*.png") if before.get(path) != path.stat().st_mtime_ns
    ]
    assert written
