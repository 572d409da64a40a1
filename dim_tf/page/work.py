"""What is done for a request: pictures in, a PNG out, the same bytes as of the command.

The process that computes runs it (`dim_tf.page.computing`); so can a thread.
"""

import concurrent.futures
import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from dim_tf.config import MattingConfig, ReadingConfig
from dim_tf.matting.of_photo import cut_out, cut_out_on, matte_of_photo
from dim_tf.page.recent import RecentArrays
from dim_tf.pictures.kinds import UnreadKindError
from dim_tf.pictures.levels import levels_of_matte
from dim_tf.pictures.limits import TooManyPixelsError
from dim_tf.pictures.photo import photo_of
from dim_tf.pictures.picture import Picture, picture_of_content
from dim_tf.pictures.writing import encode_png
from dim_tf.system.errors import InputError, Teller, printable
from dim_tf.system.memory import NotEnoughMemoryError, lacks_memory
from dim_tf.trimaps.on_photo import PhotoAndTrimap, photo_and_trimap

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel

# Is told the step, how much of it is done and of how much; what it raises ends the work.
Told = Callable[[str, int, int], None]
# Mattes that are kept for who asks for a cut-out of them, or for more bits: four bytes a pixel.
_MATTE_BYTES = 2**28
# Of what only the page shows.
_QUICK_COMPRESSION = 1
# How often whoever waits for the network is asked whether it still does, seconds.
_LOADING_PAUSE = 0.1


@dataclasses.dataclass(frozen=True)
class PhotoWanted:
    """A photo as it is seen: turned, on white, in sRGB.

    Attributes:
        photo: the file.
    """

    photo: bytes


@dataclasses.dataclass(frozen=True)
class ResultWanted:
    """What is made of a photo and of what says where its object is.

    Attributes:
        photo: the file.
        beside: of a mask or trimap, as `reading` says; None with a rectangle.
        background: of a composite: a file, or RGB.
        reading: how the two are read; of its names of files only matters which are given.
        output: what is made.
        bits: of each channel.
    """

    photo: bytes
    beside: bytes | None
    background: bytes | tuple[int, int, int] | None
    reading: ReadingConfig
    output: Literal["matte", "cutout", "trimap", "composite"]
    bits: Literal["8", "16"]


Job = PhotoWanted | ResultWanted


class Done(NamedTuple):
    """What came of a job.

    Attributes:
        content: of a PNG file.
        notes: what was repaired or assumed, sentences of the command.
    """

    content: bytes
    notes: list[str]


class StoppedError(Exception):
    """The work was stopped."""


class ModelError(Exception):
    """The network could not be loaded; the sentence says why."""


class Bench:
    """Does jobs, one after the other, and keeps the last mattes and the last cut-out."""

    def __init__(
        self,
        model: "concurrent.futures.Future[MattingModel]",
        matting: MattingConfig,
        max_megapixels: float,
    ) -> None:
        self._model = model
        self._matting = matting
        self._max_megapixels = max_megapixels
        # Of several, since others may come between somebody's matte and its cut-out.
        self._mattes = RecentArrays(_MATTE_BYTES)
        self._cutout: tuple[tuple[bytes, str], np.ndarray] | None = None

    def do(self, job: Job, told: Told) -> Done:
        """Does a job.

        Args:
            job: what is wanted.
            told: see `Told`.

        Raises:
            InputError: a picture cannot be used.
            ModelError: there is no network.
        """
        notes: list[str] = []

        def note(path: Path, *of_picture: str) -> None:
            notes.extend(printable(f"{path}: {text}.") for text in of_picture)

        told("reading", 0, 1)
        if isinstance(job, PhotoWanted):
            return Done(self._photo(job, note, told), notes)
        return Done(self._result(job, note, told), notes)

    def _photo(self, job: PhotoWanted, note: Teller, told: Told) -> bytes:
        picture = self._read(job.photo, "photo")
        photo, notes = photo_of(picture)
        note(picture.path, *picture.notes, *notes)
        told("writing", 0, 1)
        return encode_png(photo.rgb, _QUICK_COMPRESSION)

    def _result(self, job: ResultWanted, note: Teller, told: Told) -> bytes:
        picture = self._read(job.photo, "photo")
        beside = None
        if job.beside is not None:
            beside = self._read(job.beside, "trimap" if job.reading.trimap else "mask")
        behind = self._behind(job, note)
        told("reading", 1, 2)
        inputs = photo_and_trimap(picture, beside, job.reading, note)
        if job.output == "trimap":
            told("writing", 0, 1)
            return encode_png(inputs.trimap, is_trimap=True)
        key = _key(inputs)
        alpha = self._alpha(key, inputs, told)
        levels = levels_of_matte(alpha, job.bits)
        if job.output == "matte":
            told("writing", 0, 1)
            return encode_png(levels, is_matte=True)
        if self._cutout is None or self._cutout[0] != (key, job.bits):
            told("cutout", 0, 1)
            self._cutout = None  # not two in memory
            self._cutout = (key, job.bits), cut_out(inputs.photo, alpha, levels, told)
        rgba = self._cutout[1]
        told("writing", 0, 1)
        if job.output == "cutout":
            return encode_png(rgba, profile=inputs.photo.profile)
        assert behind is not None  # the form has one, or there would be no job
        return encode_png(cut_out_on(inputs.photo, rgba, alpha, behind))

    def _read(self, content: bytes, field: str) -> Picture:
        return picture_of_content(content, f"the {field}", self._max_megapixels)

    def _behind(self, job: ResultWanted, note: Teller) -> np.ndarray | tuple[int, int, int] | None:
        """The new background: [H, W, 3] uint8 as it is, one colour, or none."""
        if not isinstance(job.background, bytes):
            return job.background
        picture = self._read(job.background, "background")
        photo, notes = photo_of(picture)
        note(picture.path, *picture.notes, *notes)
        return photo.rgb

    def _alpha(self, key: bytes, inputs: PhotoAndTrimap, told: Told) -> np.ndarray:
        alpha = self._mattes.get(key)
        if alpha is None:
            model = self._loaded(told)
            self._cutout = None  # while the network needs memory
            alpha, _ = matte_of_photo(model, inputs, self._matting, told=told)
            self._mattes.put(key, alpha)
        return alpha

    def _loaded(self, told: Told) -> "MattingModel":
        while not self._model.done():
            told("loading", 0, 1)
            concurrent.futures.wait([self._model], _LOADING_PAUSE)
        try:
            return self._model.result()
        except Exception as error:
            raise ModelError(str(error)) from error


def code_of(error: Exception) -> str:
    """Which of `dim_tf.page.refusals.REASONS` an error of `Bench.do` is."""
    kinds = {
        NotEnoughMemoryError: "out_of_memory",
        UnreadKindError: "unread_kind",
        TooManyPixelsError: "too_many_pixels",
        InputError: "unusable",
        ModelError: "model_failed",
        StoppedError: "stopped",
    }
    for kind, code in kinds.items():
        if isinstance(error, kind):
            return code
    return "out_of_memory" if lacks_memory(error) else "internal_error"


def _key(inputs: PhotoAndTrimap) -> bytes:
    """What a matte and a cut-out follow from."""
    digest = hashlib.sha256(repr((inputs.photo.profile, inputs.photo.own.dtype)).encode())
    for numbers in (inputs.photo.own, inputs.photo.rgb, inputs.trimap):
        digest.update(repr(numbers.shape).encode())
        digest.update(np.ascontiguousarray(numbers).data)
    return digest.digest()
