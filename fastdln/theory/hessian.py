"""Eigenvalues of the Hessian where the layers are diagonal in the target's singular bases (docs/theory.md, B)."""

import itertools

import numpy as np

from fastdln.theory.arguments import depths, layers_and_values, numbers

# A term a layer, summed one by one: a third of a second.
MOST_LAYERS = 10_000

# Newton's method from beyond the largest root of a convex polynomial: monotone, and quadratic once the root is near;
# about ten steps, but where several layers are small beside the others, each step divides the distance by no more than
# 2 or so.
MOST_NEWTON_STEPS = 2000


def hessian_eigenvalues(singular_values, depth):
    """Eigenvalues lambda_ij of the Hessian at the balanced minimum, over ordered pairs of modes: (..., d, d).

    lambda_ij = sum_{l=1}^L s_i^(2(L-l)/L) s_j^(2(l-1)/L); lambda_ii = S_i. singular_values: (..., d), in the target's units;
    depth broadcasts with its leading dimensions. NaN for negative s or depth below 2. docs/theory.md, section B.
    """
    s, depth = np.atleast_1d(numbers("singular_values", singular_values)), depths(depth)[..., None, None]
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
            here = layer < depth
            above, below = np.where(here, depth - 1 - layer, 0.0), np.where(here, layer, 0.0)
            rows, columns = s[..., :, None] ** (2 * above / depth), s[..., None, :] ** (2 * below / depth)
            total += np.where(here, rows * columns, 0.0)
        return np.where((depth >= 2) & (s[..., :, None] >= 0) & (s[..., None, :] >= 0), total, np.nan)


def sharpness(layers, singular_values):
    """Largest eigenvalue of the Hessian, exact, where every layer is diagonal in the target's singular bases.

    layers: (..., depth, mode), W_1 first, in the layers' units; singular_values: (..., mode). Shaped (...). The Hessian
    falls into a block of L x L for each mode and one of 2L x 2L for each pair of modes; NaN where a value is not
    finite. docs/theory.md, section B.
    """
    return np.max(
        [eigenvalues(block)[..., -1] for block in blocks(*layers_and_values(layers, singular_values))], axis=0
    )


def spectrum(layers, singular_values):
    """Every eigenvalue of the Hessian of square layers that are diagonal in the target's singular bases, in falling order.

    layers: (..., depth, mode), W_1 first, in the layers' units; singular_values: (..., mode). Shaped (..., depth mode^2); NaN
    where a block is not finite. The blocks are those of `sharpness`. docs/theory.md, section B.
    """
    found = [eigenvalues(block) for block in blocks(*layers_and_values(layers, singular_values))]
    return np.sort(np.concatenate(found, axis=-1), axis=-1)[..., ::-1]


def flow_sharpness(layers, singular_values):
    """Sharpness of the minimum that gradient flow reaches from the given layers.

    Flow keeps w_l^2 - w_m^2; the smallest square x of each mode's layers at the minimum solves prod_l (x + w_l^2 - min w^2)
    = s^2. layers: (..., depth, mode), W_1 first; singular_values: (..., mode). Shaped (...). At the minimum the
    eigenvalues are sums over l of squared products of the other layers, of one mode or of two. NaN where the flow ends
    at a saddle: a product of the wrong sign or 0 whose smallest layers are equal. arXiv 2305.13064, section 3 (Kreisler
    et al.).
    """
    w, s = layers_and_values(layers, singular_values)
    with np.errstate(all="ignore"):
        end = flow_limit(w, s)
        above, below = products_above(end), products_below(end)
        modes = range(w.shape[-1])
        tops = [((above[..., i] * below[..., j]) ** 2).sum(axis=-1) for i in modes for j in modes]
        found, reached = np.max(tops, axis=0), ~np.isnan(end).any(axis=(-2, -1))
        return np.where(np.isnan(found) & reached, np.inf, found)


def flow_limit(w, s):
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
        moved = x - step
        settled = (moved == x) | ~(step > 0)
        x = moved
        if np.all(settled):
            break
    # a single smallest layer passes 0 and the product takes the sign of s; equal ones hold each other there
    alone = (offsets == 0).sum(axis=-2) == 1
    reached = (s == 0) | (w.prod(axis=-2) > 0) | alone
    inside = np.isfinite(squares).all(axis=-2) & np.isfinite(s * s) & np.isfinite(x)
    found = np.sqrt(np.where(settled, x, np.nan)[..., None, :] + offsets)
    found = np.where(inside[..., None, :], found, np.inf)  # what leaves the range of float64
    return np.where((reached & ~np.isnan(s))[..., None, :] & np.isfinite(w), found, np.nan)


def products_below(w):
    """Product of the layers before each: d_l = w_1 ... w_(l-1), along the axis of layers, the last but one."""
    return np.concatenate([np.ones_like(w[..., :1, :]), np.cumprod(w, axis=-2)[..., :-1, :]], axis=-2)


def products_above(w):
    """Product of the layers after each: c_l = w_(l+1) ... w_L."""
    return products_below(w[..., ::-1, :])[..., ::-1, :]


def between(w, low, high):
    """Product of the layers strictly between two, layers along the last axis."""
    return w[..., low + 1 : high].prod(axis=-1)


def mode_block(w, s):
    """H_lm = g_l g_m + [l != m] e prod_{n != l,m} w_n with g_l = prod_{n != l} w_n; w: (..., depth)."""
    depth = w.shape[-1]
    others = np.stack([np.delete(w, layer, axis=-1).prod(axis=-1) for layer in range(depth)], axis=-1)
    block = others[..., :, None] * others[..., None, :]
    e = w.prod(axis=-1) - s
    for a, b in itertools.combinations(range(depth), 2):
        rest = e * np.delete(w, (a, b), axis=-1).prod(axis=-1)
        block[..., a, b] += rest
        block[..., b, a] += rest
    return block


def pair_block(wi, wj, si, sj):
    """The 2L x 2L block of (dW_l)_ij, then (dW_l)_ji; wi, wj: (..., depth)."""
    depth = wi.shape[-1]
    ei, ej = wi.prod(axis=-1) - si, wj.prod(axis=-1) - sj
    below_i, below_j = products_below(wi[..., None])[..., 0], products_below(wj[..., None])[..., 0]
    above_i, above_j = products_above(wi[..., None])[..., 0], products_above(wj[..., None])[..., 0]
    p, q = above_i * below_j, above_j * below_i
    block = np.zeros((*p.shape[:-1], 2 * depth, 2 * depth))
    block[..., :depth, :depth] = p[..., :, None] * p[..., None, :]
    block[..., depth:, depth:] = q[..., :, None] * q[..., None, :]
    for low, high in itertools.combinations(range(depth), 2):
        forward = ej * above_j[..., high] * between(wi, low, high) * below_j[..., low]
        backward = ei * above_i[..., high] * between(wj, low, high) * below_i[..., low]
        block[..., low, depth + high] = block[..., depth + high, low] = forward
        block[..., high, depth + low] = block[..., depth + low, high] = backward
    return block


def blocks(w, s):
    """The blocks that the Hessian falls into: one of each mode, then one of each pair."""
    modes = range(w.shape[-1])
    yield from (mode_block(w[..., i], s[..., i]) for i in modes)
    yield from (pair_block(w[..., i], w[..., j], s[..., i], s[..., j]) for i, j in itertools.combinations(modes, 2))


def eigenvalues(block):
    """Rising eigenvalues of symmetric matrices (..., n, n); NaN where one is not finite."""
    finite = np.isfinite(block).all(axis=(-2, -1))
    return np.where(finite[..., None], np.linalg.eigvalsh(np.where(finite[..., None, None], block, 0.0)), np.nan)
