"""How long gradient descent is at the edge of stability."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="edge",
    summary="when the edge is reached, how long it lasts, and how often the sharpness crosses it",
    variables=(
        Variable(
            name="edge_step",
            dtype="int64",
            long_name="first state with sharpness at or beyond 2/eta",
            units="steps",
            comment="State 0 is the start. -1 if never. The constrained trajectory begins there.",
        ),
        Variable(
            name="edge_length",
            dtype="int64",
            long_name="states at the edge",
            units="steps",
            comment="From edge_step to the last state of the run with sharpness at or beyond 2/eta, both included. 0 without an edge.",
        ),
        Variable(
            name="crossings",
            dtype="int64",
            long_name="how often the sharpness crosses 2/eta",
            comment="Between successive states of gradient descent; the first time at edge_step, unless that is state 0.",
        ),
    ),
)
