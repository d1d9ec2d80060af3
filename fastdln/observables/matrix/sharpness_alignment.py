"""Alignment of the step with the top eigenvector of the Hessian."""

from fastdln.observables.matrix.mean import finish, start, update, variables
from fastdln.observables.observable import PointObservable, Quantity


def share(network, values):
    for lane in range(len(values)):
        values[lane] = network.third_order[2, lane]


SHARPNESS_ALIGNMENT = Quantity(name="sharpness_alignment", measure=share, needs_third_order=True)

OBSERVABLE = PointObservable(
    name="sharpness_alignment",
    summary="share of the step along the top eigenvector of the Hessian",
    variables=variables(
        "sharpness_alignment",
        "share of the step along the top eigenvector of the Hessian",
        "(u . grad f)^2 / |grad f|^2, the share of the step's squared length along the eigenvector u of the sharpness; 0 where the "
        "gradient is 0. With momentum that of the gradient still, which the step is not.",
    ),
    sampled=True,
    brings=("sharpness_residual",),
    quantity=SHARPNESS_ALIGNMENT,
    start=start,
    update=update,
    finish=finish,
)
