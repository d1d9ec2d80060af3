"""From when on the loss falls."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="monotone_from",
    summary="first step from which the loss falls",
    variables=(
        Variable(
            name="monotone_from",
            dtype="int64",
            long_name="first state from which the loss falls at every step",
            units="steps",
            comment="State 0 is the start; standing still, to 1e-13 of the loss, counts as falling. -1 if the loss rises at the last step, and after divergence.",
        ),
    ),
)
