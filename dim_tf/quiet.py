"""TensorFlow without the lines it prints while it is imported."""

import importlib
import os
import sys
import tempfile

_STDERR = 2


def import_tensorflow() -> None:
    """Imports TensorFlow and holds back what its libraries write to stderr meanwhile.

    `TF_CPP_MIN_LOG_LEVEL` does not reach all of it (tensorflow/tensorflow issue 100442): on every
    machine without CUDA it says so, twice, and that would bury what the program has to say. If the
    import fails, the lines are shown.
    """
    if "tensorflow" in sys.modules:
        return
    with tempfile.TemporaryFile() as held:
        # The descriptor itself: the lines come from C++ and pass by sys.stderr.
        terminal = os.dup(_STDERR)
        os.dup2(held.fileno(), _STDERR)
        try:
            importlib.import_module("tensorflow")
        except Exception:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            os.dup2(terminal, _STDERR)
            os.close(terminal)
