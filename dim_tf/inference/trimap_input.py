"""The trimap a photo gets: the user's own, or one made from a mask. Refuses what cannot work."""

from typing import Literal

import numpy as np

from dim_tf.config import BACKGROUND, FOREGROUND, UNKNOWN
from dim_tf.errors import InputError

# Painting programs and conversions move the three values by this much.
_TOLERANCE = 2


def repair_trimap(trimap: np.ndarray, source: str) -> tuple[np.ndarray, int]:
    """Sets values that are almost 0, 128 or 255 to these.

    Args:
        trimap: [H, W] uint8.
        source: its file, for the error.

    Returns:
        [H, W] uint8 in {0, 128, 255}, and how many pixels were changed.

    Raises:
        InputError: other values.
    """
    allowed = np.array([BACKGROUND, UNKNOWN, FOREGROUND])
    distance = np.abs(np.arange(256)[:, None] - allowed)
    nearest = allowed[distance.argmin(axis=1)].astype(np.uint8)
    count = np.bincount(trimap.ravel(), minlength=256)
    strange = np.flatnonzero((distance.min(axis=1) > _TOLERANCE) & (count > 0))
    if strange.size:
        commonest = strange[np.argsort(-count[strange], kind="stable")[:3]]
        share = count[strange].sum() / trimap.size
        raise InputError(
            f"{source} is no trimap: {share:.2%} of its pixels are neither 0, 128 nor 255 (such "
            f"as {', '.join(map(str, sorted(commonest)))}); if it is a mask or matte give it with "
            "--alpha."
        )
    repaired = nearest[trimap]
    return repaired, int(np.count_nonzero(repaired != trimap))


def check_trimap(trimap: np.ndarray, source: str) -> None:
    """Refuses a trimap that leaves nothing to predict, or nothing to predict from.

    Args:
        trimap: [H, W] uint8 in {0, 128, 255}.
        source: its file, for the error.

    Raises:
        InputError: no pixel is unknown, or none is foreground, or none background.
    """
    if not (trimap == UNKNOWN).any():
        raise InputError(
            f"{source} has no unknown pixel (128), so there is nothing to predict; paint the "
            "object's edge 128, or give the file with --alpha as a mask."
        )
    missing = [
        name
        for name, value in (("foreground (255)", FOREGROUND), ("background (0)", BACKGROUND))
        if not (trimap == value).any()
    ]
    if missing:
        raise InputError(
            f"{source} has no {' and no '.join(missing)}; paint what is surely object 255 and what "
            "is surely background 0."
        )


def check_mask(mask: np.ndarray, source: str) -> None:
    """Refuses a mask that shows no object.

    Args:
        mask: [H, W] uint8, a mask or rough matte.
        source: its file, for the error.

    Raises:
        InputError: it is of one value, or of 0 and 1.
    """
    lowest, highest = int(mask.min()), int(mask.max())
    if lowest == highest:
        raise InputError(
            f"{source} has the value {lowest} everywhere and shows no object, so its trimap has no "
            "unknown pixel; a mask is 255 on the object and 0 elsewhere."
        )
    if highest == 1:
        raise InputError(
            f"{source} has the values 0 and 1; multiply it by 255, a mask is 255 on the object."
        )


def trimap_from_mask(
    mask: np.ndarray, kernel: int, mode: Literal["dilate_erode", "dilate"], source: str
) -> np.ndarray:
    """Makes the trimap of a mask as training does, and refuses one that cannot be used.

    Args:
        mask: [H, W] uint8, a mask or rough matte.
        kernel: see `dim_tf.data.trimap.trimap_from_alpha`.
        mode: the same.
        source: the mask's file, for the error.

    Returns:
        [H, W] uint8 in {0, 128, 255}.

    Raises:
        InputError: no pixel is unknown, or none is foreground, or none background.
    """
    from dim_tf.data.trimap import trimap_from_alpha  # TensorFlow: the checks above do without

    trimap = trimap_from_alpha(mask, kernel, mode).numpy()
    unknown = trimap == UNKNOWN
    if not unknown.any():
        raise InputError(
            f"The trimap made from {source} has no unknown pixel; give a larger --trimap_kernel "
            f"than {kernel}."
        )
    for name, value in (("foreground (255)", FOREGROUND), ("background (0)", BACKGROUND)):
        if not (trimap == value).any():
            raise InputError(
                f"The trimap made from {source} has no {name} left; give a smaller "
                f"--trimap_kernel than {kernel}, or a mask with pure black (0) and white (255)."
            )
    return trimap
