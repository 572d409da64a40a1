"""The page in a real browser: what is saved, and what would be lost."""

from pathlib import Path

import pytest

from tests.page.browser.hands import (
    Held,
    idle,
    open_photo,
    open_with_matte,
    pixels,
    saved,
    stroke,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


def test_leaving_asks_only_where_something_would_be_lost(page, pictures):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    open_photo(page, pictures / "disc.png")
    page.reload()
    assert asked == []
    until(page, "Boolean(window.dimTf)")
    open_photo(page, pictures / "disc.png")
    stroke(page, (50.5, 45.5), (70.5, 45.5))
    page.reload()
    assert asked == ["beforeunload"]


def test_saving_waits_for_the_cutout_and_has_the_chosen_bits(page, pictures, tmp_path):
    open_photo(page, pictures / "disc.png")
    page.set_input_files("#mask-file", pictures / "disc_mask.png")
    idle(page)
    page.select_option("#bits", "16")
    held = Held(page, "**/api/matte?output=cutout&invert=*")
    page.keyboard.press("c")
    held.wait()
    page.focus("#canvas")
    with page.expect_download() as waiting:
        page.keyboard.press("Control+s")
        page.wait_for_timeout(100)
        held.let_go()
    assert waiting.value.suggested_filename == "disc_cutout.png"
    assert Path(waiting.value.path()).read_bytes()[24] == 16  # bits, in a PNG's header
    idle(page)
    page.keyboard.press("4")
    page.wait_for_timeout(60)
    shown = pixels(page, "result")
    assert (shown[..., 0] != shown[..., 2]).any()  # colours: the cut-out, not the matte


def test_stop_gives_up_a_save_that_waits(page, pictures):
    names = []
    page.on("download", lambda download: names.append(download.suggested_filename))
    open_photo(page, pictures / "disc.png")
    page.set_input_files("#mask-file", pictures / "disc_mask.png")
    idle(page)
    held = Held(page, "**/api/matte?output=cutout&invert=*")
    page.keyboard.press("c")
    held.wait()
    page.click("[data-save=cutout]")
    page.click("#stop")
    page.wait_for_timeout(300)
    assert page.locator("#job").is_hidden() and names == []


def test_a_double_click_saves_once(page, pictures):
    names = []
    page.on("download", lambda download: names.append(download.suggested_filename))
    open_photo(page, pictures / "disc.png")
    page.dblclick("[data-save=trimap]")
    until(page, "document.getElementById('status').textContent.includes('disc_trimap')")
    page.wait_for_timeout(300)
    assert names == ["disc_trimap.png"]


def test_saving_the_trimap_alone_leaves_the_result_to_save(page, pictures):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    open_with_matte(page, pictures)
    for what, count in (("trimap", 1), ("cutout", 1)):
        saved(page, f"[data-save={what}]")
        page.set_input_files("#photo-file", pictures / "disc.png")
        page.wait_for_timeout(300)
        assert len(asked) == count


def test_saving_an_older_matte_leaves_something_to_save(page, pictures):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    open_with_matte(page, pictures)
    page.keyboard.press("u")
    stroke(page, (10.5, 80.5), (110.5, 80.5))
    saved(page, "[data-save=cutout]")  # that of the trimap before the stroke
    page.set_input_files("#photo-file", pictures / "disc.png")
    until(page, "true")
    page.wait_for_timeout(200)
    assert len(asked) == 1
    saved(page, "[data-save=trimap]")
    page.set_input_files("#photo-file", pictures / "disc.png")
    page.wait_for_timeout(500)
    assert len(asked) == 1


def test_all_that_is_saved_while_a_matte_is_computed_is_of_the_one_that_is_shown(page, pictures):
    files = []
    page.on("download", lambda download: files.append(download))
    open_with_matte(page, pictures)
    page.click("[data-backdrop='#20a050']")
    whats = ("cutout", "matte", "composite")
    before = [saved(page, f"[data-save={what}]")[1] for what in whats]
    page.keyboard.press("u")
    stroke(page, (30.5, 45.5), (90.5, 45.5))
    page.keyboard.press("b")
    stroke(page, (10.5, 80.5), (110.5, 80.5))
    held = Held(page, "**/api/matte?output=matte*")
    page.keyboard.press("c")
    held.wait()
    files.clear()
    for what in whats:
        page.click(f"[data-save={what}]")
    page.wait_for_timeout(200)
    held.let_go()
    until(page, "document.getElementById('status').textContent.includes('disc_composite')")
    idle(page)
    page.wait_for_timeout(200)
    assert [Path(file.path()).read_bytes() for file in files] == before
    # Of the new one nothing is saved yet.
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    saved(page, "[data-save=trimap]")
    page.set_input_files("#photo-file", pictures / "disc.png")
    page.wait_for_timeout(300)
    assert len(asked) == 1
    after = [saved(page, f"[data-save={what}]")[1] for what in whats]
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_a_backdrop_that_is_refused_when_it_is_saved_is_called_one(page, pictures):
    refusal = {"code": "unusable", "error": "The background is damaged.", "what_to_do": "Mend it."}
    page.route(
        "**/api/matte?output=composite*", lambda route: route.fulfill(status=422, json=refusal)
    )
    open_with_matte(page, pictures)
    page.set_input_files("#backdrop-file", pictures / "disc.png")
    page.click("[data-save=composite]")
    page.wait_for_selector("#failure")
    assert page.locator("#failure-sentence").text_content() == "The backdrop is damaged."
