"""A picture that shows what training did: one matte before and after."""

from pathlib import Path

from dim_tf.matting.predict import MattingModel
from dim_tf.pictures.levels import to_levels
from dim_tf.pictures.picture import read_stored
from dim_tf.pictures.side_by_side import side_by_side
from dim_tf.pictures.writing import write_png
from dim_tf.synthetic import render_sample
from dim_tf.trimaps.from_matte import trimap_from_alpha

PREVIEW_NAME = "before_after.png"
_BEFORE_NAME = "before.png"
# The shipped sample is the same drawing with seed 0; no dataset holds either.
_SEED = 1
_SIZE = (320, 416)
_TRIMAP_KERNEL = 15


def write_before(run_dir: Path, model: MattingModel) -> None:
    """Keeps the matte of the network as it is at step 0.

    Raises:
        InputError: the file cannot be written.
    """
    rgb, alpha, _ = render_sample(_SEED, _SIZE)
    trimap = trimap_from_alpha(alpha, _TRIMAP_KERNEL).numpy()
    predicted = model.predict_alpha(rgb, trimap)
    write_png(run_dir / _BEFORE_NAME, to_levels(predicted))


def write_before_after(run_dir: Path, model: MattingModel) -> Path:
    """Writes photo, trimap, matte before, matte now and ground truth side by side.

    A run that was asked for the picture only when it resumed has no matte from before.

    Raises:
        InputError: the file cannot be written.
    """
    rgb, alpha, _ = render_sample(_SEED, _SIZE)
    trimap = trimap_from_alpha(alpha, _TRIMAP_KERNEL).numpy()
    kept = run_dir / _BEFORE_NAME
    before = [read_stored(kept)] if kept.exists() else []
    now = model.predict_alpha(rgb, trimap)
    path = run_dir / PREVIEW_NAME
    write_png(path, side_by_side([rgb, trimap, *before, now, alpha]))
    return path
