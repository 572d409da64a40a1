"""The page in a real browser: what is asked for while something else is on its way."""

import numpy as np
import pytest
from PIL import Image

from dim_tf.pictures.writing import write_png
from tests.page.browser.conftest import HEIGHT, WIDTH
from tests.page.browser.hands import (
    Held,
    idle,
    open_mask,
    open_photo,
    saved,
    stroke,
    trimap_of,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
TRIMAP = "**/api/matte?output=trimap*"
SIXTEEN = "**/api/matte?output=*&bits=16&*"


@pytest.fixture
def asked(page):
    """What the page asks the server to make, in order."""
    made = []
    page.on("request", lambda request: "output=" in request.url and made.append(request.url))
    return made


@pytest.fixture
def downloads(page):
    """Names of the files that the browser gets."""
    names = []
    page.on("download", lambda download: names.append(download.suggested_filename))
    return names


def paint_and_band(page):
    """A trimap of which a matte can be computed."""
    stroke(page, (50.5, 45.5), (70.5, 45.5))
    page.keyboard.press("u")
    stroke(page, (30.5, 25.5), (90.5, 25.5))


def ready_for_16_bits(page, pictures):
    """A cut-out and a matte of which files are made anew when they are saved."""
    open_photo(page, pictures / "disc.png")
    open_mask(page, pictures / "disc_mask.png")
    page.keyboard.press("c")
    until(page, "!document.querySelector('[data-save=cutout]').disabled")
    idle(page)
    page.select_option("#bits", "16")


def test_stop_ends_a_trimap_and_the_matte_that_waits_for_it(page, pictures, asked):
    open_photo(page, pictures / "disc.png")
    paint_and_band(page)
    held = Held(page, TRIMAP)
    page.click("#find-object")
    held.wait()
    for _ in range(3):
        page.keyboard.press("c")
    page.click("#stop")
    page.wait_for_timeout(300)
    assert page.locator("#job").is_hidden()
    assert len(asked) == 1
    assert page.locator("#status").text_content().startswith("Stopped.")


def test_a_refused_trimap_is_told_and_the_matte_that_waits_is_not_made(page, pictures, asked):
    open_photo(page, pictures / "disc.png")
    paint_and_band(page)
    held = Held(page, TRIMAP)
    page.set_input_files("#mask-file", pictures / "words.txt")
    held.wait()
    page.keyboard.press("c")
    held.let_go()
    page.wait_for_selector("#failure")
    page.wait_for_timeout(300)
    assert page.locator("#failure").is_visible() and page.locator("#job").is_hidden()
    assert len(asked) == 1


def test_stop_while_a_saved_trimap_is_read_leaves_what_is_there(page, pictures, tmp_path):
    open_photo(page, pictures / "disc.png")
    write_png(tmp_path / "saved.png", np.full((HEIGHT, WIDTH), 128, np.uint8), is_trimap=True)
    page.evaluate("""() => {
      const read = Blob.prototype.arrayBuffer;
      let reads = 0;
      Blob.prototype.arrayBuffer = async function () {
        if (++reads === 2) await new Promise((goOn) => (window.readOn = goOn));
        return read.call(this);
      };
    }""")
    page.set_input_files("#trimap-file", tmp_path / "saved.png")
    until(page, "Boolean(window.readOn)")
    page.keyboard.press("Escape")
    page.evaluate("readOn()")
    page.wait_for_timeout(200)
    assert not trimap_of(page).any()
    assert page.locator("#status").text_content().startswith("Stopped.")


def test_another_photo_does_away_with_the_matte_that_waits(page, pictures, asked, tmp_path):
    Image.new("RGB", (50, 40), (10, 200, 30)).save(tmp_path / "other.png")
    page.on("dialog", lambda dialog: dialog.accept())
    open_photo(page, pictures / "disc.png")
    paint_and_band(page)
    held = Held(page, TRIMAP)
    page.click("#find-object")
    held.wait()
    page.keyboard.press("c")
    open_photo(page, tmp_path / "other.png")
    page.wait_for_timeout(200)
    assert trimap_of(page).shape == (40, 50)
    assert len(asked) == 1 and page.locator("#failure").is_hidden()


def test_the_same_trimap_can_be_computed_again_after_stop(page, pictures):
    open_photo(page, pictures / "disc.png")
    paint_and_band(page)
    held = Held(page, "**/api/matte?output=matte*")
    page.keyboard.press("c")
    held.wait()
    page.click("#stop")
    idle(page)
    page.unroute("**/api/matte?output=matte*")
    page.keyboard.press("c")
    until(page, "!document.querySelector('[data-save=cutout]').disabled")


def test_one_save_waits_for_the_other_and_a_matte_for_both(page, pictures, asked, downloads):
    ready_for_16_bits(page, pictures)
    asked.clear()
    held = Held(page, SIXTEEN)
    page.click("[data-save=cutout]")
    held.wait()
    page.click("[data-save=matte]")
    page.click("[data-save=cutout]")
    page.keyboard.press("u")
    stroke(page, (10.5, 80.5), (110.5, 80.5))
    page.click("#compute")
    page.wait_for_timeout(200)
    assert len(asked) == 1
    held.let_go()
    until(page, "document.getElementById('older').hidden", 30)
    idle(page)
    assert downloads == ["disc_cutout.png", "disc_matte.png", "disc_cutout.png"]
    assert page.locator("#failure").is_hidden()


def test_a_save_that_fails_is_told_and_the_next_one_is_made(page, pictures, downloads):
    ready_for_16_bits(page, pictures)
    refused = []

    def refuse_the_first(route):
        if refused:
            return route.continue_()
        refused.append(route)

    page.route(SIXTEEN, refuse_the_first)
    page.click("[data-save=cutout]")
    page.click("[data-save=matte]")
    while not refused:
        page.wait_for_timeout(20)
    refused[0].fulfill(status=422, json={"code": "unusable", "error": "No.", "what_to_do": ""})
    page.wait_for_selector("#failure")
    until(page, "document.getElementById('status').textContent.includes('disc_matte')")
    assert page.locator("#failure").is_visible()
    page.wait_for_timeout(100)
    assert downloads == ["disc_matte.png"]


def test_a_matte_that_waits_for_a_file_is_made_though_the_file_is_refused(page, pictures):
    ready_for_16_bits(page, pictures)
    held = []

    def hold(route):
        held.append(route)

    page.route(SIXTEEN, hold)
    page.click("[data-save=cutout]")
    page.keyboard.press("u")
    stroke(page, (10.5, 80.5), (110.5, 80.5))
    page.click("#compute")
    assert page.locator("#older").is_visible()
    held[0].fulfill(status=422, json={"code": "unusable", "error": "No.", "what_to_do": ""})
    until(page, "document.getElementById('older').hidden")
    idle(page)
    assert page.locator("#failure").is_visible()  # that of the file, which was not seen before


@pytest.mark.parametrize("replaces", [True, False])
def test_what_is_painted_while_another_photo_loads_is_asked_for(page, pictures, tmp_path, replaces):
    Image.new("RGB", (50, 40), (10, 200, 30)).save(tmp_path / "other.png")
    asked = []

    def answer(dialog):
        asked.append(dialog.message)
        dialog.accept() if replaces else dialog.dismiss()

    page.on("dialog", answer)
    open_photo(page, pictures / "disc.png")
    held = Held(page, "**/api/photo*")
    page.set_input_files("#photo-file", tmp_path / "other.png")
    held.wait()
    assert asked == []
    stroke(page, (50.5, 45.5), (70.5, 45.5))
    painted = trimap_of(page)
    held.let_go()
    idle(page)
    assert len(asked) == 1
    if replaces:
        assert trimap_of(page).shape == (40, 50)
    else:
        assert np.array_equal(trimap_of(page), painted)
        assert saved(page, "[data-save=trimap]")[0] == "disc_trimap.png"


def save_as_sixteen_bits(page):
    page.select_option("#bits", "16")
    page.click("[data-save=matte]")


WHILE_LOADING = {
    "matte": lambda page: page.keyboard.press("c"),
    "band": lambda page: page.dispatch_event("#band-around", "click"),
    "trimap": lambda page: page.click("#find-object"),
    "save": save_as_sixteen_bits,
}


@pytest.mark.parametrize("what", WHILE_LOADING)
def test_what_is_asked_of_a_photo_does_not_end_the_loading_of_another(
    page, pictures, tmp_path, asked, what
):
    Image.new("RGB", (50, 40), (10, 200, 30)).save(tmp_path / "other.png")
    page.on("dialog", lambda dialog: dialog.accept())
    open_photo(page, pictures / "disc.png")
    paint_and_band(page)
    if what == "save":
        page.keyboard.press("c")
        until(page, "!document.querySelector('[data-save=cutout]').disabled")
        idle(page)
    asked.clear()
    held = Held(page, "**/api/photo*")
    page.set_input_files("#photo-file", tmp_path / "other.png")
    held.wait()
    WHILE_LOADING[what](page)
    page.wait_for_timeout(200)
    held.let_go()
    until(page, "document.getElementById('photo-name').textContent.startsWith('other.png')")
    idle(page)
    assert trimap_of(page).shape == (40, 50)
    assert asked == [] and page.locator("#failure").is_hidden()


def test_a_mask_that_is_chosen_while_its_photo_loads_is_used(page, pictures, tmp_path):
    Image.new("RGB", (50, 40), (10, 200, 30)).save(tmp_path / "other.png")
    open_photo(page, tmp_path / "other.png")
    held = Held(page, "**/api/photo*")
    page.set_input_files("#photo-file", pictures / "disc.png")
    held.wait()
    page.set_input_files("#mask-file", pictures / "disc_mask.png")
    page.wait_for_timeout(200)
    held.let_go()
    until(page, "!document.getElementById('undo').disabled")
    idle(page)
    assert {0, 128, 255} == set(np.unique(trimap_of(page)))
    assert page.locator("#failure").is_hidden()
