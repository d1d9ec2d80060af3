"""The run again from state 0 on, all modes together: a look every so many states, and bare steps in between."""

import math
from typing import NamedTuple

from fastdln.kernels.driver import enter, run, set_number
from fastdln.kernels.spans import BOUND, LANES, SPAN


class SampledSections(NamedTuple):
    """Sections of the program, see record.Sections."""

    trace: tuple[int, int]
    bare: tuple[int, int]
    begin: tuple[int, int]
    measure: tuple[int, int]
    finish: tuple[int, int]


def sampled(code, sections, memory, layout, numbers_at, components, columns, every, total, values, kept):
    """Looks at states 0, every, 2 every, ... up to `total`, from the columns at state 0.

    Writes values (value, point), and, where `kept` has room for them, the layers (point, layer, mode, visit), the products (point,
    mode, visit), and quantities (quantity, point, visit), whose numbers lie at `numbers_at`. The steps are the transient's, so
    that the orbit is the same bit for bit. components: of the state, by layer.
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
        keep(memory, layout, numbers_at, components, 0, 0, 1, 1, origin, count, kept)
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
                visit = (done + first + 1) // every
                keep(memory, layout, numbers_at, components, visit, first, every, span, origin, count, kept)
            done += span
        run(code, sections.finish, memory, 0, span, 1, last // every + 1)
        for row in range(len(values)):
            for lane in range(count):
                values[row, origin + lane] = memory[layout.values + row, lane]


def from_state_0(memory, layout):
    """Puts state 0 where the first state of a span would be, so that it is looked at."""
    for mode in range(layout.modes):
        for component in range(layout.components):
            row = layout.states + (mode * layout.components + component) * (SPAN + 1)
            for lane in range(LANES):
                memory[row + 1, lane] = memory[row, lane]
        row = layout.products + mode * layout.products_rows
        for lane in range(LANES):
            memory[row + 1, lane] = memory[row, lane]


def keep(memory, layout, numbers_at, components, visit, first, every, span, origin, count, kept):
    """Keeps the states of a span that are visited; what is lost is NaN: a mode's own, and quantities where any mode is."""
    layers, products, quantities = kept
    if len(layers) == 0:
        return
    for t in range(first + 1, span + 1, every):
        for lane in range(count):
            point, lost = origin + lane, False
            for mode in range(layout.modes):
                product = memory[layout.products + mode * layout.products_rows + t, lane]
                gone = not abs(product) <= memory[layout.columns + mode * layout.columns_rows + BOUND, lane]
                lost |= gone
                products[point, mode, visit] = math.nan if gone else product
                for layer in range(len(components)):
                    row = layout.states + (mode * layout.components + components[layer]) * (SPAN + 1)
                    layers[point, layer, mode, visit] = math.nan if gone else memory[row + t, lane]
            for q in range(len(quantities)):
                quantities[q, point, visit] = math.nan if lost else memory[numbers_at + q * (SPAN + 1) + t, lane]
        visit += 1
