"""The page in a real browser: ways in, brush, undo, keys."""

import shutil

import cv2
import numpy as np
import pytest

from dim_tf.pictures.writing import write_png
from tests.page.browser.conftest import EMPTY
from tests.page.browser.hands import (
    bring,
    disc_stroke,
    idle,
    on_screen,
    open_photo,
    set_size,
    stroke,
    touch,
    trimap_of,
    until,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_photo_comes_by_drop_and_by_paste(page, pictures, way):
    bring(page, way, pictures / "disc.png")
    page.wait_for_selector("#empty", state="hidden")
    assert "120 × 90" in page.locator("#photo-name").text_content()
    assert np.array_equal(trimap_of(page), EMPTY)


@pytest.mark.parametrize(("photo", "mask"), [("Matterhorn", "Matterhorn_mask"), ("猫", "猫_蒙版")])
def test_of_two_dropped_files_the_name_says_which_is_the_mask(
    page, pictures, tmp_path, photo, mask
):
    shutil.copy(pictures / "disc.png", tmp_path / f"{photo}.png")
    shutil.copy(pictures / "disc_mask.png", tmp_path / f"{mask}.png")
    bring(page, "drop", tmp_path / f"{mask}.png", tmp_path / f"{photo}.png")
    until(page, f"document.getElementById('photo-name').textContent.startsWith('{photo}.png')")
    until(page, "!document.getElementById('undo').disabled")
    idle(page)
    assert (trimap_of(page) == 255).any()


def test_mouse_paints_what_the_distance_says_and_undo_brings_back_every_byte(page, pictures):
    open_photo(page, pictures / "disc.png")
    states = [trimap_of(page)]
    expected = EMPTY
    for key, value, size, start, end in (
        ("b", 255, 30, (40.2, 45.7), (80.6, 45.7)),
        ("u", 128, 9, (30.5, 20.5), (90.5, 20.5)),
        ("n", 0, 5, (10.5, 45.5), (110.5, 45.5)),
    ):
        page.keyboard.press(key)
        size = set_size(page, size)
        stroke(page, start, end)
        expected = disc_stroke(EMPTY.shape, start, end, size, value, expected)
        assert np.array_equal(trimap_of(page), expected)
        states.append(expected)
    for state in states[-2::-1]:
        page.keyboard.press("z")
        assert np.array_equal(trimap_of(page), state)
    for state in states[1:]:
        page.keyboard.press("Control+y")
        assert np.array_equal(trimap_of(page), state)
    assert page.evaluate("dimTf.frames.length") > 0


def test_eraser_fill_and_straight_lines(page, pictures):
    open_photo(page, pictures / "disc.png")
    page.keyboard.press("u")
    set_size(page, 3)
    stroke(page, (30.5, 20.5), (90.5, 20.5))
    page.keyboard.down("Shift")  # straight on from there, around the disc and back
    for corner in ((90.5, 75.5), (30.5, 75.5), (30.5, 20.5)):
        page.mouse.click(*on_screen(page, *corner))
    page.keyboard.up("Shift")
    page.keyboard.press("f")
    page.keyboard.press("b")  # the fill stays
    page.mouse.click(*on_screen(page, 60, 45))
    box = np.full((54, 60), 255, np.uint8)
    outlined = cv2.copyMakeBorder(box, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=128)
    painted = trimap_of(page)
    assert set(np.unique(painted)) == {0, 128, 255}
    assert (painted[22:74, 32:89] == 255).all() and (painted[45, 29:32] == 128).all()
    assert abs(int((painted > 0).sum()) - outlined.size) < 260
    stroke_of_eraser = (60.5, 45.5), (118.5, 45.5)
    page.keyboard.press("e")
    stroke(page, *stroke_of_eraser)
    assert (trimap_of(page)[45, 60:] == 0).all()
    page.keyboard.press("Control+z")
    page.keyboard.press("b")
    stroke(page, *stroke_of_eraser, button="right")  # the other button erases, too
    assert (trimap_of(page)[45, 60:] == 0).all()


def test_fingers_paint_and_two_of_them_zoom_without_painting(open_page, pictures):
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_photo(page, pictures / "disc.png")
    page.locator("#canvas").scroll_into_view_if_needed()
    touch(page, [(40.5, 45.5), (60.5, 45.5), (80.5, 45.5)])
    painted = trimap_of(page)
    size = int(page.locator("#size-shown").text_content().split()[0])
    assert np.array_equal(
        painted, disc_stroke(EMPTY.shape, (40.5, 45.5), (80.5, 45.5), size, 255, EMPTY)
    )
    before = page.evaluate("dimTf.view().scale")
    touch(page, [(50, 45), (45, 45), (30, 45)], [(70, 45), (75, 45), (90, 45)])
    assert page.evaluate("dimTf.view().scale") > 1.5 * before
    assert np.array_equal(trimap_of(page), painted)


@pytest.mark.parametrize("first", ["hand", "pen"])
def test_a_hand_beside_the_pen_does_nothing(open_page, pictures, first):
    page = open_page(has_touch=True)
    open_photo(page, pictures / "disc.png")
    devices = page.context.new_cdp_session(page)

    def hand_down():
        x, y = on_screen(page, 100.5, 80.5)
        devices.send(
            "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
        )

    def pen(kind, place, **pressed):
        x, y = on_screen(page, *place)
        event = {"type": kind, "x": x, "y": y, "pointerType": "pen", "button": "left", **pressed}
        devices.send("Input.dispatchMouseEvent", event)

    start, end = (40.5, 30.5), (80.5, 30.5)
    view = page.evaluate("dimTf.view()")
    if first == "hand":
        hand_down()
    pen("mousePressed", start, buttons=1, clickCount=1)
    if first == "pen":
        hand_down()
    pen("mouseMoved", end, buttons=1)
    pen("mouseReleased", end, buttons=0, clickCount=1)
    devices.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    size = int(page.locator("#size-shown").text_content().split()[0])
    expected = disc_stroke(EMPTY.shape, start, end, size, 255, EMPTY)
    assert np.array_equal(trimap_of(page), expected)
    assert page.evaluate("dimTf.view()") == view


@pytest.mark.parametrize("width, height", [(390, 844), (640, 400)], ids=["phone", "zoom_of_200"])
def test_in_a_narrow_window_nothing_sticks_out(open_page, pictures, width, height):
    page = open_page(viewport={"width": width, "height": height})
    open_photo(page, pictures / "disc.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        """(width) => [...document.querySelectorAll("button, select")].filter((button) => {
          const box = button.getBoundingClientRect();
          return box.width && (box.height < 30 || box.right > width + 0.5 || box.left < 0);
        }).map((button) => button.id || button.textContent)""",
        width,
    )
    assert small == []


def test_wheel_zooms_to_the_pointer_and_space_moves(page, pictures):
    open_photo(page, pictures / "disc.png")
    x, y = on_screen(page, 30, 30)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    page.wait_for_timeout(50)
    moved = on_screen(page, 30, 30)
    assert abs(moved[0] - x) < 1.5 and abs(moved[1] - y) < 1.5
    page.keyboard.down("Space")
    page.mouse.down()
    page.mouse.move(x + 40, y + 25, steps=3)
    page.mouse.up()
    page.keyboard.up("Space")
    moved = on_screen(page, 30, 30)
    assert abs(moved[0] - x - 40) < 1.5 and abs(moved[1] - y - 25) < 1.5
    assert np.array_equal(trimap_of(page), EMPTY)
    page.keyboard.press("0")
    assert page.locator("#zoom-shown").text_content() == "400 %"


def test_another_tool_forgets_the_first_corner_of_the_keyboard(page, pictures):
    open_photo(page, pictures / "disc.png")
    page.focus("#canvas")
    for key in ("r", "Enter", "ArrowRight", "ArrowDown", "b", "r", "Enter"):
        page.keyboard.press(key)
    assert page.locator("#status").text_content() == "First corner set"
    assert page.locator("#job").is_hidden()
    assert np.array_equal(trimap_of(page), EMPTY)


def test_a_photo_stays_what_it_was_when_its_file_changes(page, pictures, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes((pictures / "disc.png").read_bytes())
    open_photo(page, path)
    path.write_bytes(b"saved anew, by another program")
    page.click("#find-object")
    until(page, "document.getElementById('status').textContent.includes('trimap is ready')")
    assert page.locator("#failure").is_hidden()


def test_a_file_that_is_gone_is_said(page, pictures):
    open_photo(page, pictures / "disc.png")
    page.evaluate("""() => {
      File.prototype.arrayBuffer = () => Promise.reject(new DOMException("", "NotFoundError"));
    }""")
    page.set_input_files("#mask-file", pictures / "disc_mask.png")
    page.wait_for_selector("#failure")
    assert "disc_mask.png cannot be read" in page.locator("#failure-sentence").text_content()
    assert np.array_equal(trimap_of(page), EMPTY)


def test_a_rectangle_is_drawn_or_typed_and_a_mask_opened(page, pictures):
    open_photo(page, pictures / "disc.png")
    page.keyboard.press("r")
    stroke(page, (25, 10), (95, 80))
    idle(page)
    found = trimap_of(page)
    disc = cv2.imread(str(pictures / "disc_mask.png"), cv2.IMREAD_GRAYSCALE)
    assert (found == 128).any() and (found == 255).any()
    assert disc[found == 255].min() == 255 and disc[found == 0].max() == 0
    for name, number in zip(("x", "y", "width", "height"), (25, 10, 70, 70), strict=True):
        assert page.locator(f"#rectangle-{name}").input_value() == str(number)
    page.fill("#rectangle-width", "7000")
    page.click("#use-rectangle")
    assert "120 × 90" in page.locator("#failure").text_content()
    assert np.array_equal(trimap_of(page), found)
    page.set_input_files("#mask-file", pictures / "disc_mask.png")
    idle(page)
    page.wait_for_selector("#failure", state="hidden")
    made = trimap_of(page)
    page.click("text=Unknown band and more")
    page.uncheck("#band-auto")
    page.fill("#band", "31")
    page.click("#band-again")
    idle(page)
    assert (trimap_of(page) == 128).sum() > (made == 128).sum()
    page.keyboard.press("z")
    assert np.array_equal(trimap_of(page), made)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_mask_that_is_refused_is_tried_again_with_another_choice(
    open_page, pictures, tmp_path, locale
):
    page = open_page(locale=locale)
    disc = cv2.imread(str(pictures / "disc_mask.png"), cv2.IMREAD_GRAYSCALE) // 255
    labels = disc.copy()
    labels[:, :60] *= 3
    write_png(tmp_path / "labels.png", labels)
    open_photo(page, pictures / "disc.png")
    page.click("#find-object")
    idle(page)
    page.set_input_files("#mask-file", tmp_path / "labels.png")
    page.wait_for_selector("#failure")
    advice = page.locator("#failure-advice").text_content()
    for name in ("label", "band", "band_again"):
        assert page.locator(f"[data-text={name}]").first.text_content() in advice
    page.click("[data-text=band]")
    page.fill("#label", "1， 3")  # the comma of a Chinese keyboard
    page.click("#band-again")
    idle(page)
    assert page.locator("#failure").is_hidden()
    made = trimap_of(page)
    assert (made[disc == 1] > 0).all() and (made == 255).any() and (made == 0).any()


def test_languages(open_page, pictures):
    page = open_page(locale="zh-CN")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.locator("#compute").text_content() == "计算 matte"
    page.set_input_files("#photo-file", pictures / "words.txt")
    failure = page.locator("#failure")
    failure.wait_for()
    assert "照片文件不是能够读取的图片" in failure.text_content()
    assert page.locator("#failure-server").text_content() == ""
    page.select_option("#language", "en")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#compute").text_content() == "Compute the matte"
    assert "photo" in page.locator("#failure-sentence").text_content()
    page.reload()
    until(page, "Boolean(window.dimTf)")
    assert page.locator("#compute").text_content() == "Compute the matte"  # it is remembered


def test_the_sample_can_be_tried(page):
    page.click("#try-sample")
    page.wait_for_selector("#empty", state="hidden")
    assert trimap_of(page).shape == (480, 640)


def test_the_list_of_keys(page):
    page.keyboard.press("?")
    dialog = page.locator("#keys-dialog")
    dialog.wait_for()
    assert "Eraser" in dialog.text_content()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def test_letters_can_be_turned_off_as_keys(page):
    """WCAG 2.1.4: what is said to a microphone or pressed by chance should not paint."""

    def pressed(tool):
        return page.locator(f"button[data-tool={tool}]").get_attribute("aria-pressed")

    page.keyboard.press("?")
    page.uncheck("#letter-keys")
    page.keyboard.press("Escape")
    page.locator("#keys-dialog").wait_for(state="hidden")
    for key in ("e", "h", "?"):
        page.keyboard.press(key)
    assert pressed("brush") == "true"
    assert page.locator("#keys-dialog").is_hidden()
    page.reload()
    until(page, "Boolean(window.dimTf)")
    page.keyboard.press("e")
    assert pressed("brush") == "true"  # it is remembered
    page.click("#show-keys")
    page.check("#letter-keys")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    assert pressed("eraser") == "true"
