"""Processes that were forked from one in which TensorFlow ran: there it would wait for ever.

A forked process has the memory of the other one and none of its threads. TensorFlow that was only
imported has none yet, and onnxruntime and OpenCV begin anew.
"""

import os
import sys

from dim_tf.system.errors import InputError


def refuse_forked() -> None:
    """Refuses what needs TensorFlow where it would never answer.

    Raises:
        InputError: this process was forked from one in which TensorFlow had begun to compute.
    """
    if _forked_too_late:
        raise forked_error()


def forked_error() -> InputError:
    """What is told where something that another process began cannot be used in this one."""
    return InputError(
        "This process was forked from one that had loaded a model or computed with TensorFlow, "
        'and has not its threads; start processes by multiprocessing.get_context("spawn").'
    )


def _tensorflow_computes() -> bool:
    """Whether TensorFlow has begun its threads, whoever made it; it is not imported for that."""
    context = sys.modules.get("tensorflow.python.eager.context")
    # Not part of its interface, which begins the threads by the question.
    of_process = getattr(context, "_context", None)
    return getattr(of_process, "_context_handle", None) is not None


def _is_alone() -> bool:
    """Whether this process has a single thread, where the system says so."""
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208, no other part has a path
    except OSError:
        return False


def _look_again() -> None:
    global _forked_too_late
    _forked_too_late = _forked_too_late or _tensorflow_computes()


# Where this is first imported by the forked process, TensorFlow that computes without a thread.
_forked_too_late = _tensorflow_computes() and _is_alone()
if hasattr(os, "register_at_fork"):  # not where nothing can be forked
    os.register_at_fork(after_in_child=_look_again)
