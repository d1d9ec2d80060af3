"""Period of the weights."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="period",
    summary="smallest period of the weights",
    variables=(
        Variable(
            name="period",
            dtype="int16",
            long_name="smallest period of the weights",
            units="steps",
            comment="Of a fixed combination of all weights, over the last states of the record, 1,024 at most; 256 is the longest. 1 = at rest, 0 = none, -1 = diverged.",
        ),
    ),
)
