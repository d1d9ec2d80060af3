"""The largest eigenvalues of the Hessian at the last state."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="hessian_eigenvalue",
    summary="the largest eigenvalues of the Hessian at the last state",
    variables=(
        Variable(
            name="hessian_eigenvalue",
            dtype="float64",
            dims=("eigenvalue",),
            long_name="largest eigenvalues of the Hessian at the last state",
            comment="As many as sharpness_count says, in falling order, multiple ones as often as they occur. NaN after divergence.",
        ),
    ),
    asked_by="sharpness_count",
)
