import dataclasses
import errno
import hashlib
import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from dim_tf.commands.matte import run_inference
from dim_tf.config import InferenceConfig, MattingConfig, config_from_values
from dim_tf.evaluation.metrics import matting_errors
from dim_tf.matting.post_process import HALF_CERTAIN, follow_colours
from dim_tf.model.network import build_network
from dim_tf.model.run_folder import best_path
from dim_tf.model.weights import load_network, save_weights
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import read_rgb
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError
from dim_tf.system.files import WriteError, writing
from dim_tf.trimaps.from_matte import trimap_from_alpha
from dim_tf.trimaps.rough_mask import trimap_from_rough_mask


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def infer(tiny_checkpoint, models_are_kept):
    def call(**values):
        run_inference(
            config_from_values(
                InferenceConfig,
                {
                    "checkpoint": str(tiny_checkpoint),
                    "precision": "float32",
                    "post_process": "none",
                }
                | values,
            )
        )

    return call


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_mask_becomes_a_matte_of_the_photos_size(
    infer, tiny_model, tmp_path, capsys, write_photo, write_mask
):
    photo, mask = write_photo(tmp_path / "a.png"), write_mask(tmp_path / "b.png")
    infer(rgb=str(photo), alpha=str(mask), trimap_kernel=9)
    trimap = trimap_from_alpha(read_grey(mask), 9).numpy()
    expected = tiny_model.predict_alpha(read_rgb(photo), trimap)
    np.testing.assert_array_equal(read_grey("alpha.png"), np.round(expected * 255))
    printed = capsys.readouterr()
    assert printed.out.startswith("a.png (50×40): matte alpha.png, ")
    assert printed.out.endswith(" s\n")
    assert printed.err == ""
    assert files(tmp_path) == ["a.png", "alpha.png", "b.png"]


def test_16_bits(infer, tiny_model, tmp_path, write_photo, write_trimap):
    photo, trimap = write_photo(tmp_path / "a.png"), write_trimap(tmp_path / "t.png")
    infer(rgb=str(photo), trimap=str(trimap), bits="16", output="m.png")
    matte = cv2.imread("m.png", cv2.IMREAD_UNCHANGED)
    expected = tiny_model.predict_alpha(read_rgb(photo), read_grey(trimap))
    assert matte.dtype == np.uint16
    np.testing.assert_allclose(matte / 65535, expected, atol=0.5001 / 65535)
    assert set(matte[read_grey(trimap) != 128]) == {0, 65535}


def test_the_side_by_side_picture(infer, tmp_path, write_photo, write_trimap):
    photo, trimap = write_photo(tmp_path / "a.png"), write_trimap(tmp_path / "t.png")
    infer(rgb=str(photo), trimap=str(trimap), side_by_side="look.png")
    look = read_rgb("look.png")
    assert look.shape == (40, 4 * 50 + 3 * 8, 3)
    np.testing.assert_array_equal(look[:, :50], read_rgb(photo))
    np.testing.assert_array_equal(look[:, 58:108, 0], read_grey(trimap))
    np.testing.assert_array_equal(look[:, 116:166, 1], read_grey("alpha.png"))
    known_foreground = read_grey(trimap) == 255
    np.testing.assert_array_equal(look[:, 174:][known_foreground], look[:, :50][known_foreground])


def test_the_trimap_is_written_as_the_network_sees_it(infer, tmp_path, write_photo, write_mask):
    photo, mask = write_photo(tmp_path / "a.png"), write_mask(tmp_path / "b.png")
    infer(rgb=str(photo), alpha=str(mask), save_trimap="look", trimap_kernel=9)
    expected = trimap_from_alpha(read_grey(mask), 9).numpy()
    np.testing.assert_array_equal(read_grey("look/a_trimap.png"), expected)
    infer(rgb=str(photo), alpha=str(mask), save_trimap="seen.png")
    np.testing.assert_array_equal(read_grey("seen.png"), trimap_from_rough_mask(read_grey(mask)))


def test_the_certainty_is_written(
    tmp_path, monkeypatch, write_photo, write_trimap, tiny_checkpoint
):
    config = dataclasses.replace(load_network(tiny_checkpoint)[1], certainty=True)
    network = build_network(config)
    save_weights("sure.npz", network, config, {})
    photo, trimap = write_photo(tmp_path / "a.png"), write_trimap(tmp_path / "t.png")
    values = {"rgb": str(photo), "trimap": str(trimap), "checkpoint": "sure.npz"}
    values |= {"precision": "float32", "save_certainty": "sure.png", "side_by_side": "look"}
    run_inference(config_from_values(InferenceConfig, values))
    seen = read_grey("sure.png")
    known = read_grey(trimap) != 128
    assert (seen[known] == 255).all()
    expected = 255 * HALF_CERTAIN / (np.exp(-2.5) + HALF_CERTAIN)  # as weights begin
    np.testing.assert_allclose(seen[~known], expected, atol=1)


def test_a_photo_without_a_mask(infer, tmp_path, write_photo, capsys):
    photo = np.full((60, 80, 3), (40, 120, 50), np.uint8)
    photo[15:45, 20:60] = (200, 60, 40)
    write_png(tmp_path / "a.png", photo)
    infer(rgb="a.png", rect="10,5,60,50", save_trimap="trimap.png")
    assert capsys.readouterr().out.startswith("a.png: GrabCut took 25% of it as the object.\n")
    assert read_grey("alpha.png").shape == (60, 80)
    assert (read_grey("trimap.png")[20:40, 30:50] == 255).all()


def test_the_settings_of_the_prediction_arrive(infer, tiny_model, tmp_path, write_photo):
    photo = write_photo(tmp_path / "a.png")
    write_png("t.png", np.repeat(np.uint8([[0, 255] + [128] * 48]), 40, axis=0))
    mattes = {}
    for name, values in {"own": {}, "squash": {"size": 64}, "batch": {"bn_eval": "batch"}}.items():
        infer(rgb=str(photo), trimap="t.png", output=f"{name}.png", **values)
        mattes[name] = read_grey(f"{name}.png")
    assert (mattes["own"] != mattes["squash"]).any()
    assert (mattes["own"] != mattes["batch"]).any()
    squashed = tiny_model.predict_alpha(read_rgb(photo), read_grey("t.png"), size=64)
    np.testing.assert_array_equal(mattes["squash"], np.round(squashed * 255))


def test_the_photos_colours_have_their_say_unless_told_not_to(
    infer, tiny_model, tmp_path, write_photo, write_trimap
):
    photo, trimap = write_photo(tmp_path / "a.png"), write_trimap(tmp_path / "t.png")
    rgb, seen = read_rgb(photo), read_grey(trimap)
    infer(rgb=str(photo), trimap=str(trimap), post_process=MattingConfig.post_process)
    expected = follow_colours(rgb, seen, tiny_model.predict_alpha(rgb, seen))
    np.testing.assert_array_equal(read_grey("alpha.png"), np.round(expected * 255))
    infer(rgb=str(photo), trimap=str(trimap), post_process="none", output="network.png")
    assert (read_grey("alpha.png") != read_grey("network.png")).any()


def test_a_folder_of_photos_of_several_sizes(infer, tmp_path, capsys, write_photo, write_mask):
    for name, size in (("cat", (33, 40)), ("dog", (64, 31))):
        write_photo(tmp_path / "photos" / f"{name}.png", *size)
        write_mask(tmp_path / "masks" / f"{name}.png", *size)
    infer(rgb="photos", alpha="masks", side_by_side="look")
    assert read_grey("mattes/cat.png").shape == (33, 40)
    assert read_grey("mattes/dog.png").shape == (64, 31)
    assert files(tmp_path / "look") == ["cat_side_by_side.png", "dog_side_by_side.png"]
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_only_missing_passes_over_photos_whose_files_are_all_there(
    infer, tmp_path, capsys, write_photo, write_mask
):
    for name in "abc":
        write_photo(tmp_path / "photos" / f"{name}.png")
        write_mask(tmp_path / "masks" / f"{name}.png")
    given = {"rgb": "photos", "alpha": "masks", "output": "out", "cutout": "cut"}
    infer(**given)
    first = {name: (tmp_path / name).read_bytes() for name in files(tmp_path) if "out/" in name}
    (tmp_path / "out" / "a.png").unlink()
    (tmp_path / "cut" / "b_cutout.png").unlink()  # its matte is there
    (tmp_path / "out" / "c.png").write_bytes(b"as it was")
    capsys.readouterr()
    infer(**given, only_missing=True)
    said, *lines = capsys.readouterr().out.splitlines()
    assert said == "1 of 3 photos were finished before."
    assert [line.split()[0] for line in lines] == ["a.png", "b.png"]
    assert (tmp_path / "out" / "c.png").read_bytes() == b"as it was"
    assert (tmp_path / "out" / "a.png").read_bytes() == first["out/a.png"]
    assert (tmp_path / "cut" / "b_cutout.png").is_file()
    infer(**given, only_missing=True)
    assert capsys.readouterr().out == "3 of 3 photos were finished before.\n"


def test_a_photo_that_fails_is_named_and_the_others_go_on(
    infer, tmp_path, capsys, write_photo, write_mask
):
    for name in "abcd":
        write_photo(tmp_path / "photos" / f"{name}.png")
        write_mask(tmp_path / "masks" / f"{name}.png")
    (tmp_path / "photos" / "a.png").write_bytes(b"no picture")
    write_mask(tmp_path / "masks" / "c.png", 20, 20)
    write_png(tmp_path / "masks" / "d.png", np.zeros((40, 50), np.uint8))
    with pytest.raises(InputError, match=r"3 of 4 photos could not be used .* named above; 1 were"):
        infer(rgb="photos", alpha="masks", output="out")
    printed = capsys.readouterr()
    assert [line.split(":")[0].split(" ")[0] for line in printed.err.splitlines()] == [
        "photos/a.png",
        "photos/c.png",
        "photos/d.png",
    ]
    assert printed.out.startswith("b.png (50×40): matte out/b.png")
    assert files(tmp_path / "out") == ["b.png"]


def test_an_almost_clean_trimap_is_repaired_and_the_user_told(
    infer, tmp_path, capsys, write_photo, write_trimap
):
    photo, trimap = write_photo(tmp_path / "a.png"), write_trimap(tmp_path / "t.png")
    infer(rgb=str(photo), trimap=str(trimap), output="clean.png")
    values = read_grey(trimap)
    write_png("dirty.png", np.where(values == 128, 127, np.where(values == 255, 254, 1)))
    capsys.readouterr()
    infer(rgb=str(photo), trimap="dirty.png", output="repaired.png")
    assert capsys.readouterr().out.startswith("dirty.png: 2,000 pixels were almost")
    np.testing.assert_array_equal(read_grey("clean.png"), read_grey("repaired.png"))


@pytest.mark.parametrize(
    "prepare, values, sentence",
    [
        ("mask 20×50", {"alpha": "mask.png"}, "photo.png is 50×40 pixels and mask.png 50×20"),
        ("white mask", {"alpha": "mask.png"}, "no unknown pixel; a mask is 255 on the object"),
        ("binary trimap", {"trimap": "mask.png"}, "no unknown pixel (128)"),
        ("grey trimap", {"trimap": "mask.png"}, "mask.png is no trimap"),
        ("broken mask", {"alpha": "mask.png"}, "mask.png is not a picture that can be read"),
        ("broken photo", {"alpha": "mask.png"}, "photo.png is not a picture that can be read"),
        ("nothing", {"alpha": "mask.png", "trimap_kernel": 1}, "a larger --trimap_kernel, such as"),
        (
            "nothing",
            {"alpha": "mask.png", "max_pixels": 1999, "bn_eval": "batch"},
            "more than --max_pixels=1999",
        ),
        ("nothing", {"alpha": "mask.png", "checkpoint": "x.npz"}, "no checkpoint x.npz"),
        ("a file", {"alpha": "mask.png", "output": "file/a.png"}, "file/a.png is not possible"),
    ],
)
def test_one_photo_that_cannot_be_used(
    infer, tmp_path, capsys, write_photo, write_mask, prepare, values, sentence
):
    write_photo(tmp_path / "photo.png")
    write_mask(tmp_path / "mask.png")
    grey = {"white mask": 255, "grey trimap": 60}.get(prepare)
    if grey:
        write_png("mask.png", np.full((40, 50), grey, np.uint8))
    elif prepare == "mask 20×50":
        write_mask(tmp_path / "mask.png", 20, 50)
    elif prepare == "a file":
        (tmp_path / "file").touch()
    elif prepare.startswith("broken"):
        (tmp_path / f"{prepare.split()[1]}.png").write_bytes(b"\x89PNG but not much more")
    before = files(tmp_path)
    with pytest.raises(InputError) as refusal:
        infer(**{"rgb": "photo.png"} | values)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert files(tmp_path) == before
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "values", [{"trimap_kernel": 0}, {"size": -1}, {"max_pixels": 0}, {"size": 4000}, {"bits": "9"}]
)
def test_impossible_settings(values):
    with pytest.raises(InputError, match=f"--{next(iter(values))}=.* is not possible"):
        config_from_values(InferenceConfig, values)


def test_a_damaged_checkpoint_ends_the_command(infer, tmp_path, write_photo, write_mask):
    for name in "ab":
        write_photo(tmp_path / "photos" / f"{name}.png")
        write_mask(tmp_path / "masks" / f"{name}.png")
    (tmp_path / "weights.npz").write_bytes(b"not weights")
    with pytest.raises(InputError, match=r"weights\.npz is damaged"):
        infer(rgb="photos", alpha="masks", checkpoint="weights.npz")


def test_the_demo_writes_two_pictures_and_says_how_good_it_is(infer, tmp_path, capsys):
    infer()
    assert files(tmp_path) == ["alpha.png", "alpha_side_by_side.png"]
    first, second = capsys.readouterr().out.splitlines()
    assert "matte alpha.png, side by side alpha_side_by_side.png" in first
    assert second.startswith("Compared with the exact matte on the unknown region: SAD ")


def write_truths(folder, *names):
    for number, name in enumerate(names):
        matte = np.random.default_rng(number).integers(0, 256, (40, 50), np.uint8)
        write_png(folder / f"{name}.png", matte)


def test_mattes_are_compared_with_the_truth(
    infer, tmp_path, capsys, write_photo, write_trimap, tiny_checkpoint
):
    for name in ("cat", "dog"):
        write_photo(tmp_path / "photos" / f"{name}.png")
        write_trimap(tmp_path / "trimaps" / f"{name}.png")
    write_truths(tmp_path / "truths", "cat", "dog", "nobody")
    infer(rgb="photos", trimap="trimaps", gt="truths", output="out", bits="16")
    content = json.loads((tmp_path / "report" / "metrics.json").read_text())
    capsys.readouterr()
    # What was written, read again: the metrics see 8 bits.
    infer(rgb="photos", trimap="trimaps", output="again")
    for row in content["images"]:
        pictures = (read_grey(f"{kind}/{row['image']}.png") for kind in ("again", "truths"))
        expected = matting_errors(*pictures, read_grey(f"trimaps/{row['image']}.png"))
        assert {name: row[name] for name in expected} == expected
    assert [row["image"] for row in content["images"]] == ["cat", "dog"]
    digest = hashlib.sha256(tiny_checkpoint.read_bytes()).hexdigest()
    assert content["weights"] == {"file": str(tiny_checkpoint), "sha256": digest}
    assert {"tensorflow", "keras"} <= content["versions"].keys()
    assert content["settings"]["bits"] == "16"
    assert files(tmp_path / "out") == ["cat.png", "dog.png"]
    assert len(files(tmp_path / "report" / "sheets")) == 2


def test_the_report_names_the_weights_that_a_runs_folder_meant(
    infer, tmp_path, write_photo, write_trimap, tiny_checkpoint
):
    best = best_path(tmp_path / "run")
    best.parent.mkdir(parents=True)
    shutil.copy(tiny_checkpoint, best)
    write_photo(tmp_path / "photo.png")
    write_trimap(tmp_path / "trimap.png")
    write_truths(tmp_path, "truth")
    infer(rgb="photo.png", trimap="trimap.png", gt="truth.png", checkpoint="run")
    content = json.loads(Path("report/metrics.json").read_text())
    assert content["weights"]["file"] == str(best.relative_to(tmp_path))
    assert content["weights"]["sha256"] == hashlib.sha256(best.read_bytes()).hexdigest()


def test_one_photo_with_its_truth(infer, tmp_path, capsys, write_photo, write_mask):
    write_photo(tmp_path / "photo.png")
    write_mask(tmp_path / "mask.png")
    write_truths(tmp_path, "truth")
    infer(rgb="photo.png", alpha="mask.png", gt="truth.png", trimap_kernel=9, report="r", sheets=0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("photo.png (50×40): matte alpha.png")
    assert lines[-1] == f"Report: {Path('r/metrics.csv')}, metrics.json."
    assert files(tmp_path / "r") == ["metrics.csv", "metrics.json"]


@pytest.mark.parametrize("values", ["nothing known", "stray", "three", "inverted"])
def test_a_trimap_is_read_by_one_rule_with_truths_and_without(
    infer, tmp_path, capsys, write_photo, write_trimap, values
):
    write_photo(tmp_path / "photo.png")
    write_truths(tmp_path, "truth")
    trimap = read_grey(write_trimap(tmp_path / "trimap.png")).copy()
    if values == "nothing known":
        trimap[:] = 128
    elif values == "stray":
        trimap = trimap // 4 * 3 + np.arange(50, dtype=np.uint8) % 12
        trimap = np.where(trimap > 180, 245, np.where(trimap > 90, 128, trimap)).astype(np.uint8)
    elif values == "three":
        trimap = np.where(trimap == 255, 2, trimap // 128).astype(np.uint8)
    else:
        trimap = np.full_like(trimap, 255)
        trimap[10:30, 10:30], trimap[8:10, 10:30] = 0, 128
    write_png("trimap.png", trimap)
    told = []
    for number, more in enumerate(({}, {"gt": "truth.png"})):
        infer(rgb="photo.png", trimap="trimap.png", save_trimap=f"seen{number}.png", **more)
        lines = capsys.readouterr().out.splitlines()
        told.append([line for line in lines if line.startswith("trimap.png: ")])
    np.testing.assert_array_equal(read_grey("seen0.png"), read_grey("seen1.png"))
    assert told[0] == told[1] != []
    assert Path("report/metrics.json").exists()


def test_a_truth_that_does_not_fit_is_named_and_the_others_go_on(
    infer, tmp_path, capsys, write_photo, write_trimap
):
    for name in ("cat", "dog"):
        write_photo(tmp_path / "photos" / f"{name}.png")
        write_trimap(tmp_path / "trimaps" / f"{name}.png")
    write_truths(tmp_path / "truths", "dog")
    write_png("truths/cat.png", np.zeros((9, 50), np.uint8))
    with pytest.raises(InputError, match="1 of 2 photos could not be used"):
        infer(rgb="photos", trimap="trimaps", gt="truths", output="out")
    assert "truths/cat.png 50×9; give two pictures of the same size" in capsys.readouterr().err
    assert files(tmp_path / "out") == ["dog.png"]
    assert len(json.loads(Path("report/metrics.json").read_text())["images"]) == 1


def test_an_impossible_report_folder_is_told_before_predicting(
    infer, tmp_path, write_photo, write_trimap
):
    write_photo(tmp_path / "photo.png")
    write_trimap(tmp_path / "trimap.png")
    write_truths(tmp_path, "truth")
    before = files(tmp_path)
    with pytest.raises(InputError, match=r"--report=photo\.png is not possible"):
        infer(rgb="photo.png", trimap="trimap.png", gt="truth.png", report="photo.png")
    assert files(tmp_path) == before


def test_a_folder_that_cannot_be_written_to_is_told_before_predicting(
    infer, tmp_path, write_photo, write_trimap, monkeypatch
):
    write_photo(tmp_path / "photo.png")
    write_trimap(tmp_path / "trimap.png")
    before = files(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / "locked")
    (tmp_path / "locked").mkdir()
    monkeypatch.setattr("dim_tf.commands.matte.outcomes_of", None)  # nothing is computed
    with pytest.raises(InputError, match=r"m\.png is not possible, .*locked is not writable"):
        infer(rgb="photo.png", trimap="trimap.png", output="locked/new/m.png")
    assert files(tmp_path) == before


def test_a_full_disk_ends_the_command(infer, tmp_path, write_photo, write_trimap, monkeypatch):
    for name in ("a", "b", "c"):
        write_photo(tmp_path / "photos" / f"{name}.png")
        write_trimap(tmp_path / "trimaps" / f"{name}.png")
    written = []

    def write(path, content):
        written.append(path.name)
        with writing(path):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("dim_tf.commands.matte.write_bytes", write)
    with pytest.raises(WriteError, match=r"a\.png cannot be written: No space left on device"):
        infer(rgb="photos", trimap="trimaps", output="out")
    assert written == ["a.png"]


def test_names_with_control_characters_and_foreign_bytes_are_told_as_escapes(
    infer, capsys, write_photo, write_mask
):
    for folder, write in (("photos", write_photo), ("masks", write_mask)):
        for name in ("red\x1b[31m", "bad\udcff"):
            write(Path(folder) / "a.png").rename(Path(folder) / f"{name}.png")
    infer(rgb="photos", alpha="masks", trimap_kernel=9, output="out/")
    printed = capsys.readouterr().out
    assert "red\\x1b[31m.png (50×40)" in printed and "bad\\udcff.png (50×40)" in printed
    assert "\x1b" not in printed
