"""What the page says to who asks it, and to who starts it."""

import importlib.metadata
import importlib.util
import re
import socket

import numpy as np
import pytest

from dim_tf.commands.words.page import show_page
from dim_tf.config import PageConfig, ServingConfig, with_values
from dim_tf.page.refusals import Refusal, refusal_of
from dim_tf.pictures.writing import encode_png
from tests.advice.provoking import flags_in, refused
from tests.advice.sentences import pattern_of

asking = pytest.importorskip("tests.page.asking")
from tests.page.asking import ask, client, page_with, served, worker  # noqa: E402, F401

MASK, PHOTO = asking.MASK_FILE, asking.PHOTO_FILE
REQUEST = "a-request-of-mine"


def advised(advice, refusal):
    """Looks for a sentence of the source in a refusal, which has it in two."""
    wrong, what_to_do = advice.split("; ", 1)
    for piece, sentence in ((wrong, refusal["error"]), (what_to_do, refusal["what_to_do"])):
        assert re.search(pattern_of(piece).pattern, sentence, re.IGNORECASE | re.DOTALL), sentence
    return refusal


@pytest.mark.parametrize(
    "advice, query, fields, better_query, better",
    [
        (
            "Of mask, trimap and rectangle {} are given; give one of them.",
            *("", {"mask": MASK, "trimap": asking.TRIMAP_FILE}),
            *("", {"mask": MASK}),
        ),
        (
            "The field photo is missing; send the photo as a file.",
            *("", {"photo": None, "mask": MASK}),
            *("", {"photo": PHOTO, "mask": MASK}),
        ),
        (
            "The field background belongs to output=composite; give both, or neither of them.",
            *("", {"mask": MASK, "background": "white"}),
            *("output=composite", {"mask": MASK, "background": "white"}),
        ),
        (
            "The field background belongs to output=composite; give both, or neither of them.",
            *("output=composite", {"mask": MASK}),
            *("", {"mask": MASK}),
        ),
        (
            "background={} is no colour; give one such as white or #20a050, or a picture as a file",
            *("output=composite", {"mask": MASK, "background": "greenish"}),
            *("output=composite", {"mask": MASK, "background": "#20a050"}),
        ),
        (
            "background={} is no colour; give one such as white or #20a050, or a picture as a file",
            *("output=composite", {"mask": MASK, "background": "photo.png"}),
            *("output=composite", {"mask": MASK, "background": PHOTO}),
        ),
        (
            "The parameter request is no id; give 8 to 64 letters, digits and hyphens.",
            *("request=mine", {"mask": MASK}),
            *(f"request={REQUEST}", {"mask": MASK}),
        ),
        (
            "The parameter {} is given twice; leave one out.",
            *("bits=8&bits=16", {"mask": MASK}),
            *("bits=16", {"mask": MASK}),
        ),
        (
            "The parameter {} has no value; leave it out.",
            *("bits=", {"mask": MASK}),
            *("", {"mask": MASK}),
        ),
        (
            "{} is no parameter of this address; {}.",
            *("bit=8", {"mask": MASK}),
            *("bits=8", {"mask": MASK}),
        ),
        (
            "The field {} is not possible so; send it as {}.",
            *("", {"mask": "mask.png"}),
            *("", {"mask": MASK}),
        ),
        (
            "The field {} is not possible so; send it as {}.",
            *("", {"rectangle": b"auto"}),
            *("", {"rectangle": "auto"}),
        ),
        (
            "{} is no field of this form; choose one of {}.",
            *("", {"alpha": MASK}),
            *("", {"mask": MASK}),
        ),
        (
            "A text field has more than {} bytes; make it shorter.",
            *("", {"rectangle": "10,8,84,70" + " " * 2_000}),
            *("", {"rectangle": "10,8,84,70"}),
        ),
    ],
)
def test_what_a_form_lacks(ask, advice, query, fields, better_query, better):  # noqa: F811
    path = "/api/matte?output=trimap&" if "output" not in query + better_query else "/api/matte?"
    advised(advice, ask(f"{path}{query}", 400, **fields))
    ask(f"{path}{better_query}", **better)


def test_a_form_is_one(client, ask):  # noqa: F811
    for advice, kind in (
        ("The request is not multipart/form-data; send the photo as the file of a form.", "x/y"),
        (
            "The form is malformed or ends early; send it as multipart/form-data.",
            "multipart/form-data; boundary=B",
        ),
    ):
        answer = client.post("/api/photo", content=PHOTO, headers={"content-type": kind})
        advised(advice, answer.json())
    ask("/api/photo")


def test_a_field_once(client):  # noqa: F811
    files = [("photo", ("a", PHOTO)), ("photo", ("a", PHOTO))]
    advice = "The field {} is given twice; leave one out."
    advised(advice, client.post("/api/photo", files=files).json())
    assert client.post("/api/photo", files=files[:1]).status_code == 200


def test_smaller_files_or_a_higher_limit(ask, page_with):  # noqa: F811
    advice = (
        "The upload is larger than {} megabytes; make the files smaller (to raise the limit: "
        "dim-tf page --upload_megabytes)."
    )
    large = encode_png(np.random.default_rng(1).integers(0, 256, (600, 600, 3), np.uint8))
    refusal = advised(advice, ask("/api/photo", 413, photo=large))
    ask("/api/photo")
    (flag,) = re.findall(r"--(\w+)", refusal["what_to_do"])
    with asking.TestClient(page_with(**{flag: 2.0}).application, asking.ADDRESS) as other:
        assert other.post("/api/photo", files=asking.form(photo=large)).status_code == 200


def test_where_to_look(client):  # noqa: F811
    advised("There is nothing at this address; look at /docs.", client.get("/x").json())
    advised("{} is not possible here; look at /docs.", client.put("/").json())
    assert client.get("/docs").status_code == 200


def test_a_parameter_where_there_are_none(client):  # noqa: F811
    answer = client.get("/api/status?bits=8")
    assert answer.json()["what_to_do"].lower().startswith("leave it out")
    assert client.get("/api/status").status_code == 200


def test_who_may_ask(client, page_with):  # noqa: F811
    advice = (
        "The header Host does not name this page ({}); open it at the address that was printed, "
        "or allow the name with dim-tf page --allowed_hosts."
    )
    name = {"host": "matte.example.org"}
    refusal = advised(advice, client.get("/", headers=name).json())
    assert client.get("/").status_code == 200
    (flag,) = re.findall(r"--(\w+)", refusal["what_to_do"])
    other = asking.TestClient(page_with(**{flag: (name["host"],)}).application, asking.ADDRESS)
    assert other.get("/", headers=name).status_code == 200
    advice = "Another site's page asked; open the page of this program instead."
    advised(advice, client.get("/", headers={"origin": "http://example.org"}).json())
    assert client.get("/", headers={"origin": asking.ADDRESS}).status_code == 200


def test_places_in_line(served, worker, monkeypatch):  # noqa: F811
    port = served(queue=1)
    worker.may_work.clear()
    with asking.send_raw(port, f"/api/photo?request={REQUEST}") as first:
        asking.until(worker.working.is_set)
        address = f"http://127.0.0.1:{port}"
        send = {"files": asking.form(), "timeout": 20}
        again = asking.httpx.post(f"{address}/api/photo?request={REQUEST}", **send)
        advised("A request of this id is not answered yet; give another id.", again.json())
        full = asking.httpx.post(f"{address}/api/photo", **send)
        advised("{} requests are in line already; try again in a few seconds.", full.json())
        worker.may_work.set()
        assert first.recv(100).startswith(b"HTTP/1.1 200")
        while first.recv(100_000).find(b"IEND") < 0:
            pass
    state = asking.httpx.get(f"{address}/api/requests/{REQUEST}").json()
    advised("No request of this id waits for an answer; look at its answer.", state)
    assert asking.httpx.post(f"{address}/api/photo", **send).status_code == 200


def test_an_upload_that_takes_too_long(served, monkeypatch):  # noqa: F811
    monkeypatch.setattr("dim_tf.page.uploads._STALLED_SECONDS", 0.2)
    monkeypatch.setattr("dim_tf.page.uploads._SECONDS_DISCARDING", 0.1)
    port = served()
    head = "Host: localhost\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: 9"
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(f"POST /api/photo HTTP/1.1\r\n{head}\r\n\r\n".encode())
        answer = asking.read_raw(slow)
    assert pattern_of("The upload took too long").search(answer)
    assert "Send it again, or smaller files." in answer
    assert pattern_of("The upload took too long; send it again, or smaller files.")
    address = f"http://127.0.0.1:{port}/api/photo"
    assert asking.httpx.post(address, files=asking.form(), timeout=20).status_code == 200


@pytest.mark.parametrize(
    "code, advice",
    [
        ("stopped", "Nobody waits for this any more; ask again."),
        (
            "too_long",
            "This took longer than the page allows; give a smaller photo, or ask again.",
        ),
        ("out_of_memory", "There is not enough memory for this; give a smaller photo."),
        ("model_failed", "The network cannot be loaded ({}); start the page again with other"),
        ("stopping", "The page is being ended; start it again with dim-tf page."),
        (
            "worker_died",
            "The process that computes died, perhaps for lack of memory; give a smaller photo, or "
            "try again.",
        ),
    ],
)
def test_what_the_work_ended_with(ask, worker, code, advice):  # noqa: F811
    async def fail(job, place):
        raise refusal_of(code, "weights.npz is damaged.")

    original, worker.do = worker.do, fail
    advised(advice, ask("/api/photo", 503))
    worker.do = original
    ask("/api/photo")


def test_another_picture(ask):  # noqa: F811
    empty = encode_png(np.zeros((90, 120), np.uint8))
    assert ask("/api/matte?output=trimap", 422, trimap=empty)["what_to_do"]
    ask("/api/matte?output=trimap", trimap=asking.TRIMAP_FILE)
    # Where the sentence does not say it.
    kinds = ask("/api/photo", 415, photo=b"text")
    assert kinds["what_to_do"] == "Give a picture of such a kind." and "PNG, JPEG" in kinds["error"]
    assert Refusal("unusable", "the photo is damaged.").what_to_do == "Give another picture."


# Who starts it


@pytest.fixture
def served_with(monkeypatch):
    """The settings with which the page would be served."""
    from dim_tf.page import serving

    seen = []
    monkeypatch.setattr(serving.asyncio, "run", lambda work: (seen.append(1), work.close()))

    def call(*flags):
        from dim_tf.config.flags import config_from_arguments

        config = config_from_arguments(PageConfig, ["--nobrowser", *flags])
        serving.serve(config.serving, config.matting)
        return seen

    return call


def test_a_port_that_is_taken(served_with):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = refused(
            "Port {} of {} is taken, perhaps by another page; give another one, such as --port={}, "
            "or --port=0 for any that is free.",
            *(served_with, f"--port={port}"),
        )
        for flag in flags_in(sentence):
            assert flag in (f"--port={port + 1}", "--port=0")
            assert served_with("--port=0" if "=0" in flag else flag)


def test_an_address_of_another_machine(served_with):
    sentence = refused(
        "--host={} is no address of this machine; leave it out for this machine alone, or give "
        "--host=0.0.0.0 for all its addresses.",
        *(served_with, "--host=203.0.113.7", "--port=0"),
    )
    assert served_with("--port=0")
    assert served_with(flags_in(sentence)[-1], "--port=0")


def test_the_name_of_a_computer_alone(served_with):
    sentence = refused(
        "--allowed_hosts={} is not the name of a computer alone; give its name or address without "
        "https://, port and path, such as --allowed_hosts=matte.example.org.",
        *(served_with, "--allowed_hosts=https://matte.example.org:443/page", "--port=0"),
    )
    assert served_with(flags_in(sentence)[-1], "--port=0")


@pytest.mark.parametrize("installed, is_known", [("0.0.20", True), (None, True), (None, False)])
def test_packages_of_the_page(monkeypatch, installed, is_known):
    """Where nobody knows what dim_tf asks for, as in a checkout, missing ones are told."""
    version, find_spec = importlib.metadata.version, importlib.util.find_spec

    def version_of(name):
        if name != "python-multipart":
            return version(name)
        if not installed:
            raise importlib.metadata.PackageNotFoundError
        return installed

    def requirements(name):
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", version_of)
    if not is_known:
        monkeypatch.setattr(importlib.metadata, "requires", requirements)
    if not installed:
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name: None if name == "python_multipart" else find_spec(name),
        )
    sentence = refused(
        "The page needs starlette, uvicorn and python-multipart, none of them too old; install "
        "them with pip install -U starlette uvicorn python-multipart.",
        *(show_page, with_values(PageConfig(), browser=False)),
    )
    monkeypatch.undo()
    # They are those of the extra, and there.
    for name in sentence.rstrip(".").partition("pip install -U ")[2].split():
        assert importlib.util.find_spec(name.replace("-", "_"))
    assert ServingConfig().port
