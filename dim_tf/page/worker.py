"""This side of the process that computes: it is given jobs, watched, stopped and started anew."""

import asyncio
import contextlib
import json
import multiprocessing
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, Literal

from dim_tf.config import MattingConfig
from dim_tf.page.computing import compute
from dim_tf.page.line import Place, first_of
from dim_tf.page.refusals import Refusal, refusal_of
from dim_tf.page.work import Done, Job

# So long it may take until the work ends that is to stop, seconds; then the process is killed.
_SECONDS_TO_STOP = 1.5
# After so many deaths in a row while the network loads, it is started for the next request only.
_MOST_DEATHS = 3


class _Child:
    """A process, from its start to its end.

    Attributes:
        said_hello: whether it got so far that a job can be the reason of its death.
        loads: whether its network is not there yet, nor known to be lacking.
        is_unwanted: whether it is to end.
        ended: set when it is gone.
    """

    def __init__(self, *arguments: Any) -> None:
        self.said_hello, self.loads, self.is_unwanted = False, True, False
        self.ended = asyncio.Event()
        self.connection, of_child = multiprocessing.Pipe()
        # Spawned, not forked: with threads running, a forked process may never get a lock.
        self.process = multiprocessing.get_context("spawn").Process(
            target=compute, args=(of_child, *arguments), daemon=True
        )
        self._of_child = of_child

    def start(self, heard: Callable[..., None]) -> None:
        """Starts it; its messages go to `heard(message, content)`, at the end None."""
        self.process.start()
        self._of_child.close()  # else its end would not be seen
        threading.Thread(target=_listen, args=(self.connection, heard), daemon=True).start()

    def kill(self) -> None:
        """Ends it at once, and waits until it is gone."""
        self.process.kill()
        self.process.join()

    def death(self) -> str:
        """What it died of, once it is gone."""
        code = self.process.exitcode or 0
        of = f"signal {-code}" if code < 0 else f"status {code}"
        when = " while it loaded the network" if self.loads else ""
        return f"The process that computes died{when} ({of})."


def _listen(connection: Connection, heard: Callable[..., None]) -> None:
    try:
        while True:
            message = json.loads(connection.recv_bytes())
            content = connection.recv_bytes() if message["kind"] == "done" else None
            heard(message, content)
    except (EOFError, OSError, ValueError, KeyError, TypeError):
        heard(None, None)


class Worker:
    """Does jobs in a process of its own.

    Attributes:
        model: whether its network is there.
    """

    def __init__(self, matting: MattingConfig, max_megapixels: float) -> None:
        self.model: Literal["loading", "ready", "failed"] = "loading"
        self._arguments = matting, max_megapixels
        self._child: _Child | None = None
        self._one_starts = asyncio.Lock()
        self._threads = ThreadPoolExecutor(4, "worker")
        self._number = 0
        self._place: Place | None = None
        self._answer: asyncio.Future[tuple[dict[str, Any], bytes | None]] | None = None
        self._ending = False
        self._deaths_while_loading = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Starts the process; its network loads while it does other work."""
        await self._started()

    async def end(self) -> None:
        """Ends the process."""
        self._ending = True
        async with self._one_starts:
            if self._child is not None:
                await self._in_thread(self._child.kill)
        self._threads.shutdown(wait=False)

    async def do(self, job: Job, place: Place) -> Done:
        """Does a job; one at a time.

        Args:
            job: what is wanted.
            place: is told how far it is, and says when to stop.

        Raises:
            Refusal: no picture came of it.
        """
        child = await self._started()
        self._number += 1
        self._place = place
        self._answer = asyncio.get_running_loop().create_future()
        answered, stopped = asyncio.Event(), place.stopped
        self._answer.add_done_callback(lambda _: answered.set())
        try:
            sent = asyncio.ensure_future(self._send(child, "do", self._number, job))
            del job
            await first_of(answered, child.ended, stopped)
            if stopped.is_set() and not answered.is_set():
                await self._stop(child, answered, sent)
                raise place.refusal()
            if not self._answer.done():
                raise self._died(child, place)
            await sent
            return _done(*self._answer.result())
        finally:
            self._answer = self._place = None

    async def _stop(
        self, child: _Child, answered: asyncio.Event, sent: asyncio.Future[None]
    ) -> None:
        """Has the work end, and kills the process where it does not."""

        async def send_stop() -> None:
            await sent  # one message after the other: both go through one pipe
            await self._send(child, "stop", self._number)

        stopping = asyncio.ensure_future(send_stop())
        try:
            async with asyncio.timeout(_SECONDS_TO_STOP):
                await first_of(answered, child.ended)
        except TimeoutError:
            child.is_unwanted = True
            await self._in_thread(child.kill)
            await child.ended.wait()
        await stopping

    async def _send(self, child: _Child, *message: Any) -> None:
        with contextlib.suppress(OSError):  # it is gone, which is seen where its messages end
            await self._in_thread(lambda: child.connection.send(message))

    async def _started(self) -> _Child:
        async with self._one_starts:
            if self._child is None:
                if self._ending:
                    raise refusal_of("stopping", "")
                loop = asyncio.get_running_loop()
                self.model = "loading"
                child = _Child(*self._arguments)

                def heard(message: dict[str, Any] | None, content: bytes | None) -> None:
                    with contextlib.suppress(RuntimeError):  # the loop is closed, nobody listens
                        loop.call_soon_threadsafe(self._heard, child, message, content)

                await self._in_thread(lambda: child.start(heard))
                self._child = child
            return self._child

    def _heard(self, child: _Child, message: dict[str, Any] | None, content: bytes | None) -> None:
        if message is None:
            self._ended(child)
            return
        child.said_hello = True
        if message["kind"] == "model" and child is self._child:
            self.model = message["state"]
            child.loads, self._deaths_while_loading = False, 0
            if message["sentence"]:
                print(f"dim-tf page: {message['sentence']}", file=sys.stderr, flush=True)
        if message.get("number") != self._number or self._answer is None or self._answer.done():
            return
        if message["kind"] == "step" and self._place is not None:
            self._place.told(message["step"], message["done"], message["of"])
        elif message["kind"] in ("done", "refusal"):
            self._answer.set_result((message, content))

    def _ended(self, child: _Child) -> None:
        child.ended.set()
        if child is not self._child:
            return
        self._child = None
        self.model = "loading"
        if self._ending:
            return
        # A job that has begun may be the reason; one that waits for the network is not.
        is_idle = self._place is None or self._place.step == "loading"
        if child.loads and is_idle and not child.is_unwanted:
            self._deaths_while_loading += 1
        # One that dies before it can do anything would do so again and again.
        at_once = child.said_hello and self._deaths_while_loading < _MOST_DEATHS
        if at_once:
            self._in_background(self._started())
        else:
            self.model = "failed"
        self._in_background(self._bury(child, at_once))

    async def _bury(self, child: _Child, at_once: bool) -> None:
        """Sees to it that a process is gone, and says what it died of if nobody wanted that."""
        # Also where what it says makes no sense: then it may still be there.
        await self._in_thread(child.kill)
        if not child.is_unwanted:
            next_one = "at once" if at_once else "with the next request"
            sentences = f"{child.death()} The next one is started {next_one}."
            print(f"dim-tf page: {sentences}", file=sys.stderr, flush=True)

    def _died(self, child: _Child, place: Place) -> Refusal:
        """Why a job got no answer of a process that is gone."""
        if child.loads and place.step == "loading" and self.model == "failed":
            return refusal_of("model_failed", "the process that computes died meanwhile")
        return refusal_of("worker_died", "")

    def _in_background(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _in_thread(self, function: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)


def _done(message: dict[str, Any], content: bytes | None) -> Done:
    """The answer to a job.

    Raises:
        Refusal: it is one.
    """
    if content is not None:
        return Done(content, message["notes"])
    if message["code"] == "internal_error":
        print(message["traceback"], file=sys.stderr, flush=True)
    raise refusal_of(message["code"], message["sentence"])
