"""Alignment error: the part of the product off the diagonal in the target's singular bases (theory C, last part)."""

import numpy as np

from fastdln.observables.observable import MatrixObservable, Variable


def off_diagonal(end):
    """U^T P V with zeros where the modes' products are."""
    rotated = end.left.T @ end.product @ end.right
    modes = np.arange(end.singular_values.shape[1])
    rotated[:, modes, modes] = 0.0
    return rotated


def finish(end):
    target = np.linalg.norm(end.singular_values, axis=1)
    found = np.linalg.norm(off_diagonal(end), axis=(1, 2)) / target
    return (np.where(np.isnan(found) & (target > 0.0), np.inf, found),)


OBSERVABLE = MatrixObservable(
    name="alignment_error",
    summary="part of the product off the diagonal in the target's singular bases",
    variables=(
        Variable(
            name="alignment_error",
            dtype="float64",
            long_name="part of the product off the diagonal in the target's singular bases, at the last state",
            comment="Frobenius norm of the off-diagonal part of U^T W_L ... W_1 V over the norm of the target: 0 on the "
            "singular-vector-stationary set. NaN after divergence and where the target is 0.",
        ),
    ),
    brings=("alignment_error_max",),
    finish=finish,
)
