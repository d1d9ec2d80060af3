"""Mean, minimum, maximum and last value of a quantity over the record."""

from fastdln.observables.extremes import NO_EXTREMES, widen
from fastdln.observables.observable import Variable


def start(sample):
    return (0.0,) + NO_EXTREMES


def update(accumulator, sample):
    total, low, high = accumulator
    low, high = widen(low, high, sample.value)
    return total + sample.value, low, high


def finish(accumulator, count, last):
    total, low, high = accumulator
    mean = total / count
    # rounding may carry the mean of equal values past them
    mean = low if mean < low else mean
    return (high if mean > high else mean), low, high, last.value


def variables(name, long_name, comment):
    """The four variables of a quantity."""
    parts = {
        "": "mean over the record",
        "_min": "minimum over the record",
        "_max": "maximum over the record",
        "_last": "at the last state",
    }
    return tuple(
        Variable(
            name=name + suffix,
            dtype="float64",
            long_name=f"{long_name}, {what}",
            comment=f"{comment}, {what}. NaN after divergence.",
        )
        for suffix, what in parts.items()
    )
