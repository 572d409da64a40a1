import dataclasses
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from dim_tf.ablations.arms import (
    ARMS,
    arm_configs,
    chosen_arms,
    settings_of_arm,
)
from dim_tf.ablations.records import (
    read_record,
    read_records,
    record_path,
    write_record,
)
from dim_tf.ablations.report import write_report
from dim_tf.ablations.run import missing_runs, run_in_own_process, run_series, status_of
from dim_tf.config import AblationConfig
from dim_tf.pictures.photo import read_rgb
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import render_texture
from dim_tf.system.errors import InputError

ROOT = Path(__file__).parents[2]
# Its tests share folders that take seconds to make; training a series takes a minute.
pytestmark = pytest.mark.xdist_group("series")


TOY = """--width=0.03125
--fc6=1x1
--steps=2
--input_size=64
--crop_sizes=64,96
--trimap_kernel_min=5
--trimap_kernel_max=9
--learning_rate=1e-3
--image_every=0
--keep_checkpoints=1
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The config of a series of three arms and two seeds, small enough to run in a test."""
    folder = tmp_path_factory.mktemp("series")
    flags = folder / "flags"
    flags.mkdir()
    (flags / "base.flags").write_text(TOY)
    for name, switch in (
        ("composite_before", "--composite=before_resize"),
        ("overfit_unpool", "--overfit=1"),
    ):
        text = f"--flagfile={flags / 'base.flags'}\n{switch}\n"
        (flags / f"{name}.flags").write_text(text)
    for number in range(14):
        write_png(folder / "photos" / f"{number:02d}.png", render_texture(number, (48, 48)))
    for number in range(11):  # the 11th is held out
        cut_out = np.zeros((128, 128, 4), np.uint8)
        cut_out[16:112, 16:112] = 10 * number, 100, 200, 255
        write_png(folder / "cutouts" / "objects" / f"{number:02d}.png", cut_out)
    return AblationConfig(
        photos_dir=str(folder / "photos"),
        cutouts_dir=str(folder / "cutouts"),
        work_dir=str(folder / "work"),
        records_dir=str(folder / "docs" / "ablations"),
        flags_dir=str(flags),
        seeds=(1, 2),
        only=("base", "composite_before", "overfit_unpool"),
        mattes=3,
        composites=6,
        composite_size=128,
        drift_mattes=1,
        progress=False,
    )


@pytest.fixture(scope="module")
def series(small):
    """That series, finished, and the order of its runs; tests must not change it."""
    from dim_tf.ablations.one import run_arm

    order = []

    def run_one(arm, seed, config):
        order.append((arm.name, seed))
        if len(order) == 1:  # as a user's series does it
            run_in_own_process(arm, seed, config)
        else:
            run_arm(arm, seed, config)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr("dim_tf.ablations.run.measure_drift", lambda config: None)
        run_series(small, run_one)
    return small, order


@pytest.mark.slow
def test_seeds_are_run_one_after_the_other(series):
    config, order = series
    assert order == [(name, seed) for seed in (1, 2) for name in config.only]


@pytest.mark.slow
def test_the_records_hold_what_was_measured(series):
    config, _ = series
    records = read_records(config.records_dir)
    for name in config.only:
        assert list(records[name]) == [1, 2]
    base = records["base"][1]
    assert base.steps == 2
    assert base.step_seconds > 0
    assert base.settings["width"] == 0.03125
    weights = ("", "_averaged", "_released")
    everywhere = {f"{name}{by}" for name in ("held_out", "cutouts") for by in weights}
    assert base.errors.keys() == everywhere | {"held_out_dilate", "held_out_batch"}
    assert base.errors["cutouts"]["pictures"][:2] == ["000_objects", "001_objects"]
    assert base.processor_seconds > 0
    assert len(base.errors["held_out"]["pictures"]) == 6
    assert (
        base.errors["held_out_dilate"] != base.errors["held_out"] != base.errors["held_out_batch"]
    )
    assert {"tensorflow", "dim_tf"} <= base.versions.keys()
    assert records["composite_before"][1].errors.keys() == everywhere
    # Of the weights after the first step and the second, and of those with other statistics.
    last, averaged, released = (base.errors[f"held_out{by}"]["SAD"] for by in weights)
    assert last != averaged != released
    assert records["overfit_unpool"][1].errors == {}
    # The curve of a run of two steps is its loss log.
    assert base.curve["step"] == [1, 2]
    assert np.mean(base.curve["unknown_error"]) == pytest.approx(base.training_error, rel=1e-5)


@pytest.mark.slow
def test_errors_are_those_of_the_mattes(series):
    """Measured anew, straight from the definition, with the weights of a run made once more."""
    import keras

    from dim_tf.ablations.measuring import measure, pictures_of
    from dim_tf.matting.predict import MattingModel
    from dim_tf.model.network import build_network
    from dim_tf.pictures.matte import read_grey

    config, _ = series
    keras.utils.set_random_seed(1)
    network_config = arm_configs(ARMS["base"], config)[0].run.network
    model = MattingModel(build_network(network_config), network_config, {})
    folder = Path(config.work_dir) / "held_out"
    errors = measure(model, pictures_of(folder, "trimap_dilate"))
    for name, error, alpha_mean in zip(
        *(errors[key] for key in ("pictures", "unknown_mae", "mean_alpha")), strict=True
    ):
        trimap = read_grey(folder / "trimap_dilate" / f"{name}.png")
        truth = read_grey(folder / "alpha" / f"{name}.png") / 255.0
        predicted = model.predict_alpha(read_rgb(folder / "rgb" / f"{name}.png"), trimap)
        in_8_bits = np.round(predicted * 255) / 255.0
        unknown = trimap == 128
        assert error == pytest.approx(np.abs(in_8_bits - truth)[unknown].mean(), rel=1e-5)
        assert alpha_mean == pytest.approx(predicted[unknown].mean(), rel=1e-5)


@pytest.mark.slow
def test_runs_of_one_seed_are_paired(series):
    """The arms begin with the same weights and see the same example in the first step."""
    records = read_records(series[0].records_dir)
    base, before = records["base"], records["composite_before"]
    for seed in (1, 2):
        # The photo is another, alpha and trimap are the same.
        first = [arm[seed].curve["alpha_loss"][0] for arm in (base, before)]
        assert first[0] == pytest.approx(first[1], rel=0.05)
    assert base[1].curve["alpha_loss"][0] != pytest.approx(base[2].curve["alpha_loss"][0], rel=1e-4)


@pytest.mark.slow
def test_training_never_saw_what_is_measured(series):
    work = Path(series[0].work_dir)
    settings = json.loads((work / "held_out" / "held_out_settings.json").read_text())
    assert settings["photos"] == ["04.png", "13.png"]
    names = {path.name for path in (work / "data" / "bg").iterdir()}
    assert len(names) == 12
    assert not names & set(settings["photos"])


@pytest.mark.slow
def test_checkpoints_are_deleted_and_logs_kept(series):
    runs = Path(series[0].work_dir) / "runs"
    assert len(list(runs.iterdir())) == 6
    assert not list(runs.rglob("*.npz"))
    assert len(list(runs.glob("*/loss_log.csv"))) == 6


@pytest.mark.slow
def test_what_is_recorded_is_not_run_again(series, capsys, in_root):
    config, _ = series
    arms = chosen_arms(config)
    assert missing_runs(arms, config) == []
    assert missing_runs(arms, dataclasses.replace(config, seeds=(2, 3))) == [
        (arm, 3) for arm in arms
    ]
    capsys.readouterr()
    assert len(missing_runs(arms, dataclasses.replace(config, steps=3))) == 6
    assert capsys.readouterr().out.count(".json is repeated: now --steps=3.") == 6
    # A record that was not measured on the cut-outs is no longer complete.
    path = record_path(config.records_dir, "base", 2)
    record = read_record(path)
    conditions = {key: value for key, value in record.conditions.items() if key != "cut-out set"}
    assert len(conditions) == 2
    write_record(config.records_dir, dataclasses.replace(record, conditions=conditions))
    try:
        assert missing_runs(arms, config) == [(ARMS["base"], 2)]
        assert missing_runs(arms, dataclasses.replace(config, cutouts_dir="")) == []
    finally:
        write_record(config.records_dir, record)


def test_the_long_scale_comes_after_the_short_one(tmp_path, monkeypatch, in_root):
    monkeypatch.setattr("dim_tf.ablations.run.conditions_of", lambda config: {})
    config = AblationConfig(
        records_dir=str(tmp_path), seeds=(1, 2), long_seeds=(5, 6), only=("base", "long_skip")
    )
    runs = [(arm.name, seed) for arm, seed in missing_runs(chosen_arms(config), config)]
    assert runs == [("base", 1), ("base", 2), ("long_skip", 5), ("long_skip", 6)]


def test_what_was_measured_by_less_than_runs_are_now_is_repeated(
    tmp_path, monkeypatch, in_root, capsys, make_record, picture_errors
):
    """Runs made before statistics were measured anew; of one on a single sample nothing is."""
    monkeypatch.setattr("dim_tf.ablations.run.conditions_of", lambda config: {})
    config = AblationConfig(
        records_dir=str(tmp_path), seeds=(1, 2, 3), only=("base", "overfit_unpool")
    )
    arms = chosen_arms(config)
    for arm, seed in ((arm, seed) for arm in arms for seed in (1, 2)):
        errors = {name: picture_errors([0.2]) for name in ("held_out", "held_out_averaged")}
        if seed == 2:
            errors["held_out_released"] = picture_errors([0.1])
        record = make_record(
            arm.name,
            seed,
            0.2,
            settings=settings_of_arm(arm_configs(arm, config, seed)),
            errors={} if arm.name == "overfit_unpool" else errors,
        )
        write_record(tmp_path, record)
    runs = [(arm.name, seed) for arm, seed in missing_runs(arms, config)]
    assert runs == [("base", 1), ("base", 3), ("overfit_unpool", 3)]
    said = capsys.readouterr().out
    assert said.count("now measured with averaged weights and statistics of their own.") == 1


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="Unix only")
def test_a_signal_that_another_thread_got_ends_the_waiting():
    def get_it():
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    def stop(*arguments):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGUSR1, stop)
    started = time.perf_counter()
    try:
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
            threading.Thread(target=get_it).start()
            try:
                with pytest.raises(KeyboardInterrupt):
                    status_of(process)
            finally:
                process.kill()
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert time.perf_counter() - started < 30


def test_a_run_that_fails_does_not_stop_the_others(
    small, tmp_path, capsys, monkeypatch, in_root, make_record
):
    config = dataclasses.replace(small, records_dir=str(tmp_path))
    monkeypatch.setattr("dim_tf.ablations.run.measure_drift", lambda config: None)
    made = []

    def run_one(arm, seed, config):
        if arm.name == "base":
            raise InputError("It fell over.")
        made.append(write_record(tmp_path, make_record(arm.name, seed, 0.1)))

    with pytest.raises(InputError, match="2 of 6 runs failed: base with seed 1, base with seed 2"):
        run_series(config, run_one)
    assert len(made) == 4
    assert capsys.readouterr().err.count("It fell over.") == 2


def test_arms_that_need_vgg_weights_are_skipped_without(small, tmp_path, capsys, monkeypatch):
    flags = tmp_path / "flags"
    flags.mkdir()
    (flags / "vgg.flags").write_text(TOY)
    config = dataclasses.replace(small, flags_dir=str(flags), only=("vgg",))
    monkeypatch.setattr("dim_tf.ablations.run.measure_drift", lambda config: None)
    run_series(config, None)
    printed = capsys.readouterr().out
    assert "Skipped, since --vgg_weights is not given: vgg." in printed
    assert "0 records are there, 0 missing." in printed
    with pytest.raises(InputError, match=r"nowhere\.npz cannot be read"):
        run_series(dataclasses.replace(config, vgg_weights="nowhere.npz"), None)


@pytest.mark.slow
def test_the_report_of_a_series_is_the_same_when_made_again(series):
    config, _ = series
    docs = Path(config.records_dir).parent

    def files():
        return {
            path.relative_to(docs): path.read_bytes() for path in docs.rglob("*") if path.is_file()
        }

    result = subprocess.run(
        [
            *(sys.executable, "-m", "dim_tf.commands.ablations", "report"),
            f"--records_dir={config.records_dir}",
            "--seeds=1,2",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert f"6 runs of 3 of {len(ARMS)} arms" in result.stdout
    first = files()
    write_report(config)
    assert files() == first
    text = (docs / "ablations.md").read_text()
    assert "Verdict at the short scale: **not run yet**" in text
    assert "| composited before resizing | 1, 2 | 2 |" in text


def test_a_run_does_not_outlive_its_series():
    run = (
        "import sys, time; from dim_tf.ablations.run import end_with_series; end_with_series();"
        "print('begun', flush=True); time.sleep(60)"
    )
    series = (
        "import subprocess, sys; from dim_tf.ablations import run;"
        f"popen = subprocess.Popen; run.subprocess.Popen = lambda command, env: popen("
        f"[sys.executable, '-c', {run!r}], env=env);"
        "from dim_tf.ablations.arms import ARMS; from dim_tf.config import AblationConfig;"
        "run.run_in_own_process(ARMS['base'], 1, AblationConfig())"
    )
    process = subprocess.Popen([sys.executable, "-c", series], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    begun = time.monotonic()
    process.kill()
    assert process.stdout.read() == ""  # the run's end of it is closed as well
    assert time.monotonic() - begun < 30
