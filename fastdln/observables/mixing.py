"""Mixing: growth of off-diagonal deviations, from one mode into another (theory C, last part)."""

import itertools
import math

import numpy as np

from fastdln.diagonal.mixing import bare_steps, remove_gauge, step_pair
from fastdln.observables.growth import LOG_UNIT, rate, rescaling
from fastdln.observables.observable import LEAD, PairObservable, Variable


def rows(layers):
    """A deviation has two entries a layer; then the units taken out of it, and its logarithm at the mark."""
    return 2 * layers + 2


def start(network, i, j, rows):
    """A deviation in no direction in particular, the same for every pair."""
    entries, lanes = len(rows) - 2, rows.shape[1]
    for row in range(entries):
        for lane in range(lanes):
            rows[row, lane] = math.cos(1.0 + row)
    for lane in range(lanes):
        rows[entries, lane] = 0.0
    remove_gauge(network, i, j, rows[:entries])


def advance(network, i, j, rows):
    """One step from the network's state. Gauge directions go into gauge directions, so that those of the state before the
    step may be taken out."""
    entries, lanes = len(rows) - 2, rows.shape[1]
    deviation = rows[:entries]
    remove_gauge(network, i, j, deviation)
    step_pair(network, i, j, deviation)
    length = np.zeros(lanes)
    for row in range(entries):
        for lane in range(lanes):
            length[lane] += abs(deviation[row, lane])
    for lane in range(lanes):
        length[lane], taken = rescaling(length[lane])
        rows[entries, lane] += taken
    for row in range(entries):
        for lane in range(lanes):
            deviation[row, lane] *= length[lane]


def log_length(rows, lane):
    entries, squares = len(rows) - 2, 0.0
    for row in range(entries):
        squares += rows[row, lane] * rows[row, lane]
    return 0.5 * np.log(squares) + LOG_UNIT * rows[entries, lane]


def mark(rows):
    entries, lanes = len(rows) - 2, rows.shape[1]
    for lane in range(lanes):
        rows[entries + 1, lane] = log_length(rows, lane)


# A minimum is neutral along its valley; what rounding makes of that over a record has no sign to be read.
NEUTRAL = 1e-9


def finish(pairs, lane, steps):
    """(exponent, number of the pair) of the pair that grows fastest, of arrays (pair, row, lane)."""
    fastest, found = math.nan, -1.0
    for pair in range(len(pairs)):
        rows = pairs[pair]
        before = rows[len(rows) - 1, lane]
        growth = log_length(rows, lane) - before if before > -math.inf else -math.inf
        exponent = 0.0 if abs(growth) < NEUTRAL else rate(growth, steps)
        if found < 0.0 or exponent > fastest:
            fastest, found = exponent, float(pair)
    return fastest, found


# 24 modes make 276 pairs, whose names take 2 kB of the metadata that every reader loads; those of 256 modes take 300 kB.
MOST_NAMED = 24


class PairNumber(Variable):
    """The number of a pair of modes."""

    def flags_for(self, modes):
        """The pair's modes, counted from 1; nothing where there are too many."""
        if modes > MOST_NAMED:
            return {}
        pairs = itertools.combinations(range(1, modes + 1), 2)
        return {-1: "none", **{number: f"{i}-{j}" for number, (i, j) in enumerate(pairs)}}


OBSERVABLE = PairObservable(
    name="mixing",
    summary="growth of off-diagonal deviations: where the modes stop being a network's",
    variables=(
        Variable(
            name="mixing_exponent",
            dtype="float64",
            long_name="mixing exponent, largest log-rate of off-diagonal deviations",
            comment="Per step, of full-matrix gradient descent linearized about the diagonal orbit, over pairs of modes; above 0 "
            "the network leaves the orbit. Turning the spaces between layers, which changes nothing, does not count. A deviation "
            f"is followed from {LEAD} steps before the record on, if steps has as many, and its growth taken over every step of "
            f"the record, whatever sharpness_every is; 0 where it is less than {NEUTRAL:g} in all. NaN after divergence and for "
            "a single mode.",
        ),
        PairNumber(
            name="mixing_pair",
            dtype="int16",
            long_name="pair of modes that mixes fastest",
            comment="Number, from 0, of the pair in the order 1-2, 1-3, ..., 1-d, 2-3, ..., modes counted from 1; flag_meanings "
            f"names them where there are at most {MOST_NAMED} modes. -1 after divergence and for a single mode.",
            lost=-1,
        ),
    ),
    pair_cost=bare_steps,
    rows=rows,
    start=start,
    advance=advance,
    mark=mark,
    finish=finish,
)
