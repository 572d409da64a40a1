"""What the offline step starts from: foregrounds and backgrounds, from files or procedural."""

import dataclasses
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from dim_tf.config import CANVAS_SIDE, FOREGROUND_LONG_SIDE, FolderConfig, SyntheticConfig
from dim_tf.dataset.manifest import is_safe_name
from dim_tf.pictures.folders import list_images
from dim_tf.pictures.matte import ColouredMatteError, matte_of
from dim_tf.pictures.photo import colours_of, read_rgb
from dim_tf.pictures.picture import read_picture
from dim_tf.pictures.placing import lay_on
from dim_tf.synthetic import (
    DEFAULT_KINDS,
    KINDS_FOR_TEXTURED_EDGES,
    foreground_colours,
    kind_of,
    render_matte,
    render_shaded_matte,
    render_texture,
    textured_foreground,
    with_shades,
)
from dim_tf.system.errors import InputError, tell

# Enough variety for a dataset that is all procedural; more would only take disk.
MAX_TEXTURE_BACKGROUNDS = 200

# A matte's colours come from so many photographs beside its first, at most.
LARGEST_PATCH_COUNT = 3

# Long side by short side of a background; a longer strip has next to nothing to see in its middle.
MAX_ASPECT_RATIO = 10

# So many mattes are looked at to tell whether two folders are exchanged.
_MATTES_LOOKED_AT = 20

# From the fifth by name on; neighbours by name are often pictures of one scene.
_FIRST_HELD_OUT, _HELD_OUT_EVERY = 4, 9


@dataclasses.dataclass(frozen=True)
class ForegroundFiles:
    """A matte and its colours on disk."""

    name: str
    alpha_file: Path
    eps_file: Path
    colour_photo: Path | None = None

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """(alpha [H, W] uint8, eps [H, W, 3] uint8 RGB); what there is to say of them is printed.

        Raises:
            InputError: unreadable, no matte, of different sizes, or a matte without any edge.
        """
        matte_picture, eps_picture = read_picture(self.alpha_file), read_picture(self.eps_file)
        alpha, notes = matte_of(matte_picture)
        alpha, placing, _ = lay_on(alpha, matte_picture, eps_picture, None)
        if not has_edge(alpha):
            raise InputError(
                f"{self.alpha_file} is {alpha.flat[0]} everywhere; a matte needs an edge to learn "
                "from."
            )
        tell(self.alpha_file, *matte_picture.notes, *notes, *placing)
        tell(self.eps_file, *eps_picture.notes)
        return alpha, colours_of(eps_picture)


@dataclasses.dataclass(frozen=True)
class SyntheticForeground:
    """A procedural matte, coloured from photographs or from a procedural texture."""

    name: str
    kind: str
    seed: int
    colour_photo: Path | None
    patch_photos: tuple[Path, ...] = ()  # more photographs, where its colours come in patches
    shaded: bool = False
    crisp: bool = False  # colours about as sharp as the photographs are
    textured_edges: bool = False  # the photograph decides on the edge, and gives the colours

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """(alpha [640, 640] uint8, eps [640, 640, 3] uint8 RGB).

        Raises:
            InputError: the photograph cannot be read.
        """
        if self.textured_edges and self.colour_photo:
            alpha = render_matte(self.kind, self.seed, FOREGROUND_LONG_SIDE)
            return textured_foreground(alpha, self.colour_photo, self.seed)
        if not self.shaded:
            alpha = render_matte(self.kind, self.seed, FOREGROUND_LONG_SIDE)
            return alpha, self._colours(alpha)
        alpha, shades = render_shaded_matte(self.kind, self.seed, FOREGROUND_LONG_SIDE)
        return alpha, with_shades(self._colours(alpha), shades, self.seed)

    def _colours(self, alpha: np.ndarray) -> np.ndarray:
        photos = [] if self.colour_photo is None else [self.colour_photo, *self.patch_photos]
        return foreground_colours(alpha, photos, self.seed, crisp=self.crisp)


@dataclasses.dataclass(frozen=True)
class BackgroundFile:
    """A photograph on disk."""

    name: str
    file: Path

    def load(self) -> np.ndarray:
        """[H, W, 3] uint8 RGB.

        Raises:
            InputError: it cannot be read, or is a strip that would fill the memory when enlarged.
        """
        photo = read_rgb(self.file)
        if max(photo.shape[:2]) > MAX_ASPECT_RATIO * min(photo.shape[:2]):
            raise InputError(
                f"{self.file} is {_size_text(photo)}, too long a strip for a background; crop it."
            )
        return photo


@dataclasses.dataclass(frozen=True)
class TextureBackground:
    """A procedural background."""

    name: str
    seed: int
    file: Path | None = None

    def load(self) -> np.ndarray:
        """[1280, 1280, 3] uint8 RGB."""
        return render_texture(self.seed, (CANVAS_SIDE, CANVAS_SIDE))


Foreground = ForegroundFiles | SyntheticForeground
Background = BackgroundFile | TextureBackground


@dataclasses.dataclass(frozen=True)
class Sources:
    """Everything a run may use, and one sentence for each thing it refuses."""

    foregrounds: tuple[Foreground, ...]
    backgrounds: tuple[Background, ...]
    refusals: tuple[str, ...]


def has_edge(alpha: np.ndarray) -> bool:
    """Whether a matte is anything but all 0 or all 255."""
    lowest = alpha.min()
    return not (lowest in (0, 255) and lowest == alpha.max())


def folder_sources(folders: FolderConfig) -> Sources:
    """Mattes and colours paired by file stem, and the backgrounds, from three folders.

    Raises:
        InputError: a folder is missing or holds no picture.
    """
    mattes, matte_refusals = files_by_stem(list_images(folders.alpha_dir))
    colours, colour_refusals = files_by_stem(list_images(folders.eps_dir))
    backgrounds, background_refusals = background_files(list_images(folders.bg_dir))
    refusals = matte_refusals + colour_refusals + background_refusals
    for stem in sorted(mattes.keys() ^ colours.keys()):
        have, folder = (
            (mattes[stem], folders.eps_dir)
            if stem in mattes
            else (colours[stem], folders.alpha_dir)
        )
        refusals.append(
            f"{have} has no partner named {stem} in {folder}; a matte and its colours are paired "
            "by that name."
        )
    foregrounds = tuple(
        ForegroundFiles(stem, mattes[stem], colours[stem])
        for stem in sorted(mattes.keys() & colours.keys())
    )
    return Sources(foregrounds, backgrounds, tuple(refusals))


def refuse_exchanged(foregrounds: Sequence[ForegroundFiles], folders: FolderConfig) -> None:
    """Refuses folders most of whose mattes are photographs, before anything is written.

    Args:
        foregrounds: of the folders; some are looked at.
        folders: for the error.

    Raises:
        InputError: they are.
    """
    step = max(1, len(foregrounds) // _MATTES_LOOKED_AT)
    looked_at = foregrounds[::step]
    coloured = [files for files in looked_at if _is_coloured(files.alpha_file)]
    if 2 * len(coloured) <= len(looked_at):
        return
    told = (
        f"{len(coloured)} of {len(looked_at)} pictures looked at in --alpha_dir="
        f"{folders.alpha_dir} are in colours, such as {coloured[0].alpha_file.name}, and a matte "
        "is grey"
    )
    if 2 * sum(_is_coloured(files.eps_file) for files in coloured) <= len(coloured):
        raise InputError(f"--alpha_dir and --eps_dir look exchanged: {told}; exchange the two.")
    raise InputError(f"{told}; give a folder of mattes.")


def _is_coloured(file: Path) -> bool:
    try:
        matte_of(read_picture(file))
    except ColouredMatteError:
        return True
    except InputError:  # its own sentence comes when it is read
        return False
    return False


def synthetic_sources(procedural: SyntheticConfig, seed: int, bg_dir: str = "") -> Sources:
    """Procedural mattes; colours and backgrounds from photographs, or procedural as well.

    Args:
        procedural: how many, of what kinds, and what colours them.
        seed: of all of them.
        bg_dir: folder of the backgrounds; left out: the photographs that colour the mattes.

    Raises:
        InputError: a folder is missing or holds no picture.
    """
    photos = list_images(procedural.photos_dir) if procedural.photos_dir else []
    if procedural.hold_out:
        photos, _ = split_photos(photos)
    foregrounds = []
    for index in range(procedural.synthetic):
        kind = kind_of(index, procedural.synthetic_kinds or DEFAULT_KINDS)
        matte_seed, photo_number = _seeds(seed, "matte", index, 2)
        foregrounds.append(
            SyntheticForeground(
                name=f"{index:06d}_{kind}",
                kind=kind,
                seed=matte_seed,
                colour_photo=photos[photo_number % len(photos)] if photos else None,
                patch_photos=_draw_patch_photos(procedural.colour_patches, seed, photos, index),
                shaded=_happens(procedural.shaded_colours, seed, "shades", index),
                crisp=_happens(procedural.crisp_colours, seed, "crisp", index),
                textured_edges=kind in KINDS_FOR_TEXTURED_EDGES
                and _happens(procedural.textured_edges, seed, "edges", index),
            )
        )
    refusals: list[str] = []
    if bg_dir or photos:
        files = list_images(bg_dir) if bg_dir else photos
        backgrounds, refusals = background_files(files)
    else:
        backgrounds = tuple(
            TextureBackground(f"texture_{index:04d}", _seeds(seed, "texture", index, 1)[0])
            for index in range(min(procedural.synthetic, MAX_TEXTURE_BACKGROUNDS))
        )
    return Sources(tuple(foregrounds), backgrounds, tuple(refusals))


def _draw_patch_photos(
    probability: float, seed: int, photos: Sequence[Path], index: int
) -> tuple[Path, ...]:
    """One to three photographs more for a matte whose colours come in patches; none otherwise."""
    if not photos or not _happens(probability, seed, "patches", index):
        return ()
    _, count, *numbers = _seeds(seed, "patches", index, 2 + LARGEST_PATCH_COUNT)
    return tuple(
        photos[number % len(photos)] for number in numbers[: 1 + count % LARGEST_PATCH_COUNT]
    )


def split_photos(photos: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The photographs to train on, and every ninth by name, which is held out to measure on."""
    training = sorted(photos)
    held_out = training[_FIRST_HELD_OUT::_HELD_OUT_EVERY]
    del training[_FIRST_HELD_OUT::_HELD_OUT_EVERY]
    return training, held_out


def background_files(files: Iterable[Path]) -> tuple[tuple[BackgroundFile, ...], list[str]]:
    """Backgrounds named by their file stems, and the refusals."""
    found, refusals = files_by_stem(files)
    return tuple(BackgroundFile(stem, found[stem]) for stem in sorted(found)), refusals


def files_by_stem(files: Iterable[Path]) -> tuple[dict[str, Path], list[str]]:
    """Files by name without suffix, and a sentence for each name that cannot be used."""
    found: dict[str, Path] = {}
    refusals = []
    for file in files:
        if file.stem in found:
            refusals.append(
                f"{file} has the same name as {found[file.stem].name} but for the suffix; remove "
                "one, files are paired by that name."
            )
        elif not is_safe_name(file.stem):
            refusals.append(f"{file} has a name that not every system can store; rename it.")
        else:
            found[file.stem] = file
    return found, refusals


def draw_backgrounds(
    foreground: Foreground,
    backgrounds: Sequence[Background],
    refused: set[int],
    count: int,
    seed: int,
) -> list[int]:
    """The backgrounds a foreground is paired with: drawn without replacement.

    The draw depends on the foreground's name, not on its place in the list, and a larger `count`
    only appends: so a dataset can grow without a change to the pairs it has.

    Args:
        foreground: the one to draw for. The photograph its own colours come from is taken only
            if there is nothing else.
        backgrounds: all there are.
        refused: indices of those that cannot be used.
        count: how many to draw; fewer if there are fewer.
        seed: of the draw.

    Returns:
        Indices into `backgrounds`.
    """
    generator = np.random.default_rng([seed, zlib.crc32(foreground.name.encode())])
    drawn: list[int] = []
    own_photo: list[int] = []
    for index in generator.permutation(len(backgrounds)).tolist():
        if len(drawn) == count:
            return drawn
        if index in refused:
            continue
        photo = backgrounds[index].file
        (own_photo if photo and photo == foreground.colour_photo else drawn).append(index)
    return (drawn + own_photo)[:count]


def _seeds(seed: int, purpose: str, index: int, count: int) -> list[int]:
    """Independent 32-bit seeds for one thing of one run."""
    sequence = np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), index])
    return sequence.generate_state(count).tolist()


def _happens(probability: float, seed: int, purpose: str, index: int) -> bool:
    """Whether a thing of this probability happens to one matte of one run."""
    return _seeds(seed, purpose, index, 1)[0] < probability * 2**32


def _size_text(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"
