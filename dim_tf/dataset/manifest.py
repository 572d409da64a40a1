"""The dataset folder's table of contents, `manifest.json`: which foreground meets which background.

The offline step writes it last, so a folder that has one is complete. No TensorFlow here.
"""

import dataclasses
import functools
import json
import os
import re
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from dim_tf.system.errors import InputError, printable
from dim_tf.system.files import write_bytes

MANIFEST_NAME = "manifest.json"
FORMAT_VERSION = 1
# Copies of the pictures without compression; see `dim_tf.dataset.decoded`.
DECODED_FOLDER = "decoded"
PICTURE_FOLDERS = ("alpha", "eps", "bg", DECODED_FOLDER)
_CHECKSUM = re.compile(r"([0-9a-f]{8})?")


@dataclasses.dataclass(frozen=True, eq=False)
class Manifest:
    """A dataset on disk. Pair `i` is one foreground on one background.

    Attributes:
        data_dir: the dataset's folder.
        layout: compact: `alpha/<foreground>.png`, `eps/<foreground>.png`, `bg/<background>.png`;
            original: `alpha/<foreground>/<k>.png`, `eps/…`, `bg/…`, k counting each
            foreground's pairs from 0.
        pad: center or none (see `dim_tf.dataset.geometry`).
        crop_safety: what training does with a crop that would leave the canvas.
        foregrounds: names of the foregrounds.
        backgrounds: names of the backgrounds.
        pairs: [N, 2] int32, each row (index into foregrounds, index into backgrounds).
        seed: the seed the offline step ran with.
        unusual_settings: checksum of settings that change pictures and none of these; empty where
            they are the usual ones, None where the manifest is older than it.
        format_version: of the file on disk.
    """

    data_dir: Path
    layout: Literal["compact", "original"]
    pad: Literal["center", "none"]
    crop_safety: Literal["center", "pull_back"]
    foregrounds: tuple[str, ...]
    backgrounds: tuple[str, ...]
    pairs: np.ndarray
    seed: int
    unusual_settings: str | None = None
    format_version: int = FORMAT_VERSION

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.pairs)

    def foreground_name(self, i: int) -> str:
        """The name of pair i's foreground."""
        return self.foregrounds[self.pairs[i, 0]]

    def background_name(self, i: int) -> str:
        """The name of pair i's background."""
        return self.backgrounds[self.pairs[i, 1]]

    def alpha_path(self, i: int) -> Path:
        """Absolute path of pair i's matte: a grey PNG."""
        return self._path("alpha", i)

    def eps_path(self, i: int) -> Path:
        """Absolute path of pair i's foreground colours: an RGB PNG as large as the matte."""
        return self._path("eps", i)

    def background_path(self, i: int) -> Path:
        """Absolute path of pair i's background: an RGB PNG."""
        return self._path("bg", i)

    def _path(self, kind: str, i: int) -> Path:
        names = self.backgrounds if kind == "bg" else self.foregrounds
        if self.layout == "original":
            return original_path(
                self.data_dir, kind, self.foreground_name(i), int(self._copy_numbers[i])
            )
        return compact_path(self.data_dir, kind, names[self.pairs[i, 1 if kind == "bg" else 0]])

    @functools.cached_property
    def _copy_numbers(self) -> np.ndarray:
        """[N] the k of each pair: how many pairs of the same foreground stand before it."""
        foreground = self.pairs[:, 0]
        order = np.argsort(foreground, kind="stable")
        starts = np.searchsorted(foreground[order], foreground[order], side="left")
        numbers = np.empty(len(foreground), np.int64)
        numbers[order] = np.arange(len(foreground)) - starts
        return numbers

    def fingerprint(self) -> str:
        """A short text that changes when the pairs, the names or the crops' safety do.

        And when the settings do that the pictures were made with.
        """
        text = "\0".join((self.layout, self.pad, *self.foregrounds, "", *self.backgrounds))
        checksum = zlib.crc32(np.ascontiguousarray(self.pairs).tobytes(), zlib.crc32(text.encode()))
        unusual = self.crop_safety != crop_safety_of(
            "auto", self.pad
        )  # others' texts are older than it
        safety = f", crop_safety {self.crop_safety}" if unusual else ""
        made = f", settings {self.unusual_settings}" if self.unusual_settings else ""
        return f"{len(self)} pairs (checksum {checksum:08x}{safety}{made})"

    def select_foregrounds(self, names: Iterable[str]) -> "Manifest":
        """The same dataset with only the pairs of the named foregrounds (the hard mode).

        Raises:
            InputError: a name is not in the dataset, or no name is given.
        """
        wanted = set(names)
        unknown = sorted(wanted.difference(self.foregrounds))
        if unknown:
            listed = ", ".join(unknown[:5]) + (", …" if len(unknown) > 5 else "")
            raise InputError(
                f"The dataset {self.data_dir} has no foreground named {listed}; give names as its "
                f"{MANIFEST_NAME} lists them, without suffix."
            )
        if not wanted:
            raise InputError("The list of foregrounds to train on is empty; name at least one.")
        chosen = np.array([name in wanted for name in self.foregrounds])
        # All pairs of a foreground stay or go together, so the k of the original layout holds.
        return dataclasses.replace(self, pairs=self.pairs[chosen[self.pairs[:, 0]]])


def crop_safety_of(
    asked: Literal["auto", "center", "pull_back"], pad: Literal["center", "none"]
) -> Literal["center", "pull_back"]:
    """What training does with a crop that would leave the canvas.

    Args:
        asked: --crop_safety of the offline step; auto goes by the pad.
        pad: of the dataset; centred mattes leave room for every crop.
    """
    if asked != "auto":
        return asked
    return "center" if pad == "center" else "pull_back"


def compact_path(data_dir: Path, kind: str, name: str) -> Path:
    """Where the compact layout keeps a picture; kind is alpha, eps or bg."""
    return Path(data_dir) / kind / f"{name}.png"


def original_path(data_dir: Path, kind: str, foreground: str, copy: int) -> Path:
    """Where the original layout keeps a picture of a foreground's k-th pair."""
    return Path(data_dir) / kind / foreground / f"{copy}.png"


def is_safe_name(name: Any) -> bool:
    """Whether a name can stand in a path without leading out of its folder, and be printed."""
    return (
        isinstance(name, str)
        and name not in ("", ".", "..")
        and printable(name) == name
        and not any(character in name for character in "/\\:\0")
    )


def write_manifest(manifest: Manifest) -> None:
    """Writes `manifest.json` into the dataset's folder, atomically.

    Raises:
        InputError: the file cannot be written there.
    """
    unusual = manifest.unusual_settings
    content = {
        "format_version": manifest.format_version,
        "layout": manifest.layout,
        "pad": manifest.pad,
        "crop_safety": manifest.crop_safety,
        "seed": manifest.seed,
        **({} if unusual is None else {"unusual_settings": unusual}),
        "foregrounds": manifest.foregrounds,
        "backgrounds": manifest.backgrounds,
        "pairs": np.asarray(manifest.pairs).tolist(),
    }
    # One setting per line: readable at the top, and still short with 100,000 pairs.
    lines = ",\n".join(
        f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}"
        for key, value in content.items()
    )
    write_bytes(Path(manifest.data_dir) / MANIFEST_NAME, f"{{{lines}}}\n".encode())


def read_manifest(data_dir: str | os.PathLike) -> Manifest:
    """Reads a dataset folder's manifest.

    Raises:
        InputError: no dataset is there, or the manifest is damaged, of an unknown version, or
            lists names that lead out of the folder; or the folder holds links that do.
    """
    path = Path(data_dir).absolute() / MANIFEST_NAME
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{data_dir} is not a finished dataset, it has no {MANIFEST_NAME}; make one with "
            "dim-tf prepare, or run that again to finish it."
        ) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, RecursionError):
        raise _damaged(path, "it is not JSON") from None
    if not isinstance(content, dict):
        raise _damaged(path, "it is not a table of settings")
    version = content.get("format_version")
    if version != FORMAT_VERSION:
        raise InputError(
            f"{path} has format version {version}, this program reads version {FORMAT_VERSION}; "
            "make the dataset again with this version's dim-tf prepare."
        )
    for kind in PICTURE_FOLDERS:
        _refuse_what_leads_out(path.parent / kind, path.parent.resolve())
    return _checked(path, content)


def _refuse_what_leads_out(entry: Path | os.DirEntry, data_dir: Path) -> None:
    """Refuses links to somewhere else, through which others' files would be read or overwritten.

    And what is neither a file nor a folder: reading a pipe would never end.
    """
    path = Path(entry)
    if entry.is_symlink() and not path.resolve().is_relative_to(data_dir):
        raise InputError(
            f"{path} is a link out of the dataset's folder; put the files themselves there, or do "
            "not use this dataset."
        )
    if entry.is_dir():
        if not entry.is_symlink():  # one within the dataset leads to what is looked at anyway
            with os.scandir(path) as entries:
                for inner in entries:
                    _refuse_what_leads_out(inner, data_dir)
    elif not entry.is_file() and os.path.lexists(path):
        raise InputError(f"{path} is neither a file nor a folder; do not use this dataset.")


def _checked(path: Path, content: dict[str, Any]) -> Manifest:
    """The manifest of parsed JSON, or an InputError."""
    for key, allowed in (
        ("layout", ("compact", "original")),
        ("pad", ("center", "none")),
        ("crop_safety", ("center", "pull_back")),
    ):
        if content.get(key) not in allowed:
            raise _damaged(path, f"its {key} is {content.get(key)!r}")
    if type(content.get("seed")) is not int:
        raise _damaged(path, f"its seed is {content.get('seed')!r}")
    unusual = content.get("unusual_settings")
    if unusual is not None and not (isinstance(unusual, str) and _CHECKSUM.fullmatch(unusual)):
        raise _damaged(path, f"its checksum of settings is {unusual!r}")
    foregrounds, backgrounds = (
        _checked_names(path, content.get(key)) for key in ("foregrounds", "backgrounds")
    )
    return Manifest(
        data_dir=path.parent,
        layout=content["layout"],
        pad=content["pad"],
        crop_safety=content["crop_safety"],
        foregrounds=foregrounds,
        backgrounds=backgrounds,
        pairs=_checked_pairs(path, content.get("pairs"), len(foregrounds), len(backgrounds)),
        seed=content["seed"],
        unusual_settings=unusual,
    )


def _checked_names(path: Path, names: Any) -> tuple[str, ...]:
    if not isinstance(names, list):
        raise _damaged(path, "a list of names is missing")
    for name in names:
        if not is_safe_name(name):
            raise InputError(
                f"{path} lists the name {name!r}, which could lead out of the dataset's folder; "
                "do not use this dataset."
            )
    if len(set(names)) != len(names):
        raise _damaged(path, "a name occurs twice")
    return tuple(names)


def _checked_pairs(
    path: Path, rows: Any, foreground_count: int, background_count: int
) -> np.ndarray:
    try:
        pairs = np.array(rows)
    except ValueError:
        raise _damaged(path, "its pairs are not pairs") from None
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind != "i":
        raise _damaged(path, "its pairs are not pairs")
    if pairs.min() < 0 or (pairs.max(axis=0) >= (foreground_count, background_count)).any():
        raise _damaged(path, "a pair points to a picture that is not listed")
    return pairs.astype(np.int32)


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(f"{path} is damaged: {reason}; run dim-tf prepare again.")


def pairs_array(rows: Sequence[tuple[int, int]]) -> np.ndarray:
    """[N, 2] int32 from (foreground, background) index pairs."""
    return np.array(rows, dtype=np.int32).reshape(-1, 2)
