"""What all composites to measure on have in common: their files, trimaps and backgrounds."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from dim_tf.dataset.geometry import resize
from dim_tf.dataset.sources import BackgroundFile
from dim_tf.system.errors import InputError, printable
from dim_tf.system.quiet import import_tensorflow

# Draws until a composite has known foreground, known background and unknown pixels.
ATTEMPTS = 50
# Sides of the trimap's kernel, pixels.
_KERNEL_MIN, _KERNEL_MAX = 10, 40


Made = TypeVar("Made")


class Composite(NamedTuple):
    """A picture with its truth.

    Attributes:
        name: number and kind of matte, such as 000_hair.
        rgb: [S, S, 3] uint8.
        trimap: [S, S] uint8, by dilation and erosion.
        trimap_dilate: [S, S] uint8, by dilation only, with the same kernel.
        alpha: [S, S] uint8.
    """

    name: str
    rgb: np.ndarray
    trimap: np.ndarray
    trimap_dilate: np.ndarray
    alpha: np.ndarray


# The folder of each picture of a composite.
FOLDERS = ("rgb", "trimap", "trimap_dilate", "alpha")


def made_of_usable(make: Callable[[], Made]) -> Made:
    """What is made of drawn pictures; where one cannot be used it is told, and others are drawn.

    Args:
        make: draws pictures, at each call others, and makes something of them.

    Raises:
        InputError: none can be used.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return make()
        except InputError as refusal:
            tell_refused(refusal)
    return make()


def tell_refused(refusal: InputError) -> None:
    """Tells that a picture was drawn that cannot be used."""
    print(printable(f"Refused, another picture is taken: {refusal}"), flush=True)


def draw_trimaps(
    alpha: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray] | None:
    """The two trimaps of a matte with one kernel, or None where a composite cannot do with them.

    Args:
        alpha: [S, S] uint8.
        rng: for the kernel.

    Returns:
        By dilation and erosion, and by dilation only, [S, S] uint8. The first has all three levels.
    """
    import_tensorflow()  # only here: not for --help, nor where all is written
    from dim_tf.trimaps.from_matte import trimap_from_alpha

    kernel = int(rng.integers(_KERNEL_MIN, _KERNEL_MAX + 1))
    trimap = trimap_from_alpha(alpha, kernel, "dilate_erode").numpy()
    if not all((trimap == level).any() for level in (BACKGROUND, UNKNOWN, FOREGROUND)):
        return None
    return trimap, trimap_from_alpha(alpha, kernel, "dilate").numpy()


def piece_of(photo: Path, rng: np.random.Generator, size: int) -> np.ndarray:
    """[size, size, 3] uint8: a square of a photograph that is as large or larger, if it can be.

    Raises:
        InputError: the photograph cannot be used.
    """
    picture = BackgroundFile(photo.stem, photo).load()
    height, width = picture.shape[:2]
    shorter = min(height, width)
    side = int(rng.integers(size, shorter + 1)) if shorter > size else shorter
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    return resize(picture[top : top + side, left : left + side], size, size)
