"""How the weights separate the classes."""

from fastdln.observables.observable import SimulatedObservable, Variable

OBSERVABLE = SimulatedObservable(
    name="margin",
    summary="margin, norm and angle of the weights",
    variables=(
        Variable(
            name="margin",
            dtype="float64",
            long_name="margin, smallest y x . w / |w|, at the last state",
            comment="Positive where all examples are on their side. NaN for w = 0, and after divergence.",
        ),
        Variable(
            name="norm",
            dtype="float64",
            long_name="norm of the weights at the last state",
            comment="NaN after divergence.",
        ),
        Variable(
            name="angle",
            dtype="float64",
            long_name="angle to the max-margin direction at the last state",
            units="radian",
            comment="NaN where the classes are not separable by a plane through the origin, for w = 0, and after divergence.",
        ),
    ),
)
