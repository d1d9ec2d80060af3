"""Programs of blocks, as modes and matrices share them: which kernels run, in which order, and on which rows of memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fastdln.kernels.driver import Places, Program
from fastdln.kernels.fates import by_extremes, by_motion, by_period
from fastdln.kernels.layout import Layout
from fastdln.kernels.link import Linked
from fastdln.kernels.observe import FINISH, UPDATE, of_any_mode, of_network, width_of
from fastdln.kernels.spans import COMPONENTS, LANES, SPAN, STATE, STRIDE
from fastdln.kernels.stages import Roles
from fastdln.observables.observable import ModeObservable, Observable, PointObservable, Quantity

# Pairs of modes are followed in rows of so many points, one cache line, or more, so that few points do not wait for many.
FEW_LANES = 8


class Observers:
    """The kernels of a set of observables, of modes of whose states they see no more than products."""

    components, depth = 0, 0

    def __init__(self, roles: Roles) -> None:
        self.roles = roles
        self.widths = {o.name: width_of(o) for o in roles.modes}

    @cached_property
    def modes(self) -> dict[str, Linked]:
        return {o.name: of_any_mode(o) for o in self.roles.modes}


@dataclass
class Plan:
    """A program for blocks of so many modes, with its sections, its memory and where things lie in it."""

    program: Program
    sections: Any
    cycles: np.ndarray
    memory: np.ndarray
    layout: Layout
    rates: np.ndarray
    numbers: int


class Planner:
    """Writes a program: rows of memory for a block of so many modes and points, then its lines."""

    def __init__(
        self, kernels: Observers, modes: int, points: int, others: Iterable[Observable] = (), window: int = 0
    ) -> None:
        self.kernels, self.roles, self.modes = kernels, kernels.roles, modes
        self.lanes = min(LANES, max(1, -(-points // FEW_LANES)) * FEW_LANES)
        self.program = program = Program()
        self.height = STATE + kernels.components + sum(kernels.widths.values())
        self.window = window + SPAN + 1
        self.columns = program.allot(modes * self.height)
        self.states = program.allot(modes * kernels.components * (SPAN + 1))
        self.products = program.allot(modes * self.window)
        sizes = COMPONENTS + kernels.depth
        self.sizes = program.allot(-(-sizes // STRIDE))
        self.variables = sum(len(o.variables) for o in self.roles.modes)
        # each mode's fate and period come last
        self.values_rows = modes * self.variables + sum(len(o.variables) for o in others) + 2 * modes
        self.values = program.allot(self.values_rows)
        self.spare = program.allot(self.height)

    def places(self, mode: int, seen: int = 0, values: int = 0) -> Places:
        states = self.states + mode * self.kernels.components * (SPAN + 1)
        columns, products = self.columns + mode * self.height, self.products + mode * self.window
        return Places(seen, columns, states, products, self.values + values, self.sizes)

    def observe(self, mode: int, part: int, observables: Iterable[ModeObservable], moves: bool = False) -> None:
        """Lines of observables of modes; their values lie variable by variable, and mode by mode."""
        seen, value = self.columns + mode * self.height + STATE + self.kernels.components, mode * self.variables
        for o in self.roles.modes:
            if o in observables:
                self.program.add(self.kernels.modes[o.name], part, self.places(mode, seen, value), moves=moves)
            seen, value = seen + self.kernels.widths[o.name], value + len(o.variables)

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


class Network:
    """Observables of the whole network in a program: their quantities, accumulators and values; `numbers`, if those of the
    quantities are there already."""

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
        self.seen = planner.program.allot(sum(width_of(o) for o in observables))
        self.sampled = [all(o.sampled for o in observables if o.quantity is q) for q in quantities]

    def observe(self, part: int, sampled: bool | None = None) -> None:
        """Lines of the observables, or only of those that are, or are not, sampled."""
        seen, value = self.seen, self.value
        for o in self.observables:
            q = self.quantities.index(o.quantity)
            if sampled is None or sampled == self.sampled[q]:
                places = self.planner.places(0, seen, value)._replace(products=self.numbers + q * (SPAN + 1))
                self.planner.program.add(of_network(o), part, places, self.sampled[q] or part == FINISH)
            seen, value = seen + width_of(o), value + len(o.variables)


def quantities_of(observables: Iterable[PointObservable]) -> list[Quantity]:
    return list({o.quantity.name + o.quantity.source: o.quantity for o in observables}.values())


def verdict_lines(planner: Planner, window: int) -> None:
    """Lines that tell each mode's fate and period, the last of the values."""
    scratch, copies = planner.program.allot(4), planner.program.allot(-(-LANES * window // STRIDE))
    for mode in range(planner.modes):
        places = planner.places(mode, scratch, planner.values_rows - 2 * (planner.modes - mode))
        for kernel in (by_extremes(), by_period(), by_motion()):
            planner.program.add(kernel, UPDATE, places._replace(states=copies), sampled=True)
