"""The page in a real browser whose server is away, or behind a proxy that has no answer of it."""

import pytest

from tests.page.browser.hands import (
    compute,
    idle,
    open_mask,
    open_photo,
    open_with_matte,
    saved,
    stroke,
    trimap_of,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


def test_the_server_may_go_and_come_back(page, server, pictures):
    open_photo(page, pictures / "disc.png")
    stroke(page, (50.5, 45.5), (70.5, 45.5))
    page.keyboard.press("u")
    stroke(page, (30.5, 25.5), (90.5, 25.5))
    painted = trimap_of(page)
    server.stop()
    try:
        page.keyboard.press("c")
        until(page, "document.getElementById('job-text').textContent.includes('not answer')")
        stroke(page, (30.5, 65.5), (90.5, 65.5))
        assert (trimap_of(page) != painted).any()
        assert saved(page, "[data-save=trimap]")[0] == "disc_trimap.png"
    finally:
        server.start()
    page.wait_for_selector("#result-said:not(:empty)", timeout=30_000)
    idle(page)
    assert page.locator("#older").is_visible()


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_whose_server_is_away_is_asked_again(page, pictures, status):
    refused = []

    def refuse_the_first(route):
        if refused:
            return route.continue_()
        refused.append(route)
        route.fulfill(status=status, body="<h1>Bad Gateway</h1>", content_type="text/html")

    page.route("**/api/matte?output=matte*", refuse_the_first)
    open_with_matte(page, pictures)
    assert refused and page.locator("#failure").is_hidden()
    assert page.locator("#result-said").text_content()


@pytest.mark.parametrize("status, times", [(504, 2), (None, 3)])
def test_a_proxy_that_never_waits_for_the_answer_is_told(page, pictures, status, times):
    asked = []

    def cut_off(route):
        asked.append(route.request.url)
        if status is None:
            return route.abort("connectionreset")
        route.fulfill(status=status, body="<h1>Time-out</h1>", content_type="text/html")

    page.route("**/api/matte?output=matte*", cut_off)
    open_photo(page, pictures / "disc.png")
    open_mask(page, pictures / "disc_mask.png")
    compute(page, "c")
    assert "cut off again and again" in page.locator("#failure-sentence").text_content()
    assert "docs/page_http.md" in page.locator("#failure-advice").text_content()
    assert len(asked) == times


def test_the_sample_waits_for_the_server(page, server):
    server.stop()
    try:
        page.click("#try-sample")
        until(page, "document.getElementById('job-text').textContent.includes('not answer')")
        assert page.locator("#failure").is_hidden()
    finally:
        server.start()
    page.wait_for_selector("#empty", state="hidden", timeout=30_000)


@pytest.mark.parametrize(
    "code, status, said",
    [
        ("stopping", 503, "is being ended or started again"),
        ("worker_died", 503, "died and is started again"),
        ("queue_full", 429, "is busy"),
    ],
)
def test_why_it_is_tried_again_is_said(page, pictures, code, status, said):
    refused = []

    def refuse_the_first(route):
        if refused:
            return route.continue_()
        refused.append(route)
        refusal = {"code": code, "error": "No.", "what_to_do": "Wait."}
        route.fulfill(status=status, json=refusal, headers={"Retry-After": "2"})

    page.route("**/api/matte?output=trimap*", refuse_the_first)
    open_photo(page, pictures / "disc.png")
    page.click("#find-object")
    until(page, f"document.getElementById('job-text').textContent.includes({said!r})")
    idle(page)
    assert page.locator("#failure").is_hidden()
