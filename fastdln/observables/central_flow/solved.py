"""What of the central flow could not be computed."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="solved",
    summary="sub-steps that could not be solved, and states with more than four eigenvalues at the edge",
    variables=(
        Variable(
            name="unsolved",
            dtype="int64",
            long_name="sub-steps that could not be solved",
            comment="Their complementarity problem has no solution that was found, or the search for an eigenvalue did not converge, or the "
            "error is beyond the tolerance in the shortest sub-step, 1/64 of a step. After 100 of them the flow is given up: values "
            "are NaN from there on.",
        ),
        Variable(
            name="beyond_four",
            dtype="int64",
            long_name="states with more than four eigenvalues at or beyond 2/eta",
            units="steps",
            comment="Four of them are held at the edge; the flow is not to be trusted from the first such state on.",
        ),
    ),
)
