"""Decoded copies of a dataset's pictures: the same pixels, read about ten times faster.

A PNG of 1280 × 1280 costs some 30 ms of a core to decode, in every step. So the first run on a
dataset keeps a copy of each picture without compression, as BMP, in `DATA_DIR/decoded`. The PNG
files stay the dataset: the folder of copies can be deleted at any time, and a picture without a
copy, or with one that is older than itself, is read from its PNG. No TensorFlow here.
"""

import dataclasses
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from dim_tf.config import CANVAS_SIDE, FOREGROUND_LONG_SIDE
from dim_tf.data.image_io import read_grey, read_rgb, write_bmp
from dim_tf.data.jobs import run_jobs
from dim_tf.data.manifest import Manifest
from dim_tf.errors import InputError

DECODED_FOLDER = "decoded"
_GIGABYTE = 10**9
_HEADER_BYTES = 1078  # of a grey BMP, with its palette
# Copies never take more than this share of the free disk.
_SHARE_OF_FREE_DISK = 0.5


@dataclasses.dataclass(frozen=True)
class _CopyJob:
    png: Path
    copy: Path
    channels: int
    side: int  # the copy is expected to be no larger, pixels


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
        How many copies were written.

    Raises:
        InputError: a copy cannot be written.
    """
    if manifest.layout != "compact" or not gigabytes:
        return 0
    free = shutil.disk_usage(manifest.data_dir).free * _SHARE_OF_FREE_DISK
    left = gigabytes * _GIGABYTE
    missing = []
    for job in _copy_jobs(manifest):
        present = fastest_path(manifest.data_dir, job.png) == job.copy
        size = job.copy.stat().st_size if present else _copy_size(job)
        if size > left or (not present and size > free):
            break
        left -= size
        if not present:
            free -= size
            missing.append(job)
    written = []
    run_jobs(_write_copy, missing, written.append, workers, "decoded copies", progress)
    return sum(written)


def _copy_path(data_dir: Path, png: Path) -> Path:
    return data_dir / DECODED_FOLDER / png.relative_to(data_dir).with_suffix(".bmp")


def _copy_jobs(manifest: Manifest) -> Iterable[_CopyJob]:
    first_pairs = {
        column: np.unique(manifest.pairs[:, column], return_index=True)[1] for column in (0, 1)
    }
    for path_of, pairs, channels, side in (
        (manifest.alpha_path, first_pairs[0], 1, FOREGROUND_LONG_SIDE),
        (manifest.eps_path, first_pairs[0], 3, FOREGROUND_LONG_SIDE),
        (manifest.background_path, first_pairs[1], 3, CANVAS_SIDE),
    ):
        for pair in pairs:
            png = path_of(pair)
            yield _CopyJob(png, _copy_path(manifest.data_dir, png), channels, side)


def _copy_size(job: _CopyJob) -> int:
    """Bytes a copy is expected to take, from the size in the PNG's header."""
    try:
        with job.png.open("rb") as file:
            header = file.read(24)
    except OSError:
        return 0
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (16, 20))
    return min(height, job.side) * min(width, job.side) * job.channels + _HEADER_BYTES


def _write_copy(job: _CopyJob) -> bool:
    """Writes a copy; a picture that cannot be read gets none, training will name it."""
    try:
        picture = read_grey(job.png) if job.channels == 1 else read_rgb(job.png)
    except InputError:
        return False
    write_bmp(job.copy, without_empty_rim(picture))
    modified = job.png.stat().st_mtime_ns
    os.utime(job.copy, ns=(modified, modified))
    return True


def without_empty_rim(picture: np.ndarray) -> np.ndarray:
    """The central 640 × 640 of a picture if all around it is zero, otherwise the picture.

    A foreground on its canvas is that; `transforms.to_canvas` puts the rim back.

    Args:
        picture: [H, W] or [H, W, 3] uint8.
    """
    height, width = picture.shape[:2]
    tall, wide = min(height, FOREGROUND_LONG_SIDE), min(width, FOREGROUND_LONG_SIDE)
    top, left = (height - tall) // 2, (width - wide) // 2
    middle = picture[top : top + tall, left : left + wide]
    empty = cv2.countNonZero(picture.reshape(height, -1)) == cv2.countNonZero(
        np.ascontiguousarray(middle).reshape(tall, -1)
    )
    return middle if empty else picture
