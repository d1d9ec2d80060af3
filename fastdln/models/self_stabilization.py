"""The local map of self-stabilization: the oscillation along the top eigenvector, and the sharpness that it pulls down (theory E)."""

from fastdln.models.model import Model, Parameter

# Beyond these nothing but overflow is left of the local picture.
LARGEST, FURTHEST = 1e12, 1e6


def step_cost(widths):
    """In bare steps of one mode: a look for the cycle at every step, by a loop of one point at a time."""
    return 8.0


MODEL = Model(
    "self-stabilization",
    summary="the local map of two numbers at the edge: x along the top eigenvector, y the sharpness beyond 2/eta",
    starts=("parameters",),
    simulation="self_stabilization",
    step_cost=step_cost,
    parameters=(
        Parameter("alpha_ps", "progressive sharpening alpha_ps = -grad f . grad S", None, 0.0, LARGEST),
        Parameter("beta", "self-stabilization beta = |grad S_perp|^2", 1.0, 0.0, LARGEST),
        Parameter("x0", "x at state 0", 0.1, -FURTHEST, FURTHEST),
        Parameter("y0", "y at state 0", 0.0, -FURTHEST, FURTHEST),
    ),
)
