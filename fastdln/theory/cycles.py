"""The cycle of two steps between which a balanced mode swings just beyond the edge of stability."""

import numpy as np

from fastdln.theory.arguments import together
from fastdln.theory.stability import stability_limit


def two_cycle(eta, singular_value, depth):
    """(low, high): the two values rho of each layer between which the balanced map alternates.

    Both solve rho^L (1 + z^(2L-1)) / (1 + z^(L-1)) = s with z = 1 + eta (s - rho^L) rho^(L-2), other than by the fixed
    point; low is in (0, s^(1/L)), high = z low in (s^(1/L), (2s)^(1/L)). Past its flip the cycle is still there,
    unstable. Arrays of any shapes; in the units of the layers. NaN for eta S <= 2, where there is none, and for s <= 0,
    depth < 2 or an argument that is not finite. arXiv 2502.20531, section 3 (without its extra factor L on eta).
    """
    eta, s, depth = np.broadcast_arrays(*together(eta=eta, singular_value=singular_value, depth=depth))
    with np.errstate(invalid="ignore", over="ignore"):
        valid = (s > 0) & (depth >= 2) & np.isfinite(depth) & np.isfinite(eta * s)
        valid &= eta * stability_limit(s, depth) > 2
    n, unit = np.where(valid, depth, 2.0), np.where(valid, s, 1.0) ** (1 / np.where(valid, depth, 2.0))
    log_kappa = np.log(np.where(valid, eta, 2.0)) + (2 * n - 2) * np.log(unit)
    furthest = (log_kappa + np.log(2 * n) + 1) / (n - 1)
    from scipy.optimize.elementwise import find_root  # takes half a second, which runs need not wait for

    log_z = find_root(imbalance, (np.zeros_like(n), furthest), args=(log_kappa, n)).x
    low = unit * np.exp(log_power(log_z, n) / n)
    return np.where(valid, low, np.nan), np.where(valid, low * np.exp(log_z), np.nan)


def log_power(log_z, depth):
    """log of rho_1^L at s = 1: (1 + z^(L-1)) / (1 + z^(2L-1)), z = rho_2 / rho_1."""
    return np.logaddexp(0, (depth - 1) * log_z) - np.logaddexp(0, (2 * depth - 1) * log_z)


def imbalance(log_z, log_kappa, depth):
    """log of kappa (1 - rho^L) rho^(L-2) / (z - 1), which is 0 on the cycle; it falls as z grows from 1, where rho = 1.

    With rho^L eliminated, (1 - rho^L) / (z - 1) = z^(L-1) (1 + z + ... + z^(L-1)) / (1 + z^(2L-1)), which has no
    difference of near numbers left, and in logarithms nothing overflows.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = np.where(log_z > 0, np.expm1(-depth * log_z) / np.expm1(-log_z), depth)
    log_sum = (depth - 1) * log_z + np.log(terms)
    falls = log_sum + (depth - 1) * log_z - np.logaddexp(0, (2 * depth - 1) * log_z)
    return log_kappa + falls + (depth - 2) / depth * log_power(log_z, depth)
