"""Oscillation range: how far the end-to-end singular value swings (arXiv 2502.20531, figure 3)."""

from fastdln.observables.extremes import NO_EXTREMES, widen
from fastdln.observables.observable import ModeObservable, Variable


def start(step):
    return NO_EXTREMES


def update(extremes, step):
    low, high = extremes
    return widen(low, high, step.product)


def finish(extremes, record):
    low, high = extremes
    return (high - low,)


OBSERVABLE = ModeObservable(
    name="oscillation_range",
    summary="maximum minus minimum of each mode over the record",
    shared=True,
    variables=(
        Variable(
            name="oscillation_range",
            dtype="float64",
            dims=("mode",),
            long_name="oscillation range of the end-to-end singular value",
            comment="Maximum minus minimum over the record. NaN after divergence.",
        ),
    ),
    start=start,
    update=update,
    finish=finish,
)
