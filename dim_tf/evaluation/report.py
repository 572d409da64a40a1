"""The report of an evaluation: a table, metrics.csv, metrics.json, sheets of the worst mattes."""

import csv
import datetime
import io
import json
import os
import platform
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from dim_tf import __version__
from dim_tf.config import UNKNOWN
from dim_tf.evaluation.kinds import kinds_of
from dim_tf.evaluation.metrics import METRIC_NAMES, all_errors
from dim_tf.evaluation.sheets import draw_sheet
from dim_tf.model.checkpoint_choice import WeightsFile
from dim_tf.pictures.writing import encode_png
from dim_tf.system.errors import printable
from dim_tf.system.files import encoded, write_bytes

CSV_NAME = "metrics.csv"
JSON_NAME = "metrics.json"
SHEETS_FOLDER = "sheets"

# Modules whose version can change a number.
_MODULES = ("numpy", "cv2", "tensorflow", "keras")
_DECIMALS = {"MSE": 4}
# Characters of an image's name in the name of its sheet: file systems have a limit.
_NAME_SHOWN = 50


class Measured(NamedTuple):
    """One matte's errors.

    Attributes:
        image: its name.
        errors: by the names of `METRIC_NAMES`.
        pixels: how many pixels they were taken over.
    """

    image: str
    errors: dict[str, float]
    pixels: int


class Evaluation:
    """Collects the errors of mattes one by one, and keeps sheets of the worst.

    Attributes:
        region: "unknown" or "whole".
        measured: in the order in which they were added.
    """

    def __init__(self, region: Literal["unknown", "whole"] = "unknown", sheets: int = 0) -> None:
        """Begins an empty one; `sheets` is how many of the worst mattes get a sheet."""
        self.region = region
        self.measured: list[Measured] = []
        self._sheets_wanted = sheets
        # (SAD, image, PNG), worst first. Encoded: a thousand pictures may pass through.
        self._sheets: list[tuple[float, str, bytes]] = []

    def add(
        self,
        image: str,
        predicted: np.ndarray,
        alpha: np.ndarray,
        trimap: np.ndarray | None,
        rgb: np.ndarray | None = None,
    ) -> None:
        """Measures a matte.

        Args:
            image: its name, unique.
            predicted: [H, W] uint8.
            alpha: [H, W] uint8, ground truth.
            trimap: [H, W] uint8; may be None if the region is the whole image.
            rgb: [H, W, 3] uint8, for the sheet.

        Raises:
            ValueError: the trimap is missing, or the sizes differ.
        """
        if trimap is None and self.region != "whole":
            raise ValueError("The unknown region needs a trimap.")
        region = None if self.region == "whole" else trimap
        errors = all_errors(predicted, alpha, region)
        pixels = alpha.size if region is None else int(np.count_nonzero(region == UNKNOWN))
        self.measured.append(Measured(image, errors, pixels))
        full = len(self._sheets) == self._sheets_wanted
        if full and (not self._sheets or errors["SAD"] <= self._sheets[-1][0]):
            return
        counted = np.ones(alpha.shape, bool) if region is None else region == UNKNOWN
        sheet = encode_png(
            draw_sheet(predicted, alpha, counted, trimap, rgb, errors_as_text(errors))
        )
        self._sheets.append((errors["SAD"], image, sheet))
        self._sheets.sort(key=lambda item: (-item[0], item[1]))
        del self._sheets[self._sheets_wanted :]

    def mean(self) -> dict[str, float]:
        """The mean of each error over the mattes; at least one must have been added."""
        return self._mean_of(range(len(self.measured)))

    def _mean_of(self, places: Iterable[int]) -> dict[str, float]:
        rows = [[self.measured[place].errors[name] for name in METRIC_NAMES] for place in places]
        return dict(zip(METRIC_NAMES, np.mean(rows, axis=0).tolist(), strict=True))

    def means_by_kind(self) -> dict[str, dict[str, float]]:
        """Kind → number of mattes, as `images`, and mean errors, where names tell kinds.

        See `kinds_of`.
        """
        kinds = kinds_of([one.image for one in self.measured])
        return {
            kind: {"images": len(places), **self._mean_of(places)} for kind, places in kinds.items()
        }

    def sheets(self) -> dict[str, bytes]:
        """File name → PNG of the sheets, the largest SAD first."""
        return {
            f"{rank:03d}_{image[:_NAME_SHOWN]}.png": sheet
            for rank, (_, image, sheet) in enumerate(self._sheets, 1)
        }


class ErrorTable:
    """A table for a terminal, line by line: a long evaluation shows how far it is."""

    def __init__(self, images: Iterable[str]) -> None:
        """Takes the names that the first column must have room for."""
        images = list(images)
        kinds = (_kind_label(kind, len(places)) for kind, places in kinds_of(images).items())
        self._width = max(map(len, [*images, *kinds, "mean of 1000"]))

    def head(self) -> str:
        """The titles of the columns."""
        return self._line("image", METRIC_NAMES)

    def row(self, measured: Measured) -> str:
        """The line of an image."""
        return self._line(measured.image, _in_digits(measured.errors))

    def mean(self, evaluation: Evaluation) -> str:
        """The last lines: one for each kind, where names tell kinds, and one for all."""
        lines = []
        for kind, found in evaluation.means_by_kind().items():
            label = _kind_label(kind, found.pop("images"))
            lines.append(self._line(label, _in_digits(found)))
        label = f"mean of {len(evaluation.measured)}"
        return "\n".join([*lines, self._line(label, _in_digits(evaluation.mean()))])

    def whole(self, evaluation: Evaluation) -> str:
        """All lines at once."""
        rows = map(self.row, evaluation.measured)
        return "\n".join([self.head(), *rows, self.mean(evaluation)])

    def _line(self, name: str, cells: Iterable[str]) -> str:
        columns = zip(cells, METRIC_NAMES, strict=True)
        padded = (cell.rjust(2 + max(8, len(title))) for cell, title in columns)
        return printable(name).ljust(self._width) + "".join(padded)


def _kind_label(kind: str, images: int) -> str:
    return f"{images} of {kind}"


def _in_digits(errors: dict[str, float]) -> list[str]:
    """The errors with as many digits as are worth reading, in their order."""
    return [f"{error:.{_DECIMALS.get(name, 2)}f}" for name, error in errors.items()]


def errors_as_text(errors: dict[str, float]) -> str:
    """The errors in one line, such as "SAD 11.62, MSE 0.0631"."""
    pairs = zip(errors, _in_digits(errors), strict=True)
    return ", ".join(f"{name} {digits}" for name, digits in pairs)


def publish(
    evaluation: Evaluation,
    folder: str | os.PathLike,
    settings: dict[str, Any],
    truths_as_masks: bool,
    weights: WeightsFile | None = None,
) -> None:
    """Writes the report and says where.

    Args:
        evaluation: of at least one matte.
        folder: see `write_report`.
        settings: the same.
        truths_as_masks: whether the trimaps were made from the true mattes, which is told.
        weights: what the network was loaded from, if it predicted.

    Raises:
        InputError: a file cannot be written.
    """
    if truths_as_masks:
        print(
            "The trimaps were made from the true mattes, which flatters: with drawn ones errors "
            "are larger."
        )
    print(write_report(folder, evaluation, settings, weights))


def write_report(
    folder: str | os.PathLike,
    evaluation: Evaluation,
    settings: dict[str, Any],
    weights: WeightsFile | None = None,
) -> str:
    """Writes metrics.csv, metrics.json and the sheets; an earlier report in the folder is replaced.

    Args:
        folder: made if missing.
        evaluation: of at least one matte.
        settings: the flags of the command.
        weights: what the network was loaded from, if it predicted.

    Returns:
        A sentence that says what was written.

    Raises:
        InputError: a file cannot be written.
    """
    folder = Path(folder)
    sheets_folder = folder / SHEETS_FOLDER
    is_report = (folder / JSON_NAME).exists()
    earlier = set(sheets_folder.glob("[0-9][0-9][0-9]*_*.png")) if is_report else set()
    images = [
        {"image": one.image, **one.errors, "pixels": one.pixels} for one in evaluation.measured
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, images[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(images)
    content = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "mean": evaluation.mean(),
        "kinds": evaluation.means_by_kind(),
        "weights": None
        if weights is None
        else {"file": str(weights.file), "sha256": weights.sha256},
        "settings": settings,
        "versions": module_versions(),
        "platform": platform.platform(),
        "images": images,
    }
    json_text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    sheets = evaluation.sheets()
    for name, sheet in sheets.items():
        write_bytes(sheets_folder / name, sheet)
    write_bytes(folder / CSV_NAME, encoded(text.getvalue()))
    write_bytes(folder / JSON_NAME, encoded(json_text))  # the last: with it the report is whole
    for old in earlier - {sheets_folder / name for name in sheets}:
        old.unlink()
    written = f"{folder / CSV_NAME}, {JSON_NAME}"
    if sheets:
        written += f" and {len(sheets)} of {len(images)} sheets in {sheets_folder}, worst first"
    return f"Report: {written}."


def module_versions() -> dict[str, str]:
    """Versions of what took part: TensorFlow is missing where nothing was predicted."""
    versions = {"python": platform.python_version(), "dim_tf": __version__}
    for name in _MODULES:
        if name in sys.modules:
            versions[name] = sys.modules[name].__version__
    return versions
