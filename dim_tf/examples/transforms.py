"""The steps that make a training example, each a plain function example → example.

An example is a dict of tensors. It starts as what is on disk, `alpha` [H, W, 1], `eps` [H, W, 3]
and `background` [H, W, 3], all uint8 and in the middle of one canvas, and ends as what the network
and the losses need, all float32:

    image_and_trimap [S, S, 4]  photo in grey levels minus IMAGE_MEAN_RGB, and the trimap
    rgb [S, S, 3]               the photo, grey levels, before noise and compression
    trimap [S, S, 1]            0, 128 or 255
    alpha [S, S, 1]             0 to 1
    foreground, background [S, S, 3]   grey levels

Whatever is random is drawn beforehand by `draw_decisions`, from (seed, index) and nothing else.
"""

from typing import Literal, NamedTuple

import tensorflow as tf

from dim_tf.config import CANVAS_SIDE, IMAGE_MEAN_RGB, UNKNOWN, ExampleConfig
from dim_tf.examples.appearance import change_layers, change_photo
from dim_tf.trimaps.from_matte import trimap_from_alpha, with_unknown_patches

Example = dict[str, tf.Tensor]


class Decisions(NamedTuple):
    """All that chance decides about one example."""

    trimap_kernel: tf.Tensor  # int32 scalar, side of the trimap's window, pixels
    crop_side: tf.Tensor  # int32 scalar, pixels
    centre: tf.Tensor  # float32 scalar in [0, 1): which of the unknown pixels, in row-major order
    flip: tf.Tensor  # bool scalar
    erosion_kernel: tf.Tensor  # int32 scalar, as `trimap_kernel`, for erosion
    quarter_turns: tf.Tensor  # int32 scalar in 0…3
    appearance: tf.Tensor  # [2] int64, key of the draws in `dim_tf.examples.appearance`
    unknown_patches: tf.Tensor  # [2] int64, key of `add_unknown_patches`


def draw_decisions(seed: int | tf.Tensor, index: tf.Tensor, config: ExampleConfig) -> Decisions:
    """The decisions for example `index` of the run with this seed; a pure function of the two."""
    key = tf.random.fold_in([tf.cast(seed, tf.int64), 0], index)
    uniform = tf.random.stateless_uniform([4], key)

    def choose(fraction: tf.Tensor, count: int) -> tf.Tensor:
        return tf.minimum(tf.cast(fraction * count, tf.int32), count - 1)

    # Apart from the first, so that a switch does not change what the others decide.
    more = tf.random.stateless_uniform([2], tf.random.fold_in(key, 1))
    kernels = config.trimap_kernel_max - config.trimap_kernel_min + 1
    trimap_kernel = config.trimap_kernel_min + choose(uniform[0], kernels)
    independent = config.trimap_kernels == "independent"
    return Decisions(
        trimap_kernel=trimap_kernel,
        crop_side=tf.gather(config.crop_sizes, choose(uniform[1], len(config.crop_sizes))),
        centre=uniform[2],
        flip=uniform[3] < 0.5,
        erosion_kernel=config.trimap_kernel_min + choose(more[0], kernels)
        if independent
        else trimap_kernel,
        quarter_turns=choose(more[1], 4) if config.quarter_turns else tf.constant(0),
        appearance=tf.random.fold_in(key, 2),
        unknown_patches=tf.random.fold_in(key, 3),
    )


def to_canvas(example: Example) -> Example:
    """Brings alpha to the canvas: the background's central 1280 × 1280, or less.

    A matte larger than that loses its rim, which no crop centred on a pixel of it can see; a
    smaller one is padded with zeros. The other pictures lie in the middle of the same canvas and
    are left as they are, since `crop_around_unknown` takes no more than a small part of each.
    """
    height, width = tf.unstack(tf.minimum(tf.shape(example["background"])[:2], CANVAS_SIDE))
    alpha = _cut(example["alpha"], (height, width), (0, 0), (height, width))
    return example | {"alpha": alpha}


def _cut(
    picture: tf.Tensor,
    canvas: tuple[tf.Tensor, tf.Tensor],
    corner: tuple[tf.Tensor | int, tf.Tensor | int],
    size: tuple[tf.Tensor, tf.Tensor],
) -> tf.Tensor:
    """A part of the canvas in whose middle a picture lies; zeros where the picture does not reach.

    Args:
        picture: [h, w, C].
        canvas: height and width.
        corner: row and column of the part on the canvas.
        size: of the part, inside the canvas.
    """
    parts, margins = [], []
    for own, whole, start, length in zip(
        tf.unstack(tf.shape(picture)[:2]), canvas, corner, size, strict=True
    ):
        place = tf.maximum(whole - own, 0) // 2 - tf.maximum(own - whole, 0) // 2
        before = tf.clip_by_value(place - start, 0, length)
        first = tf.clip_by_value(start - place, 0, own)
        taken = tf.minimum(length - before, own - first)
        parts.append(slice(first, first + taken))
        margins.append([before, length - before - taken])
    return tf.pad(picture[parts[0], parts[1]], [*margins, [0, 0]])


def add_trimap(
    example: Example,
    kernel: tf.Tensor,
    mode: Literal["dilate_erode", "dilate"],
    erosion_kernel: tf.Tensor | None = None,
) -> Example:
    """Adds `trimap` [H, W, 1] uint8, made from alpha (see `trimap_from_alpha`)."""
    trimap = trimap_from_alpha(example["alpha"][..., 0], kernel, mode, erosion_kernel)
    return example | {"trimap": trimap[..., None]}


def crop_around_unknown(
    example: Example,
    side: tf.Tensor,
    centre: tf.Tensor,
    safety: Literal["center", "pull_back"],
) -> Example:
    """Crops all pictures to a square centred on an unknown pixel.

    Args:
        example: with `trimap`, whose size is the canvas; the other pictures lie in its middle and
            may be smaller or larger.
        side: of the crop, pixels; a canvas smaller than that gives its own shorter side.
        centre: in [0, 1); n unknown pixels in row-major order are addressed by ⌊centre · n⌋.
        safety: "center" takes only those unknown pixels into account whose crop lies on the canvas
            (all of them where there is none); "pull_back" moves a crop that leaves it back inside.
    """
    unknown = tf.equal(example["trimap"][..., 0], UNKNOWN)
    height, width = tf.unstack(tf.shape(unknown))
    side = tf.minimum(side, tf.minimum(height, width))
    half = side // 2
    if safety == "center":
        fits = tf.logical_and(
            _between(tf.range(height), half, height - side + half)[:, None],
            _between(tf.range(width), half, width - side + half)[None, :],
        )
        inside = tf.logical_and(unknown, fits)
        unknown = tf.cond(tf.reduce_any(inside), lambda: inside, lambda: unknown)
    row, column = _pick(unknown, centre)
    top = tf.clip_by_value(row - half, 0, height - side)
    left = tf.clip_by_value(column - half, 0, width - side)
    return {
        name: _cut(picture, (height, width), (top, left), (side, side))
        if picture.shape.rank == 3
        else picture
        for name, picture in example.items()
    }


def _between(values: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    return tf.logical_and(values >= low, values <= high)


def _pick(pixels: tf.Tensor, fraction: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Row and column of the ⌊fraction · n⌋-th of n True pixels; the middle where there is none."""
    up_to_row = tf.cumsum(tf.reduce_sum(tf.cast(pixels, tf.int32), axis=1))
    count = up_to_row[-1]
    rank = tf.minimum(
        tf.cast(tf.cast(fraction, tf.float64) * tf.cast(count, tf.float64), tf.int32), count - 1
    )

    def find() -> tuple[tf.Tensor, tf.Tensor]:
        row = tf.searchsorted(up_to_row, [rank], side="right")[0]
        in_row = tf.cast(pixels[row], tf.int32)
        rank_in_row = rank - (up_to_row[row] - tf.reduce_sum(in_row))
        return row, tf.searchsorted(tf.cumsum(in_row), [rank_in_row], side="right")[0]

    height, width = tf.unstack(tf.shape(pixels))
    return tf.cond(count > 0, find, lambda: (height // 2, width // 2))


def flip(example: Example, mirrored: tf.Tensor) -> Example:
    """Mirrors all pictures left to right where `mirrored` is True."""
    return {
        name: tf.cond(mirrored, lambda p=picture: p[:, ::-1], lambda p=picture: p)
        if picture.shape.rank == 3
        else picture
        for name, picture in example.items()
    }


def turn(example: Example, quarter_turns: tf.Tensor) -> Example:
    """Turns all pictures, which are square, by 0 to 3 quarter turns."""
    return {
        name: tf.ensure_shape(tf.image.rot90(picture, quarter_turns), picture.shape)
        if picture.shape.rank == 3
        else picture
        for name, picture in example.items()
    }


def to_float(example: Example, foreground: Literal["eps", "premultiplied"]) -> Example:
    """Turns `alpha` into 0…1 and eps into the `foreground` colours, all float32.

    "premultiplied" multiplies eps by alpha, as the original does before it composites with alpha
    again (its load_data); "eps" is equation (1).
    """
    alpha = tf.cast(example["alpha"], tf.float32) / 255.0
    colours = tf.cast(example["eps"], tf.float32)
    if foreground == "premultiplied":
        colours = colours * alpha
    rest = {name: value for name, value in example.items() if name != "eps"}
    return rest | {
        "alpha": alpha,
        "foreground": colours,
        "background": tf.cast(example["background"], tf.float32),
    }


def composite(example: Example) -> Example:
    """Adds `rgb` by equation (1) of the paper: alpha · foreground + (1 − alpha) · background."""
    alpha = example["alpha"]
    rgb = alpha * example["foreground"] + (1.0 - alpha) * example["background"]
    return example | {"rgb": rgb}


def resize(example: Example, size: int) -> Example:
    """Resizes to size × size: bilinear with antialias, the trimap by nearest neighbour.

    Nearest keeps the trimap's three values.
    """

    def resized(name: str, picture: tf.Tensor) -> tf.Tensor:
        if name == "trimap":
            picture = tf.image.resize(picture, [size, size], method="nearest")
        else:
            picture = tf.image.resize(picture, [size, size], antialias=True)
        return tf.ensure_shape(picture, [size, size, picture.shape[-1]])

    return {
        name: resized(name, picture) if picture.shape.rank == 3 else picture
        for name, picture in example.items()
    }


def add_unknown_patches(example: Example, key: tf.Tensor, probability: float) -> Example:
    """Makes patches of the trimap unknown with this probability (see `with_unknown_patches`)."""
    if not probability:
        return example
    trimap = example["trimap"]
    drawn = tf.random.stateless_uniform([], key) < probability
    patched = tf.cond(
        drawn,
        lambda: with_unknown_patches(trimap, tf.random.fold_in(key, 1)),
        lambda: tf.identity(trimap),
    )
    return example | {"trimap": patched}


def add_network_input(example: Example, photo: tf.Tensor) -> Example:
    """Adds `image_and_trimap`: the photo minus `IMAGE_MEAN_RGB`, the trimap as fourth channel."""
    trimap = tf.cast(example["trimap"], tf.float32)
    image = photo - tf.constant(IMAGE_MEAN_RGB)
    return example | {"trimap": trimap, "image_and_trimap": tf.concat([image, trimap], axis=-1)}


def open_where_soft(example: Example) -> Example:
    """Makes `trimap` unknown where alpha is not what it says, by more than half a grey level.

    Where edges were blurred after the trimap was made: no known pixel of a trimap is soft.
    """
    trimap = example["trimap"]
    differs = tf.abs(example["alpha"] - tf.cast(trimap, tf.float32) / 255.0) > 0.5 / 255
    return example | {"trimap": tf.where(differs, tf.constant(UNKNOWN, trimap.dtype), trimap)}


def make_example(example: Example, decisions: Decisions, config: ExampleConfig) -> Example:
    """All steps in their order: from what is on disk to what the network and the losses need.

    Args:
        example: `alpha`, `eps`, `background` uint8; scalars are passed through.
        decisions: from `draw_decisions`.
        config: switches; `crop_safety` is "center" or "pull_back".
    """
    example = to_canvas(example)
    example = add_trimap(
        example, decisions.trimap_kernel, config.trimap_mode, decisions.erosion_kernel
    )
    example = crop_around_unknown(
        example, decisions.crop_side, decisions.centre, config.crop_safety
    )
    example = flip(example, decisions.flip)
    if config.quarter_turns:
        example = turn(example, decisions.quarter_turns)
    example = to_float(example, config.foreground)
    if config.composite == "before_resize":
        example = change_layers(example, decisions.appearance, config)
        example = resize(composite(example), config.input_size)
    else:
        # Resizing never follows compositing: the photo would no longer be made of the alpha,
        # foreground and background beside it.
        example = resize(example, config.input_size)
        example = composite(change_layers(example, decisions.appearance, config))
    if config.edge_blur:
        example = open_where_soft(example)
    example = add_unknown_patches(example, decisions.unknown_patches, config.unknown_patches)
    photo = change_photo(example["rgb"], decisions.appearance, config)
    return add_network_input(example, photo)
