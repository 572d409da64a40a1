"""A run as a user starts it: data if missing, flags kept, training, a summary."""

from pathlib import Path

import numpy as np

from dim_tf.config import InferenceConfig, OfflineConfig, TrainingConfig
from dim_tf.data.image_io import read_grey, write_png
from dim_tf.data.manifest import MANIFEST_NAME
from dim_tf.data.offline import make_dataset
from dim_tf.data.synthetic import render_sample
from dim_tf.data.trimap import trimap_from_alpha
from dim_tf.errors import InputError
from dim_tf.files import write_bytes
from dim_tf.inference.pictures import side_by_side
from dim_tf.inference.predict import MattingModel
from dim_tf.training.loop import TrainingResult, train
from dim_tf.training.progress import read_loss_log

FLAGFILE_NAME = "run.flags"
BEFORE_AFTER_NAME = "before_after.png"
# The procedural picture of the preview; the shipped sample is seed 0.
_PREVIEW_SEED = 1
_BEFORE_NAME = "preview_before.png"


def start_run(config: TrainingConfig, flagfile: str) -> TrainingResult:
    """Starts or continues a run and prints how it went.

    Args:
        config: the run.
        flagfile: the same as the text of a flagfile, written into the run's folder.

    Raises:
        InputError: see `train`.
    """
    if not config.data_dir or not config.run_dir:
        missing = "data_dir" if not config.data_dir else "run_dir"
        raise InputError(f"--{missing} is missing; give a folder (see --help).")
    run_dir = Path(config.run_dir)
    if config.synthetic and not (Path(config.data_dir) / MANIFEST_NAME).exists():
        make_dataset(
            OfflineConfig(
                out_dir=config.data_dir,
                synthetic=config.synthetic,
                photos_dir=config.photos_dir,
                seed=config.seed,
                progress=config.progress,
            )
        )
    preview = _Preview(run_dir) if config.preview else None
    result = train(
        config,
        on_start=lambda model: _begin(run_dir, flagfile, preview, model),
        on_end=preview.after if preview else None,
    )
    print(_summary(config, result))
    return result
