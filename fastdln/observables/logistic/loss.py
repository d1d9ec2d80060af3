"""Loss over the record and at its end."""

from fastdln.observables import of_descents
from fastdln.observables.observable import Variable

OBSERVABLE = of_descents.loss(
    summary="mean loss, its range, and its decay",
    further=(
        Variable(
            name="loss_time",
            dtype="float64",
            long_name="loss at the last state times eta t",
            comment="t the number of steps. Of classes that are separable it goes to 1 / gamma^2, gamma the margin, at any eta: how near it is depends on gamma^2 eta t, "
            "and on how much farther than the nearest the other examples are. NaN after divergence.",
        ),
    ),
)
