"""The last state of gradient descent."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="end",
    summary="loss and sharpness at the last state",
    variables=(
        Variable(
            name="loss_last", dtype="float64", long_name="loss at the last state", comment="NaN after divergence."
        ),
        Variable(
            name="sharpness_last",
            dtype="float64",
            long_name="sharpness at the last state",
            comment="NaN after divergence.",
        ),
    ),
)
