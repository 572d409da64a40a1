"""Writes the pictures of a dataset, one job at a time; the jobs run in any process."""

import dataclasses
from pathlib import Path

import numpy as np

from dim_tf.config import CANVAS_SIDE
from dim_tf.dataset import geometry
from dim_tf.dataset.manifest import compact_path, original_path
from dim_tf.dataset.sources import Background, Foreground, has_edge
from dim_tf.pictures.writing import write_png
from dim_tf.system.errors import InputError
from dim_tf.system.jobs import Outcome

# The files are read at every training step: light compression, quick to write and to read.
PNG_COMPRESSION = 1


@dataclasses.dataclass(frozen=True)
class BackgroundJob:
    """Write a background's canvas; with no `path` only see whether it can be read."""

    index: int
    source: Background
    pad: str
    path: Path | None


@dataclasses.dataclass(frozen=True)
class ForegroundJob:
    """Write a foreground; in the original layout once for each of its backgrounds."""

    index: int
    source: Foreground
    pad: str
    out_dir: Path
    backgrounds: tuple[Background, ...] | None


def write_background(job: BackgroundJob) -> Outcome:
    """Writes a background's canvas unless it is there; a bad picture is refused, not raised."""
    if job.path and job.path.exists():
        return Outcome(job.index, present=1)
    try:
        photo = job.source.load()
    except InputError as refusal:
        return Outcome(job.index, refusal=str(refusal))
    if job.path is None:
        return Outcome(job.index)
    write_png(job.path, geometry.canvas_of(fit_background(photo, job.pad)), PNG_COMPRESSION)
    return Outcome(job.index, written=1)


def write_foreground(job: ForegroundJob) -> Outcome:
    """Writes what is missing of a foreground; a bad matte or colours are refused, not raised.

    Raises:
        InputError: a background cannot be read any more, or a file cannot be written.
    """
    groups = [
        {kind: path for kind, path in group.items() if not path.exists()}
        for group in _foreground_paths(job)
    ]
    kinds = 2 if job.backgrounds is None else 3
    present = kinds * len(groups) - sum(map(len, groups))
    if not any(groups):
        return Outcome(job.index, present=present)
    try:
        alpha, eps = fit_foreground(*job.source.load())
        if not has_edge(alpha):
            raise InputError(f"The matte {job.source.name} loses its edge when resized.")
    except InputError as refusal:
        return Outcome(job.index, refusal=str(refusal))
    for k, missing in enumerate(groups):
        if missing:
            background = job.backgrounds[k].load() if job.backgrounds else None
            pictures = _placed(alpha, eps, background, job.pad)
            for kind, path in missing.items():
                write_png(path, pictures[kind], PNG_COMPRESSION)
    return Outcome(job.index, written=sum(map(len, groups)), present=present)


def _foreground_paths(job: ForegroundJob) -> list[dict[str, Path]]:
    """The files of a foreground: one group, or in the original layout one per background."""
    name = job.source.name
    if job.backgrounds is None:
        return [{kind: compact_path(job.out_dir, kind, name) for kind in ("alpha", "eps")}]
    return [
        {kind: original_path(job.out_dir, kind, name, k) for kind in ("alpha", "eps", "bg")}
        for k in range(len(job.backgrounds))
    ]


def _placed(
    alpha: np.ndarray, eps: np.ndarray, background: np.ndarray | None, pad: str
) -> dict[str, np.ndarray]:
    """A resized foreground as it is stored, with the whole background if one is given."""
    if background is not None:
        background = fit_background(background, pad)
        height, width = background.shape[:2]
    elif pad == "center":
        height = width = CANVAS_SIDE
    else:  # training pads it, to whichever background it meets
        return {"alpha": alpha, "eps": eps}
    pictures = {
        "alpha": geometry.centre_on(alpha, height, width),
        "eps": geometry.centre_on(eps, height, width),
    }
    return pictures if background is None else {**pictures, "bg": background}


def fit_foreground(alpha: np.ndarray, eps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A matte and its colours at the long side of 640 that the dataset stores.

    Args:
        alpha: [H, W] uint8.
        eps: [H, W, 3] uint8 RGB.

    Returns:
        ([h, w] uint8, [h, w, 3] uint8) with max(h, w) = 640.
    """
    size = geometry.foreground_size(*alpha.shape)
    return geometry.resize(alpha, *size), geometry.resize(eps, *size)


def fit_background(photo: np.ndarray, pad: str) -> np.ndarray:
    """A background at the size the dataset needs (see `geometry.background_size`).

    Args:
        photo: [H, W, 3] uint8 RGB.
        pad: center or none.

    Returns:
        [h, w, 3] uint8 RGB.
    """
    return geometry.resize(photo, *geometry.background_size(*photo.shape[:2], pad))
