"""Balancing with momentum, by the sums and differences of a mode's layers, which obey linear recursions (theory C).

With h = eta (pi - s) pi / (w_L w_l) where the gradient is taken, p = w_L + w_l and q = w_L - w_l go from step to step as

    p' = (1 - h) p + mu v_p,   q' = (1 + h) q + mu v_q      (heavy ball; v' = p' - p, and likewise of q)
    p' = (1 - h) (p + mu v_p), q' = (1 + h) (q + mu v_q)    (Nesterov)

and the gap is p q. Nothing is subtracted from what is nearly the same, so that it is exact far below the rounding of the layers.
"""

import math

import numpy as np

from fastdln.models.tuples import largest, part
from fastdln.observables.growth import LOG_UNIT, rate, rescaling

# Numbers of a gap: p, v_p, q, v_q, and the units taken out of them.
P, VP, Q, VQ, UNITS = range(5)
NUMBERS = 5

# `since` before a gap first moves.
UNMOVED = -0.5


def each_gap(function, count, index=0):
    """Function u -> the numbers function(numbers of a gap), of all gaps one after another."""
    own = part(NUMBERS, NUMBERS * index)
    if count == 1:
        return lambda u: function(own(u))
    rest = each_gap(function, count - 1, index + 1)

    def all_gaps(u):
        return function(own(u)) + rest(u)

    return all_gaps


def log_gaps(count, index=0):
    """Function u -> the logarithm of each gap."""
    own = part(NUMBERS, NUMBERS * index)

    def log_gap(u):
        gap = own(u)
        return (np.log(abs(gap[P])) + np.log(abs(gap[Q])) + LOG_UNIT * gap[UNITS],)

    if count == 1:
        return log_gap
    rest = log_gaps(count - 1, index + 1)

    def log_of_all(u):
        return log_gap(u) + rest(u)

    return log_of_all


def highest(count, index=0):
    """Function u -> the largest component."""
    if count == 1:
        return lambda u: u[index]
    rest = highest(count - 1, index + 1)

    def highest_of(u):
        here, found = u[index], rest(u)
        return here if here > found else found

    return highest_of


def gap_count(size):
    """How many gaps a state of layers, velocities and mu has: layers that differ from the last one, or one with itself."""
    return max(1, (size - 1) // 2 - 1)


def start(size, parting):
    """The accumulator: numbers of each gap, whether there is any (0 or 1), `since`, and the logarithm where the record begins."""
    count, (begin, _) = gap_count(size), parting
    numbers, top = part(NUMBERS * count), largest(count)

    def one_where_none(gap):
        return (gap[P], 0.0, 1.0, 0.0, 0.0)

    ones, differences = each_gap(one_where_none, count), each_difference(count)

    def start(step):
        found = begin(step.state)
        any_gap = 1.0 if top(differences(found)) > 0.0 else 0.0
        return numbers(found if any_gap > 0.0 else ones(found)) + (any_gap, UNMOVED, 0.0)

    return start


def each_difference(count, index=0):
    """Function u -> p q of each gap."""
    own = part(NUMBERS, NUMBERS * index)

    def product(u):
        gap = own(u)
        return (gap[P] * gap[Q],)

    if count == 1:
        return product
    rest = each_difference(count - 1, index + 1)

    def products(u):
        return product(u) + rest(u)

    return products


def update(size, parting):
    count, (_, move) = gap_count(size), parting
    at, logs, top = NUMBERS * count, log_gaps(count), highest(count)

    def update(accumulator, step):
        any_gap, since, log_before = accumulator[at], accumulator[at + 1], accumulator[at + 2]
        after = move(accumulator, step.before, step.eta, step.singular_value)
        old, new = top(logs(accumulator)), top(logs(after))
        since = abs(since) if new < old else since
        since = -step.number if new > old else since
        return after + (any_gap, since, log_before)

    return update


def rescaled(gap):
    """The numbers of a gap with units taken out of its sum and of its difference, each with its velocity."""
    of_sum, taken = rescaling(max(abs(gap[P]), abs(gap[VP])))
    of_difference, more = rescaling(max(abs(gap[Q]), abs(gap[VQ])))
    return (
        of_sum * gap[P],
        of_sum * gap[VP],
        of_difference * gap[Q],
        of_difference * gap[VQ],
        gap[UNITS] + taken + more,
    )


def renormalize(size, parting):
    count = gap_count(size)
    at, all_rescaled = NUMBERS * count, each_gap(rescaled, count)

    def renormalize(accumulator):
        return all_rescaled(accumulator) + (accumulator[at], accumulator[at + 1], accumulator[at + 2])

    return renormalize


def at_record(size, parting):
    count = gap_count(size)
    at, numbers, logs, top = NUMBERS * count, part(NUMBERS * count), log_gaps(count), highest(count)

    def at_record(accumulator):
        return numbers(accumulator) + (accumulator[at], accumulator[at + 1], top(logs(accumulator)))

    return at_record


def finish(size, parting):
    count = gap_count(size)
    at, logs, top = NUMBERS * count, log_gaps(count), highest(count)

    def finish(accumulator, record):
        any_gap, since, log_before = accumulator[at], accumulator[at + 1], accumulator[at + 2]
        log_after = top(logs(accumulator))
        log_gap = log_after if any_gap > 0.0 else -math.inf
        grown = log_after - log_before if log_after > -math.inf else -math.inf
        return (np.exp(log_gap), log_gap / math.log(10), rate(grown, record), math.floor(max(since, -1.0)))

    return finish
