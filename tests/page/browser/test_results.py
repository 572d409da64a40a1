"""The page in a real browser: matte, ways of looking, files, stop."""

import json
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
from PIL import Image

from dim_tf.pictures.writing import write_png
from tests.page.browser.conftest import ROOT
from tests.page.browser.hands import (
    Held,
    ask_for_band,
    compute,
    idle,
    open_mask,
    open_photo,
    open_with_matte,
    pixels,
    saved,
    set_size,
    stroke,
    trimap_of,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("width, height", [(1280, 900), (390, 844)], ids=["desk", "phone"])
def test_from_photo_to_files_the_bytes_are_those_of_the_command(
    open_page, pictures, tiny_checkpoint, tmp_path, width, height
):
    page = open_page(viewport={"width": width, "height": height})
    open_photo(page, pictures / "disc.png")
    page.set_input_files("#mask-file", pictures / "disc_mask.png")
    idle(page)
    page.locator("#canvas").scroll_into_view_if_needed()
    stroke(page, (20.5, 20.5), (40.5, 20.5))
    painted = trimap_of(page)
    compute(page)
    assert page.locator("[data-look=beside]").get_attribute("aria-pressed") == "true"
    page.click("[data-backdrop='#20a050']")
    got = {
        "matte": saved(page, "[data-save=matte]"),
        "cutout": saved(page, "[data-save=cutout]"),
        "composite": saved(page, "[data-save=composite]"),
        "trimap": saved(page, "[data-save=trimap]"),
    }
    page.select_option("#bits", "16")
    got["matte16"] = saved(page, "[data-save=matte]")
    assert got["cutout"][0] == "disc_cutout.png" and got["composite"][0] == "disc_composite.png"

    write_png(tmp_path / "painted.png", painted)
    command = [
        *(sys.executable, "-m", "dim_tf", "matte", pictures / "disc.png"),
        *(f"--trimap={tmp_path / 'painted.png'}", f"--checkpoint={tiny_checkpoint}"),
        *(f"--output={tmp_path / 'matte.png'}", f"--save_trimap={tmp_path / 'trimap.png'}"),
        *(f"--cutout={tmp_path / 'cutout.png'}", f"--composite={tmp_path / 'composite.png'}"),
        "--background=#20a050",
    ]
    subprocess.run(command, check=True, cwd=ROOT)
    for name in ("matte", "cutout", "composite", "trimap"):
        assert got[name][1] == (tmp_path / f"{name}.png").read_bytes(), name
    (tmp_path / "page16.png").write_bytes(got["matte16"][1])
    with (
        Image.open(tmp_path / "page16.png") as sixteen,
        Image.open(tmp_path / "matte.png") as eight,
    ):
        assert sixteen.mode.startswith("I")
        assert np.abs(np.asarray(sixteen) / 257 - np.asarray(eight)).max() <= 0.51


def test_ways_of_looking_and_going_on(page, pictures):
    open_photo(page, pictures / "disc.png")
    assert page.locator("[data-look=slider]").is_disabled()
    stroke(page, (50.5, 45.5), (70.5, 45.5))
    compute(page, "c")  # nothing is unknown: a band is put along the edge first
    first = trimap_of(page)
    assert (first == 128).any()
    assert not page.locator("#older").is_visible()

    page.keyboard.press("3")
    slider = page.locator("#divide")
    halves = pixels(page, "photo")[..., 3] > 0, pixels(page, "result")[..., 3] > 0
    assert halves[0].any() and halves[1].any() and not (halves[0] & halves[1])[:, ::40].all()
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(60)
    assert not (pixels(page, "photo")[..., 3] > 0)[:, 2:].any()
    page.keyboard.press("4")
    page.keyboard.press("m")
    page.wait_for_timeout(60)
    matte = pixels(page, "result")
    shown = matte[matte[..., 3] == 255]
    assert (shown[:, 0] == shown[:, 1]).all() and (shown[:, 1] == shown[:, 2]).all()

    page.keyboard.press("n")
    stroke(page, (10.5, 80.5), (110.5, 80.5))  # painted over the result: the tint comes with it
    assert np.array_equal(trimap_of(page), first)  # and changes nothing
    assert not page.locator("#older").is_visible()
    page.keyboard.press("u")
    stroke(page, (10.5, 80.5), (110.5, 80.5))
    assert page.locator("#older").is_visible()
    assert page.locator("#over-result").is_checked()
    painted = trimap_of(page)
    page.keyboard.press("z")
    assert np.array_equal(trimap_of(page), first) and not page.locator("#older").is_visible()
    page.keyboard.press("y")
    assert np.array_equal(trimap_of(page), painted) and page.locator("#older").is_visible()
    page.click("#go-on")
    until(page, "document.getElementById('status').textContent.includes('trimap is ready')")
    gone_on = trimap_of(page)
    since = painted != first
    assert np.array_equal(gone_on[since], painted[since])  # what was painted since stays
    page.keyboard.press("z")
    assert np.array_equal(trimap_of(page), painted)


def test_stop_ends_the_work_and_loses_nothing(page, server, pictures, tmp_path):
    rng = np.random.default_rng(4)
    write_png(tmp_path / "large.png", rng.integers(0, 256, (1500, 2000, 3), np.uint8))
    open_photo(page, tmp_path / "large.png")
    page.click("text=Unknown band and more")
    page.click("#all-unknown")
    stroke(page, (900, 700), (1100, 700))
    painted = trimap_of(page)
    page.keyboard.press("c")
    until(page, "document.getElementById('job-text').textContent.includes('matte: ')")
    assert page.locator("#status").text_content() == "Computing the matte"  # who does not see it
    page.click("#stop")
    page.wait_for_selector("#job", state="hidden")
    stopped = time.monotonic()
    while json.load(urllib.request.urlopen(f"{server.address}/api/status"))["waiting"]:
        assert time.monotonic() - stopped < 5
        time.sleep(0.1)
    assert np.array_equal(trimap_of(page), painted)
    assert "still there" in page.locator("#status").text_content()
    assert page.locator("#failure").is_hidden()


def test_keys_alone_lead_from_photo_to_file(page, pictures):
    def walk_to(target):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("id => document.activeElement.id === id", target):
                return
        raise AssertionError(f"the Tab key does not lead to {target}")

    walk_to("choose-photo")
    with page.expect_file_chooser() as choosing:
        page.wait_for_timeout(300)  # Playwright begins to listen, which is not waited for
        page.keyboard.press("Enter")
    choosing.value.set_files(pictures / "disc.png")
    page.wait_for_selector("#empty", state="hidden")
    idle(page)
    assert page.evaluate("document.activeElement.id") == "canvas"  # the button is gone
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("u")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    painted = trimap_of(page)
    assert {0, 128, 255} == set(np.unique(painted))
    compute(page, "c")
    with page.expect_download() as waiting:
        page.keyboard.press("Control+s")
    assert waiting.value.suggested_filename == "disc_cutout.png"


def test_a_wrong_file_says_what_is_read_and_keeps_what_is_there(page, pictures):
    open_photo(page, pictures / "disc.png")
    stroke(page, (50.5, 45.5), (70.5, 45.5))
    painted = trimap_of(page)
    page.set_input_files("#trimap-file", pictures / "words.txt")
    page.wait_for_selector("#failure")
    said = page.locator("#failure").text_content()
    assert "trimap" in said and "PNG" in said
    assert np.array_equal(trimap_of(page), painted)
    page.click("#failure-close")
    page.wait_for_selector("#failure", state="hidden")


def test_what_is_painted_while_a_band_is_made_stays(page, pictures):
    held = ask_for_band(page, pictures)
    before = trimap_of(page)
    page.keyboard.press("u")
    stroke(page, (10.5, 80.5), (110.5, 80.5))
    painted = trimap_of(page)
    since = painted != before
    assert since.any()
    held.let_go()
    page.wait_for_selector("#result-said:not(:empty)")
    idle(page)
    now = trimap_of(page)
    assert np.array_equal(now[since], painted[since])
    assert (now == 128).sum() > (painted == 128).sum()


def test_a_window_of_another_size_and_then_another_look_keep_the_middle(page, pictures):
    open_with_matte(page, pictures)
    page.keyboard.press("4")
    page.keyboard.press("9")  # no longer fitted
    page.set_viewport_size({"width": 900, "height": 800})
    page.wait_for_timeout(100)
    before = page.evaluate("dimTf.view()")
    page.keyboard.press("3")  # another look, as large as the one before
    assert page.evaluate("dimTf.view()") == before


def test_a_backdrop_of_a_kind_that_browsers_do_not_show(page, pictures, tmp_path):
    Image.new("RGB", (30, 20), (10, 200, 30)).save(tmp_path / "green.tiff")
    open_photo(page, pictures / "disc.png")
    page.set_input_files("#backdrop-file", tmp_path / "green.tiff")
    page.wait_for_selector("#open-backdrop[aria-pressed=true]")
    assert page.locator("#failure").is_hidden()


@pytest.mark.parametrize("name", ["words.txt", "cut_off.jpg"])
def test_a_refused_backdrop_is_called_one(page, pictures, tmp_path, name):
    Image.effect_noise((300, 200), 90).save(tmp_path / "whole.jpg")
    content = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut_off.jpg").write_bytes(content[: len(content) // 2])
    (tmp_path / "words.txt").write_bytes((pictures / "words.txt").read_bytes())
    open_photo(page, pictures / "disc.png")
    page.set_input_files("#backdrop-file", tmp_path / name)
    page.wait_for_selector("#failure")
    assert page.locator("#failure-sentence").text_content().startswith("The backdrop is ")
    page.select_option("#language", "zh")
    assert page.locator("#failure-sentence").text_content().startswith("“新背景”")
    assert page.locator("#failure-server").text_content() == ""
    page.select_option("#language", "en")
    page.set_input_files("#photo-file", tmp_path / name)
    sentence = "document.getElementById('failure-sentence').textContent"
    until(page, f"{sentence}.startsWith('The photo is ')")


def test_a_matte_waits_for_the_trimap_that_is_on_its_way(page, pictures):
    open_photo(page, pictures / "disc.png")
    page.click("#find-object")
    page.click("#compute")  # nothing is marked yet
    until(page, "!document.querySelector('[data-save=cutout]').disabled")
    assert page.locator("#failure").is_hidden()


def compute_with_more_unknown(page, pictures):
    """The matte of a trimap with a stroke of unknown across the object; the trimap is shown."""
    open_photo(page, pictures / "disc.png")
    page.set_input_files("#mask-file", pictures / "disc_mask.png")
    idle(page)
    page.keyboard.press("u")
    stroke(page, (20.5, 45.5), (100.5, 45.5))
    compute(page, "c")
    page.keyboard.press("1")


def test_going_on_from_the_matte_is_over_what_was_painted_and_undone(page, pictures):
    compute_with_more_unknown(page, pictures)

    def go_on():
        unknown = "dimTf.trimap().values.filter((value) => value === 128).length"
        before = page.evaluate(unknown)
        page.click("#go-on")
        until(page, f"{unknown} !== {before}")
        return trimap_of(page)

    gone_on = go_on()
    page.keyboard.press("z")
    page.keyboard.press("b")
    stroke(page, (20.5, 45.5), (100.5, 45.5))
    page.keyboard.press("z")
    assert np.array_equal(go_on(), gone_on)


def test_going_on_from_the_matte_keeps_what_was_painted_unknown_over_unknown(page, pictures):
    compute_with_more_unknown(page, pictures)
    set_size(page, 3)
    stroke(page, (20.5, 45.5), (100.5, 45.5))  # nothing changes, but it is said to be unknown
    page.click("#go-on")
    idle(page)
    row = trimap_of(page)[45, 20:101]
    assert (row == 128).all()
    assert (trimap_of(page) != 128)[47:49, 20:101].any()


def pressed_as(page):
    """How the result is shown, by the buttons."""
    return page.locator("[data-as][aria-pressed=true]").get_attribute("data-as")


def is_in_colours(page):
    page.wait_for_timeout(60)
    shown = pixels(page, "result")
    return (shown[..., 0] != shown[..., 2]).any()


def stop_the_cutout(page, pictures):
    """The matte of the disc, alone in the window, whose cut-out was stopped."""
    open_photo(page, pictures / "disc.png")
    open_mask(page, pictures / "disc_mask.png")
    cutout = "**/api/matte?output=cutout&invert=*"
    held = Held(page, cutout)
    page.keyboard.press("c")
    held.wait()
    page.keyboard.press("4")
    assert pressed_as(page) == "matte" and not is_in_colours(page)
    page.click("#stop")
    idle(page)
    page.unroute(cutout)
    assert pressed_as(page) == "matte" and not is_in_colours(page)


def test_a_cutout_that_was_stopped_is_asked_for_again(page, pictures):
    stop_the_cutout(page, pictures)
    page.click("[data-as=cutout]")
    until(page, "document.querySelector('[data-as=cutout]').ariaPressed === 'true'")
    idle(page)
    assert is_in_colours(page)
    page.keyboard.press("m")
    assert pressed_as(page) == "matte" and not is_in_colours(page)
    page.keyboard.press("m")
    assert pressed_as(page) == "cutout" and page.locator("#job").is_hidden()  # it is there


@pytest.mark.parametrize("bits", ["8", "16"])
def test_a_cutout_that_was_stopped_is_shown_when_it_is_saved(page, pictures, bits):
    stop_the_cutout(page, pictures)
    page.select_option("#bits", bits)
    saved(page, "[data-save=cutout]")
    idle(page)
    assert pressed_as(page) == "cutout" and is_in_colours(page)


def test_a_matte_that_is_on_its_way_is_not_asked_for(page, pictures):
    open_with_matte(page, pictures)
    older = page.locator("#older")
    page.keyboard.press("u")
    stroke(page, (10.5, 80.5), (110.5, 80.5))
    assert older.is_visible()
    held = Held(page, "**/api/matte?output=matte*")
    page.keyboard.press("c")
    held.wait()
    assert older.is_hidden()
    stroke(page, (10.5, 10.5), (110.5, 10.5))
    assert older.is_visible()  # of this one it was not asked
    page.keyboard.press("z")
    assert older.is_hidden()
    page.click("#stop")
    idle(page)
    assert older.is_visible()
    held.let_go()
