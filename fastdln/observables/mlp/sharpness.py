"""Sharpness over the record."""

from fastdln.observables import of_descents
from fastdln.observables.observable import Variable

OBSERVABLE = of_descents.sharpness(
    summary="largest eigenvalue of the Hessian",
    comment="Largest eigenvalue of the Hessian, exact to rounding, at every sharpness_every-th recorded state, the last one included. NaN after divergence.",
    further=(
        Variable(
            name="sharpness_unconverged",
            dtype="int64",
            long_name="searches for the sharpness that did not converge",
            comment="Of all at this point. 0 where every sharpness is to be trusted. A ReLU network has a Hessian almost everywhere, and jumps between regions.",
        ),
    ),
    sampled=True,
)
