"""The page in a real browser: what it asks of a mask or trimap, and how it is read."""

import io

import numpy as np
import pytest
from PIL import Image

from dim_tf.pictures.trimap import read_trimap
from dim_tf.pictures.writing import write_png
from tests.page.browser.conftest import HEIGHT, WIDTH
from tests.page.browser.hands import (
    bring,
    compute,
    idle,
    open_mask,
    open_photo,
    saved,
    set_size,
    stroke,
    trimap_of,
    until,
)
from tests.pictures.test_placing import composite

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

# How many pixels of the trimap are unknown.
_UNKNOWN = "dimTf.trimap().values.filter((value) => value === 128).length"


@pytest.mark.parametrize("orientation", [1, 3])
def test_the_server_takes_what_is_painted_as_it_is(page, pictures, tmp_path, orientation):
    """Of a file it would guess whether the object is black, and how it lies on a turned photo."""
    with Image.open(pictures / "disc.png") as photo:
        exif = Image.Exif()
        exif[0x0112] = orientation
        photo.transpose(Image.Transpose.ROTATE_180).save(tmp_path / "turned.png", exif=exif)
    open_photo(page, tmp_path / "turned.png")
    page.keyboard.press("f")
    page.keyboard.press("b")
    stroke(page, (60.5, 45.5))  # all is foreground, the border too
    page.keyboard.press("f")
    page.keyboard.press("u")
    stroke(page, (20.5, 20.5), (60.5, 20.5))
    page.keyboard.press("n")  # a hole at the upper left, with a band around it
    set_size(page, 3)
    stroke(page, (20.5, 20.5), (60.5, 20.5))
    painted = trimap_of(page)
    assert set(np.unique(painted)) == {0, 128, 255} and painted[0, 0] == painted[-1, -1] == 255
    with page.expect_response("**/api/matte?output=trimap*") as answer:
        _, content = saved(page, "[data-save=trimap]")
    assert answer.value.ok
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), painted)
    (tmp_path / "saved.png").write_bytes(content)
    assert np.array_equal(read_trimap(tmp_path / "saved.png"), painted)
    compute(page, "c")
    for what in ("matte", "cutout"):
        _, content = saved(page, f"[data-save={what}]")
        alpha = np.asarray(Image.open(io.BytesIO(content)))
        alpha = alpha[..., 3] if what == "cutout" else alpha
        assert (alpha[painted == 255] == 255).all() and (alpha[painted == 0] == 0).all(), what
    page.select_option("#bits", "16")
    alpha = np.asarray(Image.open(io.BytesIO(saved(page, "[data-save=matte]")[1])))
    assert (alpha[painted == 255] == 65535).all() and (alpha[painted == 0] == 0).all()
    # What was saved comes back, also before anything is unknown.
    whole = np.where(painted == 128, 255, painted).astype(np.uint8)
    for name, trimap in (("painted", painted), ("whole", whole)):
        write_png(tmp_path / f"{name}.png", trimap, is_trimap=True)
        page.set_input_files("#trimap-file", tmp_path / f"{name}.png")
        until(page, f"{_UNKNOWN} === {(trimap == 128).sum()}")
        idle(page)
        assert page.locator("#failure").is_hidden()
        assert np.array_equal(trimap_of(page), trimap)
    if orientation != 1:  # of another file the server has to find out how it lies
        return
    # Of another file it is guessed, as by the command.
    write_png(tmp_path / "other.png", painted)
    page.set_input_files("#trimap-file", tmp_path / "other.png")
    until(page, f"{_UNKNOWN} === {(painted == 128).sum()}")
    idle(page)
    assert np.array_equal(trimap_of(page), np.where(painted == 128, 128, 255 - painted))
    page.click("summary[data-text=band]")
    page.select_option("#invert", "yes")
    page.set_input_files("#trimap-file", tmp_path / "painted.png")
    until(page, f"{_UNKNOWN} === {(painted == 128).sum()}")
    idle(page)
    assert np.array_equal(trimap_of(page), np.where(painted == 128, 128, 255 - painted))


def test_a_mask_whose_edges_do_not_tell_how_it_lies_can_be_turned(page, tmp_path):
    rng = np.random.default_rng(5)
    noise = Image.fromarray(rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    noise.save(tmp_path / "noise.png", exif=exif)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:40, 10:60] = 255
    write_png(tmp_path / "mask.png", mask)
    open_photo(page, tmp_path / "noise.png")
    page.set_input_files("#mask-file", tmp_path / "mask.png")
    page.wait_for_selector("#failure")
    advice = page.locator("#failure-advice").text_content()
    assert "“Turn the mask by the photo's EXIF orientation: yes, like the photo”" in advice
    assert "You find “Turn the mask by the photo's EXIF orientation” under “Unknown band" in advice
    page.click("summary[data-text=band]")
    for choice, seen in (("as_photo", mask[::-1, ::-1]), ("as_stored", mask)):
        page.select_option("#mask-orientation", choice)
        open_mask(page, tmp_path / "mask.png")
        assert page.locator("#failure").is_hidden()
        known = trimap_of(page) != 128
        assert np.array_equal(trimap_of(page)[known], seen[known])
        assert (trimap_of(page) == 255).any()


def test_what_cannot_be_used_is_told_in_words_of_the_page(page, pictures, tmp_path):
    """In both languages, with the names of the controls."""

    def told():
        parts = page.locator("#failure p").all_text_contents()
        assert not any(word in " ".join(parts) for word in ("=", "`", "--"))
        return parts

    plain = np.full((HEIGHT, WIDTH, 3), 99, np.uint8)
    write_png(tmp_path / "plain.png", plain)
    open_photo(page, tmp_path / "plain.png")
    page.click("#find-object")
    page.wait_for_selector("#failure")
    error, advice, _ = told()
    assert error.startswith("GrabCut found nothing with “Find it for me” in the photo")
    assert advice == "Give a rectangle close around the object, or a mask with “Mask file”."
    page.select_option("#language", "zh")
    assert told() == [
        "GrabCut 用“自动寻找”在照片里没有找到与其余部分不同的东西。",
        "请紧贴物体画矩形，或者用“mask 文件”打开 mask。",
        "",  # nothing is left to be said in English
    ]
    page.select_option("#language", "en")
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[10:40, 10:60], labels[50:80, 10:60], labels[10:40, 70:90] = 1, 2, 3
    write_png(tmp_path / "labels.png", labels)
    page.set_input_files("#mask-file", tmp_path / "labels.png")
    until(page, "document.getElementById('failure-sentence').textContent.includes('labels')")
    assert "You find “Labels of the object" in told()[1] and "“Trimap file”" in told()[1]
    page.set_input_files("#trimap-file", tmp_path / "labels.png")
    until(page, "document.getElementById('failure-advice').textContent.includes('“Mask file”')")
    assert "You find" not in told()[1]  # it is opened anew, as a mask


def test_what_was_assumed_is_told_in_words_of_the_page(page, pictures, tmp_path):
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[10:60, 10:60], values[20:50, 20:50] = 128, 255
    write_png(tmp_path / "mask.png", values)
    open_photo(page, pictures / "disc.png")
    open_mask(page, tmp_path / "mask.png")
    notes = page.locator("#notes-list")
    assert "give it with “Trimap file” to have it used as it is" in notes.text_content()
    page.select_option("#language", "zh")
    assert "数值是三分图的数值；要原样使用，请用“三分图文件”打开。" in notes.text_content()


@pytest.mark.parametrize("with_mask", [False, True])
def test_files_that_are_left_over_are_told(page, pictures, tmp_path, with_mask):
    several = [tmp_path / f"{name}.png" for name in ("one", "two", "three")]
    for path in several:
        path.write_bytes((pictures / "disc.png").read_bytes())
    if with_mask:
        several[1] = pictures / "disc_mask.png"
    bring(page, "drop", *several)
    page.wait_for_selector("#failure")
    names = "one.png + disc_mask.png" if with_mask else "one.png"
    said = page.locator("#failure-sentence")
    assert f"Of 3 files only {names} could be opened" in said.text_content()
    assert trimap_of(page).any() == with_mask
    page.select_option("#language", "zh")
    assert f"3 个文件里只打开了 {names}" in said.text_content()


def test_a_photo_and_its_mask_leave_nothing_over(page, pictures):
    bring(page, "drop", pictures / "disc.png", pictures / "disc_mask.png")
    until(page, "!document.getElementById('undo').disabled")
    idle(page)
    assert page.locator("#failure").is_hidden()


@pytest.mark.parametrize("role", ["mask", "trimap"])
def test_a_photo_and_a_mask_that_are_exchanged_are_not_worked_on(page, tmp_path, role):
    """The command takes each for the other; here the picture that is open would stay the mask."""
    rgb, mask = composite((HEIGHT, WIDTH))
    write_png(tmp_path / "really_a_photo.png", rgb)
    values = np.where(mask > 0, np.uint8(255), np.uint8(0))
    if role == "trimap":
        values[:, WIDTH // 2 : WIDTH // 2 + 8] = 128
    write_png(tmp_path / "drawn.png", values)
    open_photo(page, tmp_path / "drawn.png")
    page.set_input_files(f"#{role}-file", tmp_path / "really_a_photo.png")
    page.wait_for_selector("#failure")
    sentence, advice, _ = page.locator("#failure p").all_text_contents()
    assert sentence == (
        "“drawn.png” looks like a mask or trimap, and “really_a_photo.png” like the photo."
    )
    assert "Open “really_a_photo.png” as the photo" in advice
    assert not trimap_of(page).any()
    assert page.locator("#photo-name").text_content().startswith("drawn.png")
