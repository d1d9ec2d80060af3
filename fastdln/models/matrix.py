"""Gradient descent on the matrices themselves, without a reduction, and so from any start (theory A)."""

from fastdln.models.model import Model

MODEL = Model(
    "matrix",
    summary="the layers themselves, square or of any widths, with the target in any bases",
    starts=("one-zero", "balanced", "orthogonal", "gaussian", "spectral", "layers", "compressed"),
    reduce=None,
)
