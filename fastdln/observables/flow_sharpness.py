"""Sharpness of the minimum that gradient flow would reach from the last state (arXiv 2305.13064)."""

from fastdln.observables.observable import EndObservable, Variable
from fastdln.theory import flow_sharpness


def finish(layers, singular_values):
    return (flow_sharpness(layers, singular_values),)


OBSERVABLE = EndObservable(
    name="flow_sharpness",
    summary="sharpness of the gradient-flow limit from the last state",
    variables=(
        Variable(
            name="flow_sharpness",
            dtype="float64",
            long_name="sharpness of the gradient-flow limit from the last state",
            comment="Flow keeps w_l^2 - w_m^2, which gives the layers at the minimum; its largest eigenvalue over modes and "
            "pairs of modes. NaN after divergence, and where the flow ends at a saddle.",
        ),
    ),
    finish=finish,
)
