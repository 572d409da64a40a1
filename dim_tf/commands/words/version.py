"""What is installed, as a report of an error should say."""

import hashlib
import importlib.metadata

from dim_tf import __version__
from dim_tf.model.checkpoint_choice import DEFAULT_CHECKPOINT, RELEASED_FOLDER
from dim_tf.system.processor import bfloat16_instructions, processor_name


def version_text() -> str:
    """The versions of program and TensorFlow, the weights' checksum, the processor; one line each.

    TensorFlow is not imported for it.
    """
    bfloat16 = ", ".join(bfloat16_instructions()) or "none"
    return "\n".join(
        (
            f"dim-tf {__version__}",
            f"weights {DEFAULT_CHECKPOINT}, SHA-256 {_weights_sha256()}",
            f"TensorFlow {_version_of('tensorflow')}, Keras {_version_of('keras')}",
            f"processor {processor_name()}, bfloat16 instructions: {bfloat16}",
        )
    )


def _weights_sha256() -> str:
    try:
        with (RELEASED_FOLDER / DEFAULT_CHECKPOINT).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"unknown ({error.strerror})"


def _version_of(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
