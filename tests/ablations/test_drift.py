import numpy as np
import pytest

from dim_tf.ablations import drift as drift_module
from dim_tf.ablations.drift import DRIFT_RECORD, read_drift, render_drift
from dim_tf.config import AblationConfig, ExampleConfig
from dim_tf.pictures.photo import read_rgb
from dim_tf.system.errors import InputError


def test_the_drift_is_the_residual_of_equation_1():
    drift = render_drift("hair", 1, 640)
    assert drift.after.shape == drift.before.shape == (320, 320, 3)
    again = render_drift("hair", 1, 640)
    np.testing.assert_array_equal(drift.before, again.before)
    assert drift.differences().max() > 3  # grey levels
    assert drift.differences().size == 3 * np.count_nonzero(drift.unknown)
    # A crop that is not resized has none.
    assert render_drift("hair", 1, ExampleConfig().input_size).differences().max() < 1e-3


def test_the_record_of_the_drift_and_its_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(drift_module, "DEFAULT_KINDS", ("foliage", "hard"))
    config = AblationConfig(records_dir=str(tmp_path / "ablations"), drift_mattes=1)
    drift_module.measure_drift(config)
    picture = tmp_path / "images" / "drift.png"
    assert read_rgb(picture).shape == (348, 3 * 320 + 16, 3)
    recorded = read_drift(config.records_dir)["grey levels"]
    expected = render_drift("hard", 1, 480).differences()
    assert recorded["480"]["hard"] == pytest.approx(
        [expected.mean(), np.percentile(expected, 99), expected.max()], rel=1e-5
    )
    # What is there is not measured again.
    monkeypatch.setattr(drift_module, "drift_statistics", None)
    drift_module.measure_drift(config)
    (tmp_path / "ablations" / DRIFT_RECORD).write_text('{"mattes": 1}')
    with pytest.raises(InputError, match=r"drift\.json is damaged"):
        drift_module.measure_drift(config)
