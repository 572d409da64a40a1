"""The page and its HTTP interface, as an application for a server that speaks ASGI."""

import asyncio
import contextlib
import importlib.util
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Literal, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dim_tf import __version__
from dim_tf.config import ServingConfig
from dim_tf.page.answers import (
    PictureAnswer,
    not_found,
    refusal_answer,
    static_answer,
    text_answer,
)
from dim_tf.page.documentation import STYLE, documentation
from dim_tf.page.forms import (
    MATTE_FORM,
    PHOTO_FORM,
    Field,
    fields_of,
    photo_wanted,
    result_wanted,
)
from dim_tf.page.line import Line, Place, first_of
from dim_tf.page.openapi import description
from dim_tf.page.options import MATTE_OPTIONS, PHOTO_OPTIONS, Option, Wanted, wanted_by
from dim_tf.page.refusals import Refusal, refusal_of
from dim_tf.page.safety import Guarded, allowed_host
from dim_tf.page.uploads import Body, Form, check_announced, read_form
from dim_tf.page.work import Done, Job, PhotoWanted


class Computing(Protocol):
    """What does the jobs; see `dim_tf.page.worker.Worker`."""

    model: Literal["loading", "ready", "failed"]

    async def start(self) -> None:
        """Gets ready."""

    async def end(self) -> None:
        """Ends."""

    async def do(self, job: Job, place: Place) -> Done:
        """Does a job, or raises a `Refusal`."""


class Page:
    """The page: its line, and who does the work.

    Attributes:
        application: for a server.
        line: who waits.
        max_bytes: of one upload.
    """

    def __init__(self, worker: Computing, serving: ServingConfig) -> None:
        """Args: who does the work; the settings.

        Raises:
            InputError: a name under which nobody could ask is to be allowed.
        """
        self._worker = worker
        self._serving = serving
        self.line = Line(serving.queue)
        self.max_bytes = int(serving.upload_megabytes * 1e6)
        self._description = description(serving)
        self._documentation = documentation(self._description).encode()
        photo = _Pictures(self, PHOTO_FORM, PHOTO_OPTIONS, photo_wanted)
        matte = _Pictures(self, MATTE_FORM, MATTE_OPTIONS, result_wanted)
        get = ["GET"]
        routes = [
            Route("/", self._index, methods=get),
            Route("/static/{name:path}", self._static, methods=get),
            Route("/docs", self._docs, methods=get),
            Route("/docs.css", self._style, methods=get),
            Route("/openapi.json", self._openapi, methods=get),
            Route("/api/status", self._status, methods=get),
            Route("/api/requests/{id}", self._request, methods=get),
            Route("/api/photo", photo, methods=["POST"]),
            Route("/api/matte", matte, methods=["POST"]),
        ]
        starlette = Starlette(
            routes=routes,
            lifespan=self._lifespan,
            exception_handlers={
                Refusal: _refused,
                HTTPException: _no_route,
                ClientDisconnect: _nobody,
                Exception: _mistake,
            },
        )
        starlette.router.redirect_slashes = False
        hosts = [serving.host, *map(allowed_host, serving.allowed_hosts)]
        self.application: ASGIApp = Guarded(starlette, hosts)

    def close(self) -> None:
        """Ends what is in line, each with an answer that says so."""
        self.line.close()

    async def done(self, request: Request, place: Place, job: list[Job]) -> Done:
        """Waits for a place's turn and has its job done.

        Args:
            request: its body is read.
            place: in line.
            job: one, which is taken out of the list: its pictures are in memory no longer than they
                are needed.

        Raises:
            Refusal: no picture came of it.
        """
        watching = asyncio.ensure_future(_stop_when_gone(request, place))
        try:
            async with self.line.turn(place):
                too_long = asyncio.get_running_loop().call_later(
                    self._serving.seconds, place.stop, "too_long"
                )
                try:
                    return await self._worker.do(job.pop(), place)
                finally:
                    too_long.cancel()
        finally:
            watching.cancel()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self._worker.start()
        try:
            yield
        finally:
            self.close()
            await self._worker.end()

    async def _index(self, request: Request) -> Response:
        return static_answer("index.html", request)

    async def _static(self, request: Request) -> Response:
        return static_answer(request.path_params["name"], request)

    async def _docs(self, request: Request) -> Response:
        return text_answer(self._documentation, "text/html; charset=utf-8", request)

    async def _style(self, request: Request) -> Response:
        return text_answer(STYLE.read_bytes(), "text/css; charset=utf-8", request)

    async def _openapi(self, request: Request) -> Response:
        return JSONResponse(self._description)

    async def _status(self, request: Request) -> Response:
        _refuse_options(request)
        return JSONResponse(
            {
                "version": __version__,
                "model": self._worker.model,
                "waiting": self.line.waiting,
                "limits": {
                    "upload_bytes": self.max_bytes,
                    "megapixels": self._serving.max_input_megapixels,
                    "queue": self._serving.queue,
                    "seconds": self._serving.seconds,
                },
                "extra_kinds": ["HEIC"] if importlib.util.find_spec("pillow_heif") else [],
            }
        )

    async def _request(self, request: Request) -> Response:
        _refuse_options(request)
        return JSONResponse(self.line.state_of(request.path_params["id"]))


class _Pictures:
    """An address that takes pictures and answers with one.

    The place in line is taken before the upload is read and kept until the answer is sent: so there
    are never more uploads and answers in memory than places.
    """

    def __init__(
        self,
        page: Page,
        form: dict[str, Field],
        options: list[Option],
        job_of: Callable[[Form, Wanted], Job],
    ) -> None:
        self._page = page
        self._fields = fields_of(form)
        self._options = options
        self._job_of = job_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        page, request = self._page, Request(scope, receive)
        body = Body(request)
        with contextlib.ExitStack() as places:
            try:
                wanted = wanted_by(request.query_params.multi_items(), self._options)
                check_announced(body, page.max_bytes)
                place = places.enter_context(page.line.place(wanted.answer.request))
                reading = self._read(body, wanted)
                job = [await _unless_stopped(place, reading)]
            except Refusal:
                places.close()
                await body.discard()
                raise
            name = "photo" if isinstance(job[0], PhotoWanted) else wanted.answer.output
            done = await page.done(request, place, job)
            await PictureAnswer(done, name)(scope, receive, send)

    async def _read(self, body: Body, wanted: Wanted) -> Job:
        form = await read_form(body, self._fields, self._page.max_bytes)
        return self._job_of(form, wanted)


async def _unless_stopped(place: Place, work: Coroutine[Any, Any, Job]) -> Job:
    """What comes of some work.

    Raises:
        Refusal: the place was stopped before.
    """
    task = asyncio.ensure_future(work)
    ended = asyncio.Event()
    task.add_done_callback(lambda _: ended.set())
    try:
        await first_of(ended, place.stopped)
        if not task.done():
            raise place.refusal()
        return task.result()
    finally:
        task.cancel()


async def _stop_when_gone(request: Request, place: Place) -> None:
    """Stops the work when whoever asked has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    place.stop("stopped")


def _refuse_options(request: Request) -> None:
    wanted_by(request.query_params.multi_items(), [])


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refusal_answer(error)


async def _no_route(request: Request, error: Exception) -> Response:
    """What the routes say of an address or a method."""
    assert isinstance(error, HTTPException)
    if error.status_code != 405:
        return refusal_answer(not_found())
    answer = refusal_answer(
        Refusal("method_not_allowed", f"{request.method} is not possible here; look at /docs.")
    )
    answer.headers.update(error.headers or {})
    return answer


async def _nobody(request: Request, error: Exception) -> Response:
    """Whoever asked is gone, and sees no answer."""
    return Response(status_code=400)


async def _mistake(request: Request, error: Exception) -> Response:
    return refusal_answer(refusal_of("internal_error", ""))
