"""The photos of a command, several under way at once: reading, network, colours, packing.

Of one photo the network is the smaller half, and much of the rest runs on one core. So while the
network looks at one photo, others are read, follow their colours and are packed as PNG. What came
of each is handed on in the photos' order, to be written and told by whoever takes it.
"""

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dim_tf.commands.photo_jobs import PhotoJob
from dim_tf.commands.photo_pictures import Behind, Kind, pictures_of_photo
from dim_tf.commands.result_files import Place
from dim_tf.config import BeamConfig, InferenceConfig
from dim_tf.evaluation.inputs import read_matte_on
from dim_tf.evaluation.metrics import to_8_bit
from dim_tf.model.checkpoint_choice import find_checkpoint
from dim_tf.pictures.picture import Picture, read_picture
from dim_tf.system.errors import InputError, tell
from dim_tf.system.memory import NotEnoughMemoryError, lacks_memory, return_large_blocks
from dim_tf.system.threads import Room, in_order_ahead, usable_cores
from dim_tf.trimaps.on_photo import PhotoAndTrimap, photo_and_trimap

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel

# More than one a core, since one of them may wait for the network. More than these gain nothing:
# the network takes one photo at a time.
_MOST_THREADS = 4
# Finished photos wait in memory, packed, while one is written: so many more than there are threads.
_WAITING = 2
# Of the photos under way together, or one alone: a pixel takes about a hundred bytes.
_PIXELS_AT_ONCE = 24_000_000


class Measurable(NamedTuple):
    """A matte beside the true one: [H, W] uint8 each, and [H, W, 3] uint8."""

    alpha: np.ndarray
    truth: np.ndarray
    trimap: np.ndarray
    rgb: np.ndarray


class Outcome(NamedTuple):
    """What came of a photo.

    Attributes:
        job: the photo.
        notes: what is to be told of its files: a path and notes of it.
        refusal: why it cannot be used.
        contents: of the files to write.
        size: height and width, pixels.
        seconds: from the network's begin on.
        measurable: with a true matte.
    """

    job: PhotoJob
    notes: Sequence[tuple]
    refusal: InputError | None = None
    contents: Mapping[Kind, bytes] = MappingProxyType({})
    size: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    measurable: Measurable | None = None


class StoppedError(Exception):
    """Nobody waits for the photo any more."""


class SharedNetwork:
    """The network of all photos, loaded when the first of them is worth it.

    TensorFlow takes seconds, and a folder of damaged photos should not wait for it.
    """

    def __init__(self, load: Callable[[], "MattingModel"]) -> None:
        """Begins without one."""
        self._load = load
        self._one_loads = threading.Lock()
        self._model: MattingModel | None = None
        self._error: Exception | None = None

    def __call__(self) -> "MattingModel":
        """The network.

        Raises:
            Exception: what `load` raised when it was called, the only time.
        """
        with self._one_loads:
            if self._error:
                raise self._error
            if self._model is None:
                try:
                    self._model = self._load()
                except Exception as error:
                    self._error = error
                    raise
            return self._model


@dataclasses.dataclass(frozen=True)
class PhotoWork:
    """A function from a photo's files to what came of it. Threads may call it at once.

    Attributes:
        config: how to read, predict and write.
        behind: the composite's background.
        network: gives the network.
        tells_at_once: whether notes are printed as they come, not handed on.
        room: for the photos under way, pixels.
        one_waits: for room at a time, decoded; the next is not read before it has some.
        read: reads a picture of at most so many megapixels.
        stopped: set when nobody waits for any photo any more.
    """

    config: InferenceConfig | BeamConfig
    behind: Behind | None
    network: Callable[[], "MattingModel"]
    tells_at_once: bool = False
    read: Callable[[Place, float], Picture] = read_picture
    room: Room = dataclasses.field(default_factory=lambda: Room(_PIXELS_AT_ONCE))
    one_waits: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    stopped: threading.Event = dataclasses.field(default_factory=threading.Event)

    def __call__(self, job: PhotoJob) -> Outcome:
        """What came of a photo.

        Raises:
            InputError: there is no network.
            StoppedError: nobody waits for it.
        """
        notes: list[tuple] = []
        with contextlib.ExitStack() as held:
            try:
                inputs, truth = self._read(job, notes, held)
            except Exception as error:
                return _refused(job, notes, error)
            model = self.network()
            begun = time.monotonic()
            try:
                alpha, contents = pictures_of_photo(
                    *(model, inputs, job.targets().keys()),
                    *(self.config.matting, self.config.writing, self.behind, self._go_on),
                )
            except Exception as error:
                return _refused(job, notes, error)
            photo, trimap, _ = inputs
            return Outcome(
                job,
                notes,
                contents=contents,
                size=alpha.shape,
                seconds=time.monotonic() - begun,
                measurable=None
                if truth is None
                else Measurable(to_8_bit(alpha), truth, trimap, photo.rgb),
            )

    def _read(
        self, job: PhotoJob, notes: list[tuple], held: contextlib.ExitStack
    ) -> tuple[PhotoAndTrimap, np.ndarray | None]:
        """Photo and trimap, and the true matte; takes room for them."""
        reading = self.config.reading
        told = tell if self.tells_at_once else (lambda *note: notes.append(note))
        with self.one_waits:
            self._go_on()
            picture = self.read(job.photo, reading.max_input_megapixels)
            height, width = picture.shape
            held.enter_context(self.room.taken(height * width))
        self._go_on()
        beside = job.mask and self.read(job.mask, reading.max_input_megapixels)
        inputs = photo_and_trimap(picture, beside, reading, told)
        truth = job.truth and read_matte_on(
            job.truth,
            inputs.picture,
            max_megapixels=reading.max_input_megapixels,
            orientation=reading.mask_orientation,
            told=told,
        )
        return inputs, truth

    def _go_on(self, *progress: object) -> None:
        """Is told the progress of a matte, and ends it where nobody waits for it."""
        if self.stopped.is_set():
            raise StoppedError


def _refused(job: PhotoJob, notes: list[tuple], error: Exception) -> Outcome:
    """Why a photo cannot be used; others can.

    Raises:
        Exception: `error`, where it says nothing of the photo.
    """
    if isinstance(error, InputError):
        return Outcome(job, notes, error)
    if lacks_memory(error):
        return Outcome(job, notes, NotEnoughMemoryError(job.photo))
    raise error


def photos_at_once(processes: int = 1) -> int:
    """How many photos are best under way at once in each of so many processes on this machine."""
    return max(2, min(-(-(usable_cores() + 1) // processes), _MOST_THREADS))


def load_network(config: InferenceConfig | BeamConfig) -> tuple["MattingModel", Path]:
    """The network, and the file its weights came from.

    Raises:
        InputError: see `load_model`; or it says nothing of its certainty, which is to be written.
    """
    return_large_blocks()
    from dim_tf.matting.predict import load_model_of

    file = find_checkpoint(config.matting.checkpoint)
    model = load_model_of(dataclasses.replace(config.matting, checkpoint=str(file)))
    if config.writing.save_certainty:
        model.refuse_without_certainty()
    return model, file


@contextlib.contextmanager
def outcomes_of(work: PhotoWork, jobs: Sequence[PhotoJob]) -> Iterator[Iterable[Outcome]]:
    """What comes of each photo, in their order, while the next ones are under way.

    A block that ends early, as after Ctrl-C, ends those within a moment.

    Args:
        work: on one photo.
        jobs: the photos. A single one is done in this thread.

    Yields:
        The outcomes, to loop over.
    """
    if len(jobs) == 1:
        yield map(work, jobs)
        return
    threads = min(photos_at_once(), len(jobs))
    outcomes = in_order_ahead(work, jobs, threads, threads + _WAITING, work.stopped.set)
    with contextlib.closing(outcomes):
        yield outcomes
