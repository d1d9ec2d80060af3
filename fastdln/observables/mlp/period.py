"""Period of the weights."""

from fastdln.observables import of_descents

OBSERVABLE = of_descents.period(
    of="the weights",
    comment="Of a fixed combination of all weights, over the last min(record, 4 period_max) states.",
)
