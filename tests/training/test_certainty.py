"""A network that learns how sure it is."""

import numpy as np
import pytest

from tests.training.run_files import arrays_of, losses_of, train_as


def test_alpha_is_learned_as_without_it(make_config):
    same = {"steps": 3}
    plain, with_it = make_config("plain", **same), make_config("with", certainty=True, **same)
    for config in (plain, with_it):
        train_as(config)
    expected, arrays = (arrays_of(config.run.run_dir, 3) for config in (plain, with_it))
    for name, array in expected.items():
        if name.startswith("network/"):
            np.testing.assert_array_equal(arrays[name], array, err_msg=name)
    assert losses_of(with_it.run.run_dir) == losses_of(plain.run.run_dir)
    assert np.any(arrays["network/pred_scale/weights"])
    losses = losses_of(with_it.run.run_dir, "certainty_loss")
    assert len(set(losses)) == 3


def test_the_loss_of_details_is_logged_as_well(make_config):
    config = make_config(laplacian_loss_weight=0.5, steps=3)
    train_as(config)
    losses = {
        name: np.array(losses_of(config.run.run_dir, f"{name}_loss"))
        for name in ("total", "alpha", "comp", "laplacian")
    }
    expected = 0.5 * losses["alpha"] + 0.5 * losses["comp"] + 0.5 * losses["laplacian"]
    np.testing.assert_allclose(losses["total"], expected, rtol=1e-5)
    assert losses["laplacian"].min() > 0


@pytest.mark.slow
def test_a_run_goes_on_with_it_exactly(make_config):
    at_once = make_config("once", certainty=True, steps=6)
    train_as(at_once)
    for steps in (4, 6):
        halves = make_config("halves", certainty=True, steps=steps)
        train_as(halves)
    for name, array in arrays_of(at_once.run.run_dir, 6).items():
        if name not in ("about", "config"):
            np.testing.assert_array_equal(arrays_of(halves.run.run_dir, 6)[name], array)
    column = "certainty_loss"
    assert losses_of(halves.run.run_dir, column) == losses_of(at_once.run.run_dir, column)


@pytest.mark.slow
def test_it_can_be_added_to_weights_without_it(make_config, finished):
    second = make_config(certainty=True, init_from=finished.run.run_dir, learning_rate=0.0, steps=1)
    train_as(second)
    before, now = arrays_of(finished.run.run_dir, 7), arrays_of(second.run.run_dir, 1)
    np.testing.assert_array_equal(now["network/pred_scale/biases"], [-2.5])
    for name, array in before.items():
        if name.startswith("network/") and "moving" not in name:
            np.testing.assert_array_equal(array, now[name])


@pytest.mark.slow
def test_it_learns_in_the_stage_whose_layers_it_does_not_read(make_config):
    config = make_config(certainty=True, refine=True, train_stage="refinement", steps=2)
    train_as(config)
    assert np.any(arrays_of(config.run.run_dir, 2)["network/pred_scale/weights"])
