"""How much of the movement lies within the top features."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="oscillation_subspace",
    summary="share of the movement in the top eigenvectors",
    variables=(
        Variable(
            name="oscillation_subspace",
            dtype="float64",
            long_name="share of the last steps' movement in the top eigenvectors of the Hessian",
            comment="Of the squares of the last steps of the record, 64 at most; in the span of the eigenvectors of the sharpness_count largest eigenvalues at the last state, of one if "
            "that is left out. NaN where nothing moves but by rounding errors, and after divergence.",
        ),
    ),
)
