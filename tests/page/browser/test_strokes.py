"""The page in a real browser: what comes between while something is painted or drawn."""

import numpy as np
import pytest

from tests.page.browser.conftest import EMPTY
from tests.page.browser.hands import (
    Held,
    ask_for_band,
    disc_stroke,
    idle,
    on_screen,
    open_mask,
    open_photo,
    set_size,
    stroke,
    touch,
    trimap_of,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


def begin_stroke(page, *places):
    """Paints from place to place of the photo, and leaves the button down."""
    page.mouse.move(*on_screen(page, *places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*on_screen(page, *place), steps=6)


def test_a_matte_that_arrives_during_a_stroke_waits_to_be_looked_at(page, pictures):
    open_photo(page, pictures / "disc.png")
    open_mask(page, pictures / "disc_mask.png")
    before = trimap_of(page)
    page.keyboard.press("u")
    size = set_size(page, 5)
    held = Held(page, "**/api/matte?output=matte*")
    page.keyboard.press("c")
    held.wait()
    begin_stroke(page, (20.5, 10.5), (50.5, 10.5))
    view = page.evaluate("dimTf.view()")
    held.let_go()
    idle(page)
    assert page.evaluate("dimTf.view()") == view
    page.mouse.move(*on_screen(page, 90.5, 10.5), steps=6)
    page.mouse.up()
    expected = disc_stroke(EMPTY.shape, (20.5, 10.5), (90.5, 10.5), size, 128, before)
    assert np.array_equal(trimap_of(page), expected)
    assert page.locator("[data-look=beside]").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("what", ["notice", "window", "keys"])
def test_a_stroke_ends_where_the_photo_moves_beneath_it(page, pictures, what):
    open_photo(page, pictures / "disc.png")
    page.keyboard.press("u")
    size = set_size(page, 5)
    begin_stroke(page, (20.5, 10.5), (50.5, 10.5))
    place = on_screen(page, 50.5, 10.5)
    if what == "notice":
        page.set_input_files("#mask-file", pictures / "words.txt")
        page.wait_for_selector("#failure")
    elif what == "window":
        page.set_viewport_size({"width": 1000, "height": 600})
    else:
        page.keyboard.press("9")
    while on_screen(page, 50.5, 10.5) == place:
        page.wait_for_timeout(20)
    page.mouse.move(*on_screen(page, 100.5, 80.5), steps=3)
    page.mouse.up()
    expected = disc_stroke(EMPTY.shape, (20.5, 10.5), (50.5, 10.5), size, 128, EMPTY)
    assert np.array_equal(trimap_of(page), expected)


def test_a_stroke_goes_on_while_the_wheel_zooms_around_it(page, pictures):
    open_photo(page, pictures / "disc.png")
    page.keyboard.press("u")
    size = set_size(page, 5)
    begin_stroke(page, (20.5, 10.5), (50.5, 10.5))
    scale = page.evaluate("dimTf.view().scale")
    page.mouse.wheel(0, -200)
    until(page, f"dimTf.view().scale > {scale}")
    page.mouse.move(*on_screen(page, 60.5, 10.5), steps=3)
    page.mouse.up()
    expected = disc_stroke(EMPTY.shape, (20.5, 10.5), (60.5, 10.5), size, 128, EMPTY)
    assert np.array_equal(trimap_of(page), expected)


def paint_rectangles(page):
    """Chooses the rectangle tool, to paint with."""
    page.keyboard.press("r")
    page.check("[name=rectangle-for][value=paint]")


def cancel(page):
    """What the browser says where a gesture of its own takes the pointer over."""
    page.evaluate("""() => document.getElementById("canvas").addEventListener(
      "pointermove",
      (event) => event.target.dispatchEvent(new PointerEvent("pointercancel", event)),
      { once: true, capture: true },
    )""")
    page.mouse.move(*on_screen(page, 100.5, 80.5))


def test_only_a_rectangle_that_is_drawn_is_used(page, pictures):
    open_photo(page, pictures / "disc.png")
    paint_rectangles(page)
    stroke(page, (20, 10), (40, 30))
    painted = trimap_of(page)
    assert (painted[10:30, 20:40] == 255).all() and (painted > 0).sum() == 400
    page.keyboard.press("u")
    page.keyboard.press("r")
    page.mouse.click(*on_screen(page, 80, 60))  # no rectangle, nor the one before
    assert np.array_equal(trimap_of(page), painted)
    begin_stroke(page, (60, 50), (80, 70))
    cancel(page)
    page.mouse.up()
    assert np.array_equal(trimap_of(page), painted)
    stroke(page, (60, 50), (80, 70))
    assert (trimap_of(page)[50:70, 60:80] == 128).all()


def test_escape_gives_up_a_rectangle_of_the_mouse_before_it_stops_anything(page, pictures):
    open_photo(page, pictures / "disc.png")
    paint_rectangles(page)
    held = Held(page, "**/api/matte?output=trimap*")
    page.click("#find-object")
    held.wait()
    begin_stroke(page, (20, 10), (40, 30))
    page.keyboard.press("Escape")
    assert page.locator("#rectangle-width").input_value() == ""
    page.mouse.move(*on_screen(page, 60, 50), steps=3)
    page.mouse.up()
    assert np.array_equal(trimap_of(page), EMPTY)
    assert page.locator("#job").is_visible()
    page.keyboard.press("Escape")
    idle(page)
    assert page.locator("#status").text_content().startswith("Stopped.")
    stroke(page, (20, 10), (40, 30))
    assert (trimap_of(page) > 0).sum() == 400


def test_a_rectangle_of_the_keyboard_needs_two_corners(page, pictures):
    open_photo(page, pictures / "disc.png")
    paint_rectangles(page)
    page.focus("#canvas")
    for key in ("Enter", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    painted = trimap_of(page)
    assert (painted == 255).any()
    page.keyboard.press("u")
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert np.array_equal(trimap_of(page), painted)


def test_a_rectangle_of_the_keyboard_has_the_pixels_under_both_corners(page, pictures):
    open_photo(page, pictures / "disc.png")
    paint_rectangles(page)
    expected = np.zeros_like(trimap_of(page))
    for x, y, to_the_side, to_a_row, box in (
        (0, 0, "Right", "Down", np.s_[0:2, 0:3]),
        (30, 20, "Left", "Up", np.s_[19:21, 28:31]),
    ):
        page.mouse.move(*on_screen(page, x + 0.5, y + 0.5))
        page.focus("#canvas")
        page.keyboard.press("Enter")
        for direction in (to_the_side, to_the_side, to_a_row):
            page.keyboard.press(f"Shift+Arrow{direction}")
        page.keyboard.press("Enter")
        expected[box] = 255
        assert np.array_equal(trimap_of(page), expected)


def test_fill_waits_for_the_button_to_come_up(open_page, pictures):
    page = open_page(has_touch=True)
    open_photo(page, pictures / "disc.png")
    page.keyboard.press("f")
    scale = page.evaluate("dimTf.view().scale")
    touch(page, [(50, 45), (45, 45), (30, 45)], [(70, 45), (75, 45), (90, 45)])
    assert page.evaluate("dimTf.view().scale") > scale
    assert np.array_equal(trimap_of(page), EMPTY)
    page.mouse.click(*on_screen(page, 60, 45), button="right")  # it erases, and fills nothing
    assert np.array_equal(trimap_of(page), EMPTY)
    begin_stroke(page, (60, 45))
    cancel(page)
    page.mouse.up()
    assert np.array_equal(trimap_of(page), EMPTY)
    page.mouse.click(*on_screen(page, 60, 45))
    assert (trimap_of(page) == 255).all()


def test_before_and_after_can_be_painted_down_to_the_edge(page, pictures):
    open_photo(page, pictures / "disc.png")
    open_mask(page, pictures / "disc_mask.png")
    page.keyboard.press("c")
    until(page, "!document.querySelector('[data-save=cutout]').disabled")
    idle(page)
    page.keyboard.press("3")
    for _ in range(4):
        page.keyboard.press("+")
    page.wait_for_selector("#divider")
    box = page.locator("#canvas").bounding_box()
    left, bottom = box["x"], box["y"] + box["height"]
    before = trimap_of(page)
    page.keyboard.press("u")
    page.mouse.move(left + 0.2 * box["width"], bottom - 30)
    page.mouse.down()
    page.mouse.move(left + 0.3 * box["width"], bottom - 30, steps=4)
    page.mouse.up()
    assert (trimap_of(page) != before).any()
    thumb = left + box["width"] / 2, bottom - 32
    page.mouse.move(*thumb)
    page.mouse.down()
    page.mouse.move(thumb[0] + 0.2 * box["width"], thumb[1], steps=4)
    page.mouse.up()
    assert 600 < int(page.locator("#divide").input_value()) < 800


def test_a_window_moved_to_a_finer_screen_is_drawn_as_finely(page, pictures):
    # Where a screen is only pretended, Chromium does not tell of it.
    page.add_init_script("""
      const lists = [];
      const own = window.matchMedia.bind(window);
      window.matchMedia = (query) => lists[lists.push(own(query)) - 1];
      window.tellOfScreen = () => lists.at(-1).dispatchEvent(new Event("change"));
    """)
    page.reload()
    until(page, "Boolean(window.dimTf)")
    open_photo(page, pictures / "disc.png")
    screen = page.context.new_cdp_session(page)
    size = {"width": 1280, "height": 800, "mobile": False}
    for ratio in (2, 1.5, 1):
        screen.send("Emulation.setDeviceMetricsOverride", {**size, "deviceScaleFactor": ratio})
        page.evaluate("tellOfScreen()")
        assert page.evaluate("dimTf.view().ratio") == ratio
        box = page.locator("#canvas").bounding_box()
        width = page.evaluate("document.getElementById('canvas').width")
        assert abs(width - ratio * box["width"]) <= 1
    stroke(page, (50.5, 45.5), (70.5, 45.5))
    size = int(page.locator("#size-shown").text_content().split()[0])
    expected = disc_stroke(EMPTY.shape, (50.5, 45.5), (70.5, 45.5), size, 255, EMPTY)
    assert np.array_equal(trimap_of(page), expected)


def test_a_stroke_goes_on_when_a_band_arrives(page, pictures):
    held = ask_for_band(page, pictures)
    page.keyboard.press("u")
    size = set_size(page, 3)
    begin_stroke(page, (10.5, 85.5), (40.5, 85.5))
    before = page.evaluate("dimTf.trimap().values.reduce((sum, value) => sum + value, 0)")
    held.let_go()
    until(page, f"dimTf.trimap().values.reduce((sum, value) => sum + value, 0) > {before} + 9999")
    page.mouse.move(*on_screen(page, 110.5, 85.5), steps=6)
    page.mouse.up()
    idle(page)
    assert (trimap_of(page)[85, 10:111] == 128).all() and size == 3


@pytest.mark.parametrize("value, key", [(128, "u"), (0, "n")])
def test_what_is_painted_while_the_object_is_sought_stays(page, pictures, value, key):
    open_photo(page, pictures / "disc.png")
    held = Held(page, "**/api/matte?output=trimap*")
    page.set_input_files("#mask-file", pictures / "disc_mask.png")
    held.wait()
    page.keyboard.press(key)
    set_size(page, 3)
    stroke(page, (10.5, 45.5), (110.5, 45.5))  # across the object; background is there already
    held.let_go()
    idle(page)
    trimap = trimap_of(page)
    assert (trimap[45, 10:111] == value).all() and (trimap[40:43, 55:65] == 255).all()
