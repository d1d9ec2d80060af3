"""Sharpness: the largest eigenvalue of the Hessian, exact from its blocks (theory B)."""

import math

from fastdln.diagonal.eigenvalue import bare_steps
from fastdln.diagonal.hessian import raise_to_mode_block, raise_to_pair_block
from fastdln.observables.observable import PointObservable, Quantity, Variable
from fastdln.observables.series import finish as finish_series
from fastdln.observables.series import start, update, variables


def term(map_, depth):
    if map_.curvature is None:
        return None
    curvature = map_.curvature(depth)

    def of_mode(state, product, s):
        return curvature(state, s)

    return of_mode


def pair_cost(depth):
    return bare_steps(2 * depth)


def larger(x, y):
    return x if x > y else y


def largest(network, values):
    for lane in range(len(values)):
        values[lane] = network.eigenvalues[0, lane]


SHARPNESS = Quantity(
    name="sharpness",
    join=larger,
    identity=-math.inf,
    term=term,
    of_state=True,
    mode=raise_to_mode_block,
    pair=raise_to_pair_block,
    measure=largest,
    needs_eigenvalues=True,
)


RATIO = Variable(
    name="sharpness_ratio",
    dtype="float64",
    long_name="sharpness over the edge of stability 2/eta, mean over the record",
    comment="eta sharpness / 2, 1 at the edge without momentum; 1 + mu is the heavy ball's, (1 + mu) / (1 + 2 mu) Nesterov's. NaN after divergence.",
)


def finish(accumulator, count, last):
    mean, low, high, at_end = finish_series(accumulator, count, last)
    ratio = 0.5 * last.eta * mean if last.eta > 0.0 else 0.0  # also of a sharpness beyond float64's range
    return mean, low, high, at_end, ratio


OBSERVABLE = PointObservable(
    name="sharpness",
    summary="largest Hessian eigenvalue over the record, and its ratio to 2/eta",
    variables=(
        *variables(
            "sharpness",
            "sharpness",
            "Largest eigenvalue of the Hessian, exact from its blocks of single modes and of pairs, at every sharpness_every-th "
            "recorded state, the last one included",
        ),
        RATIO,
    ),
    sampled=True,
    pair_cost=pair_cost,
    quantity=SHARPNESS,
    start=start,
    update=update,
    finish=finish,
)
