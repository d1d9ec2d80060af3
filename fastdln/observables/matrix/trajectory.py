"""The trajectory of matrices: every k-th state from the start on."""

from dataclasses import replace

from fastdln.observables.matrix.alignment_error_max import ALIGNMENT_ERROR
from fastdln.observables.matrix.sharpness_residual import RESIDUAL
from fastdln.observables.observable import Variable
from fastdln.observables.trajectory import KEPT
from fastdln.observables.trajectory import OBSERVABLE as OF_MODES

OBSERVABLE = replace(
    OF_MODES,
    summary="layers, products, loss, sharpness, its residual and alignment error of every k-th state",
    variables=(
        *OF_MODES.variables,
        Variable(
            name="trajectory_alignment_error",
            dtype="float64",
            dims=("step",),
            long_name="part of the product off the diagonal in the target's singular bases, along the run",
            comment=f"See alignment_error. {KEPT}.",
        ),
        Variable(
            name="trajectory_sharpness_residual",
            dtype="float64",
            dims=("step",),
            long_name="relative residual of the sharpness along the run",
            comment=f"See sharpness_residual. {KEPT}.",
        ),
    ),
    quantities=(*OF_MODES.quantities, ALIGNMENT_ERROR, RESIDUAL),
    pair_cost=None,
)
