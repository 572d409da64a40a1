import math
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from dim_tf.config import NetworkConfig
from dim_tf.model.network import build_network, first_stage

TINY = {"width": 1 / 32, "fc6": "1x1"}
VARIANTS = {
    "plain": {},
    "skip": {"skip": True},
    "refine": {"refine": True},
    "refine_normalized": {"refine": True, "normalize_input": True},
    "deconv": {"decoder": "deconv"},
    "deconv_skip": {"decoder": "deconv", "skip": True},
    "no_batch_norm": {"batch_norm": False},
    "deconv_no_batch_norm": {"decoder": "deconv", "batch_norm": False},
    "normalized": {"normalize_input": True},
    "fc6_3x3": {"fc6": "3x3"},
    "everything": {"skip": True, "refine": True, "normalize_input": True, "batch_norm": False},
}


def tiny(**changes):
    return NetworkConfig(**(TINY | changes))


def make_inputs(batch=1, height=32, width=64, seed=0):
    random = np.random.default_rng(seed)
    colours = random.uniform(-120, 130, (batch, height, width, 3))
    trimap = random.choice([0.0, 128.0, 255.0], (batch, height, width, 1))
    return tf.constant(np.concatenate([colours, trimap], axis=-1), tf.float32)


def randomize(network, seed=0):
    """Random weights everywhere, so that no zero or one hides a mistake."""
    random = np.random.default_rng(seed)
    for variable in network.variables:
        shape = tuple(variable.shape)
        if variable.name == "weights":
            value = random.normal(size=shape) * np.sqrt(1.5 / np.prod(shape[:3]))
        elif variable.name in ("gamma", "moving_variance"):
            value = random.uniform(0.5, 1.5, shape)
        else:
            value = 0.1 * random.normal(size=shape)
        variable.assign(value.astype(np.float32))


@pytest.mark.parametrize("variant", ["plain", "refine_normalized"])
def test_the_users_type_of_keras_changes_nothing(variant):
    outputs = []
    for floatx in ("float32", "float16"):
        keras.config.set_floatx(floatx)
        try:
            network = build_network(tiny(**VARIANTS[variant]))
            randomize(network)
            outputs.append(network(make_inputs(), training=False).numpy())
        finally:
            keras.config.set_floatx("float32")
    np.testing.assert_array_equal(*outputs)


# The paper's layers (section 3.1) as the original builds them: size of the kernel, channels.
PAPER_ENCODER = (
    [("conv1_1", 3, 64), ("conv1_2", 3, 64)]
    + [("conv2_1", 3, 128), ("conv2_2", 3, 128)]
    + [(f"conv3_{n}", 3, 256) for n in (1, 2, 3)]
    + [(f"conv4_{n}", 3, 512) for n in (1, 2, 3)]
    + [(f"conv5_{n}", 3, 512) for n in (1, 2, 3)]
)
PAPER_DECODER = [
    ("deconv6", 1, 512),
    ("deconv5_2", 5, 512),
    ("deconv4_2", 5, 256),
    ("deconv3_2", 5, 128),
    ("deconv2_2", 5, 64),
    ("deconv1_2", 5, 64),
]


def expected_parameters(width, fc6, batch_norm=True, deconv=False, refine=False):
    """Weights, biases and batch norm's four vectors of every layer, counted by hand."""
    total, channels_in = 0, 4

    def add(size, channels, norm=False):
        nonlocal total, channels_in
        channels = max(1, round(channels * width))
        total += size * size * channels_in * channels + channels + 4 * channels * norm
        channels_in = channels

    for _, size, channels in PAPER_ENCODER:
        add(size, channels)
    add(*{"7x7": (7, 4096), "3x3": (3, 512), "1x1": (1, 512)}[fc6])
    for name, size, channels in PAPER_DECODER:
        if deconv and name != "deconv6":
            add(3, channels_in / width, batch_norm)
        add(size, channels, batch_norm)
    total += 5 * 5 * channels_in + 1
    if refine:
        channels = max(1, round(64 * width))
        total += 9 * 4 * channels + channels + 2 * (9 * channels**2 + channels) + 9 * channels + 1
    return total


@pytest.mark.parametrize(
    ("config", "arguments"),
    [
        (tiny(), {}),
        (tiny(fc6="3x3"), {}),
        (tiny(fc6="7x7"), {}),
        (tiny(skip=True, normalize_input=True), {}),
        (tiny(batch_norm=False), {"batch_norm": False}),
        (tiny(decoder="deconv"), {"deconv": True}),
        (tiny(refine=True), {"refine": True}),
        (tiny(width=1 / 16), {}),
    ],
    ids=str,
)
def test_parameter_count(config, arguments):
    expected = expected_parameters(config.width, config.fc6, **arguments)
    assert build_network(config).count_params() == expected


def test_the_original_has_130543041_parameters():
    assert expected_parameters(1, "7x7") == 130_543_041
    # Counted without values, which take seconds and half a gigabyte.
    with keras.StatelessScope(initialize_variables=False):
        network = build_network(NetworkConfig())
        assert network.count_params() == 130_543_041
        trainable = sum(math.prod(variable.shape) for variable in network.trainable_variables)
    assert trainable == 130_539_969


def test_layers_carry_the_originals_names_and_variables():
    network = build_network(tiny(refine=True))
    with_weights = [layer.name for layer in network.layers if layer.variables]
    assert with_weights == [
        *[name for name, _, _ in PAPER_ENCODER],
        "conv6_1",
        *[name for name, _, _ in PAPER_DECODER],
        "pred_alpha",
        *[f"refine_{number}" for number in (1, 2, 3, 4)],
    ]
    assert [v.name for v in network.get_layer("conv1_1").variables] == ["weights", "biases"]
    assert {v.name for v in network.get_layer("deconv3_2").variables} == {
        *("weights", "biases", "gamma", "beta", "moving_mean", "moving_variance")
    }


@pytest.mark.parametrize(
    ("batch", "height", "width"), [(1, 32, 32), (2, 32, 96), (3, 64, 32), (1, 96, 160)]
)
def test_any_multiple_of_32_and_any_batch_size(batch, height, width):
    alpha = build_network(tiny())(make_inputs(batch, height, width))
    assert alpha.shape == (batch, height, width, 1)
    assert alpha.dtype == tf.float32
    assert np.all((alpha.numpy() >= 0) & (alpha.numpy() <= 1))


def test_images_of_a_batch_do_not_mix_at_inference():
    network = build_network(tiny(skip=True))
    randomize(network)
    inputs = make_inputs(batch=3)
    together = network(inputs, training=False)
    for index in range(3):
        alone = network(inputs[index : index + 1], training=False)
        np.testing.assert_allclose(together[index], alone[0], atol=1e-5)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_gives_gradients_to_every_weight(name):
    config = tiny(**VARIANTS[name], width=1 / 16)
    network = build_network(config)
    randomize(network)
    inputs = make_inputs(height=64)
    with tf.GradientTape() as tape:
        alpha = network(inputs, training=True)
        loss = tf.reduce_sum(alpha * make_inputs(height=64, seed=1)[..., :1])
    assert alpha.shape == (1, 64, 64, 1)
    variables = network.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    without = {
        variable.path
        for variable, gradient in zip(variables, gradients, strict=True)
        if gradient is None or not np.any(gradient)
    }
    # The mean that batch norm subtracts takes the bias before it away.
    expected = {
        variable.path
        for layer in network.layers
        if hasattr(layer, "gamma")
        for variable in (layer.biases,)
    }
    assert without == expected


def test_skip_changes_the_prediction_and_adds_no_parameter():
    plain, skip = build_network(tiny()), build_network(tiny(skip=True))
    randomize(plain)
    skip.set_weights(plain.get_weights())
    inputs = make_inputs()
    assert np.abs(skip(inputs) - plain(inputs)).max() > 1e-3


def copy_by_name(source, target):
    for layer in source.layers:
        if layer.variables:
            target.get_layer(layer.name).set_weights(layer.get_weights())


@pytest.mark.parametrize("normalize_input", [False, True])
def test_refinement_starts_as_the_identity(normalize_input):
    plain = build_network(tiny(normalize_input=normalize_input))
    refined = build_network(tiny(normalize_input=normalize_input, refine=True))
    randomize(plain)
    copy_by_name(plain, refined)
    inputs = make_inputs()
    np.testing.assert_array_equal(refined(inputs), plain(inputs))


def test_refinement_sees_the_photo_and_alpha_in_grey_levels():
    """The paper: the first stage's alpha, scaled to 0…255, is the fourth channel."""
    network = build_network(tiny(refine=True))
    randomize(network)
    inputs = make_inputs()
    probe = keras.Model(network.input, network.get_layer("refine_input").output)
    alpha = first_stage(network)(inputs)
    seen = probe(inputs)
    np.testing.assert_array_equal(seen[..., :3], inputs[..., :3])
    np.testing.assert_allclose(seen[..., 3:], 255 * alpha, rtol=1e-6)


def test_refinement_is_a_correction_added_to_alpha():
    network = build_network(tiny(refine=True))
    randomize(network)
    inputs = make_inputs()
    correction = keras.Model(network.input, network.get_layer("refine_4").output)(inputs)
    assert np.abs(correction).max() > 1e-3
    np.testing.assert_allclose(
        network(inputs), first_stage(network)(inputs) + correction, rtol=1e-5, atol=1e-5
    )


def test_first_stage_shares_its_weights():
    network = build_network(tiny(refine=True))
    stage = first_stage(network)
    names = {id(variable) for variable in network.variables}
    assert all(id(variable) in names for variable in stage.variables)
    left_out = [v.path for v in network.variables if id(v) not in {id(s) for s in stage.variables}]
    assert all(path.startswith("refine_") for path in left_out)
    assert len(left_out) == 8
    before = stage(make_inputs()).numpy()
    network.get_layer("pred_alpha").biases.assign([1.0])
    assert np.all(stage(make_inputs()).numpy() > before)


@pytest.mark.parametrize("name", ["plain", "everything", "deconv"])
def test_bfloat16_is_close_to_float32_and_comes_out_as_float32(name):
    config = tiny(**VARIANTS[name], width=1 / 8)
    full = build_network(config)
    half = build_network(config, precision="bfloat16")
    randomize(full)
    half.set_weights(full.get_weights())
    assert {variable.dtype for variable in half.variables} == {"float32"}
    inputs = make_inputs(height=64)
    actual, expected = half(inputs), full(inputs)
    assert actual.dtype == tf.float32
    assert np.std(expected) > 0.03
    assert np.mean(np.abs(actual - expected)) < 0.03


def test_inference_statistics_follow_the_config_and_the_argument():
    def statistics(*arguments, **keywords):
        layers = build_network(*arguments, **keywords).layers
        return {
            layer.inference_statistics for layer in layers if hasattr(layer, "inference_statistics")
        }

    assert statistics(tiny()) == {"moving"}
    assert statistics(tiny(bn_eval="batch")) == {"batch"}
    assert statistics(tiny(bn_eval="batch"), inference_statistics="moving") == {"moving"}


def test_training_moves_the_moving_averages_of_every_decoder_layer():
    """The original never ran its update ops; at inference it used means of 0, variances of 1."""
    network = build_network(tiny())
    before = {v.path: v.numpy() for v in network.non_trainable_variables}
    assert len(before) == 2 * len(PAPER_DECODER)
    network(make_inputs(), training=True)
    for variable in network.non_trainable_variables:
        assert np.any(variable.numpy() != before[variable.path]), variable.path


def test_exports_without_custom_ops(tmp_path):
    network = build_network(tiny(skip=True))
    randomize(network)
    network.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    for size in ((32, 64), (96, 32)):
        inputs = make_inputs(1, *size)
        np.testing.assert_allclose(loaded.serve(inputs), network(inputs), atol=1e-5)
    operations = {
        node.op
        for function in loaded.signatures["serving_default"].graph.as_graph_def().library.function
        for node in function.node_def
    }
    assert not [name for name in operations if re.search("Argmax|Scatter|PyFunc|Custom", name)]
