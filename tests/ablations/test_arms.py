from pathlib import Path

import pytest

from dim_tf.ablations.arms import (
    ARMS,
    arm_config,
    changed_settings,
    chosen_arms,
    settings_of_arm,
)
from dim_tf.ablations.claims import ROWS
from dim_tf.config import AblationConfig, values_of
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
}


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
    assert "\n--flagfile=flagfiles/ablations/base.flags\n" in text
    config = AblationConfig(vgg_weights="vgg16.npz")
    changed = values_of(arm_config(ARMS[name], config))
    base = values_of(arm_config(ARMS["base"], config))
    expected = dict(SWITCHES[name])
    if ARMS[name].needs_vgg:
        expected["vgg_weights"] = "vgg16.npz"
    if name == "batch_5_equal_examples":
        expected["steps"] = base["steps"] // 5
    assert {key: changed[key] for key in changed if changed[key] != base[key]} == expected


def test_the_base_is_the_blogs_but_for_its_scale(in_root):
    from dim_tf.config import TrainingConfig
    from dim_tf.config.flags import config_from_arguments

    blog = values_of(config_from_arguments(TrainingConfig, ["--flagfile=flagfiles/blog.flags"]))
    base = values_of(arm_config(ARMS["base"], AblationConfig()))
    different = {name for name in base if base[name] != blog[name]}
    scale = {"width", "fc6", "steps", "validate_every", "image_every", "keep_checkpoints"}
    scale |= {"input_size", "crop_sizes", "mixed_precision", "checkpoint_every"}
    assert different <= scale | {"trimap_mode"}
    assert (base["width"], base["trimap_mode"]) == (0.25, "dilate_erode")


def test_flagfiles_that_cannot_be_read_are_said(tmp_path):
    with pytest.raises(InputError, match=r"base\.flags does not exist"):
        arm_config(ARMS["base"], AblationConfig(flags_dir=str(tmp_path)))
    (tmp_path / "base.flags").mkdir()
    with pytest.raises(InputError, match=r"base\.flags cannot be read"):
        arm_config(ARMS["base"], AblationConfig(flags_dir=str(tmp_path)))
    (tmp_path / "base.flags").rmdir()
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
