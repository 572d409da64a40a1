"""The pipeline: photos and masks are listed, joined by name, and made into mattes one by one.

Nothing but names is shuffled. A process loads the network once, whatever number of photos and
threads it gets, and several photos are under way in it at once, as in `dim-tf matte`.
"""

import hashlib
import logging
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.shared import Shared
from apache_beam.utils.windowed_value import WindowedValue

from dim_tf.commands.beam_files import (
    is_matte_at,
    is_written,
    pictures_matching,
    read_picture_at,
    write_at,
)
from dim_tf.commands.photo_jobs import PhotoJob, no_partner_error
from dim_tf.commands.photo_work import Outcome, PhotoWork, load_network, photos_at_once
from dim_tf.commands.result_files import flag_writing, overwriting_error, place_of, targets_in
from dim_tf.config import BeamConfig
from dim_tf.pictures.folders import paired_name, same_stem_error
from dim_tf.system.errors import InputError, printable
from dim_tf.system.files import WriteError
from dim_tf.system.memory import give_back_memory

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel

NAMESPACE = "dim_tf"
_PHOTOS, _MASKS = "photos", "masks"
_ENDS_BUNDLE = GlobalWindow().max_timestamp()


def name_of_run(config: BeamConfig) -> str:
    """A name that the same command has again, and one of other photos or results has not."""
    given = repr((config.reading.rgb, config.writing))
    return hashlib.sha256(given.encode()).hexdigest()[:16]


def build(root: beam.Pipeline, config: BeamConfig) -> None:
    """Adds the pipeline.

    Args:
        root: a pipeline.
        config: what to read, how to predict, where to write; with the file of the dead letters.
    """
    file, writer = config.running.dead_letters, name_of_run(config)

    def write(found: tuple[None, Iterable[str]]) -> None:
        lines = (f"{line}\n".encode() for line in found[1] if line)
        write_at(file, lines, writer, "text/plain")

    photos = _by_stem(root, _PHOTOS, config.reading.rgb)
    # With an empty line, so that there is a file where every photo could be used; not where there
    # is no photo: a mistyped pattern leaves what an earlier run said. Not by Beam's own
    # `WriteToText`: it deletes whatever the file's name matches as a pattern, folders as well.
    empty = photos | "no dead letter" >> beam.Map(lambda _: "") | "once" >> beam.Distinct()
    lines = dead_letters_of(photos, config), empty
    _ = (
        lines
        | beam.Flatten()
        | "for one file" >> beam.WithKeys(None)
        | beam.GroupByKey()
        | "dead letters" >> beam.Map(write)
    )


def dead_letters_of(photos: beam.PCollection, config: BeamConfig) -> beam.PCollection:
    """Adds the pipeline from the listed photos to the lines of those that could not be used."""
    found = {_PHOTOS: photos}
    beside = config.reading.alpha or config.reading.trimap
    if beside:
        found[_MASKS] = _by_stem(photos.pipeline, _MASKS, beside)
    return (
        found | "join by name" >> beam.CoGroupByKey() | "mattes" >> beam.ParDo(MakeMattes(config))
    )


def _by_stem(root: beam.Pipeline, kind: str, pattern: str) -> beam.PCollection:
    """Pairs of a file's `paired_name` and its path or URL."""
    return (
        root
        | f"{kind}: pattern" >> beam.Create([pattern])
        | f"{kind}: list" >> beam.FlatMap(pictures_matching)
        | f"{kind}: name" >> beam.WithKeys(paired_name)
    )


class MakeMattes(beam.DoFn):
    """Makes the mattes of photos, writes them, and gives the dead letters of the others.

    What is there already is passed over. Photos are counted as done, skipped or refused, and their
    seconds added up, from the network's begin on, in thousandths.
    """

    def __init__(self, config: BeamConfig) -> None:
        self._config = config
        self._writer = name_of_run(config)
        self._shared = Shared()
        self._counters = {
            name: Metrics.counter(NAMESPACE, name) for name in ("done", "skipped", "refused")
        }
        self._milliseconds = Metrics.distribution(NAMESPACE, "milliseconds")

    def setup(self) -> None:
        """Begins the process's threads, where no other instance has."""
        self._process = self._shared.acquire(lambda: _OfProcess(self._config))

    def start_bundle(self) -> None:
        """Begins with nothing under way."""
        self._begun: deque[Future[Outcome]] = deque()

    def process(self, element: tuple[str, dict[str, Iterable[str]]]) -> Iterator[str]:
        """Begins a photo, and finishes the first that is under way where there are many."""
        _, found = element
        writing = self._config.writing
        photos = [photo for photo in found[_PHOTOS] if not flag_writing(writing, photo)]
        try:
            job = self._job(photos, list(found.get(_MASKS, ())))
        except InputError as error:
            for photo in photos:
                yield self._refused(photo, error)
            return
        if job is None:
            return
        if all(is_written(target) for target in job.targets().values()):
            self._counters["skipped"].inc()
            return
        if len(self._begun) > self._process.at_once:
            yield from self._finished(self._begun.popleft())
        self._begun.append(self._process.threads.submit(self._process.work, job))

    def finish_bundle(self) -> Iterator[WindowedValue]:
        """Finishes what is under way."""
        while self._begun:
            for line in self._finished(self._begun.popleft()):
                yield WindowedValue(line, _ENDS_BUNDLE, [GlobalWindow()])

    def _job(self, photos: list[str], masks: list[str]) -> PhotoJob | None:
        """What to do with the files of one name; None where there is no photo.

        Raises:
            InputError: they are no pair, or another photo's cut-out or the like may have the name
                of the matte.
        """
        if not photos:
            return None
        writing = self._config.writing
        targets = targets_in(writing, PurePosixPath(photos[0]).stem)
        # Whether there is that other photo is not known here: names meet only those they pair with.
        if "matte" in targets and (flag := flag_writing(writing, targets["matte"])):
            raise InputError(
                f"{targets['matte']} could be written twice, by --{flag} for another photo as "
                f"well; rename this photo, or give --{flag} another folder."
            )
        photo, mask = _the_one(photos, targets), _the_one(masks, targets)
        reading = self._config.reading
        if mask is None and not reading.rect:
            raise no_partner_error("trimap" if reading.trimap else "alpha", photo)
        return PhotoJob(photo, mask, **{"matte": None, **targets})

    def _finished(self, future: "Future[Outcome]") -> Iterator[str]:
        outcome = future.result()
        photo = str(outcome.job.photo)
        for file, *notes in outcome.notes:
            for note in notes:
                logging.getLogger(__name__).info("%s", printable(f"{file}: {note}."))
        if outcome.refusal:
            yield self._refused(photo, outcome.refusal)
            return
        targets = outcome.job.targets()
        try:
            for kind, content in outcome.contents.items():
                write_at(targets[kind], [content], self._writer)
        except WriteError as error:
            yield self._refused(photo, error)
            return
        give_back_memory()
        self._counters["done"].inc()
        self._milliseconds.update(round(1000 * outcome.seconds))

    def _refused(self, photo: str, error: InputError) -> str:
        self._counters["refused"].inc()
        return dead_letter(photo, error)


class _OfProcess:
    """What a process has once, however many instances of `MakeMattes` its runner makes.

    Attributes:
        at_once: how many photos are under way at once.
        threads: as many; they end with the process, or when no instance is left.
        work: on a photo; it keeps to the room there is for all of them.
    """

    def __init__(self, config: BeamConfig) -> None:
        running = config.running
        self.at_once = running.photos_at_once or photos_at_once(running.workers)
        self.threads = ThreadPoolExecutor(self.at_once)
        self.work = PhotoWork(config, None, self._network, read=read_picture_at)
        self._config = config
        self._one_loads = threading.Lock()
        self._model: MattingModel | None = None

    def _network(self) -> "MattingModel":
        """Loaded when a photo is worth it, and again where that failed."""
        with self._one_loads:
            if self._model is None:
                self._model, _ = load_network(self._config)
            return self._model


def _the_one(files: list[str], targets: dict[str, str]) -> str | None:
    """Of the files of one name the one that was not written by an earlier run, if there are any.

    Raises:
        InputError: there are several, or it would be overwritten; or one cannot be read.
    """
    written = {place_of(target) for target in targets.values()}
    inputs = sorted(file for file in files if place_of(file) not in written)
    in_place = sorted(file for file in files if place_of(file) in written)
    if in_place and not inputs:
        raise overwriting_error(in_place[0])
    # Where the matte is to be there may be another original of the name, which would be lost.
    for file in in_place:
        if not is_matte_at(file):
            raise overwriting_error(file)
    if len(inputs) > 1:
        raise same_stem_error(*inputs[:2])
    return inputs[0] if inputs else None


def dead_letter(photo: str, error: InputError) -> str:
    """The line of a photo: its URL, a tab, and the sentence that says why it cannot be used."""
    sentence, scheme = str(error), FileSystems.get_scheme(photo)
    if scheme:  # a path in a sentence has one slash
        sentence = sentence.replace(f"{scheme}://", f"{scheme}:/")
        sentence = sentence.replace(f"{scheme}:/", f"{scheme}://")
    return f"{printable(photo)}\t{sentence}"
