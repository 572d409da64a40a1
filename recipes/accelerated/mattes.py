"""Procedural mattes, drawn by dim_tf's own code in processes beside the training. No PyTorch."""

import multiprocessing
import queue
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dim_tf.dataset.procedural import LARGEST_PATCH_COUNT, SyntheticForeground
from dim_tf.synthetic import KINDS_FOR_TEXTURED_EDGES, kind_of
from dim_tf.system.errors import InputError, printable
from dim_tf.system.jobs import prepare_worker
from recipes.accelerated.edges import edge_pixels
from recipes.accelerated.settings import CUTOUT_SIDE

# They take turns; what photographs show most, most often.
KINDS = (
    *("hair", "fur", "foliage", "hard", "lattice", "hair", "fur", "hard", "wire", "hard"),
    *("lace", "hair", "defocus", "motion_blur", "holes", "fur", "glass", "hard", "foliage"),
    *("hair", "lattice", "smoke", "defocus", "hard", "fur", "foliage", "frame"),
)
_PATCHES_PROBABILITY = 0.35
_SHADED_PROBABILITY = 0.7
_CRISP_PROBABILITY = 0.7
_TEXTURED_EDGES_PROBABILITY = 0.6

# Mattes that wait in shared memory to be taken.
_SLOTS = 64


class DrawnMatte(NamedTuple):
    """A procedural matte.

    Attributes:
        picture: [4, 640, 640] uint8, RGB and alpha; changes after the next one was asked for.
        edges: [256, 2] int16, rows and columns on its edge.
    """

    picture: np.ndarray
    edges: np.ndarray


def procedural_foreground(seed: int, number: int, photos: Sequence[Path]) -> SyntheticForeground:
    """What matte number `number` of a run is.

    Args:
        seed: of the run.
        number: 0 or more.
        photos: files that give the colours, at least one.
    """
    random = np.random.default_rng([seed, number])
    kind = kind_of(number, KINDS)

    def photo() -> Path:
        return photos[random.integers(len(photos))]

    has_patches = random.random() < _PATCHES_PROBABILITY
    patches = int(random.integers(1, LARGEST_PATCH_COUNT + 1)) if has_patches else 0
    return SyntheticForeground(
        name=f"{number:06d}_{kind}",
        kind=kind,
        seed=int(random.integers(2**31)),
        colour_photo=photo(),
        patch_photos=tuple(photo() for _ in range(patches)),
        shaded=bool(random.random() < _SHADED_PROBABILITY),
        crisp=bool(random.random() < _CRISP_PROBABILITY),
        textured_edges=kind in KINDS_FOR_TEXTURED_EDGES
        and bool(random.random() < _TEXTURED_EDGES_PROBABILITY),
    )


class MatteProcesses:
    """Processes that draw mattes while the `with` block runs, and go with the one that began them.

    Attributes:
        count: how many processes.
    """

    def __init__(self, photos: Sequence[Path], seed: int, first: int, count: int) -> None:
        """Begins nothing yet.

        Args:
            photos: files that give the colours.
            seed: of the run.
            first: number of the first matte: the next one of the part of the run before, so that a
                run that goes on draws others.
            count: processes.
        """
        self.count = count
        self._photos = tuple(photos)
        self._seed = seed
        self._context = multiprocessing.get_context("spawn")  # threads of PyTorch may run already
        self._next_number = self._context.Value("q", first)

    @property
    def next_number(self) -> int:
        """Of the matte that is begun next; all before were."""
        return self._next_number.get_obj().value  # a process that dies may keep the lock

    def __enter__(self) -> "MatteProcesses":
        context = self._context
        memory = context.RawArray("B", _SLOTS * 4 * CUTOUT_SIDE**2)
        self._slots = _as_slots(memory)
        self._free, self._drawn = context.Queue(), context.Queue()
        for slot in range(_SLOTS):
            self._free.put(slot)
        self._processes = [
            context.Process(
                target=_draw_for_ever,
                args=(
                    *(self._photos, self._seed, self._next_number),
                    *(memory, self._free, self._drawn),
                ),
                daemon=True,
            )
            for _ in range(self.count)
        ]
        try:
            for process in self._processes:
                process.start()
        except BaseException:  # Python would wait for them for ever: SIGTERM does not end them
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        begun = [process for process in self._processes if process.pid]
        for process in begun:
            process.kill()
        for process in begun:
            process.join()
        for waiting in (self._free, self._drawn):
            waiting.cancel_join_thread()
            waiting.close()

    def take(self, most: int, wait_seconds: float = 0.0) -> Iterator[DrawnMatte]:
        """Mattes that are ready.

        Args:
            most: how many, at most.
            wait_seconds: how long to wait for the first.

        Raises:
            InputError: a process has died.
        """
        for number in range(most):
            try:
                waiting = number == 0 and wait_seconds > 0
                slot, edges = self._drawn.get(waiting, wait_seconds if waiting else None)
            except queue.Empty:
                self._refuse_dead()
                return
            try:
                yield DrawnMatte(self._slots[slot], edges)
            finally:
                self._free.put(slot)

    def _refuse_dead(self) -> None:
        for process in self._processes:
            if process.exitcode is not None:
                raise InputError(
                    "A process that draws procedural mattes died, perhaps for lack of memory; the "
                    "same command with fewer --workers goes on."
                )


def _as_slots(memory: Any) -> np.ndarray:
    return np.frombuffer(memory, np.uint8).reshape(_SLOTS, 4, CUTOUT_SIDE, CUTOUT_SIDE)


def _draw_for_ever(
    photos: Sequence[Path],
    seed: int,
    next_number: Any,
    memory: Any,
    free: multiprocessing.Queue,
    drawn: multiprocessing.Queue,
) -> None:
    """A process: draws mattes into free slots until it is ended."""
    prepare_worker()
    # It reaches all processes of a job; the parent alone answers it. Where these had died of it, it
    # would not come to write its state.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    slots = _as_slots(memory)
    while True:
        with next_number.get_lock():
            number = next_number.value
            next_number.value += 1
        foreground = procedural_foreground(seed, number, photos)
        try:
            alpha, rgb = foreground.load()
        except InputError as error:  # a photograph that does not fit: the next takes another
            print(printable(f"Matte {foreground.name} is left out: {error}"), flush=True)
            continue
        slot = free.get()
        slots[slot, :3] = rgb.transpose(2, 0, 1)
        slots[slot, 3] = alpha
        drawn.put((slot, edge_pixels(alpha, number)))
