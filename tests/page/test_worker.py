"""This side of the pipe to the process that computes, without a process."""

import asyncio
import time

import pytest

from dim_tf.config import MattingConfig
from dim_tf.page.line import Place
from dim_tf.page.refusals import Refusal
from dim_tf.page.work import PhotoWanted
from dim_tf.page.worker import Worker
from tests.page.asking import in_own_loop


class SlowPipe:
    """A process whose pipe is slow, and that notes what it gets and whether that is mixed."""

    def __init__(self, worker, loop):
        self.connection, self.ended, self.said_hello = self, asyncio.Event(), True
        self.got, self.mixed, self._busy = [], False, False
        self._heard = lambda message: loop.call_soon_threadsafe(worker._heard, self, message, None)

    def send(self, message):
        self.mixed |= self._busy
        self._busy = True
        time.sleep(0.2)
        self._busy = False
        self.got.append(message[0])
        if message[0] == "stop":
            self._heard({"kind": "refusal", "number": message[1], "code": "stopped"})

    def kill(self):
        self.got.append("killed")
        self.ended.set()


def test_the_word_to_stop_does_not_come_into_the_middle_of_a_job():
    async def stop_at_once():
        worker = Worker(MattingConfig(), 1)
        pipe = worker._child = SlowPipe(worker, asyncio.get_running_loop())
        place = Place("")
        place.stop("stopped")
        with pytest.raises(Refusal):
            await worker.do(PhotoWanted(b""), place)
        return pipe

    pipe = in_own_loop(stop_at_once())
    assert pipe.got == ["do", "stop"] and not pipe.mixed
