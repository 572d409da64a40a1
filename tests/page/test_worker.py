"""This side of the pipe to the process that computes, without a process."""

import asyncio
import time

import pytest

from dim_tf.config import MattingConfig
from dim_tf.page.line import Place
from dim_tf.page.refusals import Refusal
from dim_tf.page.work import PhotoWanted
from dim_tf.page.worker import Worker, _Child
from tests.page.asking import in_own_loop
from tests.page.dying import die_while_loading


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


def test_one_that_dies_while_it_loads_the_network_is_not_started_for_ever(monkeypatch, capsys):
    start, started = _Child.start, []
    monkeypatch.setattr("dim_tf.page.worker.compute", die_while_loading)
    monkeypatch.setattr(
        _Child, "start", lambda child, heard: started.append(child) or start(child, heard)
    )

    async def ask_afterwards():
        worker = Worker(MattingConfig(), 1)
        try:
            await worker.start()
            async with asyncio.timeout(30):
                while worker.model != "failed":
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            assert len(started) == 3
            place = Place("")
            place.told("loading", 0, 1)
            with pytest.raises(Refusal) as refusal:
                await worker.do(PhotoWanted(b""), place)
            await asyncio.sleep(0.3)
            return refusal.value.code
        finally:
            await worker.end()

    assert in_own_loop(ask_afterwards()) == "model_failed"
    assert len(started) == 4
    printed = capsys.readouterr().err.splitlines()
    death = "dim-tf page: The process that computes died while it loaded the network (signal 9)."
    assert [line.removeprefix(death) for line in printed] == [
        *[" The next one is started at once."] * 2,
        *[" The next one is started with the next request."] * 2,
    ]
