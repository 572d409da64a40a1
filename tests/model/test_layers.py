import inspect
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from dim_tf.model.layers import (
    Convolution,
    ConvolutionBatchNorm,
    MaxPoolWithArgmax,
    NormalizeInput,
    TransposedConvolution,
    Unpool,
    max_pool_with_argmax,
    unpool,
)

DTYPES = ["float32", "bfloat16"]
# TensorFlow 1's defaults, which the original ran with.
EPSILON, MOMENTUM = 1e-3, 0.99
SHAPES = [(1, 2, 2, 1), (2, 4, 6, 3), (3, 10, 8, 5)]


def values(shape, dtype="float32", seed=0):
    return tf.cast(np.random.default_rng(seed).normal(size=shape), dtype)


def tied_values(shape, dtype, seed=0):
    """Few distinct values, so that most 2×2 blocks hold ties; zeros of both signs among them."""
    choices = np.float32([-2.0, -1.0, -0.0, 0.0, 0.5])
    return tf.cast(np.random.default_rng(seed).choice(choices, shape), dtype)


def bits(tensor):
    """The bit patterns, which tell +0 from −0."""
    tensor = tf.convert_to_tensor(tensor)
    return tf.bitcast(tensor, tf.uint16 if tensor.dtype == tf.bfloat16 else tf.uint32).numpy()


def argmax_pool(x):
    pooled, index = tf.nn.max_pool_with_argmax(x, 2, 2, "SAME", include_batch_in_index=True)
    return pooled, index


def scatter_unpool(y, index, shape):
    flat = tf.scatter_nd(tf.reshape(index, [-1, 1]), tf.reshape(y, [-1]), [int(np.prod(shape))])
    return tf.reshape(flat, shape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", [values, tied_values])
def test_pooling_and_its_gradient_equal_max_pool_with_argmax(make, dtype, shape):
    x = make(shape, dtype)
    upstream = values((shape[0], shape[1] // 2, shape[2] // 2, shape[3]), dtype, seed=1)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        pooled, _ = max_pool_with_argmax(x)
        expected, _ = argmax_pool(x)
    np.testing.assert_array_equal(pooled, expected)
    np.testing.assert_array_equal(
        bits(tape.gradient(pooled, x, upstream)), bits(tape.gradient(expected, x, upstream))
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", [values, tied_values])
def test_unpooling_and_its_gradient_equal_scatter(make, dtype, shape):
    x = make(shape, dtype)
    y = tied_values((shape[0], shape[1] // 2, shape[2] // 2, shape[3]), dtype, seed=2)
    upstream = values(shape, dtype, seed=3)
    _, mask = max_pool_with_argmax(x)
    _, index = argmax_pool(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(y)
        actual = unpool(y, mask)
        expected = scatter_unpool(y, index, shape)
    np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(
        tape.gradient(actual, y, upstream), tape.gradient(expected, y, upstream)
    )


def test_mask_says_which_pixel_a_literal_loop_would_take():
    x = tied_values((2, 6, 4, 3), "float32").numpy()
    _, mask = max_pool_with_argmax(tf.constant(x))
    mask = mask.numpy().reshape(2, 3, 2, 4, 3)
    for batch, row, column, channel in np.ndindex(2, 3, 2, 3):
        block = x[batch, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2, channel].ravel()
        expected = [place == int(np.argmax(block)) for place in range(4)]
        assert mask[batch, row, column, :, channel].tolist() == expected


@pytest.mark.parametrize("dtype", DTYPES)
def test_mask_holds_exactly_one_true_per_block(dtype):
    _, mask = max_pool_with_argmax(tied_values((2, 8, 12, 3), dtype))
    counts = mask.numpy().reshape(2, 4, 6, 4, 3).sum(axis=3)
    np.testing.assert_array_equal(counts, 1)


def test_unpooling_leaves_clean_zeros_beside_negative_and_infinite_values():
    y = tf.constant([[[[-1.0], [np.inf]], [[-np.inf], [np.nan]]]])
    _, mask = max_pool_with_argmax(values((1, 4, 4, 1)))
    elsewhere = ~scatter_places(mask)
    np.testing.assert_array_equal(bits(unpool(y, mask))[elsewhere], 0)


def test_gradients_keep_clean_zeros_beside_infinite_values():
    x, upstream = values((1, 4, 4, 1)), tf.constant([[[[-1.0], [np.inf]], [[-np.inf], [-3.0]]]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        pooled, mask = max_pool_with_argmax(x)
    gradient = tape.gradient(pooled, x, upstream)
    np.testing.assert_array_equal(bits(gradient)[~scatter_places(mask)], 0)


def scatter_places(mask):
    """[B, H, W, C] bool: where the maxima came from."""
    return tf.nn.depth_to_space(tf.cast(mask, tf.uint8), 2).numpy().astype(bool)


def test_unpooling_after_pooling_keeps_the_maxima_in_place():
    x = values((2, 6, 8, 3))
    restored = unpool(*max_pool_with_argmax(x)).numpy()
    placed = restored != 0
    np.testing.assert_array_equal(restored[placed], x.numpy()[placed])
    assert placed.mean() == 0.25


def test_pool_and_unpool_layers_are_the_functions():
    x = values((1, 4, 6, 2))
    pooled, mask = MaxPoolWithArgmax()(x)
    np.testing.assert_array_equal(pooled, max_pool_with_argmax(x)[0])
    np.testing.assert_array_equal(Unpool()([pooled, mask]), unpool(pooled, mask))


def test_normalize_input_brings_the_ranges_to_about_one():
    x = tf.constant([[[[64.0, -32.0, 128.0, 0.0], [0.0, 0.0, 0.0, 128.0], [0.0, 0.0, 0.0, 255.0]]]])
    expected = [[[[1, -0.5, 2, -2], [0, 0, 0, 0], [0, 0, 0, 127 / 64]]]]
    np.testing.assert_allclose(NormalizeInput()(x), expected, rtol=1e-7)


@pytest.mark.parametrize("activation", ["relu", None])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_convolution_equals_keras(size, activation):
    x = values((2, 8, 6, 3))
    ours = Convolution(4, size, activation=activation)
    ours(x)
    ours.biases.assign([0.5, -0.5, 1.0, -1.0])
    theirs = keras.layers.Conv2D(4, size, padding="same", activation=activation)
    theirs.build(x.shape)
    theirs.set_weights([ours.kernel.numpy(), ours.biases.numpy()])
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-5, atol=1e-6)


def test_transposed_convolution_equals_keras():
    x = values((2, 4, 6, 3))
    ours = TransposedConvolution(5, 3)
    ours(x)
    ours.biases.assign(np.linspace(-1, 1, 5))
    theirs = keras.layers.Conv2DTranspose(5, 3, strides=2, padding="same", activation="relu")
    theirs.build(x.shape)
    theirs.set_weights([ours.kernel.numpy(), ours.biases.numpy()])
    assert ours(x).shape == (2, 8, 12, 5)
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-5, atol=1e-6)


class KerasConvolutionBatchNorm:
    """Keras's Conv2D, BatchNormalization and ReLU with the weights of one of our layers."""

    def __init__(self, ours, input_shape):
        convolution = (
            keras.layers.Conv2DTranspose(ours.filters, 3, strides=2, padding="same")
            if ours.transposed
            else keras.layers.Conv2D(ours.filters, ours.kernel_size, padding="same")
        )
        convolution.build(input_shape)
        convolution.set_weights([ours.kernel.numpy(), ours.biases.numpy()])
        self.convolution = convolution
        self.norm = keras.layers.BatchNormalization(epsilon=EPSILON, momentum=MOMENTUM)
        self.norm.build((None, None, None, ours.filters))
        statistics = (ours.gamma, ours.beta, ours.moving_mean, ours.moving_variance)
        self.norm.set_weights([variable.numpy() for variable in statistics])

    def __call__(self, x, training):
        return tf.nn.relu(self.norm(self.convolution(x), training=training))


def layer_with_random_variables(x, **arguments):
    layer = ConvolutionBatchNorm(4, 3, **arguments)
    layer(x)
    layer.biases.assign([0.7, -0.3, 0.0, 2.0])
    layer.gamma.assign([1.0, 0.5, -1.5, 2.0])
    layer.beta.assign([0.1, -0.2, 0.3, 0.4])
    layer.moving_mean.assign([0.2, -0.4, 0.1, 1.0])
    layer.moving_variance.assign([0.5, 1.5, 2.5, 3.0])
    return layer


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_convolution_batch_norm_equals_keras_with_a_bias(training, transposed):
    x = values((2, 6, 4, 3))
    ours = layer_with_random_variables(x, transposed=transposed)
    theirs = KerasConvolutionBatchNorm(ours, x.shape)
    np.testing.assert_allclose(
        ours(x, training=training), theirs(x, training), rtol=1e-4, atol=1e-5
    )


def test_moving_mean_moves_as_keras_moves_it():
    x = values((2, 6, 4, 3))
    ours = layer_with_random_variables(x)
    theirs = KerasConvolutionBatchNorm(ours, x.shape)
    for seed in range(3):
        ours(values(x.shape, seed=seed), training=True)
        theirs(values(x.shape, seed=seed), True)
    np.testing.assert_allclose(ours.moving_mean, theirs.norm.moving_mean, rtol=1e-5, atol=1e-6)


def test_moving_variance_moves_by_the_unbiased_variance():
    """The fused op divides by n − 1 for the moving average, as TensorFlow 1 did; Keras by n."""
    x = values((2, 6, 4, 3))
    ours = layer_with_random_variables(x)
    before = ours.moving_variance.numpy()
    features = tf.nn.conv2d(x, ours.kernel, 1, "SAME").numpy()
    ours(x, training=True)
    unbiased = features.var(axis=(0, 1, 2), ddof=1)
    np.testing.assert_allclose(
        ours.moving_variance,
        MOMENTUM * before + (1 - MOMENTUM) * unbiased,
        rtol=1e-5,
    )


def test_training_gradients_equal_keras_and_the_bias_has_none():
    x = values((2, 6, 4, 3))
    upstream = values((2, 6, 4, 4), seed=5)
    ours = layer_with_random_variables(x)
    theirs = KerasConvolutionBatchNorm(ours, x.shape)
    with tf.GradientTape(persistent=True) as tape:
        mine = tf.reduce_sum(ours(x, training=True) * upstream)
        other = tf.reduce_sum(theirs(x, True) * upstream)
    pairs = [
        (ours.kernel, theirs.convolution.kernel),
        (ours.gamma, theirs.norm.gamma),
        (ours.beta, theirs.norm.beta),
    ]
    for variable, counterpart in pairs:
        np.testing.assert_allclose(
            tape.gradient(mine, variable.value),
            tape.gradient(other, counterpart.value),
            rtol=1e-3,
            atol=1e-4,
        )
    assert tape.gradient(mine, ours.biases.value) is None


def test_inference_with_batch_statistics_is_the_training_output_and_moves_nothing():
    x = values((1, 6, 4, 3))
    moving = layer_with_random_variables(x)
    batch = ConvolutionBatchNorm(4, 3, inference_statistics="batch")
    batch(x)
    batch.set_weights(moving.get_weights())
    before = batch.get_weights()
    actual = batch(x, training=False)
    for array, kept in zip(batch.get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, kept)
    np.testing.assert_array_equal(actual, moving(x, training=True))


def test_frozen_layer_keeps_its_statistics_and_uses_them():
    x = values((1, 6, 4, 3))
    layer = layer_with_random_variables(x)
    layer.trainable = False
    before = layer.get_weights()
    np.testing.assert_array_equal(layer(x, training=True), layer(x, training=False))
    for array, kept in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_bfloat16_layer_keeps_its_variables_in_float32_and_agrees_roughly():
    x = values((1, 8, 8, 3))
    full = layer_with_random_variables(x)
    half = ConvolutionBatchNorm(4, 3, dtype="mixed_bfloat16")
    half(x)
    half.set_weights(full.get_weights())
    for training in (False, True):
        output = half(x, training=training)
        assert output.dtype == tf.bfloat16
        np.testing.assert_allclose(
            tf.cast(output, tf.float32), full(x, training=training), rtol=0.05, atol=0.05
        )
    assert {variable.dtype for variable in half.variables} == {"float32"}
    np.testing.assert_allclose(half.moving_variance, full.moving_variance, rtol=0.01)


def test_training_output_of_a_single_pixel_is_finite():
    layer = ConvolutionBatchNorm(4, 3)
    output = layer(values((1, 1, 1, 3)), training=True)
    assert np.isfinite(output).all()
    assert np.isfinite(layer.moving_variance).all()


@pytest.mark.parametrize(
    "layer",
    [
        Convolution(3, 5, activation=None, kernel_initializer="zeros", name="a"),
        Convolution(3, 5, bias_initializer=keras.initializers.Constant(-2.5), name="constant"),
        ConvolutionBatchNorm(3, 5, inference_statistics="batch", name="b"),
        ConvolutionBatchNorm(
            3, 3, transposed=True, kernel_initializer="zeros", dtype="mixed_bfloat16", name="c"
        ),
        TransposedConvolution(3, 5, kernel_initializer="zeros", name="d"),
        MaxPoolWithArgmax(name="e"),
        Unpool(name="f"),
        NormalizeInput(name="g"),
    ],
    ids=lambda layer: f"{type(layer).__name__}_{layer.name}",
)
def test_a_layer_made_from_its_config_is_the_same(layer):
    """The config as text, which files of networks hold."""
    config = json.loads(json.dumps(layer.get_config()))
    copy = type(layer).from_config(config)
    assert json.loads(json.dumps(copy.get_config())) == config
    assert (copy.name, copy.dtype_policy.name) == (layer.name, layer.dtype_policy.name)
    arguments = inspect.signature(type(layer).__init__).parameters.keys() - {"self", "kwargs"}
    for name in arguments - {"bias_initializer"}:  # an object, and seen in what it makes
        assert getattr(copy, name) == getattr(layer, name), name
    if "filters" in arguments:
        for one in (layer, copy):
            keras.utils.set_random_seed(1)
            one.build((None, 8, 8, 4))
        for array, other in zip(layer.get_weights(), copy.get_weights(), strict=True):
            np.testing.assert_array_equal(array, other)
