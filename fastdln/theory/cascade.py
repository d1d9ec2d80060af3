"""The period-doubling cascade of the balanced map at s = 1, solved for instead of simulated."""

import reprlib
from functools import cache

import numpy as np

from fastdln.theory.arguments import depths, whole
from fastdln.theory.cycles import two_cycle

# Feigenbaum's constant: the flips of any map with a quadratic maximum close in by this ratio (Feigenbaum 1978).
FEIGENBAUM = 4.669201609102990671853203820466

# The ratio of the second correction to the flips' geometric law (the next eigenvalue of the doubling operator is
# -0.1237 of it): with the eleventh flip at hand what is left is below 1e-13.
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


def period_doubling(depth, count):
    """eta of the first `count` flips of the balanced map at s = 1: from period 1 to 2, from 2 to 4, and so on.

    The k-th is where the multiplier of the cycle of 2^(k-1) points is -1; the first is 2/L. Newton's method on the
    cycle and eta together, finished in 34 digits, so that the last float64 digit is right. depth: an array of whole
    numbers from 2 on; count: at most 20. Shaped (*depth.shape, count). For s other than 1 multiply by s^-(2 - 2/L).
    ValueError for other depths, deeper ones than 100,000, or other counts. docs/theory.md, section C.
    """
    found, count = depths(depth), whole("count", count, 0, MOST_FLIPS)
    if not np.all((found >= 2) & (found <= DEEPEST)):
        raise ValueError(f"depth: must be whole numbers from 2 to {DEEPEST:,} (got {reprlib.repr(depth)})")
    flips = [[flip(int(one), k) for k in range(count)] for one in found.ravel()]
    return np.array(flips, dtype=float).reshape(*found.shape, count)


def onset_of_chaos(depth):
    """eta at which the doublings of the balanced map accumulate at s = 1 and chaos begins.

    Extrapolated from the flips by eta_k = eta - A delta^-k, delta Feigenbaum's constant; good to 1e-12. depth: an array
    of whole numbers from 2 on. Shaped like depth. docs/theory.md, section C.
    """
    flips = period_doubling(depth, FLIPS_TO_EXTRAPOLATE)
    return (FEIGENBAUM * flips[..., -1] - flips[..., -2]) / (FEIGENBAUM - 1)


@cache
def flip(depth, k):
    """eta of the flip from period 2^k to 2^(k+1)."""
    if k == 0:
        return 2 / depth
    last = flip(depth, k - 1)
    if k == 1:
        from scipy.optimize import brentq  # takes half a second, which runs need not wait for

        eta = brentq(lambda eta: two_cycle_multiplier(depth, eta) + 1, (1 + 1e-6) * last, SECOND_FLIP_BELOW * last)
        rho = float(two_cycle(eta, 1.0, depth)[1])
    else:
        distance = (last - flip(depth, k - 2)) / (FIRST_RATIO if k == 2 else FEIGENBAUM)
        # three quarters of the way to the next flip the cycle attracts strongly, and has the slope of the flipping one
        rho = point_on_cycle(depth, last + 0.75 * distance, 2**k)
        # deep networks' steps stop shrinking, by rounding, before a millionth of the distance; the digits come below
        rho, eta = newton(depth, 2**k, rho, last + distance, 1e-3 * distance)
    import mpmath  # takes a moment, which runs need not wait for

    with mpmath.workdps(DIGITS):
        _, eta = newton(depth, 2**k, mpmath.mpf(rho), mpmath.mpf(eta), mpmath.mpf(10) ** -20)
        return float(eta)


def two_cycle_multiplier(depth, eta):
    """What two steps make of a small deviation from the balanced map's cycle of period 2."""
    return np.prod([slope(depth, eta, float(rho)) for rho in two_cycle(eta, 1.0, depth)])


def slope(depth, eta, rho):
    """Derivative of the balanced map at s = 1."""
    return 1 - eta * ((2 * depth - 1) * rho ** (2 * depth - 2) - (depth - 1) * rho ** (depth - 2))


def point_on_cycle(depth, eta, period):
    """The point of the attracting cycle, reached by iteration, where the map is flattest: the others fold up around it."""
    rho, found, flattest = 0.8 ** (1 / depth), 1.0, np.inf  # a product of 0.8 is near the minimum at every depth
    for number in range(64 * period):
        rho = rho - eta * (rho**depth - 1) * rho ** (depth - 1)
        bend = abs(slope(depth, eta, rho))
        if number >= 63 * period and bend < flattest:
            found, flattest = rho, bend
    return found


def newton(depth, period, rho, eta, tolerance):
    """(rho, eta) at which rho comes back after `period` steps with the multiplier -1.

    Derivatives by rho and eta, up to the second ones that the multiplier needs, are carried along the cycle.
    """
    n = depth - 1
    for _ in range(MOST_NEWTON_STEPS):
        x, by_rho, by_eta, by_rho2, by_both = rho, 1, 0, 0, 0
        for _ in range(period):
            below = x ** (depth - 2) if depth > 2 else 1
            power = below * x  # x^(L-1)
            e = power * x - 1
            rise = depth * power * power + n * e * below  # slope of e x^(L-1)
            lowest = x ** (depth - 3) if depth > 3 else 1
            bend = 3 * depth * n * power * below + (n * (depth - 2) * e * lowest if depth > 2 else 0)
            by_both = by_both - eta * (rise * by_both + bend * by_eta * by_rho) - rise * by_rho
            by_rho2 = by_rho2 - eta * (rise * by_rho2 + bend * by_rho * by_rho)
            by_eta = by_eta - eta * rise * by_eta - e * power
            by_rho = by_rho - eta * rise * by_rho
            x = x - eta * e * power
        miss, flipped = x - rho, by_rho + 1
        determinant = (by_rho - 1) * by_both - by_eta * by_rho2
        d_rho = (miss * by_both - by_eta * flipped) / determinant
        d_eta = ((by_rho - 1) * flipped - miss * by_rho2) / determinant
        rho, eta = rho - d_rho, eta - d_eta
        if abs(d_eta) <= tolerance:
            return rho, eta
    raise ArithmeticError(f"the flip from period {period} of depth {depth} was not found")
