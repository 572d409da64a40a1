import pytest

from tests.stress.kill_and_resume import kill_and_resume


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_as_if_left_alone(tmp_path):
    """The stress run of tests/stress in small: weights, optimizer, best network and logs agree."""
    moments = ("checkpoint", "step", "validation")
    killed, differences = kill_and_resume(tmp_path, kills=3, steps=36, seed=1, moments=moments)
    assert killed.total() == 3
    assert differences == []
