"""Loss over the record and at its end."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="loss",
    summary="mean loss, its range, and the last",
    variables=(
        Variable(
            name="loss",
            dtype="float64",
            long_name="loss, mean over the record",
            comment="Half the sum of the squared errors of all examples. NaN after divergence.",
        ),
        Variable(
            name="loss_min",
            dtype="float64",
            long_name="loss, minimum over the record",
            comment="NaN after divergence.",
        ),
        Variable(
            name="loss_max",
            dtype="float64",
            long_name="loss, maximum over the record",
            comment="NaN after divergence.",
        ),
        Variable(
            name="loss_last",
            dtype="float64",
            long_name="loss at the last state",
            comment="NaN after divergence.",
        ),
    ),
)
