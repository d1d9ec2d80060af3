"""When the edge of stability is reached."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="edge_step",
    summary="first state beyond the edge",
    variables=(
        Variable(
            name="edge_step",
            dtype="int64",
            long_name="first state with sharpness at or beyond 2/eta",
            units="steps",
            comment="State 0 is the start. -1 if never. Every sharpness_every-th state from 0 on is looked at.",
        ),
    ),
    sampled=True,
    whole_run=True,
)
