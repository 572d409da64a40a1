"""The page in a real browser that has no memory for another photo."""

import numpy as np
import pytest
from PIL import Image

from tests.page.browser.hands import idle, open_photo, pixels, stroke, trimap_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
NO_BITMAP = """() => {
  window.createImageBitmap = () => Promise.reject(new DOMException("", "InvalidStateError"));
}"""
NO_ARRAY = """() => {
  window.Uint8Array = new Proxy(Uint8Array, {
    construct(array, values) {
      if (values[0] === 50 * 40) throw new RangeError("Array buffer allocation failed");
      return new array(...values);
    },
  });
}"""


@pytest.mark.parametrize("lack", [NO_BITMAP, NO_ARRAY], ids=["bitmap", "array"])
def test_a_photo_for_which_there_is_no_memory_leaves_the_one_before(page, pictures, tmp_path, lack):
    Image.new("RGB", (50, 40), (10, 200, 30)).save(tmp_path / "other.png")
    page.on("dialog", lambda dialog: dialog.accept())
    open_photo(page, pictures / "disc.png")
    stroke(page, (50.5, 45.5), (70.5, 45.5))
    painted = trimap_of(page)
    page.evaluate(lack)
    page.set_input_files("#photo-file", tmp_path / "other.png")
    page.wait_for_selector("#failure")
    idle(page)
    said = page.locator("#failure-sentence").text_content()
    assert said == "This browser has not enough memory for 50 × 40 pixels."
    assert page.locator("#photo-name").text_content().startswith("disc.png")
    page.keyboard.press("+")  # it is drawn anew
    page.wait_for_timeout(100)
    assert (pixels(page, "photo")[..., 3] == 255).any()
    assert np.array_equal(trimap_of(page), painted)
