"""Pictures of the page for docs/page.md, with the shipped weights and the shipped sample.

python benchmarks/page_pictures.py [--out=docs/images]

Writes page.jpg (English, side by side) and page.zh.jpg (Chinese, 390 pixels wide, dark). Needs
Chromium and Playwright (`pip install playwright`; no browser of its own), and a font with Chinese
characters (fonts-noto-cjk), without which they are boxes.
"""

import argparse
import time
from pathlib import Path
from typing import Any

from page_browser import browser_and_address
from playwright.sync_api import Browser

ASSETS = Path(__file__).resolve().parents[1] / "dim_tf" / "assets"
QUALITY = 88
PICTURES = {
    "page.jpg": {"viewport": {"width": 1400, "height": 880}},
    "page.zh.jpg": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 1.5,
        "locale": "zh-CN",
        "color_scheme": "dark",
    },
}


def take_picture(browser: Browser, address: str, path: Path, settings: dict[str, Any]) -> None:
    page = browser.new_page(**settings)
    page.goto(address)
    for field, name in (("#photo-file", "sample_rgb.png"), ("#mask-file", "sample_mask.png")):
        page.set_input_files(field, ASSETS / name)
        page.wait_for_selector("#empty", state="hidden")
        page.wait_for_selector("#job", state="hidden")
    while page.request.get(f"{address}/api/status").json()["model"] == "loading":
        time.sleep(0.2)
    page.click("#compute")
    page.wait_for_selector("#result-said:not(:empty)", timeout=120_000)
    page.wait_for_selector("#job", state="hidden", timeout=120_000)
    page.wait_for_timeout(500)
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=path, type="jpeg", quality=QUALITY)
    page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    flags = parser.parse_args()
    with browser_and_address() as (browser, address):
        for name, settings in PICTURES.items():
            take_picture(browser, address, flags.out / name, settings)


if __name__ == "__main__":
    main()
