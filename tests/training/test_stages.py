import keras
import numpy as np
import pytest

from dim_tf.config import ExampleConfig, NetworkConfig, StartConfig
from dim_tf.model.network import build_network
from dim_tf.model.refinement_start import draw_correction
from dim_tf.model.weights import read_arrays, save_weights
from dim_tf.system.errors import InputError
from dim_tf.training.start import initialize_weights
from tests.training.run_files import arrays_of, train_as


@pytest.fixture(scope="module")
def two_stages(tmp_path_factory):
    """Random weights with a refinement stage that already corrects something."""
    config = NetworkConfig(width=1 / 32, fc6="1x1", refine=True)
    keras.utils.set_random_seed(1)
    network = build_network(config)
    random = np.random.default_rng(0)
    for variable in network.get_layer("refine_4").variables:
        variable.assign(0.01 * random.normal(size=variable.shape))
    path = tmp_path_factory.mktemp("two_stages") / "weights.npz"
    save_weights(path, network, config, {}, half=False)
    return path


@pytest.mark.parametrize("stage", ["all", "encoder_decoder", "refinement"])
def test_each_stage_moves_its_own_weights_only(make_config, two_stages, stage):
    config = make_config(refine=True, steps=2, train_stage=stage, init_from=str(two_stages))
    train_as(config)
    before, now = read_arrays(two_stages, "network/")[0], arrays_of(config.run.run_dir, 2)
    for name, array in before.items():
        in_refinement = "/refine" in name
        expected = stage == "all" or in_refinement == (stage == "refinement")
        if name.endswith("/biases") and name.replace("biases", "gamma") in before:
            expected = False  # the bias before a batch norm
        assert np.any(array != now[name]) == expected, name


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_init_from_starts_at_those_weights_and_adds_the_refinement_stage(make_config, finished):
    second = make_config(refine=True, init_from=finished.run.run_dir, learning_rate=0.0, steps=1)
    train_as(second)
    before, now = arrays_of(finished.run.run_dir, 7), arrays_of(second.run.run_dir, 1)
    assert "network/refine_1/weights" in now
    for name, array in before.items():
        if name.startswith("network/") and "moving" not in name:
            np.testing.assert_array_equal(array, now[name])
    assert not np.any(now["network/refine_4/weights"])


@pytest.mark.parametrize("normalize_input", [False, True])
def test_a_random_correction_is_of_some_tenth_of_alpha(normalize_input):
    network = build_network(
        NetworkConfig(width=1 / 4, fc6="1x1", refine=True, normalize_input=normalize_input)
    )
    draw_correction(network, 1, normalize_input)
    rng = np.random.default_rng(0)
    grey = rng.uniform(-128, 128, (1, 64, 64, 4)).astype(np.float32)
    inputs = grey / 64 if normalize_input else grey
    stage = keras.Model(network.get_layer("refine_1").input, network.get_layer("refine_4").output)
    correction = stage(inputs).numpy()
    assert 0.03 < np.sqrt(np.mean(correction**2)) < 0.3
    drawn = network.get_layer("refine_4").kernel.numpy()
    draw_correction(network, 2, normalize_input)
    assert np.all(network.get_layer("refine_4").kernel != drawn)


@pytest.mark.parametrize("normalize_input", [False, True])
def test_a_run_draws_its_correction_for_the_input_that_its_network_has(normalize_input):
    config = NetworkConfig(width=1 / 4, fc6="1x1", refine=True, normalize_input=normalize_input)
    network = build_network(config)
    start = StartConfig(initial_correction="random")
    initialize_weights(start, network, config, None, ExampleConfig(), seed=1)
    drawn = network.get_layer("refine_4").kernel.numpy()
    inputs = drawn.shape[0] * drawn.shape[1] * drawn.shape[2]
    expected = 0.1 / inputs**0.5 / (1 if normalize_input else 64)
    assert np.std(drawn) == pytest.approx(expected, rel=0.3)


@pytest.mark.usefixtures("quick_steps", "quick_examples")
def test_a_random_correction_fills_what_no_loaded_weights_fill(make_config, finished, two_stages):
    random = {"refine": True, "initial_correction": "random", "learning_rate": 0.0, "steps": 1}
    kernels = []
    for number, source in enumerate((finished.run.run_dir, two_stages)):
        config = make_config(f"run_{number}", init_from=str(source), **random)
        train_as(config)
        kernels.append(arrays_of(config.run.run_dir, 1)["network/refine_4/weights"])
    assert np.all(kernels[0])
    loaded = read_arrays(two_stages, "network/")[0]["network/refine_4/weights"]
    np.testing.assert_array_equal(kernels[1], loaded)


@pytest.mark.parametrize("change", [{"skip": True}, {"normalize_input": True}, {"width": 1 / 16}])
def test_init_from_refuses_weights_that_mean_another_function(make_config, finished, change):
    with pytest.raises(InputError, match=f"was trained with --{next(iter(change))}="):
        train_as(make_config(**change, init_from=finished.run.run_dir))
