"""Balancing of hidden units."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="balancing",
    summary="gap between the squares of weights into and out of a unit",
    variables=(
        Variable(
            name="balancing_gap",
            dtype="float64",
            long_name="balancing gap, largest abs(|out|^2 - |in|^2) over hidden units",
            comment="Of the weights into and out of a unit, at the last state, as a difference: exact to 1e-16 of the squares. Gradient flow of relu and linear units keeps each, of tanh and gelu "
            "it does not. NaN after divergence.",
        ),
        Variable(
            name="balancing_gap_start",
            dtype="float64",
            long_name="balancing gap at state 0",
            comment="The same at the start. NaN after divergence.",
        ),
    ),
)
