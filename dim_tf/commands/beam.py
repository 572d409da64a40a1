"""The mattes of a million photos, on any filesystem and runner that Apache Beam knows.

    python -m dim_tf.commands.beam --photos='photos/*' --masks='masks/*' --output=mattes/

Photos and masks are paired by file name without suffix; names may be URLs, such as
gs://bucket/photos/*. What is there already is passed over, so the same command goes on after it was
stopped. Photos that cannot be used are in mattes/dead_letters.txt, one a line with the reason.

With four processes on this machine, and on a cluster:

    python -m dim_tf.commands.beam --photos=photos/ --masks=masks/ --output=mattes/ --workers=4
    python -m dim_tf.commands.beam --photos='s3://bucket/photos/*' --masks='s3://bucket/masks/*'
        --output=s3://bucket/mattes/
        --runner=FlinkRunner --runner_options='--flink_master=host:8081'

The other flags are those of dim-tf matte, but for measuring and new backgrounds. docs/scale.md
tells more.
"""

import contextlib
import importlib.util
import logging
import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from dim_tf.commands.script import Command, run_script
from dim_tf.config import BeamConfig, with_values
from dim_tf.pictures.folders import IMAGE_SUFFIXES, is_pattern
from dim_tf.system.errors import InputError

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.runner import PipelineResult

_TEXT = ".txt"
_DEAD_LETTERS = f"dead_letters{_TEXT}"
# How Beam says that one of its extras is not installed.
_LACKS_PACKAGE = re.compile(r"required dependency is installed|Missing \w+ requirement")
# `DirectRunner` would download a program first (Prism).
_LOCAL_RUNNER = "apache_beam.runners.portability.fn_api_runner.fn_runner.FnApiRunner"


def run_pipeline(config: BeamConfig) -> None:
    """Runs the pipeline to its end and prints how many photos there were.

    Raises:
        InputError: Beam is not installed; flags are missing or contradict each other; there is no
            photo; a file cannot be listed or written; or, at the end, how many could not be used.
    """
    if importlib.util.find_spec("apache_beam") is None:
        raise InputError("The pipeline needs apache-beam; install it with pip install apache-beam.")
    _quieten()
    from dim_tf.commands.result_files import folders_written, nothing_written_error
    from dim_tf.matting.predict import check_model
    from dim_tf.trimaps.grabcut import parse_rectangle
    from dim_tf.trimaps.on_photo import what_is_given

    writing, reading = config.writing, config.reading
    if not reading.rgb:
        raise InputError("--photos is missing; give a pattern, such as 'photos/*'.")
    if what_is_given(reading) == "rect":
        parse_rectangle(reading.rect)
    if not writing.output:
        raise InputError("--output is missing; give the folder for the mattes.")
    if writing.background or writing.composite:
        raise InputError(
            "--background and --composite are not possible here; give --cutout, and put the "
            "cut-outs on it afterwards."
        )
    if not folders_written(writing):
        raise nothing_written_error()
    check_model(config.matting)
    patterns = {name: as_pattern(getattr(reading, name)) for name in ("rgb", "alpha", "trimap")}
    dead_letters = config.running.dead_letters or f"{writing.output.rstrip('/')}/{_DEAD_LETTERS}"
    if not dead_letters.endswith(_TEXT):
        raise InputError(
            f"--dead_letters={dead_letters} is no text file; give one ending in {_TEXT}, which is "
            "written anew."
        )
    for written_to in (*folders_written(writing).values(), dead_letters):
        if written_to.startswith("hdfs://"):
            raise InputError(
                f"{written_to} cannot be written to: Beam replaces no file on hdfs://, which a "
                "second run needs; give folders of another filesystem."
            )
    counts = _run(with_values(config, **patterns, dead_letters=dead_letters))
    photos = sum(counts[name] for name in ("done", "skipped", "refused"))
    if not photos:
        raise InputError(f"--photos={reading.rgb} matches no picture; check the pattern.")
    mean = counts["milliseconds"] / 1000 / max(1, counts["done"])
    print(
        f"{photos} photos: {counts['done']} done, {mean:.1f} s each, {counts['skipped']} skipped, "
        f"{counts['refused']} refused."
    )
    if counts["refused"]:
        raise InputError(
            f"{counts['refused']} of {photos} photos could not be used; {dead_letters} says why."
        )


def _quieten() -> None:
    """Leaves out what Beam says of packages that are not there, and of each of its steps."""
    logging.getLogger("apache_beam").setLevel(logging.WARNING)
    # It says with a traceback what it raises as well.
    logging.getLogger("apache_beam.runners.common").setLevel(logging.CRITICAL)
    logging.disable(logging.WARNING)
    try:
        importlib.import_module("apache_beam")
    finally:
        logging.disable(logging.NOTSET)


def as_pattern(value: str) -> str:
    """A flag's value as Beam's filesystems match it: a folder means the files in it."""
    if not value:
        return value
    is_picture = PurePosixPath(value).suffix.lower() in IMAGE_SUFFIXES
    if not is_pattern(value) and not is_picture:
        value = f"{value.rstrip('/')}/"
    return value if "/" in value else f"./{value}"


def options_of(config: BeamConfig) -> tuple[str, "PipelineOptions"]:
    """The runner's name and options.

    Raises:
        InputError: a quotation in the options does not end. Options that Beam does not know are
            left to the runner.
    """
    from apache_beam.options.pipeline_options import PipelineOptions

    running = config.running
    try:
        words = shlex.split(running.runner_options)
    except ValueError as error:
        raise InputError(
            f"--runner_options={running.runner_options} cannot be taken apart ({error}); give "
            "them as on a command line."
        ) from None
    if running.runner != "local":
        return running.runner, PipelineOptions([f"--runner={running.runner}", *words])
    mode = "multi_processing" if running.workers > 1 else "in_memory"
    words = ["--default_sdk_harness_log_level=WARNING", *words]
    words += [f"--direct_num_workers={running.workers}", f"--direct_running_mode={mode}"]
    return _LOCAL_RUNNER, PipelineOptions(words)


def _run(config: BeamConfig) -> dict[str, int]:
    """Runs the pipeline; what it counted."""
    import apache_beam as beam
    from apache_beam.io.filesystems import FileSystems

    from dim_tf.commands.beam_files import remove_unfinished
    from dim_tf.commands.beam_pipeline import build, name_of_run
    from dim_tf.commands.result_files import folders_written

    runner, options = options_of(config)
    try:
        pipeline = beam.Pipeline(runner=runner, options=options)
    except ValueError as error:
        raise InputError(f"--runner={runner} is not possible ({error}); give another.") from None
    with _told_apart():
        build(pipeline, config)
        result = pipeline.run()
        result.wait_until_finish()
    folder_of_letters, _ = FileSystems.split(config.running.dead_letters)
    for folder in {*folders_written(config.writing).values(), folder_of_letters}:
        remove_unfinished(folder, name_of_run(config))
    return _counts(result)


@contextlib.contextmanager
def _told_apart() -> Iterator[None]:
    """Takes out of what Beam raises what is behind it, which it wraps.

    Raises:
        KeyboardInterrupt: the program was interrupted; SIGTERM and SIGHUP are as well.
        InputError: a file cannot be listed, read or written, or a package that its filesystem
            needs is missing.
    """
    from apache_beam.io.filesystem import BeamIOError

    try:
        yield
    except Exception as error:
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, KeyboardInterrupt):
                raise cause from None
        for cause in reversed(causes):
            said = str(cause).rstrip(".")
            if _LACKS_PACKAGE.search(said):
                raise InputError(
                    f"A filesystem lacks its package here ({said}); install it with pip install "
                    "'apache-beam[gcp]', [aws] or [azure]."
                ) from None
            if isinstance(cause, OSError | BeamIOError | InputError):
                raise InputError(
                    f"The pipeline stopped: {said}; what is finished is kept, so give the same "
                    "command again once that is mended."
                ) from None
        raise


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised for, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _counts(result: "PipelineResult") -> dict[str, int]:
    from apache_beam.metrics import MetricsFilter

    from dim_tf.commands.beam_pipeline import NAMESPACE

    counts = dict.fromkeys(("done", "skipped", "refused", "milliseconds"), 0)
    found = result.metrics().query(MetricsFilter().with_namespace(NAMESPACE))
    for counter in found["counters"]:
        counts[counter.key.metric.name] += counter.result
    for distribution in found["distributions"]:
        counts["milliseconds"] += distribution.result.sum
    return counts


COMMAND = Command(
    BeamConfig,
    run_pipeline,
    aliases={"photos": "rgb", "masks": "alpha", "mask": "alpha", "o": "output"},
)


if __name__ == "__main__":
    run_script(COMMAND)
