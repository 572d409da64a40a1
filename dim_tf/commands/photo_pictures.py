"""What is made of one photo: the content of every file that is written, in memory."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from dim_tf.config import MattingConfig, WritingConfig
from dim_tf.matting.cutout import composite_on
from dim_tf.matting.of_photo import cut_out, cut_out_on, matte_of_photo
from dim_tf.matting.progress import Progress, untold
from dim_tf.pictures.levels import levels_of_matte
from dim_tf.pictures.side_by_side import PREVIEW_BACKGROUND, side_by_side
from dim_tf.pictures.writing import encode_png
from dim_tf.trimaps.on_photo import PhotoAndTrimap

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel

Kind = Literal["matte", "side_by_side", "save_trimap", "save_certainty", "cutout", "composite"]
# What a cut-out is put on: a picture that is scaled to fill the photo, or a colour, RGB.
Behind = np.ndarray | tuple[int, int, int]


class Made(NamedTuple):
    """What is made of a photo.

    Attributes:
        alpha: the matte, [H, W] float32 in [0, 1].
        contents: of PNG files, by their kind, in the order of `Kind`.
    """

    alpha: np.ndarray
    contents: dict[Kind, bytes]


def pictures_of_photo(
    model: "MattingModel",
    inputs: PhotoAndTrimap,
    wanted: Collection[Kind],
    matting: MattingConfig,
    writing: WritingConfig,
    behind: Behind | None = None,
    told: Progress = untold,
) -> Made:
    """Predicts the matte of a photo and makes the pictures that are wanted of it.

    Args:
        model: from `load_model`.
        inputs: photo and trimap.
        wanted: which pictures.
        matting: how to predict.
        writing: of it how many bits.
        behind: the composite's background, [H, W, 3] uint8 of any size, or a colour.
        told: see `dim_tf.matting.progress`.

    Raises:
        InputError: see `matte_of_photo`.
    """
    rgb, trimap = inputs.photo.rgb, inputs.trimap
    alpha, certainty = matte_of_photo(
        model, inputs, matting, with_certainty="save_certainty" in wanted, told=told
    )
    levels = levels_of_matte(alpha, writing.bits)
    contents: dict[Kind, bytes] = {}
    if "matte" in wanted:
        contents["matte"] = encode_png(levels, is_matte=True)
    if "side_by_side" in wanted:
        row = side_by_side([rgb, trimap, alpha, composite_on(rgb, alpha, PREVIEW_BACKGROUND)])
        contents["side_by_side"] = encode_png(row)
    if "save_trimap" in wanted:
        contents["save_trimap"] = encode_png(trimap, is_trimap=True)
    if certainty is not None:
        contents["save_certainty"] = encode_png(levels_of_matte(certainty))
    if not {"cutout", "composite"} & set(wanted):
        return Made(alpha, contents)
    # A cut-out has the photo's own numbers and their profile, a composite is sRGB, as what is
    # behind it.
    rgba = cut_out(inputs.photo, alpha, levels, told)
    if "cutout" in wanted:
        contents["cutout"] = encode_png(rgba, profile=inputs.photo.profile)
    if "composite" in wanted:
        contents["composite"] = encode_png(cut_out_on(inputs.photo, rgba, alpha, behind))
    return Made(alpha, contents)
