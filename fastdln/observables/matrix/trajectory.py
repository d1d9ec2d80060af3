"""The trajectory of matrices: every k-th state from the start on."""

from dataclasses import replace

from fastdln.observables.matrix.alignment_error_max import ALIGNMENT_ERROR
from fastdln.observables.matrix.delta import DELTA
from fastdln.observables.matrix.progressive_sharpening import PROGRESSIVE_SHARPENING
from fastdln.observables.matrix.self_stabilization import SELF_STABILIZATION
from fastdln.observables.matrix.sharpness_alignment import SHARPNESS_ALIGNMENT
from fastdln.observables.matrix.sharpness_residual import RESIDUAL
from fastdln.observables.observable import Variable
from fastdln.observables.trajectory import KEPT
from fastdln.observables.trajectory import OBSERVABLE as OF_MODES

# Variables that are kept where a family is asked for: name, family, what it is, and its quantity.
FURTHER = (
    ("trajectory_alpha_ps", "progressive_sharpening", "progressive sharpening alpha_ps", PROGRESSIVE_SHARPENING),
    ("trajectory_beta", "self_stabilization", "strength beta of self-stabilization", SELF_STABILIZATION),
    ("trajectory_delta", "delta", "amplitude delta of the oscillation at balance", DELTA),
    (
        "trajectory_sharpness_alignment",
        "sharpness_alignment",
        "share of the step along the top eigenvector of the Hessian",
        SHARPNESS_ALIGNMENT,
    ),
)

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
        *(
            Variable(
                name=name,
                dtype="float64",
                dims=("step",),
                long_name=f"{what} along the run",
                comment=f"Where {family} is asked for, which see. {KEPT}.",
            )
            for name, family, what, _ in FURTHER
        ),
    ),
    quantities=(*OF_MODES.quantities, ALIGNMENT_ERROR, RESIDUAL, *(quantity for *_, quantity in FURTHER)),
    only_beside={name: family for name, family, *_ in FURTHER},
    pair_cost=None,
)
