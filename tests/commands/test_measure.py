import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dim_tf.commands.matte import run_inference
from dim_tf.config import InferenceConfig, config_from_values
from dim_tf.evaluation.metrics import matting_errors
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.writing import encode_png, write_png
from dim_tf.system.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
PHOTOGRAPH = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)


def measure(**values):
    files = {"predictions": "theirs", "trimap": "trimaps", "gt": "truths"}
    run_inference(config_from_values(InferenceConfig, {**files, **values}))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, write_photo, write_trimap, write_mask):
    """Two mattes of another tool with photos, trimaps, masks and truths."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(2)
    for name in ("cat", "dog"):
        write_photo(tmp_path / "photos" / f"{name}.png")
        write_trimap(tmp_path / "trimaps" / f"{name}.png")
        write_mask(tmp_path / "masks" / f"{name}.png")
        for kind in ("theirs", "truths"):
            matte = random.integers(0, 256, (40, 50), np.uint8)
            write_png(tmp_path / kind / f"{name}.png", matte)
    return tmp_path


def report():
    return json.loads(Path("report/metrics.json").read_text())


def test_mattes_of_another_tool_are_measured(capsys):
    measure(rgb="photos")
    content = report()
    for row in content["images"]:
        pictures = (read_grey(f"{kind}/{row['image']}.png") for kind in ("theirs", "truths"))
        expected = matting_errors(*pictures, read_grey(f"trimaps/{row['image']}.png"))
        assert {name: row[name] for name in expected} == expected
    assert [row["image"] for row in content["images"]] == ["cat", "dog"]
    assert content["weights"] is None
    assert content["settings"]["predictions"] == "theirs"
    assert len(list(Path("report/sheets").iterdir())) == 2
    printed = capsys.readouterr()
    assert printed.out.splitlines()[3].startswith("mean of 2 ")
    assert printed.out.splitlines()[4].startswith("Report: report/metrics.csv")
    assert printed.err == ""
    assert not Path("mattes").exists()


def test_a_matte_of_few_dark_levels_is_measured_and_not_left_out():
    """Of a network that fails; without it the mean would flatter."""
    dark = np.zeros((40, 50), np.uint8)
    dark[10:30, 10:40], dark[15:25, 15:35] = 3, 7
    write_png("theirs/cat.png", dark)
    measure()
    row = report()["images"][0]
    expected = matting_errors(dark, read_grey("truths/cat.png"), read_grey("trimaps/cat.png"))
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize("levels", [np.uint8([0, 1]), np.uint16([0, 3, 200]), np.uint16([9, 999])])
def test_dark_mattes_that_were_written_here_are_measured_as_they_are(levels):
    """They say that they are mattes, so 0 and 1 are no labels and 16 bits are 16."""
    matte = levels[np.random.default_rng(4).integers(0, len(levels), (40, 50))]
    Path("theirs/cat.png").write_bytes(encode_png(matte, is_matte=True))
    measure()
    row = report()["images"][0]
    largest = np.iinfo(levels.dtype).max
    as_8_bits = np.round(matte / largest * 255).astype(np.uint8)
    expected = matting_errors(
        as_8_bits / np.float32(255), read_grey("truths/cat.png"), read_grey("trimaps/cat.png")
    )
    assert {name: row[name] for name in expected} == expected


def test_mattes_say_that_they_are(capsys, tiny_checkpoint):
    for bits in ("8", "16"):
        measure(
            predictions="", rgb="photos", output="m", bits=bits, checkpoint=str(tiny_checkpoint)
        )
        for name in ("cat", "dog"):
            assert Image.open(f"m/{name}.png").info["Description"] == "alpha matte"


def test_tensorflow_is_not_needed(folder):
    program = (
        "import sys; from dim_tf.config import InferenceConfig, config_from_values;"
        "from dim_tf.commands.matte import run_inference;"
        "files = dict(predictions='theirs', trimap='trimaps', gt='truths');"
        "run_inference(config_from_values(InferenceConfig, files));"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


def test_the_whole_image_needs_no_trimap():
    measure(trimap="", region="whole", report="whole")
    row = json.loads(Path("whole/metrics.json").read_text())["images"][0]
    expected = matting_errors(read_grey("theirs/cat.png"), read_grey("truths/cat.png"), None)
    assert {name: row[name] for name in expected} == expected
    assert row["pixels"] == 2000


def test_trimaps_from_masks():
    measure(trimap="", alpha="masks", trimap_kernel=9)
    assert 0 < report()["images"][0]["pixels"] < 2000


def test_trimaps_are_repaired_and_told_as_where_mattes_are_predicted(capsys):
    values = read_grey("trimaps/cat.png")
    measure()
    expected = report()["images"]
    capsys.readouterr()
    write_png("trimaps/cat.png", np.where(values == 128, np.uint8(127), values))
    measure()
    assert report()["images"] == expected
    told = capsys.readouterr().out.splitlines()[0]
    assert told.startswith(f"trimaps/cat.png: {np.count_nonzero(values == 128):,} pixels were almo")
    # Nothing known, and one that is inverted: the same pixels count.
    write_png("trimaps/cat.png", np.full_like(values, 128))
    values = np.full_like(values, 255)
    values[10:30, 10:30], values[8:10] = 0, 128
    write_png("trimaps/dog.png", values)
    measure()
    assert [row["pixels"] for row in report()["images"]] == [2000, 100]
    told = capsys.readouterr().out
    assert "trimaps/cat.png: it has no foreground (255) and no background (0);" in told
    assert "trimaps/dog.png: it is white along" in told


def test_trimaps_from_the_truth_itself_are_told(capsys):
    measure(trimap="", alpha="masks", gt="masks/", trimap_kernel=9)
    assert "The trimaps were made from the true mattes, which flatters" in capsys.readouterr().out
    measure(trimap="", alpha="masks", trimap_kernel=9)
    assert "flatters" not in capsys.readouterr().out


def test_one_matte_and_one_truth_need_no_common_name():
    measure(predictions="theirs/cat.png", gt="truths/dog.png", trimap="trimaps/dog.png")
    assert [row["image"] for row in report()["images"]] == ["cat"]


def test_truths_without_a_prediction_are_named(capsys):
    Path("theirs/cat.png").unlink()
    measure()
    assert capsys.readouterr().out.startswith(
        "No prediction, so not in the mean: truths/cat.png.\n"
    )


def test_a_matte_that_cannot_be_used_is_named_and_the_others_go_on(capsys):
    write_png("theirs/cat.png", np.zeros((20, 50), np.uint8))
    with pytest.raises(InputError, match="1 of 2 mattes could not be used and are named above"):
        measure()
    assert capsys.readouterr().err == (
        "truths/cat.png is 50×40 pixels and theirs/cat.png 50×20; give two pictures of the same "
        "size.\n"
    )
    assert [row["image"] for row in report()["images"]] == ["dog"]


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"gt": ""}, "--predictions needs the ground truth"),
        ({"trimap": ""}, "--predictions needs the trimaps"),
        ({"alpha": "masks"}, "either --alpha or --trimap, not both"),
        ({"checkpoint": "x.npz"}, "--checkpoint does not go with --predictions"),
        ({"output": "out"}, "--output does not go with --predictions"),
        ({"cutout": "c"}, "--cutout does not go with --predictions"),
        ({"rect": "auto"}, "--rect does not go with --predictions"),
        ({"side_by_side": "look"}, "--side_by_side does not go with --predictions"),
        ({"report": "file"}, "--report=file is not possible"),
        ({"predictions": "nowhere"}, "--predictions=nowhere does not exist"),
        ({"gt": "truths/cat.png"}, "--gt has no partner for theirs/dog.png"),
        ({"trimap": "trimaps/cat.png"}, "--trimap has no partner for theirs/dog.png"),
        ({"rgb": "photos/cat.png"}, "--rgb has no partner for theirs/dog.png"),
    ],
)
def test_refusals(folder, capsys, values, sentence):
    Path("file").touch()
    before = sorted(folder.rglob("*"))
    with pytest.raises(InputError) as refusal:
        measure(**values)
    assert sentence in str(refusal.value)
    assert sorted(folder.rglob("*")) == before
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "spoilt, picture, sentence",
    [
        ("theirs", np.ones((40, 50), np.uint8), "theirs/cat.png has no values but 0 and 1"),
        ("truths", np.ones((40, 50), np.uint8), "truths/cat.png has no values but 0 and 1"),
        ("theirs", PHOTOGRAPH, "theirs/cat.png is a picture in colours, not a matte"),
        ("truths", PHOTOGRAPH, "truths/cat.png is a picture in colours, not a matte"),
        ("truths", np.zeros((41, 50), np.uint8), "truths/cat.png is 50×41"),
        ("trimaps", np.full((40, 60), 128, np.uint8), "trimaps/cat.png 60×40; give two pictures"),
        ("trimaps", np.zeros((40, 50), np.uint8), "trimaps/cat.png has no unknown pixel (128)"),
        ("trimaps", np.full((40, 50), 60, np.uint8), "trimaps/cat.png is no trimap"),
        ("photos", np.zeros((4, 5), np.uint8), "photos/cat.png 5×4; give two pictures"),
        ("theirs", None, "theirs/cat.png is not a picture"),
    ],
)
def test_pictures_that_cannot_be_measured(spoilt, picture, sentence):
    path = Path(spoilt) / "cat.png"
    if picture is None:
        path.write_bytes(b"no picture")
    else:
        write_png(path, picture)
    with pytest.raises(InputError) as refusal:
        measure(
            predictions="theirs/cat.png",
            gt="truths/cat.png",
            trimap="trimaps/cat.png",
            rgb="photos/cat.png",
        )
    assert sentence in str(refusal.value)
    assert not Path("report").exists()
