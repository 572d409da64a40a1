"""`-` for a file: standard input for a photo, mask or trimap, standard output for a picture."""

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dim_tf.config import InferenceConfig, values_of, with_values
from dim_tf.system.errors import InputError
from dim_tf.system.files import writing

STREAM = "-"
_READ = ("rgb", "alpha", "trimap", "gt", "predictions")
_WRITTEN = ("output", "side_by_side", "cutout", "composite", "save_trimap", "save_certainty")


@contextlib.contextmanager
def standard_streams(config: InferenceConfig) -> Iterator[InferenceConfig]:
    """Puts files in the place of standard input and output; the picture is written at the end.

    What is printed meanwhile goes to stderr then. After an error nothing is written.

    Args:
        config: at most one input and one output of it are "-".

    Yields:
        The config with names of files; the same one if there is no "-" in it.

    Raises:
        InputError: more than one input or output is "-"; nothing comes from standard input;
            standard output is a terminal or closed; and any that the block raises.
    """
    values = values_of(config)
    read = [name for name in _READ if values[name] == STREAM]
    written = [name for name in _WRITTEN if values[name] == STREAM]
    for names, stream in ((read, "input"), (written, "output")):
        if len(names) > 1:
            raise InputError(
                f"--{names[0]} and --{names[1]} are both standard {stream}; name a file for one."
            )
    if not read and not written:
        yield config
        return
    # A composite goes beside the matte, or beside the cut-out where that alone is written.
    beside = values["output"] if values["write_matte"] else values["cutout"]
    if beside == STREAM and values["background"] and not values["composite"]:
        raise InputError(
            "--background's result would go beside what goes to standard output; name it with "
            "--composite."
        )
    if written and sys.stdout is None:
        raise InputError("Standard output is closed; name a file instead of -.")
    if written and sys.stdout.isatty():
        raise InputError(
            "Standard output is a terminal, and a picture is no text; send it to a file with "
            "> matte.png, or name the file instead of -."
        )
    with contextlib.ExitStack() as stack:
        content = _standard_input() if read else b""
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dim-tf-"))
            source, target = Path(folder, "standard input"), Path(folder, "standard_output.png")
            source.write_bytes(content)
        except OSError as error:
            raise InputError(
                f"No temporary file can be written ({error.strerror}); name a folder that can be "
                "written to with TMPDIR, or name files instead of -."
            ) from None
        told = {str(source): "standard input", str(target): "standard output"}
        files = dict.fromkeys(read, str(source)) | dict.fromkeys(written, str(target))
        with _renaming(told, to_stderr=bool(written)):
            yield with_values(config, **files)
        if written:
            _to_standard_output(target.read_bytes())


def _standard_input() -> bytes:
    content = b"" if sys.stdin is None else sys.stdin.buffer.read()
    if not content:
        raise InputError("Nothing comes from standard input; send a picture with < photo.jpg.")
    return content


def _to_standard_output(content: bytes) -> None:
    # Not through Python's buffer, which complains of a closed pipe once more when the program ends.
    rest = memoryview(content)
    sys.stdout.flush()
    with writing("standard output"):
        while rest:
            rest = rest[os.write(sys.stdout.fileno(), rest) :]


@contextlib.contextmanager
def _renaming(told: dict[str, str], to_stderr: bool) -> Iterator[None]:
    """Says in what is printed and raised in the block what the files stand for."""

    def renamed(text: str) -> str:
        for file, name in told.items():
            text = text.replace(file, name)
        return text

    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            yield
    except InputError as error:
        raise InputError(renamed(str(error))) from None
    finally:
        print(
            renamed(printed.getvalue()),
            end="",
            file=sys.stderr if to_stderr else sys.stdout,
            flush=True,
        )
