"""Starts: the layers' singular values at state 0, in units of alpha (theory A)."""

import numpy as np

from fastdln.models.model import Start


def one_zero(depth, modes):
    layers = np.ones((depth, modes))
    layers[-1] = 0.0
    return layers


def balanced(depth, modes):
    return np.ones((depth, modes))


def spectral(depth, modes, values):
    return np.asarray(values, dtype=float).reshape(depth, modes)


STARTS = {
    start.name: start
    for start in (
        Start("one-zero", "W_L = 0, the other layers alpha I (arXiv 2502.20531, section 2)", one_zero),
        Start("balanced", "every layer alpha I", balanced),
        Start(
            "spectral",
            "any singular values: a row a layer, W_1 first, a value a mode, times alpha",
            spectral,
            takes_values=True,
        ),
    )
}
