"""Progressive sharpening of full matrices: how fast gradient flow raises the sharpness (theory E)."""

from fastdln.observables.matrix.mean import finish, start, update, variables
from fastdln.observables.observable import PointObservable, Quantity


def rise(network, values):
    for lane in range(len(values)):
        values[lane] = network.third_order[0, lane]


PROGRESSIVE_SHARPENING = Quantity(name="progressive_sharpening", measure=rise, needs_third_order=True)

OBSERVABLE = PointObservable(
    name="progressive_sharpening",
    summary="progressive sharpening alpha_ps, how fast gradient flow raises the sharpness",
    variables=variables(
        "progressive_sharpening",
        "progressive sharpening alpha_ps",
        "alpha_ps = -grad f . grad S, "
        "with grad S = D^3 f(u, u, .) of the sharpness S and its eigenvector u, to rounding errors over the gap to the next eigenvalue.",
    ),
    sampled=True,
    brings=("sharpness_residual",),
    quantity=PROGRESSIVE_SHARPENING,
    start=start,
    update=update,
    finish=finish,
)
