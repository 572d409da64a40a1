"""The folder the offline step writes to: whose it is, what is unfinished, what came of it."""

import contextlib
import dataclasses
import json
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dim_tf.config import (
    AdobeConfig,
    CutOutConfig,
    FolderConfig,
    LayoutConfig,
    MixConfig,
    SyntheticConfig,
    values_of,
)
from dim_tf.dataset.manifest import crop_safety_of
from dim_tf.pictures.folders import list_images
from dim_tf.system.errors import InputError, counted, printable
from dim_tf.system.files import encoded, remove_unfinished, write_bytes
from dim_tf.system.folder_lock import LOCK_NAME, FolderLock

SETTINGS_NAME = "offline_settings.json"

# The settings that decide what the files hold. The others (how many mattes, how many backgrounds
# for each) only decide how many there are, so a dataset may grow.
_FOLDER_SETTINGS = ("alpha_dir", "eps_dir", "bg_dir", "photos_dir", "adobe_root", "cutouts_dir")
_CUT_OUT_SETTINGS = ("cutout_scale_min", "cutout_scale_max", "joined_cutouts")
_OTHER_SETTINGS = (
    *("adobe_split", "synthetic_kinds", "layout", "pad", "seed", "hold_out", "mix"),
    *_CUT_OUT_SETTINGS,
)
# The same. A folder older than the record of these does not say what it was begun with.
_COLOUR_SETTINGS = ("colour_patches", "shaded_colours", "crisp_colours", "textured_edges")
_YOUNGER_SETTINGS = (*_COLOUR_SETTINGS, "crop_safety")
_PARTS = (FolderConfig, AdobeConfig, SyntheticConfig, CutOutConfig, MixConfig, LayoutConfig)


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a run of the offline step did.

    Attributes:
        out_dir: where.
        foregrounds: foregrounds in the dataset.
        backgrounds: backgrounds in the dataset.
        pairs: pairs in the dataset.
        written: files written by this run.
        present: files that were there already.
        refused: one sentence for each thing refused.
        notes: sentences about anything else the user should know.
    """

    out_dir: Path
    foregrounds: int
    backgrounds: int
    pairs: int
    written: int
    present: int
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The summary as the lines that a user reads."""
        lines = [
            f"{self.out_dir}: {counted(self.pairs, 'pair')} of "
            f"{counted(self.foregrounds, 'foreground')} and "
            f"{counted(self.backgrounds, 'background')}.",
            f"{counted(self.written, 'file')} written, {self.present} "
            f"{'was' if self.present == 1 else 'were'} there already, "
            f"{len(self.refused)} refused.",
            *self.notes,
            *(f"Refused: {printable(sentence)}" for sentence in self.refused),
        ]
        return "\n".join(lines)


def fingerprint(names: Iterable[str]) -> str:
    """A short text that changes when a list of names does."""
    names = list(names)
    content = chr(0).join(names).encode(errors="surrogatepass")  # a name may be no UTF-8
    return f"{len(names)} pictures (checksum {zlib.crc32(content):08x})"


def settings_of(seed: int, *parts: Any) -> dict[str, str]:
    """What must not change between two runs into one folder: setting → value, as text.

    Args:
        seed: of the dataset.
        parts: of the offline step's config, but for `jobs`; one left out has its defaults.

    Raises:
        InputError: the folder of the photographs is missing or holds no picture.
    """
    values = {"seed": seed}
    for part in (*(config_class() for config_class in _PARTS), *parts):
        values |= values_of(part)
    settings = {}
    for name in _FOLDER_SETTINGS:
        value = values[name]
        settings[f"--{name}="] = str(Path(value).resolve()) if value else ""
    for name in _OTHER_SETTINGS:
        value = values[name]
        # A folder may be older than the switch, or than cut-outs.
        if value is False or (name in _CUT_OUT_SETTINGS and not values["cutouts_dir"]):
            value = ""
        settings[f"--{name}="] = ",".join(value) if isinstance(value, tuple) else str(value)
    if values["crop_safety"] == crop_safety_of("auto", values["pad"]):
        values["crop_safety"] = "auto"
    settings |= {f"--{name}=": str(values[name]) for name in _YOUNGER_SETTINGS}
    if values["synthetic"] and values["photos_dir"]:  # the n-th matte's colours are drawn from it
        names = (file.name for file in list_images(values["photos_dir"]))
        settings["a list in --photos_dir of "] = fingerprint(names)
    return settings


def checksum_of_unusual(settings: dict[str, str]) -> str:
    """A text that changes with settings of which a manifest shows nothing; without paths.

    Args:
        settings: from `settings_of`.

    Returns:
        Nothing where all are the defaults, so that those datasets are called as they always were.
    """
    usual = {}
    for part in _PARTS:
        usual |= values_of(part())
    unusual = {}
    for name in (*_COLOUR_SETTINGS, *_CUT_OUT_SETTINGS):
        value = settings.get(f"--{name}=", "")
        if value not in ("", str(usual[name])):
            unusual[name] = value
    return f"{zlib.crc32(json.dumps(unusual, sort_keys=True).encode()):08x}" if unusual else ""


@contextlib.contextmanager
def open_output(out_dir: Path, settings: dict[str, str]) -> Iterator[None]:
    """An empty folder, or the one an earlier run with the same settings left, for this process.

    A folder into which an earlier run wrote no picture may be begun anew with other settings.

    Raises:
        InputError: the folder is in use for something else or by another process, or was begun
            with other settings.
    """
    with FolderLock(out_dir):
        try:
            _take(out_dir, settings)
            yield
        except KeyboardInterrupt:
            remove_unfinished(out_dir)
            print(
                f"\nEvery file in {out_dir} is complete; the same command goes on from here.",
                file=sys.stderr,
            )
            raise


def _take(out_dir: Path, settings: dict[str, str]) -> None:
    path = out_dir / SETTINGS_NAME
    if path.exists() and next(out_dir.rglob("*.png"), None):
        _compare(out_dir, _read_settings(path), settings)
    elif not path.exists() and any(file.name != LOCK_NAME for file in out_dir.iterdir()):
        raise InputError(
            f"--out_dir={out_dir} holds files that this script did not write; give a new or empty "
            "folder."
        )
    else:
        text = json.dumps(settings, indent=1, ensure_ascii=False) + "\n"
        write_bytes(path, encoded(text))
    remove_unfinished(out_dir)


def _read_settings(path: Path) -> dict[str, str]:
    try:
        settings = json.loads(path.read_bytes())
    except (OSError, ValueError):
        settings = None
    if not isinstance(settings, dict):
        raise InputError(f"{path} is damaged; give another --out_dir.")
    return settings


def _compare(out_dir: Path, begun_with: dict[str, str], settings: dict[str, str]) -> None:
    unrecorded = {f"--{name}=" for name in _YOUNGER_SETTINGS} - begun_with.keys()
    for name in sorted({*begun_with, *settings} - unrecorded):
        before, now = begun_with.get(name, ""), settings.get(name, "")
        if before != now:
            raise InputError(
                f"--out_dir={out_dir} was begun {_with(name, before)}, not {_with(name, now)}; do "
                "it as before or give another --out_dir."
            )


def _with(name: str, value: str) -> str:
    return f"with {name}{value}" if value else f"without {name.rstrip('= ')}"
