"""Period and fate of every lane, from the window of its last products."""

from __future__ import annotations

import math
from functools import cache

from fastdln.kernels.link import Linked
from fastdln.kernels.spans import BOUND_AT, LANES, S_AT, STRIDE
from fastdln.observables.fate import DIVERGED, IRREGULAR, NOT_COMPUTED, at_rest, in_motion, with_period
from fastdln.observables.period import TOLERANCE

# Lanes that are copied out of a window together: a cache line.
GROUP = 8

# Rows of scratch: the lowest and highest of either half of the window; and of values.
LOW, HIGH, LATE_LOW, LATE_HIGH = range(0, 4 * STRIDE, STRIDE)
FATE, PERIOD = 0, STRIDE


def extremes(window, first, last, found, low, high):
    """The lowest and highest of states first .. last - 1 of each lane, in two rows of `found`; four at a time, so that these
    stay in registers meanwhile."""
    for lane in range(LANES):
        found[low + lane], found[high + lane] = math.inf, -math.inf
    for begin in range(first, last, 4):
        for lane in range(LANES):
            lowest, highest = found[low + lane], found[high + lane]
            for k in range(4):
                value = window[min(begin + k, last - 1) * STRIDE + lane]
                lowest = value if value < lowest else lowest
                highest = value if value > highest else highest
            found[low + lane], found[high + lane] = lowest, highest


def copy_out(window, size, lane, copies):
    """The windows of GROUP lanes from one on, to places one after the other by lane, each of `size` states from row 1 on; in squares of a cache line a side."""
    for begin in range(0, size - GROUP + 1, GROUP):
        for k in range(GROUP):
            for t in range(GROUP):
                copies[(lane + k) * size + begin + t] = window[(begin + t + 1) * STRIDE + lane + k]
    for t in range(size - size % GROUP, size):
        for k in range(GROUP):
            copies[(lane + k) * size + t] = window[(t + 1) * STRIDE + lane + k]


# The three kernels that write the fates and periods of a window, `steps` states from row 1 on; `first` is the longest period
# looked for. The later two are for lanes that the ones before leave open, and work on copies of their windows.


@cache
def by_extremes() -> Linked:
    """The kernel for lanes that diverged, or are at a fixed point."""

    def by_extremes(found, columns, copies, window, values, sizes, part, first, every, steps):
        middle = 1 + steps // 2
        extremes(window, 1, middle, found, LOW, HIGH)
        extremes(window, middle, 1 + steps, found, LATE_LOW, LATE_HIGH)
        for lane in range(LANES):
            low = min(found[LOW + lane], found[LATE_LOW + lane])
            high = max(found[HIGH + lane], found[LATE_HIGH + lane])
            s, last, largest = columns[S_AT + lane], window[steps * STRIDE + lane], max(high, -low)
            values[FATE + lane], values[PERIOD + lane] = NOT_COMPUTED, 0
            if not abs(last) <= columns[BOUND_AT + lane]:
                values[FATE + lane], values[PERIOD + lane] = DIVERGED, -1
            elif first > 0 and high - low <= TOLERANCE * largest:
                values[FATE + lane], values[PERIOD + lane] = at_rest(window[STRIDE + lane], last, largest, s), 1

    return Linked(by_extremes, "by_extremes")


@cache
def by_period() -> Linked:
    """The kernel for lanes whose period tells their fate."""

    def by_period(found, columns, copies, window, values, sizes, part, first, every, steps):
        copied = -1
        for lane in range(LANES):
            if values[FATE + lane] == NOT_COMPUTED:
                if copied != lane // GROUP:
                    copied = lane // GROUP
                    copy_out(window, steps, copied * GROUP, copies)
                low = min(found[LOW + lane], found[LATE_LOW + lane])
                largest = max(found[HIGH + lane], found[LATE_HIGH + lane], -low)
                period, fate = with_period(copies, lane * steps, steps, first, columns[S_AT + lane], largest)
                values[FATE + lane], values[PERIOD + lane] = fate, period

    return Linked(by_period, "by_period")


@cache
def by_motion() -> Linked:
    """The kernel for all others."""

    def by_motion(found, columns, copies, window, values, sizes, part, first, every, steps):
        for lane in range(LANES):
            if values[FATE + lane] == IRREGULAR:
                early = max(found[HIGH + lane], -found[LOW + lane], 0.0)
                late = max(found[LATE_HIGH + lane], -found[LATE_LOW + lane])
                s = columns[S_AT + lane]
                values[FATE + lane] = in_motion(copies, lane * steps, steps, first, s, early, late)

    return Linked(by_motion, "by_motion")
