"""From a photo and its trimap to the matte and cut-out that are written. No TensorFlow here.

The command and the library both come here.
"""

from typing import TYPE_CHECKING

import numpy as np

from dim_tf.config import MattingConfig
from dim_tf.matting.cutout import composite_on, filling, foreground_colours_of
from dim_tf.matting.progress import Progress, untold
from dim_tf.pictures.colour import to_srgb
from dim_tf.pictures.levels import to_8_bits, to_16_bits
from dim_tf.pictures.photo import Photo
from dim_tf.system.errors import InputError
from dim_tf.trimaps.on_photo import PhotoAndTrimap

if TYPE_CHECKING:
    from dim_tf.matting.predict import MattingModel


def matte_of_photo(
    model: "MattingModel",
    inputs: PhotoAndTrimap,
    matting: MattingConfig,
    *,
    with_certainty: bool = False,
    told: Progress = untold,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Predicts the matte of a photo.

    Args:
        model: from `load_model`.
        inputs: photo and trimap.
        matting: how.
        with_certainty: whether to say also how sure the network is.
        told: see `dim_tf.matting.progress`.

    Returns:
        The matte, [H, W] float32 in [0, 1], and the certainty, likewise, or None.

    Raises:
        InputError: the photo is too large for one pass where it must be one.
    """
    rgb, trimap = inputs.photo.rgb, inputs.trimap
    if model.statistics == "batch" and not matting.size and trimap.size > matting.max_pixels:
        raise InputError(
            f"{inputs.picture.path} has {trimap.size:,} pixels, more than "
            f"--max_pixels={matting.max_pixels}, and with --bn_eval=batch a photo goes through in "
            "one pass; give --bn_eval=moving, or a larger --max_pixels if there is memory for it."
        )
    sides = matting.size, matting.max_pixels
    # A caller's own model may know nothing of it.
    waiting = {} if told is untold else {"told": told}
    if with_certainty:
        return model.predict_alpha(rgb, trimap, *sides, return_certainty=True, **waiting)
    return model.predict_alpha(rgb, trimap, *sides, **waiting), None


def cut_out(
    photo: Photo, alpha: np.ndarray, levels: np.ndarray, told: Progress = untold
) -> np.ndarray:
    """The object of a photo in its own colours, transparent around it.

    Args:
        photo: of which the colours are, in its own numbers.
        alpha: [H, W] float32 in [0, 1], the matte.
        levels: the same from `dim_tf.pictures.levels.levels_of_matte`.
        told: see `dim_tf.matting.progress`.

    Returns:
        [H, W, 4] RGBA of the dtype of `levels`; what its colours mean says the photo's profile.
        What is opaque in it has the photo's own colours.
    """
    own = to_16_bits(photo.own) if levels.dtype == np.uint16 else to_8_bits(photo.own)
    is_opaque = levels == np.iinfo(levels.dtype).max
    colours = np.where(is_opaque[..., None], own, foreground_colours_of(own, alpha, told))
    return np.dstack([colours, levels])


def cut_out_on(
    photo: Photo, rgba: np.ndarray, alpha: np.ndarray, behind: np.ndarray | tuple[int, int, int]
) -> np.ndarray:
    """A cut-out on a new background: sRGB, as its background is.

    Args:
        photo: what was cut out of.
        rgba: from `cut_out`.
        alpha: [H, W] float32 in [0, 1], the matte.
        behind: [h, w, 3] uint8 of any size, which is scaled to fill the photo, or one colour, RGB.

    Returns:
        [H, W, 3] of the dtype of `rgba`.
    """
    if isinstance(behind, np.ndarray):
        behind = filling(behind, *alpha.shape)
    return composite_on(to_srgb(rgba[..., :3], photo.profile), alpha, behind)
