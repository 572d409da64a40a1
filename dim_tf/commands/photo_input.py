"""From the files of a photo to the arrays that the network needs, whatever the user has.

What was repaired or assumed is printed, one line for each.
"""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from dim_tf.commands.photo_jobs import PhotoJob
from dim_tf.config import InferenceConfig
from dim_tf.pictures.image_io import Picture, read_picture, to_8_bits, to_grey, to_rgb, turned
from dim_tf.system.errors import InputError, tell
from dim_tf.system.quiet import import_tensorflow
from dim_tf.trimaps.grabcut import mask_in_rectangle, parse_rectangle
from dim_tf.trimaps.trimap_input import (
    check_trimap,
    repair_mask,
    repair_trimap,
    trimap_from_mask,
)

# Which of two files is the photo is judged by about this many of their pixels.
_PIXELS_LOOKED_AT = 1_000_000


class _File(NamedTuple):
    path: Path
    picture: Picture

    @property
    def shape(self) -> tuple[int, int]:
        return self.picture.pixels.shape[:2]


def read_photo_and_trimap(job: PhotoJob, config: InferenceConfig) -> tuple[np.ndarray, np.ndarray]:
    """Reads a photo and makes its trimap: from a trimap, a mask, or a rectangle around the object.

    Args:
        job: says what to read.
        config: how.

    Returns:
        [H, W, 3] uint8 RGB, and [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: a picture cannot be read, the two do not belong together, or there is no usable
            trimap.
    """
    photo = _read(job.photo, config)
    if job.mask is None:
        rgb = _photo_as_seen(photo)
        return rgb, _trimap_in_rectangle(rgb, photo.path, config)
    mask = _read(job.mask, config)
    if _looks_like_mask(photo.picture) and _looks_like_photo(mask.picture):
        photo, mask = mask, photo
        flag = "trimap" if config.trimap else "alpha"
        tell(mask.path, f"it is a mask and {photo.path} a photo; --rgb and --{flag} are exchanged")
    if _looks_like_photo(mask.picture) and _share_of_colour(mask.picture.pixels) > 0.01:
        what = "trimap" if config.trimap else "mask"
        raise InputError(
            f"{mask.path} is a photo in colours, not a {what}; a {what} is white on the object and "
            "black on the background."
        )
    rgb = _photo_as_seen(photo)
    return rgb, (_own_trimap if config.trimap else _trimap_of_mask)(mask, photo, config)


def trimap_of_mask(mask: Path, photo: Path, config: InferenceConfig) -> np.ndarray:
    """Reads a mask and makes its trimap, as `read_photo_and_trimap` does.

    Args:
        mask: to read.
        photo: a picture of the size the trimap is to have.
        config: how.

    Returns:
        [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: a picture cannot be read, the two do not belong together, or there is no usable
            trimap.
    """
    return _trimap_of_mask(_read(mask, config), _read(photo, config), config)


def _own_trimap(file: _File, photo: _File, config: InferenceConfig) -> np.ndarray:
    values, notes = _trimap_channel(file)
    trimap, repairs = repair_trimap(values, str(file.path), config.invert)
    trimap, fitting, _ = _fit(trimap, file, photo, cv2.INTER_NEAREST_EXACT)
    check_trimap(trimap, str(file.path))  # again: a much smaller one may have lost something
    tell(file.path, *notes, *repairs, *fitting)
    return trimap


def _trimap_of_mask(file: _File, photo: _File, config: InferenceConfig) -> np.ndarray:
    values, notes = _mask_channel(file.picture)
    lossy = file.picture.header.kind == "JPEG"
    mask, repairs = repair_mask(values, str(file.path), lossy, config.invert)
    larger = mask.shape[0] > photo.shape[0]
    mask, fitting, step = _fit(mask, file, photo, cv2.INTER_AREA if larger else cv2.INTER_LINEAR)
    tell(file.path, *notes, *repairs, *fitting)
    return _trimap_from_mask(mask, config, str(file.path), step)


def _trimap_in_rectangle(rgb: np.ndarray, path: Path, config: InferenceConfig) -> np.ndarray:
    mask, step = mask_in_rectangle(rgb, parse_rectangle(config.rect), str(path))
    tell(path, f"GrabCut took {np.mean(mask > 0):.0%} of it as the object")
    return _trimap_from_mask(mask, config, f"what GrabCut found in {path}", step)


def _trimap_from_mask(
    mask: np.ndarray, config: InferenceConfig, source: str, step: float
) -> np.ndarray:
    if config.trimap_kernel != "auto":
        import_tensorflow()
    # The mask's edge is not known better than to its own pixels.
    return trimap_from_mask(mask, config.trimap_kernel, config.trimap_mode, source, 2 * step)


def _read(path: Path, config: InferenceConfig) -> _File:
    picture = read_picture(path, config.max_input_megapixels)
    if picture.header.several:
        tell(path, "it holds several pictures, the first is taken")
    return _File(path, picture)


def _photo_as_seen(photo: _File) -> np.ndarray:
    """[H, W, 3] uint8: on white where it is transparent, as viewers show it."""
    rgb = to_rgb(to_8_bits(photo.picture.pixels))
    if photo.picture.opacity is None:
        return rgb
    tell(photo.path, "it is transparent in places and is put on white, as viewers show it")
    return _over(rgb, to_8_bits(photo.picture.opacity)[..., None], 255)


def _over(image: np.ndarray, opacity: np.ndarray, background: int) -> np.ndarray:
    weight = opacity.astype(np.uint32)
    return np.uint8((image * weight + background * (255 - weight) + 127) // 255)


def _trimap_channel(file: _File) -> tuple[np.ndarray, list[str]]:
    """[H, W] uint8: where in a picture with transparency the trimap is, and what to say."""
    picture = file.picture
    grey, notes = _grey(picture)
    if picture.opacity is None:
        return grey, notes
    opacity = to_8_bits(picture.opacity)
    candidates = (
        (_over(grey, opacity, 0), "its transparent pixels are taken as black"),
        (grey, "its transparency is ignored"),
        (opacity, "its transparency is taken as the trimap"),
    )
    for values, note in candidates:
        try:
            repair_trimap(values, str(file.path))
        except InputError:
            continue
        return values, [note]
    return grey, notes


def _mask_channel(picture: Picture) -> tuple[np.ndarray, list[str]]:
    """[H, W] uint8: where in a picture with transparency the mask is, and what to say."""
    grey, notes = _grey(picture)
    if picture.opacity is None:
        return grey, notes
    opacity = to_8_bits(picture.opacity)
    if opacity.min() == opacity.max():
        return grey, notes
    # Painted black and white with some of it see-through, or a cut-out, or a drawing in one colour.
    seen = grey[opacity > 0]
    if _share_near_black_and_white(seen) > 0.99 and (seen < 128).any() and (seen >= 128).any():
        return _over(grey, opacity, 0), ["its transparent pixels are taken as black"]
    return opacity, ["its transparency is taken as the mask"]


def _grey(picture: Picture) -> tuple[np.ndarray, list[str]]:
    grey = to_grey(picture.pixels)
    if grey.dtype == np.uint16 and grey.max() <= 255:
        note = "it has 16 bits and values up to 255 only, which are taken as those of 8 bits"
        return grey.astype(np.uint8), [note]
    return to_8_bits(grey), []


def _fit(
    values: np.ndarray, file: _File, photo: _File, interpolation: int
) -> tuple[np.ndarray, list[str], float]:
    """Turns a mask or trimap like its photo and brings it to its size, where it is clear how.

    Returns:
        [H, W] uint8; what was done; and how many pixels wide one of the file's is now, at least 1.
    """
    target, notes = photo.shape, []
    orientation = photo.picture.header.orientation
    if orientation >= 5 and file.picture.header.orientation == 1:
        upright = turned(values, orientation)
        if _same_shape(upright.shape, target) and not _same_shape(values.shape, target):
            values = upright
            notes.append(f"it lacks the EXIF orientation of {photo.path} and is turned like it")
    if values.shape == target:
        return values, notes, 1.0
    height, width = values.shape
    if not _same_shape(values.shape, target):
        turn = "; is one of them turned?" if values.shape[::-1] == target else "."
        raise InputError(
            f"{photo.path} is {target[1]}×{target[0]} pixels and {file.path} {width}×{height}; "
            f"give two pictures of the same size{turn}"
        )
    notes.append(f"its {width}×{height} pixels are resized to the photo's {target[1]}×{target[0]}")
    resized = cv2.resize(values, target[::-1], interpolation=interpolation)
    return resized, notes, max(1.0, target[0] / height)


def _same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes have the same aspect ratio, to a pixel of the smaller."""
    small, large = sorted((one, other))
    scale = large[0] / small[0], large[1] / small[1]
    return min(scale) >= 1 and (
        abs(small[1] * scale[0] - large[1]) <= scale[0]
        or abs(small[0] * scale[1] - large[0]) <= scale[1]
    )


def _looks_like_mask(picture: Picture) -> bool:
    """Whether there is nothing but black, white and middle grey, and two of these."""
    grey = _sample(_grey(picture)[0])
    counts = [np.mean(np.abs(grey.astype(int) - value) <= 24) for value in (0, 128, 255)]
    without_colour = _share_of_colour(picture.pixels) < 0.001
    return without_colour and sum(counts) > 0.97 and sum(count > 0.005 for count in counts) > 1


def _looks_like_photo(picture: Picture) -> bool:
    """Whether there are many shades and no transparency."""
    grey = _sample(_grey(picture)[0])
    shades = np.count_nonzero(np.bincount(grey.ravel(), minlength=256))
    return picture.opacity is None and shades > 64 and _share_near_black_and_white(grey) < 0.6


def _share_near_black_and_white(grey: np.ndarray) -> float:
    return float(np.mean((grey <= 16) | (grey >= 239)))


def _share_of_colour(pixels: np.ndarray) -> float:
    """The share of pixels whose red, green and blue differ visibly."""
    if pixels.ndim == 2:
        return 0.0
    sample = to_8_bits(_sample(pixels)).astype(int)
    return float(np.mean(sample.max(axis=2) - sample.min(axis=2) > 24))


def _sample(pixels: np.ndarray) -> np.ndarray:
    step = max(1, round((pixels.shape[0] * pixels.shape[1] / _PIXELS_LOOKED_AT) ** 0.5))
    return pixels[::step, ::step]
