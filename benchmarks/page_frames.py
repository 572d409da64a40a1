"""How smoothly the page paints: frame times that the page itself measures, in headless Chromium.

python benchmarks/page_frames.py [--megapixels=1,12,24] [--brushes=20,100,500] [--seconds=2]

Starts `dim-tf page`, opens a photo of each size, and paints zigzags over what is seen, with the
whole photo in the window and zoomed in. `interval` is the time from frame to frame while the brush
moves; `work` is what the page's own program took of it, painting and drawing.
Needs Chromium and Playwright (`pip install playwright`; no browser of its own).
"""

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from page_browser import browser_and_address
from playwright.sync_api import Page

WINDOW = {"width": 1400, "height": 900}
ZOOMS = {"fit": 0, "100 %": 1.0, "400 %": 4.0}


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def write_photo(path: Path, megapixels: int) -> None:
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    rough = np.random.default_rng(0).integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    photo = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), photo, [cv2.IMWRITE_JPEG_QUALITY, 90])


def set_value(page: Page, selector: str, value: float) -> None:
    page.eval_on_selector(
        selector,
        "(field, value) => { field.value = value; field.dispatchEvent(new Event('input')); }",
        value,
    )


def zoom_to(page: Page, scale: float) -> None:
    page.keyboard.press("0")
    if not scale:
        return
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    now = page.evaluate("dimTf.view().scale")
    page.mouse.wheel(0, -np.log(scale / now) / np.log(1.0015))
    page.wait_for_timeout(300)


def paint(page: Page, seconds: float) -> list[dict[str, float]]:
    box = page.locator("#canvas").bounding_box()
    page.evaluate("dimTf.frames.length = 0")
    end, turn = time.monotonic() + seconds, 0
    left, right = box["x"] + 0.15 * box["width"], box["x"] + 0.85 * box["width"]
    page.mouse.move(left, box["y"] + box["height"] / 2)
    page.mouse.down()
    while time.monotonic() < end:
        share = 0.2 + 0.6 * (turn * 0.37 % 1)
        page.mouse.move(
            right if turn % 2 == 0 else left, box["y"] + share * box["height"], steps=25
        )
        turn += 1
    page.mouse.up()
    frames = page.evaluate("dimTf.frames.slice()")
    page.keyboard.press("z")
    page.wait_for_timeout(100)
    return frames


def report(label: str, frames: list[dict[str, float]]) -> None:
    interval, work = (np.array([frame[name] for frame in frames]) for name in ("interval", "work"))
    figures = [
        f"{np.median(values):6.1f} {np.percentile(values, 95):6.1f} {values.max():6.1f}"
        for values in (interval, work)
    ]
    print(f"{label} {len(frames):6d} | {figures[0]} | {figures[1]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=numbers, default=[1, 12, 24])
    parser.add_argument("--brushes", type=numbers, default=[20, 100, 500])
    parser.add_argument("--seconds", type=float, default=2.0)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser_and_address() as (browser, address):
        print(f"Chromium {browser.version}, window {WINDOW['width']} × {WINDOW['height']}")
        print("ms per frame: median, 95th percentile, worst")
        print(f"{'MP':>3} {'zoom':>6} {'brush':>6} {'frames':>6} | {'interval':^20} | {'work':^20}")
        for megapixels in flags.megapixels:
            path = Path(folder, f"photo_{megapixels}.jpg")
            write_photo(path, megapixels)
            page = browser.new_page(viewport=WINDOW)
            page.goto(address)
            page.set_input_files("#photo-file", path)
            page.wait_for_selector("#empty", state="hidden", timeout=120_000)
            for zoom, scale in ZOOMS.items():
                zoom_to(page, scale)
                for brush in flags.brushes:
                    set_value(page, "#size", 100 * np.log(brush) / np.log(1000))
                    frames = paint(page, flags.seconds)
                    report(f"{megapixels:3d} {zoom:>6} {brush:6d}", frames)
            page.close()


if __name__ == "__main__":
    main()
