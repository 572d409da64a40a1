"""Deep Image Matting (Xu et al., CVPR 2017) in TensorFlow 2.

import dim_tf

model = dim_tf.load_model()
trimap = dim_tf.trimap_from_alpha(mask, kernel=25)
alpha = model.predict_alpha(photo, trimap)
"""

import importlib
from typing import Any

_PUBLIC = {
    "InputError": "dim_tf.errors",
    "MattingModel": "dim_tf.inference.predict",
    "load_model": "dim_tf.inference.predict",
    "matting_errors": "dim_tf.evaluation.metrics",
    "read_grey": "dim_tf.data.image_io",
    "read_rgb": "dim_tf.data.image_io",
    "render_matte": "dim_tf.data.synthetic",
    "trimap_from_alpha": "dim_tf.data.trimap",
    "trimap_from_rough_mask": "dim_tf.inference.rough_mask",
    "write_png": "dim_tf.data.image_io",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used: TensorFlow takes seconds."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'dim_tf' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
