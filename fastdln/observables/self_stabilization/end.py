"""The last state of the local map."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="end",
    summary="x and y at the last state",
    variables=(
        Variable(name="x_last", dtype="float64", long_name="x at the last state", comment="NaN after divergence."),
        Variable(name="y_last", dtype="float64", long_name="y at the last state", comment="NaN after divergence."),
    ),
)
