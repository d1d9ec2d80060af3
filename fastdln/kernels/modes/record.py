"""The recorded steps: a block of points at a time, with all that is measured and the window that tells period and fate."""

from typing import NamedTuple

from fastdln.kernels.driver import carry, enter, leave, run, set_number
from fastdln.kernels.spans import LANES, SPAN, STATE


class Sections(NamedTuple):
    """Sections of a block's program, each from its first line to the one after the last."""

    bare: tuple[int, int]
    lead_in: tuple[int, int]
    carried: tuple[int, int]
    pairs_start: tuple[int, int]
    pairs_carried: tuple[int, int]
    begin: tuple[int, int]
    recorded: tuple[int, int]
    verdicts: tuple[int, int]
    finish: tuple[int, int]
    finish_sampled: tuple[int, int]


class Lengths(NamedTuple):
    """How long the run is: steps of the transient that are left, and those among them in which pairs are carried; the state
    after them; recorded steps, states of the window, the longest period looked for; every how many states quantities are
    sampled, and how often in all."""

    left: int
    lead: int
    steps: int
    record: int
    window: int
    period_max: int
    every: int
    samples: int


def record(code, sections, cycles, memory, layout, columns, lengths, rates, values, orbit):
    """Runs the steps that the transient left, then the record, and writes values (value, point), each mode's fate and
    period being the last, and the last products (point, mode, sample); the columns' states become the last.

    cycles (mode, 3, 2): the sections that measure a mode's rates anew. rates (mode, rate): which values are rates.
    """
    modes, points = layout.modes, values.shape[1]
    at, height = layout.columns, layout.columns_rows
    for origin in range(0, points, LANES):
        count = min(LANES, points - origin)
        enter(memory, at, height, modes, columns, points, origin)
        set_number(memory, at, height, modes, lengths.steps - lengths.left)
        run(code, sections.lead_in, memory, 0, 0, 1, 0)
        if sections.carried[0] == sections.carried[1]:
            run(code, sections.bare, memory, 0, 0, 1, lengths.left - lengths.lead)
        else:
            carry(code, sections.carried, memory, lengths.left - lengths.lead)
        run(code, sections.pairs_start, memory, 0, 0, 1, 0)
        carry(code, sections.pairs_carried, memory, lengths.lead)
        run(code, sections.begin, memory, 0, 0, 1, 0)
        last = follow(code, sections.recorded, memory, layout, lengths, origin, count, orbit)
        run(code, sections.verdicts, memory, 0, lengths.period_max, 1, lengths.window)
        run(code, sections.finish, memory, 0, last, 1, lengths.record)
        run(code, sections.finish_sampled, memory, 0, last, 1, lengths.samples)
        for row in range(layout.values_rows):
            for lane in range(count):
                values[row, origin + lane] = memory[layout.values + row, lane]
        leave(memory, at, height, modes, columns, points, origin, STATE, STATE + layout.components)
        if rates.shape[1] > 0:
            for mode in range(modes):
                on_cycles(code, cycles[mode], memory, layout, mode, lengths.record, rates[mode], origin, count, values)


def follow(code, section, memory, layout, lengths, origin, count, orbit):
    """The recorded steps themselves; returns the row of the last state in the last span."""
    length, every, kept = lengths.record, lengths.every, orbit.shape[2]
    done, span = 0, 0
    while done < length:
        # what the window will not hold lies where the next products will
        skipped = length - lengths.window - done
        span = min(SPAN, skipped if skipped > 0 else length - done)
        at = max(-skipped, 0)
        run(code, section, memory, at, (length - done - 1) % every, every, span)
        if done + span > length - kept:
            for mode in range(layout.modes):
                products = memory[layout.products + mode * layout.products_rows + at + 1 :]
                first = done - (length - kept)
                for t in range(max(0, -first), span):
                    for lane in range(count):
                        orbit[origin + lane, mode, first + t] = products[t, lane]
        done += span
    return span


def on_cycles(code, sections, memory, layout, mode, length, rates, origin, count, values):
    """Measures a mode's rates anew, over one more period, where the record is no whole number of periods.

    The states go on span by span to the end of the longest period; for each period that ends within a span the part up to there is
    done apart, so that what a point comes to does not depend on the periods beside it.
    """
    periods, longest, done = values[layout.values_rows - 2 * (layout.modes - mode) + 1], 0, 0
    for lane in range(count):
        period = int(periods[origin + lane])
        longest = period if period > longest and length % period != 0 else longest
    mark, go_on = (sections[0, 0], sections[0, 1]), (sections[1, 0], sections[1, 1])
    finish, at = (sections[2, 0], sections[2, 1]), layout.columns + mode * layout.columns_rows
    if longest > 0:
        run(code, mark, memory, 0, 0, 1, 0)
    for period in range(2, longest + 1):
        ending = 0
        for lane in range(count):
            ending += 1 if periods[origin + lane] == period else 0
        if ending == 0 or length % period == 0:
            continue
        carry(code, go_on, memory, period // SPAN * SPAN - done)
        done = period // SPAN * SPAN
        copy_rows(memory, at, layout.spare, layout.columns_rows)
        carry(code, go_on, memory, period - done)
        run(code, finish, memory, 0, 0, 1, period)
        copy_rows(memory, layout.spare, at, layout.columns_rows)
        for k in range(len(rates)):
            for lane in range(count):
                if periods[origin + lane] == period:
                    values[rates[k], origin + lane] = memory[layout.values + rates[k], lane]


def copy_rows(memory, first, to, count):
    for row in range(count):
        for lane in range(LANES):
            memory[to + row, lane] = memory[first + row, lane]
