"""Composites with true mattes, made of photographs that no training saw."""

import importlib.util
import json
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from dim_tf.dataset.geometry import resize
from dim_tf.dataset.sources import BackgroundFile, split_photos
from dim_tf.pictures.folders import list_images
from dim_tf.pictures.picture import read_stored
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import foreground_colours, kind_of, render_matte
from dim_tf.system.errors import InputError
from dim_tf.system.files import remove_unfinished, write_bytes
from dim_tf.system.folder_lock import LOCK_NAME, FolderLock
from dim_tf.system.quiet import import_tensorflow

FOLDERS = ("rgb", "trimap", "trimap_dilate", "alpha")
SETTINGS_NAME = "held_out_settings.json"
# Sides of the trimap's kernel, pixels.
_KERNEL_MIN, _KERNEL_MAX = 10, 40
# Draws until a composite has known foreground, known background and unknown pixels.
_ATTEMPTS = 50


class Composite(NamedTuple):
    """A picture with its truth.

    Attributes:
        name: number and kind of matte, such as 000_hair.
        rgb: [S, S, 3] uint8.
        trimap: [S, S] uint8, by dilation and erosion.
        trimap_dilate: [S, S] uint8, by dilation only, with the same kernel.
        alpha: [S, S] uint8.
    """

    name: str
    rgb: np.ndarray
    trimap: np.ndarray
    trimap_dilate: np.ndarray
    alpha: np.ndarray


def kind_of_composite(name: str) -> str:
    """The kind of matte of a composite, from its name."""
    return name.partition("_")[2]


def render_composite(photos: list[Path], seed: int, index: int, size: int = 512) -> Composite:
    """Makes one composite. It depends on the arguments alone.

    A procedural matte, coloured from one photograph, on a piece of another, by equation (1).

    Args:
        photos: to draw the two photographs from; at least two.
        seed: of all composites.
        index: of this one; kinds of mattes take turns.
        size: side, pixels.

    Raises:
        InputError: a photograph cannot be used, or no usable trimap was drawn.
    """
    import_tensorflow()  # only here: not for --help, nor where all is written
    from dim_tf.matting.cutout import composite_on
    from dim_tf.trimaps.from_matte import trimap_from_alpha

    kind = kind_of(index)
    # The word keeps these draws apart from those of every dataset.
    purpose = zlib.crc32(b"held-out composite")
    for attempt in range(_ATTEMPTS):
        rng = np.random.default_rng([seed, purpose, index, attempt])
        matte_seed, colour_seed = rng.integers(2**32, size=2).tolist()
        alpha = render_matte(kind, matte_seed, size)
        kernel = int(rng.integers(_KERNEL_MIN, _KERNEL_MAX + 1))
        trimap = trimap_from_alpha(alpha, kernel, "dilate_erode").numpy()
        if all((trimap == level).any() for level in (BACKGROUND, UNKNOWN, FOREGROUND)):
            break
    else:
        raise InputError(
            f"No matte of kind {kind} with a usable trimap was found at a size of {size}; give a "
            "larger size, and another folder."
        )
    colour_photo, background_photo = rng.choice(len(photos), 2, replace=False)
    colours = foreground_colours(alpha, [photos[colour_photo]], colour_seed)
    background = _piece_of(photos[background_photo], rng, size)
    return Composite(
        name=f"{index:03d}_{kind}",
        rgb=composite_on(colours, alpha / np.float32(255.0), background),
        trimap=trimap,
        trimap_dilate=trimap_from_alpha(alpha, kernel, "dilate").numpy(),
        alpha=alpha,
    )


def _piece_of(photo: Path, rng: np.random.Generator, size: int) -> np.ndarray:
    """[size, size, 3] uint8: a square of a photograph that is as large or larger, if it can be."""
    picture = BackgroundFile(photo.stem, photo).load()
    height, width = picture.shape[:2]
    shorter = min(height, width)
    side = int(rng.integers(size, shorter + 1)) if shorter > size else shorter
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    return resize(picture[top : top + side, left : left + side], size, size)


def write_composites(
    photos_dir: str | Path, out_dir: str | Path, count: int, size: int, seed: int = 1
) -> int:
    """Writes the composites that are missing in a folder.

    Args:
        photos_dir: the photographs; every ninth, those held out, is used.
        out_dir: gets the folders rgb, trimap, trimap_dilate and alpha.
        count: composites, at least 1.
        size: side, pixels.
        seed: of all composites.

    Returns:
        How many were written.

    Raises:
        InputError: photographs that cannot be used, or a folder that holds something else.
    """
    photos = list_images(photos_dir)
    _, held_out = split_photos(photos)
    if len(held_out) < 2:
        raise InputError(
            f"{photos_dir} holds {len(photos)} pictures, of which {len(held_out)} are held "
            "out; a composite takes two, so give 14 or more."
        )
    out_dir = Path(out_dir)
    settings = {"count": count, "size": size, "seed": seed}
    written = 0
    with FolderLock(out_dir):
        _take_folder(out_dir, settings | {"photos": [photo.name for photo in held_out]})
        for index in range(count):
            name = f"{index:03d}_{kind_of(index)}.png"
            if all((out_dir / folder / name).exists() for folder in FOLDERS):
                continue
            composite = render_composite(held_out, seed, index, size)
            for folder in FOLDERS:
                write_png(out_dir / folder / name, getattr(composite, folder))
            written += 1
    return written


def _take_folder(out_dir: Path, settings: dict[str, Any]) -> None:
    """Refuses a folder of other composites: a mean over two sorts is no number."""
    path = out_dir / SETTINGS_NAME
    text = json.dumps(settings, indent=1, ensure_ascii=False) + "\n"
    if path.exists():
        if path.read_bytes() != text.encode(errors="backslashreplace"):
            raise InputError(
                f"{out_dir} holds composites made with other settings or photographs; give another "
                "--out_dir."
            )
    elif any(file.name != LOCK_NAME for file in out_dir.iterdir()):
        raise InputError(
            f"{out_dir} holds files that this program did not write; give a new or empty folder."
        )
    else:
        write_bytes(path, text.encode(errors="backslashreplace"))
    remove_unfinished(out_dir)


def write_closed_form(folder: Path, out_dir: Path) -> int:
    """Writes closed-form mattes (Levin et al., 2008) of composites, by pymatting.

    Args:
        folder: of the composites.
        out_dir: gets a PNG for each that it has none for.

    Returns:
        How many were written.

    Raises:
        InputError: pymatting is missing, or a file cannot be read or written.
    """
    check_pymatting()
    from pymatting import estimate_alpha_cf  # compiles itself: seconds, once

    written = 0
    for photo in list_images(folder / "rgb"):
        if (out_dir / photo.name).exists():
            continue
        trimap = read_stored(folder / "trimap" / photo.name)
        alpha = estimate_alpha_cf(read_stored(photo) / 255.0, trimap / 255.0)
        write_png(out_dir / photo.name, np.round(np.clip(alpha, 0, 1) * 255).astype(np.uint8))
        written += 1
    return written


def check_pymatting() -> None:
    """Raises: InputError where pymatting is missing."""
    if importlib.util.find_spec("pymatting") is None:
        raise InputError(
            "--closed_form needs pymatting; install it with pip install '.[cutout]', or leave the "
            "flag out."
        )
