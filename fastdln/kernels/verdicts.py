"""Period and fate of every lane, from the window of its last products."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from fastdln.kernels.link import linked
from fastdln.kernels.spans import BOUND_AT, LANES, S_AT, STRIDE
from fastdln.observables.fate import DIVERGED, at_rest, judge
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
    """The windows of GROUP lanes one after the other, each of `size` states from row 1 on; in squares of a cache line a side."""
    for begin in range(0, size - GROUP + 1, GROUP):
        for k in range(GROUP):
            for t in range(GROUP):
                copies[k * size + begin + t] = window[(begin + t + 1) * STRIDE + lane + k]
    for t in range(size - size % GROUP, size):
        for k in range(GROUP):
            copies[k * size + t] = window[(t + 1) * STRIDE + lane + k]


@cache
def verdicts() -> Any:
    """The kernel that writes a row of fates and one of periods, from the window, which are `steps` products after the first.

    `first` is the longest period looked for. A fixed point is told by its extremes alone; others are copied out, to the place
    of the states, and judged one by one.
    """

    def verdicts(found, columns, copies, window, values, sizes, part, first, every, steps):
        middle, copied = 1 + steps // 2, -1
        extremes(window, 1, middle, found, LOW, HIGH)
        extremes(window, middle, 1 + steps, found, LATE_LOW, LATE_HIGH)
        for lane in range(LANES):
            s, last = columns[S_AT + lane], window[steps * STRIDE + lane]
            low, high = min(found[LOW + lane], found[LATE_LOW + lane]), max(found[HIGH + lane], found[LATE_HIGH + lane])
            if not abs(last) <= columns[BOUND_AT + lane]:
                values[FATE + lane], values[PERIOD + lane] = DIVERGED, -1
            elif first > 0 and high - low <= TOLERANCE * max(high, -low):
                values[FATE + lane] = at_rest(window[STRIDE + lane], last, max(high, -low), s)
                values[PERIOD + lane] = 1
            else:
                if copied != lane // GROUP:
                    copied = lane // GROUP
                    copy_out(window, steps, copied * GROUP, copies)
                early = max(found[HIGH + lane], -found[LOW + lane], 0.0)
                late = max(found[LATE_HIGH + lane], -found[LATE_LOW + lane])
                period, fate = judge(copies, (lane % GROUP) * steps, steps, first, s, early, late)
                values[FATE + lane], values[PERIOD + lane] = fate, period

    return linked(verdicts, "verdicts")
