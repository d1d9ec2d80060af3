"""Observables as kernels over a span of states: one kernel each, the same whatever else is measured with it.

A kernel does the part that it is told: START its accumulators, UPDATE them over the states first + 1, first + 1 + every, ... of
the span's `steps`, mark the beginning of the record (AT_RECORD), or FINISH, which writes a row of values a variable, `steps`
being the number of states that were looked at.
"""

from __future__ import annotations

from functools import cache

from fastdln.kernels.link import Linked, rows
from fastdln.kernels.spans import BOUND_AT, ETA_AT, LANES, NUMBER_AT, S_AT, SPAN, STRIDE
from fastdln.models import Map
from fastdln.observables.observable import ModeObservable, PointObservable, Sample, Step

START, UPDATE, AT_RECORD, FINISH = range(4)

# States by which one lane is updated at a time, so that the accumulators stay in registers meanwhile.
AT_A_TIME = 2


def unchanged(accumulator):
    return accumulator


def width_of(observable: ModeObservable | PointObservable, components: int = 0) -> int:
    """Count the numbers of the accumulator."""
    state = (1.0,) * components
    step, sample = Step(0.0, state, state, 1.0, 1.0, 1.0, 1.0), Sample(0.0, 1.0, 1.0)
    return len(observable.start(sample if isinstance(observable, PointObservable) else step))


@cache
def of_mode(observable: ModeObservable, map_: Map, depth: int) -> Linked:
    """Kernel of an observable of single modes; without `needs` it is the same for every map and depth."""
    if observable.needs:
        kept = not (observable.source or map_.source)
        return made_for(observable.on(map_, depth), map_.size(depth), kept, map_.identity, depth)
    return of_any_mode(observable)


@cache
def of_any_mode(observable: ModeObservable) -> Linked:
    """Kernel of an observable that looks at no more of a mode than its products."""
    return made_for(observable, 0, not observable.source)


def made_for(made: ModeObservable, components: int, kept: bool, *identity: object) -> Linked:
    """Kernel of an observable whose `needs` are filled in, for states of so many components."""
    start, update, finish = made.start, made.update, made.finish
    renormalize, at_record = made.renormalize or unchanged, made.at_record or unchanged
    (get, put), (get_state, _) = rows(width_of(made, components), STRIDE), rows(components, (SPAN + 1) * STRIDE)
    _, put_values = rows(len(made.variables), STRIDE)

    def step_at(columns, states, products, number, before, t, lane):
        return Step(
            columns[NUMBER_AT + lane] + number,
            get_state(states, before * STRIDE + lane),
            get_state(states, t * STRIDE + lane),
            products[t * STRIDE + lane],
            columns[ETA_AT + lane],
            columns[S_AT + lane],
            columns[BOUND_AT + lane],
        )

    def observe(accumulators, columns, states, products, values, sizes, part, first, every, steps):
        if part == UPDATE:
            t = first + 1
            while t + (AT_A_TIME - 1) * every <= steps:
                for lane in range(LANES):
                    accumulator = get(accumulators, lane)
                    for k in range(AT_A_TIME):
                        at = t + k * every
                        step = step_at(columns, states, products, at - steps, at - 1, at, lane)
                        accumulator = update(accumulator, step)
                    put(accumulators, lane, accumulator)
                t += AT_A_TIME * every
            while t <= steps:
                for lane in range(LANES):
                    step = step_at(columns, states, products, t - steps, t - 1, t, lane)
                    put(accumulators, lane, update(get(accumulators, lane), step))
                t += every
            for lane in range(LANES):
                put(accumulators, lane, renormalize(get(accumulators, lane)))
        elif part == START:
            for lane in range(LANES):
                put(accumulators, lane, start(step_at(columns, states, products, 0, 0, 0, lane)))
        elif part == AT_RECORD:
            for lane in range(LANES):
                put(accumulators, lane, at_record(get(accumulators, lane)))
        else:
            for lane in range(LANES):
                put_values(values, lane, finish(get(accumulators, lane), steps))

    return Linked(observe, "observe", made.name, made.source, *identity, kept=kept)


@cache
def of_network(observable: PointObservable) -> Linked:
    """Kernel of an observable of the whole network, which is given its quantity's numbers (SPAN + 1 states, lane) as products.

    FINISH takes the last number from row `first`.
    """
    start, update, finish = observable.start, observable.update, observable.finish
    (get, put), (_, put_values) = rows(width_of(observable), STRIDE), rows(len(observable.variables), STRIDE)

    def sample_at(columns, numbers, t, steps, lane):
        number = columns[NUMBER_AT + lane] + (t - steps)
        return Sample(number, numbers[t * STRIDE + lane], columns[ETA_AT + lane])

    def observe(accumulators, columns, states, numbers, values, sizes, part, first, every, steps):
        if part == UPDATE:
            t = first + 1
            while t + (AT_A_TIME - 1) * every <= steps:
                for lane in range(LANES):
                    accumulator = get(accumulators, lane)
                    for k in range(AT_A_TIME):
                        accumulator = update(accumulator, sample_at(columns, numbers, t + k * every, steps, lane))
                    put(accumulators, lane, accumulator)
                t += AT_A_TIME * every
            while t <= steps:
                for lane in range(LANES):
                    sample = sample_at(columns, numbers, t, steps, lane)
                    put(accumulators, lane, update(get(accumulators, lane), sample))
                t += every
        elif part == START:
            for lane in range(LANES):
                put(accumulators, lane, start(Sample(columns[NUMBER_AT + lane], 0.0, columns[ETA_AT + lane])))
        else:
            for lane in range(LANES):
                last = Sample(columns[NUMBER_AT + lane], numbers[first * STRIDE + lane], columns[ETA_AT + lane])
                put_values(values, lane, finish(get(accumulators, lane), steps, last))

    return Linked(observe, "observe", observable.name, observable.source, kept=not observable.source)
