"""The stress runs of tests/stress in small; docs/reliability.md has what they gave in full."""

import numpy as np
import pytest

from tests.stress.bfloat16_steps import train_on_noise
from tests.stress.fuzz_readers import fuzz, readers
from tests.stress.kill_and_resume import kill_and_resume


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_as_if_left_alone(tmp_path):
    """Weights, optimizer, best network and logs agree to the last bit."""
    moments = ("checkpoint", "step", "validation")
    killed, differences = kill_and_resume(tmp_path, kills=3, steps=36, seed=1, moments=moments)
    assert killed.total() == 3
    assert differences == []


@pytest.mark.parametrize("name", ["image", "trimap", "npz", "manifest", "flagfile"])
def test_a_reader_survives_damaged_files(name, tmp_path):
    result = fuzz(name, inputs=100, seconds=10, folder=tmp_path)
    assert result["inputs"] >= 100
    assert result["read"] > 5 and result["refused"] > 20


@pytest.mark.parametrize("name", ["image", "trimap", "npz", "manifest", "flagfile"])
def test_what_is_damaged_was_good(name, tmp_path):
    """Otherwise the test above would show nothing."""
    reader = readers(tmp_path)[name]
    path = tmp_path / reader.file_name
    for content in reader.seeds[:1]:
        path.write_bytes(content)
        reader.read(path)


def test_bfloat16_does_not_overflow_on_noise():
    extremes = train_on_noise(steps=40)
    assert np.isfinite(list(extremes.values())).all()
