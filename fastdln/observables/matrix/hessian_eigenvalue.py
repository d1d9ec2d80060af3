"""The largest eigenvalues of the Hessian at the last state, as many as `sharpness_count` says."""

from fastdln.observables.observable import EstimateObservable, Variable


def finish(estimates):
    return (estimates.eigenvalues,)


OBSERVABLE = EstimateObservable(
    name="hessian_eigenvalue",
    summary="the largest eigenvalues of the Hessian at the last state",
    variables=(
        Variable(
            name="hessian_eigenvalue",
            dtype="float64",
            dims=("eigenvalue",),
            long_name="largest eigenvalues of the Hessian at the last state",
            comment="In falling order, multiple ones as often as they occur; each within 1e-7 of the largest where "
            "sharpness_unconverged is 0. NaN after divergence.",
        ),
    ),
    sampled=True,
    asked_by="sharpness_count",
    brings=("sharpness_residual",),
    finish=finish,
)
