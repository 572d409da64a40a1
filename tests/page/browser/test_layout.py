"""The page in a real browser: nothing that is needed is hidden, covered or cut, at the usual sizes of windows."""

import pytest

from tests.page.browser.hands import open_with_matte

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
WINDOWS = {"laptop": (1366, 650), "desk": (1400, 900), "large": (1920, 1080)}

# What of an element lies under something else or out of the window: places of it, or nothing.
_COVERED = """(element) => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const middle = (left + right) / 2;
  const places = [[middle, top + 3], [middle, (top + bottom) / 2], [middle, bottom - 3]];
  return places.filter((place) => !element.contains(document.elementFromPoint(...place)));
}"""


def is_seen(page, selector):
    return page.locator(selector).evaluate(_COVERED) == []


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
              return [name ?? focused.textContent, ({_COVERED})(focused.closest(".swatch") ?? focused)];
            }}"""
        )
        stops.add(name)
        if covered:
            hidden.append(name)
        page.keyboard.press("Tab")
    assert {"invert", "go-on", "checkerboard", "own-colour", "bits", "trimap"} <= stops
    assert hidden == []
