"""Loss averaged over the oscillation."""

from fastdln.observables.observable import SimulatedObservable, Variable

AVERAGED = "f + tr X / eta, the mean over the oscillation of gradient descent along the eigenvectors at the edge"

OBSERVABLE = SimulatedObservable(
    name="loss",
    summary="averaged loss f + tr X / eta",
    variables=(
        Variable(
            name="loss",
            dtype="float64",
            long_name="averaged loss, mean over the record",
            comment=f"{AVERAGED}. NaN after divergence.",
        ),
        Variable(
            name="loss_last",
            dtype="float64",
            long_name="averaged loss at the last state",
            comment=f"{AVERAGED}. NaN after divergence.",
        ),
    ),
)
