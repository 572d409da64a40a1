"""Deep Image Matting (Xu et al., CVPR 2017) in TensorFlow 2.

import dim_tf

model = dim_tf.load_model()
trimap = dim_tf.trimap_from_rough_mask(dim_tf.read_mask("mask.png"))
alpha = model.predict_alpha(dim_tf.read_rgb("photo.jpg"), trimap)
"""

import importlib
from typing import Any

# The one place of the version: setup.py reads it here.
__version__ = "0.1.0"

_PUBLIC = {
    "InputError": "dim_tf.system.errors",
    "MattingModel": "dim_tf.matting.predict",
    "load_model": "dim_tf.matting.predict",
    "matting_errors": "dim_tf.evaluation.metrics",
    "read_grey": "dim_tf.pictures.matte",
    "read_mask": "dim_tf.pictures.mask",
    "read_rgb": "dim_tf.pictures.photo",
    "read_trimap": "dim_tf.pictures.trimap",
    "render_matte": "dim_tf.synthetic",
    "trimap_from_alpha": "dim_tf.trimaps.from_matte",
    "trimap_from_rough_mask": "dim_tf.trimaps.rough_mask",
    "write_png": "dim_tf.pictures.writing",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used: TensorFlow takes seconds."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'dim_tf' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
