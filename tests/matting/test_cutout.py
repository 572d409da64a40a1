import re
import resource

import cv2
import numpy as np
import pytest

from dim_tf.commands.matte import run_inference
from dim_tf.config import InferenceConfig, config_from_values
from dim_tf.matting.cutout import (
    composite_on,
    filling,
    foreground_colours_of,
    parse_background,
)
from dim_tf.matting.of_photo import cut_out
from dim_tf.pictures.levels import levels_of_matte
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import Photo, read_rgb
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import render_matte, render_texture
from dim_tf.system.errors import InputError


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def infer(tiny_checkpoint, models_are_kept, write_photo, write_trimap):
    def call(**values):
        write_photo("a.png")
        write_trimap("t.png")
        given = {"rgb": "a.png", "trimap": "t.png", "checkpoint": str(tiny_checkpoint)}
        run_inference(config_from_values(InferenceConfig, given | values))

    return call


def scene(kind, seed, size=256):
    """A known foreground, alpha and two backgrounds, and the photo with the first of them."""
    alpha = render_matte(kind, seed, size) / np.float32(255)
    foreground = cv2.GaussianBlur(render_texture(seed, (size, size)), (0, 0), 3)
    behind, other = (render_texture(seed + number, (size, size)) for number in (100, 200))
    return composite_on(foreground, alpha, behind), foreground, alpha, other


@pytest.mark.parametrize("kind", ["hair", "fur", "defocus", "motion_blur"])
def test_on_another_background_estimated_colours_come_closer_to_the_truth_than_the_photos(
    kind,
):
    """The factor that the README states: at least 2.5, on the pixels that are neither 0 nor 1."""
    errors = {"estimated": [], "photo": []}
    for seed in range(4):
        photo, foreground, alpha, other = scene(kind, seed)
        truth = composite_on(foreground, alpha, other).astype(float)
        between = (alpha > 0) & (alpha < 1)
        for name, colours in (("estimated", foreground_colours_of(photo, alpha)), ("photo", photo)):
            made = composite_on(colours, alpha, other)
            errors[name].append(np.abs(made - truth)[between].mean())
    assert np.mean(errors["photo"]) > 2.5 * np.mean(errors["estimated"])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_cut_out_has_little_of_the_old_background(dtype):
    photo, foreground, alpha, _ = scene("hair", 3)
    levels = np.round(alpha * np.iinfo(dtype).max).astype(dtype)
    rgba = cut_out(Photo(photo, photo, None), alpha, levels)
    assert rgba.dtype == dtype
    np.testing.assert_array_equal(rgba[..., 3], levels)
    colours = rgba[..., :3] * (255 / np.iinfo(dtype).max)
    between = (alpha > 0.1) & (alpha < 0.9)
    kept, left = (np.abs(some - foreground)[between].mean() for some in (photo * 1.0, colours))
    assert left < kept / 2.5


@pytest.mark.parametrize("bits", ["8", "16"])
def test_what_is_opaque_in_the_cut_out_has_the_photos_colours(bits):
    photo, _, alpha, _ = scene("fur", 1, 96)
    # A network says nearly 1, and the file 255.
    alpha = np.where(alpha == 1, 1 - 0.4 / (255 if bits == "8" else 65_535), alpha)
    alpha = alpha.astype(np.float32)
    levels = levels_of_matte(alpha, bits)
    own = photo if bits == "8" else photo * np.uint16(257)
    rgba = cut_out(Photo(photo, own, None), alpha, levels)
    opaque = levels == levels.max()
    assert opaque.sum() > 500 and (alpha[opaque] < 1).any()
    np.testing.assert_array_equal(rgba[opaque, :3], own[opaque])
    colours = foreground_colours_of(own, alpha)
    np.testing.assert_array_equal(rgba[~opaque, :3], colours[~opaque])
    assert (colours[opaque] != own[opaque]).any()  # estimated, they would be others


def test_composite_is_equation_one():
    _, foreground, alpha, other = scene("glass", 2, 64)
    literal = np.empty_like(other)
    for row, column in np.ndindex(alpha.shape):
        a = float(alpha[row, column])
        literal[row, column] = [
            round(a * float(f) + (1 - a) * float(b))
            for f, b in zip(foreground[row, column], other[row, column], strict=True)
        ]
    made = composite_on(foreground, alpha, other)
    assert np.abs(made.astype(int) - literal).max() <= 1  # float32 may round a half differently
    plain = composite_on(foreground, alpha, (9, 8, 7))
    np.testing.assert_array_equal(plain[alpha == 0], [[9, 8, 7]] * int((alpha == 0).sum()))


def test_backgrounds_are_colours_or_pictures():
    assert parse_background("white") == (255, 255, 255)
    assert parse_background("#20a050") == (32, 160, 80)
    assert parse_background("rgb(1, 2, 3)") == (1, 2, 3)
    assert parse_background("rgb(300, 2, 3)") == (255, 2, 3)
    write_png("red", np.zeros((3, 3, 3), np.uint8))
    assert parse_background("red").name == "red"  # a file of that name wins
    assert parse_background("rgba(1, 2, 3, 255)") == (1, 2, 3)
    for wrong in ("sea.png", "rgba(1, 2, 3, 0)", "#20a05080"):
        with pytest.raises(InputError, match=rf"{re.escape(wrong)} is no file and no colour"):
            parse_background(wrong)


@pytest.mark.parametrize("size", [(30, 90), (90, 30), (200, 300), (1, 1)])
def test_a_picture_fills_the_photo_and_is_cropped_in_the_middle(size):
    picture = np.zeros((*size, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 255, size[1])
    picture[..., 1] = np.linspace(0, 255, size[0])[:, None]
    write_png("b.png", picture)
    made = filling(read_rgb("b.png"), 60, 80)
    assert made.shape == (60, 80, 3)
    if size != (1, 1):
        red, green = made[..., 0].astype(int), made[..., 1].astype(int)
        assert abs(red.mean() - 127.5) < 4 and abs(green.mean() - 127.5) < 4
        # The aspect ratio stays: a gradient per pixel as in the picture, scaled.
        scale = max(60 / size[0], 80 / size[1])
        assert np.ptp(red) == pytest.approx(255 * 80 / (size[1] * scale), abs=8)
        assert np.ptp(green) == pytest.approx(255 * 60 / (size[0] * scale), abs=8)


def test_a_narrow_strip_does_not_take_gigabytes():
    strip = np.zeros((1, 1001, 3), np.uint8)
    strip[0, 500] = 255
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = filling(strip, 800, 600)
    assert (made[:, 250:350] > 200).all() and made.shape == (800, 600, 3)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_the_files_hold_colours_opacity_and_composite(infer):
    write_png("sea.png", np.full((10, 10, 3), (10, 90, 200), np.uint8))
    infer(cutout="c.png", background="sea.png", composite="new/on_sea.png")
    cut = cv2.imread("c.png", cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]]
    matte, trimap, photo = read_grey("alpha.png"), read_grey("t.png"), read_rgb("a.png")
    np.testing.assert_array_equal(cut[..., 3], matte)
    np.testing.assert_array_equal(cut[trimap == 255][:, :3], photo[trimap == 255])
    made = read_rgb("new/on_sea.png")
    assert (made[trimap == 0] == (10, 90, 200)).all()
    np.testing.assert_array_equal(made[trimap == 255], photo[trimap == 255])


def test_a_composite_without_a_name_goes_beside_the_matte(infer, capsys):
    infer(background="white", output="out/m.png")
    assert (read_rgb("out/m_composite.png")[read_grey("t.png") == 0] == 255).all()
    assert "composite out/m_composite.png" in capsys.readouterr().out


def test_folders_get_one_file_for_each_photo(infer, write_photo, write_mask):
    for name in ("cat", "dog"):
        write_photo(f"photos/{name}.png")
        write_mask(f"masks/{name}.png")
    infer(rgb="photos", trimap="", alpha="masks", trimap_kernel=9, cutout="cut", background="red")
    assert cv2.imread("cut/dog_cutout.png", cv2.IMREAD_UNCHANGED).shape == (40, 50, 4)
    assert read_rgb("mattes/cat_composite.png").shape == (40, 50, 3)


def test_bad_backgrounds_are_refused_before_anything_is_written(infer, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    for value, sentence in (("gren", "no file and no colour"), ("broken.png", "not a picture")):
        with pytest.raises(InputError, match=sentence):
            infer(background=value)
    assert not (tmp_path / "alpha.png").exists()
    with pytest.raises(InputError, match="--composite needs --background"):
        infer(composite="x.png")


def test_a_cutout_over_the_photo_is_refused(infer, tmp_path):
    with pytest.raises(InputError, match="would be overwritten"):
        infer(cutout="a.png")
