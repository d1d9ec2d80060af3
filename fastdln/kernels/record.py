"""The recorded steps: all modes of a point together, with every observable and the window that tells the fate."""

import numpy as np

from fastdln.kernels import chains, whole
from fastdln.kernels.compiled import inline, kernel
from fastdln.kernels.roles import samples_of, tail_of, window_of
from fastdln.kernels.rows import stride
from fastdln.kernels.transient import Layout, advance_by
from fastdln.network.state import empty
from fastdln.observables import Sample, Step
from fastdln.observables.fate import DIVERGED, judge
from fastdln.observables.observable import LEAD, RENORMALIZE_EVERY
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


def record(map_, depth, roles, lanes, alone):
    """Function (columns, lengths, left, fates, periods, outputs) that runs the steps that the transient left, then the record.

    It takes the columns (row, mode and point) and writes fates and periods (point, mode) and all the outputs; the
    columns' states become the last ones. `alone`: networks of one mode whose every recorded state is a sample; all is
    then done in one pass over the lanes.
    """
    layout = Layout(len(map_.layers(depth)), roles.run_widths + roles.leading_widths + roles.recorded_widths, lanes)
    carried, carried_widths = roles.whole_run + roles.leading, roles.run_widths + roles.leading_widths
    advance = inline(advance_by(map_, depth, layout, carried, carried_widths))
    step, product, rests = map_.step(depth), map_.product(depth), map_.rests(depth)
    row_stride = stride(lanes)
    get, put, components, rows = layout.get, layout.put, layout.components, layout.rows
    eta_at, s_at, bound_at = layout.eta, layout.singular_value, layout.bound
    lead_row = layout.accumulators + sum(roles.run_widths)
    first_row = lead_row + sum(roles.leading_widths)
    on_modes, widths = carried + roles.recorded, carried_widths + roles.recorded_widths
    lead_in = chains.start(roles.leading, roles.leading_widths, lead_row, lanes)
    at_record = chains.apply("at_record", carried, carried_widths, layout.accumulators, lanes)
    renormalize = chains.apply("renormalize", on_modes, widths, layout.accumulators, lanes)
    begin = chains.start(roles.recorded, roles.recorded_widths, first_row, lanes)
    update = chains.update(on_modes, widths, layout.accumulators, lanes)
    finish = chains.finish(on_modes, widths, layout.accumulators, lanes, 0)
    on_cycle = chains.on_cycle(on_modes, widths, layout.accumulators, map_, depth, layout, 0)
    network_rows, pair_rows = sum(roles.network_widths), roles.pair_rows
    quantities = tuple(o.quantity for o in roles.network)
    in_passing = alone and not whole.needs_layers(quantities, map_, depth, 1)
    watched, passed = ((), roles.network) if in_passing else (roles.network, ())
    watching, pairs_followed = bool(watched), () if alone else roles.pairs
    pairing = bool(pairs_followed)
    unfold = whole.unfold(map_, depth, layout)
    identities = np.array([q.identity for q in quantities])
    look = whole.look(() if in_passing else quantities, map_, depth)
    begin_network = chains.start(roles.network, roles.network_widths, 0, lanes)
    watch = whole.watch(watched, roles.network_widths, map_, depth, layout)
    value_at_last = whole.values_at_last(quantities, map_, depth, layout)
    watch_alone = whole.watch_alone(passed, roles.network_widths, map_, depth, lanes)
    finish_network = whole.finish(roles.network, roles.network_widths, lanes, roles.first_output(roles.network))
    begin_pairs, advance_pairs = (whole.on_pairs(pairs_followed, depth, part) for part in ("start", "advance"))
    mark_pairs = whole.mark_pairs(pairs_followed, depth)
    finish_pairs = whole.finish_pairs(roles.pairs, depth, roles.first_output(roles.pairs))
    copy_orbit = whole.copy_orbit(roles.first_output(roles.windows) if roles.windows else None)
    # compiled, and cached, apart from the rest, since they are the same for every map and depth
    repetition_in = kernel(repetition, "repetition")
    period, fate = kernel(period_of, "period_of"), kernel(judge, "judge")
    one_mode, more_modes = (whole.needs_layers(quantities, map_, depth, modes) for modes in (1, 2))

    def run_record(columns, lengths, left, fates, periods, outputs):
        points, modes = fates.shape
        steps, length, every = lengths.steps, lengths.record, lengths.sharpness_every
        window_length, tail_length, samples = window_of(lengths), tail_of(lengths), samples_of(lengths)
        lead = min(left, LEAD) if pairing and modes > 1 else 0
        mixing, last = pairing and modes > 1, lengths.steps + lengths.record
        unfolding = one_mode if modes == 1 else more_modes or mixing
        blocks, numbers = np.empty((modes, rows * row_stride)), np.empty(lanes)
        network = empty(modes, depth if unfolding else 0, lanes)
        totals, values = np.empty((1, network_rows * row_stride)), np.empty((len(identities), lanes))
        beyond = np.empty((len(identities), lanes))
        for k in range(len(identities)):
            beyond[k] = identities[k]
        pairs = np.empty((modes * (modes - 1) // 2, pair_rows, lanes))
        tail = np.empty((tail_length, modes, lanes))
        windows, skipped = np.empty((FEW_LANES, window_length)), length - tail_length
        for origin in range(0, points, lanes):
            numbers[:] = steps - left
            for mode in range(modes):
                for row in range(lead_row):
                    for lane in range(lanes):
                        blocks[mode, row * row_stride + lane] = columns[
                            row, mode * points + min(origin + lane, points - 1)
                        ]
                for lane in range(lanes):
                    eta, s, bound = (
                        blocks[mode, eta_at + lane],
                        blocks[mode, s_at + lane],
                        blocks[mode, bound_at + lane],
                    )
                    state = get(blocks, mode, lane)
                    lead_in(blocks, mode, lane, Step(numbers[lane], state, state, product(state), eta, s, bound))
                advance(blocks, mode, numbers, left - lead)
            network.eta[:] = blocks[0, eta_at : eta_at + lanes]
            numbers += left - lead
            if mixing:
                unfold(blocks, network)
                begin_pairs(network, pairs)
            for _ in range(lead):
                advance_pairs(network, pairs)
                for mode in range(modes):
                    advance(blocks, mode, numbers, 1)
                unfold(blocks, network)
                numbers += 1.0
            mark_pairs(pairs)
            for mode in range(modes):
                for lane in range(lanes):
                    eta, s, bound = (
                        blocks[mode, eta_at + lane],
                        blocks[mode, s_at + lane],
                        blocks[mode, bound_at + lane],
                    )
                    state = get(blocks, mode, lane)
                    at_record(blocks, mode, lane)
                    begin(blocks, mode, lane, Step(float(steps), state, state, product(state), eta, s, bound))
            for lane in range(lanes):
                begin_network(totals, 0, lane, Sample(float(steps), 0.0, blocks[0, eta_at + lane]))
            for t in range(length):
                if mixing:
                    if t > 0:
                        unfold(blocks, network)
                    advance_pairs(network, pairs)
                slot = max(t - skipped, 0)
                for mode in range(modes):
                    for lane in range(lanes):
                        eta, s, bound = (
                            blocks[mode, eta_at + lane],
                            blocks[mode, s_at + lane],
                            blocks[mode, bound_at + lane],
                        )
                        before = get(blocks, mode, lane)
                        state = step(before, eta, s)
                        put(blocks, mode, lane, state)
                        seen = Step(float(steps + t + 1), before, state, product(state), eta, s, bound)
                        update(blocks, mode, lane, seen)
                        watch_alone(totals, lane, state, seen.number, eta, s)
                        tail[slot, mode, lane] = seen.product
                    if t % RENORMALIZE_EVERY == 0 or t == length - 1:
                        for lane in range(lanes):
                            renormalize(blocks, mode, lane)
                if watching:
                    sampled = (length - 1 - t) % every == 0
                    if unfolding and sampled:
                        unfold(blocks, network)
                        look(network, beyond)
                    watch(blocks, beyond, values, totals, float(steps + t + 1), sampled)
            value_at_last(blocks, beyond, values)
            for mode in range(modes):
                for lane in range(min(lanes, points - origin)):
                    point, copied = origin + lane, lane % FEW_LANES
                    if copied == 0:
                        for k in range(window_length):
                            states = tail[tail_length - window_length + k, mode]
                            for c in range(FEW_LANES):
                                windows[c, k] = states[lane + c]
                    window = windows[copied]
                    diverged = not abs(window[window_length - 1]) <= blocks[mode, bound_at + lane]
                    if diverged:
                        fates[point, mode], periods[point, mode] = DIVERGED, -1
                    else:
                        repeated = repetition_in(window, lengths.period_max)
                        held = period(window, repeated)
                        periods[point, mode] = held
                        stays = rests(get(blocks, mode, lane))
                        fates[point, mode] = fate(
                            window, repeated, held, lengths.period_max, blocks[mode, s_at + lane], stays
                        )
                    finish(blocks, mode, lane, (point, mode), length, diverged, outputs)
                    if length % max(periods[point, mode], 1) != 0:
                        on_cycle(blocks, mode, lane, (point, mode), periods[point, mode], float(last), outputs)
                    copy_orbit(outputs, point, mode, tail, lane, diverged)
                    for row in range(components):
                        columns[row, mode * points + point] = blocks[mode, row * row_stride + lane]
            for lane in range(min(lanes, points - origin)):
                point, diverged = origin + lane, False
                for mode in range(modes):
                    diverged |= fates[point, mode] == DIVERGED
                eta = network.eta[lane]
                finish_network(values, totals, lane, point, (length, samples), float(last), eta, diverged, outputs)
                finish_pairs(pairs, lane, point, length, diverged or modes == 1, outputs)

    return run_record
