"""The descent itself: every k-th state from the start on."""

from fastdln.observables import of_descents
from fastdln.observables.of_descents import along_run

OBSERVABLE = of_descents.trajectory(
    summary="loss, sharpness, norm and angle of every k-th state",
    further=(
        along_run("norm", "norm of the weights"),
        along_run("angle", "angle to the max-margin direction", units="radian"),
    ),
)
