"""Every status, and what a program and a person are told."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from dim_tf.page.answers import refusal_answer
from dim_tf.page.refusals import REASONS, error_and_advice, in_http, refusal_of
from dim_tf.page.work import ModelError
from dim_tf.pictures.writing import encode_png
from tests.library.conftest import MASK, TRIMAP
from tests.page.asking import ADDRESS, MASK_FILE, PHOTO_FILE, TRIMAP_FILE, bomb, check_refusal, form

pytestmark = pytest.mark.xdist_group("page")


@pytest.mark.parametrize(
    "status, code, query, fields",
    [
        (400, "missing_field", "", {}),
        (400, "missing_field", "", {"photo": None, "mask": MASK_FILE}),
        (400, "missing_field", "", {"mask": MASK_FILE, "trimap": TRIMAP_FILE}),
        (400, "missing_field", "", {"mask": MASK_FILE, "rectangle": "auto"}),
        (400, "missing_field", "output=composite", {"mask": MASK_FILE}),
        (400, "missing_field", "", {"mask": MASK_FILE, "background": "white"}),
        (400, "wrong_field", "", {"mask": "white"}),
        (400, "wrong_field", "", {"rectangle": b"auto"}),
        (400, "wrong_field", "", {"rectangle": "1" * 2_000}),
        (400, "unknown_field", "", {"mask": MASK_FILE, "rgb": PHOTO_FILE}),
        (400, "bad_option", "", {"rectangle": "1,2,3"}),
        (400, "bad_option", "output=composite", {"mask": MASK_FILE, "background": "whitish"}),
        (400, "bad_option", "output=composite", {"mask": MASK_FILE, "background": "/etc/passwd"}),
        (400, "bad_option", "output=all", {"mask": MASK_FILE}),
        (400, "bad_option", "bits=12", {"mask": MASK_FILE}),
        (400, "bad_option", "trimap_kernel=0", {"mask": MASK_FILE}),
        (400, "bad_option", "trimap_kernel=wide", {"mask": MASK_FILE}),
        (400, "bad_option", "request=short", {"mask": MASK_FILE}),
        (400, "bad_option", "request=", {"mask": MASK_FILE}),
        (400, "bad_option", "label=", {"mask": MASK_FILE}),
        (400, "bad_option", "request=../../../etc", {"mask": MASK_FILE}),
        (400, "bad_option", "label=1", {"trimap": TRIMAP_FILE}),
        (400, "unknown_option", "bit=8", {"mask": MASK_FILE}),
        (400, "unknown_option", "checkpoint=/etc/passwd", {"mask": MASK_FILE}),
        (400, "unknown_option", "bits=8&bits=8", {"mask": MASK_FILE}),
        (415, "unread_kind", "", {"photo": b"", "mask": MASK_FILE}),
        (415, "unread_kind", "", {"photo": b"text", "mask": MASK_FILE}),
        (415, "unread_kind", "", {"mask": b"%PDF-1.7"}),
        (415, "unread_kind", "", {"trimap": b"<html>"}),
        (422, "unusable", "", {"photo": PHOTO_FILE[:1_000], "mask": MASK_FILE}),
        (422, "unusable", "", {"mask": encode_png(np.zeros_like(MASK))}),
        (422, "unusable", "", {"mask": encode_png(MASK[:, :50])}),
        (422, "unusable", "", {"trimap": encode_png(np.where(TRIMAP == 128, 0, TRIMAP))}),
        (422, "unusable", "", {"rectangle": "0,0,4000,4000"}),
        (422, "unusable", "label=7", {"mask": MASK_FILE}),
    ],
)
def test_what_cannot_be_answered(ask, worker, status, code, query, fields):
    refusal = ask(f"/api/matte?{query}", status, **fields)
    assert refusal["code"] == code
    assert REASONS[code].status == status
    assert (status >= 415) == bool(worker.done) or not worker.done  # others never reach the work
    told = refusal["error"] + refusal["what_to_do"]
    assert "--" not in told.replace("dim-tf page --", "")


def test_when_to_come_again_is_told_where_that_helps():
    told = {
        code for code in REASONS if "retry-after" in refusal_answer(refusal_of(code, "A.")).headers
    }
    assert told == {"queue_full", "stopping", "worker_died"}


def test_sentences_name_the_fields(ask):
    refusal = ask(status=422, mask=encode_png(MASK[:, :50]))
    assert refusal["error"] == "The photo is 120×90 pixels and the mask 50×90."
    assert refusal["what_to_do"] == "Give two pictures of the same size."
    refusal = ask(status=422, rectangle="0,0,4000,4000")
    assert refusal["error"].startswith("rectangle=0,0,4000,4000 is not inside the photo")
    assert refusal["what_to_do"].startswith("Give x,y,width,height of a rectangle")


def test_addresses_and_methods(client):
    for path in (
        "/nothing",
        "/api/matte/",
        "/static/",
        "/static/%2e%2e/refusals.py",
        "/api/requests/x",
    ):
        answer = client.get(path)
        assert answer.status_code == 404 and check_refusal(answer)["code"] == "not_found", path
    for method, path in (("GET", "/api/matte"), ("PUT", "/"), ("DELETE", "/api/status")):
        answer = client.request(method, path)
        assert answer.status_code == 405, path
        assert check_refusal(answer)["code"] == "method_not_allowed"
    assert client.get("/api/matte").headers["allow"] == "POST"


def test_nothing_but_a_form(client):
    for headers in ({}, {"content-type": "application/json"}, {"content-type": "image/png"}):
        answer = client.post("/api/matte", content=b"{}", headers=headers)
        assert answer.status_code == 415 and check_refusal(answer)["code"] == "not_multipart"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"--B",
        b"--B\r\n\r\n\r\n--B--\r\n",
        b'--B\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\nabc',
        b'--B\r\nContent-Disposition: attachment; name="photo"; filename="a"\r\n\r\n\r\n--B--',
        b'--B\r\nContent-Disposition: form-data; filename="a"\r\n\r\nabc\r\n--B--\r\n',
        b'--B\r\nContent-Disposition: form-data; name="rectangle"\r\n\r\n\xff\r\n--B--\r\n',
        b"--B\r\n" + b"A: b\r\n" * 50 + b"\r\n\r\n--B--\r\n",
        b"--B\r\nContent-Disposition: form-data; name=" + b"x" * 100_000,
        b"x" * 1_000,
    ],
)
def test_malformed_forms(client, content):
    answer = client.post(
        "/api/matte", content=content, headers={"content-type": "multipart/form-data; boundary=B"}
    )
    assert answer.status_code == 400
    assert check_refusal(answer)["code"] == "malformed_form"


@pytest.mark.parametrize("boundary", ["", ";boundary=", f";boundary={'x' * 100}"])
def test_a_boundary_is_needed(client, boundary):
    answer = client.post(
        "/api/matte", content=b"", headers={"content-type": f"multipart/form-data{boundary}"}
    )
    assert check_refusal(answer)["code"] == "malformed_form"


def test_a_field_twice_and_many_parts(client):
    def parts(names):
        return [(name, ("a", MASK_FILE)) for name in names]

    twice = client.post("/api/matte", files=parts(["mask", "mask"]))
    assert check_refusal(twice)["code"] == "duplicate_field"
    many = client.post("/api/matte", files=parts(f"field{number}" for number in range(2_000)))
    assert many.status_code in (400, 413)


# Size


def test_too_many_bytes(client, worker):
    large = form(photo=bytes(1_100_000))
    answer = client.post("/api/photo", files=large)
    assert answer.status_code == 413 and check_refusal(answer)["code"] == "too_many_bytes"

    def endless():
        yield b'--B\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
        yield from itertools.repeat(bytes(10_000), 200)

    headers = {"content-type": "multipart/form-data; boundary=B"}
    answer = client.post("/api/photo", content=endless(), headers=headers)
    assert answer.status_code == 413 and check_refusal(answer)["code"] == "too_many_bytes"
    for length in ("99999999999999999999999", "1000001"):
        answer = client.post(
            "/api/photo", content=b"", headers=headers | {"content-length": length}
        )
        assert answer.status_code == 413
    assert client.post("/api/photo", files=form(photo=PHOTO_FILE)).status_code == 200
    assert len(worker.done) == 1


@pytest.mark.parametrize("field", ["photo", "mask", "trimap", "background"])
def test_too_many_pixels(ask, field):
    fields = {"mask": MASK_FILE} if field in ("photo", "background") else {}
    output = "composite" if field == "background" else "matte"
    refusal = ask(f"/api/matte?output={output}", 413, **fields | {field: bomb(100_000, 100_000)})
    assert refusal["code"] == "too_many_pixels"
    assert refusal["error"] == (f"The {field} claims 100000×100000 pixels, more than 1 megapixels.")
    assert refusal["what_to_do"] == (
        "Make it smaller (to raise the limit: dim-tf page --max_input_megapixels)."
    )


# What is not the request's fault


@pytest.mark.parametrize(
    "error, status, code",
    [
        (MemoryError(), 503, "out_of_memory"),
        (ModelError("weights.npz is damaged."), 503, "model_failed"),
        (ZeroDivisionError("a secret of the program"), 500, "internal_error"),
    ],
)
def test_what_the_work_stumbles_over(ask, worker, error, status, code):
    worker.failing = error
    refusal = ask(status=status, mask=MASK_FILE)
    assert refusal["code"] == code and "secret" not in str(refusal)
    worker.failing = None
    ask(mask=MASK_FILE)


def test_a_mistake_of_the_server_itself_is_told_in_json(page_with, worker, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    page = page_with()
    monkeypatch.setattr(page.line, "state_of", broken)
    with TestClient(page.application, ADDRESS, raise_server_exceptions=False) as client:
        answer = client.get("/api/requests/12345678")
    assert answer.status_code == 500 and check_refusal(answer)["code"] == "internal_error"


# Whatever a form holds


pieces = st.sampled_from(
    [PHOTO_FILE, MASK_FILE, TRIMAP_FILE, PHOTO_FILE[:200], bomb(50_000, 50_000), b"", b"GIF89a"]
)
fields = st.lists(
    st.tuples(
        st.sampled_from(["photo", "mask", "trimap", "rectangle", "background", "x", ""]),
        st.one_of(
            pieces,
            st.binary(max_size=40),
            st.sampled_from(["auto", "10,8,84,70", "white", "1,1,1,1"]),
            st.text(max_size=10),
        ),
    ),
    max_size=4,
)
queries = st.lists(
    st.tuples(
        st.sampled_from(["output", "bits", "label", "invert", "trimap_kernel", "request", "x"]),
        st.one_of(
            st.sampled_from(["trimap", "composite", "8", "16", "1", "yes", "auto", "9"]),
            st.text(max_size=10),
        ),
    ),
    max_size=2,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(fields=fields, query=queries, path=st.sampled_from(["/api/matte", "/api/photo"]))
def test_whatever_is_sent_gets_a_picture_or_a_reason(client, fields, query, path):
    files = [
        (
            name,
            (None, value.encode("utf-8", "surrogatepass"))
            if isinstance(value, str)
            else ("a", value),
        )
        for name, value in fields
    ]
    params = [(name, value.encode("utf-8", "surrogatepass")) for name, value in query]
    answer = client.post(path, files=files or {"x": (None, b"")}, params=params)
    if answer.status_code == 200:
        assert answer.content.startswith(b"\x89PNG")
    else:
        assert answer.status_code in (400, 413, 415, 422)
        assert REASONS[check_refusal(answer)["code"]].status == answer.status_code


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_form_gets_a_reason(client, data):
    head = b'--B\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
    whole = head + PHOTO_FILE[:300] + b"\r\n--B--\r\n"
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, min(start + 40, len(whole))))
    content = whole[:start] + data.draw(st.binary(max_size=20)) + whole[stop:]
    headers = {"content-type": "multipart/form-data; boundary=B"}
    answer = client.post("/api/photo", content=content, headers=headers)
    assert answer.status_code in (400, 415, 422), answer.content
    check_refusal(answer)


# Sentences


@pytest.mark.parametrize(
    "sentence, wrong, advice",
    [
        ("a is b; do c.", "A is b.", "Do c."),
        ("a is b.", "A is b.", ""),
        ("a (x; y) is b; do c (or d; e).", "A (x; y) is b.", "Do c (or d; e)."),
        ("a; do b; is it c?", "A.", "Do b; is it c?"),
        ("bits=9 is not possible; give 8.", "bits=9 is not possible.", "Give 8."),
    ],
)
def test_a_sentence_is_cut_in_two(sentence, wrong, advice):
    assert error_and_advice(sentence) == (wrong, advice)


def test_flags_become_fields_and_parameters():
    assert in_http("Give --alpha beside --rgb, or --rect=auto.") == (
        "Give `mask` beside `photo`, or rectangle=auto."
    )
    assert in_http("x; give --invert=yes or --label=c08080.") == (
        "X; give invert=yes or label=c08080."
    )
    assert in_http("give --bn_eval=moving.") == "Give dim-tf page --bn_eval=moving."


def test_every_status_of_the_reasons_is_one_of_http():
    assert {reason.status for reason in REASONS.values()} == {
        *(400, 403, 404, 405, 413, 415, 422, 429, 500, 503)
    }
    assert all(re.fullmatch("[a-z_]+", code) for code in REASONS)
