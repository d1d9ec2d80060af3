"""Observables side by side: one function that starts, updates or finishes all of them on one lane of a block.

Each chain is built by recursion over the observables, so that every call in it is fixed when the kernel is compiled.
"""

import math

import numpy as np

from fastdln.kernels.rows import load, store


def start(observables, widths, first):
    """Function (block, lane, step) that writes the first accumulators from row `first` on."""
    if not observables:
        return lambda block, lane, step: None
    begin, put = observables[0].start, store(widths[0], first)
    rest = start(observables[1:], widths[1:], first + widths[0])

    def start_all(block, lane, step):
        put(block, lane, begin(step))
        rest(block, lane, step)

    return start_all


def update(observables, widths, first):
    """Function (block, lane, step) that moves the accumulators on by one step."""
    if not observables:
        return lambda block, lane, step: None
    advance, get, put = observables[0].update, load(widths[0], first), store(widths[0], first)
    rest = update(observables[1:], widths[1:], first + widths[0])

    def update_all(block, lane, step):
        put(block, lane, advance(get(block, lane), step))
        rest(block, lane, step)

    return update_all


def finish(observables, widths, first, output):
    """Function (block, lane, place, record, diverged, outputs) that writes every variable, from outputs[output] on."""
    if not observables:
        return lambda block, lane, place, record, diverged, outputs: None
    end, get = observables[0].finish, load(widths[0], first)
    put = write(observables[0].variables, output)
    rest = finish(observables[1:], widths[1:], first + widths[0], output + len(observables[0].variables))

    def finish_all(block, lane, place, record, diverged, outputs):
        put(outputs, place, end(get(block, lane), record), diverged)
        rest(block, lane, place, record, diverged, outputs)

    return finish_all


def write(variables, output):
    """Function (outputs, place, values, diverged): a value a variable; after divergence floats are NaN."""
    if not variables:
        return lambda outputs, place, values, diverged: None
    is_float = np.dtype(variables[0].dtype).kind == "f"
    rest = write(variables[1:], output + 1)

    def write_all(outputs, place, values, diverged):
        outputs[output][place] = math.nan if is_float and diverged else values[0]
        rest(outputs, place, values[1:], diverged)

    return write_all


def start_network(observables, widths, first=0):
    """Function (network, lane) that writes the first accumulators of what is measured on all modes together."""
    if not observables:
        return lambda network, lane: None
    begin, put = observables[0].start, store(widths[0], first)
    rest = start_network(observables[1:], widths[1:], first + widths[0])

    def start_all(network, lane):
        put(network, lane, begin())
        rest(network, lane)

    return start_all


def clear(observables, row=0):
    """Function (sums, lane) that sets each observable's sum over modes to its identity."""
    if not observables:
        return lambda sums, lane: None
    identity, rest = observables[0].identity, clear(observables[1:], row + 1)

    def clear_all(sums, lane):
        sums[row, lane] = identity
        rest(sums, lane)

    return clear_all


def gather(observables, row=0):
    """Function (sums, lane, step) that joins one mode's terms to the sums."""
    if not observables:
        return lambda sums, lane, step: None
    term, join, rest = observables[0].term, observables[0].join, gather(observables[1:], row + 1)

    def gather_all(sums, lane, step):
        sums[row, lane] = join(sums[row, lane], term(step))
        rest(sums, lane, step)

    return gather_all


def update_network(observables, widths, first=0, row=0):
    """Function (network, sums, lane) that moves the accumulators on by one step."""
    if not observables:
        return lambda network, sums, lane: None
    advance, get, put = observables[0].update, load(widths[0], first), store(widths[0], first)
    rest = update_network(observables[1:], widths[1:], first + widths[0], row + 1)

    def update_all(network, sums, lane):
        put(network, lane, advance(get(network, lane), sums[row, lane]))
        rest(network, sums, lane)

    return update_all


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
