"""Balancing of matrices: W_{l+1}^T W_{l+1} - W_l W_l^T, which gradient flow conserves (theory C)."""

from itertools import pairwise

import numpy as np

from fastdln.observables.observable import MatrixObservable, Variable


def finish(end):
    gaps = [above.swapaxes(1, 2) @ above - below @ below.swapaxes(1, 2) for below, above in pairwise(end.layers)]
    found = np.max([np.linalg.norm(gap, axis=(1, 2)) for gap in gaps], axis=0)
    return (np.where(np.isnan(found), np.inf, found),)


OBSERVABLE = MatrixObservable(
    name="balancing_norm",
    summary="how far the layers are from balanced",
    variables=(
        Variable(
            name="balancing_norm",
            dtype="float64",
            long_name="largest imbalance of two neighbouring layers, at the last state",
            comment="Maximum over l of ||W_{l+1}^T W_{l+1} - W_l W_l^T||_F, which gradient flow conserves. A difference: its "
            "rounding is that of the layers' squares. NaN after divergence.",
        ),
    ),
    finish=finish,
)
