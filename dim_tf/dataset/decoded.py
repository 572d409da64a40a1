"""Decoded copies of a dataset's pictures: the same pixels, read about ten times faster.

A PNG of 1280 × 1280 costs some 30 ms of a core to decode, in every step. So the first run on a
dataset keeps a copy of each picture without compression, as BMP, in `DATA_DIR/decoded`. The PNG
files stay the dataset: the folder of copies can be deleted when no run uses it, and a picture
without a copy, or changed since, is read from its PNG. No TensorFlow here.
"""

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
from dim_tf.system.files import remove_unfinished
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
    """The decoded copy of a picture of the dataset if it is up to date, otherwise the PNG."""
    copy = _copy_path(data_dir, png)
    try:
        is_current = copy.stat().st_mtime_ns == png.stat().st_mtime_ns
    except OSError:
        return png
    return copy if is_current else png


def write_decoded_copies(
    manifest: Manifest, gigabytes: float, *, workers: int = 0, progress: bool = True
) -> int:
    """Writes the copies that are missing, foregrounds first, as many as fit.

    Only for the compact layout, whose pictures are read again and again; of the original one each
    file is read once per epoch.

    Args:
        manifest: of the dataset.
        gigabytes: all copies together take at most this, and at most half of the disk that is
            free; 0 writes none.
        workers: processes; 0 takes one per core.
        progress: whether to show a bar.

    Returns:
        How many copies were written; none while another process writes them.

    Raises:
        InputError: a copy cannot be written.
    """
    if manifest.layout != "compact" or not gigabytes or not _missing_copies(manifest, gigabytes):
        return 0
    folder = manifest.data_dir / DECODED_FOLDER
    try:
        with FolderLock(folder):
            remove_unfinished(folder)
            jobs = _missing_copies(manifest, gigabytes)
            written: list[int] = []
            run_jobs(_write_copies, jobs, written.append, workers, "decoded copies", progress)
            return sum(written)
    except InUseError:
        return 0


def _missing_copies(manifest: Manifest, gigabytes: float) -> list[_CopyJob]:
    free = shutil.disk_usage(manifest.data_dir).free * _SHARE_OF_FREE_DISK
    left = gigabytes * _GIGABYTE
    missing = []
    for job in _copy_jobs(manifest):
        found = tuple(fastest_path(manifest.data_dir, png) for png in job.pngs)
        present = found == job.copies and not _is_cut(job)
        if job.size > left or (not present and job.size > free):
            break
        left -= job.size
        if not present:
            free -= job.size
            missing.append(job)
    return missing


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
    for png, copy, picture in zip(job.pngs, job.copies, pictures, strict=True):
        write_bmp(copy, picture)
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
