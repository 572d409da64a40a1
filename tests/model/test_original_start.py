import keras
import numpy as np
import pytest

from dim_tf.config import ExampleConfig, NetworkConfig, StartConfig
from dim_tf.model.network import build_network
from dim_tf.model.original_start import draw_truncated_normal_kernels
from dim_tf.training.start import initialize_weights

WIDTH = 0.125


@pytest.fixture
def network():
    keras.utils.set_random_seed(1)
    return build_network(NetworkConfig(width=WIDTH, fc6="1x1", refine=True))


def kernels_of(network):
    return {
        layer.name: layer.kernel.numpy() for layer in network.layers if hasattr(layer, "kernel")
    }


def test_kernels_are_drawn_as_tensorflow_1_draws_them(network):
    """tf.truncated_normal(stddev=0.1): what lies beyond two deviations is drawn again."""
    before = kernels_of(network)
    draw_truncated_normal_kernels(network, seed=3)
    kernels = kernels_of(network)
    assert kernels.keys() == before.keys()
    values = np.concatenate([kernel.ravel() for kernel in kernels.values()])
    assert 0.199 < np.abs(values).max() <= 0.2 + 1e-7
    # The variance of a normal distribution cut at two deviations.
    assert values.std() == pytest.approx(0.1 * 0.879626, rel=0.01)
    assert abs(values.mean()) < 1e-3
    assert all(np.abs(kernel).max() > 0 for kernel in kernels.values())
    draw_truncated_normal_kernels(network, seed=3)
    for name, kernel in kernels_of(network).items():
        np.testing.assert_array_equal(kernel, kernels[name])
    draw_truncated_normal_kernels(network, seed=4)
    assert not np.array_equal(kernels_of(network)["deconv6"], kernels["deconv6"])


def test_activations_grow_as_in_the_whole_network(network):
    """A narrower network has as many times the variance as it has fewer inputs."""
    draw_truncated_normal_kernels(network, seed=3)
    whole = kernels_of(network)
    draw_truncated_normal_kernels(network, seed=3, width=WIDTH)
    for name, kernel in kernels_of(network).items():
        np.testing.assert_allclose(kernel.var(), whole[name].var() / WIDTH, rtol=1e-5)


@pytest.mark.parametrize("kernels", ["scaled", "truncated_normal"])
def test_a_run_begins_with_the_kernels_it_is_told_to(network, kernels):
    before = kernels_of(network)
    start = StartConfig(initial_kernels=kernels)
    initialize_weights(start, network, NetworkConfig(), None, ExampleConfig(), seed=1)
    unchanged = [
        np.array_equal(kernel, before[name]) for name, kernel in kernels_of(network).items()
    ]
    assert all(unchanged) if kernels == "scaled" else not any(unchanged)
