"""The trajectory itself: every k-th state from the start on."""

from fastdln.observables.along_steps import TrajectoryObservable
from fastdln.observables.loss import LOSS
from fastdln.observables.observable import Variable
from fastdln.observables.sharpness import SHARPNESS, pair_cost

KEPT = "Every k-th state from the start on, k the sweep's `trajectory`; `step` is the state's number. NaN from divergence on"

OBSERVABLE = TrajectoryObservable(
    name="trajectory",
    summary="layers, products, loss and sharpness of every k-th state",
    variables=(
        Variable(
            name="trajectory_singular_value",
            dtype="float64",
            dims=("layer", "mode", "step"),
            long_name="singular values of the layers along the run",
            comment=f"{KEPT}, and for layers beyond the depth.",
        ),
        Variable(
            name="trajectory_product",
            dtype="float64",
            dims=("mode", "step"),
            long_name="end-to-end singular values along the run",
            comment=f"{KEPT}.",
        ),
        Variable(
            name="trajectory_loss",
            dtype="float64",
            dims=("step",),
            long_name="loss along the run",
            comment=f"{KEPT} of any mode.",
        ),
        Variable(
            name="trajectory_sharpness",
            dtype="float64",
            dims=("step",),
            long_name="sharpness along the run",
            comment=f"{KEPT} of any mode.",
        ),
    ),
    pair_cost=pair_cost,
    asked_by="trajectory",
    quantities=(LOSS, SHARPNESS),
)
