"""Singular values of the product itself, whatever its singular vectors."""

import numpy as np

from fastdln.observables.observable import MatrixObservable, Variable


def finish(end):
    product = end.product
    known = np.isfinite(product).all(axis=(1, 2))
    found = np.full((len(product), end.singular_values.shape[1]), np.inf)
    found[known] = np.linalg.svd(product[known], compute_uv=False)
    return (found,)


OBSERVABLE = MatrixObservable(
    name="singular_value_end",
    summary="singular values of the product at the last state",
    variables=(
        Variable(
            name="singular_value_end",
            dtype="float64",
            dims=("mode",),
            long_name="singular value of the product at the last state",
            comment="In falling order, so that they need not belong to the target's modes. NaN after divergence.",
        ),
    ),
    finish=finish,
)
