"""Numbers that another program's mattes had before this code existed."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from dim_tf.commands.matte import run_inference
from dim_tf.config import InferenceConfig, MeasuringConfig, ReadingConfig
from dim_tf.pictures.folders import list_images
from dim_tf.pictures.matte import read_grey
from dim_tf.pictures.photo import read_rgb
from dim_tf.pictures.writing import write_png

IMAGES = Path(os.environ.get("DIM_TF_DATA", "nowhere")) / "data" / "alphamatting_val"


@pytest.mark.slow
@pytest.mark.release
@pytest.mark.takes_a_minute
@pytest.mark.xdist_group("pymatting")
@pytest.mark.skipif(not IMAGES.is_dir(), reason="DIM_TF_DATA does not hold data/alphamatting_val")
def test_closed_form_mattes_have_the_errors_known_for_them(tmp_path):
    pymatting = pytest.importorskip("pymatting")
    for photo in list_images(IMAGES / "rgb"):
        trimap = read_grey(IMAGES / "trimap" / photo.name)
        alpha = pymatting.estimate_alpha_cf(read_rgb(photo) / 255.0, trimap / 255.0)
        write_png(tmp_path / "mattes" / photo.name, np.round(alpha * 255).astype(np.uint8))
    run_inference(
        InferenceConfig(
            reading=ReadingConfig(trimap=str(IMAGES / "trimap")),
            measuring=MeasuringConfig(
                predictions=str(tmp_path / "mattes"),
                gt=str(IMAGES / "alpha"),
                report=str(tmp_path / "report"),
                sheets=0,
            ),
        )
    )
    mean = json.loads((tmp_path / "report" / "metrics.json").read_text())["mean"]
    # pymatting 1.1.16, nine images of alphamatting.com's training set, low resolution, Trimap1.
    assert mean["SAD"] == pytest.approx(6.71, rel=0.01)
    assert mean["MSE"] == pytest.approx(0.0310, rel=0.01)
    assert mean["Grad"] == pytest.approx(10.78, rel=0.01)
