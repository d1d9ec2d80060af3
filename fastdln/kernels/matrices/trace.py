"""Traces of networks side by side: from one state to the next, span by span, with all that is measured of each state."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from fastdln.kernels.driver import run as run_lines
from fastdln.kernels.driver import set_number
from fastdln.kernels.link import call_with
from fastdln.kernels.matrices.eigenvalue_search import SearchLayout
from fastdln.kernels.matrices.pointers import call_kernel
from fastdln.kernels.matrices.program import run
from fastdln.kernels.matrices.stages import EVERY_STATE, RECORDED, SAMPLED, SAMPLED_WHOLE_RUN, TRAJECTORY
from fastdln.kernels.matrices.tangent import Tangent, stretching
from fastdln.kernels.matrices.transient import advance
from fastdln.kernels.matrices.views import CONVERGED, EIGENVALUES, RESIDUAL, WANTED
from fastdln.kernels.spans import LANES, SPAN, STRIDE

# The largest eigenvalue that counts: the search forms third powers of it, and float64 ends at 1e308.
LARGEST_FOUND = 1e100


class NetworkSections(NamedTuple):
    """Sections of the program that measures a block: the first line of each, and the one after the last."""

    start: tuple[int, int]
    lead_in: tuple[int, int]
    carried: tuple[int, int]
    whole_run: tuple[int, int]
    finish_whole_run_sampled: tuple[int, int]
    finish_whole_run: tuple[int, int]
    begin: tuple[int, int]
    recorded: tuple[int, int]
    fates: tuple[int, int]
    finish: tuple[int, int]
    finish_sampled: tuple[int, int]
    rated: tuple[int, int]
    finish_rated: tuple[int, int]


class NetworkRows(NamedTuple):
    """First rows of what a block's memory holds beside what kernels.layout.Layout has.

    numbers: of the quantities, the loss first, SPAN + 1 rows each. spectra: of the layers' singular values (layer, mode),
    spectra_count of them, SPAN + 1 rows each. loss_limit: the loss beyond which a network has diverged. failed: how many searches for
    eigenvalues did not converge.
    """

    numbers: int
    spectra: int
    spectra_count: int
    loss_limit: int
    failed: int


class Sampling(NamedTuple):
    """What is measured of networks, and at which states.

    steps, total: the numbers of the states where the record begins and ends. window: states of the window. period_max: the
    longest period looked for. every: the stride at which quantities are sampled. trajectory: the stride of a trajectory, or 0.
    searched_at: at which kinds of states (bits of stages.py) eigenvalues are searched for; third_order_at: at which of these
    third derivatives are taken. search_kernel, third_order, spectrum: the addresses of the kernels of the search, of these, and of
    the singular values of a trajectory's layers. tangents: whether tangent vectors are carried along.
    """

    steps: int
    total: int
    window: int
    period_max: int
    every: int
    trajectory: int
    searched_at: int
    third_order_at: int
    search_kernel: Any
    third_order: Any
    spectrum: Any
    tangents: bool


class Setup(NamedTuple):
    """What is the same for every block of a chunk, as plain numbers."""

    sections: NetworkSections
    layout: Any
    rows: NetworkRows
    descent: Any
    search: SearchLayout
    tangent: Tangent
    sampling: Sampling


class Tables(NamedTuple):
    """What is the same for every block of a chunk, as arrays.

    lines: of the block's program. code: programs of matrix products. offsets: in a network's memory (views.py). quantities: the
    addresses of their kernels; wanted_at: at which kinds of states each is wanted. noise: random numbers that the search mixes in.
    trajectory_rows (row, 2): the rows that a trajectory keeps, and whether they move through the window.
    """

    lines: np.ndarray
    code: np.ndarray
    offsets: np.ndarray
    quantities: np.ndarray
    wanted_at: np.ndarray
    noise: np.ndarray
    trajectory_rows: np.ndarray


def states_at(sampling, number, recorded):
    """The kinds of states that the one with this number is of, in bits (stages.py)."""
    kinds = EVERY_STATE | RECORDED if recorded else EVERY_STATE
    if number > sampling.total:
        return kinds
    if recorded and (sampling.total - number) % sampling.every == 0:
        kinds |= SAMPLED
    if number % sampling.every == 0:
        kinds |= SAMPLED_WHOLE_RUN
    if sampling.trajectory > 0 and number % sampling.trajectory == 0:
        kinds |= TRAJECTORY
    return kinds


def running(lanes: int) -> Any:
    """Function (lines, section, memory, at, first, every, steps) that runs a section of a block's program (driver.run)."""
    return run_lines


def descending(lanes: int) -> Any:
    """Function (code, descent, networks, groups, steps) that takes all groups so many bare steps on."""

    def descend(code, descent, networks, groups, steps):
        for group in range(groups):
            memory = networks[group]
            for _ in range(steps):
                advance(memory, code, descent)
                run(descent.runner, memory, code, descent.forward)
                run(descent.runner, memory, code, descent.backward)

    return descend


def tracing(lanes: int) -> Any:
    """Function (setup, tables, networks, memory, groups, at, number, steps, recorded, tangents) that takes all groups `steps` steps on
    from state `number`, and measures each state on the way; with 0 steps, the state that they are at.

    networks (group, float): the memory of each group of lanes. memory (row, lane): that of the block's program. The state t steps
    on fills row t of the quantities' numbers, and row at + t of the modes' products. Each state leaves what the next step needs: the
    products and deltas of forward and backward.
    """
    stretch = stretching(lanes)

    def trace(setup, tables, networks, memory, groups, at, number, steps, recorded, tangents):
        descent, sampling, code, offsets = setup.descent, setup.sampling, tables.code, tables.offsets
        for group in range(groups):
            network = networks[group]
            for t in range(min(1, steps), steps + 1):
                if t > 0:
                    if tangents:
                        stretch(network, code, descent.runner, setup.tangent, offsets)
                    advance(network, code, descent)
                run(descent.runner, network, code, descent.forward)
                run(descent.runner, network, code, descent.rotate)
                run(descent.runner, network, code, descent.backward)
                for mode in range(setup.layout.modes):
                    product = descent.rotated + mode * (descent.columns + 1) * lanes
                    row = setup.layout.products + mode * setup.layout.products_rows + at + t
                    for lane in range(lanes):
                        memory[row, group * lanes + lane] = network[product + lane]
                kinds = states_at(sampling, number + t, recorded)
                if sampling.searched_at & kinds:
                    find_eigenvalues(setup, tables, network, number + t)
                if sampling.third_order_at & kinds:
                    call_with(sampling.third_order, (network, offsets))
                for q in range(len(tables.quantities)):
                    if tables.wanted_at[q] & kinds:
                        values = memory[setup.rows.numbers + q * (SPAN + 1) + t, group * lanes :]
                        call_with(tables.quantities[q], (values, network, offsets))
                if kinds & TRAJECTORY:
                    values = memory.reshape(-1)[(setup.rows.spectra + t) * STRIDE + group * lanes :]
                    call_with(sampling.spectrum, (values, network, offsets))
                if sampling.searched_at & kinds:
                    for lane in range(lanes):
                        block_lane = group * lanes + lane
                        if not network[offsets[CONVERGED] + lane] > 0.0 and not has_diverged(
                            setup.rows, memory, t, block_lane
                        ):
                            memory[setup.rows.failed, block_lane] += 1.0

    def find_eigenvalues(setup, tables, network, number):
        offsets, search = tables.offsets, setup.search
        values, residual = np.empty((offsets[WANTED], lanes)), np.empty(lanes)
        converged = np.empty(lanes, np.bool_)
        arguments = (network, tables.code, search, tables.noise, number, values, residual, converged)
        call_kernel(setup.sampling.search_kernel, arguments)
        for lane in range(lanes):
            beyond = not values[0, lane] <= LARGEST_FOUND
            for k in range(len(values)):
                network[offsets[EIGENVALUES] + k * lanes + lane] = math.inf if beyond else values[k, lane]
            network[offsets[RESIDUAL] + lane] = math.inf if beyond else residual[lane]
            network[offsets[CONVERGED] + lane] = 1.0 if converged[lane] and not beyond else 0.0

    return trace


def has_diverged(rows, memory, t, lane):
    """Whether the loss t states into the span is beyond the limit."""
    return not memory[rows.numbers + t, lane] <= memory[rows.loss_limit, lane]  # also NaN


def following(lanes: int) -> Any:
    """Function (setup, tables, networks, memory, groups, done, until, beyond, inside, orbit, trajectory) that measures every state of a
    block after `done` up to `until`, or state `done` itself if they are the same; returns how many states the last span has.

    beyond: whether these are states beyond the record, of which rates alone are measured. inside: lanes that hold points; of these
    it writes orbit (mode, sample, lane), and the rows of a trajectory (row, sample, lane).
    """
    trace = tracing(lanes)

    def follow(setup, tables, networks, memory, groups, done, until, beyond, inside, orbit, trajectory):
        sampling, layout, sections, lines = setup.sampling, setup.layout, setup.sections, tables.lines
        span, recorded = 0, until > sampling.steps
        while True:
            # products that are older than the window are overwritten by those of the next span
            skipped = sampling.total - sampling.window - done if recorded and not beyond else SPAN
            span, at = min(SPAN, until - done, skipped if skipped > 0 else SPAN), max(-skipped, 0)
            trace(setup, tables, networks, memory, groups, at, done, span, recorded, sampling.tangents)
            set_number(memory, layout.columns, layout.columns_rows, layout.modes, done + span)
            if until == 0:
                run_lines(lines, sections.start, memory, 0, 0, 1, 0)
                copy_first(setup, tables, memory)
                observe_whole_run(setup, tables, memory, 0, -1, 1, inside, trajectory)
            elif beyond:
                run_lines(lines, sections.rated, memory, 0, 0, 1, span)
            elif recorded:
                first = (sampling.total - done - 1) % sampling.every
                run_lines(lines, sections.recorded, memory, at, first, sampling.every, span)
                write_orbit(setup, memory, at, done, span, inside, orbit)
            elif span > 0:
                run_lines(lines, sections.carried, memory, 0, 0, 1, span)
            if not beyond and span > 0:
                observe_whole_run(setup, tables, memory, at, done, span, inside, trajectory)
            if not recorded:
                for mode in range(layout.modes):
                    row = layout.products + mode * layout.products_rows
                    for lane in range(LANES):
                        memory[row, lane] = memory[row + span, lane]
            done += span
            if done >= until:
                return span

    def copy_first(setup, tables, memory):
        """Copy state 0 to the first state of a span, so that it is measured like any other."""
        layout = setup.layout
        for lane in range(LANES):
            for mode in range(layout.modes):
                row = layout.products + mode * layout.products_rows
                memory[row + 1, lane] = memory[row, lane]
            for q in range(len(tables.quantities)):
                row = setup.rows.numbers + q * (SPAN + 1)
                memory[row + 1, lane] = memory[row, lane]
            for k in range(setup.rows.spectra_count):
                row = setup.rows.spectra + k * (SPAN + 1)
                memory[row + 1, lane] = memory[row, lane]

    def observe_whole_run(setup, tables, memory, at, done, span, inside, trajectory):
        """Measure what follows the whole run, and write a trajectory, in the states done + 1 to done + span."""
        sampling, sections, lines = setup.sampling, setup.sections, tables.lines
        every, last = sampling.every, sampling.total // sampling.every * sampling.every
        run_lines(lines, sections.whole_run, memory, 0, every - 1 - done % every, every, span)
        if done < last <= done + span:
            run_lines(lines, sections.finish_whole_run_sampled, memory, 0, last - done, 1, last // every + 1)
        if done + span == sampling.total:
            run_lines(lines, sections.finish_whole_run, memory, 0, span, 1, sampling.total + 1)
        if sampling.trajectory > 0:
            first = sampling.trajectory - 1 - done % sampling.trajectory
            for t in range(first + 1, span + 1, sampling.trajectory):
                sample = (done + t) // sampling.trajectory
                for k in range(len(trajectory)):
                    row = tables.trajectory_rows[k, 0] + t + at * tables.trajectory_rows[k, 1]
                    for lane in range(inside):
                        diverged = has_diverged(setup.rows, memory, t, lane)
                        trajectory[k, sample, lane] = math.nan if diverged else memory[row, lane]

    def write_orbit(setup, memory, at, done, span, inside, orbit):
        layout, first = setup.layout, done - (setup.sampling.total - orbit.shape[1])
        for mode in range(layout.modes):
            row = layout.products + mode * layout.products_rows + at + 1
            for t in range(max(0, -first), span):
                for lane in range(inside):
                    orbit[mode, first + t, lane] = memory[row + t, lane]

    return follow
