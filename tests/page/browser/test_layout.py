"""The page in a real browser: what is needed is not hidden, covered or cut in usual windows."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image, ImageColor

from dim_tf.pictures.writing import write_png
from tests.page.browser.hands import (
    Held,
    bring,
    on_screen,
    open_photo,
    open_with_matte,
    trimap_of,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
WINDOWS = {"laptop": (1366, 650), "desk": (1400, 900), "large": (1920, 1080)}
PHONES = {"phone": (390, 844), "turned": (844, 390)}

# What of an element lies under something else or out of the window: places of it, or nothing.
_COVERED = """(element) => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const middle = (left + right) / 2;
  const places = [[middle, top + 3], [middle, (top + bottom) / 2], [middle, bottom - 3]];
  return places.filter((place) => !element.contains(document.elementFromPoint(...place)));
}"""


def is_seen(page, selector):
    return page.locator(selector).evaluate(_COVERED) == []


def scroll_to_the_end(page):
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_step_can_be_seen_and_none_hides_the_focus(open_page, pictures, window, language):
    """WCAG 2.2, 2.4.11."""
    width, height = WINDOWS[window]
    page = open_page(viewport={"width": width, "height": height}, locale=language)
    open_with_matte(page, pictures)
    for selector in ("#find-object", "#compute", ".swatch.green", "#open-backdrop"):
        assert is_seen(page, selector), selector
    for output in ("cutout", "matte", "composite", "trimap"):
        assert is_seen(page, f"[data-save={output}]"), output
    for unfolded in ("#notes", "details:not(#notes)"):
        page.locator(unfolded).evaluate("(details) => details.toggleAttribute('open', true)")
    page.focus("#find-object")
    stops, hidden = set(), []
    while page.evaluate("document.activeElement.closest('.panel') !== null"):
        name, covered = page.evaluate(
            f"""() => {{
              const focused = document.activeElement;
              const name = focused.id || focused.dataset.save || focused.dataset.backdrop;
              const shown = focused.closest(".swatch") ?? focused;
              return [name ?? focused.textContent, ({_COVERED})(shown)];
            }}"""
        )
        stops.add(name)
        if covered:
            hidden.append(name)
        page.keyboard.press("Tab")
    assert {"invert", "go-on", "checkerboard", "own-colour", "bits", "trimap"} <= stops
    assert hidden == []


@pytest.mark.parametrize("window", PHONES)
def test_on_a_phone_what_is_told_is_in_sight_and_covers_no_end(open_page, pictures, window):
    width, height = PHONES[window]
    page = open_page(viewport={"width": width, "height": height})
    open_photo(page, pictures / "disc.png")
    page.locator("#compute").scroll_into_view_if_needed()
    page.click("#compute")  # nothing is marked
    page.wait_for_selector("#failure")
    assert is_seen(page, "#failure-sentence") and is_seen(page, "#failure-close")
    scroll_to_the_end(page)
    assert is_seen(page, "#failure-close") and is_seen(page, "[data-save=trimap]")
    held = Held(page, "**/api/matte?output=trimap*")
    page.click("#find-object")
    held.wait()
    assert page.locator("#failure").is_hidden() and is_seen(page, "#stop")
    scroll_to_the_end(page)
    assert is_seen(page, "#stop") and is_seen(page, "[data-save=trimap]")
    page.evaluate("scrollTo(0, 0)")
    assert is_seen(page, "#stop")


def test_on_a_phone_a_refusal_does_not_cover_what_goes_on(open_page, pictures):
    page = open_page(viewport={"width": 390, "height": 844})
    open_with_matte(page, pictures)
    page.select_option("#bits", "16")
    held = []
    page.route("**/api/matte?output=*&bits=16&*", lambda route: held.append(route))
    page.click("[data-save=cutout]")
    page.click("[data-save=matte]")
    while not held:
        page.wait_for_timeout(20)
    held[0].fulfill(status=422, json={"code": "unusable", "error": "No.", "what_to_do": ""})
    while len(held) < 2:
        page.wait_for_timeout(20)
    for told in ("#failure-sentence", "#failure-close", "#job-text", "#stop"):
        assert is_seen(page, told), told


@pytest.mark.parametrize("touches, reach", [(False, 11), (True, 21)], ids=["mouse", "finger"])
def test_the_slider_can_be_taken_also_while_something_is_computed(
    open_page, pictures, touches, reach
):
    """WCAG 2.2, 2.5.8: 24 pixels; for a finger 44."""
    page = open_page(has_touch=touches, is_mobile=touches)
    open_with_matte(page, pictures)
    page.keyboard.press("3")
    held = Held(page, "**/api/matte?output=trimap*")
    page.click("#find-object")
    held.wait()
    assert is_seen(page, "#stop")
    page.wait_for_selector("#divider")
    for side in (-reach, 0, reach):
        for up in (20, 32, 44):  # from the stage's lower edge
            hit = page.evaluate(
                """([side, up]) => {
                  const stage = document.getElementById("stage");
                  const { left, width, bottom } = stage.getBoundingClientRect();
                  return document.elementFromPoint(left + width / 2 + side, bottom - up).id;
                }""",
                [side, up],
            )
            assert hit == "divide", (side, up)


@pytest.mark.parametrize("window", WINDOWS | PHONES)
def test_all_of_a_fitted_photo_can_be_painted(open_page, tmp_path, window):
    width, height = (WINDOWS | PHONES)[window]
    page = open_page(viewport={"width": width, "height": height})
    for shape in ((600, 800), (600, 900), (800, 600), (700, 700), (600, 1200)):
        path = tmp_path / f"{shape[1]}x{shape[0]}.png"
        write_png(path, np.full((*shape, 3), 90, np.uint8))
        open_photo(page, path)
        for x in np.linspace(1, shape[1] - 1, 30):
            place = on_screen(page, x, 1)
            hit = page.evaluate("(place) => document.elementFromPoint(...place)?.id", place)
            assert hit == "canvas", (shape, x)


def test_side_by_side_what_the_zoom_covers_can_be_painted_in_the_other_half(open_page, pictures):
    page = open_page(viewport={"width": 390, "height": 844})
    open_with_matte(page, pictures)
    page.evaluate("scrollTo(0, 0)")
    corner = on_screen(page, 118.5, 1.5)
    assert page.evaluate("(place) => document.elementFromPoint(...place).id", corner) != "canvas"
    below = page.locator("#canvas").bounding_box()["height"] / 2 + 3  # half of the gap
    page.keyboard.press("b")
    page.mouse.click(corner[0], corner[1] + below)
    assert trimap_of(page)[1, 118] == 255


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_that_mean_something_stay_where_the_system_has_its_own(open_page, pictures, scheme):
    page = open_page(forced_colors="active", color_scheme=scheme, reduced_motion="reduce")
    open_photo(page, pictures / "disc.png")

    def colour_of(selector, x, y):
        """At a place of an element, as shares of its sides."""
        page.locator(selector).scroll_into_view_if_needed()
        with Image.open(io.BytesIO(page.locator(selector).screenshot())) as picture:
            pixels = picture.convert("RGB")
            return pixels.getpixel((int(x * pixels.width), int(y * pixels.height)))

    for selector, colour in (
        *((".chip.foreground", "#26d07c"), (".chip.background", "#161b54")),
        *((".chip.unknown", "#ffb000"), (".swatch.white", "#ffffff")),
        *((".swatch.black", "#000000"), (".swatch.green", "#20a050")),
    ):
        assert colour_of(selector, 0.5, 0.5) == ImageColor.getrgb(colour), selector
    pressed, other = (
        colour_of(f"#tools [data-tool={tool}]", 0.5, 0.1) for tool in ("brush", "eraser")
    )
    assert np.abs(np.subtract(pressed, other)).max() > 90


def test_a_long_name_stays_within_the_question_what_a_file_is(page, pictures, tmp_path):
    name = f"{'x' * 120}.png"
    open_photo(page, pictures / "disc.png")
    shutil.copyfile(pictures / "disc_mask.png", tmp_path / name)
    bring(page, "drop", tmp_path / name)
    page.wait_for_selector("#role-dialog")
    assert name in page.locator("#role-name").text_content()
    wide, room = page.locator("#role-dialog").evaluate(
        "(one) => [one.scrollWidth, one.clientWidth]"
    )
    assert wide <= room


@pytest.mark.parametrize("touches", [False, True], ids=["mouse", "finger"])
def test_the_top_is_one_line_in_the_narrowest_window(open_page, touches):
    """WCAG 2.2, 1.4.10: 320 pixels."""
    page = open_page(viewport={"width": 320, "height": 640}, has_touch=touches, is_mobile=touches)
    boxes = [page.locator(name).bounding_box() for name in (".brand", "#open-photo", "#show-keys")]
    middles = [box["y"] + box["height"] / 2 for box in boxes]
    assert max(middles) - min(middles) < 2
    assert boxes[-1]["x"] + boxes[-1]["width"] <= 320


@pytest.mark.parametrize("width", [1200, 390])
def test_names_of_the_description_are_whole(open_page, width):
    page = open_page(viewport={"width": width, "height": 800})
    page.goto(f"{page.url}docs")
    broken = page.evaluate(
        """[...document.querySelectorAll("th code")]
          .filter((name) => name.getClientRects().length > 1)
          .map((name) => name.textContent)"""
    )
    assert broken == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
