"""The transient, the steps before the record: each point leaves its lane as soon as its state repeats bit for bit."""

import numpy as np

from fastdln.kernels.driver import carry, enter, leave, run
from fastdln.kernels.spans import LANES, ROUND, STATE


def begin(code, start, memory, columns):
    """Start the accumulators of the whole run in every column; the memory begins with the rows of a column."""
    count = columns.shape[1]
    if start[0] == start[1]:
        return
    for origin in range(0, count, LANES):
        enter(memory, 0, 0, 1, columns, count, origin)
        run(code, start, memory, 0, 0, 1, 0)
        leave(memory, 0, 0, 1, columns, count, origin, STATE, len(columns))


def transient(code, bare, observed, memory, earlier, scratch, columns, rounds, settles):
    """Take every column `rounds` rounds of steps on, in lanes that are refilled.

    The steps are bare, or, with lines in `observed`, taken span by span and observed. A lane retires at its last round, or,
    where all that is measured `settles`, as soon as its state repeats bit for bit; that of a diverged point soon does, being NaN.
    Scratch: earlier (component, lane): the state a round ago; scratch (3, lane): which column a lane carries, in which round it
    is due, and whether it leaves.
    """
    count, rows, components = columns.shape[1], len(columns), len(earlier)
    if count == 0 or rounds == 0:
        return
    carried, due, leaves = scratch[0], scratch[1], scratch[2]
    bits, earlier_bits = memory.view(np.int64), earlier.view(np.int64)
    waiting = min(LANES, count)
    running, now = waiting, 0
    enter(memory, 0, 0, 1, columns, count, 0)
    for lane in range(LANES):
        carried[lane] = lane if lane < count else -1
        due[lane] = rounds if lane < count else -1
    while (
        running > 0
    ):  # ends after at most rounds * (count / LANES + 1) turns, since every lane is a round nearer its end after each
        for row in range(components):
            for lane in range(LANES):
                earlier[row, lane] = memory[STATE + row, lane]
        if observed[0] == observed[1]:
            run(code, bare, memory, 0, 0, 1, ROUND)
        else:
            carry(code, observed, memory, ROUND)
        now += 1
        leaving = 0
        for lane in range(LANES):
            leaves[lane] = 1 if settles else 0
        if settles:
            for row in range(components):
                for lane in range(LANES):
                    leaves[lane] &= 1 if bits[STATE + row, lane] == earlier_bits[row, lane] else 0
        for lane in range(LANES):
            leaves[lane] |= 1 if due[lane] == now else 0
            leaving += leaves[lane]
        if leaving == 0:
            continue
        for lane in range(LANES):
            if leaves[lane] == 0 or carried[lane] < 0:
                continue
            for row in range(rows):
                columns[row, carried[lane]] = memory[row, lane]
            if waiting < count:
                carried[lane], due[lane] = waiting, now + rounds
                for row in range(rows):
                    memory[row, lane] = columns[row, waiting]
                waiting += 1
            else:
                carried[lane] = -1
                running -= 1
