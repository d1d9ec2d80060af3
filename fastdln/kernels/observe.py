"""Observables as kernels over a span of states: one kernel each, whatever else is measured with it.

A kernel does the part that it is told: START, UPDATE over a span (states first + 1, first + 1 + every, ... of `steps`), MARK
the record's beginning, or FINISH, which writes a row of values a variable, `steps` being how many states were looked at.
"""

from __future__ import annotations

from functools import cache

from fastdln.diagonal.state import empty, multiply_up
from fastdln.errors import SweepError
from fastdln.kernels.link import Linked, rows, view
from fastdln.kernels.spans import BOUND_AT, ETA_AT, LANES, NUMBER_AT, S_AT, SPAN, STRIDE
from fastdln.models import Map
from fastdln.observables.observable import ModeObservable, PairObservable, PointObservable, Quantity, Sample, Step

START, UPDATE, MARK, FINISH = range(4)

# States that an update of one lane takes in one go, so that the accumulators stay in registers meanwhile.
TOGETHER = 2


def nothing(accumulator):
    return accumulator


def width_of(observable: ModeObservable | PointObservable, components: int = 0) -> int:
    """How many numbers the accumulator has."""
    state = (1.0,) * components
    step, sample = Step(0.0, state, state, 1.0, 1.0, 1.0, 1.0), Sample(0.0, 1.0, 1.0)
    return len(observable.start(sample if isinstance(observable, PointObservable) else step))


@cache
def of_mode(observable: ModeObservable, map_: Map, depth: int) -> Linked:
    """The kernel of an observable of single modes; without `needs` it is the same for every map and depth."""
    if observable.needs:
        kept = not (observable.source or map_.source)
        return made_for(observable.on(map_, depth), len(map_.layers(depth)), kept, map_.identity, depth)
    return of_any_mode(observable)


@cache
def of_any_mode(observable: ModeObservable) -> Linked:
    return made_for(observable, 0, not observable.source)


def made_for(made: ModeObservable, components: int, kept: bool, *identity: object) -> Linked:
    start, update, finish = made.start, made.update, made.finish
    renormalize, mark = made.renormalize or nothing, made.at_record or nothing
    (get, put), (get_state, _) = rows(width_of(made, components), STRIDE), rows(components, (SPAN + 1) * STRIDE)
    _, put_values = rows(len(made.variables), STRIDE)

    def seen_at(columns, states, products, number, before, t, lane):
        return Step(
            columns[NUMBER_AT + lane] + number,
            get_state(states, before * STRIDE + lane),
            get_state(states, t * STRIDE + lane),
            products[t * STRIDE + lane],
            columns[ETA_AT + lane],
            columns[S_AT + lane],
            columns[BOUND_AT + lane],
        )

    def observe(seen, columns, states, products, values, sizes, part, first, every, steps):
        if part == UPDATE:
            t = first + 1
            while t + (TOGETHER - 1) * every <= steps:
                for lane in range(LANES):
                    found = get(seen, lane)
                    for k in range(TOGETHER):
                        at = t + k * every
                        found = update(found, seen_at(columns, states, products, at - steps, at - 1, at, lane))
                    put(seen, lane, found)
                t += TOGETHER * every
            while t <= steps:
                for lane in range(LANES):
                    step = seen_at(columns, states, products, t - steps, t - 1, t, lane)
                    put(seen, lane, update(get(seen, lane), step))
                t += every
            for lane in range(LANES):
                put(seen, lane, renormalize(get(seen, lane)))
        elif part == START:
            for lane in range(LANES):
                put(seen, lane, start(seen_at(columns, states, products, 0, 0, 0, lane)))
        elif part == MARK:
            for lane in range(LANES):
                put(seen, lane, mark(get(seen, lane)))
        else:
            for lane in range(LANES):
                put_values(values, lane, finish(get(seen, lane), steps))

    return Linked(observe, "observe", made.name, made.source, *identity, kept=kept)


@cache
def of_network(observable: PointObservable) -> Linked:
    """The kernel of an observable of the whole network; in the place of products it is given its quantity's numbers.

    FINISH takes the last number from row `first`.
    """
    start, update, finish = observable.start, observable.update, observable.finish
    (get, put), (_, put_values) = rows(width_of(observable), STRIDE), rows(len(observable.variables), STRIDE)

    def sample_at(columns, numbers, t, steps, lane):
        number = columns[NUMBER_AT + lane] + (t - steps)
        return Sample(number, numbers[t * STRIDE + lane], columns[ETA_AT + lane])

    def observe(seen, columns, states, numbers, values, sizes, part, first, every, steps):
        if part == UPDATE:
            t = first + 1
            while t + (TOGETHER - 1) * every <= steps:
                for lane in range(LANES):
                    found = get(seen, lane)
                    for k in range(TOGETHER):
                        found = update(found, sample_at(columns, numbers, t + k * every, steps, lane))
                    put(seen, lane, found)
                t += TOGETHER * every
            while t <= steps:
                for lane in range(LANES):
                    put(seen, lane, update(get(seen, lane), sample_at(columns, numbers, t, steps, lane)))
                t += every
        elif part == START:
            for lane in range(LANES):
                put(seen, lane, start(Sample(columns[NUMBER_AT + lane], 0.0, columns[ETA_AT + lane])))
        else:
            for lane in range(LANES):
                last = Sample(columns[NUMBER_AT + lane], numbers[first * STRIDE + lane], columns[ETA_AT + lane])
                put_values(values, lane, finish(get(seen, lane), steps, last))

    return Linked(observe, "observe", observable.name, observable.source, kept=not observable.source)


@cache
def term_of(quantity: Quantity, map_: Map, depth: int) -> Linked | None:
    """The kernel that joins what a mode gives to the numbers of a quantity, or None where that has no closed form.

    With START it begins from the quantity's identity, with UPDATE from what others have given.
    """
    join, term, identity = quantity.join, quantity.term(map_, depth), quantity.identity
    if term is None:
        return None
    get_state, _ = rows(len(map_.layers(depth)) if quantity.of_state else 0, (SPAN + 1) * STRIDE)

    def measure(numbers, columns, states, products, values, sizes, part, first, every, steps):
        for t in range(first + 1, steps + 1, every):
            for lane in range(LANES):
                at = t * STRIDE + lane
                before = identity if part == START else numbers[at]
                numbers[at] = join(before, term(get_state(states, at), products[at], columns[S_AT + lane]))

    of_map = (map_.identity, depth) if quantity.of_state else ()
    kept = not (quantity.source or (quantity.of_state and map_.source))
    return Linked(measure, "measure", quantity.name, quantity.source, *of_map, kept=kept)


# What the kernels of pairs find in `sizes`: how many modes, layers, and lanes that are filled; how far in memory one mode's
# columns, states and products are from the next one's; then, by layer, the component of the state.
MODES, LAYERS, FILLED, COLUMNS_APART, STATES_APART, PRODUCTS_APART, COMPONENTS = range(7)


def unfold(network, columns, states, products, sizes, t):
    """Fills the network with the layers of all modes at state t of the span, and with the products around each."""
    modes, layers, lanes = network.layer.shape
    for mode in range(modes):
        at, column = mode * int(sizes[PRODUCTS_APART]) + t * STRIDE, mode * int(sizes[COLUMNS_APART])
        for lane in range(lanes):
            network.error[mode, lane] = products[at + lane] - columns[column + S_AT + lane]
        for layer in range(layers):
            component = int(sizes[COMPONENTS + layer])
            at = mode * int(sizes[STATES_APART]) + (component * (SPAN + 1) + t) * STRIDE
            for lane in range(lanes):
                network.layer[mode, layer, lane] = states[at + lane]
    for lane in range(lanes):
        network.eta[lane] = columns[ETA_AT + lane]
    multiply_up(network)


@cache
def look_at_modes(quantity: Quantity) -> Linked:
    """The kernel that begins a quantity's numbers from what the layers tell of each mode."""
    join, identity = quantity.mode, quantity.identity
    if join is None:
        raise SweepError(f"{quantity.name}: has no term(map, depth) and no mode(network, i, values), which modes need")

    def look(numbers, columns, states, products, values, sizes, part, first, every, steps):
        modes, layers, lanes = int(sizes[MODES]), int(sizes[LAYERS]), int(sizes[FILLED])
        network, found = empty(modes, layers, lanes), view(numbers, (SPAN + 1, STRIDE))
        for t in range(first + 1, steps + 1, every):
            for lane in range(LANES):
                found[t, lane] = identity
            unfold(network, columns, states, products, sizes, t)
            for i in range(modes):
                join(network, i, found[t, :lanes])

    return Linked(look, "look at modes", quantity.name, quantity.source, kept=not quantity.source)


@cache
def look_at_pairs(quantity: Quantity) -> Linked:
    """The kernel that joins what the layers tell of each pair of modes to a quantity's numbers."""
    join = quantity.pair
    assert join

    def look(numbers, columns, states, products, values, sizes, part, first, every, steps):
        modes, layers, lanes = int(sizes[MODES]), int(sizes[LAYERS]), int(sizes[FILLED])
        network, found = empty(modes, layers, lanes), view(numbers, (SPAN + 1, STRIDE))
        for t in range(first + 1, steps + 1, every):
            unfold(network, columns, states, products, sizes, t)
            for i in range(modes):
                for j in range(i + 1, modes):
                    join(network, i, j, found[t, :lanes])

    return Linked(look, "look at pairs", quantity.name, quantity.source, kept=not quantity.source)


@cache
def of_pairs(observable: PairObservable) -> Linked:
    """The kernel of an observable of pairs of modes, whose accumulators are (pair, row, filled lane)."""
    height, start, advance, mark = observable.rows, observable.start, observable.advance, observable.mark
    finish, (_, put_values) = observable.finish, rows(len(observable.variables), STRIDE)

    def observe(memory, columns, states, products, values, sizes, part, first, every, steps):
        modes, layers, lanes = int(sizes[MODES]), int(sizes[LAYERS]), int(sizes[FILLED])
        seen = view(memory, (modes * (modes - 1) // 2, height(layers), lanes))
        if part == FINISH:
            for lane in range(lanes):
                put_values(values, lane, finish(seen, lane, steps))
            return
        network = empty(modes, layers, lanes)
        for t in range(steps if part == UPDATE else 1):
            if part != MARK:
                unfold(network, columns, states, products, sizes, t)
            pair = 0
            for i in range(modes):
                for j in range(i + 1, modes):
                    if part == UPDATE:
                        advance(network, i, j, seen[pair])
                    elif part == START:
                        start(network, i, j, seen[pair])
                    else:
                        mark(seen[pair])
                    pair += 1

    return Linked(observe, "pairs", observable.name, observable.source, kept=not observable.source)
