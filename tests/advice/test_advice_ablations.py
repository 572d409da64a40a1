"""What the ablations say, and the composites that they and others are measured on."""

import dataclasses
import json
import re
import shutil
import signal
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dim_tf.ablations import drift as drift_module
from dim_tf.ablations import one as one_module
from dim_tf.ablations.arms import ARMS, arm_configs, chosen_arms, settings_of_arm
from dim_tf.ablations.measuring import averaged_weights, measure, pictures_of
from dim_tf.ablations.one import conditions_of, run_arm
from dim_tf.ablations.records import read_records, record_path, write_record
from dim_tf.ablations.report import write_report
from dim_tf.ablations.run import run_series
from dim_tf.commands import ablations, held_out
from dim_tf.commands.prepare import make_dataset
from dim_tf.config import (
    AblationConfig,
    HeldOutConfig,
    NetworkConfig,
    OfflineConfig,
    TrainingConfig,
    with_values,
)
from dim_tf.dataset.left_out import LIST_NAME
from dim_tf.evaluation.held_out import write_composites
from dim_tf.model.run_folder import checkpoint_path
from dim_tf.model.weights_file import write_arrays
from dim_tf.pictures.folders import list_images
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import render_texture
from dim_tf.system.errors import InputError
from dim_tf.training.loop import TrainingResult
from tests.ablations.conftest import ROOT, make_record
from tests.advice.provoking import flags_in, refused, told


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Of a series of two arms whose dataset and composites cost nothing."""
    monkeypatch.chdir(ROOT)  # flagfiles name each other from there
    for number in range(14):
        write_png(tmp_path / "photos" / f"{number:02d}.png", render_texture(number, (48, 48)))
    for folder in ("rgb", "trimap", "alpha"):
        write_png(tmp_path / "validation" / folder / "a.png", np.zeros((8, 8), np.uint8))
    return AblationConfig(
        photos_dir=str(tmp_path / "photos"),
        work_dir=str(tmp_path / "work"),
        records_dir=str(tmp_path / "docs" / "ablations"),
        only=("base", "skip"),
        seeds=(1,),
        progress=False,
    )


@pytest.fixture
def series(monkeypatch):
    """Runs a series; records are written instead of made, and those asked for fail."""
    monkeypatch.setattr("dim_tf.ablations.run.prepare", lambda config: None)
    monkeypatch.setattr("dim_tf.ablations.run.measure_drift", lambda config: None)
    conditions = {"dataset": "one"}
    monkeypatch.setattr("dim_tf.ablations.run.conditions_of", lambda config: conditions)

    def call(config, failing=()):
        def run_one(arm, seed, config):
            if arm.name in failing:
                raise InputError("It fell over.")
            settings = settings_of_arm(arm_configs(arm, config, seed))
            record = make_record(arm.name, seed, 0.1, settings=settings, conditions=conditions)
            write_record(config.records_dir, record)

        run_series(config, run_one)
        return read_records(config.records_dir)

    return call


def test_an_arm_is_chosen(config):
    wrong = dataclasses.replace(config, only=("bass",))
    sentence = refused("--only={} is no arm; choose among {}.", chosen_arms, wrong)
    named = re.search("choose among (.*)[.]", sentence)[1].split(", ")
    assert named == list(ARMS)
    for name in named:
        (arm,) = chosen_arms(dataclasses.replace(config, only=(name,)))
        assert arm.name == name


def test_a_scale_is_chosen(config):
    wrong = dataclasses.replace(config, only=(), scales=("medium",))
    sentence = refused("--scales={} is none; choose among {}.", chosen_arms, wrong)
    for name in re.search("choose among (.*)[.]", sentence)[1].split(", "):
        chosen = chosen_arms(dataclasses.replace(wrong, scales=(name,)))
        assert {arm.scale for arm in chosen} == {name}


def test_one_arm_and_one_seed_are_given_as_in_the_example(config, monkeypatch):
    from dim_tf.config.flags import config_from_arguments

    done = []
    monkeypatch.setattr(one_module, "run_arm", lambda arm, seed, config: done.append((arm, seed)))
    advice = "one takes one arm and one seed, such as --only=base --seeds=1."
    sentence = refused(advice, ablations.one, config)
    ablations.one(config_from_arguments(AblationConfig, flags_in(sentence)))
    assert done == [(ARMS["base"], 1)]


@pytest.mark.parametrize("name", ["photos_dir", "work_dir", "records_dir"])
def test_a_folder_that_is_missing_is_given(config, series, name):
    advice = "--{} is missing; give a folder (see --help)."
    refused(advice, series, dataclasses.replace(config, **{name: ""}))
    assert list(series(config)["base"]) == [1]


def test_what_failed_is_repeated_by_the_same_command(config, series, capsys):
    refused("{} of {} runs failed: {}; the same command repeats these.", series, config, ["skip"])
    assert len(series(config)["skip"]) == 1
    assert "1 records are there, 1 missing" in capsys.readouterr().out


def test_arms_that_need_vgg16_are_run_where_its_weights_are_given(config, series, capsys, tmp_path):
    config = dataclasses.replace(config, only=("vgg",))
    series(config)
    told("Skipped, since --vgg_weights is not given: {}.", capsys.readouterr().out)
    (tmp_path / "vgg16_weights.npz").write_bytes(b"read by the run")
    weights = str(tmp_path / "vgg16_weights.npz")
    assert len(series(dataclasses.replace(config, vgg_weights=weights))["vgg"]) == 1


@pytest.mark.parametrize("content", [b"{", b'{"arm": "base"}', b"[]"])
def test_a_damaged_record_is_deleted_and_run_adds_it(config, series, content):
    series(config)
    path = record_path(config.records_dir, "base", 1)
    path.write_bytes(content)
    advice = "is damaged or no record of an ablation; delete it, and run adds what is missing."
    sentence = refused(advice, series, config)
    Path(sentence.split()[0]).unlink()
    assert len(series(config)["base"]) == 1


def test_records_that_cannot_be_compared_are_run_again(config, series):
    series(config)
    other = make_record("skip", 1, 0.1, conditions={"dataset": "another"})
    write_record(config.records_dir, other)
    advice = "so they cannot be compared; run again, which repeats what no longer fits."
    refused(advice, read_records, config.records_dir)
    assert len(series(config)["skip"]) == 1


def test_records_of_seeds_that_are_not_asked_for_are_run_again_with_these(config, series):
    """run repeats what no longer fits of the seeds it is given; report reads all."""
    series(dataclasses.replace(config, seeds=(1, 2)))
    write_record(config.records_dir, make_record("skip", 2, 0.1, conditions={"dataset": "old"}))
    refused("run again, which repeats what no longer fits.", read_records, config.records_dir)
    assert len(series(dataclasses.replace(config, seeds=(1, 2)))["skip"]) == 2


def test_a_damaged_drift_is_deleted_and_measured_anew(config, monkeypatch):
    monkeypatch.setattr(drift_module, "drift_statistics", lambda mattes: {})
    monkeypatch.setattr(drift_module, "draw_drift", lambda: np.zeros((8, 8, 3), np.uint8))
    path = Path(config.records_dir) / drift_module.DRIFT_RECORD
    path.parent.mkdir(parents=True)
    path.write_text("{")
    refused("{} is damaged; delete it, and drift measures it anew.", ablations.drift, config)
    path.unlink()
    ablations.drift(config)
    assert json.loads(path.read_text())["mattes"] == config.drift_mattes


def test_composites_are_made_by_run(config, monkeypatch):
    sentence = "{} holds no composites; run makes them."
    refused(sentence, conditions_of, config)
    monkeypatch.setattr("dim_tf.ablations.run.measure_drift", lambda config: None)
    # Backgrounds of the dataset take seconds each, and nothing is asked of them.
    monkeypatch.setattr("dim_tf.dataset.offline_jobs.fit_background", lambda photo, pad: photo)
    monkeypatch.setattr("dim_tf.dataset.geometry.canvas_of", lambda picture: picture)
    monkeypatch.setattr("dim_tf.system.jobs.usable_cores", lambda: 1)  # in this process
    small = dataclasses.replace(config, mattes=1, composites=1, composite_size=96, only=("base",))
    run_series(small, lambda arm, seed, config: None)
    assert conditions_of(small).keys() == {"dataset", "held-out set"}


@pytest.mark.parametrize("folder", ["trimap", "alpha"])
def test_a_picture_that_is_missing_is_added(tiny_model, tmp_path, folder):
    parts = {
        "rgb": np.zeros((32, 32, 3), np.uint8),
        "trimap": np.full((32, 32), 128, np.uint8),
        "alpha": np.tile(np.arange(0, 256, 8, np.uint8), (32, 1)),
    }
    for name in ("a.png", "b.png"):
        for part, picture in parts.items():
            write_png(tmp_path / part / name, picture)
    (tmp_path / folder / "b.png").unlink()
    sentence = refused("{} has no picture named {}; add it.", pictures_of, tmp_path, "trimap")
    where, name = re.search("(.*) has no picture named (.*); add", sentence).groups()
    write_png(Path(where) / f"{name}.png", parts[folder])
    assert measure(tiny_model, pictures_of(tmp_path, "trimap"))["pictures"] == ["a", "b"]


def test_a_run_that_was_stopped_goes_on_with_the_same_command(config, monkeypatch):
    stopped_by = [signal.SIGTERM, None]

    def train(run, data_dir, flagfile):
        row = dict.fromkeys(("alpha_loss", "total_loss", "unknown_error"), 0.5) | {"step": 3}
        monkeypatch.setattr("dim_tf.training.progress.read_loss_log", lambda run_dir: [row])
        (Path(run.run_dir) / "checkpoints").mkdir(parents=True, exist_ok=True)
        return TrainingResult(3, None, {}, 0, 0.1, stopped_by.pop(0))

    monkeypatch.setattr("dim_tf.training.loop.train", train)
    monkeypatch.setattr(one_module, "conditions_of", lambda config: {"dataset": "one"})
    monkeypatch.setattr(one_module, "measured", lambda *arguments: {"errors": {}})
    command = ARMS["base"], 1, config
    refused("Stopped at step {}, saved; the same command goes on.", run_arm, *command)
    assert run_arm(*command).exists()


def test_a_run_whose_checkpoints_were_not_kept_is_made_anew(tmp_path):
    run = with_values(TrainingConfig(), steps=4).run

    def train(steps):
        (tmp_path / "run" / "checkpoints").mkdir(parents=True)
        for step in steps:
            arrays = {"network/conv/weights": np.ones(2, np.float32)}
            path = checkpoint_path(tmp_path / "run", step)
            write_arrays(path, arrays, NetworkConfig(), {"step": step})

    train([4])
    advice = "remove {}, so that the run is made anew."
    sentence = refused(advice, averaged_weights, run, tmp_path / "run")
    shutil.rmtree(re.search(r"remove (\S+), so", sentence)[1])
    train([1, 2, 3, 4])
    assert averaged_weights(run, tmp_path / "run").exists()


def test_a_report_needs_records(config, series, tmp_path, monkeypatch):
    Path(config.records_dir).parent.mkdir()
    Path(f"{config.records_dir}.md").write_text("what stood there")
    advice = "--records_dir={} holds no records; give their folder, or make some with {} run."
    pytest.importorskip("matplotlib")
    refused(advice, write_report, config)
    assert Path(f"{config.records_dir}.md").read_text() == "what stood there"
    monkeypatch.setattr("dim_tf.ablations.report._differences", lambda *arguments: "")
    monkeypatch.setattr("dim_tf.ablations.report.section_of", lambda *arguments: "")
    series(config)
    write_report(dataclasses.replace(config, records_dir=str(tmp_path / "docs" / "ablations")))
    assert "2" in Path(f"{config.records_dir}.md").read_text()


def test_the_report_is_written_where_matplotlib_is(config, series, monkeypatch):
    series(config)
    with monkeypatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda name: None)
        refused("install it with pip install matplotlib.", write_report, config)
    pytest.importorskip("matplotlib")
    monkeypatch.setattr("dim_tf.ablations.report._differences", lambda *arguments: "")
    monkeypatch.setattr("dim_tf.ablations.report.section_of", lambda *arguments: "")
    assert f"2 runs of 2 of {len(ARMS)} arms" in write_report(config)


# Composites to measure on


@pytest.mark.parametrize("name", ["photos_dir", "out_dir"])
def test_the_folders_of_composites_are_given(config, tmp_path, name):
    given = HeldOutConfig(config.photos_dir, str(tmp_path / "out"), count=1, size=96)
    advice = "--{} is missing; give a folder (see --help)."
    refused(advice, held_out.make, dataclasses.replace(given, **{name: ""}))
    held_out.make(given)
    assert len(list((tmp_path / "out" / "rgb").iterdir())) == 1


def test_14_photographs_are_given(config, tmp_path):
    for file in sorted(Path(config.photos_dir).iterdir())[9:]:
        file.rename(tmp_path / file.name)
    make = config.photos_dir, tmp_path / "out", 1, 96
    sentence = refused("a composite takes two, so give 14 or more.", write_composites, *make)
    count = int(re.search(r"give (\d+) or more", sentence)[1])
    for number in range(9, count):
        (tmp_path / f"{number:02d}.png").rename(Path(config.photos_dir) / f"{number:02d}.png")
    assert len(list(Path(config.photos_dir).iterdir())) == count
    assert write_composites(*make) == 1


def test_a_folder_of_other_composites_is_left_for_another(config, tmp_path):
    write_composites(config.photos_dir, tmp_path / "out", 1, 96)
    advice = "begun for composites with other settings or pictures; give another {}."
    refused(advice, write_composites, config.photos_dir, tmp_path / "out", 1, 96, 2)
    assert write_composites(config.photos_dir, tmp_path / "another", 1, 96, 2) == 1


@pytest.mark.parametrize("folder", ["new", "empty"])
def test_a_folder_of_other_files_is_left_for_a_new_or_empty_one(config, tmp_path, folder):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    make = 1, 96
    advice = "holds files but no {} that says of what composites; give a new or empty folder."
    refused(advice, write_composites, config.photos_dir, tmp_path / "full", *make)
    assert write_composites(config.photos_dir, tmp_path / folder, *make) == 1


def test_a_larger_composite_has_a_usable_trimap(config, tmp_path):
    """In another folder: this one keeps the smaller ones that could be made."""
    made = 3
    refused(
        "was found at a size of {}; give a larger size, and another folder.",
        *(write_composites, config.photos_dir, tmp_path / "out", made, 32),
    )
    assert write_composites(config.photos_dir, tmp_path / "another", made, 128) == made


@pytest.fixture
def cutouts(tmp_path):
    """Eleven cut-outs of discs, of which the last is held out."""
    y, x = np.mgrid[:60, :60]
    disc = np.clip((25 - np.hypot(y - 30, x - 30)) * 100, 0, 255).astype(np.uint8)
    colours = np.full((60, 60, 3), 99, np.uint8)
    for number in range(11):
        write_png(tmp_path / "cutouts" / "discs" / f"{number:02d}.png", np.dstack([colours, disc]))
    return tmp_path / "cutouts"


@pytest.fixture
def given(config, cutouts, tmp_path):
    out, folder = str(tmp_path / "out"), str(cutouts)
    return HeldOutConfig(config.photos_dir, out, 1, 96, source="cutouts", cutouts_dir=folder)


def test_the_folder_of_cut_outs_goes_with_their_source(given):
    without = dataclasses.replace(given, cutouts_dir="")
    refused("--{} is missing; give a folder (see --help).", held_out.make, without)
    procedural = dataclasses.replace(given, source="procedural")
    advice = "--{} goes with --source={} only; give that as well, or leave it out."
    refused(advice, held_out.make, procedural)
    held_out.make(given)
    another = dataclasses.replace(procedural, out_dir=f"{given.out_dir}2", cutouts_dir="")
    held_out.make(another)


def test_a_source_of_11_cut_outs_is_given(given, cutouts):
    (cutouts / "discs" / "03.png").rename(cutouts / "discs" / "hidden")
    sentence = refused("by name is the first; give a source of 11 or more.", held_out.make, given)
    count = int(re.search(r"source of (\d+) or more", sentence)[1])
    (cutouts / "discs" / "hidden").rename(cutouts / "discs" / "03.png")
    assert len(list((cutouts / "discs").iterdir())) == count
    held_out.make(given)


def test_11_mattes_with_colours_are_given(given, cutouts, tmp_path):
    for file in sorted((cutouts / "discs").iterdir()):
        picture = np.array(Image.open(file))
        write_png(tmp_path / "mattes" / file.name, picture[..., 3])
        write_png(tmp_path / "eps" / file.name, picture[..., :3])
    folders = {"alpha_dir": str(tmp_path / "mattes"), "eps_dir": str(tmp_path / "eps")}
    given = dataclasses.replace(given, source="folders", cutouts_dir="", **folders)
    (tmp_path / "eps" / "03.png").rename(tmp_path / "hidden")
    advice = (
        "--alpha_dir={} holds no matte that is held out, the 11th with colours by name is the "
        "first; give 11 or more."
    )
    refused(advice, held_out.make, given)
    (tmp_path / "hidden").rename(tmp_path / "eps" / "03.png")
    held_out.make(given)


def test_5_photographs_are_given_for_cut_outs(given, tmp_path):
    for file in sorted(Path(given.photos_dir).iterdir())[4:]:
        file.rename(tmp_path / file.name)
    advice = "of which none is held out; the fifth by name is the first, so give 5 or more."
    refused(advice, held_out.make, given)
    (tmp_path / "04.png").rename(Path(given.photos_dir) / "04.png")
    held_out.make(given)


def test_a_source_without_solid_parts_is_taken_out(given, cutouts):
    colours = np.full((9, 9, 3), 99, np.uint8)
    faint = np.uint8(np.mgrid[:9, :9].sum(axis=0) * 9)
    for number in range(11):
        write_png(cutouts / "a_smoke" / f"{number:02d}.png", np.dstack([colours, faint]))
    advice = "leave that source out and give another --out_dir."
    sentence = refused(advice, held_out.make, given)
    source = re.search(r"cut-out of (\w+) has", sentence)[1]
    (cutouts / source).rename(cutouts.parent / source)
    held_out.make(dataclasses.replace(given, out_dir=f"{given.out_dir}2"))


def test_what_a_dataset_held_out_is_compared_or_not(given, tmp_path):
    given = dataclasses.replace(given, data_dir=str(tmp_path / "data"))
    dataset = {"synthetic": 1, "photos_dir": given.photos_dir, "out_dir": given.data_dir}
    more = {"hold_out": True, "backgrounds_per_foreground": 1, "workers": 1, "progress": False}
    prepare = with_values(OfflineConfig(), **dataset, **more)
    make_dataset(prepare)
    (tmp_path / "data" / LIST_NAME).write_text("{")
    advice = (
        "where the dataset was made with --hold_out, dim-tf prepare with the same settings writes "
        "it; otherwise leave --data_dir out."
    )
    refused(advice, held_out.make, given)
    held_out.make(dataclasses.replace(given, data_dir=""))
    make_dataset(prepare)
    held_out.make(given)
    first = min(Path(given.photos_dir).iterdir())
    added = first.with_name(f"{first.stem} again.png")
    shutil.copy(first, added)
    advice = "give the folders as they were when the dataset was made, or leave --data_dir out."
    another = dataclasses.replace(given, out_dir=f"{given.out_dir}2")
    refused(advice, held_out.make, another)
    held_out.make(dataclasses.replace(another, data_dir=""))
    added.unlink()
    held_out.make(given)


def test_without_pymatting_closed_form_is_left_out(config, tmp_path, monkeypatch):
    given = HeldOutConfig(config.photos_dir, str(tmp_path / "out"), 1, 96, 1, str(tmp_path / "cf"))
    with monkeypatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda name: None)
        advice = "install it with pip install pymatting, or leave the flag out."
        refused("--closed_form needs pymatting; " + advice, held_out.make, given)
        held_out.make(dataclasses.replace(given, closed_form=""))
    half = types.SimpleNamespace(estimate_alpha_cf=lambda rgb, trimap: trimap)
    monkeypatch.setitem(sys.modules, "pymatting", half)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    held_out.make(given)
    assert len(list_images(tmp_path / "cf")) == 1


@pytest.fixture
def prepare(given, tmp_path):
    """Settings of a dataset that held out some of the photographs, and that was made."""
    more = {"hold_out": True, "backgrounds_per_foreground": 99, "workers": 1, "progress": False}
    dataset = {"synthetic": 1, "bg_dir": given.photos_dir, "out_dir": str(tmp_path / "data")}
    config = with_values(OfflineConfig(), **dataset, **more)
    make_dataset(config)
    return config


def test_what_a_dataset_was_made_with_before_is_not_held_out(given, prepare):
    first = min(Path(given.photos_dir).iterdir())
    added = first.with_name(f"{first.stem} again.png")
    shutil.copy(first, added)
    advice = (
        "{} is due to be held out, but {} was made with it, by an older version or when --{} held "
        "other pictures, so training may have seen it; give the folder as it was, or another "
        "--out_dir."
    )
    refused(advice, make_dataset, prepare)
    make_dataset(with_values(prepare, out_dir=f"{prepare.out_dir}2"))
    added.unlink()
    make_dataset(prepare)


def test_what_a_dataset_held_out_before_is_not_trained_on(given, prepare, tmp_path):
    # The fifth is the fourth then, and the fifth another, that was not there.
    photos = sorted(Path(given.photos_dir).iterdir())
    new = photos[5].with_name(f"{photos[4].stem}z.png")
    for photo in (photos[0], photos[5]):
        photo.rename(tmp_path / photo.name)
    shutil.copy(photos[1], new)
    advice = (
        "{} was held out of {} and would not be any more, as --{} holds other pictures than "
        "before, so what was made to measure on may show it; give the folder as it was, or "
        "another --out_dir."
    )
    sentence = refused(advice, make_dataset, prepare)
    assert sentence.startswith(photos[4].name)
    make_dataset(with_values(prepare, out_dir=f"{prepare.out_dir}2"))
    new.unlink()
    for photo in (photos[0], photos[5]):
        (tmp_path / photo.name).rename(photo)
    make_dataset(prepare)
