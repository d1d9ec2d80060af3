"""The central flow at every k-th state."""

from fastdln.observables.observable import SimulatedObservable, Variable

KEPT = (
    "Every k-th state from the start on, k the sweep's `trajectory`; `step` is the state's number, which is taken at t = eta step. NaN from "
    "divergence on"
)

OBSERVABLE = SimulatedObservable(
    name="trajectory",
    summary="averaged loss, sharpness and oscillation variance of every k-th state",
    asked_by="trajectory",
    variables=tuple(
        Variable(
            name=f"trajectory_{name}",
            dtype="float64",
            dims=("step",),
            long_name=f"{what} along the run",
            comment=f"{formula}. {KEPT}.",
        )
        for name, what, formula in (
            ("loss", "averaged loss", "f + tr X / eta"),
            ("sharpness", "sharpness", "Largest eigenvalue of the Hessian"),
            ("oscillation_variance", "oscillation variance", "tr X"),
        )
    ),
)
