"""Two-cycle of the balanced map, on which a mode oscillates just beyond the edge of stability."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastdln.theory.arguments import FloatArray, broadcastable
from fastdln.theory.stability import stability_limit


def two_cycle(eta: ArrayLike, singular_value: ArrayLike, depth: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Two values rho of each layer between which the balanced map alternates beyond the edge of stability.

    Parameters
    ----------
    eta : array_like
        Learning rate.
    singular_value : array_like
        Singular value s of the target, in the target's units.
    depth : array_like
        Number of layers L, integers from 2 on. All three broadcast.

    Returns
    -------
    low : numpy.ndarray
        The smaller value, in (0, s^(1/L)), in the shape that the arguments broadcast to and the layers' units. NaN for
        eta S <= 2, where there is no two-cycle, and for s <= 0, L < 2 or an argument that is not finite.
    high : numpy.ndarray
        The larger value, z low, in (s^(1/L), (2s)^(1/L)); NaN where `low` is.

    Raises
    ------
    ValueError
        If an argument is no number, a depth is no integer, or the shapes do not broadcast.

    Notes
    -----
    Both values solve rho^L (1 + z^(2L-1)) / (1 + z^(L-1)) = s with z = 1 + eta (s - rho^L) rho^(L-2), other than by the
    fixed point. Past its flip to period 4 the two-cycle still exists, unstable.

    References
    ----------
    arXiv 2502.20531, section 3 (without its extra factor L on eta); docs/theory.md, section C.

    Examples
    --------
    For L = 2 and s = 1 the product of the two is 1 / eta:

    >>> low, high = two_cycle(1.25, 1.0, 2)
    >>> round(float(low * high), 12)
    0.8
    """
    eta, s, depth = np.broadcast_arrays(*broadcastable(eta=eta, singular_value=singular_value, depth=depth))
    with np.errstate(invalid="ignore", over="ignore"):
        valid = (s > 0) & (depth >= 2) & np.isfinite(depth) & np.isfinite(eta * s)
        valid &= eta * stability_limit(s, depth) > 2
    n, unit = np.where(valid, depth, 2.0), np.where(valid, s, 1.0) ** (1 / np.where(valid, depth, 2.0))
    log_kappa = np.log(np.where(valid, eta, 2.0)) + (2 * n - 2) * np.log(unit)
    upper_bound = (log_kappa + np.log(2 * n) + 1) / (n - 1)
    from scipy.optimize.elementwise import find_root  # takes half a second, which runs need not wait for

    log_z = find_root(imbalance, (np.zeros_like(n), upper_bound), args=(log_kappa, n)).x
    low = unit * np.exp(log_power(log_z, n) / n)
    return np.where(valid, low, np.nan), np.where(valid, low * np.exp(log_z), np.nan)


def log_power(log_z: FloatArray, depth: FloatArray) -> FloatArray:
    """Logarithm of rho_1^L at s = 1: (1 + z^(L-1)) / (1 + z^(2L-1)), z = rho_2 / rho_1."""
    log_ratio: FloatArray = np.logaddexp(0, (depth - 1) * log_z) - np.logaddexp(0, (2 * depth - 1) * log_z)
    return log_ratio


def imbalance(log_z: FloatArray, log_kappa: FloatArray, depth: FloatArray) -> FloatArray:
    """Logarithm of kappa (1 - rho^L) rho^(L-2) / (z - 1): 0 on the cycle, falling as z grows from 1, where rho = 1.

    With rho^L eliminated, (1 - rho^L) / (z - 1) = z^(L-1) (1 + z + ... + z^(L-1)) / (1 + z^(2L-1)), which has no
    difference of near numbers left, and in logarithms nothing overflows.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = np.where(log_z > 0, np.expm1(-depth * log_z) / np.expm1(-log_z), depth)
    log_sum = (depth - 1) * log_z + np.log(terms)
    log_ratio = log_sum + (depth - 1) * log_z - np.logaddexp(0, (2 * depth - 1) * log_z)
    return log_kappa + log_ratio + (depth - 2) / depth * log_power(log_z, depth)
