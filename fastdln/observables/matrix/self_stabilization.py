"""Self-stabilization of full matrices: how strongly an oscillation along the eigenvector lowers the sharpness (theory E)."""

from fastdln.observables.matrix.mean import finish, start, update, variables
from fastdln.observables.observable import PointObservable, Quantity


def strength(network, values):
    for lane in range(len(values)):
        values[lane] = network.third_order[1, lane]


SELF_STABILIZATION = Quantity(name="self_stabilization", measure=strength, needs_third_order=True)

OBSERVABLE = PointObservable(
    name="self_stabilization",
    summary="self-stabilization beta, how strongly an oscillation lowers the sharpness; and delta",
    variables=variables(
        "beta",
        "strength beta of self-stabilization",
        "beta = |grad S - (u . grad S) u|^2, "
        "with grad S = D^3 f(u, u, .) of the sharpness S and its eigenvector u, to rounding errors over the gap to the next eigenvalue.",
    ),
    sampled=True,
    brings=("delta", "sharpness_residual"),
    quantity=SELF_STABILIZATION,
    start=start,
    update=update,
    finish=finish,
)
