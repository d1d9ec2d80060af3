"""Sharpness over the record."""

from fastdln.observables.observable import SimulatedObservable, Variable

LOOKED = "Largest eigenvalue of the Hessian, exact to rounding, at every sharpness_every-th recorded state, the last one included. NaN after divergence."

OBSERVABLE = SimulatedObservable(
    name="sharpness",
    summary="largest eigenvalue of the Hessian",
    variables=(
        Variable(
            name="sharpness",
            dtype="float64",
            long_name="sharpness, mean over the record",
            comment=LOOKED,
        ),
        Variable(
            name="sharpness_min",
            dtype="float64",
            long_name="sharpness, minimum over the record",
            comment=LOOKED,
        ),
        Variable(
            name="sharpness_max",
            dtype="float64",
            long_name="sharpness, maximum over the record",
            comment=LOOKED,
        ),
        Variable(
            name="sharpness_ratio",
            dtype="float64",
            long_name="sharpness over the edge of stability 2/eta, mean over the record",
            comment=LOOKED,
        ),
        Variable(
            name="sharpness_unconverged",
            dtype="int64",
            long_name="searches for the sharpness that did not converge",
            comment="Of all at this point. 0 where every sharpness is to be trusted. A ReLU network has a Hessian almost everywhere, and jumps between regions.",
        ),
    ),
    sampled=True,
)
