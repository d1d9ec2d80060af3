"""Gradient descent at the edge, the constrained trajectory that it oscillates about, and the prediction of its deviation (theory E)."""

from itertools import pairwise

from fastdln.models.model import Failure, Limits, Model


def step_cost(widths):
    """In bare steps of one mode, of which a thread takes 2e9 a second: some 60 Hessian-vector products of 12 products of matrices each,
    and as many vectors made orthogonal to each other."""
    inner = sum(a * b for a, b in pairwise(widths[1:]))
    weights = sum(a * b for a, b in pairwise(widths))
    return 2.0 * (60 * 6 * widths[0] * inner + 60 * 40 * weights)


MODEL = Model(
    "constrained",
    summary="gradient descent beside the constrained trajectory of sharpness 2/eta at most, and the predicted deviation from it",
    starts=("gaussian", "orthogonal", "balanced", "one-zero", "spectral", "layers"),
    simulation="constrained",
    step_cost=step_cost,
    # 1,000 weights take a millisecond a step; each thread keeps 136 bytes of every state
    limits=Limits(weights=1_000, steps=100_000),
    failure=Failure(
        "unprojected", "the projection onto the constraint, or the search for the sharpness, did not converge"
    ),
)
