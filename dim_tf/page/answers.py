"""Answers: JSON about a refusal, a picture, a file of the page."""

import asyncio
import hashlib
import json
import time
import urllib.parse
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from dim_tf.page.refusals import REASONS, RETRY_AFTER_SECONDS, Refusal, in_http
from dim_tf.page.uploads import seconds_for
from dim_tf.page.work import Done
from dim_tf.system.shipped import ASSETS

NOTES_HEADER = "Dim-Tf-Notes"
STATIC = Path(__file__).with_name("static")
# What the page takes from the package's assets, beside its own files: a photo to try it with.
_SAMPLE = ASSETS / "sample_rgb.png"
# Not what the machine's registry says of a suffix.
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
# A picture is sent in pieces, so that a slow reader holds little of it twice. One who stops reading
# is given up after so many seconds, and one who is slower on the whole than an upload may be, too.
_PIECE, _SECONDS_A_PIECE = 2**18, 30.0
# Of the notes in a header.
_MOST_NOTES = 20
# What JavaScript's encodeURIComponent leaves as it is.
_UNESCAPED = "!~*'()"


def refusal_answer(refusal: Refusal) -> JSONResponse:
    """What is wrong, what to do, and a word for programs."""
    content = {"error": refusal.error, "what_to_do": refusal.what_to_do, "code": refusal.code}
    headers = {"retry-after": str(RETRY_AFTER_SECONDS)} if REASONS[refusal.code].passes else {}
    return JSONResponse(content, refusal.status, headers)


class PictureAnswer(Response):
    """A PNG, sent as fast as it is read."""

    media_type = "image/png"

    def __init__(self, done: Done, name: str) -> None:
        """Args: the picture and the notes about it; its file's name without suffix."""
        notes = [in_http(note) for note in done.notes[:_MOST_NOTES]]
        super().__init__(
            headers={
                "content-disposition": f'inline; filename="{name}.png"',
                "content-length": str(len(done.content)),
                NOTES_HEADER: urllib.parse.quote(
                    json.dumps(notes, ensure_ascii=False), safe=_UNESCAPED
                ),
            }
        )
        self._content = done.content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it; of one who reads too slowly the connection is closed."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        content = memoryview(self._content)
        begun = time.monotonic()
        try:
            for place in range(0, len(content), _PIECE):
                piece = bytes(content[place : place + _PIECE])
                more = place + _PIECE < len(content)
                left = begun + seconds_for(place) - time.monotonic()
                async with asyncio.timeout(min(_SECONDS_A_PIECE, left)):
                    await send({"type": "http.response.body", "body": piece, "more_body": more})
        except TimeoutError:
            return  # without its end the server closes the connection


def static_answer(name: str, request: Request) -> Response:
    """A file of the page.

    Args:
        name: of a file in the folder `static`, with "/" where it lies deeper.
        request: may say which version the browser has.

    Raises:
        Refusal: there is none.
    """
    files = {
        path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()
    }
    files[_SAMPLE.name] = _SAMPLE
    if name not in files or files[name].suffix not in _KINDS:
        raise not_found()
    content = files[name].read_bytes()
    return text_answer(content, _KINDS[files[name].suffix], request)


def text_answer(content: bytes, kind: str, request: Request) -> Response:
    """What a browser asks for again each time, and is sent again only where it changed."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


def not_found() -> Refusal:
    """The refusal where there is nothing."""
    return Refusal("not_found", "There is nothing at this address; look at /docs.")
