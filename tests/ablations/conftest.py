"""Records made by hand, for tests of what is made from records."""

from pathlib import Path

import pytest

from dim_tf.ablations.arms import ARMS
from dim_tf.ablations.records import Record
from dim_tf.synthetic import kind_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def in_root(monkeypatch):
    """Flagfiles name each other from the project's top."""
    monkeypatch.chdir(ROOT)


def picture_errors(values, mean_alpha=0.5):
    names = [f"{index:03d}_{kind_of(index)}" for index in range(len(values))]
    errors = {"pictures": names, "mean_alpha": [mean_alpha] * len(values)}
    return errors | {name: list(values) for name in ("unknown_mae", "SAD", "MSE", "Grad")}


def make_record(arm, seed, error, *, mean_alpha=0.5, training_error=0.2, **changes):
    values = {
        "arm": arm,
        "seed": seed,
        "settings": {"width": 0.25, "steps": 10, "batch_size": 1},
        "conditions": {"dataset": "one"},
        "versions": {"numpy": "2"},
        "machine": "a processor",
        "steps": 10,
        "step_seconds": 0.25,
        "seconds": 60.0,
        "training_error": training_error,
        "curve": {
            "step": [5, 10],
            "alpha_loss": [0.3, 0.2],
            "total_loss": [0.3, 0.2],
            "unknown_error": [0.4, error],
        },
        "errors": {
            name: picture_errors([error] * 12, mean_alpha)
            for name in ("held_out", "held_out_averaged", "held_out_released")
        },
    }
    return Record(**values | changes)


def records_of(**errors):
    """Records of arms; each is given its errors with seed 1, 2, …"""
    return {
        name: {
            seed: make_record(name, seed, error)
            for seed, error in enumerate(errors.get(name, ()), 1)
        }
        for name in ARMS
    }


@pytest.fixture(name="picture_errors")
def fixture_picture_errors():
    """The errors of pictures of all kinds of matte, as a record has them."""
    return picture_errors


@pytest.fixture(name="make_record")
def fixture_make_record():
    """Makes a record; arguments replace its values."""
    return make_record


@pytest.fixture(name="records_of")
def fixture_records_of():
    """Makes the records of arms from their errors by seed."""
    return records_of
