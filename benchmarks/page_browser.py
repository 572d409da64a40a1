"""The page's own server and a Chromium, for the benchmarks that look at the page."""

import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@contextlib.contextmanager
def browser_and_address() -> Iterator[tuple[Browser, str]]:
    """Starts both; both end afterwards."""
    command = [sys.executable, "-m", "dim_tf", "page", "--nobrowser", "--port=0"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        sync_playwright() as playwright,
    ):
        address = re.search(r"http://\S+", server.stdout.readline())[0]
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser, address
        finally:
            browser.close()
            server.terminate()
