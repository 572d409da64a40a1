import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from dim_tf.config import IMAGE_MEAN_RGB, ExampleConfig
from dim_tf.examples.transforms import (
    Decisions,
    add_network_input,
    add_trimap,
    composite,
    crop_around_unknown,
    draw_decisions,
    flip,
    make_example,
    resize,
    to_canvas,
    to_float,
    turn,
)
from dim_tf.trimaps.from_matte import trimap_from_alpha

CONFIG = ExampleConfig(crop_sizes=(64, 96), input_size=32, crop_safety="center")


def make_raw(height=160, width=200, seed=0):
    """A soft disc in the middle of colour noise: what an example is on disk."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - height / 2, x - width / 2)
    alpha = np.clip(255 * (min(height, width) / 4 - distance) / 20 + 128, 0, 255)
    return {
        "alpha": tf.constant(alpha[..., None], tf.uint8),
        "eps": tf.constant(random.integers(0, 256, (height, width, 3)), tf.uint8),
        "background": tf.constant(random.integers(0, 256, (height, width, 3)), tf.uint8),
        "pair": tf.constant(7, tf.int64),
    }


def decisions(kernel=21, side=64, centre=0.4, mirrored=False, erosion_kernel=None, turns=0):
    return Decisions(
        trimap_kernel=tf.constant(kernel),
        crop_side=tf.constant(side),
        centre=tf.constant(centre),
        flip=tf.constant(mirrored),
        erosion_kernel=tf.constant(erosion_kernel or kernel),
        quarter_turns=tf.constant(turns),
        appearance=tf.constant([3, 4], tf.int64),
        unknown_patches=tf.constant([5, 6], tf.int64),
    )


def numbered(height, width):
    """Pictures that say where each pixel came from: its row and its column."""
    rows, columns = np.mgrid[:height, :width]
    return {
        name: tf.constant(np.stack([rows, columns], axis=-1), tf.int32)
        for name in ("alpha", "eps", "background")
    } | {"pair": tf.constant(7, tf.int64)}


# Decisions


def test_decisions_depend_on_seed_and_index_alone():
    config = ExampleConfig()

    def draw(seed, index):
        values = draw_decisions(seed, tf.constant(index), config)
        return tuple(number for value in values for number in np.ravel(value).tolist())

    drawn = [draw(5, index) for index in range(20)]
    assert drawn == [draw(5, index) for index in range(20)]
    assert len(set(drawn)) == 20
    assert len({values[-4:-2] for values in drawn}) == 20  # the key of the appearance
    assert len({values[-2:] for values in drawn}) == 20  # the key of the unknown patches
    assert drawn != [draw(6, index) for index in range(20)]


def test_decisions_reach_every_kernel_and_crop_size_about_equally():
    config = ExampleConfig()
    count = 4000
    drawn = tf.data.Dataset.range(count).map(lambda index: draw_decisions(3, index, config))
    kernels, sides, centres, flips, erosions, turns, *_ = (
        np.array(values) for values in zip(*drawn.as_numpy_iterator(), strict=True)
    )
    np.testing.assert_array_equal(erosions, kernels)
    assert not turns.any()
    assert set(kernels) == set(range(20, 40))
    assert np.bincount(kernels)[20:].min() > 0.7 * count / 20
    assert set(sides) == {320, 480, 640}
    for side in (320, 480, 640):
        assert abs(np.mean(sides == side) - 1 / 3) < 0.04
    assert abs(np.mean(flips) - 0.5) < 0.04
    assert centres.min() >= 0 and centres.max() < 1 and abs(centres.mean() - 0.5) < 0.02
    # One draw does not follow another.
    assert np.abs(np.corrcoef([kernels, sides, centres, flips]) - np.eye(4)).max() < 0.07


def test_switches_leave_the_other_decisions_as_they_are():
    plain = ExampleConfig()
    switched = ExampleConfig(trimap_kernels="independent", quarter_turns=True)
    count = 400
    drawn = [
        list(tf.data.Dataset.range(count).map(lambda i, c=c: draw_decisions(3, i, c)))
        for c in (plain, switched)
    ]
    for one, other in zip(*drawn, strict=True):
        for name in (
            "trimap_kernel",
            "crop_side",
            "centre",
            "flip",
            "appearance",
            "unknown_patches",
        ):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    kernels, erosions, turns = (
        np.array([getattr(decision, name) for decision in drawn[1]])
        for name in ("trimap_kernel", "erosion_kernel", "quarter_turns")
    )
    assert set(erosions) == set(range(20, 40)) and set(turns) == {0, 1, 2, 3}
    assert abs(np.corrcoef(kernels, erosions)[0, 1]) < 0.15


# Canvas


def on_canvas(picture, height, width):
    """A picture in the middle of a canvas: cut down to it, and padded with zeros."""
    own_height, own_width = picture.shape[:2]
    top, left = max(own_height - height, 0) // 2, max(own_width - width, 0) // 2
    picture = picture[top : top + height, left : left + width]
    canvas = np.zeros((height, width, picture.shape[2]), picture.dtype)
    top, left = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


@pytest.mark.parametrize("background", [(1281, 1403), (700, 1601), (1280, 1280), (33, 40)])
@pytest.mark.parametrize("alpha", [(31, 28), (640, 401), (1281, 1403)])
def test_the_canvas_is_the_central_1280_of_the_background_with_the_matte_in_its_middle(
    background, alpha
):
    random = np.random.default_rng(1)
    example = {
        "alpha": tf.constant(random.integers(1, 256, (*alpha, 1)), tf.uint8),
        "eps": tf.zeros([3, 3, 3], tf.uint8),
        "background": tf.zeros([*background, 3], tf.uint8),
        "pair": 7,
    }
    actual = to_canvas(example)
    size = [min(side, 1280) for side in background]
    np.testing.assert_array_equal(actual["alpha"], on_canvas(example["alpha"].numpy(), *size))
    assert actual["eps"] is example["eps"] and actual["pair"] == 7


# Trimap


@pytest.mark.parametrize("mode", ["dilate_erode", "dilate"])
def test_trimap_is_made_from_alpha(mode):
    raw = make_raw()
    example = add_trimap(raw, tf.constant(24), mode)
    np.testing.assert_array_equal(
        example["trimap"][..., 0], trimap_from_alpha(raw["alpha"][..., 0], 24, mode)
    )
    assert example["trimap"].shape == (160, 200, 1)


def test_the_erosion_may_have_a_kernel_of_its_own():
    alpha = make_raw()["alpha"]
    example = add_trimap({"alpha": alpha}, tf.constant(31), "dilate_erode", tf.constant(7))
    wide, narrow = (trimap_from_alpha(alpha[..., 0], kernel).numpy() for kernel in (31, 7))
    expected = np.where(alpha[..., 0] == 255, narrow, wide)
    np.testing.assert_array_equal(example["trimap"][..., 0], expected)
    assert (expected != wide).any() and (expected != narrow).any()


# Crop


def with_unknown(height, width, places):
    trimap = np.zeros((height, width, 1), np.uint8)
    for place in places:
        trimap[place] = 128
    return numbered(height, width) | {"trimap": tf.constant(trimap)}


@pytest.mark.parametrize("safety", ["center", "pull_back"])
@pytest.mark.parametrize("side", [20, 21])
def test_crop_is_centred_on_the_chosen_unknown_pixel(side, safety):
    places = [(15, 30), (15, 40), (30, 22), (48, 11), (48, 33)]
    example = with_unknown(80, 70, places)
    for number, place in enumerate(places):
        for fraction in (number / 5, (number + 0.99) / 5):
            crop = crop_around_unknown(
                example, tf.constant(side), tf.constant(fraction, tf.float32), safety
            )
            assert crop["trimap"].shape == (side, side, 1)
            for name in ("alpha", "eps", "background"):
                assert crop[name][side // 2, side // 2].numpy().tolist() == list(place)
            assert crop["trimap"][side // 2, side // 2] == 128


def test_center_passes_over_unknown_pixels_whose_crop_would_leave_the_canvas():
    example = with_unknown(60, 60, [(2, 30), (30, 30), (30, 55)])
    for fraction in (0.0, 0.5, 0.99):
        crop = crop_around_unknown(example, tf.constant(30), tf.constant(fraction), "center")
        assert crop["alpha"][15, 15].numpy().tolist() == [30, 30]


@pytest.mark.parametrize("side", [10, 11])
def test_center_takes_every_pixel_whose_crop_fits_up_to_the_last(side):
    half = side // 2
    corners = [(half, half), (40 - side + half, 30 - side + half)]
    example = with_unknown(40, 30, [(half - 1, half), *corners, (40 - side + half + 1, half)])
    for fraction, corner in ((0.25, corners[0]), (0.75, corners[1])):
        crop = crop_around_unknown(example, tf.constant(side), tf.constant(fraction), "center")
        assert crop["alpha"][half, half].numpy().tolist() == list(corner)


@pytest.mark.parametrize("safety", ["center", "pull_back"])
@pytest.mark.parametrize(
    ("place", "corner"), [((0, 0), (0, 0)), ((59, 3), (40, 0)), ((30, 49), (20, 30))]
)
def test_a_crop_that_would_leave_the_canvas_is_pulled_back(place, corner, safety):
    example = with_unknown(60, 50, [place])
    crop = crop_around_unknown(example, tf.constant(20), tf.constant(0.5), safety)
    assert crop["alpha"].shape[:2] == (20, 20)
    assert crop["alpha"][0, 0].numpy().tolist() == list(corner)


@pytest.mark.parametrize("safety", ["center", "pull_back"])
def test_a_side_beyond_the_canvas_gives_its_shorter_side(safety):
    crop = crop_around_unknown(
        with_unknown(40, 30, [(20, 15)]), tf.constant(640), tf.constant(0.5), safety
    )
    assert crop["alpha"].shape[:2] == (30, 30)
    assert crop["alpha"][0, 0].numpy().tolist() == [5, 0]


@pytest.mark.parametrize("place", [(0, 0), (20, 30), (47, 69), (30, 12)])
def test_a_crop_of_smaller_and_larger_pictures_is_that_of_their_canvases(place):
    random = np.random.default_rng(2)
    pictures = {
        name: random.integers(1, 256, (*size, 3), np.uint8)
        for name, size in {"eps": (21, 33), "background": (55, 90), "thin": (90, 4)}.items()
    }
    example = with_unknown(48, 70, [place]) | {
        name: tf.constant(picture) for name, picture in pictures.items()
    }
    crop = crop_around_unknown(example, tf.constant(25), tf.constant(0.5), "pull_back")
    top, left = (min(max(at - 12, 0), end - 25) for at, end in zip(place, (48, 70), strict=True))
    for name, picture in pictures.items():
        expected = on_canvas(picture, 48, 70)[top : top + 25, left : left + 25]
        np.testing.assert_array_equal(crop[name], expected)


@pytest.mark.parametrize("safety", ["center", "pull_back"])
def test_without_an_unknown_pixel_the_crop_is_in_the_middle(safety):
    crop = crop_around_unknown(with_unknown(40, 60, []), tf.constant(20), tf.constant(0.5), safety)
    assert crop["alpha"][10, 10].numpy().tolist() == [20, 30]


def test_every_unknown_pixel_is_equally_likely():
    places = [(row, column) for row in range(20, 30) for column in range(20, 25)]
    example = with_unknown(60, 60, places)
    chosen = [
        tuple(
            crop_around_unknown(
                example, tf.constant(10), tf.constant((number + 0.5) / 50), "center"
            )["alpha"][5, 5].numpy()
        )
        for number in range(50)
    ]
    assert chosen == places


# Flip


def test_flip_mirrors_all_pictures_alike_and_leaves_scalars():
    example = make_raw() | {"trimap": make_raw()["alpha"]}
    mirrored = flip(example, tf.constant(True))
    for name in ("alpha", "eps", "background", "trimap"):
        np.testing.assert_array_equal(mirrored[name], example[name].numpy()[:, ::-1])
        np.testing.assert_array_equal(flip(example, tf.constant(False))[name], example[name])
    assert mirrored["pair"] == 7


@pytest.mark.parametrize("quarter_turns", range(4))
def test_turn_turns_all_pictures_alike(quarter_turns):
    example = make_raw(20, 20)
    turned = turn(example, tf.constant(quarter_turns))
    for name in ("alpha", "eps", "background"):
        np.testing.assert_array_equal(turned[name], np.rot90(example[name], quarter_turns))
        assert turned[name].shape == example[name].shape
    assert turned["pair"] == 7


# Colours


def test_to_float_and_premultiplied_colours():
    raw = make_raw()
    plain, twice = to_float(raw, "eps"), to_float(raw, "premultiplied")
    alpha, eps = raw["alpha"].numpy() / 255, raw["eps"].numpy()
    np.testing.assert_allclose(plain["alpha"], alpha, rtol=1e-6)
    np.testing.assert_array_equal(plain["foreground"], eps)
    np.testing.assert_allclose(twice["foreground"], alpha * eps, rtol=1e-6)
    np.testing.assert_array_equal(plain["background"], raw["background"].numpy())
    assert "eps" not in plain
    # The original composites with alpha once more: alpha² · eps.
    expected = alpha**2 * eps + (1 - alpha) * raw["background"].numpy()
    np.testing.assert_allclose(composite(twice)["rgb"], expected, rtol=1e-5, atol=1e-4)


def test_composite_is_equation_one():
    example = to_float(make_raw(), "eps")
    alpha, foreground, background = (
        example[name].numpy() for name in ("alpha", "foreground", "background")
    )
    np.testing.assert_allclose(
        composite(example)["rgb"],
        alpha * foreground + (1 - alpha) * background,
        rtol=1e-6,
        atol=1e-4,
    )


# Resize


@pytest.mark.parametrize("size", [32, 64, 160, 224])
def test_resize_keeps_the_trimaps_values_and_the_ranges(size):
    example = to_float(add_trimap(make_raw(), tf.constant(20), "dilate_erode"), "eps")
    actual = resize(example, size)
    for name in ("alpha", "foreground", "background", "trimap"):
        assert actual[name].shape == (size, size, example[name].shape[-1])
    assert set(np.unique(actual["trimap"])) == {0, 128, 255}
    assert actual["trimap"].dtype == tf.uint8
    assert actual["alpha"].numpy().min() >= 0
    assert actual["alpha"].numpy().max() <= 1 + 1e-6
    assert actual["foreground"].numpy().max() <= 255 * (1 + 1e-6)


def test_resize_shrinks_with_antialias():
    """A fine checkerboard becomes grey, it does not alias to black or white."""
    board = np.indices((128, 128)).sum(axis=0)[..., None] % 2
    actual = resize({"alpha": tf.constant(board, tf.float32)}, 32)["alpha"].numpy()
    assert abs(actual - 0.5).max() < 0.1


def test_resize_to_its_own_size_changes_nothing():
    example = to_float(make_raw(64, 64), "eps")
    for name, picture in resize(example, 64).items():
        np.testing.assert_allclose(picture, example[name], rtol=1e-6, atol=1e-4)


# Network input


def test_network_input_is_rgb_minus_the_mean_and_the_trimap():
    example = add_trimap(make_raw(), tf.constant(20), "dilate_erode")
    example = composite(to_float(example, "eps"))
    example = add_network_input(example, example["rgb"])
    inputs = example["image_and_trimap"].numpy()
    expected = example["rgb"].numpy() - np.float32(IMAGE_MEAN_RGB)
    np.testing.assert_allclose(inputs[..., :3], expected, rtol=1e-6)
    np.testing.assert_array_equal(inputs[..., 3:], example["trimap"])
    assert set(np.unique(inputs[..., 3])) == {0, 128, 255}
    assert {value.dtype for name, value in example.items() if name != "pair"} == {tf.float32}


# All together


def drift(config):
    example = make_example(make_raw(), decisions(side=96), config)
    expected = composite(example)["rgb"]
    return np.abs(example["rgb"] - expected).max()


def test_photo_is_made_of_the_pictures_beside_it_exactly():
    assert drift(CONFIG) == 0


def test_photo_drifts_when_resized_after_compositing():
    before = ExampleConfig(input_size=32, crop_safety="center", composite="before_resize")
    assert drift(before) > 1


@pytest.mark.parametrize("mirrored", [False, True])
def test_make_example_crops_flips_and_resizes_everything_alike(mirrored):
    raw = make_raw()
    side = CONFIG.input_size  # no resampling: pixels can be compared
    chosen = decisions(side=side, mirrored=mirrored)
    example = make_example(raw, chosen, CONFIG)
    trimap = trimap_from_alpha(raw["alpha"][..., 0], 21).numpy()
    rows, columns = np.nonzero(trimap == 128)
    place = int(np.float64(np.float32(0.4)) * len(rows))
    top, left = rows[place] - side // 2, columns[place] - side // 2

    def expected(picture):
        crop = np.asarray(picture)[top : top + side, left : left + side]
        return crop[:, ::-1] if mirrored else crop

    np.testing.assert_array_equal(example["trimap"][..., 0], expected(trimap))
    np.testing.assert_allclose(example["alpha"], expected(raw["alpha"]) / 255, rtol=1e-5)
    np.testing.assert_allclose(example["foreground"], expected(raw["eps"]), rtol=1e-5)
    np.testing.assert_allclose(example["background"], expected(raw["background"]), rtol=1e-5)


def test_steps_run_in_a_graph_as_they_run_eagerly():
    raw = make_raw()

    def load(index):
        return make_example(dict(raw), draw_decisions(4, index, CONFIG), CONFIG)

    for index, example in enumerate(tf.data.Dataset.range(4).map(load)):
        eager = load(tf.constant(index, tf.int64))
        assert example.keys() == eager.keys()
        for name, value in eager.items():
            np.testing.assert_array_equal(example[name], value)


def test_unknown_patches_come_as_often_as_asked_and_change_the_trimap_alone():
    raw = make_raw()
    changed = 0
    for index in range(40):
        chosen = decisions()._replace(unknown_patches=tf.constant([index, 1], tf.int64))
        plain = make_example(raw, chosen, CONFIG)
        patched = make_example(raw, chosen, dataclasses.replace(CONFIG, unknown_patches=0.5))
        changed += bool(np.any(plain["trimap"] != patched["trimap"]))
        np.testing.assert_array_equal(patched["image_and_trimap"][..., 3:], patched["trimap"])
        for name in ("rgb", "alpha", "foreground", "background"):
            np.testing.assert_array_equal(plain[name], patched[name])
    assert 10 <= changed <= 30


def test_switches_reach_their_steps():
    raw, chosen = make_raw(), decisions(turns=1)
    plain = make_example(raw, chosen, CONFIG)
    for change in (
        {"trimap_mode": "dilate"},
        {"foreground": "premultiplied"},
        {"composite": "before_resize"},
        {"input_size": 64},
        {"colour_change": 1.0},
        {"noise": 1.0},
        {"quarter_turns": True},
        {"unknown_patches": 1.0},
    ):
        config = ExampleConfig(
            **({"crop_sizes": (64,), "input_size": 32, "crop_safety": "center"} | change)
        )
        changed = make_example(raw, chosen, config)["image_and_trimap"]
        same_size = changed.shape == plain["image_and_trimap"].shape
        assert not same_size or np.any(changed != plain["image_and_trimap"]), change
