"""Pairs of modes: the layers of all modes at one state, and the observables that are carried along with each pair."""

from __future__ import annotations

from functools import cache

from fastdln.diagonal.state import empty_network, fill_products
from fastdln.kernels.link import Linked, rows, view
from fastdln.kernels.observe import AT_RECORD, FINISH, START, UPDATE
from fastdln.kernels.spans import (
    COLUMNS_APART,
    COMPONENTS,
    ETA_AT,
    FILLED,
    LAYERS,
    MODES,
    PRODUCTS_APART,
    S_AT,
    SPAN,
    STATES_APART,
    STRIDE,
)
from fastdln.observables.observable import PairObservable


def unfold(network, columns, states, products, sizes, t):
    """Fill the network with the layers of all modes at state t of the span, and with the products of the layers around each."""
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
    fill_products(network)


@cache
def of_pairs(observable: PairObservable) -> Linked:
    """Kernel of an observable of pairs of modes, whose accumulators are (pair, row, lane that holds a point)."""
    height, start, advance, mark = observable.rows, observable.start, observable.advance, observable.mark
    finish, (_, put_values) = observable.finish, rows(len(observable.variables), STRIDE)

    def observe(accumulators, columns, states, products, values, sizes, part, first, every, steps):
        modes, layers, lanes = int(sizes[MODES]), int(sizes[LAYERS]), int(sizes[FILLED])
        pairs = view(accumulators, (modes * (modes - 1) // 2, height(layers), lanes))
        if part == FINISH:
            for lane in range(lanes):
                put_values(values, lane, finish(pairs, lane, steps))
            return
        network = empty_network(modes, layers, lanes)
        for t in range(steps if part == UPDATE else 1):
            if part != AT_RECORD:
                unfold(network, columns, states, products, sizes, t)
            pair = 0
            for i in range(modes):
                for j in range(i + 1, modes):
                    if part == UPDATE:
                        advance(network, i, j, pairs[pair])
                    elif part == START:
                        start(network, i, j, pairs[pair])
                    else:
                        mark(pairs[pair])
                    pair += 1

    return Linked(observe, "pairs", observable.name, observable.source, kept=not observable.source)
