"""Gradient flow dW/dt = -grad f on the matrices themselves: state k is the one at the time eta k (theory G)."""

from fastdln.models.model import Failure, Model

MODEL = Model(
    "flow",
    summary="gradient flow of the layers themselves, at the times eta k, by steps whose error is controlled",
    starts=("one-zero", "balanced", "orthogonal", "gaussian", "spectral", "layers"),
    reduce=None,
    failure=Failure(
        "flow_unresolved",
        "the flow, or a search for the sharpness along it, did not converge",
        "do not trust it there; a smaller eta takes fewer steps from state to state",
    ),
    flow=True,
)
