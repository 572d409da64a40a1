"""A matte, a cut-out or a trimap of a picture, whatever it is kept in. For several threads.

Reading, repairing, refusing and computing are the command's own functions: the same pictures and
settings give the same numbers as the files that it writes.
"""

import io
import os
from typing import Any, Unpack, overload

import numpy as np
import numpy.typing as npt
from PIL import Image

from dim_tf.library.kept import kept_model
from dim_tf.library.options import (
    MattingOptions,
    PictureLike,
    ReadingOptions,
    RectangleLike,
    Settings,
    settings_of,
)
from dim_tf.library.telling import Told
from dim_tf.matting.of_photo import cut_out, matte_of_photo
from dim_tf.pictures.arrays import picture_of_array
from dim_tf.pictures.colour import to_srgb
from dim_tf.pictures.levels import levels_of_matte
from dim_tf.pictures.limits import refuse_no_name, refuse_too_large
from dim_tf.pictures.picture import Picture, picture_of_image, read_picture
from dim_tf.system.errors import InputError
from dim_tf.trimaps.on_photo import PhotoAndTrimap, photo_and_trimap, what_is_given


@overload
def matte(
    photo: Image.Image,
    mask: PictureLike | None = None,
    *,
    trimap: PictureLike | None = None,
    rectangle: RectangleLike | None = None,
    **options: Unpack[MattingOptions],
) -> Image.Image: ...
@overload
def matte(
    photo: str | os.PathLike[str] | npt.NDArray[Any],
    mask: PictureLike | None = None,
    *,
    trimap: PictureLike | None = None,
    rectangle: RectangleLike | None = None,
    **options: Unpack[MattingOptions],
) -> npt.NDArray[Any]: ...
def matte(
    photo: PictureLike,
    mask: PictureLike | None = None,
    *,
    trimap: PictureLike | None = None,
    rectangle: RectangleLike | None = None,
    **options: Unpack[MattingOptions],
) -> npt.NDArray[Any] | Image.Image:
    """The opacity of an object in a photo.

    What was repaired or assumed is warned of. Options go by the command's names and have its
    defaults, see `dim_tf.config.inference`: trimap_kernel, trimap_mode, invert, label,
    mask_orientation, max_input_megapixels, checkpoint, bn_eval, post_process, size, precision,
    runtime, max_pixels, bits (8 or 16); and model, from `dim_tf.load_model`. Without it one is
    loaded and kept for all calls of all threads.

    Args:
        photo: a file of any kind that the command reads; a Pillow picture, of which EXIF
            orientation, colour profile and transparency are followed; or an array, [H, W, 3] RGB
            or [H, W] grey, uint8, uint16, or floats from 0 to 1.
        mask: rough object, white on black: a file, a Pillow picture, or an array, [H, W] or
            [H, W, 1], bool, uint8, or floats from 0 to 1.
        trimap: instead of a mask: 0 background, 128 unknown, 255 foreground.
        rectangle: instead of both: x, y, width and height of a rectangle around the object,
            pixels, or "auto"; GrabCut looks for the object in it.
        **options: see above.

    Returns:
        [H, W] uint8, or uint16 with `bits=16`, of the size of the photo as it is seen: 0 background
        to 255 or 65535 object. Of a Pillow picture one of Pillow.

    Raises:
        InputError: a `ValueError` of one sentence: what cannot be used, why, and what to do.
        TypeError: another option.
    """
    with Told() as told:
        settings = settings_of(
            "matte", MattingOptions, options, mask=mask, trimap=trimap, rectangle=rectangle
        )
        inputs = _read(photo, mask, trimap, settings, told)
        return _like(photo, _matte(inputs, settings)[1])


@overload
def cutout(
    photo: Image.Image,
    mask: PictureLike | None = None,
    *,
    trimap: PictureLike | None = None,
    rectangle: RectangleLike | None = None,
    **options: Unpack[MattingOptions],
) -> Image.Image: ...
@overload
def cutout(
    photo: str | os.PathLike[str] | npt.NDArray[Any],
    mask: PictureLike | None = None,
    *,
    trimap: PictureLike | None = None,
    rectangle: RectangleLike | None = None,
    **options: Unpack[MattingOptions],
) -> npt.NDArray[Any]: ...
def cutout(
    photo: PictureLike,
    mask: PictureLike | None = None,
    *,
    trimap: PictureLike | None = None,
    rectangle: RectangleLike | None = None,
    **options: Unpack[MattingOptions],
) -> npt.NDArray[Any] | Image.Image:
    """An object in its own colours, transparent around it.

    Args:
        photo: see `matte`.
        mask: the same.
        trimap: the same.
        rectangle: the same.
        **options: the same.

    Returns:
        [H, W, 4] RGBA, uint8, or uint16 with `bits=16`, its opacity what `matte` returns. Its
        colours are freed of the old background, and numbers of the photo's colour profile where
        it has one: a Pillow picture gives one of Pillow, which keeps the profile.

    Raises:
        InputError: see `matte`; or Pillow cannot hold it.
        TypeError: another option.
    """
    with Told() as told:
        settings = settings_of(
            "cutout", MattingOptions, options, mask=mask, trimap=trimap, rectangle=rectangle
        )
        by_pillow = isinstance(photo, Image.Image)
        if by_pillow and settings.bits == "16":
            raise InputError(
                "Pillow has no transparent pictures of 16 bits; give the photo as a file or an "
                "array, or --bits=8."
            )
        inputs = _read(photo, mask, trimap, settings, told)
        rgba = cut_out(inputs.photo, *_matte(inputs, settings))
        profile = inputs.photo.profile
        if profile is None:
            return _like(photo, rgba)
        if not by_pillow:
            told(
                inputs.picture.path,
                "the colours of its cut-out are numbers of its colour profile, which an array "
                "cannot keep; give a Pillow picture to have it kept",
            )
            return rgba
        if profile.icc is None:  # Pillow writes no gamma and primaries
            rgba[..., :3] = to_srgb(rgba[..., :3], profile)
        picture = Image.fromarray(rgba)
        if profile.icc is not None:
            picture.info["icc_profile"] = profile.icc
        return picture


@overload
def trimap(
    photo: Image.Image,
    mask: PictureLike | None = None,
    *,
    trimap: PictureLike | None = None,
    rectangle: RectangleLike | None = None,
    **options: Unpack[ReadingOptions],
) -> Image.Image: ...
@overload
def trimap(
    photo: str | os.PathLike[str] | npt.NDArray[Any],
    mask: PictureLike | None = None,
    *,
    trimap: PictureLike | None = None,
    rectangle: RectangleLike | None = None,
    **options: Unpack[ReadingOptions],
) -> npt.NDArray[np.uint8]: ...
def trimap(
    photo: PictureLike,
    mask: PictureLike | None = None,
    *,
    trimap: PictureLike | None = None,
    rectangle: RectangleLike | None = None,
    **options: Unpack[ReadingOptions],
) -> npt.NDArray[np.uint8] | Image.Image:
    """The trimap that `matte` makes of the same pictures. No network is loaded.

    Args:
        photo: see `matte`.
        mask: the same.
        trimap: the same; it is repaired, turned like the photo and brought to its size.
        rectangle: the same.
        **options: those of `matte` up to max_input_megapixels.

    Returns:
        [H, W] uint8: 0 background, 128 unknown, 255 foreground. Of a Pillow picture one of Pillow.

    Raises:
        InputError: see `matte`.
        TypeError: another option.
    """
    with Told() as told:
        settings = settings_of(
            "trimap", ReadingOptions, options, mask=mask, trimap=trimap, rectangle=rectangle
        )
        return _like(photo, _read(photo, mask, trimap, settings, told).trimap)


def _read(
    photo: PictureLike,
    mask: PictureLike | None,
    trimap: PictureLike | None,
    settings: Settings,
    told: Told,
) -> PhotoAndTrimap:
    given = what_is_given(settings.reading)
    limit = settings.reading.max_input_megapixels
    picture = _picture(photo, "photo", limit)
    beside = None
    if given == "alpha":
        beside = _picture(mask, "mask", limit)
    elif given == "trimap":
        beside = _picture(trimap, "trimap", limit)
    return photo_and_trimap(picture, beside, settings.reading, told)


def _picture(given: Any, role: Any, max_megapixels: float) -> Picture:
    if isinstance(given, Image.Image):
        return picture_of_image(given, role, max_megapixels)
    if isinstance(given, str | os.PathLike):
        refuse_no_name(given, role)
        return read_picture(given, max_megapixels)
    if given is None or isinstance(given, bytes | bytearray | io.IOBase):
        raise InputError(
            f"The {role} is of type {type(given).__name__}, which is no picture; give a file name, "
            "a Pillow picture or an array."
        )
    picture = picture_of_array(given, role)
    refuse_too_large(picture.path, picture.shape[::-1], max_megapixels)
    return picture


def _matte(inputs: PhotoAndTrimap, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """The matte as floats and as whole numbers."""
    model = settings.model or kept_model(settings.matting)
    alpha, _ = matte_of_photo(model, inputs, settings.matting)
    return alpha, levels_of_matte(alpha, settings.bits)


def _like(photo: PictureLike, numbers: np.ndarray) -> Any:
    """Of a Pillow picture one of Pillow, of others the array."""
    return Image.fromarray(numbers) if isinstance(photo, Image.Image) else numbers
