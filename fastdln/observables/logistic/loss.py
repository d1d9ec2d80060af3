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
            comment="t the number of steps. Of classes that are separable the loss falls like 1 / (eta t), so that this goes to a constant. NaN after divergence.",
        ),
    ),
)
