"""The cycle of two steps between which a balanced mode swings just beyond the edge of stability."""

import numpy as np
from scipy.optimize.elementwise import find_root

from fastdln.theory.stability import stability_limit


def two_cycle(eta, singular_value, depth):
    """(low, high): the two values rho of each layer between which the balanced map alternates.

    Both solve rho^L (1 + z^(2L-1)) / (1 + z^(L-1)) = s with z = 1 + eta (s - rho^L) rho^(L-2), other than by the fixed
    point; low is in (0, s^(1/L)), high = z low in (s^(1/L), (2s)^(1/L)). Past its flip the cycle is still there,
    unstable. Arrays of any shapes; in the units of the layers. NaN for eta S <= 2, where there is none, and for s <= 0,
    depth < 2 or eta that is not finite. arXiv 2502.20531, section 3 (without its extra factor L on eta).
    """
    eta, s, depth = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (eta, singular_value, depth)))
    with np.errstate(invalid="ignore", over="ignore"):
        valid = (s > 0) & (depth >= 2) & np.isfinite(eta * s) & (eta * stability_limit(s, depth) > 2)
    n, unit = np.where(valid, depth, 2.0), np.where(valid, s, 1.0) ** (1 / np.where(valid, depth, 2.0))
    kappa = np.where(valid, eta * unit ** (2 * n - 2), 2.0)
    with np.errstate(over="ignore"):
        low = find_root(swing, (np.zeros_like(kappa), np.ones_like(kappa)), args=(kappa, n)).x
    high = low * growth(low, kappa, n)
    return np.where(valid, unit * low, np.nan), np.where(valid, unit * high, np.nan)


def growth(r, kappa, depth):
    """z = rho_2 / rho_1 in units of s = 1."""
    return 1 + kappa * (1 - r**depth) * r ** (depth - 2)


def swing(r, kappa, depth):
    """The cycle's equation divided by that of the fixed point, so that 1 is no root: negative below rho_1, positive above.

    kappa r^(L-2) z^(L-1) (1 + z + ... + z^(L-1)) = 1 + z^(2L-1).
    """
    z = growth(r, kappa, depth)
    terms = np.zeros_like(z)
    for k in range(int(depth.max(initial=0))):
        terms += np.where(k < depth, z**k, 0.0)
    return kappa * r ** (depth - 2) * z ** (depth - 1) * terms - 1 - z ** (2 * depth - 1)
