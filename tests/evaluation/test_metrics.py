import numpy as np
import pytest

from dim_tf.evaluation.metrics import mse, sad


def make(seed=0, shape=(7, 9)):
    random = np.random.default_rng(seed)
    predicted, alpha = random.integers(0, 256, (2, *shape), np.uint8)
    return predicted, alpha, random.choice(np.uint8([0, 127, 128, 129, 255]), shape)


def literal(predicted, alpha, trimap):
    """(SAD, MSE) by a loop over the unknown pixels."""
    absolute = squares = count = 0
    for p, a, t in zip(predicted.ravel(), alpha.ravel(), trimap.ravel(), strict=True):
        if t == 128:
            difference = (int(p) - int(a)) / 255
            absolute, squares, count = (
                absolute + abs(difference),
                squares + difference**2,
                count + 1,
            )
    return absolute / 1000, squares / count


@pytest.mark.parametrize("seed", range(3))
def test_equal_the_literal_definitions(seed):
    pictures = make(seed)
    expected = literal(*pictures)
    np.testing.assert_allclose((sad(*pictures), mse(*pictures)), expected, rtol=1e-12)


def test_differences_of_8_bit_numbers_do_not_wrap():
    dark, light, unknown = (np.full((2, 5), value, np.uint8) for value in (0, 255, 128))
    for pair in ((dark, light), (light, dark)):
        assert sad(*pair, unknown) == 10 / 1000
        assert mse(*pair, unknown) == 1


def test_known_pixels_do_not_count():
    predicted, alpha, trimap = make()
    changed = np.where(trimap == 128, predicted, 255 - predicted)
    assert sad(changed, alpha, trimap) == sad(predicted, alpha, trimap)
    assert mse(changed, alpha, trimap) == mse(predicted, alpha, trimap)


def test_without_unknown_pixels_both_are_zero():
    predicted, alpha, _ = make()
    assert sad(predicted, alpha, np.zeros_like(alpha)) == 0
    assert mse(predicted, alpha, np.zeros_like(alpha)) == 0
