"""The steps before the record: many points side by side, each leaving its lane as soon as its future is known."""

import numpy as np

from fastdln.kernels import chains
from fastdln.kernels.compiled import inline
from fastdln.kernels.rows import load, store, stride
from fastdln.observables import Step
from fastdln.observables.observable import LEAD, RENORMALIZE_EVERY

# Steps between two looks at a lane. A lane whose state is bit for bit that of the last look repeats with a period that
# divides this number: 2^6 3 covers the periods of the doubling cascade and of the period-3 windows.
ROUND = LEAD

# Points side by side in the transient: enough independent chains of 512-bit operations to hide their latency, a block
# that stays in the L1 cache, and rows 1 KB apart. With 256, stores to a row meet loads from the row 4 KB further on,
# which the processor takes for the same place: 0.87 of the speed at L = 3, 0.67 at L = 2.
LANES = 128
STRIDE = stride(LANES)


class Layout:
    """Rows of a block of so many lanes: the state, then eta, s and the divergence bound, then the accumulators.

    `eta`, `singular_value` and `bound` are where these rows begin in a block, `get` and `put` load and store the state
    of a lane.
    """

    def __init__(self, components, widths, lanes):
        self.components, self.lanes = components, lanes
        self.eta, self.singular_value, self.bound = ((components + k) * stride(lanes) for k in range(3))
        self.accumulators = components + 3
        self.rows = self.accumulators + sum(widths)
        self.get, self.put = load(components, 0, lanes), store(components, 0, lanes)


def advance_by(map_, depth, layout, observables=(), widths=()):
    """Function (blocks, mode, numbers, steps) that moves every lane of a mode on, and updates the observables at each step.

    `numbers` are the lanes' state numbers. With nothing to observe the loop is the bare recursion.
    """
    step, product = map_.step(depth), map_.product(depth)
    get, put, lanes = layout.get, layout.put, layout.lanes
    eta_at, s_at, bound_at = layout.eta, layout.singular_value, layout.bound
    update = chains.update(observables, widths, layout.accumulators, lanes)
    renormalize = chains.apply("renormalize", observables, widths, layout.accumulators, lanes)

    def advance(blocks, mode, numbers, steps):
        for _ in range(steps):
            for lane in range(lanes):
                put(
                    blocks,
                    mode,
                    lane,
                    step(get(blocks, mode, lane), blocks[mode, eta_at + lane], blocks[mode, s_at + lane]),
                )

    def advance_observed(blocks, mode, numbers, steps):
        for k in range(1, steps + 1):
            for lane in range(lanes):
                eta, s, bound = blocks[mode, eta_at + lane], blocks[mode, s_at + lane], blocks[mode, bound_at + lane]
                before = get(blocks, mode, lane)
                state = step(before, eta, s)
                put(blocks, mode, lane, state)
                update(blocks, mode, lane, Step(numbers[lane] + k, before, state, product(state), eta, s, bound))
            if k % RENORMALIZE_EVERY == 0 or k == steps:
                for lane in range(lanes):
                    renormalize(blocks, mode, lane)

    return advance_observed if observables else advance


def enter(map_, depth, layout, roles):
    """Function (blocks, lane, columns, column) that puts a column's state 0 into a lane, and starts its observables."""
    product, get, row_stride = map_.product(depth), layout.get, stride(layout.lanes)
    eta_at, s_at, bound_at, given = layout.eta, layout.singular_value, layout.bound, layout.accumulators
    begin = chains.start(roles.whole_run, roles.run_widths, layout.accumulators, layout.lanes)

    def enter_lane(blocks, lane, columns, column):
        mode = 0
        for row in range(given):
            blocks[mode, row * row_stride + lane] = columns[row, column]
        eta, s, bound = blocks[mode, eta_at + lane], blocks[mode, s_at + lane], blocks[mode, bound_at + lane]
        state = get(blocks, mode, lane)
        begin(blocks, mode, lane, Step(0.0, state, state, product(state), eta, s, bound))

    return enter_lane


def transient(map_, depth, roles):
    """Function (columns, rounds) that takes every column `rounds` rounds of steps on, in lanes that are refilled.

    A lane retires at its last round, or when its state repeats bit for bit, as that of a diverged point soon does,
    being NaN; unless an observable goes on where the state repeats.
    """
    layout = Layout(len(map_.layers(depth)), roles.run_widths, LANES)
    enter_lane = enter(map_, depth, layout, roles)
    components, rows = layout.components, layout.rows
    advance = inline(advance_by(map_, depth, layout, roles.whole_run, roles.run_widths))
    settles = all(observable.settles for observable in roles.whole_run)

    def run_transient(columns, rounds):
        count = columns.shape[1]
        if count == 0:
            return
        blocks, earlier = np.empty((1, rows * STRIDE)), np.empty(components * STRIDE)
        block = blocks[0]
        bits, earlier_bits = block.view(np.int64), earlier.view(np.int64)
        numbers, leaves = np.zeros(LANES), np.empty(LANES, np.int64)
        carried, due = np.empty(LANES, np.int64), np.empty(LANES, np.int64)
        waiting = min(LANES, count)
        running = waiting
        for lane in range(LANES):
            carried[lane] = lane if lane < count else -1
            due[lane] = rounds if lane < count else -1
            enter_lane(blocks, lane, columns, min(lane, count - 1))
        now = 0
        while running > 0:  # at most rounds times count / LANES + 1 times: each round brings every lane nearer its end
            if rounds > 0:
                for k in range(components * STRIDE):
                    earlier[k] = block[k]
                advance(blocks, 0, numbers, ROUND)
                now += 1
            leaving = 0
            for lane in range(LANES):
                leaves[lane] = 1 if settles and rounds > 0 else 0
            if settles:
                for row in range(components):
                    for lane in range(LANES):
                        k = row * STRIDE + lane
                        leaves[lane] &= 1 if bits[k] == earlier_bits[k] else 0
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
                    columns[row, carried[lane]] = block[row * STRIDE + lane]
                if waiting < count:
                    carried[lane], due[lane], numbers[lane] = waiting, now + rounds, 0.0
                    enter_lane(blocks, lane, columns, waiting)
                    waiting += 1
                else:
                    carried[lane] = -1
                    running -= 1

    return run_transient
