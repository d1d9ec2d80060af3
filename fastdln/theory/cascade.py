"""Period-doubling cascade of the balanced map at s = 1, solved for instead of simulated."""

from __future__ import annotations

import reprlib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastdln.theory.arguments import FloatArray, as_depths, integer_between
from fastdln.theory.cycles import two_cycle

# Feigenbaum's constant: the flips of any map with a quadratic maximum close in by this ratio (Feigenbaum 1978).
FEIGENBAUM = 4.669201609102990671853203820466

# The ratio of the second correction to the flips' geometric law (the next eigenvalue of the doubling operator is
# -0.1237 of it): from the eleventh and twelfth flip the remaining error is below 1e-13.
FLIPS_TO_EXTRAPOLATE = 12

# The cycle of the 20th flip has half a million points, a minute of arithmetic; the flips differ by less than 1e-13
# there.
MOST_FLIPS = 20

# L times a flip's eta has a limit for ever deeper networks; here it is within 4e-7 of it.
DEEPEST = 100_000

# Relative to 2/L the second flip is at 1.236 to 1.26 for every depth, and the third below this.
SECOND_FLIP_BELOW = 1.28

# The first of Feigenbaum's ratios: 4.54 at depth 2, 4.38 at 3, 4.26 for ever deeper networks.
FIRST_RATIO = 4.28

# Digits: a cycle of 2^k points loses some k of them, and the answer is wanted to 16.
DIGITS = 34

# Newton's steps double the digits; from a guess good to 1e-2 six give all of them.
MOST_NEWTON_STEPS = 60


def period_doubling(depth: ArrayLike, count: int) -> FloatArray:
    """Learning rates of the first flips of the balanced map at s = 1: from period 1 to 2, from 2 to 4, and so on.

    Parameters
    ----------
    depth : array_like
        Number of layers L, integers from 2 to 100,000.
    count : int
        Number of flips, at most 20.

    Returns
    -------
    numpy.ndarray
        The eta of each flip, rising, shaped `(*depth.shape, count)`. For s other than 1 multiply by s^-(2 - 2/L).

    Raises
    ------
    ValueError
        If a depth is no integer, below 2 or beyond 100,000, or `count` is no integer from 0 to 20.

    Notes
    -----
    The k-th flip is where the multiplier of the cycle of 2^(k-1) points is -1; the first is at 2/L. Newton's method on
    the cycle and eta together, finished in 34 digits, so that the last float64 digit is right.

    References
    ----------
    docs/theory.md, section C.

    Examples
    --------
    For L = 2 the second flip is at sqrt(5) - 1:

    >>> period_doubling(2, 2).tolist()
    [1.0, 1.2360679774997898]
    """
    depths, count = as_depths(depth), integer_between("count", count, 0, MOST_FLIPS)
    if not np.all((depths >= 2) & (depths <= DEEPEST)):
        raise ValueError(f"depth: must be whole numbers from 2 to {DEEPEST:,} (got {reprlib.repr(depth)})")
    flips = [[flip(int(one_depth), k) for k in range(count)] for one_depth in depths.ravel()]
    return np.array(flips, dtype=float).reshape(*depths.shape, count)


def onset_of_chaos(depth: ArrayLike) -> FloatArray:
    """Learning rate at which the doublings of the balanced map accumulate at s = 1 and chaos begins.

    Parameters
    ----------
    depth : array_like
        Number of layers L, integers from 2 to 100,000.

    Returns
    -------
    numpy.ndarray
        The eta of the onset, good to 1e-12, shaped like `depth`. For s other than 1 multiply by s^-(2 - 2/L).

    Raises
    ------
    ValueError
        If a depth is no integer, below 2 or beyond 100,000.

    Notes
    -----
    Extrapolated from the last of 12 flips by eta_k = eta - A delta^-k, with delta Feigenbaum's constant.

    References
    ----------
    docs/theory.md, section C.

    Examples
    --------
    >>> round(float(onset_of_chaos(2)), 9)
    1.302283463
    """
    flips = period_doubling(depth, FLIPS_TO_EXTRAPOLATE)
    return (FEIGENBAUM * flips[..., -1] - flips[..., -2]) / (FEIGENBAUM - 1)


@cache
def flip(depth: int, k: int) -> float:
    """Learning rate of the flip from period 2^k to 2^(k+1)."""
    if k == 0:
        return 2 / depth
    previous = flip(depth, k - 1)
    if k == 1:
        from scipy.optimize import brentq  # takes half a second, which runs need not wait for

        eta = brentq(
            lambda eta: two_cycle_multiplier(depth, eta) + 1, (1 + 1e-6) * previous, SECOND_FLIP_BELOW * previous
        )
        rho = float(two_cycle(eta, 1.0, depth)[1])
    else:
        distance = (previous - flip(depth, k - 2)) / (FIRST_RATIO if k == 2 else FEIGENBAUM)
        # three quarters of the way to the next flip the cycle attracts strongly, and has the slope of the flipping one
        rho = point_on_cycle(depth, previous + 0.75 * distance, 2**k)
        # deep networks' steps stop shrinking, by rounding, before a millionth of the distance; the digits come below
        rho, eta = newton(depth, 2**k, rho, previous + distance, 1e-3 * distance)
    import mpmath  # takes a moment, which runs need not wait for

    with mpmath.workdps(DIGITS):
        _, eta = newton(depth, 2**k, mpmath.mpf(rho), mpmath.mpf(eta), mpmath.mpf(10) ** -20)
        return float(eta)


def two_cycle_multiplier(depth: int, eta: float) -> float:
    """Multiplier of the balanced map's two-cycle: the factor of a small deviation from it after two steps."""
    return float(np.prod([slope(depth, eta, float(rho)) for rho in two_cycle(eta, 1.0, depth)]))


def slope(depth: int, eta: float, rho: float) -> float:
    """Derivative of the balanced map at s = 1."""
    return 1 - eta * ((2 * depth - 1) * rho ** (2 * depth - 2) - (depth - 1) * rho ** (depth - 2))


def point_on_cycle(depth: int, eta: float, period: int) -> float:
    """Point of the attracting cycle where the map is flattest, found by iteration: the other points fold up around it."""
    rho, flattest_point, smallest_slope = 0.8 ** (1 / depth), 1.0, np.inf  # near the minimum at every depth: pi = 0.8
    for step in range(64 * period):
        rho = rho - eta * (rho**depth - 1) * rho ** (depth - 1)
        absolute_slope = abs(slope(depth, eta, rho))
        if step >= 63 * period and absolute_slope < smallest_slope:
            flattest_point, smallest_slope = rho, absolute_slope
    return flattest_point


def newton(depth: int, period: int, rho: Any, eta: Any, tolerance: Any) -> tuple[Any, Any]:
    """Solution (rho, eta) at which rho returns after `period` steps with the multiplier -1, by Newton's method.

    Numbers are floats or mpmath's. Derivatives of the orbit by rho and eta, up to the second ones that the multiplier
    needs, are carried along the cycle. power_k is x^(L-k).
    """
    n = depth - 1
    for _ in range(MOST_NEWTON_STEPS):
        x, by_rho, by_eta, by_rho2, by_both = rho, 1, 0, 0, 0
        for _ in range(period):
            power_2 = x ** (depth - 2) if depth > 2 else 1
            power_1 = power_2 * x
            e = power_1 * x - 1
            # first and second derivative of the gradient e x^(L-1)
            first = depth * power_1 * power_1 + n * e * power_2
            power_3 = x ** (depth - 3) if depth > 3 else 1
            second = 3 * depth * n * power_1 * power_2 + (n * (depth - 2) * e * power_3 if depth > 2 else 0)
            by_both = by_both - eta * (first * by_both + second * by_eta * by_rho) - first * by_rho
            by_rho2 = by_rho2 - eta * (first * by_rho2 + second * by_rho * by_rho)
            by_eta = by_eta - eta * first * by_eta - e * power_1
            by_rho = by_rho - eta * first * by_rho
            x = x - eta * e * power_1
        return_error, multiplier_error = x - rho, by_rho + 1
        determinant = (by_rho - 1) * by_both - by_eta * by_rho2
        d_rho = (return_error * by_both - by_eta * multiplier_error) / determinant
        d_eta = ((by_rho - 1) * multiplier_error - return_error * by_rho2) / determinant
        rho, eta = rho - d_rho, eta - d_eta
        if abs(d_eta) <= tolerance:
            return rho, eta
    raise ArithmeticError(f"the flip from period {period} of depth {depth} was not found")
