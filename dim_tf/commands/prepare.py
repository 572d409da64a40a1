"""The offline step as a user starts it: settings that go together, and a dataset made by them."""

from pathlib import Path

from dim_tf.config import LayoutConfig, OfflineConfig, values_of
from dim_tf.dataset.adobe import training_sources, write_composition_1k
from dim_tf.dataset.mixing import mixed_sources
from dim_tf.dataset.offline import write_dataset
from dim_tf.dataset.output_folder import Summary, settings_of
from dim_tf.dataset.sources import Sources
from dim_tf.system.errors import InputError

_FOLDERS_TO_HOLD_OUT_OF = ("photos_dir", "bg_dir", "cutouts_dir", "alpha_dir")


def make_dataset(config: OfflineConfig) -> Summary:
    """Makes a dataset folder, or finishes one that an earlier run began.

    Returns:
        What was written, what was there already and what was refused.

    Raises:
        InputError: settings that do not go together, an output folder that is in use for something
            else or by another process, nothing usable at all, or with `strict` the first refused
            file.
    """
    _check(config)
    out_dir, adobe, bg_dir = Path(config.out_dir).absolute(), config.adobe, config.folders.bg_dir
    settings = settings_of(
        config.seed,
        config.folders,
        adobe,
        config.procedural,
        config.cut_outs,
        config.mixing,
        config.layout_on_disk,
    )
    if adobe.adobe_root and adobe.adobe_split == "test":
        return write_composition_1k(adobe.adobe_root, bg_dir, out_dir, settings, config.jobs)
    return write_dataset(
        out_dir, _gather(config), settings, config.layout_on_disk, config.seed, config.jobs
    )


# Of the colours of procedural mattes.
_OF_COLOURS = ("colour_patches", "shaded_colours", "crisp_colours", "textured_edges")
_OF_CUT_OUTS = ("cutouts", "cutout_scale_min", "cutout_scale_max", "joined_cutouts")


def _check(config: OfflineConfig) -> None:
    if not config.out_dir:
        raise InputError("--out_dir is missing; name the folder to write the dataset to.")
    if Path(config.out_dir).exists() and not Path(config.out_dir).is_dir():
        raise InputError(f"--out_dir={config.out_dir} is a file; give a folder.")
    values = values_of(config)
    from_folders = bool(values["alpha_dir"] or values["eps_dir"])
    made_here = bool(values["synthetic"] or values["cutouts_dir"])
    if bool(values["adobe_root"]) == (from_folders or made_here):
        raise InputError(
            "Say what to make the dataset from: either one or more of --alpha_dir with --eps_dir, "
            "--cutouts_dir and --synthetic=N, or --adobe_root."
        )
    needed = ("alpha_dir", "eps_dir") if from_folders else ()
    if not made_here:
        needed += ("bg_dir",)
    for name in needed:
        if not values[name]:
            raise InputError(f"--{name} is missing; name its folder.")
    if values["photos_dir"] and not made_here:
        raise InputError(
            "--photos_dir goes with --synthetic or --cutouts_dir only; backgrounds come from "
            "--bg_dir."
        )
    for name in ("synthetic_kinds", *_OF_COLOURS):
        if values[name] and not values["synthetic"]:
            raise InputError(
                f"--{name} is about procedural mattes; leave it out, or give --synthetic as well."
            )
    if (values["cutouts_dir"] or from_folders) and not (values["bg_dir"] or values["photos_dir"]):
        raise InputError(
            "Backgrounds are missing; give a folder of photographs with --photos_dir or --bg_dir."
        )
    if values["hold_out"] and values["adobe_root"]:
        raise InputError(
            "--hold_out does not go with --adobe_root, whose lists name its backgrounds; leave it "
            "out."
        )
    if values["hold_out"] and not any(values[name] for name in _FOLDERS_TO_HOLD_OUT_OF):
        raise InputError(
            "--hold_out leaves photographs of --photos_dir and --bg_dir, cut-outs of "
            "--cutouts_dir and mattes of --alpha_dir out; give such a folder, or leave --hold_out "
            "away."
        )
    defaults = values_of(OfflineConfig())
    for name in _OF_CUT_OUTS:
        if values[name] != defaults[name] and not values["cutouts_dir"]:
            raise InputError(
                f"--{name} is about the foregrounds made of --cutouts_dir; give that folder, or "
                f"leave --{name} out."
            )
    if values["adobe_split"] == "test":
        if not values["adobe_root"]:
            raise InputError(
                "--adobe_split says which part of --adobe_root is made; give that folder, or leave "
                "--adobe_split out."
            )
        for name in ("seed", *values_of(LayoutConfig())):
            if values[name] != defaults[name]:
                raise InputError(
                    f"--{name} does not go with --adobe_split=test, whose pictures are made by the "
                    "official recipe; leave it out."
                )
    if values["mix"] and values["adobe_root"]:
        raise InputError("--mix does not go with --adobe_root; leave it out.")


def _gather(config: OfflineConfig) -> Sources:
    if config.adobe.adobe_root:
        return training_sources(config.adobe.adobe_root, config.folders.bg_dir)
    return mixed_sources(
        config.folders,
        config.procedural,
        config.cut_outs,
        config.mixing,
        config.seed,
        config.jobs,
    )
