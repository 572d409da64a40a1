"""The page in a real browser: what comes between while something is painted or drawn."""

import numpy as np
import pytest

from tests.page.browser.conftest import HEIGHT, WIDTH
from tests.page.browser.hands import (
    Held,
    disc_stroke,
    idle,
    on_screen,
    open_mask,
    open_photo,
    set_size,
    trimap_of,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
EMPTY = np.zeros((HEIGHT, WIDTH), np.uint8)


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
