"""The descent itself: every k-th state from the start on."""

from fastdln.observables.observable import SimulatedObservable, Variable

KEPT = "Every k-th state from the start on, k the sweep's `trajectory`; `step` is the state's number. NaN from divergence on."

OBSERVABLE = SimulatedObservable(
    name="trajectory",
    summary="loss and sharpness of every k-th state",
    variables=(
        Variable(
            name="trajectory_loss",
            dtype="float64",
            dims=("step",),
            long_name="loss along the run",
            comment=KEPT,
        ),
        Variable(
            name="trajectory_sharpness",
            dtype="float64",
            dims=("step",),
            long_name="sharpness along the run",
            comment=KEPT,
        ),
    ),
    asked_by="trajectory",
)
