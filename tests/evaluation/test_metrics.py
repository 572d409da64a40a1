import math

import numpy as np
import pytest
import scipy.ndimage

from dim_tf.evaluation.metrics import (
    METRIC_NAMES,
    connectivity,
    gradient,
    matting_errors,
    mse,
    sad,
    to_8_bit,
)
from dim_tf.synthetic import render_matte
from dim_tf.system.errors import InputError

READINGS = ("previous_threshold", "continue")


def make(seed=0, shape=(7, 9)):
    random = np.random.default_rng(seed)
    predicted, alpha = random.integers(0, 256, (2, *shape), np.uint8)
    return predicted, alpha, random.choice(np.uint8([0, 128, 255]), shape)


def make_mattes(seed=0, size=48):
    """A hairy matte, a prediction with soft errors, and a trimap, without ties in Connectivity."""
    alpha = render_matte("hair", 3 + seed, size)
    noise = np.random.default_rng(seed).normal(0, 30, (size, size))
    predicted = np.clip(alpha + scipy.ndimage.gaussian_filter(noise, 1), 0, 255).astype(np.uint8)
    trimap = np.where((alpha > 0) & (alpha < 255), np.uint8(128), alpha)
    trimap[::3] = 128
    return predicted, alpha, trimap


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


def literal_gradient(predicted, alpha, trimap):
    """The MATLAB code's steps: 9×9 kernels, and a loop over every pixel and kernel element."""
    sigma = 1.4
    kernel = {}
    for row in range(-4, 5):
        for column in range(-4, 5):
            gauss = math.exp(-(row**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
            other = math.exp(-(column**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
            kernel[row, column] = gauss * -column * other / sigma**2
    norm = math.sqrt(sum(value**2 for value in kernel.values()))

    def amplitude(matte, y, x):
        lowest, highest = int(matte.min()), int(matte.max())
        along_x = along_y = 0
        for (row, column), value in kernel.items():  # convolution: the kernel is turned round
            inside_y = min(max(y - row, 0), matte.shape[0] - 1)
            inside_x = min(max(x - column, 0), matte.shape[1] - 1)
            pixel = (int(matte[inside_y, inside_x]) - lowest) / (highest - lowest)
            along_x += value / norm * pixel
            inside_y = min(max(y - column, 0), matte.shape[0] - 1)
            inside_x = min(max(x - row, 0), matte.shape[1] - 1)
            pixel = (int(matte[inside_y, inside_x]) - lowest) / (highest - lowest)
            along_y += value / norm * pixel
        return math.sqrt(along_x**2 + along_y**2)

    return sum(
        (amplitude(predicted, y, x) - amplitude(alpha, y, x)) ** 2 / 1000
        for y, x in np.argwhere(trimap == 128)
    )


def literal_connectivity(predicted, alpha, trimap, empty_intersection):
    """The MATLAB code's steps in its single precision, with SciPy's labels."""
    predicted, alpha = (matte / np.float32(255) for matte in (predicted, alpha))
    thresholds = np.arange(11, dtype=np.float32) / np.float32(10)
    level = np.full(predicted.shape, -1, np.float32)
    for i in range(1, 11):
        both = (predicted >= thresholds[i]) & (alpha >= thresholds[i])
        labels, count = scipy.ndimage.label(both.T)  # transposed: MATLAB counts by columns
        if count == 0 and empty_intersection == "continue":
            continue
        areas = [int((labels == label).sum()) for label in range(1, count + 1)]
        largest = areas.index(max(areas)) + 1 if count else -1
        omega = np.equal(labels.T, largest)
        level[(level == -1) & ~omega] = thresholds[i - 1]
    level[level == -1] = 1
    total = 0.0
    for y, x in np.argwhere(trimap == 128):
        phi = [1.0, 1.0]
        for number, matte in enumerate((predicted, alpha)):
            d = matte[y, x] - level[y, x]
            if d >= np.float32(0.15):
                phi[number] = 1 - float(d)
        total += abs(phi[0] - phi[1])
    return total / 1000


@pytest.mark.parametrize("seed", range(3))
def test_equal_the_literal_definitions(seed):
    pictures = make(seed)
    expected = literal(*pictures)
    np.testing.assert_allclose((sad(*pictures), mse(*pictures)), expected, rtol=1e-12)


@pytest.mark.parametrize("pictures", [make(0), make(1, (12, 3)), make_mattes(0, 24)])
def test_gradient_equals_the_literal_definition(pictures):
    expected = literal_gradient(*pictures)
    assert expected > 0
    assert gradient(*pictures) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("seed", range(8))
def test_connectivity_equals_the_literal_definition(seed, reading):
    # Few levels, many components of one size, all black, and thresholds that are met exactly.
    random = np.random.default_rng(seed)
    levels = np.uint8([0, 51, 102, 150, 153, 204, 255][: 7 - seed % 3])
    predicted, alpha = random.choice(levels, (2, 9, 8))
    if seed == 7:
        predicted[:] = 0
    trimap = random.choice(np.uint8([0, 128]), (9, 8))
    for pictures in ((predicted, alpha, trimap), make_mattes(seed)):
        expected = literal_connectivity(*pictures, reading)
        assert connectivity(*pictures, reading) == pytest.approx(expected, rel=1e-5, abs=1e-12)


def fifths(rows):
    return np.uint8([[51 * int(digit) for digit in row] for row in rows])


def test_a_connectivity_worked_out_by_hand():
    predicted = fifths(["5504", "5304", "0000", "0200"])
    alpha = fifths(["5534", "5504", "0100", "0200"])
    # Smaller of the two, in fifths:    Components at θ = 0.1: the 4 pixels at the upper left,
    #     5 5 0 4                       2 at the right, 1 at the bottom. Ω is the first; all other
    #     5 3 0 4                       pixels have the level 0. At θ = 0.6 the pixel of 3/5 is
    #     0 0 0 0                       still in, as 153/255 ≥ 0.6; at 0.7 it is not: level 0.6.
    #     0 2 0 0                       The other three stay to the end: level 1.
    #
    # Row 0: the two fives: both mattes 1 − 1 = 0, no difference. Then predicted 0 − 0, φ = 1, and
    # alpha 0.6 − 0 = 0.6 ≥ 0.15, φ = 0.4: 0.6. Then 0.8 in both: no difference.
    # Row 1: the five: none. Then predicted 0.6 − 0.6 = 0, φ = 1, alpha 1 − 0.6 = 0.4, φ = 0.6: 0.4.
    # Row 2: predicted 0, φ = 1, alpha 0.2 ≥ 0.15, φ = 0.8: 0.2.
    # Row 3: 0.4 in both. Sum 1.2.
    unknown = np.full((4, 4), 128, np.uint8)
    assert connectivity(predicted, alpha, unknown) == pytest.approx(1.2 / 1000, rel=1e-12)
    unknown[0, 2] = 255  # known pixels are left out of the sum only
    assert connectivity(predicted, alpha, unknown) == pytest.approx(0.6 / 1000, rel=1e-12)


def test_the_two_readings_of_an_empty_intersection():
    predicted, alpha = fifths(["22"]), fifths(["55"])
    # Both pixels are in Ω up to θ = 0.4; at 0.5 nothing is.
    # previous_threshold: level 0.4; predicted d = 0, φ = 1; alpha d = 0.6, φ = 0.4: 0.6 each.
    # continue: level 1; predicted d = −0.6, φ = 1; alpha d = 0, φ = 1: nothing.
    assert connectivity(predicted, alpha, None) == pytest.approx(1.2 / 1000, rel=1e-12)
    assert connectivity(predicted, alpha, None, "continue") == 0
    errors = matting_errors(predicted, alpha, None)
    assert (errors["Conn"], errors["Conn_continue"]) == (pytest.approx(1.2 / 1000), 0)


def test_of_two_largest_components_the_first_by_columns_counts():
    predicted, alpha = np.uint8([[0, 255], [255, 0]]), np.uint8([[0, 230], [255, 0]])
    # Ω is the pixel at the lower left, so the level of the other is 0: d = 1 and 230 / 255. By
    # rows it would be 0.9, and both gaps to it too small to count.
    assert connectivity(predicted, alpha, None) == pytest.approx(25 / 255 / 1000, rel=1e-12)


def test_what_was_outside_of_the_largest_component_stays_outside():
    predicted, alpha = np.uint8([[30, 30, 0, 230]]), np.uint8([[30, 30, 0, 204]])
    # At θ = 0.1 Ω is the pair at the left, so the level of the right pixel is 0, though it is Ω
    # from 0.2 on.
    assert connectivity(predicted, alpha, None) == pytest.approx(26 / 255 / 1000, rel=1e-12)


def test_small_gaps_to_the_level_do_not_count():
    predicted, alpha = np.uint8([[255, 63]]), np.uint8([[255, 25]])
    # Level of the second pixel: 0, as 25 / 255 < 0.1. d = 0.247, and 0.098, which is below 0.15.
    expected = 63 / 255 / 1000
    assert connectivity(predicted, alpha, None) == pytest.approx(expected, rel=1e-12)
    predicted[0, 1] = 38  # 0.149
    assert connectivity(predicted, alpha, None) == 0
    predicted[0, 1] = 39  # 0.153
    assert connectivity(predicted, alpha, None) == pytest.approx(39 / 255 / 1000, rel=1e-12)


@pytest.mark.parametrize("dark, light", [(0, 255), (100, 151)])
def test_a_gradient_worked_out_by_hand(dark, light):
    step = np.full((3, 10), dark, np.uint8)
    step[:, 5:] = light
    flat = np.full((3, 10), 77, np.uint8)
    # g(k) = exp(−k² / 3.92) at k = 0 … 4: 1, .774837, .360448, .100669, .016880.
    # Down the rows nothing changes: Σ g / √(Σ g²) = 3.505668 / 1.575255 = 2.225461.
    # Across, k·g(k) at k = 1 … 4: .774837, .720896, .302007, .067520, L2 norm of all 9: 1.559378.
    # The column at the edge sees k = 1 … 4: 1.865260 / 1.559378 · 2.225461 = 2.662000. The next
    # ones see k = 2 … 4: 1.556193; 3 … 4: .527369; 4: .096361; then none. Squares: 9.79538; the
    # other side of the edge is the mirror image. Three rows: 3 · 2 · 9.79538. The range does not
    # matter, it is stretched to 0 … 1; a flat matte has no slope.
    assert gradient(step, flat, None) == pytest.approx(58.7723 / 1000, rel=1e-5)


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


@pytest.mark.parametrize("known", [0, 127, 129, 255])
def test_without_unknown_pixels_nothing_is_measured_and_it_is_said(known):
    predicted, alpha, trimap = make()
    trimap[...] = known
    assert {measure(predicted, alpha, trimap) for measure in (sad, mse, gradient)} == {0}
    assert connectivity(predicted, alpha, trimap) == 0
    with pytest.raises(InputError, match=r"no unknown pixel|holds 0, 128 and 255"):
        matting_errors(predicted, alpha, trimap)
    with pytest.raises(InputError, match="holds 0, 128 and 255"):
        matting_errors(predicted, alpha, make()[2] // 127)  # 0, 1 and 2


@pytest.mark.parametrize("pictures", [make(), make_mattes()])
def test_a_perfect_matte_has_no_error(pictures):
    assert set(matting_errors(pictures[1], *pictures[1:]).values()) == {0}


def test_errors_are_symmetric():
    predicted, alpha, trimap = make_mattes()
    there, back = matting_errors(predicted, alpha, trimap), matting_errors(alpha, predicted, trimap)
    assert there == pytest.approx(back, rel=1e-12)
    assert min(there.values()) > 0


@pytest.mark.parametrize("change", [np.fliplr, np.flipud, np.transpose, np.rot90])
def test_flips_and_turns_change_nothing(change):
    pictures = make_mattes()
    turned = [change(picture) for picture in pictures]
    assert matting_errors(*turned) == pytest.approx(matting_errors(*pictures), rel=1e-9)


def test_a_growing_error_raises_all_numbers():
    alpha = np.zeros((40, 40), np.uint8)
    alpha[8:32, 8:32] = 255
    trimap = np.full_like(alpha, 128)
    before = dict.fromkeys(METRIC_NAMES, 0.0)
    for size in (1, 2, 3, 4):
        predicted = alpha.copy()
        predicted[28 - 3 * size : 31, 28 - 3 * size : 31] -= np.uint8(20 * size + 40)
        errors = matting_errors(predicted, alpha, trimap)
        assert all(errors[name] > before[name] for name in METRIC_NAMES), size
        before = errors


def test_without_a_trimap_the_whole_image_counts():
    predicted, alpha, _ = make()
    assert matting_errors(predicted, alpha, None) == matting_errors(
        predicted, alpha, np.full_like(alpha, 128)
    )


def test_the_functions_agree_with_all_errors_at_once():
    pictures = make(5)
    assert matting_errors(*pictures) == pytest.approx(
        {
            "SAD": sad(*pictures),
            "MSE": mse(*pictures),
            "Grad": gradient(*pictures),
            "Conn": connectivity(*pictures),
            "Conn_continue": connectivity(*pictures, "continue"),
        },
        rel=1e-12,
    )


OTHER_FORMS = [
    lambda p, a, t: (p / np.float32(255), a, t),
    lambda p, a, t: (p, a / 255, t),
    lambda p, a, t: (p[..., None], a[..., None], t[..., None]),
]
OTHER_SIZES = [lambda p, a, t: (p, a, t[1:]), lambda p, a, t: (p[1:], a, t)]


@pytest.mark.parametrize(
    "function, change",
    [
        *((one, change) for one in (sad, mse, gradient, connectivity) for change in OTHER_FORMS),
        *((one, change) for one in (sad, mse, gradient, connectivity) for change in OTHER_SIZES),
        *((matting_errors, change) for change in OTHER_SIZES),
    ],
)
def test_other_ranges_and_sizes_are_refused(function, change):
    with pytest.raises(ValueError, match=r"take uint8 pictures of one size \[H, W\], not "):
        function(*change(*make()))


def test_views_are_taken_as_they_are():
    pictures = [np.repeat(np.repeat(picture, 2, 0), 2, 1) for picture in make(2)]
    views = [picture[::2, ::2] for picture in pictures]
    assert matting_errors(*views) == pytest.approx(matting_errors(*make(2)), rel=1e-12)


def test_rounding_to_8_bits():
    alpha = np.float32([0, 0.4 / 255, 0.6 / 255, 0.5, 254.4 / 255, 254.6 / 255, 1])
    np.testing.assert_array_equal(to_8_bit(alpha), [0, 0, 1, 128, 254, 255, 255])
    assert to_8_bit(alpha).dtype == np.uint8
    # 0.9 as float32 lies below 229.5 / 255, but its float32 product with 255 is 229.5.
    assert to_8_bit(np.float32([0.9]))[0] == 229
