"""Sharpness of full matrices: the largest eigenvalue of the Hessian, by Lanczos runs (theory B)."""

from fastdln.observables.observable import PointObservable
from fastdln.observables.series import start, update, variables
from fastdln.observables.sharpness import RATIO, SHARPNESS, finish

OBSERVABLE = PointObservable(
    name="sharpness",
    summary="largest Hessian eigenvalue over the record, its residual, and its ratio to 2/eta",
    variables=(
        *variables(
            "sharpness",
            "sharpness",
            "Largest algebraic eigenvalue of the Hessian, by Lanczos runs that follow it, at every sharpness_every-th "
            "recorded state, the last one included; see sharpness_residual",
        ),
        RATIO,
    ),
    sampled=True,
    brings=("sharpness_residual",),
    quantity=SHARPNESS,
    start=start,
    update=update,
    finish=finish,
)
