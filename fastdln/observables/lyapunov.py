"""Largest Lyapunov exponent of each mode: mean log growth of small deviations over the record."""

import math

import numpy as np

from fastdln.models.tuples import absolute_sum, dot, part, scale
from fastdln.observables.growth import FLOOR, LOG_UNIT, rate, rescaling
from fastdln.observables.observable import LEAD, ModeObservable, Variable


def start(size, tangent):
    """A vector in no direction in particular, and the units taken out of it."""
    vector = tuple(math.cos(1.0 + component) for component in range(size))
    return lambda step: vector + (0.0,)


def update(size, tangent):
    vector = part(size)

    def update(accumulator, step):
        return tangent(step.before, vector(accumulator), step.eta, step.singular_value) + (accumulator[size],)

    return update


def renormalize(size, tangent):
    vector, length, times = part(size), absolute_sum(size), scale(size)

    def renormalize(accumulator):
        v = vector(accumulator)
        factor, taken = rescaling(length(v))
        return times(v, factor) + (accumulator[size] + taken,)

    return renormalize


def at_record(size, tangent):
    """The vector has turned into the fastest direction by now; from here on its length counts."""
    vector, inner, times = part(size), dot(size), scale(size)

    def at_record(accumulator):
        v = vector(accumulator)
        squares = inner(v, v)
        return times(v, 1.0 / math.sqrt(squares) if squares > 0.0 else 0.0) + (0.0,)

    return at_record


def finish(size, tangent):
    vector, inner = part(size), dot(size)

    def finish(accumulator, record):
        v = vector(accumulator)
        return (rate(0.5 * np.log(inner(v, v)) + LOG_UNIT * accumulator[size], record),)

    return finish


OBSERVABLE = ModeObservable(
    name="lyapunov",
    summary="largest Lyapunov exponent of each mode",
    variables=(
        Variable(
            name="lyapunov",
            dtype="float64",
            dims=("mode",),
            long_name="largest Lyapunov exponent",
            rate=True,
            comment="Per step, of the state that the model carries, velocities included where there is momentum: the stretching of a tangent vector over the record, after "
            f"{LEAD} or more steps in which it turns into the fastest direction, if steps has as many; where the orbit is periodic, over whole periods. "
            f"{FLOOR:.2f} (log 2^-52) where it is less, as on a superstable orbit. NaN after divergence.",
        ),
    ),
    needs=("size", "tangent"),
    start=start,
    update=update,
    finish=finish,
    renormalize=renormalize,
    at_record=at_record,
    leads=True,
)
