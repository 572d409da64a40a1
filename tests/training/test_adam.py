import keras
import numpy as np
import pytest
import tensorflow as tf

from dim_tf.training.adam import FusedAdam

SHAPES = ((3, 4), (5,), ())


def after_steps(optimizer_class, start, gradients, rates, clipnorm):
    """Variables and the optimizer's own after some compiled steps: name → array."""
    variables = [keras.Variable(value, dtype="float32") for value in start]
    optimizer = optimizer_class(1.0, clipnorm=clipnorm, name="adam")
    optimizer.build(variables)

    @tf.function
    def apply(values):
        optimizer.apply(values, variables)

    for rate, values in zip(rates, gradients, strict=True):
        optimizer.learning_rate.assign(rate)
        apply([tf.constant(value, tf.float32) for value in values])
    own = {f"optimizer {number}": v.numpy() for number, v in enumerate(optimizer.variables)}
    return own | {number: variable.numpy() for number, variable in enumerate(variables)}


@pytest.mark.parametrize("clipnorm", [None, 0.5])
def test_it_moves_variables_and_moments_as_keras_adam_does(clipnorm):
    random = np.random.default_rng(1)
    start = [random.normal(size=shape) for shape in SHAPES]
    gradients = [[random.normal(size=shape) for shape in SHAPES] for _ in range(6)]
    rates = (1e-1, 1e-2, 3e-2, 0.0, 1e-3, 1e-1)
    plain, fused = (
        after_steps(optimizer_class, start, gradients, rates, clipnorm)
        for optimizer_class in (keras.optimizers.Adam, FusedAdam)
    )
    assert plain.keys() == fused.keys()
    for name, value in fused.items():
        np.testing.assert_allclose(value, plain[name], rtol=2e-5, atol=1e-7, err_msg=str(name))
    assert all(np.abs(fused[number] - start[number]).max() > 0.01 for number in range(3))
