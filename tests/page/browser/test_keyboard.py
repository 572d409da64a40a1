"""The page in a real browser for who has a keyboard, or does not see it."""

import numpy as np
import pytest

from tests.page.browser.conftest import HEIGHT, WIDTH
from tests.page.browser.hands import on_screen, open_photo, set_size, stroke, trimap_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
EMPTY = np.zeros((HEIGHT, WIDTH), np.uint8)


def focused(page):
    """The id, tool or value of what has the focus."""
    return page.evaluate("""() => {
      const { id, dataset } = document.activeElement;
      return id || dataset.tool || dataset.value;
    }""")


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
