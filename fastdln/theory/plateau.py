"""Steps that a mode spends on the plateau of the saddle at 0 before its singular value is learned."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdln.theory.arguments import FloatArray, broadcastable
from fastdln.theory.stability import stability_limit

# SciPy has one for arrays, whose import takes a third of a second.
log_gamma = np.vectorize(math.lgamma, otypes=[float])


def plateau_steps(alpha: ArrayLike, eta: ArrayLike, singular_value: ArrayLike, depth: ArrayLike) -> FloatArray:
    """Number of steps that a mode takes to leave the saddle at 0 from the one-zero start (alpha, 0).

    Parameters
    ----------
    alpha : array_like
        Initialization scale, in the layers' units.
    eta : array_like
        Learning rate.
    singular_value : array_like
        Singular value s of the target, in the target's units.
    depth : array_like
        Number of layers L, integers from 2 on. All four broadcast.

    Returns
    -------
    numpy.ndarray
        Steps, not rounded, in the shape that the arguments broadcast to. Infinite where alpha, eta or s is 0, since the
        mode stays; NaN where one of them is negative, and for L < 2.

    Raises
    ------
    ValueError
        If an argument is no number, a depth is no integer, or the shapes do not broadcast.

    Notes
    -----
    For L >= 3, T = C_L alpha^-(L-2) / (eta s) with C_L = sqrt(pi)/2 Gamma((L-2)/2) / Gamma((L-1)/2), pi the number. For
    L = 2, the steps of growth by 1 + eta s to the product s/2, asinh(s / alpha^2) / (2 log(1 + eta s)).

    References
    ----------
    docs/theory.md, section A.

    Examples
    --------
    >>> round(float(plateau_steps(0.01, 0.1, 3.0, 4)))
    33333
    """
    alpha, eta, s, depth = broadcastable(alpha=alpha, eta=eta, singular_value=singular_value, depth=depth)
    # each factor has the shape of what it is made of: along a grid most of them are short
    deep = np.maximum(depth, 3)
    constant = np.sqrt(np.pi) / 2 * np.exp(log_gamma((deep - 2) / 2) - log_gamma((deep - 1) / 2))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        of_deep = constant * alpha ** (2 - deep) / (eta * s)
        # s / alpha^2 may overflow; asinh x is log(2 x) to the last digit where x is as large as this
        ratio = s / alpha / alpha
        log_growth = np.where(ratio < 1e16, np.arcsinh(ratio), np.log(2 * s) - 2 * np.log(alpha))
        of_two_layers = log_growth / (2 * np.log1p(eta * s))
    steps = np.where(depth == 2, of_two_layers, of_deep)
    steps = np.where((alpha == 0) | (eta == 0) | (s == 0), np.inf, steps)
    return np.where((alpha < 0) | (eta < 0) | (s < 0) | (depth < 2), np.nan, steps)


def balanced_plateau_steps(alpha: ArrayLike, eta: ArrayLike, singular_value: ArrayLike, depth: ArrayLike) -> FloatArray:
    """Number of steps that a mode takes from the balanced start rho = alpha to the product s/2.

    Parameters
    ----------
    alpha : array_like
        Initialization scale, in the layers' units.
    eta : array_like
        Learning rate.
    singular_value : array_like
        Singular value s of the target, in the target's units.
    depth : array_like
        Number of layers L, integers from 2 on. All four broadcast.

    Returns
    -------
    numpy.ndarray
        Steps, not rounded, in the shape that the arguments broadcast to. 0 from beyond s/2; infinite where alpha, eta
        or s is 0, since the mode stays; NaN where one of them is negative, and for L < 2.

    Raises
    ------
    ValueError
        If an argument is no number, a depth is no integer, or the shapes do not broadcast.

    Notes
    -----
    By rho' = eta s rho^(L-1), the map near 0, with r = (s/2)^(1/L): T = (alpha^-(L-2) - r^-(L-2)) / ((L-2) eta s) for
    L >= 3, and T = log(r / alpha) / log(1 + eta s) for L = 2.

    References
    ----------
    docs/theory.md, section A.

    Examples
    --------
    >>> round(float(balanced_plateau_steps(0.1, 0.1, 2.0, 4)), 6)
    247.5
    """
    alpha, eta, s, depth = np.broadcast_arrays(
        *broadcastable(alpha=alpha, eta=eta, singular_value=singular_value, depth=depth)
    )
    power = np.maximum(depth, 3) - 2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        half_learned = (s / 2) ** (1 / depth)
        of_deep = (alpha**-power - half_learned**-power) / (power * eta * s)
        of_two_layers = np.log(half_learned / alpha) / np.log1p(eta * s)
    steps = np.maximum(np.where(depth == 2, of_two_layers, of_deep), 0.0)
    steps = np.where((alpha == 0) | (eta == 0) | (s == 0), np.inf, steps)
    return np.where((alpha < 0) | (eta < 0) | (s < 0) | (depth < 2), np.nan, steps)


def closed_forms(layers: FloatArray) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which modes of a start, of layers shaped (depth, mode), are one-zero and which balanced; of others no plateau is known."""
    first, last = np.abs(layers[0]), np.abs(layers[-1])
    even = (first > 0) & (layers[:-1] == layers[0]).all(axis=0)
    return even & (last == 0), even & (last == first)


def plateau_steps_of_layers(
    layers: FloatArray, alpha: ArrayLike, eta: ArrayLike, singular_value: ArrayLike
) -> FloatArray:
    """Number of steps that each mode of a start takes to leave the saddle at 0; 0 where there is no plateau or no closed form.

    layers: in units of alpha, shaped (depth, mode). The others broadcast with the modes, which lie along the last dimension.
    """
    (one_zero, balanced), depth = closed_forms(layers), len(layers)
    scale, eta, s = np.asarray(alpha) * np.abs(layers[0]), np.asarray(eta), np.asarray(singular_value)
    steps = np.zeros(np.broadcast_shapes(scale.shape, eta.shape, s.shape))
    with np.errstate(all="ignore"):
        if one_zero.any():
            # layer L alone brings the product to s/2 in log(2) / (eta alpha^(2L-2)) steps, which is less for large alpha
            alone = math.log(2) / (eta * scale ** (2 * depth - 2))
            steps = np.where(one_zero, np.minimum(plateau_steps(scale, eta, s, depth), alone), steps)
        if balanced.any():
            steps = np.where(balanced, balanced_plateau_steps(scale, eta, s, depth), steps)
    return np.where((s < np.inf) & (steps > 0), steps, 0.0)


# A plateau is as long as the formula says to some per cent where alpha is small, and to a tenth where it is not.
MARGIN = 1.1

# A fixed point counts as settled once it moves by 1e-9 of itself; from s/2 that takes so many e-foldings, and a few more.
FOLDINGS = math.log(1e9) + 3.0

# Close to 2/S, and on the cycles beyond it, an orbit may settle as slowly as this; closer still nobody can say.
SLOWEST_AT_THE_EDGE = 0.02


def settling_steps(eta: ArrayLike, singular_value: ArrayLike, depth: ArrayLike) -> FloatArray:
    """Number of steps from s/2 until a mode stands still, by the multiplier 1 - eta S of its minimum."""
    with np.errstate(all="ignore"):
        eta_s = np.asarray(eta) * stability_limit(singular_value, depth)
        below, beyond = -np.log1p(-eta_s), -np.log(np.abs(1.0 - eta_s))
        rate = np.where(eta_s < 1.0, np.abs(below), np.fmax(beyond, SLOWEST_AT_THE_EDGE))
        return FOLDINGS / rate


def enough_steps(plateau: ArrayLike, eta: ArrayLike, singular_value: ArrayLike, depth: ArrayLike) -> FloatArray:
    """Number of steps, not rounded, that lets a mode leave a plateau of that length and settle."""
    return np.asarray(MARGIN * np.asarray(plateau) + settling_steps(eta, singular_value, depth))
