"""Observables side by side: one function that starts, updates or finishes all of them on one lane of a block.

Each chain is built by recursion over the observables, so that every call in it is fixed when the kernel is compiled.
What they see is a Step of one mode, or a Sample of the whole network.
"""

import math

import numpy as np

from fastdln.kernels.compiled import scalar
from fastdln.matrices.rows import load, store
from fastdln.observables import Sample


def start(observables, widths, first, lanes):
    """Function (blocks, mode, lane, seen) that writes the first accumulators from row `first` on."""
    if not observables:
        return lambda blocks, mode, lane, seen: None
    begin, put = observables[0].start, store(widths[0], first, lanes)
    rest = start(observables[1:], widths[1:], first + widths[0], lanes)

    def start_all(blocks, mode, lane, seen):
        put(blocks, mode, lane, begin(seen))
        rest(blocks, mode, lane, seen)

    return start_all


def update(observables, widths, first, lanes):
    """Function (blocks, mode, lane, seen) that moves the accumulators on by one step."""
    if not observables:
        return lambda blocks, mode, lane, seen: None
    advance, get, put = scalar(observables[0].update), load(widths[0], first, lanes), store(widths[0], first, lanes)
    rest = update(observables[1:], widths[1:], first + widths[0], lanes)

    def update_all(blocks, mode, lane, seen):
        put(blocks, mode, lane, advance(get(blocks, mode, lane), seen))
        rest(blocks, mode, lane, seen)

    return update_all


def apply(part, observables, widths, first, lanes):
    """Function (blocks, mode, lane) that applies `part`, renormalize or at_record, to the accumulators that have one."""
    if not observables:
        return lambda blocks, mode, lane: None
    rest = apply(part, observables[1:], widths[1:], first + widths[0], lanes)
    if getattr(observables[0], part) is None:
        return rest
    change, get, put = (
        scalar(getattr(observables[0], part)),
        load(widths[0], first, lanes),
        store(widths[0], first, lanes),
    )

    def apply_all(blocks, mode, lane):
        put(blocks, mode, lane, change(get(blocks, mode, lane)))
        rest(blocks, mode, lane)

    return apply_all


def finish(observables, widths, first, lanes, output):
    """Function (blocks, mode, lane, place, record, diverged, outputs) that writes every variable, from outputs[output] on."""
    if not observables:
        return lambda blocks, mode, lane, place, record, diverged, outputs: None
    end, get = observables[0].finish, load(widths[0], first, lanes)
    put = write(observables[0].variables, output)
    rest = finish(observables[1:], widths[1:], first + widths[0], lanes, output + len(observables[0].variables))

    def finish_all(blocks, mode, lane, place, record, diverged, outputs):
        put(outputs, place, end(get(blocks, mode, lane), record), diverged)
        rest(blocks, mode, lane, place, record, diverged, outputs)

    return finish_all


def write(variables, output):
    """Function (outputs, place, values, diverged): a value a variable; see Variable for those after divergence."""
    if not variables:
        return lambda outputs, place, values, diverged: None
    floating = np.dtype(variables[0].dtype).kind == "f"
    lost = math.nan if floating else variables[0].lost
    replaced, rest = lost is not None, write(variables[1:], output + 1)
    lost = lost if replaced else 0

    def write_all(outputs, place, values, diverged):
        outputs[output][place] = lost if replaced and diverged else values[0]
        rest(outputs, place, values[1:], diverged)

    return write_all


def finish_network(observables, widths, lanes, output, first=0, place=0):
    """Function (values, rows, lane, point, counts, number, eta, diverged, outputs) that writes the variables.

    `values` holds the quantities at the last state; counts: how many states were looked at by observables that look at
    all, and by those that look at samples. Outputs are from outputs[output] on.
    """
    if not observables:
        return lambda values, rows, lane, point, counts, number, eta, diverged, outputs: None
    end, get, which = observables[0].finish, load(widths[0], first, lanes), 1 if observables[0].sampled else 0
    put = write(observables[0].variables, output)
    variables = len(observables[0].variables)
    rest = finish_network(observables[1:], widths[1:], lanes, output + variables, first + widths[0], place + 1)

    def finish_all(values, rows, lane, point, counts, number, eta, diverged, outputs):
        last = Sample(number, values[place, lane], eta)
        put(outputs, point, end(get(rows, 0, lane), counts[which], last), diverged)
        rest(values, rows, lane, point, counts, number, eta, diverged, outputs)

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
