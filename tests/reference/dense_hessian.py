"""The Hessian of the loss over all entries of all layers, and Hessian-vector products, every product written out."""

import numpy as np


def hessian(weights, target):
    """The dense Hessian of 1/2 ||W_L ... W_1 - M||^2 over all entries, by differences of the exact gradient's formula.

    Column by column: what an entry's unit vector makes of the gradient A_l^T E B_l^T, by the product rule on each factor.
    """
    sizes = [w.size for w in weights]
    units = np.split(np.eye(sum(sizes)), np.cumsum(sizes)[:-1], axis=1)
    directions = [unit.reshape(-1, *w.shape) for unit, w in zip(units, weights, strict=True)]
    return np.concatenate([g.reshape(sum(sizes), -1) for g in hessian_times(weights, target, directions)], axis=1)


def chain(weights):
    """Product of the matrices, the last of the list leftmost."""
    whole = np.eye(weights[0].shape[-1]) if weights else None
    for w in weights:
        whole = w @ whole
    return whole


def transposed(matrices):
    return matrices.swapaxes(-1, -2)


def hessian_times(weights, target, direction):
    """The derivative of every layer's gradient along a direction, or along many at once, every product written out."""
    depth, size = len(weights), target.shape

    def product(factors, side):
        return chain(factors) if factors else np.eye(size[side])

    def derivative(low, high, side):
        total = np.zeros_like(product(weights[low:high], side))
        for moved in range(low, high):
            total = total + chain([*weights[low:moved], direction[moved], *weights[moved + 1 : high]])
        return total

    error, d_error = chain(weights) - target, derivative(0, depth, 0)
    out = []
    for layer in range(depth):
        below, above = product(weights[:layer], 1), product(weights[layer + 1 :], 0)
        d_below, d_above = derivative(0, layer, 1), derivative(layer + 1, depth, 0)
        out.append(
            transposed(d_above) @ error @ below.T + above.T @ d_error @ below.T + above.T @ error @ transposed(d_below)
        )
    return out
