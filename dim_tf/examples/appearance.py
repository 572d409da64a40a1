"""Random changes of how an example looks, so that composites come closer to photographs.

Not in the paper nor in the original; all are off by default. Foreground and background change
before they are composited, so that the photo stays exactly what equation (1) makes of alpha,
foreground and background; what a camera adds changes the photo that the network sees and nothing
that the losses compare with.

Pictures are [S, S, 3] float32 in grey levels, 0 to 255. A key is [2] int64 (`tf.random.fold_in`).
"""

from collections.abc import Callable

import tensorflow as tf

from dim_tf.config import ExampleConfig
from dim_tf.examples import ranges


def change_layers(
    example: dict[str, tf.Tensor], key: tf.Tensor, config: ExampleConfig
) -> dict[str, tf.Tensor]:
    """Changes `foreground`, `background` and the edges of `alpha`.

    Each change comes with the probability that the config gives.

    Args:
        example: `alpha` [S, S, 1] in [0, 1], `foreground` and `background`.
        key: of the example.
        config: its `colour_change`, `similar_background`, `plain_background`, `background_blur`
            and `edge_blur`.

    Returns:
        The example with the three pictures changed.
    """
    foreground, background = example["foreground"], example["background"]
    keys = [tf.random.fold_in(key, number) for number in (0, 1, 2, 3, 6, 7)]
    alpha = _perhaps(config.edge_blur, keys[4], _soft_edges, example["alpha"])

    def similar(picture: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        return move_colours(picture, foreground, alpha, _uniform(key, ranges.SIMILARITY))

    def plain(picture: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        return _random_backdrop(picture, foreground, alpha, key)

    foreground = _perhaps(config.colour_change, keys[0], _random_colours, foreground)
    background = _perhaps(config.colour_change, keys[1], _random_colours, background)
    background = _perhaps(config.plain_background, keys[5], plain, background)
    background = _perhaps(config.similar_background, keys[2], similar, background)
    background = _perhaps(config.background_blur, keys[3], _random_blur, background)
    return example | {"alpha": alpha, "foreground": foreground, "background": background}


def change_photo(photo: tf.Tensor, key: tf.Tensor, config: ExampleConfig) -> tf.Tensor:
    """What a camera adds: noise and JPEG compression, each with the probability of the config.

    Args:
        photo: the composite.
        key: of the example.
        config: its `noise` and `jpeg`.
    """
    photo = _perhaps(config.noise, tf.random.fold_in(key, 4), _random_noise, photo)
    return _perhaps(config.jpeg, tf.random.fold_in(key, 5), _random_jpeg, photo)


def change_colours(
    picture: tf.Tensor,
    contrast: tf.Tensor,
    brightness: tf.Tensor,
    gain: tf.Tensor,
    gamma: tf.Tensor,
) -> tf.Tensor:
    """Changes the colours of a picture.

    Args:
        picture: grey levels.
        contrast: factor on the distance from the picture's mean colour.
        brightness: grey levels added to the mean colour.
        gain: [3], factor on the mean colour: a tint.
        gamma: exponent, on colours in 0…1.
    """
    mean = tf.reduce_mean(picture, axis=(0, 1))
    changed = (picture - mean) * contrast + (mean + brightness) * gain
    return 255.0 * tf.pow(tf.clip_by_value(changed / 255.0, 0.0, 1.0), gamma)


def move_colours(
    background: tf.Tensor, foreground: tf.Tensor, alpha: tf.Tensor, share: tf.Tensor
) -> tf.Tensor:
    """Moves the background's mean colour and spread toward those of the visible foreground.

    Where the two resemble each other, colour alone does not tell them apart.

    Args:
        background: grey levels.
        foreground: grey levels.
        alpha: [S, S, 1] in [0, 1].
        share: of the way, in [0, 1].
    """
    weight = alpha / tf.maximum(tf.reduce_sum(alpha), 1.0)
    target_mean = tf.reduce_sum(weight * foreground, axis=(0, 1))
    target_variance = tf.reduce_sum(weight * tf.square(foreground - target_mean), axis=(0, 1))
    mean, variance = tf.nn.moments(background, axes=(0, 1))
    scale = tf.sqrt((target_variance + 1.0) / (variance + 1.0))
    moved = (background - mean) * tf.minimum(scale, ranges.LARGEST_SCALE) + target_mean
    return tf.clip_by_value(background + share * (moved - background), 0.0, 255.0)


def plain_backdrop(
    background: tf.Tensor, colour: tf.Tensor, wrinkles: tf.Tensor, shadow: tf.Tensor
) -> tf.Tensor:
    """A wall or sheet of one colour, as behind products, with a photograph as its faint wrinkles.

    Args:
        background: grey levels, gives the wrinkles.
        colour: [3], grey levels.
        wrinkles: share of the photograph's contrast that is left.
        shadow: [S, S, 1] in [0, 1], the share of light that is missing.

    Returns:
        [S, S, 3] float32, grey levels.
    """
    mean = tf.reduce_mean(background, axis=(0, 1))
    lit = colour + wrinkles * (background - mean)
    return tf.clip_by_value(lit * (1.0 - shadow), 0.0, 255.0)


def cast_shadow(alpha: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    """A soft shadow of the object, moved.

    Args:
        alpha: [S, S, 1] in [0, 1].
        offset: [2] float32 in [0, 1]: how far down and to the right, from minus to plus a quarter
            of the side, in steps of 16 pixels. Pictures below 64 pixels are too small for a step.

    Returns:
        [S, S, 1] float32 in [0, 1].
    """
    size = tf.shape(alpha)[:2]
    coarse = tf.maximum(size // ranges.SHADOW_CELL, 1)
    shadow = tf.image.resize(alpha, coarse, method="area")
    margin = coarse // 4
    padded = tf.pad(shadow, [[margin[0], margin[0]], [margin[1], margin[1]], [0, 0]])
    start = tf.cast(tf.round((1.0 - offset) * tf.cast(2 * margin, tf.float32)), tf.int32)
    shadow = tf.slice(padded, [start[0], start[1], 0], [coarse[0], coarse[1], 1])
    return tf.clip_by_value(tf.image.resize(shadow, size, method="bicubic"), 0.0, 1.0)


def gaussian_blur(picture: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
    """Blurs a picture, mirrored at its borders; sigma in pixels, at most 7."""
    offsets = tf.range(-ranges.BLUR_RADIUS, ranges.BLUR_RADIUS + 1, dtype=tf.float32)
    window = tf.exp(-tf.square(offsets / sigma) / 2.0)
    window /= tf.reduce_sum(window)
    channels = tf.transpose(picture, [2, 0, 1])[..., None]  # each a picture of its own
    margin = [[0, 0], [ranges.BLUR_RADIUS] * 2, [ranges.BLUR_RADIUS] * 2, [0, 0]]
    blurred = tf.pad(channels, margin, mode="SYMMETRIC")
    blurred = tf.nn.conv2d(blurred, tf.reshape(window, [-1, 1, 1, 1]), 1, "VALID")
    blurred = tf.nn.conv2d(blurred, tf.reshape(window, [1, -1, 1, 1]), 1, "VALID")
    return tf.transpose(blurred[..., 0], [1, 2, 0])


def add_noise(photo: tf.Tensor, sigma: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """Adds Gaussian noise of this standard deviation, in grey levels."""
    noise = tf.random.stateless_normal(tf.shape(photo), key)
    return tf.clip_by_value(photo + sigma * noise, 0.0, 255.0)


def compress(photo: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
    """What is left after JPEG compression; quality in 0…100."""
    grey_levels = tf.cast(tf.round(tf.clip_by_value(photo, 0.0, 255.0)), tf.uint8)
    compressed = tf.image.adjust_jpeg_quality(grey_levels, tf.cast(quality, tf.int32))
    return tf.ensure_shape(tf.cast(compressed, tf.float32), photo.shape)


def _random_colours(picture: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    keys = [tf.random.fold_in(key, number) for number in range(4)]
    return change_colours(
        picture,
        _uniform(keys[0], ranges.CONTRAST),
        _uniform(keys[1], ranges.BRIGHTNESS),
        _uniform(keys[2], ranges.CHANNEL_GAIN, [3]),
        _uniform(keys[3], ranges.GAMMA),
    )


def _random_backdrop(
    background: tf.Tensor, foreground: tf.Tensor, alpha: tf.Tensor, key: tf.Tensor
) -> tf.Tensor:
    keys = [tf.random.fold_in(key, number) for number in range(9)]
    bright = _uniform(keys[0], ranges.BRIGHT) + ranges.TINT_SIGMA * tf.random.stateless_normal(
        [3], keys[1]
    )
    any_colour = _uniform(keys[7], (0.0, 255.0), [3])
    # A pixel of the object, drawn with its opacity as probability.
    opacity = tf.cumsum(tf.reshape(alpha, [-1]))
    place = tf.searchsorted(opacity, opacity[-1:] * _uniform(keys[2], (0.0, 1.0)))[0]
    colours = tf.reshape(foreground, [-1, 3])
    place = tf.minimum(place, tf.shape(colours)[0] - 1)
    alike = colours[place] + ranges.LIKENESS_SIGMA * tf.random.stateless_normal([3], keys[8])
    choice = _uniform(keys[3], (0.0, 1.0))
    colour = tf.where(choice < ranges.BRIGHT_SHARE + ranges.ANY_COLOUR_SHARE, any_colour, alike)
    colour = tf.where(choice < ranges.BRIGHT_SHARE, bright, colour)
    shadow = _uniform(keys[4], ranges.SHADOW_STRENGTH) * cast_shadow(
        alpha, _uniform(keys[5], (0.0, 1.0), [2])
    )
    return plain_backdrop(background, colour, _uniform(keys[6], ranges.WRINKLES), shadow)


def _random_blur(picture: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    return gaussian_blur(picture, _log_uniform(key, ranges.BLUR_SIGMA))


def _soft_edges(alpha: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(gaussian_blur(alpha, _log_uniform(key, ranges.EDGE_SIGMA)), 0.0, 1.0)


def _random_noise(photo: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    return add_noise(photo, _uniform(key, ranges.NOISE_SIGMA), tf.random.fold_in(key, 1))


def _random_jpeg(photo: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    return compress(photo, _uniform(key, ranges.JPEG_QUALITY))


def _uniform(
    key: tf.Tensor, bounds: tuple[float, float], shape: tuple[int, ...] | list[int] = ()
) -> tf.Tensor:
    return tf.random.stateless_uniform(shape, key, *bounds)


def _log_uniform(key: tf.Tensor, bounds: tuple[float, float]) -> tf.Tensor:
    low, high = bounds
    return low * tf.pow(high / low, _uniform(key, (0.0, 1.0)))


def _perhaps(
    probability: float,
    key: tf.Tensor,
    change: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    picture: tf.Tensor,
) -> tf.Tensor:
    """The picture changed with this probability; at 0 no op is added to the graph."""
    if not probability:
        return picture
    return tf.cond(
        tf.random.stateless_uniform([], key) < probability,
        lambda: change(picture, tf.random.fold_in(key, 1)),
        lambda: tf.identity(picture),
    )
