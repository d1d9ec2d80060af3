"""Variance of the oscillation that the central flow averages over."""

from fastdln.observables.observable import SimulatedObservable, Variable

TRACE = (
    "Trace of X, the covariance of the oscillation along the eigenvectors at the edge; with one of them 2 alpha_ps / |grad S|^2, and 0 "
    "below the edge"
)

OBSERVABLE = SimulatedObservable(
    name="oscillation_variance",
    summary="variance tr X of the oscillation at the edge",
    variables=(
        Variable(
            name="oscillation_variance",
            dtype="float64",
            long_name="oscillation variance, mean over the record",
            comment=f"{TRACE}. NaN after divergence.",
        ),
        Variable(
            name="oscillation_variance_last",
            dtype="float64",
            long_name="oscillation variance at the last state",
            comment=f"{TRACE}. NaN after divergence.",
        ),
    ),
)
