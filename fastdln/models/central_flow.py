"""Central flow: the time average of gradient descent at the edge (theory G; arXiv 2410.24206)."""

from itertools import pairwise

from fastdln.models.model import Failure, Limits, Model


def step_cost(widths):
    """In bare steps of one mode, of which a thread takes 2e9 a second: at the edge 1.8 microseconds a weight, and more where layers are
    wide."""
    weights = sum(a * b for a, b in pairwise(widths))
    return 2e3 * weights * (1.8 + 0.1 * max(widths))


MODEL = Model(
    "central-flow",
    summary="the time average of gradient descent: a flow that holds the sharpness at 2/eta by the variance of the oscillation",
    starts=("gaussian", "orthogonal", "balanced", "one-zero", "spectral", "layers"),
    simulation="central_flow",
    step_cost=step_cost,
    # 5,000 weights, 40 by 40 in three layers, take some 30 milliseconds a step
    limits=Limits(weights=5_000, steps=1_000_000),
    failure=Failure("unsolved", "steps of the central flow at the edge were not solved"),
)
