"""Sharpness of the balanced minimum, its critical learning rate, and the bounds of divergence and of balancing."""

from __future__ import annotations

import reprlib

import numpy as np
from numpy.typing import ArrayLike

from fastdln.theory.arguments import FloatArray, broadcastable


def stability_limit(singular_value: ArrayLike, depth: ArrayLike) -> FloatArray:
    """Sharpness S = L s^(2 - 2/L) of the balanced minimum of a mode.

    Parameters
    ----------
    singular_value : array_like
        Singular value s of the target, in the target's units.
    depth : array_like
        Number of layers L, integers from 2 on. Broadcasts with `singular_value`.

    Returns
    -------
    numpy.ndarray
        S, in the shape that the arguments broadcast to and the units of s^(2 - 2/L). NaN for s < 0 and L < 2.

    Raises
    ------
    ValueError
        If an argument is no number, a depth is no integer, or the shapes do not broadcast.

    Notes
    -----
    Gradient descent is stable at this minimum while eta S < 2: the balanced map's multiplier there is 1 - eta S.
    The balanced minimum is the flattest of all minima.

    References
    ----------
    arXiv 2502.20531, section 2; docs/theory.md, sections B and C.

    Examples
    --------
    >>> float(stability_limit(10.0, 2))
    20.0
    """
    s, depth = broadcastable(singular_value=singular_value, depth=depth)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((s >= 0) & (depth >= 2), depth * np.abs(s) ** (2 - 2 / depth), np.nan)


def critical_learning_rate(
    singular_value: ArrayLike, depth: ArrayLike, momentum: ArrayLike = 0.0, nesterov: bool = False
) -> FloatArray:
    """Learning rate beyond which a mode leaves its balanced minimum and oscillates: 2 / S, without momentum.

    Parameters
    ----------
    singular_value : array_like
        Singular value s of the target, in the target's units.
    depth : array_like
        Number of layers L, integers from 2 on. Broadcasts with `singular_value`.
    momentum : array_like, default 0
        Momentum mu, from 0 on and below 1. Broadcasts with the others.
    nesterov : bool, default False
        Whether the gradient is taken ahead, at w + mu v (Nesterov), not at w (heavy ball).

    Returns
    -------
    numpy.ndarray
        The learning rate 2 (1 + mu) / S, or 2 (1 + mu) / ((1 + 2 mu) S) by Nesterov, in the shape that the arguments
        broadcast to. Infinite for s = 0, where the minimum is flat; NaN for s < 0, L < 2 and momentum outside [0, 1).

    Raises
    ------
    ValueError
        If an argument is no number, a depth is no integer, `nesterov` is neither True nor False, or the shapes do not
        broadcast.

    Notes
    -----
    S = L s^(2 - 2/L) is the sharpness of the mode's balanced minimum, `stability_limit`. Near it a small deviation x obeys
    x'' = (1 + mu - eta S) x' - mu x by heavy ball, and x'' = (1 - eta S) ((1 + mu) x' - mu x) by Nesterov; beyond these
    learning rates a root of the characteristic polynomial lies below -1.

    References
    ----------
    arXiv 2502.20531, section 2; docs/theory.md, sections C and G.

    Examples
    --------
    >>> float(critical_learning_rate(1.0, 2))
    1.0
    >>> float(critical_learning_rate(1.0, 2, momentum=0.5))
    1.5
    >>> float(critical_learning_rate(1.0, 2, momentum=0.5, nesterov=True))
    0.75
    """
    if not isinstance(nesterov, bool | np.bool_):
        raise ValueError(f"nesterov: must be True or False (got {reprlib.repr(nesterov)})")
    s, depth, mu = broadcastable(singular_value=singular_value, depth=depth, momentum=momentum)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = (1 + mu) / (1 + 2 * mu if nesterov else 1.0)
        return 2 * np.where((mu >= 0) & (mu < 1), factor, np.nan) / stability_limit(s, depth)


def divergence_bound(eta: ArrayLike, singular_value: ArrayLike, depth: ArrayLike) -> FloatArray:
    """Absolute value of a mode's product pi beyond which no orbit of gradient descent returns.

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
    numpy.ndarray
        The bound max(10 s, (1e6 / eta)^(L / (2 L - 2))), in the shape that the arguments broadcast to and the target's
        units. Infinite for eta = 0.

    Raises
    ------
    ValueError
        If an argument is no number, a depth is no integer, or the shapes do not broadcast.

    Notes
    -----
    A step multiplies layer l by 1 - q_l, q_l = eta (pi - s) pi / w_l^2, whose geometric mean over the layers is about
    eta pi^(2 - 2/L). The largest bounded orbits have q = 2; at 1e6 only a coincidence of one part in 1e6^L would bring
    the product back.

    References
    ----------
    docs/theory.md, section C.

    Examples
    --------
    >>> float(divergence_bound(1.0, 1.0, 2))
    1000000.0
    """
    eta, s, depth = broadcastable(eta=eta, singular_value=singular_value, depth=depth)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.maximum(10 * s, (1e6 / eta) ** (depth / (2 * depth - 2)))


def balancing_alpha_bound(eta: ArrayLike, singular_value: ArrayLike, depth: ArrayLike) -> FloatArray:
    """Largest initialization scale alpha for which the balancing theorem holds.

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
    numpy.ndarray
        The bound on alpha, in the shape that the arguments broadcast to and the layers' units. NaN where the theorem
        says nothing: for eta <= 2 / S and for eta > 2 sqrt(2) / S, S the sharpness `stability_limit`.

    Raises
    ------
    ValueError
        If an argument is no number, a depth is no integer, or the shapes do not broadcast.

    Notes
    -----
    From a one-zero start (alpha, 0) with alpha below (ln(2 sqrt(2) / (eta S)) s^(4/L) / (L^2 2^((2L-3)/L)))^(1/4) the
    gap w_L^2 - w_l^2 between the layers' squared singular values shrinks at every step.

    References
    ----------
    arXiv 2502.20531, balancing theorem; docs/theory.md, section C.

    Examples
    --------
    >>> float(balancing_alpha_bound(0.9, 1.0, 2))  # below the edge, which is at 1
    nan
    """
    eta, s, depth = broadcastable(eta=eta, singular_value=singular_value, depth=depth)
    kappa = eta * stability_limit(s, depth)
    with np.errstate(divide="ignore", invalid="ignore"):
        fourth_power = np.log(np.sqrt(8) / kappa) * s ** (4 / depth) / (depth**2 * 2 ** (2 - 3 / depth))
        return np.where((kappa > 2) & (fourth_power >= 0), np.abs(fourth_power) ** 0.25, np.nan)


def flip_coefficient(singular_value: ArrayLike, depth: ArrayLike) -> FloatArray:
    """Coefficient c of the flip at the edge of stability: positive where the oscillation begins gently.

    Parameters
    ----------
    singular_value : array_like
        Singular value s of the target, in the target's units.
    depth : array_like
        Number of layers L, integers from 2 on. Broadcasts with `singular_value`.

    Returns
    -------
    numpy.ndarray
        The coefficient c = (L - 1) (20 L - 16) / 3 s^(-2/L), in the shape that the arguments broadcast to and the layers' units to the power
        -2. NaN for s <= 0, where there is no flip, and L < 2.

    Raises
    ------
    ValueError
        If an argument is no number, a depth is no integer, or the shapes do not broadcast.

    Notes
    -----
    For a loss of one variable with derivatives f2, f3, f4 at its minimum, gradient descent at eta = (2 / f2) (1 + x) with small
    x has a stable 2-cycle of amplitude sqrt(2 x / c) if c = (3 f3^2 - f2 f4) / (3 f2^2) is positive. On the balanced line
    the loss is (rho^L - s)^2 / (2 L), where s = 1 gives f2 = L, f3 = 3 L (L - 1) and f4 = L (L - 1) (7 L - 11). With
    rho = s^(1/L) r it is s^2 times the one of s = 1, so that its k-th derivative goes as s^(2 - k/L), and c as s^(-2/L).

    References
    ----------
    arXiv 2606.15551; docs/theory.md, section C.

    Examples
    --------
    >>> float(flip_coefficient(1.0, 2))
    8.0
    """
    s, depth = broadcastable(singular_value=singular_value, depth=depth)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        c = (depth - 1) * (20 * depth - 16) / 3 * np.abs(s) ** (-2 / depth)
    return np.where((s > 0) & (depth >= 2), c, np.nan)
