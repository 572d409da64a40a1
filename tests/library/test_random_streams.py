"""Numbers that the caller draws do not depend on whether a model was loaded."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

import dim_tf
from dim_tf.library import kept
from tests.library.conftest import MASK, PHOTO, TRIMAP


def draws():
    """What is drawn from each stream that there is by default."""
    dense = keras.layers.Dense(1)
    return [
        random.random(),
        np.random.random(),  # noqa: NPY002
        float(tf.random.uniform([])),
        float(keras.random.uniform([])),
        float(dense(tf.ones([1, 3]))[0, 0]),
    ]


@pytest.fixture
def nothing_is_drawn():
    """A function that says so of a call."""

    def check(call):
        keras.utils.set_random_seed(1)
        expected = draws()
        keras.utils.set_random_seed(1)
        before = random.getstate()
        call()
        assert random.getstate() == before
        assert draws() == expected

    return check


@pytest.mark.parametrize(
    "variant",
    [
        {"refine": True, "certainty": True},
        {"decoder": "deconv"},
        {"decoder": "deconv", "batch_norm": False},
    ],
)
def test_a_model_is_loaded_and_used(save_random_network, nothing_is_drawn, variant):
    path = save_random_network(**variant)
    nothing_is_drawn(lambda: dim_tf.load_model(path).predict_alpha(PHOTO, TRIMAP))


def test_a_matte_is_made(network, nothing_is_drawn):
    kept._loaded.cache_clear()
    nothing_is_drawn(lambda: dim_tf.matte(PHOTO, MASK, **network | {"post_process": "affinity"}))
