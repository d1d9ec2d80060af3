"""The run sampled from state 0 on, all modes together: every so many states are measured, with bare steps in between."""

import math
from typing import NamedTuple

from fastdln.kernels.driver import enter, run, set_number
from fastdln.kernels.spans import BOUND, LANES, SPAN


class SampledSections(NamedTuple):
    """Sections of a block's program, as record.RecordSections."""

    trace: tuple[int, int]
    bare: tuple[int, int]
    begin: tuple[int, int]
    measure: tuple[int, int]
    finish: tuple[int, int]


def sampled(code, sections, memory, layout, numbers_row, components, columns, every, total, values, trajectory):
    """Measure states 0, every, 2 every, ... up to `total`, from the columns at state 0.

    values (value, point): those of the observables. trajectory: layers (point, layer, mode, sample), products (point, mode,
    sample) and quantities (quantity, point, sample), or arrays without points. numbers_row: the first row of the quantities'
    numbers. components: the component of the state that holds each layer. The steps are the transient's, so that the orbit is
    the same bit for bit.
    """
    points, modes = columns.shape[1] // layout.modes, layout.modes
    at, height, last = layout.columns, layout.columns_rows, total // every * every
    for origin in range(0, points, LANES):
        count = min(LANES, points - origin)
        enter(memory, at, height, modes, columns, points, origin)
        set_number(memory, at, height, modes, 0)
        run(code, sections.trace, memory, 0, 0, 1, 0)
        run(code, sections.begin, memory, 0, 0, 1, 0)
        from_state_0(memory, layout)
        run(code, sections.measure, memory, 0, 0, 1, 1)
        write_trajectory(memory, layout, numbers_row, components, 0, 0, 1, 1, origin, count, trajectory)
        done, span = 0, 1
        while done < last:
            due = every - done % every
            if due > SPAN:
                run(code, sections.bare, memory, 0, 0, 1, due - 1)
                done += due - 1
            span = 1 if due > SPAN else min(SPAN, last - done)
            first = every - 1 - done % every
            run(code, sections.trace, memory, 0, 0, 1, span)
            run(code, sections.measure, memory, 0, first, every, span)
            if first < span:
                sample = (done + first + 1) // every
                write_trajectory(
                    memory, layout, numbers_row, components, sample, first, every, span, origin, count, trajectory
                )
            done += span
        run(code, sections.finish, memory, 0, span, 1, last // every + 1)
        for row in range(len(values)):
            for lane in range(count):
                values[row, origin + lane] = memory[layout.values + row, lane]


def from_state_0(memory, layout):
    """Copy state 0 to the first state of a span, so that it is measured like any other."""
    for mode in range(layout.modes):
        for component in range(layout.components):
            row = layout.states + (mode * layout.components + component) * (SPAN + 1)
            for lane in range(LANES):
                memory[row + 1, lane] = memory[row, lane]
        row = layout.products + mode * layout.products_rows
        for lane in range(LANES):
            memory[row + 1, lane] = memory[row, lane]


def write_trajectory(memory, layout, numbers_row, components, sample, first, every, span, origin, count, trajectory):
    """Write the states of a span that are sampled, from sample number `sample` on.

    Where a mode has diverged, its layers and product are NaN, and the point's quantities.
    """
    layers, products, quantities = trajectory
    if len(layers) == 0:
        return
    for t in range(first + 1, span + 1, every):
        for lane in range(count):
            point, any_diverged = origin + lane, False
            for mode in range(layout.modes):
                product = memory[layout.products + mode * layout.products_rows + t, lane]
                diverged = not abs(product) <= memory[layout.columns + mode * layout.columns_rows + BOUND, lane]
                any_diverged |= diverged
                products[point, mode, sample] = math.nan if diverged else product
                for layer in range(len(components)):
                    row = layout.states + (mode * layout.components + components[layer]) * (SPAN + 1)
                    layers[point, layer, mode, sample] = math.nan if diverged else memory[row + t, lane]
            for q in range(len(quantities)):
                quantities[q, point, sample] = (
                    math.nan if any_diverged else memory[numbers_row + q * (SPAN + 1) + t, lane]
                )
        sample += 1
