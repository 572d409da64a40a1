import io
import json

import numpy as np
import PIL.Image
import pytest

from dim_tf.ablations import drift as drift_module
from dim_tf.ablations.drift import DRIFT_RECORD, Case, read_drift, render_drift
from dim_tf.config import AblationConfig, ExampleConfig
from dim_tf.pictures.photo import read_rgb
from dim_tf.synthetic import DEFAULT_KINDS
from dim_tf.system.errors import InputError


def test_the_drift_is_the_residual_of_equation_1():
    drift = render_drift("hair", 1, Case(640))
    assert drift.after.shape == drift.before.shape == (320, 320, 3)
    again = render_drift("hair", 1, Case(640))
    np.testing.assert_array_equal(drift.before, again.before)
    assert drift.differences().max() > 3  # grey levels
    assert drift.differences().size == 3 * np.count_nonzero(drift.unknown)
    # A crop that is not resized has none.
    assert render_drift("hair", 1, Case(ExampleConfig().input_size)).differences().max() < 1e-3


def test_a_jpeg_file_in_between_drifts_also_where_nothing_is_resized():
    """With what is written and read by hand, and shrunk as the pipeline does."""
    sizes = [[], []]
    for number, quality in enumerate((95, 75)):
        for side in (320, 640):
            drift = render_drift("hair", 1, Case(side, quality))
            np.testing.assert_array_equal(drift.after, render_drift("hair", 1, Case(side)).after)
            sizes[number].append(float(drift.differences().mean()))
    assert 0.5 < sizes[0][0] < sizes[1][0]
    assert sizes[0][1] > render_drift("hair", 1, Case(640)).differences().mean()
    # Not resized, the photo is what the file gives back.
    drift = render_drift("hair", 1, Case(320, 75))
    pixels = np.round(np.clip(drift.after, 0, 255)).astype(np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "JPEG", quality=75)
    read = np.asarray(PIL.Image.open(file), np.float32)
    assert np.abs(drift.before - read).mean() < 0.5


def test_a_record_of_a_program_that_measured_less_is_measured_anew(tmp_path):
    sides = {str(side): {kind: [1.0, 2.0, 3.0] for kind in DEFAULT_KINDS} for side in (640, 480)}
    record = {"mattes": 4, "grey levels": sides}
    (tmp_path / DRIFT_RECORD).write_text(json.dumps(record))
    assert read_drift(tmp_path) is None


def test_the_record_of_the_drift_and_its_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(drift_module, "DEFAULT_KINDS", ("foliage", "hard"))
    config = AblationConfig(records_dir=str(tmp_path / "ablations"), drift_mattes=1)
    drift_module.measure_drift(config)
    picture = tmp_path / "images" / "drift.png"
    assert read_rgb(picture).shape == (348, 4 * 320 + 24, 3)
    recorded = read_drift(config.records_dir)["grey levels"]
    expected = render_drift("hard", 1, Case(480)).differences()
    assert recorded["480"]["hard"] == pytest.approx(
        [expected.mean(), np.percentile(expected, 99), expected.max()], rel=1e-5
    )
    # What is there is not measured again.
    monkeypatch.setattr(drift_module, "drift_statistics", None)
    drift_module.measure_drift(config)
    (tmp_path / "ablations" / DRIFT_RECORD).write_text('{"mattes": 1}')
    with pytest.raises(InputError, match=r"drift\.json is damaged"):
        drift_module.measure_drift(config)
