"""The offline step: mattes, their colours and backgrounds in, a PNG dataset out.

Blog: foregrounds to a long side of 640, backgrounds to a short side of 1280, foregrounds padded to
the middle of their background, so that every crop of training fits. See `dim_tf.dataset.geometry`
for the rule and `dim_tf.dataset.manifest` for the layouts.
"""

import dataclasses
from pathlib import Path

from dim_tf.config import JobsConfig, LayoutConfig
from dim_tf.dataset.left_out import (
    refuse_to_hold_out_what_was_used,
    refuse_to_train_on_what_was_held_out,
    write_held_out_names,
)
from dim_tf.dataset.manifest import (
    MANIFEST_NAME,
    Manifest,
    compact_path,
    crop_safety_of,
    pairs_array,
    read_manifest,
    write_manifest,
)
from dim_tf.dataset.offline_jobs import (
    BackgroundJob,
    ForegroundJob,
    write_background,
    write_foreground,
)
from dim_tf.dataset.output_folder import (
    Summary,
    checksum_of_unusual,
    fingerprint,
    open_output,
)
from dim_tf.dataset.sources import Sources, draw_backgrounds
from dim_tf.system.errors import InputError, counted
from dim_tf.system.jobs import Tally


def write_dataset(
    out_dir: Path,
    sources: Sources,
    settings: dict[str, str],
    layout: LayoutConfig,
    seed: int,
    jobs: JobsConfig,
) -> Summary:
    """Makes a dataset folder, or finishes one that an earlier run began.

    Args:
        out_dir: the folder.
        sources: what it is made from.
        settings: from `settings_of`.
        layout: how it lies on disk.
        seed: of the pairing.
        jobs: how to write.

    Returns:
        What was written, what was there already and what was refused.

    Raises:
        InputError: an output folder that is in use for something else or by another process,
            nothing usable at all, or with `jobs.strict` the first refused file.
    """
    if jobs.strict and sources.refusals:
        raise InputError(sources.refusals[0])
    if layout.layout == "original":  # its k-th file is whatever background was drawn k-th
        names = (background.name for background in sources.backgrounds)
        settings = settings | {"a list of backgrounds of ": fingerprint(names)}
    if sources.cut_outs:
        settings = settings | {"a list in --cutouts_dir of ": fingerprint(sources.cut_outs)}
    out_dir = out_dir.absolute()
    with open_output(out_dir, settings):
        tally = Tally(jobs.workers, jobs.progress, jobs.strict, sources.refusals)
        return _write_dataset(
            out_dir, sources, layout, seed, tally, _unusual_settings(out_dir, settings)
        )


def _unusual_settings(out_dir: Path, settings: dict[str, str]) -> str | None:
    """What the manifest says of them; one older than that stays without: runs know it so."""
    try:
        before = read_manifest(out_dir).unusual_settings
    except InputError:  # there is none, or it is damaged and written anew
        before = ""
    return None if before is None else checksum_of_unusual(settings)


def _write_dataset(
    out_dir: Path,
    sources: Sources,
    layout: LayoutConfig,
    seed: int,
    tally: Tally,
    unusual_settings: str | None,
) -> Summary:
    if sources.held_out is not None and (out_dir / MANIFEST_NAME).exists():
        made = read_manifest(out_dir)
        used = made.foregrounds, made.backgrounds
        refuse_to_hold_out_what_was_used(out_dir, sources.held_out, *used)
        refuse_to_train_on_what_was_held_out(
            out_dir,
            (foreground.name for foreground in sources.foregrounds),
            (background.name for background in sources.backgrounds),
        )
    drawn = _write_backgrounds(out_dir, sources, layout, seed, tally)
    if layout.layout == "original":
        _refuse_other_draws(out_dir, sources, drawn)
    jobs = [
        ForegroundJob(
            index=index,
            source=foreground,
            pad=layout.pad,
            out_dir=out_dir,
            backgrounds=tuple(sources.backgrounds[b] for b in drawn[index])
            if layout.layout == "original"
            else None,
        )
        for index, foreground in enumerate(sources.foregrounds)
    ]
    refused = tally.run(write_foreground, jobs, "foregrounds")
    manifest = _manifest(out_dir, sources, layout, seed, drawn, refused)
    manifest = dataclasses.replace(manifest, unusual_settings=unusual_settings)
    if not len(manifest):
        reason = tally.refusals[0] if tally.refusals else "there are none."
        raise InputError(f"No foreground or no background could be used: {reason}")
    if sources.held_out is not None:
        write_held_out_names(out_dir, sources.held_out)
    write_manifest(manifest)
    notes = [*sources.notes]
    usable = min(len(backgrounds) for backgrounds in drawn)
    if usable < layout.backgrounds_per_foreground:
        notes.append(
            f"With only {counted(usable, 'usable background')} each foreground has {usable} "
            f"instead of the {layout.backgrounds_per_foreground} asked for."
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


def _refuse_other_draws(out_dir: Path, sources: Sources, drawn: list[list[int]]) -> None:
    """The k-th files of a foreground are there already, with the background drawn k-th before.

    Raises:
        InputError: another one is drawn now, as one that could not be used before can be.
    """
    if not (out_dir / MANIFEST_NAME).exists():
        return
    before: dict[str, list[str]] = {}
    manifest = read_manifest(out_dir)
    for pair in range(len(manifest)):
        names = before.setdefault(manifest.foreground_name(pair), [])
        names.append(manifest.background_name(pair))
    for foreground, backgrounds in zip(sources.foregrounds, drawn, strict=True):
        now = [sources.backgrounds[index].name for index in backgrounds]
        for old, new in zip(before.get(foreground.name, []), now, strict=False):
            if old != new:
                raise InputError(
                    f"--out_dir={out_dir} was begun when other backgrounds could be used: "
                    f"{foreground.name} is on {old}, and {new} is due there; give another "
                    "--out_dir."
                )


def _write_backgrounds(
    out_dir: Path, sources: Sources, layout: LayoutConfig, seed: int, tally: Tally
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
                layout.backgrounds_per_foreground,
                seed,
            )
            for foreground in sources.foregrounds
        ]
        needed = sorted(set().union(*drawn) - done)
        if not needed:
            return drawn
        jobs = []
        for index in needed:
            source = sources.backgrounds[index]
            path = compact_path(out_dir, "bg", source.name) if layout.layout == "compact" else None
            jobs.append(BackgroundJob(index, source, layout.pad, path))
        refused |= tally.run(write_background, jobs, "backgrounds")
        done.update(needed)


def _manifest(
    out_dir: Path,
    sources: Sources,
    layout: LayoutConfig,
    seed: int,
    drawn: list[list[int]],
    refused: set[int],
) -> Manifest:
    """The manifest of the foregrounds that were not refused and the backgrounds they use."""
    kept = [index for index in range(len(sources.foregrounds)) if index not in refused]
    used = sorted({background for index in kept for background in drawn[index]})
    place = {background: number for number, background in enumerate(used)}
    return Manifest(
        data_dir=out_dir,
        layout=layout.layout,
        pad=layout.pad,
        crop_safety=crop_safety_of(layout.crop_safety, layout.pad),
        foregrounds=tuple(sources.foregrounds[index].name for index in kept),
        backgrounds=tuple(sources.backgrounds[background].name for background in used),
        pairs=pairs_array(
            [
                (number, place[background])
                for number, index in enumerate(kept)
                for background in drawn[index]
            ]
        ),
        seed=seed,
    )
