"""Loss over the record and at its end."""

from fastdln.observables import of_descents

OBSERVABLE = of_descents.loss(
    summary="mean loss, its range, and the last",
    comment="Half the sum of the squared errors of all examples. NaN after divergence.",
)
