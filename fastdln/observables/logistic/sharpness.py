"""Sharpness over the record."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="sharpness",
    summary="largest eigenvalue of the Hessian, exact",
    variables=(
        Variable(
            name="sharpness",
            dtype="float64",
            long_name="sharpness, mean over the record",
            comment="Of the dense Hessian. NaN after divergence.",
        ),
        Variable(
            name="sharpness_min",
            dtype="float64",
            long_name="sharpness, minimum over the record",
            comment="NaN after divergence.",
        ),
        Variable(
            name="sharpness_max",
            dtype="float64",
            long_name="sharpness, maximum over the record",
            comment="NaN after divergence.",
        ),
        Variable(
            name="sharpness_ratio",
            dtype="float64",
            long_name="sharpness over the edge of stability 2/eta, mean over the record",
            comment="NaN after divergence.",
        ),
    ),
)
