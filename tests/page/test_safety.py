"""Who may ask, and what a browser may do with an answer."""

import re

import pytest
from starlette.testclient import TestClient

from dim_tf.page.answers import STATIC
from dim_tf.system.errors import InputError
from tests.page.asking import ADDRESS, MASK_FILE, check_refusal, form

pytestmark = pytest.mark.xdist_group("page")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:8000", "localhost", "LOCALHOST:1", "localhost.", "[::1]:8000"),
        *("[0:0:0:0:0:0:0:1]", "192.168.1.5:8000", "matte.example.org", "Matte.Example.org:443"),
    ],
)
def test_own_hosts(page_with, host):
    page = page_with(host="192.168.1.5", allowed_hosts=("matte.example.org",))
    client = TestClient(page.application, ADDRESS)
    assert client.get("/api/status", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "allowed, host",
    [
        ("Matte.Example.org.", "matte.example.org:8000"),
        ("müller.example", "xn--mller-kva.example"),
        ("STRASSE.straße.example", "strasse.xn--strae-oqa.example"),
        ("例子。example", "xn--fsqu00a.example"),
        ("fd00:0:0:0:0:0:0:5", "[fd00::5]:8000"),
        ("[FD00::5]", "[fd00:0:0::5]"),
        ("my_machine", "my_machine"),
        (" 192.168.1.5", "192.168.1.5"),
    ],
)
def test_allowed_hosts_are_known_however_they_are_written(page_with, allowed, host):
    client = TestClient(page_with(allowed_hosts=(allowed,)).application, ADDRESS)
    assert client.get("/api/status", headers={"host": host}).status_code == 200


def test_an_address_to_listen_at_is_known_however_it_is_written(page_with):
    client = TestClient(page_with(host="fd00:0:0:0:0:0:0:5").application, ADDRESS)
    assert client.get("/api/status", headers={"host": "[fd00::5]:8000"}).status_code == 200


@pytest.mark.parametrize(
    "allowed",
    [
        *("192.168.1.5:8000", "https://matte.example.org", "matte.example.org/page", "a@b", ""),
        *("*.example.org", "two names", "[fd00::5]:8000", "matte..example.org"),
        *("0.0.0.0", "::"),
    ],
)
def test_what_no_header_would_have_is_not_allowed(page_with, allowed):
    with pytest.raises(InputError, match="is not the name of a computer alone; give its name"):
        page_with(allowed_hosts=(allowed,))


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evillocalhost"),
        *("", "user@localhost", "localhost:port", "localhost/evil", "127.0.0.2", "[::1", "0.0.0.0"),
        *("localhost,evil.example", "localhost evil", "[::ffff:127.0.0.1]", "2130706433"),
        "xn--lcalhost-c6a",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/status", "/static/index.html"])
def test_foreign_hosts(client, host, path):
    answer = client.get(path, headers={"host": host})
    assert answer.status_code == 400
    assert check_refusal(answer)["code"] == "foreign_host"


def test_every_address_is_no_name(page_with):
    client = TestClient(page_with(host="0.0.0.0").application, ADDRESS)
    for host, status in (("0.0.0.0:8000", 400), ("192.168.1.5", 400), ("localhost:8000", 200)):
        assert client.get("/api/status", headers={"host": host}).status_code == status


def test_two_hosts(client):
    answer = client.get("/", headers=[("host", "localhost"), ("host", "evil.example")])
    assert check_refusal(answer)["code"] == "foreign_host"


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"origin": ADDRESS}, 200),
        ({"origin": "http://127.0.0.1:8001"}, 403),
        ({"origin": "http://localhost:8000"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "file://127.0.0.1:8000"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": ADDRESS}, 403),
    ],
)
def test_other_sites_pages(client, worker, headers, status):
    for answer in (
        client.get("/api/status", headers=headers),
        client.post("/api/matte", files=form(mask=MASK_FILE), headers=headers),
    ):
        assert answer.status_code == status
        if status == 403:
            assert check_refusal(answer)["code"] == "foreign_origin"
    assert len(worker.done) == (status == 200)


def test_a_link_to_the_page_may_stand_anywhere(client):
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=link).status_code == 200
    assert client.post("/", headers=link).status_code == 403
    picture = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert client.get("/static/index.html", headers=picture).status_code == 403


def test_a_page_behind_https(page_with):
    page = page_with(allowed_hosts=("matte.example.org",))
    client = TestClient(page.application, "http://matte.example.org")
    for origin, status in (
        ("https://matte.example.org", 200),
        ("https://matte.example.org:443", 200),
        ("https://matte.example.org:8443", 403),
    ):
        assert client.get("/api/status", headers={"origin": origin}).status_code == status


def test_headers_of_every_answer(client):
    for path in ("/", "/docs", "/docs.css", "/openapi.json", "/api/status", "/nothing"):
        headers = client.get(path).headers
        policy = dict(
            part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == policy["script-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in headers if name.startswith("access-control")]
        assert "server" not in headers


def test_what_is_kept(client):
    assert client.get("/api/status").headers["cache-control"] == "no-store"
    picture = client.post("/api/matte", files=form(mask=MASK_FILE))
    assert picture.headers["cache-control"] == "no-store"
    for path in ("/", "/docs", "/docs.css", "/static/index.html"):
        answer = client.get(path)
        assert answer.headers["cache-control"] == "no-cache"
        again = client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304 and not again.content


def test_files_of_the_page(client):
    files = [path for path in STATIC.rglob("*") if path.is_file()]
    assert files
    for path in files:
        answer = client.get(f"/static/{path.relative_to(STATIC).as_posix()}")
        assert answer.content == path.read_bytes()
        if path.suffix == ".js":
            assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert client.get("/").content == (STATIC / "index.html").read_bytes()


def test_documents_load_nothing_from_elsewhere(client):
    for path in ("/", "/docs"):
        text = client.get(path).text
        for link in re.findall(r'(?:src|href|action)="([^"]*)"', text):
            assert link.startswith(("/", "#", "static/")) and not link.startswith("//"), link
        assert " style=" not in text and not re.search(r"<script(?![^>]*src=)[^>]*>", text)
        assert not re.search(r"\son\w+=", text)
