"""A run from its first step to its files: it stops when asked to, and goes on where it stopped."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch

from dim_tf.system.errors import InputError
from dim_tf.system.files import remove_unfinished, writing
from dim_tf.system.folder_lock import FolderLock
from dim_tf.system.threads import usable_cores
from dim_tf.training.signals import StopSignals
from recipes.accelerated.clock import Clock, Interval
from recipes.accelerated.draws import Draws
from recipes.accelerated.examples import Batch, draw_batch
from recipes.accelerated.learner import Learner
from recipes.accelerated.library import Library
from recipes.accelerated.mattes import MatteProcesses
from recipes.accelerated.network import Network
from recipes.accelerated.pack_file import Pack, pack_text, read_pack
from recipes.accelerated.report import Report
from recipes.accelerated.settings import TrainSettings
from recipes.accelerated.sheet import write_sheet
from recipes.accelerated.state_file import Progress, go_on_from_state, write_state
from recipes.accelerated.validation import ValidationImage, read_validation_images, validate
from recipes.accelerated.weights import network_of, read_weights, weights_text, write_weights

LAST_NAME, AVERAGE_NAME = "last.npz", "average.npz"
START_SHEET_NAME, END_SHEET_NAME = "start.jpg", "end.jpg"
# Before a part of the time in percent, and before a name that another run's file had.
_PART_PREFIX, _EARLIER_PREFIX = "at_", "earlier_"

# New mattes are looked for every few steps, so many at most.
_STEPS_BETWEEN_MATTES, _MATTES_AT_ONCE = 4, 24
_SHEET_EXAMPLES = 24
_WAIT_SECONDS = 0.5


class Inputs(NamedTuple):
    """What a run reads.

    Attributes:
        pack: cut-outs and photographs.
        config: of the weights file it starts from.
        texts: flag of each file → a text that changes with what it holds.
        images: to validate on; there may be none.
    """

    pack: Pack
    config: dict[str, Any]
    texts: dict[str, str]
    images: list[ValidationImage]


def train(settings: TrainSettings) -> signal.Signals | None:
    """Trains, or goes on training, and writes all files of the run.

    Returns:
        The signal that asked it to stop; None where the run is at its end.

    Raises:
        InputError: a file cannot be used or written, another process trains in the folder, memory
            is short, or the loss is not finite.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True  # a few sizes in turn: it tries which kernels are fastest
    run_dir = Path(settings.run_dir)
    with FolderLock(run_dir):
        remove_unfinished(run_dir)
        weights = read_weights(settings.weights)
        folder = settings.validation_dir
        images = read_validation_images(Path(folder)) if folder else []
        pack = read_pack(settings.pack)
        texts = {"pack": pack_text(pack), "weights": weights_text(weights)}
        inputs = Inputs(pack, weights.config, texts, images)
        network = network_of(weights, settings.weights)
        learner = Learner(network, device, settings.optimization, settings.losses)
        draws = Draws(settings.optimization.seed, device)
        progress = go_on_from_state(run_dir, settings, texts, learner, draws)
        if progress:
            print(f"{run_dir} goes on from step {learner.step}.", flush=True)
            if _is_finished(run_dir, progress, settings):
                print("It is finished; another run needs another --run_dir.", flush=True)
                return None
        else:
            _put_aside_files_of_another(run_dir, Path(settings.weights))
        try:
            run = Run(settings, run_dir, inputs, learner, draws, progress or Progress())
            with tempfile.TemporaryDirectory() as photos_dir:
                return run.go_on(_write_photos(inputs.pack, Path(photos_dir)))
        except torch.cuda.OutOfMemoryError:
            raise InputError(
                "The GPU's memory is too small; give a smaller --ring, or smaller or fewer "
                "examples in --sizes."
            ) from None


class Run:
    """One run in its folder."""

    def __init__(
        self,
        settings: TrainSettings,
        run_dir: Path,
        inputs: Inputs,
        learner: Learner,
        draws: Draws,
        progress: Progress,
    ) -> None:
        """Puts the cut-outs and photographs on the device of the draws.

        Args:
            settings: of the run.
            run_dir: where it writes.
            inputs: what it reads.
            learner: as far as the progress.
            draws: likewise.
            progress: of the parts of the run before.
        """
        self._settings = settings
        self._run_dir = run_dir
        self._inputs = inputs
        self._learner = learner
        self._draws = draws
        self._clock = Clock(progress.seconds)
        self._examples = progress.examples
        self._mattes_before = progress.mattes
        self._next_matte = max(progress.mattes, progress.next_matte)
        self._sizes = settings.examples.batch_sizes()
        self._workers = settings.workers or _default_workers(draws.device)
        self._library = Library(
            inputs.pack, settings.examples.shares_of_sources(), settings.examples.ring, draws.device
        )

    def go_on(self, photos: list[Path]) -> signal.Signals | None:
        """Trains until the time is over or a signal comes, see `train`.

        Args:
            photos: files that colour the procedural mattes.
        """
        optimization = self._settings.optimization
        processes = MatteProcesses(photos, optimization.seed, self._next_matte, self._workers)
        if self._draws.device.type == "cpu":
            # Threads that wait for each other beside these processes take several times as long.
            torch.set_num_threads(max(1, usable_cores() - self._workers))
        print(
            f"{len(self._inputs.pack.cutouts)} pieces of cut-outs, {len(photos)} photographs, "
            f"{processes.count} processes that draw mattes, on {self._draws.device.type}.",
            flush=True,
        )
        with processes:
            while self._library.drawn < self._settings.first_mattes:
                self._take_mattes(processes, _MATTES_AT_ONCE, _WAIT_SECONDS)
            if not self._learner.step:
                self._write_sheet(START_SHEET_NAME, self._learner.network)
                self._validate("start", self._learner.network)
            stopped_by = self._learn(processes)
        if self._clock.seconds < optimization.seconds:
            print(
                f"Stopped at step {self._learner.step}, saved; the same command goes on.",
                flush=True,
            )
            return stopped_by
        self._finish()
        return None

    def _learn(self, processes: MatteProcesses) -> signal.Signals:
        """Steps until the time is over or a signal comes, which it returns; writes the state."""
        settings, clock = self._settings, self._clock
        seconds = settings.optimization.seconds
        keep_at = [
            part for part in sorted(settings.optimization.keep_at) if part * seconds > clock.seconds
        ]
        validation = Interval(clock, settings.validate_seconds)
        state = Interval(clock, settings.save_seconds)
        report = Report(self._draws.device, clock, seconds, self._examples)
        examples_before = self._examples
        with StopSignals() as signals:
            clock.start()
            while clock.seconds < seconds and not signals.received:
                if self._learner.step % _STEPS_BETWEEN_MATTES == 0:
                    # No more than can be learned from: a slow device shares the cores with them.
                    new_examples = self._examples - examples_before
                    self._take_mattes(processes, min(_MATTES_AT_ONCE, new_examples))
                    examples_before = self._examples
                batch = self._draw_batch()
                report.add(self._learner.learn(batch, clock.seconds / seconds))
                self._examples += len(batch.alpha)
                if self._learner.step % settings.report_every == 0:
                    report.print(self._learner, self._examples, self._mattes)
                if validation.is_due():
                    self._validate(f"step {self._learner.step}", self._learner.network)
                while keep_at and clock.seconds >= keep_at[0] * seconds:
                    self._write_weights(
                        f"{_PART_PREFIX}{100 * keep_at.pop(0):.0f}.npz", self._learner.network
                    )
                if state.is_due():
                    self._write_state(report, processes)
            clock.stop()
            self._write_state(report, processes)
            return signals.number

    def _finish(self) -> None:
        """Writes the last and the averaged weights and a sheet."""
        network = self._learner.network
        self._write_weights(LAST_NAME, network)
        self._validate("last", network)
        averaged = self._learner.averaged_network(self._statistics_batches())
        self._write_weights(AVERAGE_NAME, averaged)
        self._validate("averaged", averaged)
        self._write_sheet(END_SHEET_NAME, averaged)

    def _statistics_batches(self) -> Iterator[Batch]:
        """Batches of the first size, the same each time but for the procedural mattes."""
        size = self._sizes[0]
        draws = self._draws_apart()
        for _ in range(self._settings.optimization.statistics_batches):
            yield draw_batch(self._library, size.count, size.side, draws)

    def _draws_apart(self) -> Draws:
        """Draws of what is no part of the training, so that it does not change what follows."""
        return Draws(self._settings.optimization.seed, self._draws.device)

    def _draw_batch(self) -> Batch:
        shares = [size.share for size in self._sizes]
        size = self._sizes[int(self._draws.choices(shares, 1))]
        return draw_batch(self._library, size.count, size.side, self._draws)

    @property
    def _mattes(self) -> int:
        return self._mattes_before + self._library.drawn

    def _take_mattes(self, processes: MatteProcesses, most: int, wait_seconds: float = 0.0) -> None:
        for matte in processes.take(most, wait_seconds):
            self._library.add(matte)

    def _validate(self, when: str, network: Network) -> None:
        if not self._inputs.images:
            return
        errors = validate(network, self._inputs.images, self._draws.device)
        print(f"validation, {when}: SAD {errors['SAD']:.3f}  MSE {errors['MSE']:.4f}", flush=True)

    def _write_sheet(self, name: str, network: Network) -> None:
        batch = draw_batch(self._library, _SHEET_EXAMPLES, self._sizes[0].side, self._draws_apart())
        write_sheet(self._run_dir / name, network, batch)

    def _write_weights(self, name: str, network: Network) -> None:
        about = {"step": self._learner.step, "examples": self._examples}
        write_weights(self._run_dir / name, network, self._inputs.config, about)

    def _write_state(self, report: Report, processes: MatteProcesses) -> None:
        """Keeps the state before where the network is broken."""
        report.refuse_not_finite(self._learner)
        progress = Progress(
            self._clock.seconds, self._examples, self._mattes, processes.next_number
        )
        texts = self._inputs.texts
        write_state(self._run_dir, self._settings, texts, progress, self._learner, self._draws)


def _default_workers(device: torch.device) -> int:
    """A GPU leaves the cores to the processes; without one, training needs most of them."""
    cores = usable_cores()
    return max(1, cores // 4 if device.type == "cpu" else cores - 2)


def _is_finished(run_dir: Path, progress: Progress, settings: TrainSettings) -> bool:
    """Whether its time is over and its last file is there."""
    is_over = progress.seconds >= settings.optimization.seconds
    return is_over and (run_dir / END_SHEET_NAME).exists()


def _put_aside_files_of_another(run_dir: Path, weights: Path) -> None:
    """Of a run that begins: what is there of another's end would say that this one is finished.

    Not the file that it begins with: the command that goes on names it again.
    """
    names = (LAST_NAME, AVERAGE_NAME, END_SHEET_NAME)
    for file in [*(run_dir / name for name in names), *run_dir.glob(f"{_PART_PREFIX}*.npz")]:
        if file.exists() and not file.samefile(weights):
            earlier = file.with_name(f"{_EARLIER_PREFIX}{file.name}")
            with writing(earlier):
                file.replace(earlier)
            print(f"{file} is of a run without state and is called {earlier.name} now.", flush=True)


def _write_photos(pack: Pack, folder: Path) -> list[Path]:
    """The photographs of a pack as files, which dim_tf's code for procedural mattes reads."""
    files = [folder / f"{index:06d}.webp" for index in range(len(pack.photos))]
    for file, photo in zip(files, pack.photos, strict=True):
        with writing(file):
            file.write_bytes(photo.content)
    return files
