"""Program of a block of networks of matrices: which kernels look at its modes and quantities, in which order, on which rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastdln.kernels.link import zeros
from fastdln.kernels.matrices.stages import MatrixObservablesByStage
from fastdln.kernels.matrices.trace import NetworkRows, NetworkSections
from fastdln.kernels.observe import AT_RECORD, FINISH, START, UPDATE
from fastdln.kernels.schedule import BlockPlan, ModeObservers, NetworkObservers, Planner, fate_lines
from fastdln.kernels.spans import LANES, SPAN, STRIDE
from fastdln.observables.observable import ModeObservable, Observable


def for_networks(
    by_stage: MatrixObservablesByStage, modes: int, layers: int, window: int
) -> tuple[BlockPlan, NetworkRows, np.ndarray]:
    """Plan a block; returns with it the further rows of its memory, and the rows that a trajectory keeps (row, 2), with whether they
    move through the window."""
    planner = Planner(ModeObservers(by_stage), modes, LANES, (*by_stage.network, *by_stage.network_whole_run), window)
    program, everyone, carried = planner.program, range(modes), by_stage.whole_run + by_stage.leading
    network = NetworkObservers(planner, by_stage.network, by_stage.quantities, modes * planner.variables)
    of_network = sum(len(o.variables) for o in by_stage.network)
    whole_run = NetworkObservers(
        planner, by_stage.network_whole_run, by_stage.quantities, network.value + of_network, network.numbers
    )

    def observe(part: int, observables: Sequence[ModeObservable], moves: bool = False) -> None:
        for mode in everyone:
            planner.observe(mode, part, observables, moves)

    with program.section("start"):
        observe(START, by_stage.whole_run)
        whole_run.observe(START)
    with program.section("lead_in"):
        observe(START, by_stage.leading)
    with program.section("carried"):
        observe(UPDATE, carried)
    with program.section("whole_run"):
        whole_run.observe(UPDATE)
    with program.section("finish_whole_run_sampled"):
        whole_run.observe(FINISH, sampled=True)
    with program.section("finish_whole_run"):
        whole_run.observe(FINISH, sampled=False)
    with program.section("begin"):
        observe(AT_RECORD, carried)
        observe(START, by_stage.recorded)
        network.observe(START)
    with program.section("recorded"):
        observe(UPDATE, by_stage.modes, moves=True)
        network.observe(UPDATE)
    with program.section("fates"):
        fate_lines(planner, window)
    with program.section("finish"):
        observe(FINISH, by_stage.modes)
        network.observe(FINISH, sampled=False)
    with program.section("finish_sampled"):
        network.observe(FINISH, sampled=True)
    rated = [o for o in by_stage.modes if any(v.rate for v in o.variables)]
    with program.section("rated"):
        observe(UPDATE, rated)
        network.observe(UPDATE, sampled=False)
    with program.section("finish_rated"):
        observe(FINISH, rated)
        network.observe(FINISH, sampled=False)
    height, spectra = SPAN + 1, layers * modes if by_stage.trajectories else 0
    rows = NetworkRows(network.numbers, program.allot(spectra * height), spectra, program.allot(1), program.allot(1))
    trajectory_rows = [(rows.spectra + k * height, 0) for k in range(spectra)]
    for trajectory in by_stage.trajectories:
        trajectory_rows += [(planner.products + mode * planner.window, 1) for mode in everyone]
        trajectory_rows += [(rows.numbers + by_stage.quantities.index(q) * height, 0) for q in trajectory.quantities]
    rates = np.array(rates_of(by_stage, modes), np.int64)
    none, memory = np.empty((0, 3, 2), np.int64), zeros(program.rows, STRIDE)
    plan = BlockPlan(
        program, NetworkSections(**program.sections), none, memory, planner.layout(), rates, network.numbers
    )
    return plan, rows, np.array(trajectory_rows, np.int64).reshape(-1, 2)


def rates_of(by_stage: MatrixObservablesByStage, modes: int) -> list[int]:
    """Which values are rates that are measured at every state."""

    def rated(observables: Sequence[Observable]) -> list[bool]:
        return [v.rate and not o.sampled for o in observables for v in o.variables]

    return [k for k, rate in enumerate(modes * rated(by_stage.modes) + rated(by_stage.network)) if rate]
