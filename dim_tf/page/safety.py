"""Who may ask, and what a browser may do with an answer.

A page that listens on this machine can be reached by every site that the browser shows. So a
request has to name this machine (a site can give its own name this machine's address: DNS
rebinding), and must not come from another site's page.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dim_tf.page.answers import refusal_answer
from dim_tf.page.refusals import Refusal
from dim_tf.system.errors import InputError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# To listen at; no browser should call anything by these.
_ALL_ADDRESSES = frozenset({"0.0.0.0", "::", ""})
_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'; object-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
# What belongs to the interface: no link of another site leads there, and nothing keeps its answers.
API = "/api/"


class Guarded:
    """An application that answers only who may ask, and tells browsers to be careful."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        """Guards an application.

        Args:
            app: the application.
            hosts: names and addresses by which it may be called beside localhost.
        """
        self._app = app
        named = {_in_one_spelling(host.strip("[]").lower()) for host in hosts}
        self._hosts = (_LOOPBACK | named) - _ALL_ADDRESSES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or hands it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            self._check(scope)
        except Refusal as refusal:
            await refusal_answer(refusal)(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _name_of(hosts[0]) not in self._hosts:
            raise Refusal(
                "foreign_host",
                f"The header Host does not name this page ({', '.join(hosts)[:100]!a}); open it "
                "at the address that was printed, or allow the name with dim-tf page "
                "--allowed_hosts.",
            )
        origins = headers.getlist("origin")
        if not all(_is_origin_of(origin, hosts[0]) for origin in origins):
            raise _foreign_origin()
        site = headers.get("sec-fetch-site", "none")
        # A link to the page itself may stand anywhere.
        follows_link = (
            headers.get("sec-fetch-mode") == "navigate"
            and scope["method"] in ("GET", "HEAD")
            and not scope["path"].startswith(API)
        )
        if site not in ("same-origin", "none") and not follows_link:
            raise _foreign_origin()


def allowed_host(given: str) -> str:
    """A name of `--allowed_hosts` as browsers send it in the header Host.

    Raises:
        InputError: it is more or less than a name or an address, and no header would have it.
    """
    name = _in_one_spelling(_in_ascii(given.strip().removeprefix("[").removesuffix("]")))
    is_name = _HOST_NAME.fullmatch(name) or _address(name)
    if not is_name or name in _ALL_ADDRESSES:
        raise InputError(
            f"--allowed_hosts={given} is not the name of a computer alone; give its name or "
            "address without https://, port and path, such as --allowed_hosts=matte.example.org."
        )
    return name


def _foreign_origin() -> Refusal:
    return Refusal(
        "foreign_origin", "Another site's page asked; open the page of this program instead."
    )


def _name_of(host: str) -> str | None:
    """The name or address in a header Host, without its port; None of what is none."""
    try:
        parts = urlsplit(f"//{host}")
        named = parts.hostname, parts.port  # a port that is none raises
    except ValueError:
        return None
    if parts.netloc != host or "@" in host or named[0] is None:
        return None
    return _in_one_spelling(named[0])


def _in_one_spelling(name: str) -> str:
    """A name in small letters, or an address, which may be written in several ways."""
    return _address(name) or name.rstrip(".")


def _address(name: str) -> str | None:
    """An address in its shortest spelling; None of what is none."""
    try:
        return str(ipaddress.ip_address(name.rstrip(".")))
    except ValueError:
        return None


def _in_ascii(name: str) -> str:
    """A name in small letters as browsers send it: labels with other letters in Punycode."""
    labels = unicodedata.normalize("NFKC", name.lower()).replace("。", ".").split(".")
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels
    )


def _is_origin_of(origin: str, host: str) -> bool:
    """Whether a header Origin names the host that was asked."""
    scheme, separator, named = origin.partition("://")
    if separator != "://" or scheme not in ("http", "https"):
        return False
    default = {"http": ":80", "https": ":443"}[scheme]
    return named.lower().removesuffix(default) == host.lower().removesuffix(default)
