"""The recorded steps: all modes of a point together, with every observable and the window that tells the fate."""

import numpy as np

from fastdln.kernels import chains
from fastdln.kernels.cache import kernel
from fastdln.kernels.compiled import inline
from fastdln.kernels.roles import tail_of, window_of
from fastdln.kernels.rows import load, store
from fastdln.kernels.transient import ROUND, Layout, advance_by
from fastdln.observables import Step
from fastdln.observables.fate import DIVERGED, judge
from fastdln.observables.period import period_of, repetition

# Points side by side in the record: fewer than in the transient, since the window of a block (512 states of 64 points,
# 256 KB a mode) should stay in the L2 cache.
LANES = 64

# Points side by side where so many states are kept that 64 points would not fit in memory: one 512-bit vector, and one
# cache line, of which windows are copied out together.
FEW_LANES = 8

# The states of a block may take this much in each thread.
TAIL_BYTES = 32 * 2**20


def lanes_for(lengths, modes):
    """Points side by side, by what the states that are kept of them take."""
    return LANES if 8 * LANES * modes * tail_of(lengths) <= TAIL_BYTES else FEW_LANES


def record(map_, depth, roles, lanes):
    """Function that runs the steps that the transient's whole rounds left, then the record of every point.

    It takes the columns (row, mode and point) and writes fates and periods (point, mode) and all the outputs.
    """
    layout = Layout(len(map_.layers(depth)), roles.run_widths + roles.recorded_widths)
    advance = inline(advance_by(map_, depth, layout, lanes, roles.whole_run, roles.run_widths))
    step, product, rests = map_.step(depth), map_.product(depth), map_.rests(depth)
    get, put = load(layout.components), store(layout.components)
    rows, eta_row, s_row, bound_row = layout.rows, layout.eta, layout.singular_value, layout.bound
    carried_rows = layout.accumulators + sum(roles.run_widths)
    first = carried_rows
    begin = chains.start(roles.recorded, roles.recorded_widths, first)
    update = chains.update(
        roles.whole_run + roles.recorded, roles.run_widths + roles.recorded_widths, layout.accumulators
    )
    finish = chains.finish(
        roles.whole_run + roles.recorded, roles.run_widths + roles.recorded_widths, layout.accumulators, 0
    )
    network_rows, sum_rows = sum(roles.network_widths), len(roles.network)
    begin_network = chains.start_network(roles.network, roles.network_widths)
    clear, gather = chains.clear(roles.network), chains.gather(roles.network)
    update_network = chains.update_network(roles.network, roles.network_widths)
    finish_network = chains.finish(roles.network, roles.network_widths, 0, roles.first_network_output)
    copy_orbit = chains.copy_orbit(roles.orbit_output)
    # compiled, and cached, apart from the rest, since they are the same for every map and depth
    repetition_in = kernel(repetition, "repetition")
    period, fate = kernel(period_of, "period_of"), kernel(judge, "judge")

    def run_record(columns, lengths, fates, periods, outputs):
        points, modes = fates.shape
        steps, length, remainder = lengths.steps, lengths.record, lengths.steps % ROUND
        window_length = window_of(lengths)
        tail_length = tail_of(lengths)
        blocks, numbers = np.empty((modes, rows, lanes)), np.empty(lanes)
        network, sums = np.empty((network_rows, lanes)), np.empty((sum_rows, lanes))
        tail = np.empty((tail_length, modes, lanes))
        windows, skipped = np.empty((FEW_LANES, window_length)), length - tail_length
        for origin in range(0, points, lanes):
            numbers[:] = steps - remainder
            for mode in range(modes):
                block = blocks[mode]
                for row in range(carried_rows):
                    for lane in range(lanes):
                        block[row, lane] = columns[row, mode * points + min(origin + lane, points - 1)]
                advance(block, numbers, remainder)
                for lane in range(lanes):
                    eta, s, bound = block[eta_row, lane], block[s_row, lane], block[bound_row, lane]
                    state = get(block, lane)
                    begin(block, lane, Step(float(steps), state, state, product(state), eta, s, bound))
            for lane in range(lanes):
                begin_network(network, lane)
            for t in range(length):
                slot = max(t - skipped, 0)
                for lane in range(lanes):
                    clear(sums, lane)
                for mode in range(modes):
                    block, products = blocks[mode], tail[slot, mode]
                    for lane in range(lanes):
                        eta, s, bound = block[eta_row, lane], block[s_row, lane], block[bound_row, lane]
                        before = get(block, lane)
                        state = step(before, eta, s)
                        put(block, lane, state)
                        seen = Step(float(steps + t + 1), before, state, product(state), eta, s, bound)
                        update(block, lane, seen)
                        gather(sums, lane, seen)
                        products[lane] = seen.product
                for lane in range(lanes):
                    update_network(network, sums, lane)
            for mode in range(modes):
                block = blocks[mode]
                for lane in range(min(lanes, points - origin)):
                    point, copied = origin + lane, lane % FEW_LANES
                    if copied == 0:
                        for k in range(window_length):
                            states = tail[tail_length - window_length + k, mode]
                            for c in range(FEW_LANES):
                                windows[c, k] = states[lane + c]
                    window = windows[copied]
                    diverged = not abs(window[window_length - 1]) <= block[bound_row, lane]
                    if diverged:
                        fates[point, mode], periods[point, mode] = DIVERGED, -1
                    else:
                        repeated = repetition_in(window, lengths.period_max)
                        held = period(window, repeated)
                        periods[point, mode] = held
                        stays = rests(get(block, lane))
                        fates[point, mode] = fate(window, repeated, held, lengths.period_max, block[s_row, lane], stays)
                    finish(block, lane, (point, mode), length, diverged, outputs)
                    copy_orbit(outputs, point, mode, tail, lane, diverged)
            for lane in range(min(lanes, points - origin)):
                point, diverged = origin + lane, False
                for mode in range(modes):
                    diverged |= fates[point, mode] == DIVERGED
                finish_network(network, lane, point, length, diverged, outputs)

    return run_record
