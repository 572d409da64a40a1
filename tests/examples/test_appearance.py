import dataclasses

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from dim_tf.config import IMAGE_MEAN_RGB, ExampleConfig
from dim_tf.examples.appearance import (
    add_noise,
    cast_shadow,
    change_colours,
    change_layers,
    change_photo,
    compress,
    gaussian_blur,
    move_colours,
    plain_backdrop,
)
from dim_tf.examples.transforms import composite, draw_decisions, make_example

SWITCHES = (
    "colour_change",
    "similar_background",
    "plain_background",
    "background_blur",
    "edge_blur",
    "noise",
    "jpeg",
)
ALL = dict.fromkeys(SWITCHES, 1.0)
CONFIG = ExampleConfig(crop_sizes=(64,), input_size=64, crop_safety="pull_back")
KEY = tf.constant([5, 6], tf.int64)


def picture(seed, size=64):
    """Colours that vary smoothly, in grey levels."""
    noise = np.random.default_rng(seed).normal(0, 1, (size, size, 3))
    smooth = scipy.ndimage.gaussian_filter(noise, (4, 4, 0))
    return tf.constant(np.clip(120 + 40 * smooth / smooth.std(), 0, 255), tf.float32)


def layers(size=64):
    y, x = np.mgrid[:size, :size]
    alpha = np.clip((size / 3 - np.hypot(y - size / 2, x - size / 2)) / 6 + 0.5, 0, 1)
    return {
        "alpha": tf.constant(alpha[..., None], tf.float32),
        "foreground": picture(1, size),
        "background": picture(2, size),
    }


def raw(size=96):
    example = layers(size)
    return {
        "alpha": tf.cast(tf.round(example["alpha"] * 255), tf.uint8),
        "eps": tf.cast(example["foreground"], tf.uint8),
        "background": tf.cast(example["background"], tf.uint8),
    }


def test_without_a_switch_nothing_changes():
    example = layers()
    assert change_layers(example, KEY, CONFIG) == example
    assert change_photo(example["foreground"], KEY, CONFIG) is example["foreground"]


@pytest.mark.parametrize("switch", SWITCHES)
def test_each_switch_changes_its_pictures_only(switch):
    config = dataclasses.replace(CONFIG, **{switch: 1.0})
    example = layers()
    changed = change_layers(example, KEY, config)
    changes = {name for name in example if np.any(changed[name] != example[name])}
    photo = change_photo(example["foreground"], KEY, config)
    if np.any(photo != example["foreground"]):
        changes.add("photo")
    assert (
        changes
        == {
            "colour_change": {"foreground", "background"},
            "similar_background": {"background"},
            "plain_background": {"background"},
            "background_blur": {"background"},
            "edge_blur": {"alpha"},
            "noise": {"photo"},
            "jpeg": {"photo"},
        }[switch]
    )


def test_a_change_comes_as_often_as_asked():
    config = dataclasses.replace(CONFIG, noise=0.3)
    photo = tf.fill([4, 4, 3], 100.0)
    changed = [
        np.any(change_photo(photo, tf.constant([1, index], tf.int64), config) != photo)
        for index in range(300)
    ]
    assert abs(np.mean(changed) - 0.3) < 0.08


def test_changes_depend_on_the_key_alone_and_stay_in_range():
    config = dataclasses.replace(CONFIG, **ALL)
    drawn = []
    for index in range(12):
        key = tf.constant([9, index], tf.int64)
        changed, again = (change_layers(layers(), key, config) for _ in range(2))
        for name in ("foreground", "background"):
            np.testing.assert_array_equal(changed[name], again[name])
            assert tf.reduce_min(changed[name]) >= 0 and tf.reduce_max(changed[name]) <= 255.001
        np.testing.assert_array_equal(changed["alpha"], again["alpha"])
        assert tf.reduce_min(changed["alpha"]) >= 0 and tf.reduce_max(changed["alpha"]) <= 1
        drawn.append(float(tf.reduce_mean(changed["foreground"])))
    assert len(set(drawn)) == 12


def test_edge_blur_widens_an_edge_and_leaves_what_is_far_from_it():
    config = dataclasses.replace(CONFIG, edge_blur=1.0)
    alpha = np.zeros((64, 64, 1), np.float32)
    alpha[:, 32:] = 1.0
    widths = []
    for index in range(20):
        example = layers() | {"alpha": tf.constant(alpha)}
        soft = change_layers(example, tf.constant([2, index], tf.int64), config)["alpha"].numpy()
        np.testing.assert_allclose(soft[:, [*range(24), *range(40, 64)]], alpha[:, 8:56], atol=1e-5)
        np.testing.assert_allclose(soft.mean(), 0.5, atol=1e-4)
        widths.append(np.mean(np.sum((soft > 0.05) & (soft < 0.95), axis=1)))
    assert min(widths) <= 2 and max(widths) >= 4


@pytest.mark.parametrize("order", ["after_resize", "before_resize"])
def test_no_known_pixel_is_soft_where_edges_are_blurred(order):
    """As of every trimap that is made of a matte: 0 < alpha < 255 is unknown."""
    config = dataclasses.replace(
        CONFIG, edge_blur=1.0, composite=order, trimap_kernel_min=2, trimap_kernel_max=2
    )
    opened = 0
    for index in range(8):
        decisions = draw_decisions(1, tf.constant(index, tf.int64), config)
        example = make_example(raw(), decisions, config)
        known = example["trimap"].numpy() != 128
        differs = np.abs(example["alpha"] - example["trimap"].numpy() / 255)
        assert differs[known].max() <= 0.5 / 255 + 1e-6
        np.testing.assert_array_equal(example["image_and_trimap"][..., 3:], example["trimap"])
        sharp = dataclasses.replace(config, edge_blur=0.0)
        before = make_example(raw(), decisions, sharp)["trimap"].numpy()
        assert (example["trimap"].numpy()[before == 128] == 128).all()
        opened += np.count_nonzero(known != (before != 128))
    assert opened


def test_the_photo_stays_equation_one_and_only_the_network_sees_noise():
    config = dataclasses.replace(CONFIG, **ALL)
    clean = dataclasses.replace(config, noise=0.0, jpeg=0.0)
    for index in range(3):
        decisions = draw_decisions(1, tf.constant(index, tf.int64), config)
        example = make_example(raw(), decisions, config)
        np.testing.assert_array_equal(example["rgb"], composite(example)["rgb"])
        seen = example["image_and_trimap"][..., :3] + np.float32(IMAGE_MEAN_RGB)
        assert np.abs(seen - example["rgb"]).mean() > 0.3
        np.testing.assert_array_equal(make_example(raw(), decisions, clean)["rgb"], example["rgb"])


def test_colours_stay_where_nothing_is_asked_and_follow_the_formula():
    photo = picture(3)
    same = change_colours(photo, 1.0, 0.0, tf.ones(3), 1.0)
    np.testing.assert_allclose(same, photo, atol=1e-3)
    plain = tf.fill([5, 5, 3], 100.0)
    tinted = change_colours(plain, 3.0, 20.0, tf.constant([1.0, 0.5, 1.5]), 2.0)
    expected = 255 * (np.array([120, 60, 180]) / 255) ** 2
    np.testing.assert_allclose(tinted[2, 3], expected, rtol=1e-4)
    flat = change_colours(photo, 0.0, 0.0, tf.ones(3), 1.0)
    assert np.ptp(flat.numpy(), axis=(0, 1)).max() < 1e-2


def test_moved_colours_have_the_mean_and_spread_of_the_visible_foreground():
    example = layers()
    foreground = example["foreground"].numpy() * 0.5 + np.float32([60, 0, 30])
    moved = move_colours(example["background"], foreground, example["alpha"], 1.0).numpy()
    weight = example["alpha"].numpy() / example["alpha"].numpy().sum()
    mean = (weight * foreground).sum((0, 1))
    spread = np.sqrt((weight * (foreground - mean) ** 2).sum((0, 1)))
    np.testing.assert_allclose(moved.mean((0, 1)), mean, atol=1)
    np.testing.assert_allclose(moved.std((0, 1)), spread, rtol=0.05)
    halfway = move_colours(example["background"], foreground, example["alpha"], 0.5)
    np.testing.assert_allclose(halfway, (moved + example["background"]) / 2, atol=1e-3)


def test_a_backdrop_is_its_colour_with_faint_wrinkles_and_darker_in_the_shadow():
    background, colour = picture(6), tf.constant([200.0, 150.0, 100.0])
    shadow = np.zeros((64, 64, 1), np.float32)
    shadow[32:] = 0.25
    flat = plain_backdrop(background, colour, 0.0, tf.constant(shadow)).numpy()
    np.testing.assert_allclose(flat[:32], np.broadcast_to(colour, (32, 64, 3)))
    np.testing.assert_allclose(flat[32:], np.broadcast_to(0.75 * colour, (32, 64, 3)))
    wrinkled = plain_backdrop(background, colour, 0.2, tf.zeros([64, 64, 1])).numpy()
    np.testing.assert_allclose(
        wrinkled.std((0, 1)), 0.2 * background.numpy().std((0, 1)), rtol=0.01
    )
    np.testing.assert_allclose(wrinkled.mean((0, 1)), colour, rtol=0.01)


def test_a_shadow_is_soft_and_lies_where_it_was_moved_to():
    alpha = np.zeros((128, 128, 1), np.float32)
    alpha[48:80, 48:80] = 1.0
    for offset, move in (((0.5, 0.5), (0, 0)), ((1.0, 0.5), (32, 0)), ((0.25, 0.0), (-16, -32))):
        shadow = cast_shadow(tf.constant(alpha), tf.constant(offset)).numpy()
        assert shadow.shape == alpha.shape and shadow.min() >= 0 and shadow.max() <= 1
        centre = np.array(scipy.ndimage.center_of_mass(shadow[..., 0]))
        np.testing.assert_allclose(centre, np.array(move) + 63.5, atol=1)
        assert ((shadow > 0.1) & (shadow < 0.9)).mean() > 0.03


@pytest.mark.parametrize("size", [(80, 200), (130, 70), (10, 40), (7, 7)])
def test_shadows_of_any_size(size):
    shadow = cast_shadow(tf.ones([*size, 1]), tf.constant([0.5, 0.5])).numpy()
    np.testing.assert_allclose(shadow, np.ones([*size, 1]), atol=1e-5)


def test_a_backdrop_takes_its_colour_from_what_is_seen_of_the_object():
    config = dataclasses.replace(CONFIG, plain_background=1.0)
    left = np.zeros((64, 64, 1), np.float32)
    left[:, :32] = 1.0
    seen, hidden = np.float32([40, 90, 60]), np.float32([20, 30, 200])
    example = layers() | {"foreground": tf.constant(left * seen + (1 - left) * hidden)}

    @tf.function  # a hundred examples one op at a time take ten times as long
    def corner(alpha, key):
        return change_layers(example | {"alpha": alpha}, key, config)["background"][0, -1]

    def share_of(colour, alpha):
        alpha = tf.constant(alpha)
        corners = [corner(alpha, tf.constant([6, index], tf.int64)) for index in range(100)]
        return np.mean(np.abs(np.array(corners) - colour).max(axis=1) < 40)

    assert share_of(seen, left) > 0.25 and share_of(hidden, left) < 0.1
    assert share_of(seen, np.ones_like(left)) > 0.1 < share_of(hidden, np.ones_like(left))
    assert share_of(seen, np.zeros_like(left)) >= 0  # nothing to see is no error


def test_backdrops_differ_in_wrinkles_and_shadow():
    config = dataclasses.replace(CONFIG, plain_background=1.0)
    alpha = np.zeros((128, 128, 1), np.float32)
    alpha[:, 48:80] = 1.0
    example = layers(128) | {"alpha": tf.constant(alpha)}
    wrinkles, shadows = [], []
    for index in range(40):
        key = tf.constant([7, index], tf.int64)
        background = change_layers(example, key, config)["background"].numpy().mean(-1)
        wrinkles.append(background.std(axis=0).mean())
        columns = background.mean(axis=0)
        shadows.append(1 - columns.min() / columns.max())
    assert min(wrinkles) < 1.5 and max(wrinkles) > 4
    assert np.median(shadows) > 0.1 and max(shadows) < 0.65


def test_backdrops_are_often_bright_and_often_like_the_object():
    config = dataclasses.replace(CONFIG, plain_background=1.0)
    example = layers() | {"foreground": tf.tile(tf.constant([[[40.0, 90.0, 60.0]]]), [64, 64, 1])}

    @tf.function  # as above
    def corner(key):
        return change_layers(example, key, config)["background"][0, 0]

    corners = np.array([corner(tf.constant([4, index], tf.int64)) for index in range(200)])
    bright = np.mean((corners > 150).all(axis=1) & (np.ptp(corners, axis=1) < 60))
    alike = np.mean(np.abs(corners - [40, 90, 60]).max(axis=1) < 50)
    assert abs(bright - 0.47) < 0.12 and abs(alike - 0.41) < 0.12


@pytest.mark.parametrize("sigma", [0.7, 2.0, 5.0])
def test_blur_equals_scipys(sigma):
    photo = picture(4)
    expected = scipy.ndimage.gaussian_filter(
        photo.numpy(), (sigma, sigma, 0), mode="reflect", radius=(14, 14, 0)
    )
    np.testing.assert_allclose(gaussian_blur(photo, sigma), expected, atol=0.01)


def test_noise_has_its_standard_deviation():
    photo = tf.fill([64, 64, 3], 128.0)
    noisy = add_noise(photo, 6.0, KEY).numpy()
    assert abs(noisy.std() - 6) < 0.3 and abs(noisy.mean() - 128) < 0.3


def test_compression_hurts_more_at_a_lower_quality():
    photo = add_noise(picture(5), 4.0, KEY)
    low, high = (np.abs(compress(photo, quality) - photo).mean() for quality in (20.0, 95.0))
    assert 0 < high < low < 12
