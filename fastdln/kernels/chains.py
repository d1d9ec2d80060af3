"""Observables side by side: one function that starts, updates or finishes all of them on one lane of a block.

Each chain is built by recursion over the observables, so that every call in it is fixed when the kernel is compiled.
What they see is a Step of one mode, or a Sample of the whole network.
"""

import math

import numpy as np

from fastdln.kernels.compiled import scalar
from fastdln.kernels.rows import load, store
from fastdln.observables import Step


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


def on_cycle(observables, widths, first, map_, depth, layout, output):
    """Function (blocks, mode, lane, place, period, number, outputs) that measures the rates anew, over one more period."""
    if not observables:
        return lambda blocks, mode, lane, place, period, number, outputs: None
    one, variables = observables[0], observables[0].variables
    rest = on_cycle(observables[1:], widths[1:], first + widths[0], map_, depth, layout, output + len(variables))
    if not any(variable.rate for variable in variables):
        return rest
    step, product, get_state, get = (
        map_.step(depth),
        map_.product(depth),
        layout.get,
        load(widths[0], first, layout.lanes),
    )
    begin, update, renormalize, end = one.at_record, scalar(one.update), one.renormalize, one.finish
    put, eta_at, s_at, bound_at = write_rates(variables, output), layout.eta, layout.singular_value, layout.bound

    def measure_anew(blocks, mode, lane, place, period, number, outputs):
        eta, s, bound = blocks[mode, eta_at + lane], blocks[mode, s_at + lane], blocks[mode, bound_at + lane]
        before, seen = get_state(blocks, mode, lane), begin(get(blocks, mode, lane))
        for k in range(period):
            state = step(before, eta, s)
            seen = renormalize(update(seen, Step(number + k + 1.0, before, state, product(state), eta, s, bound)))
            before = state
        put(outputs, place, end(seen, period))
        rest(blocks, mode, lane, place, period, number, outputs)

    return measure_anew


def write_rates(variables, output):
    """Function (outputs, place, values) that writes those of the values that are rates."""
    if not variables:
        return lambda outputs, place, values: None
    rest = write_rates(variables[1:], output + 1)
    if not variables[0].rate:
        return lambda outputs, place, values: rest(outputs, place, values[1:])

    def write_all(outputs, place, values):
        outputs[output][place] = values[0]
        rest(outputs, place, values[1:])

    return write_all


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
