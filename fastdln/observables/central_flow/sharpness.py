"""Sharpness of the central flow."""

from fastdln.observables.observable import SimulatedObservable, Variable

PINNED = "Largest eigenvalue of the Hessian; at the edge it stays at 2/eta, within 1e-5 of it"

OBSERVABLE = SimulatedObservable(
    name="sharpness",
    summary="largest eigenvalue of the Hessian",
    variables=(
        Variable(
            name="sharpness",
            dtype="float64",
            long_name="sharpness, mean over the record",
            comment=f"{PINNED}. NaN after divergence.",
        ),
        Variable(
            name="sharpness_last",
            dtype="float64",
            long_name="sharpness at the last state",
            comment=f"{PINNED}. NaN after divergence.",
        ),
    ),
)
