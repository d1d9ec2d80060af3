"""The largest alignment error over the record."""

import math

from fastdln.observables.observable import PointObservable, Quantity, Variable

ALIGNMENT_ERROR = Quantity(name="alignment_error", join=max, identity=0.0, term=lambda map_, depth: None)


def start(sample):
    return (-math.inf,)


def update(largest, sample):
    # not-a-number, where the target is 0, is larger than nothing, and stays
    return (largest[0] if sample.value <= largest[0] else sample.value,)


def finish(largest, count, last):
    return largest


OBSERVABLE = PointObservable(
    name="alignment_error_max",
    summary="the largest alignment error over the record",
    variables=(
        Variable(
            name="alignment_error_max",
            dtype="float64",
            long_name="part of the product off the diagonal in the target's singular bases, maximum over the record",
            comment="See alignment_error. NaN after divergence.",
        ),
    ),
    brings=("alignment_error",),
    quantity=ALIGNMENT_ERROR,
    start=start,
    update=update,
    finish=finish,
)
