"""The program of networks of matrices: which kernels look at a block's modes and quantities, in which order, on which memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastdln.kernels.link import zeros
from fastdln.kernels.matrices.stages import MatrixRoles
from fastdln.kernels.matrices.trace import Rows, Sections
from fastdln.kernels.observe import FINISH, MARK, START, UPDATE
from fastdln.kernels.schedule import Network, Observers, Plan, Planner, verdict_lines
from fastdln.kernels.spans import LANES, SPAN, STRIDE
from fastdln.observables.observable import ModeObservable, Observable


def for_networks(roles: MatrixRoles, modes: int, layers: int, window: int) -> tuple[Plan, Rows, np.ndarray]:
    """The plan of a block, what else is held of it, and the rows that a trajectory keeps, with whether these move."""
    planner = Planner(Observers(roles), modes, LANES, (*roles.network, *roles.surveyed), window)
    program, everyone, carried = planner.program, range(modes), roles.whole_run + roles.leading
    network = Network(planner, roles.network, roles.quantities, modes * planner.variables)
    of_network = sum(len(o.variables) for o in roles.network)
    run = Network(planner, roles.surveyed, roles.quantities, network.value + of_network, network.numbers)

    def observe(part: int, observables: Sequence[ModeObservable], moves: bool = False) -> None:
        for mode in everyone:
            planner.observe(mode, part, observables, moves)

    with program.section("start"):
        observe(START, roles.whole_run)
        run.observe(START)
    with program.section("lead_in"):
        observe(START, roles.leading)
    with program.section("carried"):
        observe(UPDATE, carried)
    with program.section("surveyed"):
        run.observe(UPDATE)
    with program.section("finish_surveyed"):
        run.observe(FINISH, sampled=True)
    with program.section("finish_watched"):
        run.observe(FINISH, sampled=False)
    with program.section("begin"):
        observe(MARK, carried)
        observe(START, roles.recorded)
        network.observe(START)
    with program.section("recorded"):
        observe(UPDATE, roles.modes, moves=True)
        network.observe(UPDATE)
    with program.section("verdicts"):
        verdict_lines(planner, window)
    with program.section("finish"):
        observe(FINISH, roles.modes)
        network.observe(FINISH, sampled=False)
    with program.section("finish_sampled"):
        network.observe(FINISH, sampled=True)
    rated = [o for o in roles.modes if any(v.rate for v in o.variables)]
    with program.section("rated"):
        observe(UPDATE, rated)
        network.observe(UPDATE, sampled=False)
    with program.section("finish_rated"):
        observe(FINISH, rated)
        network.observe(FINISH, sampled=False)
    height, spectra = SPAN + 1, layers * modes if roles.trajectories else 0
    rows = Rows(network.numbers, program.allot(spectra * height), spectra, program.allot(1), program.allot(1))
    kept = [(rows.spectra + k * height, 0) for k in range(spectra)]
    for trajectory in roles.trajectories:
        kept += [(planner.products + mode * planner.window, 1) for mode in everyone]
        kept += [(rows.numbers + roles.quantities.index(q) * height, 0) for q in trajectory.quantities]
    rates = np.array(rates_of(roles, modes), np.int64)
    none, memory = np.empty((0, 3, 2), np.int64), zeros(program.rows, STRIDE)
    plan = Plan(program, Sections(**program.sections), none, memory, planner.layout(), rates, network.numbers)
    return plan, rows, np.array(kept, np.int64).reshape(-1, 2)


def rates_of(roles: MatrixRoles, modes: int) -> list[int]:
    """Which values are rates that are measured on every state."""

    def rated(observables: Sequence[Observable]) -> list[bool]:
        return [v.rate and not o.sampled for o in observables for v in o.variables]

    return [k for k, rate in enumerate(modes * rated(roles.modes) + rated(roles.network)) if rate]
