"""Scalar factorization: the learning rates at which gradient descent on (u v - y)^2 / 2 converges."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastdln.theory.arguments import FloatArray, broadcastable


def factorization_limit(u: ArrayLike, v: ArrayLike, y: ArrayLike) -> FloatArray:
    """Learning rate below which gradient descent on (u v - y)^2 / 2 from (u, v) converges to a minimum.

    Parameters
    ----------
    u, v : array_like
        The two factors at the start: singular values of the layers of a mode, L = 2. Any sign.
    y : array_like
        The number to be factorized, of any sign. All three broadcast.

    Returns
    -------
    numpy.ndarray
        The limit min(1 / |y|, 8 / (t + sqrt(t^2 - 16 y (u v - y)))), t = u^2 + v^2, in the shape that the arguments broadcast to.
        Infinite for u = v = y = 0.

    Raises
    ------
    ValueError
        If an argument is no number, or the shapes do not broadcast.

    Notes
    -----
    It is exact for almost all starts: those that end at the saddle u = v = 0, as from u = -v with y > 0, are of measure 0. From 1 / |y| on
    every minimum is too sharp, and orbits go on; beyond the other bound they diverge.

    References
    ----------
    docs/theory.md, section F.

    Examples
    --------
    >>> float(factorization_limit(1.0, 1.0, 1.0))
    1.0
    >>> float(factorization_limit(4.0, 0.5, 1.0))
    0.25

    Over a plane of starts, with the names of its axes:

    >>> import xarray
    >>> u, v = xarray.DataArray([1.0, 4.0], dims="w1"), xarray.DataArray([1.0, 0.5, 0.25], dims="w2")
    >>> limit = xarray.apply_ufunc(factorization_limit, u, v, 1.0)
    >>> limit.dims, float(limit.sel(w1=1, w2=1))
    (('w1', 'w2'), 0.25)
    """
    u, v, y = broadcastable(u=u, v=v, y=y)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        t = u * u + v * v
        # t^2 - 16 y (u v - y) >= 4 (u v - 2 y)^2, but for rounding and overflow
        root = np.sqrt(np.fmax(t * t - 16 * y * (u * v - y), 0.0))
        return np.minimum(1 / np.abs(y), 8 / (t + root))
