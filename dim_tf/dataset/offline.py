"""The offline step: mattes, their colours and backgrounds in, a PNG dataset out.

Blog: foregrounds to a long side of 640, backgrounds to a short side of 1280, foregrounds padded to
the middle of their background, so that every crop of training fits. See `dim_tf.dataset.geometry`
for the rule and `dim_tf.dataset.manifest` for the layouts.
"""

import sys
from pathlib import Path

from dim_tf.config import OfflineConfig
from dim_tf.dataset.adobe import training_sources, write_composition_1k
from dim_tf.dataset.manifest import Manifest, compact_path, pairs_array, write_manifest
from dim_tf.dataset.offline_jobs import (
    BackgroundJob,
    ForegroundJob,
    write_background,
    write_foreground,
)
from dim_tf.dataset.output_folder import (
    Summary,
    fingerprint,
    open_output,
    settings_of,
)
from dim_tf.dataset.sources import (
    Sources,
    draw_backgrounds,
    folder_sources,
    synthetic_sources,
)
from dim_tf.pictures.image_io import list_images
from dim_tf.system.errors import InputError
from dim_tf.system.files import remove_unfinished
from dim_tf.system.folder_lock import FolderLock
from dim_tf.system.jobs import Tally


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
    out_dir = Path(config.out_dir).absolute()
    with FolderLock(out_dir):
        try:
            return _make_dataset(config, out_dir)
        except KeyboardInterrupt:
            remove_unfinished(out_dir)
            print(
                f"\nEvery file in {out_dir} is complete; the same command goes on from here.",
                file=sys.stderr,
            )
            raise


def _make_dataset(config: OfflineConfig, out_dir: Path) -> Summary:
    if config.adobe_root and config.adobe_split == "test":
        open_output(out_dir, settings_of(config))
        return write_composition_1k(config, out_dir)
    sources = _gather(config)
    open_output(out_dir, settings_of(config, **_picture_lists(config, sources)))
    return _write_dataset(config, out_dir, sources)


def _check(config: OfflineConfig) -> None:
    if not config.out_dir:
        raise InputError("--out_dir is missing; name the folder to write the dataset to.")
    if Path(config.out_dir).exists() and not Path(config.out_dir).is_dir():
        raise InputError(f"--out_dir={config.out_dir} is a file; give a folder.")
    from_folders = bool(config.alpha_dir or config.eps_dir)
    if from_folders + bool(config.synthetic) + bool(config.adobe_root) != 1:
        raise InputError(
            "Say what to make the dataset from: either --alpha_dir with --eps_dir, or "
            "--synthetic=N, or --adobe_root."
        )
    needed = ()
    if from_folders:
        needed = ("alpha_dir", "eps_dir", "bg_dir")
    elif config.adobe_root:
        needed = ("bg_dir",)
    for name in needed:
        if not getattr(config, name):
            raise InputError(f"--{name} is missing; name its folder.")
    if config.photos_dir and not config.synthetic:
        raise InputError("--photos_dir goes with --synthetic only; backgrounds come from --bg_dir.")
    if config.hold_out and not config.photos_dir:
        raise InputError(
            "--hold_out leaves photographs of --photos_dir out; give that folder, or leave "
            "--hold_out away."
        )


def _gather(config: OfflineConfig) -> Sources:
    if config.adobe_root:
        sources = training_sources(config)
    elif config.synthetic:
        sources = synthetic_sources(config)
    else:
        sources = folder_sources(config)
    if config.strict and sources.refusals:
        raise InputError(sources.refusals[0])
    return sources


def _picture_lists(config: OfflineConfig, sources: Sources) -> dict[str, str]:
    """Lists of pictures that existing files depend on, for the settings that must not change."""
    lists = {}
    if config.layout == "original":  # its k-th file is whatever background was drawn k-th
        lists["a list of backgrounds of "] = fingerprint(item.name for item in sources.backgrounds)
    if config.synthetic and config.photos_dir:  # the n-th matte's colours are drawn from it
        names = (file.name for file in list_images(config.photos_dir))
        lists["a list in --photos_dir of "] = fingerprint(names)
    return lists


def _write_dataset(config: OfflineConfig, out_dir: Path, sources: Sources) -> Summary:
    tally = Tally(config.workers, config.progress, config.strict, sources.refusals)
    drawn = _write_backgrounds(config, out_dir, sources, tally)
    jobs = [
        ForegroundJob(
            index=index,
            source=foreground,
            pad=config.pad,
            out_dir=out_dir,
            backgrounds=tuple(sources.backgrounds[b] for b in drawn[index])
            if config.layout == "original"
            else None,
        )
        for index, foreground in enumerate(sources.foregrounds)
    ]
    refused = tally.run(write_foreground, jobs, "foregrounds")
    manifest = _manifest(config, out_dir, sources, drawn, refused)
    if not len(manifest):
        reason = tally.refusals[0] if tally.refusals else "there are none."
        raise InputError(f"No foreground or no background could be used: {reason}")
    write_manifest(manifest)
    notes = []
    usable = min(len(backgrounds) for backgrounds in drawn)
    if usable < config.backgrounds_per_foreground:
        notes.append(
            f"There are only {usable} usable backgrounds, so each foreground has {usable} instead "
            f"of the {config.backgrounds_per_foreground} asked for."
        )
    return Summary(
        out_dir=out_dir,
        foregrounds=len(manifest.foregrounds),
        backgrounds=len(manifest.backgrounds),
        pairs=len(manifest),
        written=tally.written,
        present=tally.present,
        refused=tuple(tally.refusals),
        notes=tuple(notes),
    )


def _write_backgrounds(
    config: OfflineConfig, out_dir: Path, sources: Sources, tally: Tally
) -> list[list[int]]:
    """Draws each foreground's backgrounds and writes those drawn.

    A background that turns out unusable is replaced by the next of the draw, until none is.
    """
    refused: set[int] = set()
    done: set[int] = set()
    while True:
        drawn = [
            draw_backgrounds(
                foreground,
                sources.backgrounds,
                refused,
                config.backgrounds_per_foreground,
                config.seed,
            )
            for foreground in sources.foregrounds
        ]
        needed = sorted(set().union(*drawn) - done)
        if not needed:
            return drawn
        jobs = []
        for index in needed:
            source = sources.backgrounds[index]
            path = compact_path(out_dir, "bg", source.name) if config.layout == "compact" else None
            jobs.append(BackgroundJob(index, source, config.pad, path))
        refused |= tally.run(write_background, jobs, "backgrounds")
        done.update(needed)


def _manifest(
    config: OfflineConfig,
    out_dir: Path,
    sources: Sources,
    drawn: list[list[int]],
    refused: set[int],
) -> Manifest:
    """The manifest of the foregrounds that were not refused and the backgrounds they use."""
    kept = [index for index in range(len(sources.foregrounds)) if index not in refused]
    used = sorted({background for index in kept for background in drawn[index]})
    place = {background: number for number, background in enumerate(used)}
    crop_safety = config.crop_safety
    if crop_safety == "auto":
        crop_safety = "center" if config.pad == "center" else "pull_back"
    return Manifest(
        data_dir=out_dir,
        layout=config.layout,
        pad=config.pad,
        crop_safety=crop_safety,
        foregrounds=tuple(sources.foregrounds[index].name for index in kept),
        backgrounds=tuple(sources.backgrounds[background].name for background in used),
        pairs=pairs_array(
            [
                (number, place[background])
                for number, index in enumerate(kept)
                for background in drawn[index]
            ]
        ),
        seed=config.seed,
    )
