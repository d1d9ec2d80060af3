"""What is looked at from state 0 on with all modes together: every so many states, and bare steps in between."""

import math

import numpy as np

from fastdln.kernels import chains, whole
from fastdln.kernels.compiled import inline
from fastdln.kernels.rows import stride
from fastdln.kernels.transient import Layout, advance_by
from fastdln.network.state import empty
from fastdln.observables import Sample

# Points side by side: few, so that few points do not wait for many.
LANES = 16
STRIDE = stride(LANES)


def edges(map_, depth, roles):
    """Survey of the observables of the whole network over the whole run: every state, or samples where that is all they want."""
    layout = Layout(len(map_.layers(depth)), (), LANES)
    quantities = tuple(o.quantity for o in roles.surveyed)
    watch = whole.watch(roles.surveyed, roles.surveyed_widths, map_, depth, layout)
    begin = chains.start(roles.surveyed, roles.surveyed_widths, 0, LANES)
    finish = whole.finish(roles.surveyed, roles.surveyed_widths, LANES, 0)
    eta_at = layout.eta

    def note(blocks, network, beyond, values, rows, number, sampled, visit, origin, outputs):
        if visit == 0:
            for lane in range(LANES):
                begin(rows, 0, lane, Sample(0.0, 0.0, blocks[0, eta_at + lane]))
        watch(blocks, beyond, values, rows, float(number), sampled)

    def end(values, rows, lane, point, counts, number, eta, diverged, outputs):
        finish(values, rows, lane, point, counts, float(number), eta, diverged, outputs)

    return survey(map_, depth, layout, quantities, sum(roles.surveyed_widths), note, end)


def trajectories(map_, depth, roles):
    """Survey that keeps every `trajectory`-th state: layers, products, then the quantities of the whole network."""
    layout = Layout(len(map_.layers(depth)), (), LANES)
    product, get, bound_at = map_.product(depth), layout.get, layout.bound
    quantities = roles.trajectories[0].quantities
    keep_values = keep_quantities(quantities, map_, depth, layout)

    def note(blocks, network, beyond, values, rows, number, sampled, visit, origin, outputs):
        modes, layers, lanes = network.layer.shape
        lost = np.zeros(lanes, np.bool_)
        for mode in range(modes):
            for lane in range(min(lanes, len(outputs[1]) - origin)):
                pi = product(get(blocks, mode, lane))
                gone = not abs(pi) <= blocks[mode, bound_at + lane]
                lost[lane] |= gone
                outputs[1][origin + lane, mode, visit] = math.nan if gone else pi
                for layer in range(layers):
                    w = network.layer[mode, layer, lane]
                    outputs[0][origin + lane, layer, mode, visit] = math.nan if gone else w
        keep_values(blocks, beyond, lost, visit, origin, outputs)

    def end(values, rows, lane, point, counts, number, eta, diverged, outputs):
        pass

    return survey(map_, depth, layout, quantities, 0, note, end)


def keep_quantities(quantities, map_, depth, layout, place=0):
    """Function (blocks, beyond, lost, visit, origin, outputs) that keeps each quantity, from outputs[2] on."""
    if not quantities:
        return lambda blocks, beyond, lost, visit, origin, outputs: None
    join_modes, output = whole.values_of(quantities[0], map_, depth, layout), 2 + place
    rest = keep_quantities(quantities[1:], map_, depth, layout, place + 1)

    def keep(blocks, beyond, lost, visit, origin, outputs):
        values = beyond[place]
        join_modes(blocks, values)
        for lane in range(min(len(values), len(outputs[output]) - origin)):
            outputs[output][origin + lane, visit] = math.nan if lost[lane] else values[lane]
        rest(blocks, beyond, lost, visit, origin, outputs)

    return keep


def survey(map_, depth, layout, quantities, row_count, note, end):
    """Function (starts, shape, every, sampled_every, total, outputs) that looks at states 0, every, 2 every, ... up to `total`.

    starts: the columns (row, mode and point) at state 0; shape: (points, modes); a multiple of sampled_every is a
    sample. The steps are the transient's, so that the orbit is the same bit for bit.
    """
    advance, unfold = inline(advance_by(map_, depth, layout)), whole.unfold(map_, depth, layout)
    look, count = whole.look(quantities, map_, depth), len(quantities)
    rows, eta_at, bound_at = layout.rows, layout.eta, layout.bound
    product, get = map_.product(depth), layout.get

    def run_survey(starts, shape, every, sampled_every, total, outputs):
        points, modes = shape
        blocks, numbers = np.empty((modes, rows * STRIDE)), np.zeros(LANES)
        values, counts = np.empty((count, LANES)), (total // every + 1, total // sampled_every + 1)
        network, beyond, noted = empty(modes, depth, LANES), np.empty((count, LANES)), np.empty((1, row_count * STRIDE))
        for origin in range(0, points, LANES):
            for mode in range(modes):
                for row in range(rows):
                    for lane in range(LANES):
                        blocks[mode, row * STRIDE + lane] = starts[row, mode * points + min(origin + lane, points - 1)]
            network.eta[:] = blocks[0, eta_at : eta_at + LANES]
            for visit in range(total // every + 1):
                if visit > 0:
                    for mode in range(modes):
                        advance(blocks, mode, numbers, every)
                unfold(blocks, network)
                look(network, beyond)
                number = visit * every
                sampled = number % sampled_every == 0
                note(blocks, network, beyond, values, noted, number, sampled, visit, origin, outputs)
            for lane in range(min(LANES, points - origin)):
                diverged = False
                for mode in range(modes):
                    diverged |= not abs(product(get(blocks, mode, lane))) <= blocks[mode, bound_at + lane]
                eta = blocks[0, eta_at + lane]
                end(values, noted, lane, origin + lane, counts, total // every * every, eta, diverged, outputs)

    return run_survey
