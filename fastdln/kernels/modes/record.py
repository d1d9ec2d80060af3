"""The record: recorded steps of a block of points at a time, what is measured of them, and the window of period and fate."""

from typing import NamedTuple

from fastdln.kernels.driver import carry, enter, leave, run, set_number
from fastdln.kernels.spans import LANES, SPAN, STATE


class RecordSections(NamedTuple):
    """Sections of a block's program: the first line of each, and the one after the last."""

    bare: tuple[int, int]
    lead_in: tuple[int, int]
    carried: tuple[int, int]
    pairs_start: tuple[int, int]
    pairs_carried: tuple[int, int]
    begin: tuple[int, int]
    recorded: tuple[int, int]
    fates: tuple[int, int]
    finish: tuple[int, int]
    finish_sampled: tuple[int, int]


class RecordLengths(NamedTuple):
    """Lengths of the record and of what precedes it.

    remaining: steps of the transient that it did not take; lead: those among them in which pairs are carried along. steps: the
    number of the state after them. record: recorded steps. window: states of the window. period_max: the longest period looked
    for. every, samples: the stride at which quantities are sampled, and how many samples that makes.
    """

    remaining: int
    lead: int
    steps: int
    record: int
    window: int
    period_max: int
    every: int
    samples: int


def record(code, sections, cycles, memory, layout, columns, lengths, rates, values, orbit):
    """Take the steps that remain of the transient, then the record; write values and the orbit, and leave columns at the last state.

    values (value, point): the fate and the period of each mode come last. orbit (point, mode, sample): the last products.
    cycles (mode, 3, 2): sections that measure a mode's rates over another period: mark, carry on, finish. rates (mode, rate):
    which values are rates.
    """
    modes, points = layout.modes, values.shape[1]
    at, height = layout.columns, layout.columns_rows
    for origin in range(0, points, LANES):
        count = min(LANES, points - origin)
        enter(memory, at, height, modes, columns, points, origin)
        set_number(memory, at, height, modes, lengths.steps - lengths.remaining)
        run(code, sections.lead_in, memory, 0, 0, 1, 0)
        if sections.carried[0] == sections.carried[1]:
            run(code, sections.bare, memory, 0, 0, 1, lengths.remaining - lengths.lead)
        else:
            carry(code, sections.carried, memory, lengths.remaining - lengths.lead)
        run(code, sections.pairs_start, memory, 0, 0, 1, 0)
        carry(code, sections.pairs_carried, memory, lengths.lead)
        run(code, sections.begin, memory, 0, 0, 1, 0)
        last = follow(code, sections.recorded, memory, layout, lengths, origin, count, orbit)
        run(code, sections.fates, memory, 0, lengths.period_max, 1, lengths.window)
        run(code, sections.finish, memory, 0, last, 1, lengths.record)
        run(code, sections.finish_sampled, memory, 0, last, 1, lengths.samples)
        for row in range(layout.values_rows):
            for lane in range(count):
                values[row, origin + lane] = memory[layout.values + row, lane]
        leave(memory, at, height, modes, columns, points, origin, STATE, STATE + layout.components)
        if rates.shape[1] > 0:
            for mode in range(modes):
                rates_over_cycles(
                    code, cycles[mode], memory, layout, mode, lengths.record, rates[mode], origin, count, values
                )


def follow(code, section, memory, layout, lengths, origin, count, orbit):
    """Take the recorded steps; returns the row of the last state in the last span."""
    length, every, kept = lengths.record, lengths.every, orbit.shape[2]
    done, span = 0, 0
    while done < length:
        # products that are older than the window are overwritten by those of the next span
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


def rates_over_cycles(code, sections, memory, layout, mode, length, rates, origin, count, values):
    """Measure a mode's rates over one more period, where the record is no whole number of periods.

    The states are carried on span by span to the end of the longest period of the block. For each period that ends within a
    span, the part of the span up to its end is taken on a copy, so that a point's result does not depend on the periods beside it.
    """
    periods, longest, done = values[layout.values_rows - 2 * (layout.modes - mode) + 1], 0, 0
    for lane in range(count):
        period = int(periods[origin + lane])
        longest = period if period > longest and length % period != 0 else longest
    mark, carry_on = (sections[0, 0], sections[0, 1]), (sections[1, 0], sections[1, 1])
    finish, at = (sections[2, 0], sections[2, 1]), layout.columns + mode * layout.columns_rows
    if longest > 0:
        run(code, mark, memory, 0, 0, 1, 0)
    for period in range(2, longest + 1):
        ending = 0
        for lane in range(count):
            ending += 1 if periods[origin + lane] == period else 0
        if ending == 0 or length % period == 0:
            continue
        carry(code, carry_on, memory, period // SPAN * SPAN - done)
        done = period // SPAN * SPAN
        copy_rows(memory, at, layout.spare, layout.columns_rows)
        carry(code, carry_on, memory, period - done)
        run(code, finish, memory, 0, 0, 1, period)
        copy_rows(memory, layout.spare, at, layout.columns_rows)
        for k in range(len(rates)):
            for lane in range(count):
                if periods[origin + lane] == period:
                    values[rates[k], origin + lane] = memory[layout.values + rates[k], lane]


def copy_rows(memory, first, to, count):
    """Copy `count` rows of the memory."""
    for row in range(count):
        for lane in range(LANES):
            memory[to + row, lane] = memory[first + row, lane]
