"""Starts the page and ends it."""

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator

import uvicorn

from dim_tf.config import MattingConfig, ServingConfig
from dim_tf.page.application import Page
from dim_tf.page.worker import Worker
from dim_tf.system.errors import InputError
from dim_tf.system.signals import signals_to_end

# Connections at once, of which each may hold some memory.
_MOST_CONNECTIONS = 500
# So long answers may take that are on their way when the page is ended, seconds.
_SECONDS_TO_END = 2


def serve(serving: ServingConfig, matting: MattingConfig) -> None:
    """Serves the page until Ctrl-C, SIGTERM or SIGHUP.

    Args:
        serving: where, and how much it takes.
        matting: how mattes are made.

    Raises:
        InputError: nothing can listen there, or nobody could ask by a name that is to be allowed.
        KeyboardInterrupt: it was ended.
    """
    page = Page(Worker(matting, serving.max_input_megapixels), serving)
    listening = _listening(serving)
    # Of a malformed form its reader logs bytes, which may be of a picture.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    config = uvicorn.Config(
        page.application,
        http="h11",
        ws="none",
        lifespan="on",
        loop="asyncio",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_SECONDS_TO_END,
    )
    address = _address(serving.host, listening)
    print(f"The page is at {address} (Ctrl-C ends it).", flush=True)
    if serving.browser:
        _open_browser(address)
    with listening:
        asyncio.run(_Server(config, page).serve([listening]))


class _Server(uvicorn.Server):
    """A server that answers whoever waits before it ends."""

    def __init__(self, config: uvicorn.Config, page: Page) -> None:
        super().__init__(config)
        self._page = page

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends it in order after SIGHUP as well, which uvicorn does not know."""
        with super().capture_signals():
            before = {
                number: signal.signal(number, self.handle_exit) for number in signals_to_end()
            }
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends it."""
        self._page.close()
        await super().shutdown(sockets)


def _listening(serving: ServingConfig) -> socket.socket:
    """A socket that takes connections already: the browser may come before the program is ready.

    Raises:
        InputError: there can be none.
    """
    host, port = serving.host, serving.port
    try:
        family, *_, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, UnicodeError, OverflowError) as error:
        number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        raise InputError(
            f"Port {port} of {host} is taken, perhaps by another page; give another one, such as "
            f"--port={port % 65_535 + 1}, or --port=0 for any that is free."
        )
    if number in (errno.EACCES, errno.EPERM):
        raise InputError(
            f"Port {port} may not be listened at by you; give one from 1024 on, such as "
            "--port=8000."
        )
    raise InputError(
        f"--host={host} is no address of this machine; leave it out for this machine alone, or "
        "give --host=0.0.0.0 for all its addresses."
    )


def _address(host: str, listening: socket.socket) -> str:
    """What to type into a browser on this machine."""
    port = listening.getsockname()[1]
    named = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)
    named = f"[{named}]" if ":" in named and not named.startswith("[") else named
    return f"http://{named}:{port}"


def _open_browser(address: str) -> None:
    """Opens the page where there is a desktop; one in the terminal would be in the way."""
    has_desktop = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if has_desktop:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
