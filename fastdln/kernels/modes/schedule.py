"""The programs of a map, depth and set of observables: which kernels run on a block, in which order, and on which memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fastdln.kernels import spans
from fastdln.kernels.driver import Places, Program
from fastdln.kernels.fates import by_extremes, by_motion, by_period
from fastdln.kernels.link import Linked, zeros
from fastdln.kernels.modes.record import Layout, Sections
from fastdln.kernels.modes.sampled import SampledSections
from fastdln.kernels.observe import (
    COMPONENTS,
    FINISH,
    MARK,
    START,
    UPDATE,
    look_at_modes,
    look_at_pairs,
    of_any_mode,
    of_mode,
    of_network,
    of_pairs,
    term_of,
    width_of,
)
from fastdln.kernels.roles import Roles
from fastdln.kernels.spans import LANES, SPAN, STATE, STRIDE
from fastdln.models import Map
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


class Kernels(Observers):
    """The kernels of a map, a depth and a set of observables."""

    def __init__(self, map_: Map, depth: int, roles: Roles) -> None:
        self.map, self.depth, self.roles = map_, depth, roles
        self.components = len(map_.layers(depth))
        self.widths = {o.name: self.width(o) for o in roles.modes}

    def width(self, observable: ModeObservable) -> int:
        return width_of(observable.on(self.map, self.depth), self.components if observable.needs else 0)

    @cached_property
    def advance(self) -> Linked:
        return spans.advance(self.map, self.depth)

    @cached_property
    def trace(self) -> Linked:
        return spans.trace(self.map, self.depth)

    @cached_property
    def modes(self) -> dict[str, Linked]:
        return {o.name: of_mode(o, self.map, self.depth) for o in self.roles.modes}


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


class MapPlanner(Planner):
    """The same, with lines that take the steps of a map and measure its states."""

    kernels: Kernels

    def trace(self, mode: int | None = None, moves: bool = False) -> None:
        for k in range(self.modes) if mode is None else (mode,):
            self.program.add(self.kernels.trace, UPDATE, self.places(k), moves=moves)

    def bare(self) -> None:
        for mode in range(self.modes):
            self.program.add(self.kernels.advance, UPDATE, self.places(mode))

    def measure(self, network: Network, moves: bool = False) -> None:
        """Lines that fill the numbers of each quantity, what each mode gives, then what each pair of modes does; and of the
        observables that look at them."""
        for k, quantity in enumerate(network.quantities):
            term, seen = term_of(quantity, self.kernels.map, self.kernels.depth), network.numbers + k * (SPAN + 1)
            sampled = network.sampled[k]
            if term:
                for mode in range(self.modes):
                    self.program.add(term, UPDATE if mode else START, self.places(mode, seen), sampled, moves)
            else:
                self.program.add(look_at_modes(quantity), START, self.places(0, seen), sampled, moves)
            if quantity.pair and self.modes > 1:
                self.program.add(look_at_pairs(quantity), UPDATE, self.places(0, seen), sampled, moves)
        network.observe(UPDATE)

    def memory(self) -> np.ndarray:
        memory = zeros(self.program.rows, STRIDE)
        kernels, stride = self.kernels, STRIDE
        apart = (self.height, kernels.components * (SPAN + 1), self.window)
        sizes = [self.modes, kernels.depth, self.lanes, *(rows * stride for rows in apart)]
        sizes += kernels.map.components(kernels.depth)
        memory[self.sizes :].reshape(-1)[: len(sizes)] = sizes
        return memory


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


def for_transient(kernels: Kernels) -> Plan:
    """Lines for the transient, which takes every mode for itself, and for looking back on it."""
    planner, watching = MapPlanner(kernels, 1, LANES), kernels.roles.whole_run
    program = planner.program
    with program.section("trace"):
        planner.trace()
    with program.section("bare"):
        planner.bare()
    with program.section("begin"):
        planner.trace()
        planner.observe(0, START, watching)
    with program.section("observed"):
        if watching:
            planner.trace()
            planner.observe(0, UPDATE, watching)
    none = np.empty((0, 3, 2), np.int64)
    return Plan(program, program.sections, none, planner.memory(), planner.layout(), none, 0)


def for_record(kernels: Kernels, modes: int, points: int, window: int) -> Plan:
    roles = kernels.roles
    planner = MapPlanner(kernels, modes, points, (*roles.network, *roles.pairs), window)
    program, everyone, carried = planner.program, range(modes), roles.whole_run + roles.leading
    network = Network(planner, roles.network, quantities_of(roles.network), modes * planner.variables)
    pairs = roles.pairs if modes > 1 else ()
    pair_rows = [-(-o.rows(kernels.depth) * planner.lanes * modes * (modes - 1) // 2 // STRIDE) + 1 for o in pairs]
    pairs_at = [program.allot(rows) for rows in pair_rows]
    first_pair_value = network.value + sum(len(o.variables) for o in roles.network)

    def pair_up(part: int, moves: bool = False) -> None:
        value = first_pair_value
        for o, seen in zip(pairs, pairs_at, strict=True):
            program.add(of_pairs(o), part, planner.places(0, seen, value), moves=moves)
            value += len(o.variables)

    def observe(part: int, observables: Sequence[ModeObservable], moves: bool = False) -> None:
        for mode in everyone:
            planner.observe(mode, part, observables, moves)

    with program.section("bare"):
        planner.bare()
    with program.section("lead_in"):
        if roles.leading:
            planner.trace()
            observe(START, roles.leading)
    with program.section("carried"):
        for mode in everyone if carried else ():
            planner.trace(mode)
            planner.observe(mode, UPDATE, carried)
    with program.section("pairs_start"):
        if pairs:
            planner.trace()
            pair_up(START)
    with program.section("pairs_carried"):
        if pairs:
            planner.trace()
            observe(UPDATE, carried)
            pair_up(UPDATE)
    with program.section("begin"):
        planner.trace()
        observe(MARK, carried)
        observe(START, roles.recorded)
        network.observe(START)
        pair_up(MARK)
    with program.section("recorded"):
        for mode in everyone:
            planner.trace(mode, moves=True)
            planner.observe(mode, UPDATE, roles.modes, moves=True)
        pair_up(UPDATE, moves=True)
        planner.measure(network, moves=True)
    with program.section("verdicts"):
        verdict_lines(planner, window)
    with program.section("finish"):
        observe(FINISH, roles.modes)
        pair_up(FINISH)
        network.observe(FINISH, sampled=False)
    with program.section("finish_sampled"):
        network.observe(FINISH, sampled=True)
    rated = [o for o in roles.modes if any(v.rate for v in o.variables)]
    cycles = []
    for mode in everyone:
        with program.section("mark"):
            planner.observe(mode, MARK, rated)
        with program.section("go on"):
            planner.trace(mode)
            planner.observe(mode, UPDATE, rated)
        with program.section("end"):
            planner.observe(mode, FINISH, rated)
        cycles.append([program.sections.pop(name) for name in ("mark", "go on", "end")])
    variables = [v for o in roles.modes for v in o.variables]
    rates = [[mode * len(variables) + k for k, v in enumerate(variables) if v.rate] for mode in everyone]
    sections = Sections(**program.sections)
    return Plan(
        program,
        sections,
        np.array(cycles, np.int64).reshape(modes, 3, 2),
        planner.memory(),
        planner.layout(),
        np.array(rates, np.int64).reshape(modes, -1),
        network.numbers,
    )


def verdict_lines(planner: Planner, window: int) -> None:
    """Lines that tell each mode's fate and period, the last of the values."""
    scratch, copies = planner.program.allot(4), planner.program.allot(-(-LANES * window // STRIDE))
    for mode in range(planner.modes):
        places = planner.places(mode, scratch, planner.values_rows - 2 * (planner.modes - mode))
        for kernel in (by_extremes(), by_period(), by_motion()):
            planner.program.add(kernel, UPDATE, places._replace(states=copies), sampled=True)


def for_samples(
    kernels: Kernels, modes: int, points: int, observables: Sequence[PointObservable], quantities: Sequence[Quantity]
) -> Plan:
    """Lines for what is looked at from state 0 on."""
    planner = MapPlanner(kernels, modes, points, observables)
    program, network = planner.program, Network(planner, observables, quantities, 0)
    network.sampled = [True] * len(quantities)
    with program.section("trace"):
        planner.trace()
    with program.section("bare"):
        planner.bare()
    with program.section("begin"):
        network.observe(START)
    with program.section("measure"):
        planner.measure(network)
    with program.section("finish"):
        network.observe(FINISH)
    none = np.empty((0, 3, 2), np.int64)
    sections = SampledSections(**program.sections)
    return Plan(program, sections, none, planner.memory(), planner.layout(), none, network.numbers)
