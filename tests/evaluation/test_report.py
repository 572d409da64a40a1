import csv
import hashlib
import json

import numpy as np
import pytest

from dim_tf.evaluation import report
from dim_tf.evaluation.metrics import METRIC_NAMES, matting_errors
from dim_tf.evaluation.report import (
    ErrorTable,
    Evaluation,
    write_report,
)
from dim_tf.model.checkpoint_choice import weights_file
from dim_tf.pictures.photo import read_rgb
from dim_tf.system.files import WriteError

SHAPE = (30, 40)
ALPHA = np.repeat(np.linspace(0, 255, 40).astype(np.uint8)[None], 30, axis=0)
TRIMAP = np.where((ALPHA > 50) & (ALPHA < 200), 128, np.where(ALPHA > 99, 255, 0)).astype(np.uint8)
RGB = np.random.default_rng(1).integers(0, 256, (*SHAPE, 3), np.uint8)


def evaluate(sheets=0, region="unknown", **darker):
    """An evaluation of mattes that are this much darker than the truth, by image name."""
    evaluation = Evaluation(region, sheets)
    for image, amount in darker.items():
        predicted = ALPHA - np.minimum(ALPHA, np.uint8(amount))
        evaluation.add(image, predicted, ALPHA, TRIMAP, RGB)
    return evaluation


def test_the_mean_is_that_of_the_images():
    evaluation = evaluate(cat=10, dog=70)
    for name in METRIC_NAMES:
        values = [one.errors[name] for one in evaluation.measured]
        assert evaluation.mean()[name] == pytest.approx(sum(values) / 2)
    assert evaluation.measured[1].errors == matting_errors(
        ALPHA - np.minimum(ALPHA, 70), ALPHA, TRIMAP
    )


def test_the_region_is_the_unknown_one_or_all():
    (unknown,), (whole,) = (
        evaluate(region=region, cat=10).measured for region in ("unknown", "whole")
    )
    assert (unknown.pixels, whole.pixels) == (np.count_nonzero(TRIMAP == 128), ALPHA.size)
    assert whole.errors["SAD"] > unknown.errors["SAD"]
    with pytest.raises(ValueError, match="needs a trimap"):
        Evaluation("unknown").add("cat", ALPHA, ALPHA, None)


def test_the_table_has_a_line_for_each_image_and_the_mean():
    evaluation = evaluate(cat=0, a_longer_name=51)
    lines = ErrorTable(["cat", "a_longer_name"]).whole(evaluation).splitlines()
    assert lines[0].split() == ["image", *METRIC_NAMES]
    assert lines[1].split() == ["cat", "0.00", "0.0000", "0.00", "0.00", "0.00"]
    assert lines[2].split()[:3] == ["a_longer_name", "0.14", "0.0400"]
    assert lines[3].split()[:5] == ["mean", "of", "2", "0.07", "0.0200"]
    assert len({len(line) for line in lines}) == 1


def test_errors_are_told_by_kind_where_names_tell_kinds(tmp_path):
    evaluation = evaluate(**{"000_hair": 0, "001_old_cats": 51, "002_hair": 51})
    lines = ErrorTable(["000_hair", "001_old_cats", "002_hair"]).whole(evaluation).splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        *("image", "000_hair", "001_old_cats", "002_hair"),
        *("2 of hair", "1 of old_cats", "mean of 3"),
    ]
    assert len({len(line) for line in lines}) == 1
    write_report(tmp_path, evaluation, {})
    kinds = json.loads((tmp_path / "metrics.json").read_text())["kinds"]
    assert list(kinds) == ["hair", "old_cats"]
    for kind, images in (("hair", [0, 2]), ("old_cats", [1])):
        assert kinds[kind].pop("images") == len(images)
        for name in METRIC_NAMES:
            values = [evaluation.measured[image].errors[name] for image in images]
            assert kinds[kind][name] == pytest.approx(sum(values) / len(values))


@pytest.mark.parametrize(
    "names",
    [
        *(["cat", "dog", "dog2"], ["000_hair", "001_hair"], ["000_hair", "001_fur"]),
        *(["000_hair", "001_fur", "fur"], ["0_hair", "1_fur", "2_fur"]),
    ],
)
def test_other_names_tell_no_kinds(names):
    assert not evaluate(**dict.fromkeys(names, 0)).means_by_kind()


def test_the_files(tmp_path):
    weights = tmp_path / "weights.npz"
    weights.write_bytes(b"some weights")
    loaded = weights_file(weights)
    weights.write_bytes(b"others")  # by a training that goes on
    evaluation = evaluate(cat=10, dog=70)
    written = write_report(tmp_path / "new" / "report", evaluation, {"bits": "8"}, loaded)
    assert written.startswith("Report: ")
    folder = tmp_path / "new" / "report"
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["cat", "dog"]
    content = json.loads((folder / "metrics.json").read_text())
    for row, image, one in zip(rows, content["images"], evaluation.measured, strict=True):
        for name in METRIC_NAMES:  # to the last bit
            assert float(row[name]) == image[name] == one.errors[name]
        assert int(row["pixels"]) == image["pixels"] == one.pixels
    assert content["mean"] == evaluation.mean()
    assert content["weights"] == {
        "file": str(weights),
        "sha256": hashlib.sha256(b"some weights").hexdigest(),
    }
    assert content["settings"] == {"bits": "8"}
    assert {"python", "dim_tf", "numpy", "cv2"} <= content["versions"].keys()
    assert content["date"].endswith("+00:00")
    assert content["platform"]
    assert sorted(path.name for path in folder.iterdir()) == ["metrics.csv", "metrics.json"]


def test_sheets_of_the_worst_come_first(tmp_path):
    evaluation = evaluate(sheets=3, a=10, b=70, c=30, d=0, e=70)
    write_report(tmp_path, evaluation, {})
    names = ["001_b.png", "002_e.png", "003_c.png"]
    assert sorted(path.name for path in (tmp_path / "sheets").iterdir()) == names
    assert read_rgb(tmp_path / "sheets" / "001_b.png").shape == (28 + 2 * (28 + 120), 496, 3)


def test_an_earlier_report_is_replaced(tmp_path):
    write_report(tmp_path, evaluate(sheets=2, a=10, b=20), {})
    (tmp_path / "sheets" / "mine.png").write_bytes(b"of the user")
    write_report(tmp_path, evaluate(sheets=1, c=5), {})
    names = sorted(path.name for path in (tmp_path / "sheets").iterdir())
    assert names == ["001_c.png", "mine.png"]


def test_pictures_in_a_folder_that_is_no_report_stay(tmp_path):
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "001_photo.png").write_bytes(b"of the user")
    write_report(tmp_path, evaluate(sheets=1, c=5), {})
    assert (tmp_path / "sheets" / "001_photo.png").read_bytes() == b"of the user"


@pytest.mark.parametrize("name", ["é è 猫", "x" * 250, "no UTF-8 \udc80"])
def test_names_that_are_hard_to_write(tmp_path, name):
    write_report(tmp_path, evaluate(sheets=1, **{name: 5}), {})
    content = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert content["images"][0]["image"] == name
    assert (tmp_path / "metrics.csv").read_text(encoding="utf-8").splitlines()[1][:3] == name[:3]
    assert len(list((tmp_path / "sheets").iterdir())) == 1


@pytest.mark.parametrize("written", range(3))
def test_nothing_of_an_earlier_report_goes_before_the_new_one_is_whole(
    tmp_path, monkeypatch, written
):
    write_report(tmp_path, evaluate(sheets=2, a=10, b=20), {})
    names = {path.name for path in tmp_path.rglob("*.*")}
    earlier = (tmp_path / "metrics.json").read_bytes()
    own, calls = report.write_bytes, []

    def full(path, content):
        if len(calls) == written:
            raise WriteError("The disk is full.")
        calls.append(path)
        own(path, content)

    monkeypatch.setattr(report, "write_bytes", full)
    with pytest.raises(WriteError):
        write_report(tmp_path, evaluate(sheets=1, c=5), {})
    assert names <= {path.name for path in tmp_path.rglob("*.*")}
    assert (tmp_path / "metrics.json").read_bytes() == earlier
