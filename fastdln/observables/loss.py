"""Loss over the record: 1/2 ||W_L ... W_1 - M||_F^2 = 1/2 sum_i (pi_i - s_i)^2 on the SVS set (theory A)."""

import math

from fastdln.observables.extremes import NOTHING_SEEN, widen
from fastdln.observables.observable import PointObservable, Variable


def term(step):
    e = step.product - step.singular_value
    return 0.5 * e * e


def join(loss, term):
    return loss + term


def start():
    low, high = NOTHING_SEEN
    return 0.0, low, high, math.nan


def update(seen, loss):
    total, low, high, _ = seen
    low, high = widen(low, high, loss)
    return total + loss, low, high, loss


def finish(seen, record):
    total, low, high, last = seen
    return total / record, low, high, last


def variable(suffix, what):
    return Variable(
        name="loss" + suffix,
        dtype="float64",
        long_name=f"loss, {what}",
        comment=f"1/2 sum over modes of (pi - s)^2, {what}. NaN after divergence.",
    )


OBSERVABLE = PointObservable(
    name="loss",
    summary="mean, minimum, maximum over the record and last value of the loss",
    variables=(
        variable("", "mean over the record"),
        variable("_min", "minimum over the record"),
        variable("_max", "maximum over the record"),
        variable("_last", "at the last state"),
    ),
    term=term,
    join=join,
    start=start,
    update=update,
    finish=finish,
)
