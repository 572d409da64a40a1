"""The model that calls share: loaded when it is first needed, then kept."""

import functools
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dim_tf.config import MattingConfig
from dim_tf.model.checkpoint_choice import existing_checkpoint
from dim_tf.model.run_folder import best_path, list_checkpoints

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel

# So many are kept: what was used last.
_MOST_KEPT = 2
_ONE_LOADS = threading.Lock()
# When a file was written, and its length.
_Stamp = tuple[tuple[int, int], ...]


def _new_lock() -> None:
    """In a forked process: a thread that loads a model there is not, and would never end."""
    global _ONE_LOADS
    _ONE_LOADS = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def kept_model(matting: MattingConfig) -> "MattingModel":
    """The model of these settings, one for all threads.

    It is loaded anew when its file, or the run's folder, holds other weights than before.

    Raises:
        InputError: there is no such checkpoint, or it is damaged; see also `load_model`.
    """
    path = existing_checkpoint(matting.checkpoint).resolve()
    with _ONE_LOADS:
        return _loaded(
            path,
            _stamp(path),
            matting.bn_eval,
            matting.precision,
            matting.post_process,
            matting.runtime,
            os.getpid(),
        )


def _stamp(path: Path) -> _Stamp:
    files = [best_path(path), *list_checkpoints(path)] if path.is_dir() else [path]
    states = [file.stat() for file in files if file.is_file()]
    return tuple((state.st_mtime_ns, state.st_size) for state in states)


@functools.lru_cache(_MOST_KEPT)
def _loaded(
    path: Path,
    stamp: _Stamp,
    bn_eval: Literal["checkpoint", "moving", "batch"],
    precision: Literal["auto", "float32", "bfloat16"],
    post_process: Literal["affinity", "none"],
    runtime: Literal["tensorflow", "onnx"],
    process: int,  # that of another one has threads that a forked one has not
) -> "MattingModel":
    from dim_tf.matting.predict import load_model

    return load_model(
        path, bn_eval=bn_eval, precision=precision, post_process=post_process, runtime=runtime
    )
