"""Central flow: the time average of gradient descent at the edge (theory G; arXiv 2410.24206)."""

from itertools import pairwise

from fastdln.models.model import Failure, Limits, Model


def step_cost(widths):
    return 1.0


MODEL = Model(
    "central-flow",
    summary="the time average of gradient descent: a flow that holds the sharpness at 2/eta by the variance of the oscillation",
    starts=("gaussian", "orthogonal", "balanced", "one-zero", "spectral", "layers"),
    simulation="central_flow",
    step_cost=step_cost,
    limits=Limits(weights=5_000, steps=1_000_000),
    failure=Failure("unsolved", "the complementarity problem at the edge was not solved"),
)
