"""Programs of a block of points: lines that each call a kernel, by address, on rows of one memory.

The functions here and the stages that call them are compiled once, and shared by all maps, depths and sets of observables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from fastdln.kernels.compile import jit_disabled
from fastdln.kernels.link import Linked, call
from fastdln.kernels.spans import LANES, NUMBER, SPAN

# Fields of a line: the kernel, the part it does, the first rows of its six arguments in memory (spans.py), whether its
# products move on through the window, and whether it looks at sampled states only. AT_WORK of the first line is the number of
# the line that runs, so that an error is told with the kernel's name.
KERNEL, PART, ACCUMULATORS, COLUMNS, STATES, PRODUCTS, VALUES, SIZES, MOVES, SAMPLED, AT_WORK, FIELDS = range(12)


class FirstRows(NamedTuple):
    """First rows, in a block's memory, of what a kernel is given."""

    accumulators: int = 0
    columns: int = 0
    states: int = 0
    products: int = 0
    values: int = 0
    sizes: int = 0


class Program:
    """Lines in sections, each of which is run by itself, and the number of rows of memory that they use."""

    def __init__(self) -> None:
        self.lines: list[list[Any]] = []
        self.sections: dict[str, tuple[int, int]] = {}
        self.rows = 0

    def allot(self, rows: int) -> int:
        """Reserve rows of memory; returns the first."""
        self.rows += rows
        return self.rows - rows

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Name the lines that are added meanwhile."""
        first = len(self.lines)
        yield
        self.sections[name] = first, len(self.lines)

    def add(self, kernel: Linked, part: int, first_rows: FirstRows, sampled: bool = False, moves: bool = False) -> None:
        self.lines.append([kernel, part, *first_rows, int(moves), int(sampled), 0])

    @property
    def code(self) -> np.ndarray:
        """The lines as the array (line, field) that compiled stages take."""
        return self.code_by(attrgetter("address"))

    def code_by(self, address: Callable[[Linked], Any]) -> np.ndarray:
        """The same array, with address(kernel) in place of each kernel's own."""
        code = np.empty((len(self.lines), FIELDS), object if jit_disabled() else np.int64)
        for k, (kernel, *fields) in enumerate(self.lines):
            code[k] = [address(kernel), *fields]
        return code

    @property
    def kernels(self) -> list[Linked]:
        return list(dict.fromkeys(line[KERNEL] for line in self.lines))


def run(code, section, memory, at, first, every, steps):
    """Run the lines of a section on a span of `steps` states, whose products begin `at` rows on in the window.

    Lines of sampled states look at states first + 1, first + 1 + every, ... of it.
    """
    for k in range(section[0], section[1]):
        code[0, AT_WORK], sampled = k, code[k, SAMPLED] == 1
        first_rows = (
            code[k, ACCUMULATORS],
            code[k, COLUMNS],
            code[k, STATES],
            code[k, PRODUCTS] + at * code[k, MOVES],
            code[k, VALUES],
            code[k, SIZES],
        )
        numbers = (code[k, PART], first if sampled else 0, every if sampled else 1, steps)
        call(code[k, KERNEL], memory, first_rows, numbers)


def carry(code, section, memory, steps):
    """Run a section over so many steps, span by span."""
    for begin in range(0, steps, SPAN):
        run(code, section, memory, 0, 0, 1, min(SPAN, steps - begin))


def enter(memory, at, height, modes, columns, points, origin):
    """Fill the lanes of each mode with columns (row, mode and point), from point `origin` on.

    The modes' rows are `height` apart, from row `at` on. Lanes beyond the last point take the last point.
    """
    for mode in range(modes):
        for row in range(len(columns)):
            for lane in range(LANES):
                memory[at + mode * height + row, lane] = columns[row, mode * points + min(origin + lane, points - 1)]


def leave(memory, at, height, modes, columns, points, origin, first, last):
    """Write rows first .. last - 1 of the lanes back to their columns."""
    for mode in range(modes):
        for row in range(first, last):
            for lane in range(min(LANES, points - origin)):
                columns[row, mode * points + origin + lane] = memory[at + mode * height + row, lane]


def set_number(memory, at, height, modes, number):
    """Set the number of the state that each mode's columns are at."""
    for mode in range(modes):
        for lane in range(LANES):
            memory[at + mode * height + NUMBER, lane] = number
