"""Balancing: how the squares of a mode's layers approach each other, by the exact product law (theory C)."""

import math

import numpy as np

from fastdln.models.tuples import largest, map_each, multiply, part, scale
from fastdln.observables import balancing_with_momentum as with_momentum
from fastdln.observables.growth import FLOOR, LOG_UNIT, rate, rescaling
from fastdln.observables.observable import ModeObservable, Variable
from fastdln.observables.otherwise import Otherwise

# `since` before a gap first moves; then the first state from which it shrinks, negative while it grows.
UNMOVED = -0.5


def shrink(q):
    """What a step makes of a gap; with a fused multiplication exact but for one rounding."""
    return abs(1.0 - q * q)


def start(components, gaps, ratios):
    """The accumulator: the gaps (1 each where all are 0, as in the balanced model), units taken out, whether there is a gap (0 or 1),
    `since`, and the logarithm where the record begins."""
    count = max(1, max(components))
    sizes, top = map_each(abs, count), largest(count)

    def start(step):
        found = sizes(gaps(step.state))
        any_gap = 1.0 if top(found) > 0.0 else 0.0
        return map_each_or_one(found, any_gap) + (0.0, any_gap, UNMOVED, 0.0)

    map_each_or_one = or_one(count)
    return start


def or_one(count, index=0):
    """Function (gaps, any_gap) -> the gaps, or ones where there is no gap at all."""
    if count == 0:
        return lambda found, any_gap: ()
    rest = or_one(count - 1, index + 1)

    def gaps_or_one(found, any_gap):
        return (found[index] if any_gap > 0.0 else 1.0,) + rest(found, any_gap)

    return gaps_or_one


def update(components, gaps, ratios):
    count = max(1, max(components))
    sizes, top, shrunk, product = part(count), largest(count), map_each(shrink, count), multiply(count)

    def update(accumulator, step):
        before = sizes(accumulator)
        units, any_gap, since, log_before = (
            accumulator[count],
            accumulator[count + 1],
            accumulator[count + 2],
            accumulator[count + 3],
        )
        after = product(before, shrunk(ratios(step.before, step.eta, step.singular_value)))
        old, new = top(before), top(after)
        since = abs(since) if new < old else since
        since = -step.number if new > old else since
        return after + (units, any_gap, since, log_before)

    return update


def renormalize(components, gaps, ratios):
    count = max(1, max(components))
    sizes, top, times = part(count), largest(count), scale(count)

    def renormalize(accumulator):
        units, any_gap, since, log_before = (
            accumulator[count],
            accumulator[count + 1],
            accumulator[count + 2],
            accumulator[count + 3],
        )
        factor, taken = rescaling(top(accumulator))
        return times(sizes(accumulator), factor) + (units + taken, any_gap, since, log_before)

    return renormalize


def at_record(components, gaps, ratios):
    count = max(1, max(components))
    sizes, top = part(count), largest(count)

    def at_record(accumulator):
        units, any_gap, since = accumulator[count], accumulator[count + 1], accumulator[count + 2]
        return sizes(accumulator) + (units, any_gap, since, np.log(top(accumulator)) + LOG_UNIT * units)

    return at_record


def finish(components, gaps, ratios):
    count = max(1, max(components))
    top = largest(count)

    def finish(accumulator, record):
        units, any_gap, since, log_before = (
            accumulator[count],
            accumulator[count + 1],
            accumulator[count + 2],
            accumulator[count + 3],
        )
        log_after = np.log(top(accumulator)) + LOG_UNIT * units
        log_gap = log_after if any_gap > 0.0 else -math.inf
        # a step with q = 1 leaves no gap at all, and so nothing that could shrink after it
        grown = log_after - log_before if top(accumulator) > 0.0 else -math.inf
        return (
            np.exp(log_gap),
            log_gap / math.log(10),
            rate(grown, record),
            math.floor(max(since, -1.0)),
        )

    return finish


OBSERVABLE = ModeObservable(
    name="balancing",
    summary="gap between the squares of the layers, its rate, and since when it shrinks",
    variables=(
        Variable(
            name="balancing_gap",
            dtype="float64",
            dims=("mode",),
            long_name="balancing gap, largest abs(w_L^2 - w_l^2) over layers",
            comment="At the last state, by the product law (w_L^2 - w_l^2)' = (w_L^2 - w_l^2) (1 - q^2), q = eta (pi - s) pi / "
            "(w_L w_l), from the first step on; with momentum by the recursions of w_L + w_l and w_L - w_l. 0 below 1e-308 and for a balanced start. NaN after divergence.",
        ),
        Variable(
            name="balancing_gap_log10",
            dtype="float64",
            dims=("mode",),
            long_name="logarithm to base 10 of the balancing gap",
            comment="Beyond the range of balancing_gap as well; -inf where there is no gap, as from a balanced start. NaN after divergence.",
        ),
        Variable(
            name="balancing_exponent",
            dtype="float64",
            dims=("mode",),
            long_name="balancing exponent, mean log-rate of the balancing gap",
            rate=True,
            comment="Per step, over the record, or whole periods where the orbit is periodic; from a balanced start that of the factor 1 - q^2. "
            f"{FLOOR:.2f} (log 2^-52) where it is less. NaN after divergence.",
        ),
        Variable(
            name="balancing_monotone_from",
            dtype="int64",
            dims=("mode",),
            long_name="first state from which the balancing gap shrinks at every step",
            units="steps",
            comment="State 0 is the start. -1 if it grows at the last step, and where it never moves. Standing still to within "
            "rounding counts as shrinking. -1 after divergence.",
            lost=-1,
        ),
    ),
    needs=("components", "gaps", "ratios"),
    otherwise=Otherwise(
        needs=("size", "parting"),
        start=with_momentum.start,
        update=with_momentum.update,
        finish=with_momentum.finish,
        renormalize=with_momentum.renormalize,
        at_record=with_momentum.at_record,
    ),
    start=start,
    update=update,
    finish=finish,
    renormalize=renormalize,
    at_record=at_record,
    whole_run=True,
    settles=False,
)
