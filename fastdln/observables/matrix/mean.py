"""Mean over the record, and the last value, of a quantity that not every state has."""

import math

from fastdln.observables.observable import Variable


def start(sample):
    return 0.0, 0.0


def update(accumulator, sample):
    total, count = accumulator
    there = sample.value == sample.value  # not NaN
    return total + (sample.value if there else 0.0), count + (1.0 if there else 0.0)


def finish(accumulator, samples, last):
    total, count = accumulator
    return (total / count if count > 0.0 else math.nan), last.value


def variables(name, long_name, comment):
    """The two variables of a quantity."""
    parts = (("", "mean over the record"), ("_last", "at the last state"))
    return tuple(
        Variable(
            name=name + suffix,
            dtype="float64",
            long_name=f"{long_name}, {what}",
            comment=f"{comment} At every sharpness_every-th recorded state, the last one included: {what}. NaN after divergence.",
        )
        for suffix, what in parts
    )
