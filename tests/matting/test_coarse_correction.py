import cv2
import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg

from dim_tf.matting import coarse_correction
from dim_tf.matting.closed_form import closed_form_equations
from dim_tf.matting.coarse_correction import linear_functions, solve
from dim_tf.synthetic import render_texture


def wide_region(height=96, width=200):
    """A smooth photo, known at its left and right border alone."""
    rgb = cv2.GaussianBlur(render_texture(3, (height, width)), (0, 0), 2)
    unknown = np.ones((height, width), bool)
    unknown[:, :8] = unknown[:, -8:] = False
    alpha = np.zeros((height, width), np.float32)
    alpha[:, -8:] = 1
    matrix, known = closed_form_equations(rgb, unknown, alpha, np.float32(1e-4))
    return rgb, unknown, matrix, -known


def test_the_functions_are_orthonormal_and_hold_every_matte_linear_in_a_blocks_colours():
    rgb = np.random.default_rng(2).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    unknown = np.zeros((40, 60), bool)
    unknown[3:, 8:-5] = True
    functions = linear_functions(rgb, unknown)
    products = (functions.T @ functions).toarray()
    np.testing.assert_allclose(products, np.eye(len(products)), atol=0.02)
    rows, columns = np.nonzero(unknown)
    block = rows // 8 * 100 + columns // 8
    random = np.random.default_rng(1)
    matte = random.normal(size=10_000)[block]
    for channel in range(3):
        matte += random.normal(size=10_000)[block] * rgb[unknown][:, channel] / 255
    rest = matte - functions @ (functions.T @ matte)
    assert np.abs(rest).max() < 0.02 * np.abs(matte).max()


def test_a_photo_of_one_colour_has_constants_only():
    functions = linear_functions(np.full((20, 30, 3), 7, np.uint8), np.ones((20, 30), bool))
    lengths = np.sqrt(functions.power(2).sum(axis=0)).reshape(-1, 4)
    np.testing.assert_allclose(lengths[:, 0], 1, atol=1e-6)
    np.testing.assert_allclose(lengths[:, 1:], 0, atol=1e-6)


def no_residuals(count):
    return scipy.sparse.csr_array((1, count), dtype=np.float32)


def far_residuals(count):
    """Of pixels anywhere."""
    mixtures = scipy.sparse.random_array(
        (count, count), density=3 / count, rng=np.random.default_rng(4), dtype=np.float32
    )
    return (scipy.sparse.eye_array(count, dtype=np.float32) - mixtures).tocsr() * np.float32(0.1)


def test_the_solution_is_the_equations(monkeypatch):
    """Also where rows are shared among threads, and with residuals of pixels far apart."""
    rgb, unknown, windows, right_side = wide_region()
    count = right_side.size
    monkeypatch.setattr(coarse_correction, "_ROWS_PER_THREAD", 1000)
    monkeypatch.setattr(coarse_correction, "usable_cores", lambda: 5)
    monkeypatch.setattr(coarse_correction, "_ROWS_AT_ONCE", 1000)
    for residuals in (no_residuals(count), far_residuals(count)):
        wide = residuals.astype(float)
        # Not factorized: what joins pixels far apart would fill the factors.
        expected, failed = scipy.sparse.linalg.cg(
            windows.astype(float) + wide.T @ wide, right_side.astype(float), rtol=1e-10
        )
        assert not failed
        found = solve(
            *(windows, residuals, right_side, np.zeros_like(right_side)),
            *(linear_functions(rgb, unknown), 1e-6, 2000),
        )
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_residuals_far_apart_are_counted_in_both_parts_of_the_preconditioner():
    """Else what is stiff would be corrected as if it were soft, and the search go on and on."""
    rgb, unknown, windows, right_side = wide_region()
    far = 10 * far_residuals(right_side.size)
    steps = []
    solve(
        *(windows, far, right_side, np.zeros_like(right_side), linear_functions(rgb, unknown)),
        *(1e-4, 2000, lambda: steps.append(1)),
    )
    assert len(steps) < 20  # 1,090 and 21 without the one and the other


@pytest.mark.parametrize("steps", [25])
def test_a_few_steps_carry_what_is_known_across(steps):
    """What the diagonal alone would need ten times as many for."""
    rgb, unknown, matrix, right_side = wide_region()
    exact = scipy.sparse.linalg.spsolve(matrix.astype(float).tocsc(), right_side)
    start = np.full_like(right_side, 0.5)
    functions = linear_functions(rgb, unknown)
    none = no_residuals(right_side.size)
    found = solve(matrix, none, right_side, start, functions, 0.0, steps)
    nothing = scipy.sparse.csr_array((right_side.size, 1), dtype=np.float32)
    plain = solve(matrix, none, right_side, start, nothing, 0.0, 10 * steps)
    assert np.abs(found - exact).mean() < min(0.02, np.abs(plain - exact).mean())
