"""Eigenvalues of the Hessian where the layers are diagonal in the target's singular bases (docs/theory.md, B)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from fastdln.theory.arguments import FloatArray, as_depths, as_floats, check_dims, dims, layers_and_values

# A term a layer, summed one by one: a third of a second.
MOST_LAYERS = 10_000

# Newton's method from beyond the largest root of a convex polynomial: monotone, and quadratic once the root is near;
# about ten steps, but where several layers are small beside the others, each step divides the distance by no more than
# 2 or so.
MOST_NEWTON_STEPS = 2000


def hessian_eigenvalues(singular_values: ArrayLike, depth: ArrayLike) -> FloatArray:
    """Eigenvalues lambda_ij of the Hessian at the balanced minimum, over ordered pairs of modes.

    Parameters
    ----------
    singular_values : array_like
        Singular values s of the target, in the target's units; shaped (..., d).
    depth : array_like
        Number of layers L, integers from 2 to 10,000. Broadcasts with the leading dimensions of `singular_values`.

    Returns
    -------
    numpy.ndarray
        The eigenvalues, shaped (..., d, d), in the units of s^(2 - 2/L). NaN for s < 0 and L < 2.

    Raises
    ------
    ValueError
        If an argument is no number, a depth is no integer or beyond 10,000, or the shapes do not broadcast.

    Notes
    -----
    lambda_ij = sum_{l=1}^L s_i^(2(L-l)/L) s_j^(2(l-1)/L). On the diagonal it is lambda_ii = S_i, the `stability_limit`.

    References
    ----------
    docs/theory.md, section B.

    Examples
    --------
    For L = 2 it is s_i + s_j:

    >>> hessian_eigenvalues([2.0, 1.0], 2).tolist()
    [[4.0, 3.0], [3.0, 2.0]]
    """
    check_dims(singular_values=dims(singular_values, inner=1), depth=dims(depth))
    s, depth = np.atleast_1d(as_floats("singular_values", singular_values)), as_depths(depth)[..., None, None]
    try:
        np.broadcast_shapes(s.shape[:-1], depth.shape[:-2])
    except ValueError:
        raise ValueError(
            f"singular_values, depth: must be shaped (..., d) and (...) (got {s.shape} and {depth.shape[:-2]})"
        ) from None
    depth = np.where(np.isfinite(depth), depth, 0.0)
    if (deepest := depth.max(initial=0)) > MOST_LAYERS:
        raise ValueError(f"depth: must be at most {MOST_LAYERS:,} (got {deepest:,.0f})")
    total = np.zeros(np.broadcast_shapes(s.shape[:-1], depth.shape[:-2]) + (s.shape[-1],) * 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        for layer in range(int(deepest)):
            within = layer < depth
            above, below = np.where(within, depth - 1 - layer, 0.0), np.where(within, layer, 0.0)
            rows, columns = s[..., :, None] ** (2 * above / depth), s[..., None, :] ** (2 * below / depth)
            total += np.where(within, rows * columns, 0.0)
        return np.where((depth >= 2) & (s[..., :, None] >= 0) & (s[..., None, :] >= 0), total, np.nan)


def sharpness(layers: ArrayLike, singular_values: ArrayLike) -> FloatArray:
    """Largest eigenvalue of the Hessian, exact, where every layer is diagonal in the target's singular bases.

    Parameters
    ----------
    layers : array_like
        Singular values w_l of the layers, W_1 first, in the layers' units; shaped (..., depth, mode), of depth 2 or more.
    singular_values : array_like
        Singular values s of the target, in the target's units; shaped (..., mode). The leading dimensions broadcast.

    Returns
    -------
    numpy.ndarray
        The sharpness, shaped (...), in the layers' units to the power 2L - 2. NaN where a value is not finite.

    Raises
    ------
    ValueError
        If an argument is no number, or the shapes are not these.

    Notes
    -----
    The Hessian falls into a block of L x L for each mode and one of 2L x 2L for each pair of modes; the sharpness is the
    largest of their eigenvalues, at a minimum or anywhere else.

    References
    ----------
    docs/theory.md, section B.

    Examples
    --------
    Two layers of one mode at a minimum, w_1 w_2 = s, have the sharpness w_1^2 + w_2^2:

    >>> round(float(sharpness([[2.0], [0.5]], [1.0])), 12)
    4.25
    """
    blocks = hessian_blocks(*layers_and_values(layers, singular_values))
    largest: FloatArray = np.max([block_eigenvalues(block)[..., -1] for block in blocks], axis=0)
    return largest


def spectrum(layers: ArrayLike, singular_values: ArrayLike) -> FloatArray:
    """Every eigenvalue of the Hessian of square layers that are diagonal in the target's singular bases.

    Parameters
    ----------
    layers : array_like
        Singular values w_l of the layers, W_1 first, in the layers' units; shaped (..., depth, mode), of depth 2 or more.
    singular_values : array_like
        Singular values s of the target, in the target's units; shaped (..., mode). The leading dimensions broadcast.

    Returns
    -------
    numpy.ndarray
        The eigenvalues in falling order, shaped (..., depth mode^2), in the layers' units to the power 2L - 2. NaN where
        a block is not finite; these come first.

    Raises
    ------
    ValueError
        If an argument is no number, or the shapes are not these.

    Notes
    -----
    The blocks are those of `sharpness`: L x L for each mode, 2L x 2L for each pair of modes.

    References
    ----------
    docs/theory.md, section B.

    Examples
    --------
    >>> spectrum([[2.0], [0.5]], [1.0]).round(12).tolist()
    [4.25, 0.0]
    """
    blocks = hessian_blocks(*layers_and_values(layers, singular_values))
    eigenvalues = [block_eigenvalues(block) for block in blocks]
    return np.sort(np.concatenate(eigenvalues, axis=-1), axis=-1)[..., ::-1]


def flow_sharpness(layers: ArrayLike, singular_values: ArrayLike) -> FloatArray:
    """Sharpness of the minimum that gradient flow reaches from the given layers.

    Parameters
    ----------
    layers : array_like
        Singular values w_l of the layers, W_1 first, in the layers' units; shaped (..., depth, mode), of depth 2 or more.
    singular_values : array_like
        Singular values s of the target, in the target's units; shaped (..., mode). The leading dimensions broadcast.

    Returns
    -------
    numpy.ndarray
        The sharpness, shaped (...), in the layers' units to the power 2L - 2. NaN where a value is not known and where
        the flow ends at a saddle: where a mode's product has the wrong sign or is 0, and its smallest layers are equal.
        Infinite where the minimum is beyond the range of float64.

    Raises
    ------
    ValueError
        If an argument is no number, or the shapes are not these.

    Notes
    -----
    Flow keeps w_l^2 - w_m^2; the smallest square x of each mode's layers at the minimum solves
    prod_l (x + w_l^2 - min w^2) = s^2. At the minimum the eigenvalues are sums over l of squared products of the other
    layers, of one mode or of two.

    References
    ----------
    Kreisler et al., arXiv 2305.13064, section 3; docs/theory.md, section F.

    Examples
    --------
    From (1, 2) flow keeps w_2^2 - w_1^2 = 3, and w_1^2 + w_2^2 ends at sqrt(3^2 + 4 s^2):

    >>> round(float(flow_sharpness([[1.0], [2.0]], [2.0])), 12)
    5.0
    """
    w, s = layers_and_values(layers, singular_values)
    with np.errstate(all="ignore"):
        end = flow_limit(w, s)
        above, below = products_above(end), products_below(end)
        modes = range(w.shape[-1])
        largest = [((above[..., i] * below[..., j]) ** 2).sum(axis=-1) for i in modes for j in modes]
        sharp, reached = np.max(largest, axis=0), ~np.isnan(end).any(axis=(-2, -1))
        return np.where(np.isnan(sharp) & reached, np.inf, sharp)


def flow_limit(w: FloatArray, s: FloatArray) -> FloatArray:
    """Absolute values of the layers (..., depth, mode) at the end of the gradient flow from w; NaN at a saddle."""
    squares = w * w
    smallest = squares.min(axis=-2)
    offsets = squares - smallest[..., None, :]
    x = s ** (2 / w.shape[-2])
    for _ in range(MOST_NEWTON_STEPS):
        sums = x[..., None, :] + offsets
        product = sums.prod(axis=-2)
        slope = (product[..., None, :] / sums).sum(axis=-2)
        step = np.where(product > s * s, (product - s * s) / slope, 0.0)
        new_x = x - step
        converged = (new_x == x) | ~(step > 0)
        x = new_x
        if np.all(converged):
            break
    # a single smallest layer passes 0 and the product takes the sign of s; equal ones hold each other there
    single = (offsets == 0).sum(axis=-2) == 1
    reached = (s == 0) | (w.prod(axis=-2) > 0) | single
    in_range = np.isfinite(squares).all(axis=-2) & np.isfinite(s * s) & np.isfinite(x)
    limit = np.sqrt(np.where(converged, x, np.nan)[..., None, :] + offsets)
    limit = np.where(in_range[..., None, :], limit, np.inf)  # beyond the range of float64
    return np.where((reached & ~np.isnan(s))[..., None, :] & np.isfinite(w), limit, np.nan)


def products_below(w: FloatArray) -> FloatArray:
    """Products of the layers before each: d_l = w_1 ... w_(l-1), along the axis of layers, the last but one."""
    return np.concatenate([np.ones_like(w[..., :1, :]), np.cumprod(w, axis=-2)[..., :-1, :]], axis=-2)


def products_above(w: FloatArray) -> FloatArray:
    """Products of the layers after each: c_l = w_(l+1) ... w_L."""
    return products_below(w[..., ::-1, :])[..., ::-1, :]


def product_between(w: FloatArray, low: int, high: int) -> FloatArray:
    """Product of the layers strictly between two, layers along the last axis."""
    product: FloatArray = w[..., low + 1 : high].prod(axis=-1)
    return product


def mode_block(w: FloatArray, s: FloatArray) -> FloatArray:
    """The L x L block of a mode, w shaped (..., depth).

    H_lm = g_l g_m + [l != m] e prod_{n != l,m} w_n with g_l = prod_{n != l} w_n.
    """
    depth = w.shape[-1]
    others = np.stack([np.delete(w, layer, axis=-1).prod(axis=-1) for layer in range(depth)], axis=-1)
    block: FloatArray = others[..., :, None] * others[..., None, :]
    e = w.prod(axis=-1) - s
    for a, b in itertools.combinations(range(depth), 2):
        rest = e * np.delete(w, (a, b), axis=-1).prod(axis=-1)
        block[..., a, b] += rest
        block[..., b, a] += rest
    return block


def pair_block(wi: FloatArray, wj: FloatArray, si: FloatArray, sj: FloatArray) -> FloatArray:
    """The 2L x 2L block of a pair of modes, of (dW_l)_ij, then (dW_l)_ji; wi and wj shaped (..., depth)."""
    depth = wi.shape[-1]
    ei, ej = wi.prod(axis=-1) - si, wj.prod(axis=-1) - sj
    below_i, below_j = products_below(wi[..., None])[..., 0], products_below(wj[..., None])[..., 0]
    above_i, above_j = products_above(wi[..., None])[..., 0], products_above(wj[..., None])[..., 0]
    p, q = above_i * below_j, above_j * below_i
    block = np.zeros((*p.shape[:-1], 2 * depth, 2 * depth))
    block[..., :depth, :depth] = p[..., :, None] * p[..., None, :]
    block[..., depth:, depth:] = q[..., :, None] * q[..., None, :]
    for low, high in itertools.combinations(range(depth), 2):
        forward = ej * above_j[..., high] * product_between(wi, low, high) * below_j[..., low]
        backward = ei * above_i[..., high] * product_between(wj, low, high) * below_i[..., low]
        block[..., low, depth + high] = block[..., depth + high, low] = forward
        block[..., high, depth + low] = block[..., depth + low, high] = backward
    return block


def hessian_blocks(w: FloatArray, s: FloatArray) -> Iterator[FloatArray]:
    """Diagonal blocks of the Hessian: one of each mode, then one of each pair."""
    modes = range(w.shape[-1])
    yield from (mode_block(w[..., i], s[..., i]) for i in modes)
    yield from (pair_block(w[..., i], w[..., j], s[..., i], s[..., j]) for i, j in itertools.combinations(modes, 2))


def block_eigenvalues(block: FloatArray) -> FloatArray:
    """Rising eigenvalues of symmetric matrices (..., n, n); NaN where one is not finite."""
    finite = np.all(np.isfinite(block), axis=(-2, -1))
    return np.where(finite[..., None], np.linalg.eigvalsh(np.where(finite[..., None, None], block, 0.0)), np.nan)
