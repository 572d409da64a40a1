import keras
import numpy as np
import pytest

from dim_tf.config import ExampleConfig, NetworkConfig, StartConfig
from dim_tf.model.architecture import SCALE_LAYER
from dim_tf.model.network import build_network
from dim_tf.model.original_start import draw_truncated_normal_kernels
from dim_tf.training.start import initialize_weights

WIDTH = 0.125
# Sums of the absolute kernels of seed 3, as they were before some layers stayed at zero.
KERNEL_SUMS = {"conv1_1": 19.8607674, "deconv6": 295.544861, "refine_3": 42.0866089}


CONFIG = NetworkConfig(width=WIDTH, fc6="1x1", refine=True, certainty=True)


@pytest.fixture
def network():
    keras.utils.set_random_seed(1)
    return build_network(CONFIG)


def kernels_of(network, zeros=False):
    """Of the layers that do not begin at zero, or of those that do."""
    return {
        layer.name: layer.kernel.numpy()
        for layer in network.layers
        if hasattr(layer, "kernel") and (layer.name in ("refine_4", SCALE_LAYER)) == zeros
    }


@pytest.mark.parametrize("decoder", ["unpool", "deconv"])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_every_network_begins_so(decoder, batch_norm):
    network = build_network(
        NetworkConfig(width=WIDTH, fc6="1x1", decoder=decoder, batch_norm=batch_norm)
    )
    before = kernels_of(network)
    draw_truncated_normal_kernels(network, seed=3)
    after = kernels_of(network)
    assert all((before[name] != after[name]).any() for name in before)
    assert ("deconv1_1" in before) == (decoder == "deconv")


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
    initialize_weights(start, network, CONFIG, None, ExampleConfig(), seed=3)
    after = kernels_of(network)
    if kernels == "scaled":
        for name, kernel in after.items():
            np.testing.assert_array_equal(kernel, before[name])
    else:
        assert not any(np.array_equal(kernel, before[name]) for name, kernel in after.items())
        for name, expected in KERNEL_SUMS.items():  # of the seed and width of this run
            assert np.abs(after[name]).sum() == pytest.approx(expected / WIDTH**0.5, rel=1e-5)


def test_what_must_begin_at_zero_still_does(network):
    """A refinement stage that begins with noise would spoil what the first stage has learned."""
    draw_truncated_normal_kernels(network, seed=3)
    zeros = kernels_of(network, zeros=True)
    assert zeros.keys() == {"refine_4", SCALE_LAYER}
    assert not any(kernel.any() for kernel in zeros.values())


def test_layers_draw_what_they_always_drew(network):
    """Also behind a layer that stays at zero: runs with a seed can be made again."""
    draw_truncated_normal_kernels(network, seed=3)
    sums = {name: float(np.abs(kernel).sum()) for name, kernel in kernels_of(network).items()}
    for name, expected in KERNEL_SUMS.items():
        assert sums[name] == pytest.approx(expected, rel=1e-5), name
