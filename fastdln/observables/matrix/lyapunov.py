"""Largest Lyapunov exponent of gradient descent on the matrices: the growth of v <- v - eta H v along the run."""

from fastdln.observables.growth import FLOOR
from fastdln.observables.observable import LEAD, TangentObservable, Variable

OBSERVABLE = TangentObservable(
    name="lyapunov",
    summary="largest Lyapunov exponent of all layers together",
    variables=(
        Variable(
            name="lyapunov",
            dtype="float64",
            long_name="largest Lyapunov exponent",
            rate=True,
            comment="Per step, of all layers together: the stretching of a tangent vector over the record, after "
            f"{LEAD} steps in which it turns into the fastest direction, if steps has as many; where every mode is "
            "periodic, over whole periods. At most 1/record below 0, since rotations between the layers change nothing, and "
            f"at least {FLOOR:.2f}. NaN after divergence.",
        ),
    ),
)
