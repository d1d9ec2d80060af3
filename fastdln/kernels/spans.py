"""A span of states of one mode, many points side by side: how it is written."""

from __future__ import annotations

from functools import cache

from fastdln.kernels.link import Linked, rows
from fastdln.models import Map
from fastdln.observables.observable import RENORMALIZE_EVERY

# Points side by side: a row is eight 512-bit vectors, enough independent chains to hide the latency of a step.
LANES = 64

# Floats from the beginning of one row to that of the next. Without the 8 between them every eighth row would lie 4 KB
# from the first, and the processor takes a load from one for the store to the other until it knows better.
STRIDE = LANES + 8

# States that are written at a time: what is measured of them is still in the L1 cache, and growing numbers are renormalized
# once a span, see observables/growth.py.
SPAN = RENORMALIZE_EVERY

# Rows of a mode's columns: learning rate, singular value, divergence bound, number of the state, then the state itself,
# then the accumulators of what is measured of the mode.
ETA, SINGULAR_VALUE, BOUND, NUMBER, STATE = range(5)
ETA_AT, S_AT, BOUND_AT, NUMBER_AT, STATE_AT = (row * STRIDE for row in range(5))

# Every kernel that `program.run` calls takes the same: accumulators, columns, states (component, SPAN + 1 states, lane),
# products (SPAN + 1 states, lane), where values go, and sizes; then what part it does, and with which of the `steps` states.


@cache
def advance(map_: Map, depth: int) -> Linked:
    """Kernel that takes the state of every lane `steps` bare steps on."""
    step, (get, put) = map_.step(depth), rows(len(map_.layers(depth)), STRIDE)

    def advance(seen, columns, states, products, values, sizes, part, first, every, steps):
        for _ in range(steps):
            for lane in range(LANES):
                state = get(columns, STATE_AT + lane)
                put(columns, STATE_AT + lane, step(state, columns[ETA_AT + lane], columns[S_AT + lane]))
        for lane in range(LANES):
            columns[NUMBER_AT + lane] += steps

    return Linked(advance, "advance", map_.identity, depth, kept=not map_.source)


@cache
def trace(map_: Map, depth: int) -> Linked:
    """Kernel that does the same and writes the states and products on the way, those before the steps first."""
    step, product, components = map_.step(depth), map_.product(depth), len(map_.layers(depth))
    (get, put), (get_state, put_state) = rows(components, STRIDE), rows(components, (SPAN + 1) * STRIDE)

    def trace(seen, columns, states, products, values, sizes, part, first, every, steps):
        for lane in range(LANES):
            put_state(states, lane, get(columns, STATE_AT + lane))
        for t in range(steps):
            for lane in range(LANES):
                state = get_state(states, t * STRIDE + lane)
                products[t * STRIDE + lane] = product(state)
                after = step(state, columns[ETA_AT + lane], columns[S_AT + lane])
                put_state(states, (t + 1) * STRIDE + lane, after)
        for lane in range(LANES):
            state = get_state(states, steps * STRIDE + lane)
            products[steps * STRIDE + lane] = product(state)
            put(columns, STATE_AT + lane, state)
            columns[NUMBER_AT + lane] += steps

    return Linked(trace, "trace", map_.identity, depth, kept=not map_.source)
