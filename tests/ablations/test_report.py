import csv
import io

import pytest

from dim_tf.ablations.arms import ARMS
from dim_tf.ablations.claims import ROWS
from dim_tf.ablations.records import write_record
from dim_tf.ablations.report import write_report
from dim_tf.config import AblationConfig
from dim_tf.pictures.photo import read_rgb
from dim_tf.system.errors import InputError


def test_a_report_can_always_be_made(tmp_path):
    config = AblationConfig(records_dir=str(tmp_path / "ablations"))
    assert f"0 runs of 0 of {len(ARMS)} arms" in write_report(config)
    text = (tmp_path / "ablations.md").read_text()
    assert text.count("\n## ") == 3 + len(ROWS)
    assert text.count("Verdict: **not run yet**") == 9
    assert "](" not in text  # no picture of nothing


def test_the_report_says_what_the_records_say(tmp_path, make_record):
    folder = tmp_path / "ablations"
    for name, errors in (
        ("base", [0.2, 0.3]),
        ("composite_before", [0.25, 0.351]),
        ("known_weight_0", [0.2, 0.3]),
    ):
        for seed, error in enumerate(errors, 1):
            write_record(folder, make_record(name, seed, error))
    write_report(AblationConfig(records_dir=str(folder)))
    text = (tmp_path / "ablations.md").read_text()
    row_5 = text.split("\n## 5.")[1].split("\n## ")[0]
    assert "Verdict: **held**." in row_5
    # 0.05 and 0.051: 0.0505 ± 12.7062 · 0.0005
    assert "+0.0505 [+0.0441, +0.0569], +20.2 %" in row_5
    assert "| base | 0.2500 (0.2000, 0.3000) | 0.25 (0.20, 0.30) |" in row_5
    assert "(ablations/row_05.png)" in row_5
    assert "Verdict: **held**." in text.split("\n## 3.")[1].split("\n## ")[0]
    assert "took 0.1 hours" in text
    for line in text.splitlines():
        if line.startswith("!["):
            assert read_rgb(tmp_path / line.rpartition("(")[2][:-1]).shape[2] == 3
    rows = list(csv.DictReader(io.StringIO((folder / "results.csv").read_text())))
    hair = [row for row in rows if row["kind"] == "hair" and row["arm"] == "base"]
    assert [row["unknown_mae"] for row in hair] == ["0.2", "0.3"]


def test_the_time_of_a_step_is_the_median_of_the_seeds(tmp_path, make_record):
    folder = tmp_path / "ablations"
    for seed, seconds in enumerate((0.1, 0.4, 0.3), 1):
        write_record(folder, make_record("base", seed, 0.2, step_seconds=seconds))
    write_report(AblationConfig(records_dir=str(folder)))
    assert "| base | 1, 2, 3 | 10 | 0.300 | 0.2000" in (tmp_path / "ablations.md").read_text()


def test_without_matplotlib_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install matplotlib"):
        write_report(AblationConfig(records_dir=str(tmp_path)))
