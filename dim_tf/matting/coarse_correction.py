"""Solves the matte's equations: conjugate gradients, corrected on a coarse grid in every step.

What is known has to travel across a wide unknown region, and conjugate gradients carry it some
pixels in each step: hundreds of them. For the matting Laplacian hardly objects to mattes that are
linear in the colours (Levin et al., 2008, theorem 1), so it hardly drives such an error out. But
then these errors are known beforehand: the photo is cut into blocks, and a small system for one
linear function of the colours in each block, solved directly, is added to the diagonal's part of
the preconditioner, an additive two-level method (Nicolaides, "Deflation of conjugate gradients",
SIAM J. Numer. Anal. 1987).
"""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from dim_tf.system.threads import usable_cores

# Pixels.
BLOCK_SIDE = 8
# Variance of colours in [0, 1]: what varies less in a block has no function of its own.
_LEAST_VARIANCE = 1e-6
# Beside a matrix whose diagonal is about 1: only for functions that have vanished.
_LEAST_STIFFNESS = 1e-7
# With fewer rows for each, threads cost more than they save.
_ROWS_PER_THREAD = 20_000
# Of the product that makes the small system, which has up to 36 values a row.
_ROWS_AT_ONCE = 65_536


class _RowPart(NamedTuple):
    """Some rows of a matrix, which shares their memory."""

    rows: slice
    matrix: scipy.sparse.csr_array


def solve(
    windows: scipy.sparse.csr_array,
    residuals: scipy.sparse.csr_array,
    right_side: np.ndarray,
    start: np.ndarray,
    functions: scipy.sparse.csr_array,
    tolerance: float,
    steps: int,
    after_step: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """The x for which windows · x + residualsᵀ · residuals · x is the right-hand side, nearly.

    Args:
        windows: [U, U] float32, symmetric and positive definite; ties near pixels only.
        residuals: [R, U] float32. What it ties may be far apart and would make the small system a
            dense one, so that its product with itself counts there by its diagonal only.
        right_side: [U] float32.
        start: [U] float32, where the search begins.
        functions: from `linear_functions`.
        tolerance: the residual at which the search ends, relative to the right-hand side.
        steps: after which it ends at the latest.
        after_step: called after each.

    Returns:
        [U] float32.
    """
    to_functions, to_pixels = functions.T.tocsr(), residuals.T.tocsr()
    stiffness = to_pixels.power(2).sum(axis=1)
    small = scipy.sparse.diags_array(np.full(functions.shape[1], _LEAST_STIFFNESS), format="csr")
    for part in _row_parts(windows, -(-right_side.size // _ROWS_AT_ONCE)):
        here = functions[part.rows]
        stiff = scipy.sparse.diags_array(stiffness[part.rows]) @ here
        small += here.T @ (part.matrix @ functions + stiff)
    factors = scipy.sparse.linalg.splu(
        small.tocsc().astype(np.float64),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    inverse_diagonal = 1 / (windows.diagonal() + stiffness)

    def corrected(residual: np.ndarray) -> np.ndarray:
        coarse = factors.solve((to_functions @ residual).astype(np.float64))
        return inverse_diagonal * residual + functions @ coarse.astype(np.float32)

    # In float64, once: rounded, all the products of a row would outweigh a small weight.
    wide = start.astype(np.float64)
    left = right_side - windows @ wide - to_pixels @ (residuals @ wide)
    count = max(1, min(usable_cores(), right_side.size // _ROWS_PER_THREAD))
    matrices = [_row_parts(matrix, count) for matrix in (residuals, windows, to_pixels)]
    with ThreadPoolExecutor(count) as threads:

        def by_rows(product_of_rows: Callable[..., np.ndarray], *parts: list) -> np.ndarray:
            return np.concatenate(list(threads.map(product_of_rows, *parts)))

        def product(vector: np.ndarray) -> np.ndarray:
            apart = by_rows(lambda part: part.matrix @ vector, matrices[0])
            return by_rows(
                lambda near, far: near.matrix @ vector + far.matrix @ apart, *matrices[1:]
            )

        difference, _ = scipy.sparse.linalg.cg(
            scipy.sparse.linalg.LinearOperator(windows.shape, product, dtype=np.float32),
            left.astype(np.float32),
            rtol=0.0,
            atol=tolerance * np.linalg.norm(right_side),
            maxiter=steps,
            callback=lambda _: after_step(),
            M=scipy.sparse.linalg.LinearOperator(windows.shape, corrected, dtype=np.float32),
        )
    return start + difference


def linear_functions(rgb: np.ndarray, unknown: np.ndarray) -> scipy.sparse.csr_array:
    """Of every block a constant and three functions linear in the colours, orthonormal.

    Args:
        rgb: [H, W, 3] uint8.
        unknown: [H, W] bool, U of them true.

    Returns:
        [U, 4 · blocks with unknown pixels] float32; a function that vanishes is a column of zeros
        or nearly so.
    """
    rows, columns = np.nonzero(unknown)
    block = rows // BLOCK_SIDE * -(-unknown.shape[1] // BLOCK_SIDE) + columns // BLOCK_SIDE
    occupied = np.zeros(block.max() + 1, np.int32)
    occupied[block] = 1
    block = (np.cumsum(occupied, dtype=np.int32) - 1)[block]
    counts = np.bincount(block)
    colours = rgb[unknown] / 255.0

    def means(values: np.ndarray) -> np.ndarray:
        return np.bincount(block, values) / counts

    colours -= np.stack([means(channel) for channel in colours.T], axis=1)[block]
    covariance = (
        np.stack([[means(one * other) for one in colours.T] for other in colours.T])
        + _LEAST_VARIANCE * np.eye(3)[..., None]
    )
    whitening = np.linalg.inv(np.linalg.cholesky(covariance.transpose(2, 0, 1)))
    values = np.empty((rows.size, 4), np.float32)
    values[:, 0] = 1
    values[:, 1:] = np.einsum("nij,nj->ni", whitening[block], colours)
    values /= np.sqrt(counts, dtype=np.float32)[block, None]
    return scipy.sparse.csr_array(
        (
            values.ravel(),
            (4 * block[:, None] + np.arange(4, dtype=np.int32)).ravel(),
            np.arange(0, values.size + 1, 4, dtype=np.int32),
        ),
        shape=(rows.size, 4 * counts.size),
    )


def _row_parts(matrix: scipy.sparse.csr_array, count: int) -> list[_RowPart]:
    """The matrix in `count` parts of about as many rows."""
    ends = np.linspace(0, matrix.shape[0], count + 1).astype(int)
    parts = []
    for first, last in itertools.pairwise(ends):
        values = slice(matrix.indptr[first], matrix.indptr[last])
        starts = matrix.indptr[first : last + 1] - matrix.indptr[first]
        rows = scipy.sparse.csr_array(
            (matrix.data[values], matrix.indices[values], starts),
            shape=(last - first, matrix.shape[1]),
        )
        parts.append(_RowPart(slice(first, last), rows))
    return parts
