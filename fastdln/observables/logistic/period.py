"""Period of the loss."""

from fastdln.observables import of_descents

OBSERVABLE = of_descents.period(
    of="the loss",
    comment="Over the last min(record, 4 period_max) states, to 1e-9 of the largest loss there.",
)
