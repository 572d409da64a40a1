"""The process that computes: it decodes pictures, owns the network, and may die without harm.

It is told what to do and to stop by a pipe, and answers by it: a line of JSON, and behind an answer
the picture. Where the other end is gone it ends itself.
"""

import concurrent.futures
import importlib
import json
import os
import queue
import threading
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from dim_tf.config import MattingConfig
from dim_tf.matting.predict import MattingModel, load_model_of
from dim_tf.page.work import Bench, Job, StoppedError, code_of
from dim_tf.system.errors import InputError
from dim_tf.system.memory import give_back_memory, return_large_blocks
from dim_tf.system.signals import leave_terminal_to_parent

# Progress is told at most so often, seconds; a new step at once.
_TOLD_EVERY = 0.05


def compute(connection: Connection, matting: MattingConfig, max_megapixels: float) -> None:
    """Does jobs until the other end of the connection is closed.

    Args:
        connection: gives ("do", number, job) and ("stop", number); gets JSON objects with "kind".
        matting: how mattes are made, and by which weights.
        max_megapixels: larger pictures are refused unread.
    """
    leave_terminal_to_parent()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # For good, and not while a library is imported only: pictures are read meanwhile.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return_large_blocks()
    worker = _Worker(connection)
    threading.Thread(target=worker.listen, daemon=True).start()
    worker.send(kind="hello")
    model: concurrent.futures.Future[MattingModel] = concurrent.futures.Future()
    threading.Thread(target=_load, args=(matting, model, worker), daemon=True).start()
    bench = Bench(model, matting, max_megapixels)
    while True:
        worker.do(*worker.jobs.get(), bench)


class _Worker:
    """This end of the pipe."""

    def __init__(self, connection: Connection) -> None:
        self.jobs: queue.Queue[tuple[int, Job]] = queue.Queue()
        self._connection = connection
        self._one_sends = threading.Lock()
        self._stopped = 0  # the last job that was to stop; they are numbered in order
        self._told = ("", 0.0)

    def listen(self) -> None:
        """Takes what comes; ends the process where nothing can come any more."""
        try:
            while True:
                kind, number, *job = self._connection.recv()
                if kind == "do":
                    self.jobs.put((number, *job))
                else:
                    self._stopped = number
        except (EOFError, OSError):
            os._exit(0)

    def send(self, content: bytes | None = None, **message: Any) -> None:
        """Sends a message, and the picture that belongs to it."""
        with self._one_sends:
            self._connection.send_bytes(json.dumps(message).encode())
            if content is not None:
                self._connection.send_bytes(content)

    def do(self, number: int, job: Job, bench: Bench) -> None:
        """Does one job and answers."""

        def told(step: str, done: int, of: int) -> None:
            if number <= self._stopped:
                raise StoppedError
            now = time.monotonic()
            last_step, last = self._told
            if step != last_step or now - last > _TOLD_EVERY:
                self._told = step, now
                self.send(kind="step", number=number, step=step, done=done, of=of)

        try:
            content, notes = bench.do(job, told)
        except Exception as error:
            code = code_of(error)
            trace = traceback.format_exc() if code == "internal_error" else ""
            self.send(
                kind="refusal", number=number, code=code, sentence=str(error), traceback=trace
            )
        else:
            self.send(content, kind="done", number=number, notes=notes)
        give_back_memory()


def _load(
    matting: MattingConfig, model: "concurrent.futures.Future[MattingModel]", worker: _Worker
) -> None:
    try:
        if matting.runtime == "tensorflow":
            # `load_model` would hold back what it prints, and with it everyone who reads a picture.
            importlib.import_module("tensorflow")
        loaded = load_model_of(matting)
        # The first pass makes TensorFlow's graph, which takes seconds.
        loaded.predict_alpha(np.zeros((32, 32, 3), np.uint8), np.full((32, 32), 128, np.uint8))
    except Exception as error:
        sentence = str(error) if isinstance(error, InputError) else repr(error)
        model.set_exception(error)
        worker.send(kind="model", state="failed", sentence=sentence)
    else:
        model.set_result(loaded)
        worker.send(kind="model", state="ready", sentence="")
