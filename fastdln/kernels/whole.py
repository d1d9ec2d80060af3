"""Observables of all modes together, on a block: the network is filled from the states, and looked at."""

import math

import numpy as np

from fastdln.kernels import chains
from fastdln.kernels.compiled import scalar
from fastdln.kernels.rows import load, stride
from fastdln.network.state import multiply_up
from fastdln.observables import Sample


def unfold(map_, depth, layout):
    """Function (blocks, network) that computes what pairs and layers need: errors, layers, and the products around them."""
    product, get, lanes, s_at = map_.product(depth), layout.get, layout.lanes, layout.singular_value
    first_of = stride(lanes) * np.array(map_.components(depth))

    def unfold_layers(blocks, network):
        for mode in range(len(blocks)):
            for lane in range(lanes):
                network.error[mode, lane] = product(get(blocks, mode, lane)) - blocks[mode, s_at + lane]
            for layer in range(len(first_of)):
                first = first_of[layer]
                network.layer[mode, layer] = blocks[mode, first : first + lanes]
        multiply_up(network)

    return unfold_layers


def needs_layers(quantities, map_, depth, modes):
    """Whether one of the quantities looks at the layers, and not only at each mode's state."""
    return any(q.term(map_, depth) is None or (q.pair is not None and modes > 1) for q in quantities)


def look(quantities, map_, depth, place=0):
    """Function (network, beyond) that joins to row `place` and on of `beyond` what has no closed form: pairs of modes, and
    modes of some maps."""
    if not quantities:
        return lambda network, beyond: None
    quantity, rest = quantities[0], look(quantities[1:], map_, depth, place + 1)
    by_mode, by_pair = quantity.mode, quantity.pair
    in_blocks, in_pairs, identity = quantity.term(map_, depth) is None, by_pair is not None, quantity.identity

    def look_all(network, beyond):
        values, modes = beyond[place], len(network.error)
        values[:] = identity
        for i in range(modes):
            if in_blocks:
                by_mode(network, i, values)
            if in_pairs:
                for j in range(i + 1, modes):
                    by_pair(network, i, j, values)
        rest(network, beyond)

    return look_all


def value_of(quantity, map_, depth):
    """Function (value, state, s) that joins what a mode gives in closed form to a value."""
    join, term = quantity.join, quantity.term(map_, depth)
    if term is None:
        return lambda value, state, s: value

    def join_mode(value, state, s):
        return join(value, term(state, s))

    return join_mode


def values_of(quantity, map_, depth, layout):
    """Function (blocks, values) that joins what every mode gives in closed form to the values of all lanes."""
    join_mode, get, lanes, s_at = (
        scalar(value_of(quantity, map_, depth)),
        layout.get,
        layout.lanes,
        layout.singular_value,
    )

    def join_modes(blocks, values):
        for mode in range(len(blocks)):
            for lane in range(lanes):
                values[lane] = join_mode(values[lane], get(blocks, mode, lane), blocks[mode, s_at + lane])

    return join_modes


def values_at_last(quantities, map_, depth, layout, place=0):
    """Function (blocks, beyond, values) that measures every quantity; `beyond` holds what `look` found at this state."""
    if not quantities:
        return lambda blocks, beyond, values: None
    join_modes = values_of(quantities[0], map_, depth, layout)
    rest = values_at_last(quantities[1:], map_, depth, layout, place + 1)

    def measure_all(blocks, beyond, values):
        values[place] = beyond[place]
        join_modes(blocks, values[place])
        rest(blocks, beyond, values)

    return measure_all


def watch(observables, widths, map_, depth, layout, first=0, place=0):
    """Function (blocks, beyond, values, rows, number, sampled) that measures each one's quantity and updates its rows.

    `beyond` holds what `look` found, `values` gets the quantities; unless `sampled`, observables that look at samples
    only are passed over.
    """
    if not observables:
        return lambda blocks, beyond, values, rows, number, sampled: None
    quantity, always, lanes, eta_at = observables[0].quantity, not observables[0].sampled, layout.lanes, layout.eta
    join_modes = values_of(quantity, map_, depth, layout)
    update = chains.update(observables[:1], widths[:1], first, lanes)
    rest = watch(observables[1:], widths[1:], map_, depth, layout, first + widths[0], place + 1)

    def watch_all(blocks, beyond, values, rows, number, sampled):
        if always or sampled:
            for lane in range(lanes):
                values[place, lane] = beyond[place, lane]
            join_modes(blocks, values[place])
            for lane in range(lanes):
                update(rows, 0, lane, Sample(number, values[place, lane], blocks[0, eta_at + lane]))
        rest(blocks, beyond, values, rows, number, sampled)

    return watch_all


def watch_alone(observables, widths, map_, depth, lanes, first=0):
    """Function (rows, lane, state, number, eta, s): `watch` of networks with one mode, at every state."""
    if not observables:
        return lambda rows, lane, state, number, eta, s: None
    value_at, identity = scalar(value_of(observables[0].quantity, map_, depth)), observables[0].quantity.identity
    update = chains.update(observables[:1], widths[:1], first, lanes)
    rest = watch_alone(observables[1:], widths[1:], map_, depth, lanes, first + widths[0])

    def watch_all(rows, lane, state, number, eta, s):
        value = value_at(identity, state, s)
        update(rows, 0, lane, Sample(number, value, eta))
        rest(rows, lane, state, number, eta, s)

    return watch_all


def finish(observables, widths, lanes, output, first=0, place=0):
    """Function (values, rows, lane, point, counts, number, eta, diverged, outputs) that writes the variables.

    `values` holds the quantities at the last state; counts: how many states were looked at by observables that look at
    all, and by those that look at samples. Outputs are from outputs[output] on.
    """
    if not observables:
        return lambda values, rows, lane, point, counts, number, eta, diverged, outputs: None
    end, get, which = observables[0].finish, load(widths[0], first, lanes), 1 if observables[0].sampled else 0
    put = chains.write(observables[0].variables, output)
    variables = len(observables[0].variables)
    rest = finish(observables[1:], widths[1:], lanes, output + variables, first + widths[0], place + 1)

    def finish_all(values, rows, lane, point, counts, number, eta, diverged, outputs):
        last = Sample(number, values[place, lane], eta)
        put(outputs, point, end(get(rows, 0, lane), counts[which], last), diverged)
        rest(values, rows, lane, point, counts, number, eta, diverged, outputs)

    return finish_all


def on_pairs(observables, depth, part, first=0):
    """Function (network, rows) that applies `part` (start or advance) of each observable to each pair of modes.

    rows: (pair, row, lane).
    """
    if not observables:
        return lambda network, rows: None
    apply, last = getattr(observables[0], part), first + observables[0].rows(depth)
    rest = on_pairs(observables[1:], depth, part, last)

    def apply_to_pairs(network, rows):
        pair = 0
        for i in range(len(network.error)):
            for j in range(i + 1, len(network.error)):
                apply(network, i, j, rows[pair, first:last])
                pair += 1
        rest(network, rows)

    return apply_to_pairs


def mark_pairs(observables, depth, first=0):
    """Function (rows) that tells each observable of pairs that its measurement begins."""
    if not observables:
        return lambda rows: None
    mark, last = observables[0].mark, first + observables[0].rows(depth)
    rest = mark_pairs(observables[1:], depth, last)

    def mark_all(rows):
        for pair in range(len(rows)):
            mark(rows[pair, first:last])
        rest(rows)

    return mark_all


def finish_pairs(observables, depth, output, first=0):
    """Function (rows, lane, point, steps, diverged, outputs) that writes the variables of each, from outputs[output] on."""
    if not observables:
        return lambda rows, lane, point, steps, diverged, outputs: None
    end, last = observables[0].finish, first + observables[0].rows(depth)
    put = chains.write(observables[0].variables, output)
    rest = finish_pairs(observables[1:], depth, output + len(observables[0].variables), last)

    def finish_all(rows, lane, point, steps, diverged, outputs):
        put(outputs, point, end(rows[:, first:last], lane, steps), diverged)
        rest(rows, lane, point, steps, diverged, outputs)

    return finish_all


def copy_orbit(output):
    """Function (outputs, point, mode, tail, lane, diverged) that copies the last states to outputs[output]."""
    if output is None:
        return lambda outputs, point, mode, tail, lane, diverged: None

    def copy(outputs, point, mode, tail, lane, diverged):
        samples = outputs[output].shape[2]
        skipped = tail.shape[0] - samples
        for k in range(samples):
            outputs[output][point, mode, k] = math.nan if diverged else tail[skipped + k, mode, lane]

    return copy
