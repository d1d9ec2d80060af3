"""The projections of the constrained trajectory: how exact they are, and where they end."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="projection",
    summary="residuals of the projections, their failures, and how long the constrained trajectory goes on",
    variables=(
        Variable(
            name="projection_residual",
            dtype="float64",
            long_name="largest residual of a projection",
            comment="The larger one of |grad f . u| / (S |theta|) and of (S - 2/eta) / (2/eta), in absolute value where S is held at 2/eta; "
            "over the states of the constrained trajectory. NaN without any.",
        ),
        Variable(
            name="unprojected",
            dtype="int64",
            long_name="projections and eigenvalue searches that did not converge",
            comment="Projections whose residual stays above 1e-12, the one that ends the trajectory included, and searches for the sharpness "
            "of gradient descent.",
        ),
        Variable(
            name="constrained_steps",
            dtype="int64",
            long_name="states of the constrained trajectory",
            units="steps",
            comment="From edge_step on. Fewer than to the end of the run where the set {S <= 2/eta, grad f . u = 0} has no near point: no residual of "
            "1e-8 or less within half the norm of the weights. It is so where every minimum is sharper than 2/eta.",
        ),
        Variable(
            name="near_degenerate",
            dtype="int64",
            long_name="states at which the two largest eigenvalues nearly meet",
            units="steps",
            comment="States of the constrained trajectory in whose projection they came within 1 %; the theory has one eigenvalue at the edge.",
        ),
    ),
)
