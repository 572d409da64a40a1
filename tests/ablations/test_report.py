import csv
import io
import json
import re
import shutil

import numpy as np
import pytest

from dim_tf.ablations.arms import ARMS
from dim_tf.ablations.drift import CASES
from dim_tf.ablations.records import write_record
from dim_tf.ablations.report import write_report
from dim_tf.ablations.rows import ROWS
from dim_tf.ablations.tables import SET_TITLES
from dim_tf.config import AblationConfig
from dim_tf.pictures.photo import read_rgb
from dim_tf.synthetic import DEFAULT_KINDS
from dim_tf.system.errors import InputError
from dim_tf.system.files import write_bytes
from tests.ablations.conftest import ROOT
from tests.test_translations import (
    code_spans_of,
    links_of,
    numbers_of,
    prose_of,
    sections_of,
    tables_of,
)


def test_one_record_makes_a_report(tmp_path, make_record):
    write_record(tmp_path / "ablations", make_record("base", 1, 0.1))
    config = AblationConfig(records_dir=str(tmp_path / "ablations"))
    assert f"1 runs of 1 of {len(ARMS)} arms" in write_report(config)
    text = (tmp_path / "ablations.md").read_text()
    assert text.count("\n## ") == 4 + len(ROWS)
    assert text.count("Verdict at the short scale: **not run yet**") == 9


def test_the_report_says_what_the_records_say(tmp_path, make_record):
    folder = tmp_path / "ablations"
    for name, errors in (
        ("base", [0.2, 0.3, 0.4]),
        ("composite_before", [0.25, 0.351, 0.452]),
        ("known_weight_0", [0.2, 0.3, 0.4]),
    ):
        for seed, error in enumerate(errors, 1):
            write_record(folder, make_record(name, seed, error, processor_seconds=90.0))
    write_report(AblationConfig(records_dir=str(folder), long_seeds=(1, 2)))
    text = (tmp_path / "ablations.md").read_text()
    row_5 = text.split("\n## 5.")[1].split("\n## ")[0]
    assert "Verdict at the short scale: **held**." in row_5
    # 0.05, 0.051 and 0.052: 0.051 ± 4.30265 · 0.001 / √3; two claims: p is twice that of t = 88.3
    cells = "+0.0510 [+0.0485, +0.0535] | +17.0 [+16.2, +17.8] %"
    assert f"| Compositing before resizing is worse. | short | {cells} | held |" in row_5
    whole = f"| 5 | Compositing before resizing is worse. | short | 3 | {cells} | +51.0 | "
    assert whole in text
    assert "| base | 3 | 0.3000 ± 0.1000 | 0.30 ± 0.10 |" in row_5
    assert "(ablations/row_05.png)" in row_5
    assert "(ablations/row_05_long.png)" not in text
    assert "scale: **held**." in text.split("\n## 3.")[1].split("\n## ")[0]
    found = text.split("\n## What was found")[1].split("\n## ")[0]
    assert "**Held** at the short scale; seeds: 3. +17.0 [+16.2, +17.8] %." in found
    missing = sum(arm.scale == "short" for arm in ARMS.values()) * 10 - 9
    assert f"The short scale: 9 runs are there, {missing} missing; 0 of those" in text
    assert "They took 0.1 hours" in text
    assert "9 of them recorded their processor time, 0.2 hours" in text
    long = sum(arm.scale == "long" for arm in ARMS.values())
    assert f"The long scale: 0 runs are there, {2 * long} missing; 0 of those" in text
    for line in text.splitlines():
        if line.startswith("!["):
            assert read_rgb(tmp_path / line.rpartition("(")[2][:-1]).shape[2] == 3
    rows = list(csv.DictReader(io.StringIO((folder / "results.csv").read_text())))
    wanted = {"arm": "base", "set": "held_out", "kind": "hair"}
    hair = [row for row in rows if row.items() >= wanted.items()]
    assert [row["unknown_mae"] for row in hair] == ["0.2", "0.3", "0.4"]
    assert hair[0]["processor_seconds"] == "90.0"


def test_records_that_lack_a_set_are_told(tmp_path, make_record):
    whole = {"dataset": "one", "cut-out set": "two"}
    write_record(tmp_path / "ablations", make_record("base", 1, 0.2, conditions=whole))
    write_record(tmp_path / "ablations", make_record("skip", 1, 0.2))
    write_report(AblationConfig(records_dir=str(tmp_path / "ablations")))
    text = (tmp_path / "ablations.md").read_text()
    assert re.search("short scale: 2 runs are there, .* missing; 1 of those that are there", text)


def test_what_an_arm_alone_gives_is_no_comparison(tmp_path, make_record):
    """Rows share arms: what one is compared with may not have run yet."""
    for name in ("long_base", "long_composite_before"):
        write_record(tmp_path / "ablations", make_record(name, 1, 0.2))
    write_report(AblationConfig(records_dir=str(tmp_path / "ablations")))
    rows = (tmp_path / "ablations.md").read_text().split("\n## ")
    long = [row.partition(".")[0] for row in rows if "### At the long scale" in row]
    assert long == ["5", "9"]


def test_what_is_undecided_says_what_it_takes(tmp_path, make_record):
    folder = tmp_path / "ablations"
    for name, errors in (("base", [0.2, 0.3, 0.4]), ("skip", [0.25, 0.28, 0.41])):
        for seed, error in enumerate(errors, 1):
            write_record(folder, make_record(name, seed, error))
    write_report(AblationConfig(records_dir=str(folder)))
    text = (tmp_path / "ablations.md").read_text()
    size = "+4.4 [-24.6, +33.5] %"  # of 0.3; 0.05, -0.02 and 0.01: 0.0133 ± 0.0872
    assert f"*Undecided*, short scale: Skip additions are better ({size}, some " in text
    low, high = map(int, re.search(r"some (\d+)–(\d+) seeds would show 5 %\)", text).groups())
    assert 20 < low < high


def test_what_is_undecided_says_what_else_is_known(tmp_path, make_record, picture_errors):
    """One seed that alone makes the spread; real cut-outs on which all seeds are worse."""
    folder = tmp_path / "ablations"
    for name, errors in (("base", [0.3] * 5), ("skip", [0.301, 0.299, 0.302, 0.3, 0.5])):
        for seed, error in enumerate(errors, 1):
            cutouts = 0.4 if name == "base" else 0.5 + 0.01 * seed
            sets = {"held_out": error, "held_out_released": error, "cutouts_released": cutouts}
            sets = {name: picture_errors([value] * 12) for name, value in sets.items()}
            write_record(folder, make_record(name, seed, error, errors=sets))
    write_report(AblationConfig(records_dir=str(folder)))
    (ours,) = re.findall(r"\* \*\*Ours.*", (tmp_path / "ablations.md").read_text())
    # 0.2 of 0.3; the mean of 0.001, -0.001, 0.002 and 0 of it
    assert ", of which seed 5 alone is +66.7 %, the others +0.2 [" in ours
    # 0.11 to 0.15 of 0.4; 2.77645 · 0.0158114 / √5
    assert "] %; on real cut-outs +32.5 [+27.6, +37.4] %, not judged)" in ours
    assert "would show" not in ours


def test_crossed_switches_are_compared_on_common_seeds(tmp_path, make_record):
    folder = tmp_path / "ablations"
    for name, errors in (
        ("base", [0.2, 0.3, 0.9]),
        ("refine", [0.2, 0.3, 0.9]),
        ("composite_before", [0.2, 0.3]),
        ("refine_composite_before", [0.2, 0.3]),
    ):
        for seed, error in enumerate(errors, 1):
            write_record(folder, make_record(name, seed, error))
    write_report(AblationConfig(records_dir=str(folder)))
    row_9 = (tmp_path / "ablations.md").read_text().split("\n## 9.")[1]
    assert "error on held-out composites; seeds: 2 |" in row_9
    assert row_9.count("| without refinement | 0.2500 ± 0.0707 | 0.2500 ± 0.0707 |") == 1


def test_a_stage_that_learned_to_do_nothing_is_told(tmp_path, make_record, picture_errors):
    folder = tmp_path / "ablations"
    for name, added in (("long_tuned", 0.0), ("long_refine", 0.01)):
        for seed in (1, 2, 3):
            sets = {"held_out": 0.2, "held_out_first": 0.2, "held_out_released": 0.2 + added}
            errors = {
                name: picture_errors([value + 0.001 * seed] * 12) for name, value in sets.items()
            }
            write_record(folder, make_record(name, seed, 0.2, errors=errors))
    write_report(AblationConfig(records_dir=str(folder)))
    row_9 = (tmp_path / "ablations.md").read_text().split("\n## 9.")[1]
    assert "error by +0.0 [+0.0, +0.0] %: it learned to do nothing, and" in row_9
    assert "Grad with the stage, against that without it: +5.0 [" in row_9


@pytest.mark.parametrize(
    "seeds, long, told",
    [
        (2, -0.1, ["short"]),  # too few to take the place of more
        (3, 0.1, ["long"]),  # both scales say the same
        (3, -0.1, ["long", "short"]),  # they say different things
    ],
)
def test_the_largest_scale_that_decides_is_told_and_another_where_it_differs(
    tmp_path, make_record, seeds, long, told
):
    folder = tmp_path / "ablations"
    for name, added in (("base", 0.0), ("skip", 0.1), ("long_base", 0.0), ("long_skip", long)):
        for seed in range(1, seeds + 1 if name.startswith("long") else 4):
            write_record(folder, make_record(name, seed, 0.3 + added + 0.001 * seed))
    write_report(AblationConfig(records_dir=str(folder)))
    (ours,) = re.findall(r"\* \*\*Ours.*", (tmp_path / "ablations.md").read_text())
    assert re.findall(r"(\w+) scale: Skip additions are better", ours) == told


def test_beside_what_a_larger_scale_leaves_open_stands_what_a_smaller_one_decides(
    tmp_path, make_record
):
    folder = tmp_path / "ablations"
    for name, added in (
        ("base", (0.0, 0.0, 0.0)),
        ("skip", (0.1, 0.101, 0.102)),
        ("long_base", (0.0, 0.0, 0.0)),
        ("long_skip", (-0.1, 0.1, 0.02)),
    ):
        for seed, more in enumerate(added, 1):
            write_record(folder, make_record(name, seed, 0.3 + more))
    write_report(AblationConfig(records_dir=str(folder)))
    (ours,) = re.findall(r"\* \*\*Ours.*", (tmp_path / "ablations.md").read_text())
    assert re.findall(r"\*([\w ]+)\*, (\w+) scale: Skip additions are better", ours) == [
        ("Did not hold", "short"),
        ("Undecided", "long"),
    ]


def test_claims_are_judged_by_averaged_weights_and_the_last_step_has_a_column(
    tmp_path, make_record, picture_errors, monkeypatch
):
    """The last step's errors are equal, those of the averaged weights are not."""
    monkeypatch.setattr("dim_tf.ablations.report.draw_differences", picture)
    monkeypatch.setattr("dim_tf.ablations.sections.draw_curves", picture)
    folder = tmp_path / "ablations"
    for name, averaged in (("base", [0.2, 0.25, 0.3]), ("skip", [0.3, 0.351, 0.402])):
        for seed, error in enumerate(averaged, 1):
            last = [0.4, 0.25, 0.27][seed - 1]
            sets = {"held_out": last, "held_out_released": error, "cutouts_released": 0.5}
            errors = {name: picture_errors([value] * 12) for name, value in sets.items()}
            write_record(folder, make_record(name, seed, last, errors=errors))
    for name, error in (("base", 0.9), ("skip", 0.4)):  # made before that was measured
        errors = {"held_out": picture_errors([error] * 12)}
        write_record(folder, make_record(name, 4, error, errors=errors))
    errors = {"held_out": picture_errors([0.9]), "held_out_released": picture_errors([0.1])}
    write_record(folder, make_record("long_base", 1, 0.9, errors=errors))  # nothing jumps there
    write_report(AblationConfig(records_dir=str(folder)))
    text = (tmp_path / "ablations.md").read_text()
    line = next(
        line for line in text.splitlines() if "| Skip additions are better. | short" in line
    )
    # Of 0.25; 0.1, 0.101 and 0.102: 0.101 ± 4.30265 · 0.001 / √3
    assert "| short | 3 | +0.1010 [+0.0985, +0.1035] | +40.4 [+39.4, +41.4] % |" in line
    # Of 0.455; three of nothing, and of the run that has nothing else -0.5: -0.125 ± 3.1824 · 0.125
    assert line.endswith("| did not hold | -27.5 [-114.9, +60.0] % | +0.0 [+0.0, +0.0] % | – |")
    assert "up to 3 seeds" in text
    assert (
        "| held-out composites, averaged weights, batch norm's averages anew | seeds | error |"
        in text
    )
    assert "| held-out composites, the last step | seeds | error |" in text
    # 0.4 / 0.2, 0.25 / 0.25, 0.27 / 0.3 and 0.4 / 0.3, 0.25 / 0.351, 0.27 / 0.402, less 1; sorted
    # -33, -29, -10, 0, 33, 100
    assert "in 6 runs its error was -5 % away from" in text
    assert "in the median, -24 % to +25 % in half of them, -33 % to +100 % in all." in text


def picture(*arguments):
    """Instead of a plot, which takes a while."""
    return b"a picture"


DRIFT = {
    "mattes": 4,
    "grey levels": {
        case.name: {kind: [0.1 * number, 2.0, 3.0] for kind in DEFAULT_KINDS}
        for number, case in enumerate(CASES)
    },
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"refine": (-0.05, 0.001), "long_refine": (-0.05, 0.001)},
        {"refine": (0.001, 0.0001), "refine_composite_before": (-0.1, 0.001)},
        {"refine_composite_before": (0.1, 0.001), "long_skip": (-0.01, 0.0001)},
        {"no_batch_norm": (0.1, 5000.0), "deconv": (0.01, 0.0001), "long_tuned": (0, 0)},
    ],
)
def test_both_languages_say_the_same_whatever_was_found(
    tmp_path, make_record, monkeypatch, changes
):
    """Each verdict, each answer of row 9, with and without seeds, scales and the drift."""
    for place in ("report.draw_differences", "sections.draw_curves"):
        monkeypatch.setattr(f"dim_tf.ablations.{place}", picture)
    folder = tmp_path / "ablations"
    random = np.random.default_rng(1)
    for name in ARMS if changes else ("vgg",):
        shift, spread = changes.get(name, (0.0, 0.05))
        for seed in range(1, 2 if name == "vgg" else 5):
            error = 0.3 + 0.01 * seed + shift + spread * random.standard_normal()
            errors = make_record(name, seed, error).errors
            errors = {name: errors["held_out"] for name in SET_TITLES if name != "training"}
            moved = 0.1 if "refine" in name else None
            record = make_record(name, seed, error, errors=errors, refinement_moves=moved)
            write_record(folder, record)
        write_bytes(folder / "drift.json", json.dumps(DRIFT).encode())
    write_report(AblationConfig(records_dir=str(folder)))
    english, chinese = (
        sections_of((tmp_path / f"ablations{suffix}").read_text()) for suffix in (".md", ".zh.md")
    )
    for ours, theirs in zip(english, chinese, strict=True):
        for what in (code_spans_of, numbers_of, tables_of, lambda text: sorted(links_of(text))):
            assert what(theirs) == what(ours), theirs.splitlines()[0]
    assert not re.search("[A-Za-z]{3,} [a-z]{3,} [a-z]{3,}", prose_of("".join(chinese[1:-1])))


@pytest.mark.parametrize(
    ("added", "answer"),
    [
        (0.01, "is not needed at this scale: with it the error changes by +1.0 ["),
        (-0.01, "is not needed at this scale: with it the error changes by -1.0 ["),
        (-0.2, "is needed: with it the error changes by -20.0 ["),
    ],
)
def test_whether_refinement_is_needed_is_told_with_its_change(tmp_path, make_record, added, answer):
    folder = tmp_path / "ablations"
    for seed, error in enumerate((0.25, 0.26, 0.27), 1):
        for name in ("base", "composite_before"):
            write_record(folder, make_record(name, seed, error))
        for name in ("refine", "refine_composite_before"):
            write_record(folder, make_record(name, seed, error * (1 + added)))
    write_report(AblationConfig(records_dir=str(folder)))
    row_9 = (tmp_path / "ablations.md").read_text().split("\n## 9.")[1]
    assert f"refinement {answer}" in row_9


def test_without_matplotlib_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install matplotlib"):
        write_report(AblationConfig(records_dir=str(tmp_path)))


def test_the_page_is_what_its_records_make(tmp_path, monkeypatch):
    for place in ("report.draw_differences", "sections.draw_curves"):
        monkeypatch.setattr(f"dim_tf.ablations.{place}", picture)
    shutil.copytree(ROOT / "docs" / "ablations", tmp_path / "ablations")
    write_report(AblationConfig(records_dir=str(tmp_path / "ablations")))
    for name in ("ablations.md", "ablations.zh.md", "ablations/results.csv"):
        assert (tmp_path / name).read_text() == (ROOT / "docs" / name).read_text(), name


def test_the_readme_says_the_numbers_of_the_page():
    """They are typed by hand there: one that the records do not make any more is found here."""
    readme = (ROOT / "README.md").read_text()
    section = readme.split("## The blog's ablations\n")[1].split("\n## ")[0]
    page = (ROOT / "docs" / "ablations.md").read_text()
    percents = re.findall(r"([\d.]+) %", section)
    assert len(percents) > 5
    for percent in percents:
        seeds_would_show = re.search(rf"would show {percent} %", page)
        assert seeds_would_show or re.search(rf"[+-]{re.escape(percent)} \[[^\]]*\] %", page)
    missing = dict.fromkeys(("short", "long"), "")
    for lacking, planned, scale in re.findall(r"(\d+) of (\d+) (short|long) ones", section):
        missing[scale] = f"{lacking} of its {planned} runs "
    told = re.findall(r"\d+ of its \d+ runs ", page)
    assert told == [sentence for sentence in missing.values() if sentence]
