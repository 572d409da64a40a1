"""Makes a pack of folders of cut-outs and photographs, in several processes."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from dim_tf.dataset.cutouts import CutOut, find_cut_outs
from dim_tf.dataset.geometry import middle_of
from dim_tf.dataset.sources import BackgroundFile, split_photos
from dim_tf.pictures.folders import list_images
from dim_tf.system.errors import InputError
from dim_tf.system.jobs import run_jobs
from recipes.accelerated.pack_file import (
    Pack,
    PackedCutout,
    PackedPhoto,
    encode_colours,
    encode_matte,
    pack_size,
    write_pack,
)
from recipes.accelerated.pieces import pieces_of
from recipes.accelerated.settings import PHOTO_SIDE, PackSettings

_MIB = 2**20


class PackResult(NamedTuple):
    """What was packed, how many files were held out, and a sentence for each that was refused."""

    pack: Pack
    held_out: int
    refusals: list[str]


class _Outcome(NamedTuple):
    index: int
    packed: list[Any]
    refusal: str = ""


def make_pack(settings: PackSettings) -> PackResult:
    """Reads the folders, leaves out what is held out, and writes the pack.

    Raises:
        InputError: a folder is missing or holds nothing that can be used; the pack would be too
            large, or cannot be written.
    """
    cutouts, held_out_cutouts, refusals = [], [], []
    if settings.cutouts_dir:
        cutouts, refusals = find_cut_outs(settings.cutouts_dir, "training")
        held_out_cutouts, _ = find_cut_outs(settings.cutouts_dir, "held out")
    photos, held_out_photos = split_photos(list_images(settings.photos_dir))
    pack_a_cutout = functools.partial(pack_cutout, quality=settings.cutout_quality)
    pack_a_photo = functools.partial(
        pack_photo, short_side=settings.photo_short, quality=settings.photo_quality
    )
    packed_cutouts, refused_cutouts = _packed(pack_a_cutout, cutouts, "cut-outs", settings)
    packed_photos, refused_photos = _packed(pack_a_photo, photos, "photographs", settings)
    refused_cutouts = refusals + refused_cutouts
    if not packed_photos:
        _refuse_folder(settings.photos_dir, refused_photos)
    if settings.cutouts_dir and not packed_cutouts:
        _refuse_folder(settings.cutouts_dir, refused_cutouts)
    pack = Pack(tuple(packed_cutouts), tuple(packed_photos))
    _refuse_large(pack, settings)
    write_pack(settings.out, pack)
    held_out = len(held_out_cutouts) + len(held_out_photos)
    return PackResult(pack, held_out, refused_cutouts + refused_photos)


def pack_cutout(cut_out: CutOut, quality: int) -> list[PackedCutout]:
    """A cut-out's pieces as they go into a pack.

    Raises:
        InputError: it cannot be used.
    """
    pieces = pieces_of(*cut_out.load(quiet=False), cut_out.name)
    return [
        PackedCutout(
            cut_out.source,
            f"{cut_out.name}_{number}",
            encode_colours(colours, quality),
            encode_matte(alpha),
        )
        for number, (alpha, colours) in enumerate(pieces)
    ]


def pack_photo(file: Path, short_side: int, quality: int) -> list[PackedPhoto]:
    """A photograph as it goes into a pack: made smaller where it is larger, and its middle.

    Raises:
        InputError: it cannot be used.
    """
    rgb = BackgroundFile(file.stem, file).load()
    height, width = rgb.shape[:2]
    scale = min(1.0, short_side / min(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smaller = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return [PackedPhoto(file.name, encode_colours(middle_of(smaller, PHOTO_SIDE), quality))]


def _packed(
    pack: Callable[[Any], list], files: Sequence[Any], label: str, settings: PackSettings
) -> tuple[list, list[str]]:
    """What comes of files, in their order, and why some were refused."""
    outcomes: list[_Outcome] = []
    run_jobs(
        functools.partial(_packed_or_refused, pack),
        list(enumerate(files)),
        outcomes.append,
        settings.workers,
        label,
        settings.progress,
    )
    outcomes.sort(key=lambda outcome: outcome.index)
    packed = [picture for outcome in outcomes for picture in outcome.packed]
    return packed, [outcome.refusal for outcome in outcomes if outcome.refusal]


def _packed_or_refused(pack: Callable[[Any], list], job: tuple[int, Any]) -> _Outcome:
    index, files = job
    try:
        return _Outcome(index, pack(files))
    except InputError as error:
        return _Outcome(index, [], str(error))


def _refuse_folder(folder: str, refusals: list[str]) -> None:
    raise InputError(f"Nothing in {folder} can be used: {refusals[-1]}")


def _refuse_large(pack: Pack, settings: PackSettings) -> None:
    size = pack_size(pack) / _MIB
    if settings.max_mib and size > settings.max_mib:
        raise InputError(
            f"The pack would have {size:.1f} MiB, more than --max_mib={settings.max_mib}; give a "
            "smaller --photo_short, or lower --photo_quality or --cutout_quality."
        )
