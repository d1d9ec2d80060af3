"""Programs of a map, depth and set of observables: lines for the transient, the record, and the run sampled from state 0."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from fastdln.kernels.link import Linked, zeros
from fastdln.kernels.modes import steps
from fastdln.kernels.modes.pairs import of_pairs
from fastdln.kernels.modes.quantities import look_at_modes, look_at_pairs, term_of
from fastdln.kernels.modes.record import RecordSections
from fastdln.kernels.modes.sampled import SampledSections
from fastdln.kernels.observe import AT_RECORD, FINISH, START, UPDATE, of_mode, width_of
from fastdln.kernels.schedule import BlockPlan, ModeObservers, NetworkObservers, Planner, fate_lines, quantities_of
from fastdln.kernels.spans import LANES, SPAN, STRIDE
from fastdln.kernels.stages import ObservablesByStage
from fastdln.models import Map
from fastdln.observables.observable import ModeObservable, PointObservable, Quantity


class MapKernels(ModeObservers):
    """Kernels of a map, a depth and a set of observables."""

    def __init__(self, map_: Map, depth: int, by_stage: ObservablesByStage) -> None:
        self.map, self.depth, self.by_stage = map_, depth, by_stage
        self.components = map_.size(depth)
        self.widths = {o.name: self.width(o) for o in by_stage.modes}

    def width(self, observable: ModeObservable) -> int:
        return width_of(observable.on(self.map, self.depth), self.components if observable.needs else 0)

    @cached_property
    def advance(self) -> Linked:
        return steps.advance(self.map, self.depth)

    @cached_property
    def trace(self) -> Linked:
        return steps.trace(self.map, self.depth)

    @cached_property
    def modes(self) -> dict[str, Linked]:
        return {o.name: of_mode(o, self.map, self.depth) for o in self.by_stage.modes}


class MapPlanner(Planner):
    """A planner with lines that take the steps of a map and measure the quantities of its states."""

    kernels: MapKernels

    def trace(self, mode: int | None = None, moves: bool = False) -> None:
        for k in range(self.modes) if mode is None else (mode,):
            self.program.add(self.kernels.trace, UPDATE, self.first_rows(k), moves=moves)

    def bare(self) -> None:
        for mode in range(self.modes):
            self.program.add(self.kernels.advance, UPDATE, self.first_rows(mode))

    def measure(self, network: NetworkObservers, moves: bool = False) -> None:
        """Add lines that compute the numbers of each quantity, from each mode and then each pair of modes, and those of the
        observables that look at them."""
        for k, quantity in enumerate(network.quantities):
            term, accumulators = (
                term_of(quantity, self.kernels.map, self.kernels.depth),
                network.numbers + k * (SPAN + 1),
            )
            sampled = network.sampled[k]
            if term:
                for mode in range(self.modes):
                    self.program.add(
                        term, UPDATE if mode else START, self.first_rows(mode, accumulators), sampled, moves
                    )
            else:
                self.program.add(look_at_modes(quantity), START, self.first_rows(0, accumulators), sampled, moves)
            if quantity.pair and self.modes > 1:
                self.program.add(look_at_pairs(quantity), UPDATE, self.first_rows(0, accumulators), sampled, moves)
        network.observe(UPDATE)

    def memory(self) -> np.ndarray:
        memory = zeros(self.program.rows, STRIDE)
        kernels, stride = self.kernels, STRIDE
        apart = (self.height, kernels.components * (SPAN + 1), self.window)
        sizes = [self.modes, kernels.depth, self.lanes, *(rows * stride for rows in apart)]
        sizes += kernels.map.components(kernels.depth)
        memory[self.sizes :].reshape(-1)[: len(sizes)] = sizes
        return memory


def for_transient(kernels: MapKernels) -> BlockPlan:
    """Program of the transient, which takes every mode by itself, and of following it again (escape.py)."""
    planner, whole_run = MapPlanner(kernels, 1, LANES), kernels.by_stage.whole_run
    program = planner.program
    with program.section("trace"):
        planner.trace()
    with program.section("bare"):
        planner.bare()
    with program.section("begin"):
        planner.trace()
        planner.observe(0, START, whole_run)
    with program.section("observed"):
        if whole_run:
            planner.trace()
            planner.observe(0, UPDATE, whole_run)
    none = np.empty((0, 3, 2), np.int64)
    return BlockPlan(program, program.sections, none, planner.memory(), planner.layout(), none, 0)


def for_record(kernels: MapKernels, modes: int, points: int, window: int) -> BlockPlan:
    """Program of the record, all modes of a point together, with a window of so many states."""
    by_stage = kernels.by_stage
    planner = MapPlanner(kernels, modes, points, (*by_stage.network, *by_stage.pairs), window)
    program, everyone, carried = planner.program, range(modes), by_stage.whole_run + by_stage.leading
    network = NetworkObservers(planner, by_stage.network, quantities_of(by_stage.network), modes * planner.variables)
    pairs = by_stage.pairs if modes > 1 else ()
    pair_rows = [-(-o.rows(kernels.depth) * planner.lanes * modes * (modes - 1) // 2 // STRIDE) + 1 for o in pairs]
    pairs_at = [program.allot(rows) for rows in pair_rows]
    first_pair_value = network.value + sum(len(o.variables) for o in by_stage.network)

    def pair_up(part: int, moves: bool = False) -> None:
        value = first_pair_value
        for o, accumulators in zip(pairs, pairs_at, strict=True):
            program.add(of_pairs(o), part, planner.first_rows(0, accumulators, value), moves=moves)
            value += len(o.variables)

    def observe(part: int, observables: Sequence[ModeObservable], moves: bool = False) -> None:
        for mode in everyone:
            planner.observe(mode, part, observables, moves)

    with program.section("bare"):
        planner.bare()
    with program.section("lead_in"):
        if by_stage.leading:
            planner.trace()
            observe(START, by_stage.leading)
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
        observe(AT_RECORD, carried)
        observe(START, by_stage.recorded)
        network.observe(START)
        pair_up(AT_RECORD)
    with program.section("recorded"):
        for mode in everyone:
            planner.trace(mode, moves=True)
            planner.observe(mode, UPDATE, by_stage.modes, moves=True)
        pair_up(UPDATE, moves=True)
        planner.measure(network, moves=True)
    with program.section("fates"):
        fate_lines(planner, window)
    with program.section("finish"):
        observe(FINISH, by_stage.modes)
        pair_up(FINISH)
        network.observe(FINISH, sampled=False)
    with program.section("finish_sampled"):
        network.observe(FINISH, sampled=True)
    rated = [o for o in by_stage.modes if any(v.rate for v in o.variables)]
    cycles = []
    for mode in everyone:
        with program.section("mark"):
            planner.observe(mode, AT_RECORD, rated)
        with program.section("carry on"):
            planner.trace(mode)
            planner.observe(mode, UPDATE, rated)
        with program.section("end"):
            planner.observe(mode, FINISH, rated)
        cycles.append([program.sections.pop(name) for name in ("mark", "carry on", "end")])
    variables = [v for o in by_stage.modes for v in o.variables]
    rates = [[mode * len(variables) + k for k, v in enumerate(variables) if v.rate] for mode in everyone]
    sections = RecordSections(**program.sections)
    return BlockPlan(
        program,
        sections,
        np.array(cycles, np.int64).reshape(modes, 3, 2),
        planner.memory(),
        planner.layout(),
        np.array(rates, np.int64).reshape(modes, -1),
        network.numbers,
    )


def for_samples(
    kernels: MapKernels, modes: int, points: int, observables: Sequence[PointObservable], quantities: Sequence[Quantity]
) -> BlockPlan:
    """Program of the run sampled from state 0 on, with quantities for observables or for a trajectory."""
    planner = MapPlanner(kernels, modes, points, observables)
    program, network = planner.program, NetworkObservers(planner, observables, quantities, 0)
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
    return BlockPlan(program, sections, none, planner.memory(), planner.layout(), none, network.numbers)
