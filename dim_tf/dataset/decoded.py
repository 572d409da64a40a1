"""Decoded copies of a dataset's pictures: the same pixels, read about ten times faster.

A PNG of 1280 × 1280 costs some 30 ms of a core to decode, in every step. So the first run on a
dataset keeps a copy of each picture without compression, as BMP, in `DATA_DIR/decoded`. The PNG
files stay the dataset: the folder of copies can be deleted, and a picture without a copy, or
changed since, is read from its PNG. No TensorFlow here.
"""

import contextlib
import dataclasses
import os
import shutil
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dim_tf.config import CANVAS_SIDE, FOREGROUND_LONG_SIDE
from dim_tf.dataset.geometry import middle_of
from dim_tf.dataset.manifest import DECODED_FOLDER, Manifest
from dim_tf.pictures.picture import read_stored
from dim_tf.pictures.writing import write_bmp
from dim_tf.system.errors import InputError
from dim_tf.system.files import WriteError, remove_unfinished
from dim_tf.system.folder_lock import FolderLock, InUseError
from dim_tf.system.jobs import run_jobs

_GIGABYTE = 10**9
_HEADER_BYTES = 1078  # of a grey BMP, with its palette
# Copies never take more than this share of the free disk.
_SHARE_OF_FREE_DISK = 0.5


@dataclasses.dataclass(frozen=True)
class _CopyJob:
    """The pictures of one foreground, or of one background."""

    pngs: tuple[Path, ...]
    copies: tuple[Path, ...]
    size: int  # bytes that the copies are expected to take
    is_foreground: bool


def fastest_path(data_dir: Path, png: Path) -> Path:
    """The decoded copy of a picture of the dataset if it is up to date and whole, else the PNG."""
    copy = _copy_path(data_dir, png)
    try:
        found = copy.stat()
        is_current = found.st_mtime_ns == png.stat().st_mtime_ns
        return copy if is_current and found.st_size == _size_in_header(copy) else png
    except OSError:
        return png


def _size_in_header(bmp: Path) -> int | None:
    """What a BMP says of its own size, in bytes: one that was cut has fewer. None where it is none.

    Raises:
        OSError: it cannot be read.
    """
    with bmp.open("rb") as file:
        header = file.read(6)
    return int.from_bytes(header[2:], "little") if header[:2] == b"BM" else None


def write_decoded_copies(
    manifest: Manifest, gigabytes: float, *, workers: int = 0, progress: bool = True
) -> int:
    """Writes the copies that are missing, foregrounds first, as many as fit.

    Others are deleted: of pictures that the dataset no longer has, and what there is no more room
    for. A run that uses them goes on with the PNG files.

    Only for the compact layout, whose pictures are read again and again; of the original one each
    file is read once per epoch.

    Args:
        manifest: of the whole dataset.
        gigabytes: all copies together take at most this, and new ones at most half of the disk that
            is free; 0 keeps none.
        workers: processes; 0 takes one per core.
        progress: whether to show a bar.

    Returns:
        How many copies were written; none while another process writes them.

    Raises:
        InputError: a copy cannot be written.
    """
    kept = _copies_with_room(manifest, gigabytes)
    missing = _missing_copies(manifest, kept)
    if not (missing or _left_over(manifest, kept)):
        return 0
    folder = manifest.data_dir / DECODED_FOLDER
    try:
        with FolderLock(folder):
            remove_unfinished(folder)
            for copy in _left_over(manifest, kept):
                with contextlib.suppress(OSError):  # somebody else's, a run does with it
                    copy.unlink()
            jobs = _missing_copies(manifest, kept)
            written: list[int] = []
            run_jobs(_write_copies, jobs, written.append, workers, "decoded copies", progress)
            return sum(written)
    except InUseError:
        return 0
    except WriteError:
        if missing:
            raise
        return 0  # they may lie on a disk that is only read


def _copies_with_room(manifest: Manifest, gigabytes: float) -> list[_CopyJob]:
    """The copies that a dataset may have, whether they are there or not."""
    if manifest.layout != "compact" or not gigabytes:
        return []
    left = gigabytes * _GIGABYTE
    kept = []
    for job in _copy_jobs(manifest):
        if job.size > left:
            break
        left -= job.size
        kept.append(job)
    return kept


def _missing_copies(manifest: Manifest, kept: Sequence[_CopyJob]) -> list[_CopyJob]:
    """Of these copies those that are to be written, as many as the free disk allows."""
    free = shutil.disk_usage(manifest.data_dir).free * _SHARE_OF_FREE_DISK
    missing = []
    for job in kept:
        found = tuple(fastest_path(manifest.data_dir, png) for png in job.pngs)
        if found == job.copies and not _is_cut(job):
            continue
        if job.size > free:
            break
        free -= job.size
        missing.append(job)
    return missing


def _left_over(manifest: Manifest, kept: Sequence[_CopyJob]) -> list[Path]:
    """The copies that are there and not among these."""
    among_these = {copy for job in kept for copy in job.copies}
    found = (manifest.data_dir / DECODED_FOLDER).glob("*/*.bmp")
    return [copy for copy in found if copy not in among_these]


def _is_cut(job: _CopyJob) -> bool:
    """Whether it is the copy of a background that an older version cut as it cuts foregrounds."""
    return not job.is_foreground and job.copies[0].stat().st_size < job.size - _HEADER_BYTES


def _copy_path(data_dir: Path, png: Path) -> Path:
    return data_dir / DECODED_FOLDER / png.relative_to(data_dir).with_suffix(".bmp")


def _copy_jobs(manifest: Manifest) -> Iterator[_CopyJob]:
    for column, paths_of, side in (
        (0, (manifest.alpha_path, manifest.eps_path), FOREGROUND_LONG_SIDE),
        (1, (manifest.background_path,), CANVAS_SIDE),
    ):
        for pair in np.unique(manifest.pairs[:, column], return_index=True)[1]:
            pngs = tuple(path_of(pair) for path_of in paths_of)
            copies = tuple(_copy_path(manifest.data_dir, png) for png in pngs)
            size = sum(_copy_size(png, side) for png in pngs)
            yield _CopyJob(pngs, copies, size, is_foreground=column == 0)


def _copy_size(png: Path, side: int) -> int:
    """Bytes a copy is expected to take: the size in the PNG's header, cut to a side."""
    try:
        with png.open("rb") as file:
            header = file.read(26)
        width, height, _, colour_type = struct.unpack(">16x2I2B", header)
    except (OSError, struct.error):  # no picture: it will not get a copy
        return 0
    channels = 1 if colour_type == 0 else 3
    return min(height, side) * min(width, side) * channels + _HEADER_BYTES


def _write_copies(job: _CopyJob) -> int:
    """Writes copies; pictures that cannot be read get none, training will name them."""
    try:
        pictures = [read_stored(png) for png in job.pngs]
    except InputError:
        return 0
    if job.is_foreground:  # an example is as large as its background, black rim or not
        pictures = without_empty_rim(pictures)
    for copy, picture in zip(job.copies, pictures, strict=True):
        write_bmp(copy, picture)
    # Not before all are there: only then they are taken for current.
    for png, copy in zip(job.pngs, job.copies, strict=True):
        modified = png.stat().st_mtime_ns
        os.utime(copy, ns=(modified, modified))
    return len(job.copies)


def without_empty_rim(pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The central 640 × 640 of pictures if all around it is zero in each, otherwise all of them.

    A foreground on its canvas is that; `transforms.to_canvas` puts the rim back.

    Args:
        pictures: [H, W] or [H, W, 3] uint8.
    """
    middles = [middle_of(picture, FOREGROUND_LONG_SIDE) for picture in pictures]
    empty = all(
        np.count_nonzero(picture) == np.count_nonzero(middle)
        for picture, middle in zip(pictures, middles, strict=True)
    )
    return middles if empty else list(pictures)
