"""The maps in 60 digits."""

import mpmath


def mp_two_scalar(alpha, eta, s, depth, steps, digits=60):
    """(a, b) from (alpha, 0) in high precision; the products of all states."""
    with mpmath.workdps(digits):
        a, b, eta, s = mpmath.mpf(alpha), mpmath.mpf(0), mpmath.mpf(eta), mpmath.mpf(s)
        products = [b * a ** (depth - 1)]
        for _ in range(steps):
            e = b * a ** (depth - 1) - s
            a, b = a - eta * e * b * a ** (depth - 2), b - eta * e * a ** (depth - 1)
            products.append(b * a ** (depth - 1))
        return [float(p) for p in products]


def mp_layers(layers, eta, s, steps, digits=60):
    """The L-dimensional map of one mode in high precision; the products of all states."""
    with mpmath.workdps(digits):
        w, eta, s = [mpmath.mpf(x) for x in layers], mpmath.mpf(eta), mpmath.mpf(s)
        products = [mpmath.fprod(w)]
        for _ in range(steps):
            e = mpmath.fprod(w) - s
            w = [x - eta * e * mpmath.fprod(w[:k] + w[k + 1 :]) for k, x in enumerate(w)]
            products.append(mpmath.fprod(w))
        return [float(p) for p in products]
