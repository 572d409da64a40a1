import dataclasses
from pathlib import Path

import pytest

from dim_tf.ablations.arms import (
    ARMS,
    arm_configs,
    changed_settings,
    chosen_arms,
    fingerprint,
    settings_of_arm,
)
from dim_tf.ablations.one import run_folders
from dim_tf.ablations.rows import ROWS
from dim_tf.config import AblationConfig, TrainingConfig, values_of
from dim_tf.config.flags import config_from_arguments
from dim_tf.system.errors import InputError

ROOT = Path(__file__).parents[2]


# What each flagfile changes of base.flags.
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
    "vgg": {},
    "vgg_normalized": {"normalize_vgg": True},
    "original_start": {"initial_kernels": "truncated_normal"},
    "original_start_no_batch_norm": {
        "initial_kernels": "truncated_normal",
        "batch_norm": False,
        "learning_rate": 1e-5,
    },
}
# What each flagfile of the long scale changes of long/base.flags.
RAW_START = {
    "initial_kernels": "truncated_normal",
    "normalize_vgg": False,
    "normalize_input": False,
}
TUNED = {"steps": 2000, "alpha_loss_weight": 1.0}
REFINE = TUNED | {"refine": True, "train_stage": "refinement", "initial_correction": "random"}
REFINE_LAST = {"steps": 2000, "refine": True, "freeze_batch_norm": True}
BEFORE = {"composite": "before_resize"}
LONG_SWITCHES = {
    "deconv": {"decoder": "deconv"},
    "no_batch_norm": {"batch_norm": False},
    "no_batch_norm_slow": {
        "batch_norm": False,
        "learning_rate": 1e-5,
        "learning_rate_schedule": "constant",
    },
    "original_start": RAW_START,
    "original_start_no_batch_norm": RAW_START
    | {"batch_norm": False, "learning_rate": 1e-5, "learning_rate_schedule": "constant"},
    "batch_5_equal_examples": {"batch_size": 5},
    "composite_before": BEFORE,
    "skip": {"skip": True},
    "tuned": TUNED,
    "tuned_last": {"steps": 2000, "freeze_batch_norm": True},
    "refine": REFINE,
    "refine_last": REFINE_LAST,
    "tuned_composite_before": TUNED | BEFORE,
    "tuned_last_composite_before": {"steps": 2000, "freeze_batch_norm": True} | BEFORE,
    "refine_composite_before": REFINE | BEFORE,
    "refine_last_composite_before": REFINE_LAST | BEFORE,
}


def test_there_is_a_flagfile_for_each_arm_and_an_arm_for_each_flagfile():
    folder = ROOT / "flagfiles" / "ablations"
    files = {str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.flags")}
    assert files == {name for arm in ARMS.values() for name in arm.flagfiles}
    assert files == {"base", *SWITCHES, "long/base", *(f"long/{name}" for name in LONG_SWITCHES)}
    short = {name for name, arm in ARMS.items() if arm.scale == "short"}
    assert short == {"base", *SWITCHES}
    for scale in ("short", "long"):
        arms = {name for name, arm in ARMS.items() if arm.scale == scale}
        named = {name for row in ROWS for name in row.arms_at(scale)}
        claimed = {name for row in ROWS for claim in row.claims for name in claim.arms_at(scale)}
        assert named == arms
        assert claimed <= named
    assert [row.number for row in ROWS] == list(range(1, 11))


@pytest.mark.parametrize("name", SWITCHES)
def test_a_flagfile_flips_its_switches_and_nothing_else(name, in_root):
    text = (ROOT / "flagfiles" / "ablations" / f"{name}.flags").read_text()
    assert "\n--flagfile=flagfiles/ablations/" in text
    config = AblationConfig(vgg_weights="vgg16.npz")
    changed = values_of(arm_configs(ARMS[name], config)[0])
    base = values_of(arm_configs(ARMS["base"], config)[0])
    expected = dict(SWITCHES[name])
    if ARMS[name].needs_vgg:
        expected["vgg_weights"] = "vgg16.npz"
    if name == "batch_5_equal_examples":
        expected["steps"] = base["steps"] // 5
    assert {key: changed[key] for key in changed if changed[key] != base[key]} == expected


@pytest.mark.parametrize("name", LONG_SWITCHES)
def test_a_flagfile_of_the_long_scale_flips_its_switches_and_nothing_else(name, in_root):
    def read(name):
        path = f"flagfiles/ablations/long/{name}.flags"
        return values_of(config_from_arguments(TrainingConfig, [f"--flagfile={path}"]))

    changed, base = read(name), read("base")
    assert {key: changed[key] for key in changed if changed[key] != base[key]} == (
        LONG_SWITCHES[name]
    )


def test_the_long_scale_is_the_short_one_trained_on_and_from_vgg16(in_root):
    config = AblationConfig(vgg_weights="vgg16.npz")
    long, short = (values_of(arm_configs(ARMS[name], config)[0]) for name in ("long_base", "base"))
    start = {"vgg_weights", "normalize_vgg", "normalize_input"}
    schedule = "learning_rate_schedule"
    assert {name for name in long if long[name] != short[name]} == {"steps", schedule} | start
    assert long["steps"] == 8 * short["steps"]
    equal = arm_configs(ARMS["long_batch_5_equal_examples"], config)[0].run.optimization
    assert equal.steps * equal.batch_size == long["steps"]


def test_arms_that_train_on_begin_with_the_run_they_are_compared_with(in_root):
    config = AblationConfig(vgg_weights="vgg16.npz")
    for drift in ("", "_composite_before"):
        base, tuned, refine = (
            arm_configs(ARMS[f"long_{name}"], config, seed=3)
            for name in (drift[1:] or "base", f"tuned{drift}", f"refine{drift}")
        )
        assert base == [tuned[0]] == [refine[0]]
        # As many steps on the same examples, which are not those of the first run.
        seeds, steps = (
            [[getattr(part(run), name) for run in arm] for arm in (tuned, refine)]
            for part, name in (
                (lambda run: run.run, "seed"),
                (lambda run: run.run.optimization, "steps"),
            )
        )
        assert seeds == [[3, 1003, 2003]] * 2
        assert steps == [[12000, 2000, 2000]] * 2
        assert [run.run.start.vgg_weights for run in tuned] == ["vgg16.npz", "", ""]


def test_runs_of_two_arms_share_a_folder_where_they_are_the_same(in_root):
    config = AblationConfig(work_dir="work")

    def folders_of(name, config, dataset="one"):
        return run_folders(ARMS[name], 1, config, arm_configs(ARMS[name], config), dataset)

    folders = {
        name: folders_of(name, config)
        for name in ("long_base", "long_tuned", "long_refine", "long_composite_before")
    }
    assert folders["long_base"] == folders["long_tuned"][:1] == folders["long_refine"][:1]
    assert folders["long_base"] != folders["long_composite_before"]
    assert len({*folders["long_tuned"], *folders["long_refine"]}) == 5
    # Another first run makes those after it others as well.
    others = folders_of("long_tuned", dataclasses.replace(config, steps=7))
    assert not {*others} & {*folders["long_tuned"]}
    # A run would not go on with other data.
    others = folders_of("long_tuned", config, dataset="two")
    assert not {*others} & {*folders["long_tuned"]}


def test_the_base_is_the_blogs_but_for_its_scale(in_root):
    blog = values_of(config_from_arguments(TrainingConfig, ["--flagfile=flagfiles/blog.flags"]))
    base = values_of(arm_configs(ARMS["base"], AblationConfig())[0])
    different = {name for name in base if base[name] != blog[name]}
    scale = {"width", "fc6", "steps", "validate_every", "image_every", "keep_checkpoints"}
    scale |= {"input_size", "crop_sizes", "mixed_precision", "checkpoint_every"}
    assert different <= scale | {"trimap_mode"}
    assert (base["width"], base["trimap_mode"]) == (0.25, "dilate_erode")


def test_flagfiles_that_cannot_be_read_are_said(tmp_path):
    with pytest.raises(InputError, match=r"base\.flags does not exist"):
        arm_configs(ARMS["base"], AblationConfig(flags_dir=str(tmp_path)))
    (tmp_path / "base.flags").mkdir()
    with pytest.raises(InputError, match=r"base\.flags cannot be read"):
        arm_configs(ARMS["base"], AblationConfig(flags_dir=str(tmp_path)))
    (tmp_path / "base.flags").rmdir()
    for content, sentence in (("--widht=1", "widht"), ("width", "'width' is not a flag")):
        (tmp_path / "base.flags").write_text(content)
        with pytest.raises(InputError, match=sentence):
            arm_configs(ARMS["base"], AblationConfig(flags_dir=str(tmp_path)))
    with pytest.raises(InputError, match="--only=bass is no arm"):
        chosen_arms(AblationConfig(only=("bass",)))
    with pytest.raises(InputError, match="different whole numbers"):
        AblationConfig(seeds=(1, 1))


def test_a_switch_newer_than_a_record_had_its_default(in_root):
    settings = settings_of_arm(arm_configs(ARMS["base"], AblationConfig()))
    assert fingerprint(settings | {"jpeg": 0.0}) == fingerprint(settings)
    assert fingerprint(settings | {"jpeg": 0.5}) != fingerprint(settings)
    older = {name: value for name, value in settings.items() if name != "jpeg"}
    assert changed_settings(older, settings) == []
    assert changed_settings(older, settings | {"jpeg": 0.5}) == ["--jpeg=0.5"]
    assert changed_settings(settings | {"vgg_weights": "aa"}, settings) == ["--vgg_weights=None"]


def test_other_runs_to_begin_with_are_told(in_root):
    config = AblationConfig()
    settings = settings_of_arm(arm_configs(ARMS["long_tuned"], config))
    older = settings | {"begins_with": [dict(one) for one in settings["begins_with"]]}
    del older["begins_with"][0]["jpeg"]
    assert changed_settings(older, settings) == []
    older["begins_with"][0]["width"] = 0.5
    assert changed_settings(older, settings) == ["other runs to begin with"]
    alone = {name: value for name, value in settings.items() if name != "begins_with"}
    assert changed_settings(alone, settings) == ["other runs to begin with"]
    assert changed_settings(settings, alone) == ["other runs to begin with"]
