"""The offline step as a user starts it: settings that go together, and a dataset made by them."""

from pathlib import Path

from dim_tf.config import OfflineConfig, values_of
from dim_tf.dataset.adobe import training_sources, write_composition_1k
from dim_tf.dataset.offline import write_dataset
from dim_tf.dataset.output_folder import Summary, settings_of
from dim_tf.dataset.sources import Sources, folder_sources, refuse_exchanged, synthetic_sources
from dim_tf.system.errors import InputError


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
    parts = (config.folders, adobe, config.procedural, config.layout_on_disk)
    settings = settings_of(config.seed, *parts)
    if adobe.adobe_root and adobe.adobe_split == "test":
        return write_composition_1k(adobe.adobe_root, bg_dir, out_dir, settings, config.jobs)
    return write_dataset(
        out_dir, _gather(config), settings, config.layout_on_disk, config.seed, config.jobs
    )


def _check(config: OfflineConfig) -> None:
    if not config.out_dir:
        raise InputError("--out_dir is missing; name the folder to write the dataset to.")
    if Path(config.out_dir).exists() and not Path(config.out_dir).is_dir():
        raise InputError(f"--out_dir={config.out_dir} is a file; give a folder.")
    values = values_of(config)
    from_folders = bool(values["alpha_dir"] or values["eps_dir"])
    if from_folders + bool(values["synthetic"]) + bool(values["adobe_root"]) != 1:
        raise InputError(
            "Say what to make the dataset from: either --alpha_dir with --eps_dir, or "
            "--synthetic=N, or --adobe_root."
        )
    needed = ()
    if from_folders:
        needed = ("alpha_dir", "eps_dir", "bg_dir")
    elif values["adobe_root"]:
        needed = ("bg_dir",)
    for name in needed:
        if not values[name]:
            raise InputError(f"--{name} is missing; name its folder.")
    if values["photos_dir"] and not values["synthetic"]:
        raise InputError("--photos_dir goes with --synthetic only; backgrounds come from --bg_dir.")
    if values["hold_out"] and not values["photos_dir"]:
        raise InputError(
            "--hold_out leaves photographs of --photos_dir out; give that folder, or leave "
            "--hold_out away."
        )


def _gather(config: OfflineConfig) -> Sources:
    if config.adobe.adobe_root:
        return training_sources(config.adobe.adobe_root, config.folders.bg_dir)
    if config.procedural.synthetic:
        return synthetic_sources(config.procedural, config.seed, config.folders.bg_dir)
    sources = folder_sources(config.folders)
    refuse_exchanged(sources.foregrounds, config.folders)
    return sources
