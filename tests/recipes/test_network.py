from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
import tensorflow as tf

from dim_tf.config import IMAGE_MEAN_RGB
from dim_tf.matting.predict import load_model
from dim_tf.model import network as dim_tf_network
from dim_tf.model.layers import max_pool_with_argmax, unpool
from dim_tf.synthetic import render_sample
from dim_tf.trimaps.from_matte import trimap_from_alpha
from recipes.accelerated import network as accelerated
from recipes.accelerated.losses import LOG_SCALE_RANGE
from recipes.accelerated.network import MaxPoolWithPlaces, Network, Unpool
from recipes.accelerated.weights import network_of, read_weights


def channels_last(array):
    return np.ascontiguousarray(array.transpose(0, 2, 3, 1))


def test_layers_are_those_of_dim_tf():
    assert accelerated.ENCODER_STAGES == dim_tf_network.ENCODER_STAGES
    assert accelerated.DECODER_CHANNELS == dim_tf_network.DECODER_CHANNELS
    assert accelerated.DECONV6_CHANNELS == dim_tf_network.DECONV6_CHANNELS
    assert accelerated.FIRST_LOG_SCALE == dim_tf_network.FIRST_LOG_SCALE
    scales = dim_tf_network.SMALLEST_LOG_SCALE, dim_tf_network.LARGEST_LOG_SCALE
    assert scales == LOG_SCALE_RANGE
    assert dim_tf_network.FC6["1x1"] == (1, accelerated.CONV6_CHANNELS)


def test_outputs_equal_dim_tf(keras_network, weights):
    random = np.random.default_rng(0)
    colours = random.uniform(-127, 128, (2, 64, 96, 3))
    trimap = random.choice([0, 128, 255], (2, 64, 96, 1))
    inputs = np.concatenate([colours, trimap], -1).astype(np.float32)
    network = network_of(weights, "test").eval()
    with torch.no_grad():
        alpha, log_scale = network(torch.from_numpy(inputs.transpose(0, 3, 1, 2).copy()))
    expected = keras_network(inputs, training=False)
    expected = expected[0] if isinstance(expected, list | tuple) else expected
    expected = np.asarray(expected)[..., :1]
    assert expected.std() > 0.01
    np.testing.assert_allclose(channels_last(alpha.numpy()), expected, atol=1e-4)
    features = tf.keras.Model(keras_network.input, keras_network.get_layer("deconv1_2").output)
    expected = (
        tf.nn.conv2d(
            features(inputs, training=False), weights.arrays["pred_scale/weights"], 1, "SAME"
        )
        + weights.arrays["pred_scale/biases"]
    )
    np.testing.assert_allclose(
        channels_last(log_scale.numpy()), expected, atol=1e-4 * np.abs(expected).max()
    )


@pytest.mark.slow
def test_the_shipped_weights_give_the_same_matte():
    path = Path(__file__).parents[2] / "checkpoints" / "deep_image_matting.npz"
    rgb, alpha, _ = render_sample(1, (160, 224))
    trimap = trimap_from_alpha(alpha, 25).numpy()
    expected = load_model(path, post_process="none").predict_alpha(rgb, trimap)
    network = network_of(read_weights(path), path).eval()
    inputs = np.concatenate([rgb - np.float32(IMAGE_MEAN_RGB), trimap[..., None]], -1)
    with torch.no_grad():
        predicted, _ = network(torch.from_numpy(np.float32(inputs.transpose(2, 0, 1)))[None])
    unknown = trimap == 128
    assert expected[unknown].std() > 0.2
    np.testing.assert_allclose(predicted[0, 0].numpy()[unknown], expected[unknown], atol=1e-4)


def test_learning_normalises_by_the_batch_as_dim_tf_does(keras_network, weights):
    inputs = np.random.default_rng(1).uniform(-127, 128, (2, 64, 64, 4)).astype(np.float32)
    network = network_of(weights, "test").train()
    alpha, _ = network(torch.from_numpy(inputs.transpose(0, 3, 1, 2).copy()))
    network_before = network.deconv1_2[1].running_mean.clone()
    network(torch.from_numpy(inputs.transpose(0, 3, 1, 2).copy()))
    assert not torch.equal(network.deconv1_2[1].running_mean, network_before)
    before = [variable.numpy() for variable in keras_network.variables]
    expected = keras_network(inputs, training=True)
    expected = np.asarray(expected[0] if isinstance(expected, list | tuple) else expected)[..., :1]
    for variable, value in zip(keras_network.variables, before, strict=True):
        variable.assign(value)
    np.testing.assert_allclose(channels_last(alpha.detach().numpy()), expected, atol=1e-4)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_ties_are_broken_as_in_dim_tf(memory_format):
    random = np.random.default_rng(0)
    x = random.integers(0, 3, (2, 5, 8, 12)).astype(np.float32)
    upstream = random.normal(size=(2, 5, 4, 6)).astype(np.float32)
    ours = torch.from_numpy(x).to(memory_format=memory_format).requires_grad_()
    maxima, places = MaxPoolWithPlaces.apply(ours)
    maxima.backward(torch.from_numpy(upstream))
    theirs = tf.constant(channels_last(x))
    with tf.GradientTape() as tape:
        tape.watch(theirs)
        expected, mask = max_pool_with_argmax(theirs)
        loss = tf.reduce_sum(expected * channels_last(upstream))
    np.testing.assert_array_equal(channels_last(maxima.detach().numpy()), expected)
    np.testing.assert_array_equal(channels_last(ours.grad.numpy()), tape.gradient(loss, theirs))
    np.testing.assert_array_equal(
        channels_last(Unpool.apply(torch.from_numpy(upstream), places).numpy()),
        unpool(tf.constant(channels_last(upstream)), mask),
    )


def test_gradients_of_pooling_and_unpooling():
    random = np.random.default_rng(0)
    # All different, and by more than gradcheck moves them.
    x = torch.from_numpy(random.permutation(2 * 3 * 6 * 4).reshape(2, 3, 6, 4) / 10.0)
    x.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: MaxPoolWithPlaces.apply(x)[0], (x,))
    places = MaxPoolWithPlaces.apply(x)[1]
    values = torch.randn(2, 3, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: Unpool.apply(values, places), (values,))
    assert torch.autograd.gradcheck(lambda x: Unpool.apply(*MaxPoolWithPlaces.apply(x)) ** 2, (x,))


def test_unpooling_keeps_infinities_in_their_place():
    places = torch.zeros((1, 1, 1, 1), dtype=torch.uint8)
    spread = Unpool.apply(torch.full((1, 1, 1, 1), torch.inf), places)
    np.testing.assert_array_equal(spread[0, 0], [[np.inf, 0], [0, 0]])


def test_learns_in_bfloat16(weights):
    inputs = torch.from_numpy(
        np.random.default_rng(1).uniform(-127, 128, (2, 4, 64, 64)).astype(np.float32)
    )
    network = network_of(weights, "test").train()
    alpha, _ = network(inputs)
    with torch.autocast("cpu", torch.bfloat16):
        alpha_16, log_scale_16 = network(inputs)
    assert alpha_16.dtype == log_scale_16.dtype == torch.float32
    assert (alpha_16 - alpha).abs().mean() < 0.05
    assert not torch.equal(alpha_16, alpha)
    (alpha_16.mean() + log_scale_16.mean()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.dtype == torch.float32, name
        assert parameter.grad.isfinite().all(), name


def test_certainty_does_not_teach_the_features():
    network = Network(1 / 16)
    _, log_scale = network(torch.randn(2, 4, 32, 32))
    log_scale.sum().backward()
    learning = {name for name, p in network.named_parameters() if p.grad is not None}
    assert learning == {"pred_scale.weight", "pred_scale.bias"}
