"""How long the central flow is at the edge of stability."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="edge",
    summary="when the edge is reached, how long it lasts, and how many eigenvalues are there",
    variables=(
        Variable(
            name="edge_step",
            dtype="int64",
            long_name="first state with sharpness at or beyond 2/eta",
            units="steps",
            comment="State 0 is the start. -1 if never.",
        ),
        Variable(
            name="edge_length",
            dtype="int64",
            long_name="states at which the oscillation holds the flow at the edge",
            units="steps",
            comment="States with X > 0, over the whole run.",
        ),
        Variable(
            name="at_edge_most",
            dtype="int64",
            long_name="largest number of eigenvalues at the edge at once",
            comment="Within 1e-4 of 2/eta, or beyond it; those beyond the fourth are not counted.",
        ),
    ),
)
