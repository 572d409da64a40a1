import hashlib
import subprocess
import sys

import cv2
import numpy as np
import pytest

from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import (
    DEFAULT_KINDS,
    MATTE_KINDS,
    foreground_colours,
    kind_of,
    render_matte,
    render_sample,
    render_shaded_matte,
    render_texture,
    with_shades,
)
from dim_tf.synthetic.canvas import Canvas, ShadedCanvas
from dim_tf.synthetic.natural import with_textured_edges
from dim_tf.synthetic.shapes import draw_hard, ellipse
from dim_tf.system.errors import InputError

SMALL = 160


def digest(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


def digests_of_all_kinds():
    return [digest(render_matte(kind, 5, 96)) for kind in MATTE_KINDS]


def test_kinds_take_turns():
    kinds = [kind_of(index) for index in range(10 * len(DEFAULT_KINDS))]
    assert [kinds.count(kind) for kind in DEFAULT_KINDS] == [10] * len(DEFAULT_KINDS)


def test_chosen_kinds_take_turns_and_one_may_come_more_often():
    kinds = ("hair", "hard", "hair")
    assert [kind_of(index, kinds) for index in range(6)] == ["hair", "hard", "hair"] * 2


def test_unknown_kind_is_refused_by_name():
    with pytest.raises(InputError, match="feathers"):
        render_matte("feathers", 0, SMALL)
    with pytest.raises(InputError, match="feathers"):
        kind_of(1, ("hair", "feathers"))


@pytest.mark.parametrize("kind", MATTE_KINDS)
def test_every_matte_has_background_foreground_and_what_is_between(kind):
    for seed in range(12):
        alpha = render_matte(kind, seed, SMALL)
        assert alpha.shape == (SMALL, SMALL)
        assert alpha.dtype == np.uint8
        assert np.mean(alpha == 0) > 0.02, seed
        assert np.mean(alpha == 255) > 0.002, seed
        assert np.mean((alpha > 0) & (alpha < 255)) > 0.0005, seed


@pytest.mark.parametrize("size", [64, 161, 320])
def test_size_is_free(size):
    for kind in MATTE_KINDS:
        assert render_matte(kind, 3, size).shape == (size, size)


def test_mattes_depend_on_nothing_but_the_arguments():
    expected = digests_of_all_kinds()
    np.random.default_rng().random()
    backwards = [digest(render_matte(kind, 5, 96)) for kind in reversed(MATTE_KINDS)]
    assert backwards[::-1] == expected


def test_a_fresh_process_draws_the_same():
    program = (
        "import tests.synthetic.test_synthetic as module;"
        "print(' '.join(module.digests_of_all_kinds()))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == digests_of_all_kinds()


def test_kinds_and_seeds_differ():
    drawn = [digest(render_matte(kind, seed, 64)) for kind in MATTE_KINDS for seed in range(5)]
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("supersampling", [2, 4])
def test_coverage_of_a_disc_is_its_area(supersampling):
    canvas = Canvas(100, supersampling)
    canvas.fill(ellipse((0.5, 0.5), 0.3, 0.2, 0.4, n=400))
    assert canvas.coverage().mean() == pytest.approx(np.pi * 0.3 * 0.2, rel=0.003)


def test_hard_mattes_agree_with_a_far_finer_drawing():
    for seed in range(6):
        coarse, fine = (
            draw_hard(np.random.default_rng(seed), Canvas(SMALL, supersampling))
            for supersampling in (8, 24)
        )
        edge = (fine > 0) & (fine < 1)
        difference = np.abs(coarse - fine)
        assert difference[edge].mean() < 0.04
        assert difference[~edge].max() < 0.3
        assert abs(coarse[edge].mean() - fine[edge].mean()) < 0.015


def test_a_wide_trimap_leaves_most_of_a_frame_unknown_and_little_of_a_body():
    def opened(kind, seed):
        opaque = (render_matte(kind, seed, 320) == 255).astype(np.uint8)
        brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (21, 21))  # 41 pixels at full size
        return cv2.morphologyEx(opaque, cv2.MORPH_OPEN, brush).sum() / opaque.sum()

    assert np.median([opened("frame", seed) for seed in range(16)]) < 0.3
    assert np.median([opened("hard", seed) for seed in range(16)]) > 0.9


@pytest.mark.parametrize("kind", ["hair", "hard", "lattice", "defocus"])
def test_another_size_is_the_same_drawing(kind):
    large = render_matte(kind, 2, 320).reshape(SMALL, 2, SMALL, 2).mean(axis=(1, 3))
    small = render_matte(kind, 2, SMALL)
    assert np.abs(large - small).mean() < 6


def test_textures_are_varied_and_repeatable():
    pictures = [render_texture(seed, (72, 96)) for seed in range(8)]
    assert all(picture.shape == (72, 96, 3) for picture in pictures)
    assert all(picture.dtype == np.uint8 for picture in pictures)
    assert len({digest(picture) for picture in pictures}) == 8
    assert np.mean([picture.std() > 5 for picture in pictures]) > 0.7
    np.testing.assert_array_equal(render_texture(3, (72, 96)), pictures[3])


def test_colours_without_photos_are_a_texture():
    matte = render_matte("fur", 1, SMALL)
    np.testing.assert_array_equal(
        foreground_colours(matte, [], 4), render_texture(4, (SMALL, SMALL))
    )


def test_colours_come_from_the_photo_and_fill_the_frame(tmp_path):
    rng = np.random.default_rng(0)
    photo = rng.integers(100, 140, (90, 200, 3)).astype(np.uint8)
    write_png(tmp_path / "photo.png", photo)
    matte = np.zeros((60, 100), np.uint8)
    drawn = [foreground_colours(matte, [tmp_path / "photo.png"], seed) for seed in range(12)]
    for colours in drawn:
        assert colours.shape == (60, 100, 3)
        assert colours.dtype == np.uint8
        # Far from black everywhere, though the matte is empty.
        assert colours.min() > 80
    assert len({digest(colours) for colours in drawn}) == 12


def test_colours_of_several_photos_lie_in_patches(tmp_path):
    """Each photo of the test has a colour of its own, so the patches can be read off."""
    photos = []
    for number, colour in enumerate([(250, 0, 0), (0, 250, 0), (0, 0, 250)]):
        photos.append(tmp_path / f"{number}.png")
        write_png(photos[-1], np.full((80, 80, 3), colour, np.uint8))
    shares = []
    for seed in range(30):
        colours = foreground_colours(np.zeros((64, 64), np.uint8), photos, seed)
        place = colours.argmax(axis=-1)
        assert (colours.max(axis=-1) == 250).all()
        shares.append([np.mean(place == number) for number in range(3)])
    assert np.all(np.mean(shares, axis=0) > 0.15)
    assert np.mean(np.array(shares) == 0) < 0.2


@pytest.mark.parametrize("kind", MATTE_KINDS)
def test_shades_leave_the_matte_and_lie_on_what_is_drawn(kind):
    alpha, shades = render_shaded_matte(kind, 4, SMALL)
    np.testing.assert_array_equal(alpha, render_matte(kind, 4, SMALL))
    assert shades.shape == alpha.shape and shades.dtype == np.float32
    assert shades.min() >= -1 and shades.max() <= 1
    if kind not in ("smoke", "glass"):  # drawn as fields, not as shapes
        assert np.any(shades[alpha > 200] != 0)
    if kind in ("hair", "fur", "foliage"):  # many shapes, each with its own
        assert shades[alpha > 200].std() > 0.05
    if kind in ("hair", "wire", "hard"):  # neither blurred nor cut afterwards
        assert np.abs(shades[alpha == 0]).max() == 0


def test_strands_that_overlap_can_be_told_apart_by_their_shades():
    canvas = ShadedCanvas(SMALL, 4, np.random.default_rng(0))
    bars = np.array([[[0.1, 0.3 * n + 0.2], [0.9, 0.3 * n + 0.2]] for n in range(3)])
    canvas.strands(bars, np.full((3, 2), 0.25))
    shades = [canvas.shading()[round((0.3 * n + 0.2) * SMALL), SMALL // 2] for n in range(3)]
    assert len(set(np.round(shades, 3))) == 3
    assert (canvas.coverage()[:, SMALL // 2] == 1).sum() == pytest.approx(0.75 * SMALL, abs=2)


def test_shades_make_colours_lighter_and_darker():
    colours = np.full((2, 3, 3), (30, 60, 90), np.uint8)
    shades = np.array([[-1, 0, 1], [0, 0, 0]], np.float32)
    lit = with_shades(colours, shades, 3).astype(int)
    np.testing.assert_array_equal(lit[1], colours[1])
    factor = lit[0, 2, 2] / 90
    assert 1.2 < factor < 2.5
    np.testing.assert_allclose(lit[0, 2], np.array([30, 60, 90]) * factor, atol=1)
    np.testing.assert_allclose(lit[0, 0], np.array([30, 60, 90]) / factor, atol=1)


def test_sample_has_fur_a_hole_and_a_plausible_mask():
    rgb, alpha, mask = render_sample(0, (120, 160))
    assert rgb.shape == (120, 160, 3)
    assert alpha.shape == mask.shape == (120, 160)
    assert {array.dtype.name for array in (rgb, alpha, mask)} == {"uint8"}
    assert set(np.unique(mask)) == {0, 255}
    assert np.mean((alpha > 0) & (alpha < 255)) > 0.03
    assert np.mean((mask > 0) != (alpha > 127)) < 0.06


def test_trimap_of_the_samples_mask_loses_nothing():
    _, alpha, mask = render_sample()
    kernel = np.ones((25, 25), np.uint8)
    assert np.mean(alpha[cv2.dilate(mask, kernel) == 0] > 25) < 0.002
    assert np.mean(alpha[cv2.erode(mask, kernel) > 0] < 230) < 0.002


def test_coats_are_seen_by_their_shades_alone():
    canvas = ShadedCanvas(SMALL, 4, np.random.default_rng(0))
    canvas.fill(np.array([[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]))
    before, flat = canvas.coverage(), canvas.shading()
    strands = np.array([[[0.1, 0.1 * n], [0.9, 0.1 * n]] for n in range(1, 10)])
    canvas.shade_strands(strands, np.full((9, 2), 0.04))
    np.testing.assert_array_equal(canvas.coverage(), before)
    changed = canvas.shading() != flat
    assert changed[before == 1].mean() == pytest.approx(0.4, abs=0.1)
    assert not changed[before == 0].any()


@pytest.mark.parametrize("kind", ["hair", "fur"])
def test_coats_go_on_inside_the_outline(kind):
    varied = 0
    for seed in range(4):
        alpha, shades = render_shaded_matte(kind, seed, SMALL)
        inside = cv2.erode(alpha, np.ones((15, 15), np.uint8)) == 255
        varied += inside.any() and shades[inside].std() > 0.08
    assert varied == 4


def test_about_half_of_the_canvases_have_lines_that_are_lighter_along_their_middle():
    lit = []
    for seed in range(20):
        canvas = ShadedCanvas(SMALL, 4, np.random.default_rng(seed))
        canvas.stroke([np.array([[0.1, 0.5], [0.9, 0.5]])], 0.1)
        row = canvas.shading()[:, SMALL // 2]
        rim, middle = row[SMALL // 2 - 6], row[SMALL // 2]
        assert middle >= rim
        lit.append(middle > rim)
    assert 4 < sum(lit) < 16


def test_crisp_colours_are_as_sharp_as_the_photograph(tmp_path):
    file, matte = tmp_path / "0.png", np.zeros((200, 320), np.uint8)
    photo = np.random.default_rng(0).integers(0, 255, (100, 120, 3), np.uint8)
    write_png(file, photo)

    def sharpness(crisp):
        seeds = range(10)
        pictures = [foreground_colours(matte, [file], seed, crisp=crisp) for seed in seeds]
        assert all(picture.shape == (200, 320, 3) for picture in pictures)
        return np.median([np.abs(np.diff(p.astype(float), axis=1)).mean() for p in pictures])

    assert sharpness(crisp=True) > 2.5 * sharpness(crisp=False)


def test_textured_edges_lie_where_the_matte_changes_and_follow_the_photograph():
    alpha = np.zeros((320, 320), np.uint8)
    alpha[:, 160:] = 255
    photo = np.random.default_rng(0).integers(0, 255, (320, 320, 3), np.uint8)
    photo = cv2.GaussianBlur(photo, (0, 0), 2)
    flat = np.full_like(photo, 90)
    for seed in range(8):
        textured, plain = (with_textured_edges(alpha, p, seed) for p in (photo, flat))
        assert (textured[:, :90] == 0).all() and (textured[:, 230:] == 255).all()
        # On a photograph without texture the edge is straight: every row is the same.
        assert (plain == plain[:1]).all()
        assert np.abs(textured.astype(int) - textured[:1]).max() > 60
        np.testing.assert_array_equal(textured, with_textured_edges(alpha, photo, seed))
