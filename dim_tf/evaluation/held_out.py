"""Composites with true mattes, made of photographs that no training saw."""

import functools
import importlib.util
import json
import zlib
from pathlib import Path

import numpy as np

from dim_tf.dataset.left_out import CUT_OUT_SETTING, refuse_what_was_not_held_out
from dim_tf.dataset.sources import split_photos
from dim_tf.evaluation.composites import (
    ATTEMPTS,
    FOLDERS,
    Composite,
    draw_trimaps,
    made_of_usable,
    piece_of,
)
from dim_tf.evaluation.held_out_cutouts import (
    HeldOutForegrounds,
    cut_out_composite_name,
    render_cut_out_composite,
)
from dim_tf.matting.cutout import composite_on
from dim_tf.pictures.folders import list_images
from dim_tf.pictures.levels import to_levels
from dim_tf.pictures.picture import read_stored
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import foreground_colours, kind_of, render_matte
from dim_tf.system.errors import InputError
from dim_tf.system.files import encoded, remove_unfinished, write_bytes
from dim_tf.system.folder_lock import LOCK_NAME, FolderLock

SETTINGS_NAME = "held_out_settings.json"


def render_composite(photos: list[Path], seed: int, index: int, size: int = 512) -> Composite:
    """Makes one composite. It depends on the arguments alone.

    A procedural matte, coloured from one photograph, on a piece of another, by equation (1).

    Args:
        photos: to draw the two photographs from; at least two.
        seed: of all composites.
        index: of this one; kinds of mattes take turns.
        size: side, pixels.

    Raises:
        InputError: no photograph can be used, or no usable trimap was drawn.
    """
    kind = kind_of(index)
    # The word keeps these draws apart from those of every dataset.
    purpose = zlib.crc32(b"held-out composite")
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([seed, purpose, index, attempt])
        matte_seed, colour_seed = rng.integers(2**32, size=2).tolist()
        alpha = render_matte(kind, matte_seed, size)
        trimaps = draw_trimaps(alpha, rng)
        if trimaps is not None:
            break
    else:
        raise InputError(
            f"No matte of kind {kind} with a usable trimap was found at a size of {size}; give a "
            "larger size, and another folder."
        )

    def colours_and_background() -> tuple[np.ndarray, np.ndarray]:
        colour_photo, background_photo = rng.choice(len(photos), 2, replace=False)
        colours = foreground_colours(alpha, [photos[colour_photo]], colour_seed)
        return colours, piece_of(photos[background_photo], rng, size)

    colours, background = made_of_usable(colours_and_background)
    rgb = composite_on(colours, alpha / np.float32(255.0), background)
    return Composite(_procedural_name(index), rgb, *trimaps, alpha)


def write_composites(
    photos_dir: str | Path,
    out_dir: str | Path,
    count: int,
    size: int,
    seed: int = 1,
    foregrounds: HeldOutForegrounds | None = None,
    data_dir: str | Path = "",
) -> int:
    """Writes the composites that are missing in a folder.

    Args:
        photos_dir: the photographs; every ninth, those held out, is used.
        out_dir: gets the folders rgb, trimap, trimap_dilate and alpha.
        count: composites, at least 1.
        size: side, pixels.
        seed: of all composites.
        foregrounds: that were held out; None: procedural mattes.
        data_dir: dataset that must have held out all that is used; left out: any.

    Returns:
        How many were written.

    Raises:
        InputError: pictures that cannot be used, or a folder that holds something else.
    """
    photos = list_images(photos_dir)
    _, held_out = split_photos(photos)
    settings = {"count": count, "size": size, "seed": seed}
    settings |= {"photos": [photo.name for photo in held_out]}
    if foregrounds:
        if not held_out:
            raise InputError(
                f"{photos_dir} holds {len(photos)} pictures, of which none is held out; the fifth "
                "by name is the first, so give 5 or more."
            )
        settings = {"source": foregrounds.kind, **settings, foregrounds.kind: foregrounds.names}
        sources = foregrounds.sources
        name_of = functools.partial(cut_out_composite_name, list(sources))
        render = functools.partial(render_cut_out_composite, sources, held_out)
    else:
        if len(held_out) < 2:
            raise InputError(
                f"{photos_dir} holds {len(photos)} pictures, of which {len(held_out)} are held "
                "out; a composite takes two, so give 14 or more."
            )
        name_of = _procedural_name
        render = functools.partial(render_composite, held_out)
    if data_dir:
        setting = foregrounds.setting if foregrounds else CUT_OUT_SETTING
        names = foregrounds.names if foregrounds else []
        refuse_what_was_not_held_out(data_dir, held_out, setting, names)
    out_dir = Path(out_dir)
    written = 0
    with FolderLock(out_dir):
        text = json.dumps(settings, indent=1, ensure_ascii=False) + "\n"
        _take_folder(out_dir, encoded(text), "--out_dir")
        for index in range(count):
            files = [out_dir / folder / f"{name_of(index)}.png" for folder in FOLDERS]
            if not all(file.exists() for file in files):
                composite = render(seed, index, size)
                for folder, file in zip(FOLDERS, files, strict=True):
                    write_png(
                        file,
                        getattr(composite, folder),
                        is_matte=folder == "alpha",
                        is_trimap=folder.startswith("trimap"),
                    )
                written += 1
    return written


def _procedural_name(index: int) -> str:
    return f"{index:03d}_{kind_of(index)}"


def _take_folder(out_dir: Path, settings: bytes, flag: str) -> None:
    """Refuses a folder of or for other composites: a mean over two sorts is no number.

    Args:
        out_dir: the folder.
        settings: of the composites, the content of the file that is kept in it.
        flag: that names the folder.
    """
    path = out_dir / SETTINGS_NAME
    if path.exists():
        if path.read_bytes() != settings:
            raise InputError(
                f"{out_dir} was begun for composites with other settings or pictures; give another "
                f"{flag}."
            )
    elif any(file.name != LOCK_NAME for file in out_dir.iterdir()):
        raise InputError(
            f"{out_dir} holds files but no {SETTINGS_NAME} that says of what composites; give a "
            "new or empty folder."
        )
    else:
        write_bytes(path, settings)
    remove_unfinished(out_dir)


def write_closed_form(folder: Path, out_dir: Path) -> int:
    """Writes closed-form mattes (Levin et al., 2008) of composites, by pymatting.

    Args:
        folder: of the composites, from `write_composites`.
        out_dir: gets a PNG for each that it has none for, and the composites' settings.

    Returns:
        How many were written.

    Raises:
        InputError: pymatting is missing, a file cannot be read or written, or the folder holds
            something else, such as the mattes of other composites of the same names.
    """
    check_pymatting()
    from pymatting import estimate_alpha_cf  # compiles itself: seconds, once

    written = 0
    with FolderLock(out_dir):
        _take_folder(out_dir, (folder / SETTINGS_NAME).read_bytes(), "--closed_form")
        for photo in list_images(folder / "rgb"):
            if (out_dir / photo.name).exists():
                continue
            trimap = read_stored(folder / "trimap" / photo.name)
            alpha = estimate_alpha_cf(read_stored(photo) / 255.0, trimap / 255.0)
            write_png(out_dir / photo.name, to_levels(alpha), is_matte=True)
            written += 1
    return written


def check_pymatting() -> None:
    """Raises: InputError where pymatting is missing."""
    if importlib.util.find_spec("pymatting") is None:
        raise InputError(
            "--closed_form needs pymatting; install it with pip install pymatting, or "
            "leave the flag out."
        )
