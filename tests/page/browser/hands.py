"""What a person does with the page, in words of the tests."""

import base64
import time
from pathlib import Path

import numpy as np

_READ = """() => {
  const trimap = dimTf.trimap();
  let text = "";
  for (const value of trimap.values) text += String.fromCharCode(value);
  return [trimap.width, trimap.height, btoa(text)];
}"""
_DROP = """([kind, files]) => {
  const data = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    data.items.add(new File([bytes], name));
  }
  const options = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { ...options, clipboardData: data })
    : new DragEvent(kind, { ...options, dataTransfer: data });
  document.getElementById("stage").dispatchEvent(event);
}"""


class Held:
    """Requests to an address that do not reach the server before they are let go."""

    def __init__(self, page, address):
        self._page, self._routes, self._holds = page, [], True
        page.route(address, self._take)

    def _take(self, route):
        if self._holds:
            self._routes.append(route)
        else:
            route.continue_()

    def wait(self):
        while not self._routes:
            self._page.wait_for_timeout(20)

    def let_go(self):
        self._holds = False
        for route in self._routes:
            route.continue_()


def trimap_of(page):
    """The trimap that is painted, [H, W] uint8."""
    width, height, text = page.evaluate(_READ)
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width)


def bring(page, kind, *paths):
    """Drops or pastes files."""
    files = [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in paths]
    page.evaluate(_DROP, [kind, files])


def until(page, expression, seconds=15):
    """Waits until an expression is true in the page.

    Playwright's own way of waiting evaluates text in the page, which its policy forbids.
    """
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never true: {expression}"
        time.sleep(0.03)


def open_photo(page, path):
    """Chooses a file as the photo, and waits until it is shown."""
    page.set_input_files("#photo-file", path)
    until(page, f"document.getElementById('photo-name').textContent.startsWith('{path.name}')")
    idle(page)


def ask_for_band(page, pictures):
    """Paints foreground alone and computes, and returns the band's request before it is sent."""
    open_photo(page, pictures / "disc.png")
    stroke(page, (50.5, 45.5), (70.5, 45.5))
    held = Held(page, "**/api/matte?output=trimap*")
    page.keyboard.press("c")
    held.wait()
    return held


def open_mask(page, path):
    """Chooses a file as the mask of a photo without a stroke, and waits for its trimap."""
    page.set_input_files("#mask-file", path)
    until(page, "!document.getElementById('undo').disabled")
    idle(page)


def idle(page):
    """Waits until the server has nothing to do for the page.

    What was just chosen is read first, and a job of one's own begins a moment later.
    """
    for _ in range(3):
        page.wait_for_selector("#job", state="hidden", timeout=60_000)
        time.sleep(0.05)


def compute(page, key=None):
    if key:
        page.keyboard.press(key)
    else:
        page.click("#compute")
    page.wait_for_selector("#job")
    idle(page)


def open_with_matte(page, pictures):
    """Opens the disc and its mask, and computes its matte and cut-out."""
    open_photo(page, pictures / "disc.png")
    open_mask(page, pictures / "disc_mask.png")
    compute(page, "c")


def on_screen(page, x, y):
    """Where a place of the photo is in the window, CSS pixels."""
    view = page.evaluate("dimTf.view()")
    box = page.locator("#canvas").bounding_box()
    return (
        box["x"] + (x * view["scale"] + view["x"]) / view["ratio"],
        box["y"] + (y * view["scale"] + view["y"]) / view["ratio"],
    )


def stroke(page, *places, button="left"):
    """Paints with the mouse from place to place of the photo."""
    page.mouse.move(*on_screen(page, *places[0]))
    page.mouse.down(button=button)
    for place in places[1:]:
        page.mouse.move(*on_screen(page, *place), steps=6)
    page.mouse.up(button=button)


def touch(page, *fingers):
    """Draws with fingers: of each the places, all of as many."""
    session = page.context.new_cdp_session(page)

    def points(at):
        places = [on_screen(page, *finger[at]) for finger in fingers]
        return [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]

    moves = [points(at) for at in range(len(fingers[0]))]  # before the photo moves
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": moves[0]})
    for move in moves[1:]:
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": move})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def set_size(page, size):
    """Makes the brush smaller by its key until it is so small, and returns its size."""
    while (now := int(page.locator("#size-shown").text_content().split()[0])) > size:
        page.keyboard.press("[")
    return now


def saved(page, selector):
    """Clicks something that saves, and returns the file's name and content."""
    with page.expect_download() as waiting:
        page.click(selector)
    download = waiting.value
    return download.suggested_filename, Path(download.path()).read_bytes()


def disc_stroke(shape, start, end, size, value, trimap):
    """What a level stroke of a round brush leaves, each pixel by its distance."""

    def settled(place):
        return np.floor(place) + 0.5 if size % 2 else np.floor(np.add(place, 0.5))

    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    (left, row), (right, _) = settled(start), settled(end)
    across = np.hypot(x - np.clip(x, left, right), y - row)
    return np.where(across <= size / 2, np.uint8(value), trimap)


def pixels(page, layer):
    """The RGBA of a layer's canvas, [H, W, 4]."""
    shape = page.evaluate(
        f"(() => {{ const c = document.querySelector('canvas[data-layer={layer}]');"
        "return [c.height, c.width]; })()"
    )
    data = page.evaluate(
        f"(() => {{ const c = document.querySelector('canvas[data-layer={layer}]');"
        "const small = document.createElement('canvas');"
        "small.width = Math.round(c.width / 8); small.height = Math.round(c.height / 8);"
        "const on = small.getContext('2d');"
        "on.drawImage(c, 0, 0, small.width, small.height);"
        "return Array.from(on.getImageData(0, 0, small.width, small.height).data); })()"
    )
    return np.reshape(data, (round(shape[0] / 8 + 1e-9), round(shape[1] / 8 + 1e-9), 4))
