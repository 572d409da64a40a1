"""A server with a narrow network, and a browser. Where either is missing, the tests skip."""

import contextlib
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dim_tf.pictures.writing import write_png
from tests.page.browser.hands import until

ROOT = Path(__file__).resolve().parents[3]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
HEIGHT, WIDTH = 90, 120
# The trimap of a photo of which nothing is marked yet.
EMPTY = np.zeros((HEIGHT, WIDTH), np.uint8)


class Server:
    """The page's server as a person starts it: a process."""

    def __init__(self, checkpoint):
        self.checkpoint = checkpoint
        self.port = 0
        self.process = None
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "dim_tf", "page", "--nobrowser", f"--port={self.port}"),
                f"--checkpoint={self.checkpoint}",
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        line = self.process.stdout.readline()
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", line)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def server(tiny_checkpoint):
    pytest.importorskip("starlette")
    pytest.importorskip("uvicorn")
    running = Server(tiny_checkpoint)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def open_page(server, browser):
    """A function that opens the page. At the end: nothing came from elsewhere, and no error."""
    errors, requests = [], []
    with contextlib.ExitStack() as contexts:

        def open_it(**settings):
            context = browser.new_context(
                **{"viewport": {"width": 1280, "height": 800}, **settings}
            )
            contexts.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda said: said.type == "error" and errors.append(said.text))
            page.on("request", lambda request: requests.append(request.url))
            page.goto(server.address)
            until(page, "Boolean(window.dimTf)")
            return page

        yield open_it
    foreign = [url for url in requests if not url.startswith((server.address, "blob:", "data:"))]
    assert foreign == []
    # Of an answer that is no success the browser says so itself; scripts and policies are others.
    assert [text for text in errors if not text.startswith("Failed to load resource")] == []


@pytest.fixture
def page(open_page):
    return open_page()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Paths of a photo of a bright disc on dark noise, and of its mask."""
    folder = tmp_path_factory.mktemp("pictures")
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    disc = np.hypot(x - 60, y - 45) < 28
    noise = np.random.default_rng(3).integers(0, 60, (HEIGHT, WIDTH, 3))
    photo = np.where(disc[..., None], (230, 150, 60), (20, 60, 90)) + noise - 30
    write_png(folder / "disc.png", np.clip(photo, 0, 255).astype(np.uint8))
    write_png(folder / "disc_mask.png", disc.astype(np.uint8) * 255)
    (folder / "words.txt").write_text("This is no picture.")
    return folder
