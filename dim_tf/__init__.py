"""Deep Image Matting (Xu et al., CVPR 2017) in TensorFlow 2.

import dim_tf

alpha = dim_tf.matte("photo.jpg", mask="mask.png")  # [H, W] uint8
rgba = dim_tf.cutout("photo.jpg", mask="mask.png")  # [H, W, 4] uint8
"""

import importlib
from typing import TYPE_CHECKING, Any

from dim_tf.system import forked as _forked  # noqa: F401, from now on it looks at forks

# The one place of the version: setup.py reads it here.
__version__ = "0.1.0"

if TYPE_CHECKING:  # what is public, for those who read types; the others get it from __getattr__
    from dim_tf.evaluation.metrics import matting_errors
    from dim_tf.library.calls import cutout, matte, trimap
    from dim_tf.library.models import MattingModel, load_model
    from dim_tf.library.readers import read_grey, read_mask, read_rgb, read_trimap
    from dim_tf.library.trimaps import trimap_from_alpha, trimap_from_rough_mask
    from dim_tf.library.writing import write_png
    from dim_tf.synthetic import render_matte
    from dim_tf.system.errors import InputError

__all__ = [
    "InputError",
    "MattingModel",
    "cutout",
    "load_model",
    "matte",
    "matting_errors",
    "read_grey",
    "read_mask",
    "read_rgb",
    "read_trimap",
    "render_matte",
    "trimap",
    "trimap_from_alpha",
    "trimap_from_rough_mask",
    "write_png",
]

_HOME = {
    "InputError": "dim_tf.system.errors",
    "MattingModel": "dim_tf.library.models",
    "cutout": "dim_tf.library.calls",
    "load_model": "dim_tf.library.models",
    "matte": "dim_tf.library.calls",
    "matting_errors": "dim_tf.evaluation.metrics",
    "read_grey": "dim_tf.library.readers",
    "read_mask": "dim_tf.library.readers",
    "read_rgb": "dim_tf.library.readers",
    "read_trimap": "dim_tf.library.readers",
    "render_matte": "dim_tf.synthetic",
    "trimap": "dim_tf.library.calls",
    "trimap_from_alpha": "dim_tf.library.trimaps",
    "trimap_from_rough_mask": "dim_tf.library.trimaps",
    "write_png": "dim_tf.library.writing",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used: TensorFlow takes seconds."""
    if name not in _HOME:
        raise AttributeError(f"module 'dim_tf' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """The public names too, which notebooks complete."""
    return sorted([*globals(), *__all__])
