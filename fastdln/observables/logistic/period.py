"""Period of the loss."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="period",
    summary="smallest period of the loss",
    variables=(
        Variable(
            name="period",
            dtype="int16",
            long_name="smallest period of the loss",
            units="steps",
            comment="Over the last states of the record, 1,024 at most, to 1e-9 of the largest loss there; 256 is the longest. 1 = at rest, 0 = none, -1 = diverged.",
        ),
    ),
)
