import csv
import dataclasses
import io
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dim_tf.config import AblationConfig, ExampleConfig
from dim_tf.data.image_io import read_rgb, write_png
from dim_tf.data.synthetic import MATTE_KINDS, render_texture
from dim_tf.errors import InputError
from dim_tf.evaluation.ablations import drift as drift_module
from dim_tf.evaluation.ablations.arms import (
    ARMS,
    arm_config,
    changed_settings,
    chosen_arms,
    settings_of_arm,
)
from dim_tf.evaluation.ablations.claims import ROWS, Claim
from dim_tf.evaluation.ablations.drift import DRIFT_RECORD, read_drift, render_drift
from dim_tf.evaluation.ablations.judging import (
    DID_NOT_HOLD,
    HELD,
    NOT_RUN,
    REPORTED,
    UNDECIDED,
    Interval,
    difference_verdict,
    interval_of,
    judge,
    refinement_and_drift,
    verdict_together,
)
from dim_tf.evaluation.ablations.records import (
    Record,
    json_text,
    read_record,
    read_records,
    record_path,
    write_record,
)
from dim_tf.evaluation.ablations.report import write_report
from dim_tf.evaluation.ablations.run import missing_runs, run_in_own_process, run_series, time_left

ROOT = Path(__file__).parents[2]

# What each flagfile changes of base.flags, or of wide.flags.
SWITCHES = {
    "deconv": {"decoder": "deconv"},
    "no_batch_norm": {"batch_norm": False},
    "no_batch_norm_slow": {"batch_norm": False, "learning_rate": 1e-5},
    "known_weight_0": {"known_weight": 0.0},
    "batch_5": {"batch_size": 5},
    "batch_5_equal_examples": {"batch_size": 5},
    "composite_before": {"composite": "before_resize"},
    "dilate_only": {"trimap_mode": "dilate"},
    "premultiplied": {"foreground": "premultiplied"},
    "comp_not_divided": {"comp_loss_divisor": 1.0},
    "refine": {"refine": True},
    "refine_composite_before": {"refine": True, "composite": "before_resize"},
    "skip": {"skip": True},
    "normalize_input": {"normalize_input": True},
    "learning_rate_1e-5": {"learning_rate": 1e-5},
    "overfit_unpool": {"overfit": 1},
    "overfit_deconv": {"overfit": 1, "decoder": "deconv"},
    "wide": {"width": 1.0, "steps": 150, "mixed_precision": "bfloat16"},
    "vgg": {},
    "vgg_normalized": {"normalize_vgg": True},
}
WIDE = ("vgg", "vgg_normalized")


def flat(config):
    values = {}
    for name, value in dataclasses.asdict(config).items():
        values |= value if isinstance(value, dict) else {name: value}
    return values


@pytest.fixture
def in_root(monkeypatch):
    """Flagfiles name each other from the project's top."""
    monkeypatch.chdir(ROOT)


def test_there_is_a_flagfile_for_each_arm_and_an_arm_for_each_flagfile():
    files = {path.stem for path in (ROOT / "flagfiles" / "ablations").glob("*.flags")}
    assert files == ARMS.keys() == {"base", *SWITCHES}
    named = {name for row in ROWS for name in row.arms}
    claimed = {name for row in ROWS for claim in row.claims for name in (claim.arm, claim.against)}
    assert named == ARMS.keys()
    assert claimed <= named
    assert [row.number for row in ROWS] == list(range(1, 11))


@pytest.mark.parametrize("name", SWITCHES)
def test_a_flagfile_flips_its_switches_and_nothing_else(name, in_root):
    text = (ROOT / "flagfiles" / "ablations" / f"{name}.flags").read_text()
    parent = "wide" if name in WIDE else "base"
    assert f"\n--flagfile=flagfiles/ablations/{parent}.flags\n" in text
    config = AblationConfig(vgg_weights="vgg16.npz")
    changed = flat(arm_config(ARMS[name], config))
    base = flat(arm_config(ARMS[parent], config))
    expected = dict(SWITCHES[name])
    if name in WIDE:
        expected["vgg_weights"] = "vgg16.npz"
    if name == "batch_5_equal_examples":
        expected["steps"] = base["steps"] // 5
    assert {key: changed[key] for key in changed if changed[key] != base[key]} == expected


def test_the_base_is_the_blogs_but_for_its_scale(in_root):
    from dim_tf.config import TrainingConfig
    from dim_tf.flags import config_from_arguments

    blog = flat(config_from_arguments(TrainingConfig, ["--flagfile=flagfiles/blog.flags"]))
    base = flat(arm_config(ARMS["base"], AblationConfig()))
    different = {name for name in base if base[name] != blog[name]}
    scale = {"width", "fc6", "steps", "validate_every", "image_every", "keep_checkpoints"}
    assert different <= scale | {"trimap_mode"}
    assert (base["width"], base["trimap_mode"]) == (0.25, "dilate_erode")


def test_flagfiles_that_cannot_be_read_are_said(tmp_path):
    with pytest.raises(InputError, match=r"base\.flags cannot be read"):
        arm_config(ARMS["base"], AblationConfig(flags_dir=str(tmp_path)))
    for content, sentence in (("--widht=1", "widht"), ("width", "'width' is not a flag")):
        (tmp_path / "base.flags").write_text(content)
        with pytest.raises(InputError, match=sentence):
            arm_config(ARMS["base"], AblationConfig(flags_dir=str(tmp_path)))
    with pytest.raises(InputError, match="--only=bass is no arm"):
        chosen_arms(AblationConfig(only=("bass",)))
    with pytest.raises(InputError, match="different whole numbers"):
        AblationConfig(seeds=(1, 1))


def test_a_switch_newer_than_a_record_had_its_default(in_root):
    settings = settings_of_arm(arm_config(ARMS["base"], AblationConfig()))
    older = {name: value for name, value in settings.items() if name != "jpeg"}
    assert changed_settings(older, settings) == []
    assert changed_settings(older, settings | {"jpeg": 0.5}) == ["--jpeg=0.5"]
    assert changed_settings(settings | {"vgg_weights": "aa"}, settings) == ["--vgg_weights=None"]


# Verdicts: records made by hand.


def picture_errors(values, mean_alpha=0.5):
    names = [f"{index:03d}_{MATTE_KINDS[index % 12]}" for index in range(len(values))]
    errors = {"pictures": names, "mean_alpha": [mean_alpha] * len(values)}
    return errors | {name: list(values) for name in ("unknown_mae", "SAD", "MSE", "Grad")}


def make_record(arm, seed, error, *, mean_alpha=0.5, training_error=0.2, **changes):
    values = {
        "arm": arm,
        "seed": seed,
        "settings": {"width": 0.25},
        "conditions": {"dataset": "one"},
        "versions": {"numpy": "2"},
        "machine": "a processor",
        "steps": 10,
        "step_seconds": 0.25,
        "seconds": 60.0,
        "training_error": training_error,
        "curve": {
            "step": [5, 10],
            "alpha_loss": [0.3, 0.2],
            "total_loss": [0.3, 0.2],
            "unknown_error": [0.4, error],
        },
        "errors": {"held_out": picture_errors([error] * 12, mean_alpha)},
    }
    return Record(**values | changes)


def records_of(**errors):
    """Records of arms; each is given its errors with seed 1, 2, …"""
    return {
        name: {
            seed: make_record(name, seed, error)
            for seed, error in enumerate(errors.get(name, ()), 1)
        }
        for name in ARMS
    }


def test_the_interval_is_students_t():
    values = [0.3, 0.1, 0.5]
    # The 97.5 % quantile for 2 degrees of freedom, from a printed table.
    half = 4.302653 * math.sqrt(sum((value - 0.3) ** 2 for value in values) / 2) / math.sqrt(3)
    interval = interval_of(values)
    assert interval.mean == pytest.approx(0.3)
    assert interval.low == pytest.approx(0.3 - half, rel=1e-6)
    assert interval.high == pytest.approx(0.3 + half, rel=1e-6)
    assert math.isnan(interval_of([0.3]).low)
    assert math.isnan(interval_of([]).mean)


def test_95_percent_of_intervals_hold_the_truth():
    random = np.random.default_rng(1)
    intervals = [interval_of(random.normal(7, 3, 3)) for _ in range(4000)]
    share = np.mean([one.low <= 7 <= one.high for one in intervals])
    assert share == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize(
    "rule, low, high, verdict",
    [
        ("worse", 0.01, 0.2, HELD),
        ("worse", -0.2, -0.01, DID_NOT_HOLD),
        ("worse", -0.01, 0.2, UNDECIDED),
        ("better", 0.01, 0.2, DID_NOT_HOLD),
        ("better", -0.2, -0.01, HELD),
        ("better", -0.2, 0.01, UNDECIDED),
        ("no effect", -0.019, 0.019, HELD),  # 5 % of 0.4 is 0.02
        ("no effect", -0.021, 0.019, UNDECIDED),
        ("no effect", 0.021, 0.03, DID_NOT_HOLD),
        ("no effect", -0.03, -0.021, DID_NOT_HOLD),
        ("no effect", -0.03, 0.03, UNDECIDED),
        ("no effect", 0.005, 0.03, UNDECIDED),
        ("not needed", -0.019, 0.3, HELD),
        ("not needed", -0.03, -0.021, DID_NOT_HOLD),
        ("not needed", -0.03, -0.01, UNDECIDED),
        ("worse", math.nan, math.nan, UNDECIDED),  # one seed
        ("reported", 0.01, 0.2, REPORTED),
    ],
)
def test_the_rules(rule, low, high, verdict):
    middle = 0.1 if math.isnan(low) else (low + high) / 2
    assert difference_verdict(rule, Interval(middle, low, high), 0.4) == verdict
    assert difference_verdict(rule, interval_of([]), math.nan) == NOT_RUN


def test_differences_are_paired_by_seed():
    """The seeds differ more than the arms; taken seed by seed the difference is certain."""
    records = records_of(base=[0.10, 0.30, 0.50, 0.9], skip=[0.09, 0.29, 0.49])
    finding = judge(Claim("Better.", "skip", rule="better"), records)
    assert finding.by_seed == pytest.approx({1: -0.01, 2: -0.01, 3: -0.01})
    assert finding.reference == pytest.approx(0.3)  # not of the seed that skip was not run with
    assert finding.verdict == HELD
    assert judge(Claim("Worse.", "refine"), records).verdict == NOT_RUN


def test_kinds_are_told_apart():
    records = records_of(base=[0.1, 0.1])
    for seed in (1, 2):
        # Hair and fur stand first, hard last.
        errors = picture_errors([0.5 + 0.01 * seed, 0.7, *[0.1] * 9, 0.02])
        records["deconv"][seed] = make_record("deconv", seed, 0, errors={"held_out": errors})
    hair = judge(Claim("", "deconv", kinds=("hair", "fur")), records)
    assert hair.by_seed[1] == pytest.approx((0.51 + 0.7) / 2 - 0.1)
    assert hair.verdict == HELD
    hard = judge(Claim("", "deconv", kinds=("hard",)), records)
    assert (hard.by_seed[1], hard.verdict) == (pytest.approx(-0.08), DID_NOT_HOLD)


@pytest.mark.parametrize(
    "alphas, verdict",
    [
        ([0.01, 0.019], HELD),
        ([0.03, 0.5], DID_NOT_HOLD),
        ([0.01, 0.5], UNDECIDED),
        ([0.01], UNDECIDED),
        ([], NOT_RUN),
    ],
)
def test_all_black(alphas, verdict):
    records = records_of()
    for seed, alpha in enumerate(alphas, 1):
        records["no_batch_norm"][seed] = make_record("no_batch_norm", seed, 0.3, mean_alpha=alpha)
    assert judge(Claim("", "no_batch_norm", rule="all black"), records).verdict == verdict


@pytest.mark.parametrize(
    "unpool, deconv, verdict",
    [
        ([0.01, 0.011], [0.02, 0.021], HELD),
        ([0.01, 0.011], [0.20, 0.201], DID_NOT_HOLD),
        ([0.01, 0.011], [0.02, 0.201], UNDECIDED),
        ([0.30, 0.301], [0.20, 0.201], UNDECIDED),  # nothing was fitted: too few steps
    ],
)
def test_one_sample_is_fitted(unpool, deconv, verdict):
    records = records_of()
    for name, errors in (("overfit_unpool", unpool), ("overfit_deconv", deconv)):
        for seed, error in enumerate(errors, 1):
            records[name][seed] = make_record(name, seed, 0, training_error=error, errors={})
    assert judge(ROWS[0].claims[0], records).verdict == verdict


def test_a_row_holds_if_all_of_it_does():
    assert verdict_together([HELD, REPORTED, HELD]) == HELD
    assert verdict_together([HELD, UNDECIDED]) == UNDECIDED
    assert verdict_together([HELD, UNDECIDED, DID_NOT_HOLD]) == DID_NOT_HOLD
    assert verdict_together([HELD, NOT_RUN, DID_NOT_HOLD]) == NOT_RUN


def test_the_gain_of_refinement_with_and_without_drift():
    records = records_of(
        base=[0.20, 0.30, 0.25],
        refine=[0.19, 0.29, 0.24],
        composite_before=[0.30, 0.40, 0.35],
        refine_composite_before=[0.25, 0.36, 0.29],
    )
    found = refinement_and_drift(records)
    assert found.gain_after == pytest.approx((0.01, 0.01, 0.01))
    assert found.gain_before.mean == pytest.approx(0.05)
    assert found.difference.mean == pytest.approx(0.04)
    assert found.difference.low > 0
    finding = judge(ROWS[8].claims[0], records)
    assert finding.verdict == HELD  # 0.01 is 4 % of 0.25


# Records on disk.


def test_a_record_comes_back_in_six_digits(tmp_path):
    record = make_record("base", 3, 0.1234567891)
    path = write_record(tmp_path, record)
    assert path == record_path(tmp_path, "base", 3)
    again = read_record(path)
    assert again.value("held_out") == pytest.approx(0.123457, abs=1e-12)
    assert again == read_record(write_record(tmp_path, again))
    assert read_records(tmp_path)["base"][3] == again


def test_a_record_of_a_real_run_is_small(tmp_path):
    errors = picture_errors(np.random.default_rng(1).random(100).tolist())
    record = make_record("base", 1, 0.2, errors={str(number): errors for number in range(4)})
    assert write_record(tmp_path, record).stat().st_size < 60_000


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-40],
        lambda content: b"[1, 2]",
        lambda content: b'{"arm": "base"}',
        lambda content: content.replace(b'"arm": "base"', b'"arm": "bass"'),
        lambda content: content.replace(b'"seed": 1', b'"seed": 2'),
        lambda content: content.replace(b'"training_error": 0.2', b'"training_error": NaN'),
        lambda content: content.replace(b'"Grad": [0.1, ', b'"Grad": ['),
        lambda content: content.replace(b'"Grad"', b'"Gradient"'),
        lambda content: content.replace(b'"step": [5, 10]', b'"step": [5]'),
    ],
)
def test_a_record_that_is_none_is_refused_in_a_sentence(tmp_path, damage):
    path = write_record(tmp_path, make_record("base", 1, 0.1))
    content = path.read_bytes()
    assert damage(content) != content
    path.write_bytes(damage(content))
    with pytest.raises(InputError, match=r"base_seed1\.json is damaged or no record"):
        write_report(AblationConfig(records_dir=str(tmp_path)))
    assert not tmp_path.with_name(f"{tmp_path.name}.md").exists()


def test_records_of_different_data_or_settings_are_not_compared(tmp_path):
    write_record(tmp_path, make_record("base", 1, 0.1))
    other = write_record(tmp_path, make_record("skip", 1, 0.1, conditions={"dataset": "two"}))
    with pytest.raises(InputError, match="a record beside it differ in the dataset"):
        read_records(tmp_path)
    other.unlink()
    write_record(tmp_path, make_record("base", 2, 0.1, settings={"width": 0.5}))
    with pytest.raises(InputError, match="differ in the settings of base"):
        read_records(tmp_path)


def test_the_time_left_is_that_of_the_runs_made(tmp_path):
    config = AblationConfig(records_dir=str(tmp_path))
    assert "after the first" in time_left(["base"], config)
    write_record(tmp_path, make_record("base", 1, 0.1, seconds=3600.0))
    write_record(tmp_path, make_record("skip", 1, 0.1, seconds=7200.0))
    assert time_left(["base", "base", "skip"], config) == "about 4.0 hours left"
    assert time_left(["refine"], config) == "about 90 min left"


# The report.


def test_a_report_can_always_be_made(tmp_path):
    config = AblationConfig(records_dir=str(tmp_path / "ablations"))
    assert "0 runs of 0 of 21 arms" in write_report(config)
    text = (tmp_path / "ablations.md").read_text()
    assert text.count("\n## ") == 3 + len(ROWS)
    assert text.count("Verdict: **not run yet**") == 9
    assert "](" not in text  # no picture of nothing


def test_the_report_says_what_the_records_say(tmp_path):
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


def test_without_matplotlib_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install '\.\[ablations\]'"):
        write_report(AblationConfig(records_dir=str(tmp_path)))


# The drift.


def test_the_drift_is_the_residual_of_equation_1():
    drift = render_drift("hair", 1, 640)
    assert drift.after.shape == drift.before.shape == (320, 320, 3)
    again = render_drift("hair", 1, 640)
    np.testing.assert_array_equal(drift.before, again.before)
    assert drift.differences().max() > 3  # grey levels
    assert drift.differences().size == 3 * np.count_nonzero(drift.unknown)
    # A crop that is not resized has none.
    assert render_drift("hair", 1, ExampleConfig().input_size).differences().max() < 1e-3


def test_the_record_of_the_drift_and_its_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(drift_module, "MATTE_KINDS", ("foliage", "hard"))
    config = AblationConfig(records_dir=str(tmp_path / "ablations"), drift_mattes=1)
    drift_module.measure_drift(config)
    picture = tmp_path / "images" / "drift.png"
    assert read_rgb(picture).shape == (348, 3 * 320 + 16, 3)
    recorded = read_drift(config.records_dir)["grey levels"]
    expected = render_drift("hard", 1, 480).differences()
    assert recorded["480"]["hard"] == pytest.approx(
        [expected.mean(), np.percentile(expected, 99), expected.max()], rel=1e-5
    )
    # What is there is not measured again.
    monkeypatch.setattr(drift_module, "drift_statistics", None)
    drift_module.measure_drift(config)
    (tmp_path / "ablations" / DRIFT_RECORD).write_text('{"mattes": 1}')
    with pytest.raises(InputError, match=r"drift\.json is damaged"):
        drift_module.measure_drift(config)


# The whole chain, on networks of a thirty-second of the width.

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
def series(tmp_path_factory):
    """A finished series of three arms and two seeds; tests must not change it."""
    from dim_tf.evaluation.ablations.one import run_arm

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
    config = AblationConfig(
        photos_dir=str(folder / "photos"),
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
    order = []

    def run_one(arm, seed, config):
        order.append((arm.name, seed))
        if len(order) == 1:  # as a user's series does it
            run_in_own_process(arm, seed, config)
        else:
            run_arm(arm, seed, config)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr("dim_tf.evaluation.ablations.run.measure_drift", lambda config: None)
        run_series(config, run_one)
    return config, order


def test_seeds_are_run_one_after_the_other(series):
    config, order = series
    assert order == [(name, seed) for seed in (1, 2) for name in config.only]


def test_the_records_hold_what_was_measured(series):
    config, _ = series
    records = read_records(config.records_dir)
    for name in config.only:
        assert list(records[name]) == [1, 2]
    base = records["base"][1]
    assert base.steps == 2
    assert base.step_seconds > 0
    assert base.settings["width"] == 0.03125
    assert base.errors.keys() == {"held_out", "held_out_dilate", "held_out_batch"}
    assert len(base.errors["held_out"]["pictures"]) == 6
    assert (
        base.errors["held_out_dilate"] != base.errors["held_out"] != base.errors["held_out_batch"]
    )
    assert {"tensorflow", "dim_tf"} <= base.versions.keys()
    assert records["composite_before"][1].errors.keys() == {"held_out", "held_out_dilate"}
    assert records["overfit_unpool"][1].errors == {}
    # The curve of a run of two steps is its loss log.
    assert base.curve["step"] == [1, 2]
    assert np.mean(base.curve["unknown_error"]) == pytest.approx(base.training_error, rel=1e-5)


def test_errors_are_those_of_the_mattes(series):
    """Measured anew, straight from the definition, with the weights of a run made once more."""
    import keras

    from dim_tf.data.image_io import read_grey
    from dim_tf.evaluation.ablations.one import measure
    from dim_tf.inference.predict import MattingModel
    from dim_tf.model.network import build_network

    config, _ = series
    keras.utils.set_random_seed(1)
    network_config = arm_config(ARMS["base"], config).network
    model = MattingModel(build_network(network_config), network_config, {})
    folder = Path(config.work_dir) / "held_out"
    errors = measure(model, folder, "trimap_dilate")
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


def test_runs_of_one_seed_are_paired(series):
    """The arms begin with the same weights and see the same example in the first step."""
    records = read_records(series[0].records_dir)
    base, before = records["base"], records["composite_before"]
    for seed in (1, 2):
        # The photo is another, alpha and trimap are the same.
        first = [arm[seed].curve["alpha_loss"][0] for arm in (base, before)]
        assert first[0] == pytest.approx(first[1], rel=0.05)
    assert base[1].curve["alpha_loss"][0] != pytest.approx(base[2].curve["alpha_loss"][0], rel=1e-4)


def test_training_never_saw_what_is_measured(series):
    work = Path(series[0].work_dir)
    settings = json.loads((work / "held_out" / "held_out_settings.json").read_text())
    assert settings["photos"] == ["04.png", "13.png"]
    names = {path.name for path in (work / "data" / "bg").iterdir()}
    assert len(names) == 12
    assert not names & set(settings["photos"])


def test_checkpoints_are_deleted_and_logs_kept(series):
    runs = Path(series[0].work_dir) / "runs"
    assert len(list(runs.iterdir())) == 6
    assert not list(runs.rglob("*.npz"))
    assert len(list(runs.glob("*/loss_log.csv"))) == 6


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


def test_a_run_that_fails_does_not_stop_the_others(series, tmp_path, capsys, monkeypatch, in_root):
    config = dataclasses.replace(series[0], records_dir=str(tmp_path))
    monkeypatch.setattr("dim_tf.evaluation.ablations.run.measure_drift", lambda config: None)
    made = []

    def run_one(arm, seed, config):
        if arm.name == "base":
            raise InputError("It fell over.")
        made.append(write_record(tmp_path, make_record(arm.name, seed, 0.1)))

    with pytest.raises(InputError, match="2 of 6 runs failed: base with seed 1, base with seed 2"):
        run_series(config, run_one)
    assert len(made) == 4
    assert capsys.readouterr().err.count("It fell over.") == 2


def test_arms_that_need_vgg_weights_are_skipped_without(series, tmp_path, capsys, monkeypatch):
    flags = tmp_path / "flags"
    flags.mkdir()
    (flags / "vgg.flags").write_text(TOY)
    config = dataclasses.replace(series[0], flags_dir=str(flags), only=("vgg",))
    monkeypatch.setattr("dim_tf.evaluation.ablations.run.measure_drift", lambda config: None)
    run_series(config, None)
    printed = capsys.readouterr().out
    assert "Skipped, since --vgg_weights is not given: vgg." in printed
    assert "0 records are there, 0 missing." in printed
    with pytest.raises(InputError, match=r"nowhere\.npz cannot be read"):
        run_series(dataclasses.replace(config, vgg_weights="nowhere.npz"), None)


def test_the_report_of_a_series_is_the_same_when_made_again(series):
    config, _ = series
    docs = Path(config.records_dir).parent

    def files():
        return {
            path.relative_to(docs): path.read_bytes() for path in docs.rglob("*") if path.is_file()
        }

    result = subprocess.run(
        [
            *(sys.executable, "-m", "dim_tf.evaluation.ablations", "report"),
            f"--records_dir={config.records_dir}",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "6 runs of 3 of 21 arms" in result.stdout
    first = files()
    write_report(config)
    assert files() == first
    text = (docs / "ablations.md").read_text()
    assert "Verdict: **not run yet**" in text
    assert "| composited before resizing | 1, 2 | 2 |" in text


def test_json_is_one_line_for_each_name():
    text = json_text({"a": {"b": [1.23456789, 2], "c": {}}, "d": None, "e": {}})
    assert json.loads(text) == {"a": {"b": [1.23457, 2], "c": {}}, "d": None, "e": {}}
    assert len(text.splitlines()) == 8
