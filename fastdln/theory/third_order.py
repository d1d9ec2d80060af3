"""Sharpness of a network of full matrices with its gradient, exact (docs/theory.md, B and E)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fastdln.theory.arguments import FloatArray, as_floats, as_layers, check_dims, dims

# The dense Hessian of so many weights takes 32 MB, and its eigenvectors some two seconds.
MOST_WEIGHTS = 2048

# Where the next eigenvalue lies nearer, relative to the largest in absolute value, rounding errors of 1e-16 turn u by more than 1e-9.
NEAREST = 1e-6


def transposed(matrices: FloatArray) -> FloatArray:
    """Each matrix transposed."""
    return matrices.swapaxes(-1, -2)


def dense_hessian(layers: Sequence[FloatArray], error: FloatArray) -> FloatArray:
    """The Hessian over all entries, layer after layer, row by row.

    Its block of two layers is (A_l^T A_m) kron (B_l B_m^T), and for l < m, with C = W_{m-1} ... W_{l+1}, also what the error holds:
    C_qi (A_m^T E B_l^T)_pj for the entries ij of W_l and pq of W_m.
    """
    depth, leading = len(layers), error.shape[:-2]
    below, above = [np.eye(error.shape[-1])], [np.eye(error.shape[-2])]
    for w in layers[:-1]:
        below.append(w @ below[-1])
    for w in reversed(layers[1:]):
        above.insert(0, above[0] @ w)
    ends = np.cumsum([0] + [w.shape[-2] * w.shape[-1] for w in layers])
    hessian = np.empty((*leading, ends[-1], ends[-1]))
    for low in range(depth):
        between = np.eye(layers[low].shape[-2])
        for high in range(low, depth):
            rows = transposed(above[low]) @ above[high]
            columns = below[low] @ transposed(below[high])
            block = np.einsum("...ip,...jq->...ijpq", rows, columns)
            if high > low:
                pulled = transposed(above[high]) @ error @ transposed(below[low])
                block = block + np.einsum("...qi,...pj->...ijpq", between, pulled)
                between = layers[high] @ between
            size = ends[low + 1] - ends[low], ends[high + 1] - ends[high]
            block = np.broadcast_to(block.reshape(*block.shape[:-4], *size), (*leading, *size))
            hessian[..., ends[low] : ends[low + 1], ends[high] : ends[high + 1]] = block
            hessian[..., ends[high] : ends[high + 1], ends[low] : ends[low + 1]] = transposed(block)
    return hessian


def along(w: FloatArray, u: FloatArray, series: Sequence[FloatArray]) -> list[FloatArray]:
    """W + t U times a series in t, up to t^2."""
    zeroth, first, second = series
    return [w @ zeroth, w @ first + u @ zeroth, w @ second + u @ first]


def third_derivative(
    layers: Sequence[FloatArray], error: FloatArray, directions: Sequence[FloatArray]
) -> list[FloatArray]:
    """D^3 f(U, U, .) layer by layer: twice the coefficient of t^2 in T_l B_l^T, the gradient at W + t U."""
    one = np.eye(error.shape[-1])
    below = [[one, 0.0 * one, 0.0 * one]]
    for w, u in zip(layers, directions, strict=True):
        below.append(along(w, u, below[-1]))
    delta, out = [error, *below.pop()[1:]], []
    for w, u, b in zip(reversed(layers), reversed(directions), reversed(below), strict=True):
        second = delta[0] @ transposed(b[2]) + delta[1] @ transposed(b[1]) + delta[2] @ transposed(b[0])
        out.append(2.0 * second)
        delta = along(transposed(w), transposed(u), delta)
    return out[::-1]


def sharpness_gradient(
    layers: Sequence[ArrayLike] | FloatArray, target: ArrayLike
) -> tuple[FloatArray, list[FloatArray], list[FloatArray]]:
    """Sharpness S of a network of full matrices at any point, its eigenvector u, and its gradient.

    Parameters
    ----------
    layers : sequence of array_like
        The matrices W_1, W_2, ..., in the layers' units; W_l is shaped (..., d_l, d_{l-1}).
    target : array_like
        The matrix M to learn, shaped (..., d_L, d_0), in the layers' units to the power L. The leading dimensions broadcast.

    Returns
    -------
    S : numpy.ndarray
        The largest eigenvalue of the Hessian, shaped (...), in the layers' units to the power 2L - 2. NaN where a number is not
        finite.
    u : list of numpy.ndarray
        Its eigenvector, of length 1 over all layers, shaped as they are; the entry of largest absolute value is positive.
    gradient : list of numpy.ndarray
        The derivatives of S by the layers' entries, in the layers' units to the power 2L - 3. NaN where the next eigenvalue is
        nearer than 1e-6 of the largest absolute value: there rounding errors turn u by more than 1e-9, and where two eigenvalues
        meet S has no gradient.

    Raises
    ------
    ValueError
        If there are fewer than two matrices, they or the target do not fit onto each other, or they have more than 2,048 entries.

    Notes
    -----
    The gradient is the third derivative D^3 f(u, u, .), taken from products of matrices: no differences are formed. With the
    gradient of the loss, progressive sharpening is alpha_ps = -grad f . grad S.

    References
    ----------
    Damian, Nichani, Lee, arXiv 2209.15594, section 3; docs/theory.md, section E.

    Examples
    --------
    At a minimum of two scalar layers; S is w_1^2 + w_2^2 on the minima alone, and its gradient is not that of the sum:

    >>> S, u, gradient = sharpness_gradient([[[2.0]], [[0.5]]], [[1.0]])
    >>> float(S), [round(float(g.item()), 6) for g in gradient]
    (4.25, [4.235294, 1.941176])
    """
    matrices, leading = as_layers(layers)
    check_dims(target=dims(target, inner=2), **{f"layers[{k}]": dims(layer, inner=2) for k, layer in enumerate(layers)})
    wanted = as_floats("target", target)
    rows, columns = matrices[-1].shape[-2], matrices[0].shape[-1]
    if wanted.ndim < 2 or wanted.shape[-2:] != (rows, columns):
        raise ValueError(
            f"target: must be shaped (..., {rows}, {columns}), as the layers' product is (got {wanted.shape})"
        )
    try:
        leading = np.broadcast_shapes(leading, wanted.shape[:-2])
    except ValueError:
        raise ValueError(
            f"layers, target: their leading dimensions {leading} and {wanted.shape[:-2]} do not broadcast"
        ) from None
    sizes = [w.shape[-2] * w.shape[-1] for w in matrices]
    if sum(sizes) > MOST_WEIGHTS:
        raise ValueError(f"layers: must have at most {MOST_WEIGHTS:,} entries (got {sum(sizes):,})")
    matrices = [np.broadcast_to(w, (*leading, *w.shape[-2:])) for w in matrices]
    with np.errstate(over="ignore", invalid="ignore"):
        product = matrices[0]
        for w in matrices[1:]:
            product = w @ product
        error = product - wanted
        hessian = dense_hessian(matrices, error)
        finite = np.asarray(np.isfinite(hessian).all(axis=(-2, -1), keepdims=True))
        values, vectors = np.linalg.eigh(np.where(finite, hessian, 0.0))
        finite = finite[..., 0]
        u = np.where(finite, vectors[..., -1], np.nan)
        u = u * np.sign(np.take_along_axis(u, np.abs(u).argmax(axis=-1, keepdims=True), axis=-1))
        near = values[..., -1] - values[..., -2] < NEAREST * np.abs(values).max(axis=-1)
        parts = [
            part.reshape(w.shape) for part, w in zip(np.split(u, np.cumsum(sizes)[:-1], -1), matrices, strict=True)
        ]
        gradient = [np.where(near[..., None, None], np.nan, g) for g in third_derivative(matrices, error, parts)]
    return np.where(finite[..., 0], values[..., -1], np.nan), parts, gradient
