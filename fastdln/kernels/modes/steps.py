"""Steps of a map on every lane: bare, or written to a span of states."""

from __future__ import annotations

from functools import cache

from fastdln.kernels.link import Linked, rows
from fastdln.kernels.spans import ETA_AT, LANES, NUMBER_AT, S_AT, SPAN, STATE_AT, STRIDE
from fastdln.models import Map


@cache
def advance(map_: Map, depth: int) -> Linked:
    """Kernel that takes the state of every lane `steps` steps on and writes nothing else."""
    step, (get, put) = map_.step(depth), rows(map_.size(depth), STRIDE)

    def advance(accumulators, columns, states, products, values, sizes, part, first, every, steps):
        for _ in range(steps):
            for lane in range(LANES):
                state = get(columns, STATE_AT + lane)
                put(columns, STATE_AT + lane, step(state, columns[ETA_AT + lane], columns[S_AT + lane]))
        for lane in range(LANES):
            columns[NUMBER_AT + lane] += steps

    return Linked(advance, "advance", map_.identity, depth, kept=not map_.source)


@cache
def trace(map_: Map, depth: int) -> Linked:
    """Kernel that takes the same steps and writes the states and products on the way, those before the first step included."""
    step, product, components = map_.step(depth), map_.product(depth), map_.size(depth)
    (get, put), (get_state, put_state) = rows(components, STRIDE), rows(components, (SPAN + 1) * STRIDE)

    def trace(accumulators, columns, states, products, values, sizes, part, first, every, steps):
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
