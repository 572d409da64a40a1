"""Who waits and in which order: a place is taken before the upload, so that memory is bounded."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from dim_tf.page.refusals import Refusal, refusal_of


class Place:
    """One request's place in line.

    Attributes:
        id: what the client calls it, or "".
        step: what is being done.
        done: how much of it.
        of: of how much.
        finished: whether there is nothing left to do but to send the answer.
        stopped: set when the work is to end; `refusal` says why.
    """

    def __init__(self, id: str) -> None:
        self.id = id
        self.step, self.done, self.of = "reading", 0, 1
        self.finished = False
        self.stopped = asyncio.Event()
        self._why = ""
        self._turn = asyncio.Event()

    def stop(self, why: str) -> None:
        """Ends the work: "stopped", "too_long" or "stopping"; the first one counts."""
        self._why = self._why or why
        self.stopped.set()

    def refusal(self) -> Refusal:
        """Why it was stopped."""
        return refusal_of(self._why, "")

    def told(self, step: str, done: int, of: int) -> None:
        """Takes note of how far the work is."""
        self.step, self.done, self.of = step, done, of


class Line:
    """A bounded number of places; those whose upload is complete are worked on one by one."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._places: set[Place] = set()
        self._by_id: dict[str, Place] = {}
        self._ready: list[Place] = []
        self._working: Place | None = None
        self._closed = False

    @contextlib.contextmanager
    def place(self, id: str) -> Iterator[Place]:
        """A place until the block ends.

        Args:
            id: of the request, or "".

        Raises:
            Refusal: there is none left, the id is taken, or the page is being ended.
        """
        if self._closed:
            raise refusal_of("stopping", "")
        if id in self._by_id:
            raise Refusal(
                "request_in_use", "A request of this id is not answered yet; give another id."
            )
        if len(self._places) >= self.size:
            raise Refusal(
                "queue_full",
                f"{self.size} requests are in line already; try again in a few seconds.",
            )
        place = Place(id)
        self._places.add(place)
        if id:
            self._by_id[id] = place
        try:
            yield place
        finally:
            self._places.discard(place)
            self._forget(place)

    @contextlib.asynccontextmanager
    async def turn(self, place: Place) -> AsyncIterator[None]:
        """Waits until the place is the first; the next one's turn begins when the block ends.

        Raises:
            Refusal: it was stopped meanwhile.
        """
        self._ready.append(place)
        self._begin_next()
        try:
            await first_of(place._turn, place.stopped)
            if place.stopped.is_set():
                raise place.refusal()
            yield
        finally:
            place.finished = True
            self._forget(place)
            if self._working is place:
                self._working = None
            else:
                self._ready.remove(place)
            self._begin_next()

    def _forget(self, place: Place) -> None:
        """Frees a place's id, which may be another's by now."""
        if self._by_id.get(place.id) is place:
            del self._by_id[place.id]

    def _begin_next(self) -> None:
        if self._working is None and self._ready:
            self._working = self._ready.pop(0)
            self._working._turn.set()

    @property
    def waiting(self) -> int:
        """How many have a place and are not worked on."""
        return sum(not place.finished for place in self._places) - (self._working is not None)

    def state_of(self, id: str) -> dict[str, Any]:
        """How far a request is.

        Raises:
            Refusal: it is answered, or there never was one.
        """
        place = self._by_id.get(id)
        if place is None:
            raise Refusal(
                "not_found", "No request of this id waits for an answer; look at its answer."
            )
        working = place is self._working
        before = self._ready.index(place) if place in self._ready else len(self._ready)
        return {
            "state": "working" if working else "waiting",
            "place": 0 if working else before + (self._working is not None),
            "step": place.step,
            "done": place.done,
            "of": place.of,
        }

    def close(self) -> None:
        """Ends everything that waits or is worked on, and takes no more."""
        self._closed = True
        for place in self._places:
            place.stop("stopping")


async def first_of(*events: asyncio.Event) -> None:
    """Waits until one of some events is set."""
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
