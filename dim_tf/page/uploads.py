"""The form of a request, read into memory and nowhere else.

Starlette's own reader writes files above a megabyte to disk, and does not count bytes.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from dim_tf.page.refusals import Refusal

# An upload that stalls for so many seconds is given up, and one that is slower than this on the
# whole, after a while: a phone's photo over a weak mobile network is far faster.
_STALLED_SECONDS = 10.0
_LEAST_BYTES_A_SECOND, _SECONDS_AT_LEAST = 20_000, 30.0
# Of a text field, and of the headers of each part, which say a name and a file's name.
_LARGEST_TEXT, _LARGEST_HEADER, _MOST_HEADERS = 1_000, 4_096, 8
# What is left of a body that is refused is thrown away for so many seconds: who still sends would
# not see the answer.
_SECONDS_DISCARDING = 3.0


class Fields(NamedTuple):
    """What a form may hold.

    Attributes:
        files: names of fields that may be files.
        texts: names of fields that may be text.
    """

    files: frozenset[str]
    texts: frozenset[str]


class Form(NamedTuple):
    """What a form held.

    Attributes:
        files: name → content.
        texts: name → text.
    """

    files: dict[str, bytes]
    texts: dict[str, str]


class Body:
    """What a request brings, as it arrives."""

    def __init__(self, request: Request) -> None:
        """Args: a request whose body was not read yet."""
        self.headers = request.headers
        self._receive = request.receive
        self._begun = self._ended = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, piece by piece.

        Raises:
            ClientDisconnect: whoever sent it is gone.
        """
        while not self._ended:
            self._begun = True
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            self._ended = not message.get("more_body", False)
            yield message.get("body", b"")

    async def discard(self) -> None:
        """Throws away what is left, for a while."""
        if not self._begun and self.headers.get("expect"):
            return  # nothing is sent before it is asked for
        with contextlib.suppress(TimeoutError, ClientDisconnect):
            async with asyncio.timeout(_SECONDS_DISCARDING):
                async for _ in self.pieces():
                    pass


async def read_form(body: Body, fields: Fields, max_bytes: int) -> Form:
    """Reads a multipart form while it arrives.

    Args:
        body: nothing of it was read yet.
        fields: those that are possible.
        max_bytes: of the whole body.

    Raises:
        Refusal: it is too large, too slow, malformed, or has other fields.
        ClientDisconnect: whoever sent it is gone.
    """
    reader = _Reader(_boundary(body), fields)
    received = 0
    async for chunk in _fast_enough(body):
        received += len(chunk)
        if received > max_bytes:
            raise too_many_bytes(max_bytes)
        try:
            reader.write(chunk)
        except FormParserError:
            raise _malformed() from None
    return reader.form()


def check_announced(body: Body, max_bytes: int) -> None:
    """Refuses a body that is no form or says itself that it is too large; nothing is read.

    Raises:
        Refusal: it is.
    """
    _boundary(body)
    announced = body.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > max_bytes:
        raise too_many_bytes(max_bytes)


def too_many_bytes(max_bytes: int) -> Refusal:
    """The refusal of an upload that is too large."""
    return Refusal(
        "too_many_bytes",
        f"The upload is larger than {max_bytes / 1e6:g} megabytes; make the files smaller (to "
        "raise the limit: dim-tf page --upload_megabytes).",
    )


def seconds_for(transferred: int) -> float:
    """How long so many bytes and the next may take at most, here or back."""
    return _SECONDS_AT_LEAST + transferred / _LEAST_BYTES_A_SECOND


async def _fast_enough(body: Body) -> AsyncIterator[bytes]:
    """The body's pieces, as long as they come fast enough.

    Raises:
        Refusal: they do not.
    """
    begun, received = time.monotonic(), 0
    pieces = body.pieces()
    while True:
        left = begun + seconds_for(received) - time.monotonic()
        try:
            async with asyncio.timeout(min(_STALLED_SECONDS, left)):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise Refusal(
                "upload_too_slow", "The upload took too long; send it again, or smaller files."
            ) from None
        if piece is None:
            return
        received += len(piece)
        yield piece


def _boundary(body: Body) -> bytes:
    kind, parameters = parse_options_header(body.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise Refusal(
            "not_multipart",
            "The request is not multipart/form-data; send the photo as the file of a form.",
        )
    boundary = parameters.get(b"boundary", b"")
    if not 0 < len(boundary) <= 70:  # RFC 2046
        raise _malformed()
    return boundary


def _malformed() -> Refusal:
    return Refusal(
        "malformed_form", "The form is malformed or ends early; send it as multipart/form-data."
    )


class _Reader:
    """Takes a form apart piece by piece."""

    def __init__(self, boundary: bytes, fields: Fields) -> None:
        self._fields = fields
        self._parts: dict[str, tuple[bool, bytearray]] = {}
        self._header, self._value = bytearray(), bytearray()
        self._disposition = ""
        self._is_file, self._part = False, bytearray()
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._take_header,
                "on_header_value": self._take_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._name_part,
                "on_part_data": self._take_data,
                "on_end": self._end,
            },
            max_header_count=_MOST_HEADERS,
            max_header_size=_LARGEST_HEADER,
        )

    def write(self, chunk: bytes) -> None:
        """Takes a piece of the body.

        Raises:
            Refusal: a field that is not possible.
            FormParserError: what is no form.
        """
        if not self._ended:  # what stands behind the end means nothing
            self._parser.write(chunk)

    def form(self) -> Form:
        """The whole.

        Raises:
            Refusal: its end is missing.
        """
        if not self._ended:
            raise _malformed()
        files, texts = {}, {}
        for name, (is_file, content) in self._parts.items():
            if is_file:
                files[name] = bytes(content)
                content.clear()  # not twice in memory
                continue
            try:
                texts[name] = content.decode()
            except UnicodeDecodeError:
                raise _malformed() from None
        return Form(files, texts)

    def _begin_part(self) -> None:
        self._disposition = ""

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value.decode("latin-1")
        self._header, self._value = bytearray(), bytearray()

    def _name_part(self) -> None:
        kind, parameters = parse_options_header(self._disposition)
        name = parameters.get(b"name", b"").decode("ascii", "replace")
        if kind != b"form-data" or not name:
            raise _malformed()
        is_file = b"filename" in parameters
        possible = self._fields.files if is_file else self._fields.texts
        if name not in self._fields.files | self._fields.texts:
            known = ", ".join(sorted(self._fields.files | self._fields.texts))
            raise Refusal(
                "unknown_field",
                f"{name[:100]!a} is no field of this form; choose one of {known}.",
            )
        if name not in possible:
            wanted = "text, without a file name" if is_file else "a file, with a file name"
            raise Refusal(
                "wrong_field", f"The field {name} is not possible so; send it as {wanted}."
            )
        if name in self._parts:
            raise Refusal("duplicate_field", f"The field {name} is given twice; leave one out.")
        self._is_file, self._part = is_file, bytearray()
        self._parts[name] = is_file, self._part

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        self._part += memoryview(data)[start:end]
        if not self._is_file and len(self._part) > _LARGEST_TEXT:
            raise Refusal(
                "wrong_field", f"A text field has more than {_LARGEST_TEXT} bytes; make it shorter."
            )

    def _end(self) -> None:
        self._ended = True
