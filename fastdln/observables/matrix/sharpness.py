"""Sharpness of a network with full matrices: the largest eigenvalue of its Hessian, searched for (theory B)."""

from fastdln.observables.observable import PointObservable, Variable
from fastdln.observables.series import start, update, variables
from fastdln.observables.sharpness import SHARPNESS, finish

OBSERVABLE = PointObservable(
    name="sharpness",
    summary="largest Hessian eigenvalue over the record, its residual, and its ratio to 2/eta",
    variables=(
        *variables(
            "sharpness",
            "sharpness",
            "Largest algebraic eigenvalue of the Hessian, by a block of vectors that follows it, at every sharpness_every-th "
            "recorded state, the last one included; see sharpness_residual",
        ),
        Variable(
            name="sharpness_ratio",
            dtype="float64",
            long_name="sharpness over the edge of stability 2/eta, mean over the record",
            comment="eta sharpness / 2, 1 at the edge. NaN after divergence.",
        ),
    ),
    sampled=True,
    brings=("sharpness_residual",),
    quantity=SHARPNESS,
    start=start,
    update=update,
    finish=finish,
)
