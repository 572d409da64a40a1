"""The second output: how far off alpha may be."""

import json

import numpy as np
import pytest
import tensorflow as tf

from dim_tf.model.losses import certainty_loss
from dim_tf.model.network import (
    alpha_and_log_scale,
    build_network,
    first_stage,
    with_joined_heads,
)
from dim_tf.model.weights import (
    load_network,
    network_arrays,
    read_arrays,
    save_weights,
    write_arrays,
)
from dim_tf.system.processor import has_bfloat16_instructions
from tests.model.test_network import make_inputs, randomize, tiny

VARIANTS = [{}, {"refine": True}, {"skip": True, "normalize_input": True}, {"batch_norm": False}]


@pytest.mark.parametrize("variant", VARIANTS)
def test_alpha_is_that_of_the_network_without_it(variant):
    with_it, without = (
        build_network(tiny(certainty=True, **variant)),
        build_network(tiny(**variant)),
    )
    randomize(with_it)
    for layer in without.layers:
        layer.set_weights(with_it.get_layer(layer.name).get_weights())
    inputs = make_inputs()
    alpha, log_scale = alpha_and_log_scale(with_it(inputs))
    np.testing.assert_array_equal(alpha, without(inputs))
    assert log_scale.shape == alpha.shape
    assert np.std(log_scale) > 0
    assert alpha_and_log_scale(without(inputs))[1] is None
    first, scale_of_first = alpha_and_log_scale(first_stage(with_it)(inputs))
    np.testing.assert_array_equal(first, first_stage(without)(inputs))
    np.testing.assert_array_equal(scale_of_first, log_scale)


def test_at_the_start_the_scale_is_the_same_everywhere_and_it_stays_in_its_range():
    network = build_network(tiny(certainty=True))
    _, log_scale = alpha_and_log_scale(network(make_inputs()))
    np.testing.assert_allclose(log_scale, -2.5)
    for bias, expected in ((-50.0, -6.0), (50.0, 1.0)):
        network.get_layer("pred_scale").biases.assign([bias])
        np.testing.assert_array_equal(alpha_and_log_scale(network(make_inputs()))[1], expected)


def test_the_loss_is_the_mean_over_the_unknown_pixels_of_each_example():
    random = np.random.default_rng(3)
    predicted, alpha = random.uniform(0, 1, (2, 2, 5, 7, 1)).astype(np.float32)
    log_scale = random.normal(-2, 1, alpha.shape).astype(np.float32)
    unknown = (random.uniform(0, 1, alpha.shape) < [[[[0.5]]], [[[0.1]]]]).astype(np.float32)
    expected = []
    for p, a, s, u in zip(predicted, alpha, log_scale, unknown, strict=True):
        values = [abs(p[i] - a[i]) / np.exp(s[i]) + s[i] for i in np.ndindex(p.shape) if u[i] > 0]
        expected.append(np.mean(values))
    actual = certainty_loss(predicted, log_scale, alpha, unknown)
    np.testing.assert_allclose(actual, np.mean(expected), rtol=1e-5)
    assert certainty_loss(predicted, log_scale, alpha, 0 * unknown) == 0


def test_the_loss_is_smallest_where_the_scale_is_the_mean_error():
    alpha = tf.zeros([1, 8, 8, 1])
    predicted = tf.constant(np.random.default_rng(1).laplace(0, 0.05, alpha.shape), tf.float32)
    best = np.log(np.mean(np.abs(predicted)))
    losses = [
        float(
            certainty_loss(predicted, tf.fill(alpha.shape, best + off), alpha, tf.ones_like(alpha))
        )
        for off in (0.0, -0.3, 0.3)
    ]
    assert losses[0] < min(losses[1:]) - 0.03


def test_the_loss_moves_nothing_but_its_own_layer():
    network = build_network(tiny(certainty=True, refine=True))
    randomize(network)
    with tf.GradientTape() as tape:
        alpha, log_scale = alpha_and_log_scale(network(make_inputs(), training=True))
        loss = certainty_loss(alpha, log_scale, tf.zeros_like(alpha), tf.ones_like(alpha))
    variables = network.trainable_variables
    gradients = tape.gradient(
        loss, [variable.value for variable in variables], unconnected_gradients="zero"
    )
    moved = [v.path for v, g in zip(variables, gradients, strict=True) if np.any(g)]
    assert moved == ["pred_scale/weights", "pred_scale/biases"]


def test_weights_with_it_come_back_and_older_files_load_as_they_did(tmp_path):
    config = tiny(certainty=True)
    network = build_network(config)
    randomize(network)
    save_weights(tmp_path / "new.npz", network, config, {}, half=False)
    loaded, read, _ = load_network(tmp_path / "new.npz")
    assert read == config
    np.testing.assert_array_equal(loaded(make_inputs()), network(make_inputs()))
    # A file of before says nothing of it.
    arrays = {n: a for n, a in network_arrays(network).items() if "pred_scale" not in n}

    old = tiny()
    fields = {name: value for name, value in vars(old).items() if name != "certainty"}
    write_arrays(tmp_path / "old.npz", arrays, old, {})
    with np.load(tmp_path / "old.npz") as file:
        entries = {name: file[name] for name in file.files}
    entries["config"] = np.frombuffer(json.dumps(fields).encode(), np.uint8)
    np.savez(tmp_path / "old.npz", **entries)
    assert not read_arrays(tmp_path / "old.npz")[1].certainty
    loaded, _, _ = load_network(tmp_path / "old.npz")
    alpha, _ = alpha_and_log_scale(network(make_inputs()))
    np.testing.assert_array_equal(loaded(make_inputs()), alpha)


@pytest.mark.parametrize("variant", [{}, {"skip": True, "normalize_input": True}])
def test_one_convolution_for_both_outputs_gives_the_same(variant):
    network = build_network(tiny(certainty=True, **variant), for_training=False)
    randomize(network)
    expected, joined = (
        tf.function(forward)(make_inputs())
        for forward in (lambda x: network(x, training=False), with_joined_heads(network))
    )
    assert np.std(expected) > 0
    np.testing.assert_allclose(joined, expected, rtol=1e-5, atol=1e-6)
    if has_bfloat16_instructions():  # where it is used
        np.testing.assert_array_equal(joined, expected)


def test_networks_without_two_outputs_beside_each_other_stay_as_they_are():
    assert with_joined_heads(build_network(tiny())) is None
    assert with_joined_heads(build_network(tiny(certainty=True, refine=True))) is None
