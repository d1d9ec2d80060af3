"""Period and fate of every lane, from the window of its last products: kernels, by how much it takes to tell them."""

from __future__ import annotations

import math
from functools import cache

from fastdln.kernels.link import Linked
from fastdln.kernels.spans import BOUND_AT, LANES, S_AT, STRIDE
from fastdln.observables.fate import DIVERGED, IRREGULAR, NOT_COMPUTED, at_rest, in_motion, with_period
from fastdln.observables.period import TOLERANCE

# Lanes whose windows are copied together: a cache line.
GROUP = 8

# Rows of scratch: the lowest and highest of either half of the window; and of values.
LOW, HIGH, LATE_LOW, LATE_HIGH = range(0, 4 * STRIDE, STRIDE)
FATE, PERIOD = 0, STRIDE


def extremes(window, first, last, found, low, high):
    """Write the lowest and the highest of states first .. last - 1 of each lane to two rows of `found`.

    It takes four states at a time, so that the extremes stay in registers meanwhile.
    """
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
    """Copy the windows of GROUP lanes, from `lane` on, to one vector of `size` states a lane: a transposition, by squares whose
    sides are a cache line.

    The window's states begin at row 1; a lane's copy begins at lane * size.
    """
    for begin in range(0, size - GROUP + 1, GROUP):
        for k in range(GROUP):
            for t in range(GROUP):
                copies[(lane + k) * size + begin + t] = window[(begin + t + 1) * STRIDE + lane + k]
    for t in range(size - size % GROUP, size):
        for k in range(GROUP):
            copies[(lane + k) * size + t] = window[(t + 1) * STRIDE + lane + k]


# Three kernels write the fates and periods of a window of `steps` states, from row 1 on; `first` is the longest period looked
# for. Each takes more time a lane than the one before it, and does only the lanes that those before it could not tell; the
# later two work on copies of the windows.


@cache
def by_extremes() -> Linked:
    """Kernel for lanes that diverged or are at a fixed point, as the extremes of the window tell."""

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
    """Kernel for lanes whose period tells their fate."""

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
    """Kernel for lanes without a period: they drift, or are aperiodic, by how often they turn back."""

    def by_motion(found, columns, copies, window, values, sizes, part, first, every, steps):
        for lane in range(LANES):
            if values[FATE + lane] == IRREGULAR:
                early = max(found[HIGH + lane], -found[LOW + lane], 0.0)
                late = max(found[LATE_HIGH + lane], -found[LATE_LOW + lane])
                s = columns[S_AT + lane]
                values[FATE + lane] = in_motion(copies, lane * steps, steps, first, s, early, late)

    return Linked(by_motion, "by_motion")
