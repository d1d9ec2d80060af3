"""Programs of blocks, as modes and matrices share them: which kernels run, in which order, and on which rows of memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fastdln.kernels.driver import FirstRows, Program
from fastdln.kernels.fates import by_extremes, by_motion, by_period
from fastdln.kernels.layout import Layout
from fastdln.kernels.link import Linked
from fastdln.kernels.observe import FINISH, UPDATE, of_any_mode, of_network, width_of
from fastdln.kernels.spans import COMPONENTS, LANES, SPAN, STATE, STRIDE
from fastdln.kernels.stages import ObservablesByStage
from fastdln.observables.observable import ModeObservable, Observable, PointObservable, Quantity

# Kernels that look at all modes take as many lanes as hold points, rounded up to one cache line of 8, so that a few points do
# not take the time of 64.
FEW_LANES = 8


class ModeObservers:
    """Kernels of the observables of modes, where these see nothing of a state but the product."""

    components, depth = 0, 0

    def __init__(self, by_stage: ObservablesByStage) -> None:
        self.by_stage = by_stage
        self.widths = {o.name: width_of(o) for o in by_stage.modes}

    @cached_property
    def modes(self) -> dict[str, Linked]:
        return {o.name: of_any_mode(o) for o in self.by_stage.modes}


@dataclass
class BlockPlan:
    """A program for blocks of so many modes, its sections, its memory (row, lane), and the layout of that.

    cycles (mode, 3, 2), rates (mode, rate): see modes.record.record. numbers: the first row of the quantities' numbers.
    """

    program: Program
    sections: Any
    cycles: np.ndarray
    memory: np.ndarray
    layout: Layout
    rates: np.ndarray
    numbers: int


class Planner:
    """Lays out the memory of a block of so many modes and points, and writes the lines of its program."""

    def __init__(
        self, kernels: ModeObservers, modes: int, points: int, others: Iterable[Observable] = (), window: int = 0
    ) -> None:
        self.kernels, self.by_stage, self.modes = kernels, kernels.by_stage, modes
        self.lanes = min(LANES, max(1, -(-points // FEW_LANES)) * FEW_LANES)
        self.program = program = Program()
        self.height = STATE + kernels.components + sum(kernels.widths.values())
        self.window = window + SPAN + 1
        self.columns = program.allot(modes * self.height)
        self.states = program.allot(modes * kernels.components * (SPAN + 1))
        self.products = program.allot(modes * self.window)
        sizes = COMPONENTS + kernels.depth
        self.sizes = program.allot(-(-sizes // STRIDE))
        self.variables = sum(len(o.variables) for o in self.by_stage.modes)
        # the fate and the period of each mode come last
        self.values_rows = modes * self.variables + sum(len(o.variables) for o in others) + 2 * modes
        self.values = program.allot(self.values_rows)
        self.spare = program.allot(self.height)

    def first_rows(self, mode: int, accumulators: int = 0, values: int = 0) -> FirstRows:
        """First rows of the arguments of a kernel of one mode; values count from the first one of all."""
        states = self.states + mode * self.kernels.components * (SPAN + 1)
        columns, products = self.columns + mode * self.height, self.products + mode * self.window
        return FirstRows(accumulators, columns, states, products, self.values + values, self.sizes)

    def observe(self, mode: int, part: int, observables: Iterable[ModeObservable], moves: bool = False) -> None:
        """Add lines of observables of one mode. Values lie mode by mode, and variable by variable."""
        accumulators, value = self.columns + mode * self.height + STATE + self.kernels.components, mode * self.variables
        for o in self.by_stage.modes:
            if o in observables:
                self.program.add(
                    self.kernels.modes[o.name], part, self.first_rows(mode, accumulators, value), moves=moves
                )
            accumulators, value = accumulators + self.kernels.widths[o.name], value + len(o.variables)

    def layout(self) -> Layout:
        return Layout(
            self.modes,
            self.kernels.components,
            self.columns,
            self.height,
            self.states,
            self.products,
            self.window,
            self.values,
            self.values_rows,
            self.spare,
        )


class NetworkObservers:
    """Observables of the whole network in a program: rows for their quantities' numbers and accumulators, and their values from
    row `value` on.

    numbers: the first row of the quantities' numbers, where another set of observables has them already.
    """

    def __init__(
        self,
        planner: Planner,
        observables: Sequence[PointObservable],
        quantities: Sequence[Quantity],
        value: int,
        numbers: int | None = None,
    ):
        self.planner, self.observables, self.quantities, self.value = planner, observables, quantities, value
        self.numbers = planner.program.allot(len(quantities) * (SPAN + 1)) if numbers is None else numbers
        self.accumulators = planner.program.allot(sum(width_of(o) for o in observables))
        self.sampled = [all(o.sampled for o in observables if o.quantity is q) for q in quantities]

    def observe(self, part: int, sampled: bool | None = None) -> None:
        """Add lines of the observables; with `sampled`, only of those that are sampled, or are not."""
        accumulators, value = self.accumulators, self.value
        for o in self.observables:
            q = self.quantities.index(o.quantity)
            if sampled is None or sampled == self.sampled[q]:
                first_rows = self.planner.first_rows(0, accumulators, value)._replace(
                    products=self.numbers + q * (SPAN + 1)
                )
                self.planner.program.add(of_network(o), part, first_rows, self.sampled[q] or part == FINISH)
            accumulators, value = accumulators + width_of(o), value + len(o.variables)


def quantities_of(observables: Iterable[PointObservable]) -> list[Quantity]:
    """The quantities of some observables, each once."""
    return list({o.quantity.name + o.quantity.source: o.quantity for o in observables}.values())


def fate_lines(planner: Planner, window: int) -> None:
    """Add lines that write the fate and the period of each mode, the last of the values."""
    scratch, copies = planner.program.allot(4), planner.program.allot(-(-LANES * window // STRIDE))
    for mode in range(planner.modes):
        first_rows = planner.first_rows(mode, scratch, planner.values_rows - 2 * (planner.modes - mode))
        for kernel in (by_extremes(), by_period(), by_motion()):
            planner.program.add(kernel, UPDATE, first_rows._replace(states=copies), sampled=True)
