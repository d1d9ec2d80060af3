"""The largest alignment error over the record."""

import math

from fastdln.observables.observable import PointObservable, Quantity, Variable


def off_diagonal(network, values):
    """Frobenius norm of what is off the diagonal, over that of the target."""
    rows, columns, lanes = network.rotated.shape
    for i in range(rows):
        for j in range(columns):
            if i != j:
                for lane in range(lanes):
                    values[lane] += network.rotated[i, j, lane] * network.rotated[i, j, lane]
    for lane in range(lanes):
        square = 0.0
        for mode in range(len(network.singular_values)):
            square += network.singular_values[mode, lane] ** 2
        ratio = values[lane] / square if square > 0.0 else math.nan
        values[lane] = math.inf if math.isnan(values[lane]) and square > 0.0 else math.sqrt(ratio)


ALIGNMENT_ERROR = Quantity(name="alignment_error", measure=off_diagonal)


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
