"""Places in line: how many, in which order, what is told of them, and how they are left."""

import asyncio
import contextlib
import socket
import threading
import time

import httpx
import pytest

from dim_tf.page.answers import PictureAnswer
from dim_tf.page.line import Line
from dim_tf.page.work import Done
from tests.page.asking import (
    MASK_FILE,
    PHOTO_FILE,
    check_refusal,
    form,
    in_own_loop,
    read_raw,
    send_raw,
    until,
)

pytestmark = pytest.mark.xdist_group("page")


@pytest.fixture(autouse=True)
def little_is_thrown_away(monkeypatch):
    monkeypatch.setattr("dim_tf.page.uploads._SECONDS_DISCARDING", 0.2)


HEAD = (
    "POST /api/photo HTTP/1.1\r\nHost: localhost\r\n"
    "Content-Type: multipart/form-data; boundary=B\r\n"
)


class Asking(threading.Thread):
    """A request on its own connection."""

    def __init__(self, port, path="/api/matte", **fields):
        super().__init__(daemon=True)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
        self.path, self.fields, self.answer = path, {"mask": MASK_FILE} | fields, None
        self.start()

    def run(self):
        self.answer = self.client.post(self.path, files=form(**self.fields))


def get(port, path):
    return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5)


def state_of(port, number):
    answer = get(port, f"/api/requests/request-{number}")
    return answer.json() if answer.status_code == 200 else None


def test_places_are_told_and_kept_in_order(served, worker):
    port = served(queue=3)
    worker.may_work.clear()
    asking = []
    for number, output in enumerate(("matte", "trimap", "cutout")):
        asking.append(Asking(port, f"/api/matte?output={output}&request=request-{number}"))
        until(lambda number=number: state_of(port, number))
    until(worker.working.is_set)
    assert [state_of(port, number)["place"] for number in range(3)] == [0, 1, 2]
    assert [state_of(port, number)["state"] for number in range(3)] == [
        *("working", "waiting", "waiting")
    ]
    assert state_of(port, 0)["step"] == "reading" and state_of(port, 0)["of"] == 1
    assert get(port, "/api/status").json()["waiting"] == 2
    full = httpx.post(f"http://127.0.0.1:{port}/api/matte", files=form(mask=MASK_FILE), timeout=5)
    assert full.status_code == 429 and check_refusal(full)["code"] == "queue_full"
    assert int(full.headers["retry-after"]) > 0
    order = []
    original = worker.bench.do
    worker.bench.do = lambda job, told: order.append(job.output) or original(job, told)
    worker.may_work.set()
    for request in asking:
        request.join(20)
        assert request.answer.status_code == 200
    assert order == ["trimap", "cutout"]
    assert get(port, "/api/status").json()["waiting"] == 0
    assert all(state_of(port, number) is None for number in range(3))


def test_nobody_is_before_the_only_one_who_sends(served):
    port = served()
    head = HEAD.replace("/api/photo", "/api/photo?request=request-0")
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(f"{head}Content-Length: 1000\r\n\r\n--B".encode())
        until(lambda: state_of(port, 0))
        assert state_of(port, 0)["state"] == "waiting" and state_of(port, 0)["place"] == 0


def test_a_place_that_is_left_keeps_the_id_of_another():
    async def leave():
        line = Line(2)
        with line.place("request-0") as first:
            async with line.turn(first):
                pass
            second = line.place("request-0")
            second.__enter__()
        return line.state_of("request-0")

    assert in_own_loop(leave())["state"] == "waiting"


def test_an_id_belongs_to_one_request(served, worker):
    port = served()
    worker.may_work.clear()
    Asking(port, "/api/matte?request=request-0")
    until(worker.working.is_set)
    again = httpx.post(
        f"http://127.0.0.1:{port}/api/matte?request=request-0",
        files=form(mask=MASK_FILE),
        timeout=5,
    )
    assert again.status_code == 400 and check_refusal(again)["code"] == "request_in_use"


def test_one_who_is_gone_is_not_worked_for(served, worker):
    port = served()
    worker.may_work.clear()
    working = send_raw(port, "/api/matte?request=request-0", mask=MASK_FILE)
    until(worker.working.is_set)
    waiting = send_raw(port, "/api/matte?request=request-1", mask=MASK_FILE)
    until(lambda: state_of(port, 1))
    waiting.close()
    until(lambda: state_of(port, 1) is None)
    working.close()
    until(lambda: state_of(port, 0) is None and not worker.working.is_set())
    worker.may_work.set()
    last = Asking(port)
    last.join(20)
    assert last.answer.status_code == 200 and len(worker.done) == 1


def test_work_that_takes_too_long(served, worker):
    port = served(seconds=0.2)
    worker.may_work.clear()
    asking = Asking(port)
    asking.join(20)
    assert asking.answer.status_code == 503
    assert check_refusal(asking.answer)["code"] == "too_long"
    worker.may_work.set()
    again = Asking(port, "/api/matte?output=trimap")
    again.join(20)
    assert again.answer.status_code == 200


def test_who_is_in_line_is_told_when_the_page_is_ended(worker, served):
    port = served()
    worker.may_work.clear()
    working, waiting = Asking(port), Asking(port)
    until(lambda: get(port, "/api/status").json()["waiting"] == 1)
    served.pages[0].close()
    for request in (working, waiting):
        request.join(20)
        assert request.answer.status_code == 503
        assert check_refusal(request.answer)["code"] == "stopping"
    late = Asking(port)
    late.join(20)
    assert check_refusal(late.answer)["code"] == "stopping"


# Uploads that are no uploads


def test_a_slow_upload_holds_up_nobody_and_is_given_up(served, monkeypatch):
    monkeypatch.setattr("dim_tf.page.uploads._STALLED_SECONDS", 0.5)
    port = served()
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(f"{HEAD}Content-Length: 1000\r\n\r\n--B".encode())
        asking = Asking(port)
        asking.join(20)
        assert asking.answer.status_code == 200
        answer = read_raw(slow)
        assert answer.startswith("HTTP/1.1 400") and '"code":"upload_too_slow"' in answer


def test_a_trickle_is_given_up(served, monkeypatch):
    monkeypatch.setattr("dim_tf.page.uploads._SECONDS_AT_LEAST", 0.5)
    port = served()
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.settimeout(0.02)
        slow.sendall(f"{HEAD}Content-Length: 1000000\r\n\r\n--B\r\n".encode())
        answer, end = "", time.monotonic() + 20
        while not answer and time.monotonic() < end:
            slow.sendall(b"A")
            with contextlib.suppress(TimeoutError):
                answer = read_raw(slow)
        assert '"code":"upload_too_slow"' in answer


def test_an_endless_body_without_a_length(served):
    port = served(upload_megabytes=0.2)
    piece = bytes(50_000)
    head = b'--B\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
    with socket.create_connection(("127.0.0.1", port)) as endless:
        endless.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        endless.sendall(f"{len(head):x}\r\n".encode() + head + b"\r\n")
        endless.settimeout(10)
        answers = []
        reading = threading.Thread(target=lambda: answers.append(read_raw(endless)))
        reading.start()
        while reading.is_alive():
            try:
                endless.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            except OSError:
                break
        reading.join(10)
    assert answers and " 413 " in answers[0] and '"code":"too_many_bytes"' in answers[0]


def test_an_upload_that_breaks_off_leaves_its_place(served):
    port = served(queue=1)
    with socket.create_connection(("127.0.0.1", port)) as broken:
        broken.sendall(f"{HEAD}Content-Length: 1000\r\n\r\n--B".encode())
        until(lambda: get(port, "/api/status").json()["waiting"] == 1)
    until(lambda: get(port, "/api/status").json()["waiting"] == 0)


def test_one_who_does_not_read_the_answer_loses_it(served, monkeypatch):
    monkeypatch.setattr("dim_tf.page.answers._SECONDS_A_PIECE", 0.3)
    from dim_tf.page import answers

    original = answers.PictureAnswer.__init__

    def large(self, done, name):
        original(self, done._replace(content=bytes(50_000_000)), name)

    monkeypatch.setattr(answers.PictureAnswer, "__init__", large)
    port = served(queue=1)
    body = (
        b'--B\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
        + PHOTO_FILE
        + b"\r\n--B--\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as deaf:
        deaf.sendall(f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        full = until_answered(port)
        assert full.status_code == 200


@pytest.mark.parametrize("reads_on", [False, True])
def test_one_who_reads_slowly_on_the_whole_loses_the_answer(monkeypatch, reads_on):
    monkeypatch.setattr("dim_tf.page.uploads._SECONDS_AT_LEAST", 0.3)
    monkeypatch.setattr("dim_tf.page.uploads._LEAST_BYTES_A_SECOND", 20_000 if reads_on else 1e12)
    sent = []

    async def send(message):
        sent.append(message)
        await asyncio.sleep(0.05)  # each piece comes in time

    answer = PictureAnswer(Done(bytes(20 * 2**18), []), "matte")
    in_own_loop(answer({"type": "http"}, None, send))
    assert (len(sent) == 1 + 20) == reads_on
    assert sent[-1]["more_body"] != reads_on


def until_answered(port):
    """The answer of the first request that finds a place."""
    end = time.monotonic() + 20
    while True:
        asking = Asking(port, "/api/photo", mask=None)
        asking.join(20)
        if asking.answer is not None and asking.answer.status_code != 429:
            return asking.answer
        assert time.monotonic() < end
        time.sleep(0.05)


def test_thirty_two_at_once_are_all_answered(served):
    port = served(queue=8)
    asking = [Asking(port, "/api/matte?output=trimap") for _ in range(32)]
    statuses = []
    for request in asking:
        request.join(60)
        statuses.append(request.answer.status_code)
        if request.answer.status_code != 200:
            assert check_refusal(request.answer)["code"] == "queue_full"
    assert set(statuses) <= {200, 429} and statuses.count(200) >= 8
