"""The page in a real browser for who has a keyboard, or does not see it."""

import numpy as np
import pytest

from tests.page.browser.hands import Held, on_screen, open_photo, set_size, stroke, trimap_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


def focused(page):
    """The id, tool or value of what has the focus."""
    return page.evaluate("""() => {
      const { id, dataset } = document.activeElement;
      return id || dataset.tool || dataset.value;
    }""")


def stop_a_search(page, focus, key):
    """Stops the search for the object by a key, with the focus there."""
    held = Held(page, "**/api/matte?output=trimap*")
    page.click("#find-object")
    held.wait()
    page.focus(focus)
    page.keyboard.press(key)
    page.wait_for_selector("#job", state="hidden")


def test_saving_and_stopping_are_keys_in_lists_and_fields_too(page, pictures):
    open_photo(page, pictures / "disc.png")
    stroke(page, (50.5, 45.5), (70.5, 45.5))
    for field in ("#bits", "#rectangle-x", "#label"):
        page.evaluate(
            f"document.querySelector('{field}').closest('details')?.setAttribute('open', '')"
        )
        page.focus(field)
        with page.expect_download() as download:
            page.keyboard.press("Control+s")
        assert download.value.suggested_filename == "disc_trimap.png"
    stop_a_search(page, "#label", "Escape")
    assert page.locator("#status").text_content().startswith("Stopped.")


def test_the_toolbar_stays_one_stop_of_the_tab_key(page, pictures):
    open_photo(page, pictures / "disc.png")
    stroke(page, (50.5, 45.5), (70.5, 45.5))
    page.focus("#undo")
    page.keyboard.press("Enter")  # undone: there is nothing more to undo
    page.wait_for_timeout(100)
    assert focused(page) == "redo"
    page.keyboard.press("ArrowRight")  # around
    assert focused(page) == "brush"
    page.keyboard.press("ArrowLeft")
    assert focused(page) == "redo"
    page.keyboard.press("ArrowLeft")  # undo is off
    assert focused(page) == "128"
    page.keyboard.press("End")
    assert focused(page) == "redo"
    page.keyboard.press("Home")
    assert focused(page) == "brush"
    page.keyboard.press("End")
    page.focus("#canvas")
    page.keyboard.press("y")  # what holds the stop is turned off from elsewhere
    page.wait_for_timeout(100)
    assert focused(page) == "canvas"
    stops = page.locator("#tools button[tabindex='0']")
    assert stops.count() == 1 and stops.is_enabled()


def test_the_focus_of_what_disappears_goes_to_the_photo(page, pictures):
    open_photo(page, pictures / "disc.png")
    stop_a_search(page, "#stop", "Enter")
    assert focused(page) == "canvas"
    page.keyboard.press("c")
    page.wait_for_selector("#failure")  # nothing is marked
    page.focus("#failure-close")
    page.keyboard.press("Enter")
    page.wait_for_selector("#failure", state="hidden")
    assert focused(page) == "canvas"
    page.keyboard.press("r")
    page.focus("#find-object")
    page.keyboard.press("b")  # other fields disappear
    assert focused(page) == "find-object"


def level_of(painted):
    """The first and the last row that is painted."""
    rows = np.flatnonzero(painted.any(axis=1))
    return rows[0], rows[-1]


def test_the_mouse_does_not_bend_a_stroke_of_the_keyboard(page, pictures):
    open_photo(page, pictures / "disc.png")
    size = set_size(page, 5)
    page.focus("#canvas")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.mouse.move(*on_screen(page, 20.5, 20.5))  # a nudge
    page.keyboard.press("ArrowRight")
    page.mouse.move(*on_screen(page, 20.5, 80.5))
    page.mouse.move(2, 2)  # and out of the photo
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    first, last = level_of(trimap_of(page))
    assert last - first + 1 == size


def test_the_mouse_does_not_move_a_corner_of_the_keyboard(page, pictures):
    open_photo(page, pictures / "disc.png")
    page.keyboard.press("r")
    page.check("[name=rectangle-for][value=paint]")
    page.focus("#canvas")
    page.keyboard.press("Enter")
    page.mouse.move(*on_screen(page, 20.5, 20.5))
    page.mouse.move(2, 2)
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    painted = trimap_of(page) > 0
    assert 0 < painted.sum() <= 9
    page.keyboard.press("Enter")
    stroke(page, (80, 60), (100, 80))  # the mouse draws another: the keyboard's is given up
    drawn = trimap_of(page) > 0
    assert drawn.sum() == painted.sum() + 400
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert np.array_equal(trimap_of(page) > 0, drawn)


def status(page):
    """What was told last to who does not see it."""
    return page.locator("#status").text_content()


def test_what_keys_do_is_told(page, pictures):
    open_photo(page, pictures / "disc.png")
    page.focus("#canvas")
    for key, told in (
        ("u", "Unknown"),
        ("e", "Eraser"),
        ("f", "Fill"),
        ("Enter", "Filled."),
        ("Enter", "Nothing has changed."),
        ("b", "Foreground"),
        ("f", "Brush"),
        ("2", "There is no result yet."),
        ("1", "Trimap"),
        ("m", "Matte"),
        ("t", "The result is tinted."),
        ("Enter", "Brush down"),
        ("Enter", "Brush up"),
        ("r", "Rectangle"),
        ("Enter", "First corner set"),
        ("Escape", "First corner given up"),
    ):
        page.keyboard.press(key)
        assert status(page) == told, key
    size = int(page.locator("#size-shown").text_content().split()[0])
    page.keyboard.press("]")
    assert status(page) == f"{size + 1} px"
    page.check("[name=rectangle-for][value=paint]")
    page.keyboard.press("n")
    page.keyboard.press("r")
    stroke(page, (20, 10), (40, 30))
    assert status(page) == "The rectangle is painted."
    page.click("text=Unknown band and more")
    page.click("#all-unknown")
    assert status(page) == "All unknown"
    assert page.locator("[role=status] #older").count() == 1  # said when it is shown


def test_a_key_that_is_held_does_its_work_once(page, pictures):
    names = []
    page.on("download", lambda download: names.append(download.suggested_filename))
    page.keyboard.press("Control+s")
    assert page.locator("#failure-sentence").text_content() == "There is no photo yet."
    open_photo(page, pictures / "disc.png")
    page.focus("#canvas")
    for _ in range(4):
        page.keyboard.down("Enter")  # down again without up: it is held
    page.keyboard.up("Enter")
    assert status(page) == "Brush down"
    page.keyboard.press("Enter")
    size = int(page.locator("#size-shown").text_content().split()[0])
    for _ in range(4):
        page.keyboard.down("]")  # this one goes on
    page.keyboard.up("]")
    assert int(page.locator("#size-shown").text_content().split()[0]) == size + 4
    page.keyboard.down("Control")
    for _ in range(4):
        page.keyboard.down("s")
    page.keyboard.up("s")
    page.keyboard.up("Control")
    page.wait_for_timeout(500)
    assert names == ["disc_trimap.png"]


def test_what_was_told_follows_the_language(page, pictures):
    open_photo(page, pictures / "disc.png")
    page.keyboard.press("u")
    page.select_option("#language", "zh")
    assert status(page) == "未知"
    page.select_option("#language", "en")
    assert status(page) == "Unknown"


def test_buttons_alone_are_pressed(page):
    """ARIA has aria-pressed for buttons, and aria-current for what is chosen among others."""
    page.keyboard.press("e")
    pressed = "[...document.querySelectorAll('[aria-pressed]')]"
    assert page.evaluate(f"{pressed}.every((element) => element.tagName === 'BUTTON')")
    assert page.locator("[data-tool=eraser][aria-pressed=true]").count() == 1
    assert page.locator("#canvas").get_attribute("data-tool") == "eraser"


def test_the_chosen_backdrop_is_marked_and_no_other(page):
    def chosen():
        marked = "#backdrops [aria-pressed=true], #backdrops [aria-current=true]"
        return page.evaluate(
            "marked => [...document.querySelectorAll(marked)].map("
            "(element) => element.dataset.backdrop ?? element.id)",
            marked,
        )

    def has_ring():
        return page.locator(".swatch.own").evaluate(
            "(element) => parseInt(getComputedStyle(element).outlineWidth) === 3"
        )

    assert chosen() == ["checkerboard"]
    page.fill("#own-colour", "#123456")
    assert chosen() == ["own-colour"]
    page.evaluate("() => document.activeElement.blur()")  # the focus has a ring, too
    assert has_ring()
    page.click("[data-backdrop='#000000']")
    assert chosen() == ["#000000"]
    page.fill("#own-colour", "#20a050")  # which has a button, too
    assert chosen() == ["#20a050"]
