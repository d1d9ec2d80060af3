"""How long a mode stays on the plateau of the saddle at 0 before its singular value is learned."""

import math

import numpy as np

from fastdln.theory.arguments import together

# SciPy has one for arrays, whose import takes a third of a second.
log_gamma = np.vectorize(math.lgamma, otypes=[float])


def plateau_steps(alpha, eta, singular_value, depth):
    """Steps that a mode takes to leave the saddle at 0 from the one-zero start (alpha, 0).

    T = C_L alpha^-(L-2) / (eta s) with C_L = sqrt(pi)/2 Gamma((L-2)/2) / Gamma((L-1)/2) for L >= 3; for L = 2 the
    steps of growth by 1 + eta s to the product s/2, asinh(s / alpha^2) / (2 log(1 + eta s)).
    Arrays of any shapes; steps, not rounded; infinite where alpha, eta or s is 0, NaN where one is negative.
    docs/theory.md, section A.
    """
    alpha, eta, s, depth = np.broadcast_arrays(
        *together(alpha=alpha, eta=eta, singular_value=singular_value, depth=depth)
    )
    deep = np.maximum(depth, 3)
    constant = np.sqrt(np.pi) / 2 * np.exp(log_gamma((deep - 2) / 2) - log_gamma((deep - 1) / 2))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slow = constant * alpha ** (2 - deep) / (eta * s)
        # s / alpha^2 may overflow; asinh x is log(2 x) to the last digit where x is as large as this
        ratio = s / alpha / alpha
        grown = np.where(ratio < 1e16, np.arcsinh(ratio), np.log(2 * s) - 2 * np.log(alpha))
        fast = grown / (2 * np.log1p(eta * s))
    steps = np.where(depth == 2, fast, slow)
    steps = np.where((alpha == 0) | (eta == 0) | (s == 0), np.inf, steps)
    return np.where((alpha < 0) | (eta < 0) | (s < 0) | (depth < 2), np.nan, steps)


def balanced_plateau_steps(alpha, eta, singular_value, depth):
    """Steps that a mode takes from the balanced start rho = alpha to the product s/2, by rho' = eta s rho^(L-1).

    T = (alpha^-(L-2) - r^-(L-2)) / ((L-2) eta s) with r = (s/2)^(1/L) for L >= 3, log(r / alpha) / log(1 + eta s) for
    L = 2; 0 from beyond s/2. Arrays of any shapes; steps, not rounded; infinite where alpha, eta or s is 0, NaN where one is
    negative.
    docs/theory.md, section A.
    """
    alpha, eta, s, depth = np.broadcast_arrays(
        *together(alpha=alpha, eta=eta, singular_value=singular_value, depth=depth)
    )
    deep = np.maximum(depth, 3) - 2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        half = (s / 2) ** (1 / depth)
        slow = (alpha**-deep - half**-deep) / (deep * eta * s)
        fast = np.log(half / alpha) / np.log1p(eta * s)
    steps = np.maximum(np.where(depth == 2, fast, slow), 0.0)
    steps = np.where((alpha == 0) | (eta == 0) | (s == 0), np.inf, steps)
    return np.where((alpha < 0) | (eta < 0) | (s < 0) | (depth < 2), np.nan, steps)
