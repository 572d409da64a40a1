"""How tests ask the page: forms, answers, and who does the work. Without its packages they skip."""

import asyncio
import concurrent.futures
import io
import socket
import struct
import threading
import time
import zlib

import numpy as np
import pytest

for _package in ("starlette", "uvicorn", "python_multipart", "httpx"):
    pytest.importorskip(_package)

import httpx
import uvicorn
from starlette.testclient import TestClient

from dim_tf.config import MattingConfig, ServingConfig, with_values
from dim_tf.page.application import Page
from dim_tf.page.refusals import refusal_of
from dim_tf.page.work import Bench, StoppedError, code_of
from dim_tf.pictures.writing import encode_png
from tests.library.conftest import MASK, PHOTO, TRIMAP

ADDRESS = "http://127.0.0.1:8000"
# The page's settings, where a test does not say others.
SERVED = ServingConfig(upload_megabytes=1.0, max_input_megapixels=1.0, queue=3)
PHOTO_FILE, MASK_FILE, TRIMAP_FILE = map(encode_png, (PHOTO, MASK, TRIMAP))


def form(photo=PHOTO_FILE, **others):
    """The files and texts of a form, as httpx takes them."""
    fields = {"photo": photo, **others}
    return {
        name: (None, value) if isinstance(value, str) else (f"{name}.png", value)
        for name, value in fields.items()
        if value is not None
    }


def numbers_of(png):
    """The numbers of a PNG's content, RGBA."""
    import cv2

    numbers = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if numbers.ndim == 2:
        return numbers
    four = numbers.shape[2] == 4
    return cv2.cvtColor(numbers, cv2.COLOR_BGRA2RGBA if four else cv2.COLOR_BGR2RGB)


class InThread:
    """Does the jobs in a thread of this process; may be told to wait or to fail."""

    def __init__(self, bench):
        self.model = "ready"
        self.bench = bench
        self.done = []
        self.may_work = threading.Event()
        self.may_work.set()
        self.working = threading.Event()
        self.failing = None

    async def start(self):
        pass

    async def end(self):
        self.may_work.set()

    async def do(self, job, place):
        def told(*step):
            place.told(*step)
            self.working.set()
            while not self.may_work.wait(0.01):
                if place.stopped.is_set():
                    raise StoppedError
            if place.stopped.is_set():
                raise StoppedError

        def work():
            if self.failing:
                raise self.failing
            return self.bench.do(job, told)

        try:
            done = await asyncio.to_thread(work)
        except StoppedError:
            raise place.refusal() from None
        except Exception as error:
            raise refusal_of(code_of(error), str(error)) from None
        finally:
            self.working.clear()
        self.done.append(job)
        return done


@pytest.fixture
def worker(tiny_model):
    model = concurrent.futures.Future()
    model.set_result(tiny_model)
    return InThread(Bench(model, MattingConfig(post_process="none"), 1.0))


@pytest.fixture
def page_with(worker):
    """The page with these settings."""

    def make(**settings):
        return Page(worker, with_values(SERVED, **settings))

    return make


@pytest.fixture
def client(page_with):
    with TestClient(page_with().application, ADDRESS) as client:
        yield client


@pytest.fixture
def ask(client):
    """Sends a form; the answer has a status, or is one that a program can read."""

    def send(path="/api/matte", status=200, **fields):
        answer = client.post(path, files=form(**fields))
        assert answer.status_code == status, answer.text[:500]
        if status == 200:
            return answer
        return check_refusal(answer)

    return send


def check_refusal(answer):
    """The JSON of a refusal, which has all its parts and sentences."""
    refusal = answer.json()
    assert set(refusal) == {"error", "what_to_do", "code"}, refusal
    for sentence in (refusal["error"], refusal["what_to_do"]):
        assert (
            sentence.endswith((".", "?")) and "--alpha" not in sentence and "--rgb" not in sentence
        )
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert answer.headers["cache-control"] == "no-store"
    return refusal


@pytest.fixture
def served(page_with):
    """The page behind a real server in a thread: its port, by settings."""
    servers = []

    def start(**settings):
        page = page_with(**settings)
        server = uvicorn.Server(
            uvicorn.Config(
                page.application, port=0, http="h11", log_config=None, log_level="critical"
            )
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        servers.append((server, thread))
        start.pages.append(page)
        until(lambda: server.started)
        return server.servers[0].sockets[0].getsockname()[1]

    start.pages = []
    yield start
    for server, thread in servers:
        server.should_exit = server.force_exit = True
        thread.join(10)


def send_raw(port, path, **fields):
    """A connection on which a form was sent and whose answer was not read."""
    request = httpx.Request("POST", f"http://127.0.0.1:{port}{path}", files=form(**fields))
    body = request.read()
    lines = [
        f"POST {path} HTTP/1.1",
        *(f"{name}: {text}" for name, text in request.headers.items()),
    ]
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    return connection


def read_raw(connection):
    """A refusal as it comes, to its end."""
    answer = b""
    while not answer.endswith(b"}"):
        piece = connection.recv(10_000)
        if not piece:
            break
        answer += piece
    return answer.decode()


def until(holds, seconds=20):
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.01)


def as_file(image, kind, **options):
    """A Pillow picture as the content of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def bomb(width, height):
    """A PNG of a few bytes that claims to be large."""

    def chunk(name, content):
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*part)
        for part in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100_000))), (b"IEND", b""))
    )


def in_own_loop(coroutine):
    """What a coroutine returns, whether or not a loop runs in this thread, as Playwright's does."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
