"""The steps before the record: many points side by side, each leaving its lane as soon as its future is known."""

import numpy as np

from fastdln.kernels import chains
from fastdln.kernels.compiled import inline
from fastdln.kernels.rows import load, store
from fastdln.observables import Step

# Steps between two looks at a lane. A lane whose state is bit for bit that of the last look repeats with a period that
# divides this number: 2^6 3 covers the periods of the doubling cascade and of the period-3 windows.
ROUND = 192

# Points side by side in the transient: enough independent chains of 512-bit operations to hide their latency, a block
# that stays in the L1 cache, and rows 1 KB apart. With 256, stores to a row meet loads from the row 4 KB further on,
# which the processor takes for the same place: 0.87 of the speed at L = 3, 0.67 at L = 2.
LANES = 128


class Layout:
    """Rows of a block: the state, then eta, s and the divergence bound, then the accumulators."""

    def __init__(self, components, widths):
        self.components = components
        self.eta, self.singular_value, self.bound = components, components + 1, components + 2
        self.accumulators = components + 3
        self.rows = self.accumulators + sum(widths)


def advance_by(map_, depth, layout, lanes, observables=(), widths=()):
    """Function (block, numbers, steps) that moves every lane on, and updates the observables at each step.

    `numbers` are the lanes' state numbers. With nothing to observe the loop is the bare recursion.
    """
    step, product = map_.step(depth), map_.product(depth)
    get, put = load(layout.components), store(layout.components)
    eta_row, s_row, bound_row = layout.eta, layout.singular_value, layout.bound
    update = chains.update(observables, widths, layout.accumulators)

    def advance(block, numbers, steps):
        for _ in range(steps):
            for lane in range(lanes):
                put(block, lane, step(get(block, lane), block[eta_row, lane], block[s_row, lane]))

    def advance_observed(block, numbers, steps):
        for k in range(1, steps + 1):
            for lane in range(lanes):
                eta, s, bound = block[eta_row, lane], block[s_row, lane], block[bound_row, lane]
                before = get(block, lane)
                state = step(before, eta, s)
                put(block, lane, state)
                update(block, lane, Step(numbers[lane] + k, before, state, product(state), eta, s, bound))

    return advance_observed if observables else advance


def transient(map_, depth, roles):
    """Function (columns, rounds) that takes every column `rounds` rounds of steps on, in lanes that are refilled.

    A lane retires at its last round, or when its state repeats bit for bit, as that of a diverged point soon does, being
    NaN; unless an observable goes on where the state repeats.
    """
    layout = Layout(len(map_.layers(depth)), roles.run_widths)
    product, get = map_.product(depth), load(layout.components)
    components, rows = layout.components, layout.rows
    eta_row, s_row, bound_row = layout.eta, layout.singular_value, layout.bound
    begin = chains.start(roles.whole_run, roles.run_widths, layout.accumulators)
    advance = inline(advance_by(map_, depth, layout, LANES, roles.whole_run, roles.run_widths))
    settles = all(observable.settles for observable in roles.whole_run)

    def run_transient(columns, rounds):
        count = columns.shape[1]
        for column in range(count):
            eta, s, bound = columns[eta_row, column], columns[s_row, column], columns[bound_row, column]
            state = get(columns, column)
            begin(columns, column, Step(0.0, state, state, product(state), eta, s, bound))
        if rounds == 0 or count == 0:
            return
        block, earlier = np.empty((rows, LANES)), np.empty((components, LANES))
        bits, earlier_bits = block.view(np.int64), earlier.view(np.int64)
        numbers, leaves = np.zeros(LANES), np.empty(LANES, np.int64)
        carried, due = np.empty(LANES, np.int64), np.empty(LANES, np.int64)
        waiting = min(LANES, count)
        running = waiting
        for lane in range(LANES):
            carried[lane] = lane if lane < count else -1
            due[lane] = rounds if lane < count else -1
            for row in range(rows):
                block[row, lane] = columns[row, min(lane, count - 1)]
        now = 0
        while running > 0:  # at most rounds times count / LANES + 1 times: each round brings every lane nearer its end
            for row in range(components):
                for lane in range(LANES):
                    earlier[row, lane] = block[row, lane]
            advance(block, numbers, ROUND)
            now += 1
            leaving = 0
            for lane in range(LANES):
                leaves[lane] = 1 if settles else 0
            if settles:
                for row in range(components):
                    for lane in range(LANES):
                        leaves[lane] &= 1 if bits[row, lane] == earlier_bits[row, lane] else 0
            for lane in range(LANES):
                numbers[lane] += ROUND
                leaves[lane] |= 1 if due[lane] == now else 0
                leaving += leaves[lane]
            if leaving == 0:
                continue
            for lane in range(LANES):
                if leaves[lane] == 0 or carried[lane] < 0:
                    continue
                for row in range(rows):
                    columns[row, carried[lane]] = block[row, lane]
                if waiting < count:
                    carried[lane], due[lane], numbers[lane] = waiting, now + rounds, 0.0
                    for row in range(rows):
                        block[row, lane] = columns[row, waiting]
                    waiting += 1
                else:
                    carried[lane] = -1
                    running -= 1

    return run_transient
