"""The states that are looked at: a few lanes of networks from one state to the last, and all that is measured on them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from fastdln.kernels import chains, whole
from fastdln.kernels.compiled import kernel
from fastdln.kernels.roles import tail_of, window_of
from fastdln.kernels.rows import stride
from fastdln.matrices import tangent
from fastdln.matrices.descent import enter, leave
from fastdln.matrices.keeping import keep_layers, keep_state
from fastdln.matrices.network import Network
from fastdln.matrices.program import Matrix, Program, run
from fastdln.matrices.quantities import ALIGNMENT, LOSS, QUANTITIES, SHARPNESS
from fastdln.matrices.roles import Roles
from fastdln.matrices.sharpness import Finder, estimate_at, forget, search, work_in
from fastdln.matrices.tangent import common_period
from fastdln.matrices.tiles import LANES, RIGHT
from fastdln.observables import Sample, Step
from fastdln.observables.fate import DIVERGED, judge
from fastdln.observables.observable import LEAD, RENORMALIZE_EVERY
from fastdln.observables.period import period_of, repetition


class Measures(NamedTuple):
    """Programs and places of what is measured: squares of the error and of the rotated product, and a tangent vector."""

    square_error: np.ndarray
    square_rotated: np.ndarray
    square: int
    tangent: int
    bend: np.ndarray
    move: np.ndarray
    square_tangent: np.ndarray
    length: int
    finder: Finder
    estimate: Any


class Found(NamedTuple):
    """What is written besides the observables' outputs: fates and periods (point, mode), eigenvalues (point, eigenvalue),
    residual, how many searches failed, and Lyapunov exponent (point)."""

    fates: np.ndarray
    periods: np.ndarray
    eigenvalues: np.ndarray
    residual: np.ndarray
    failed: np.ndarray
    lyapunov: np.ndarray


def measures_of(network: Network, finder: Finder, tangent: int) -> Measures:
    """tangent: which of the network's directions carries the Lyapunov exponent's vector; -1 for none."""
    lanes, memory = network.lanes, network.memory
    square = Matrix(memory.size, 1, 1, lanes)
    memory.size += LANES
    elements = network.error.rows * network.error.columns

    def squares(of: Matrix, size: int) -> np.ndarray:
        program, row = Program(lanes), Matrix(of.at, 1, size, size * lanes)
        program.product(square, row, row, RIGHT)
        return program.code

    nothing = Program(lanes).code
    bend = move = square_tangent = nothing
    at = 0
    if tangent >= 0:
        vector, curved = network.directions[tangent], network.curved[tangent]
        at, moved = vector[0].at, Program(lanes)
        whole_vector, whole_image = (Matrix(v[0].at, network.size, 1, lanes) for v in (vector, curved))
        moved.shift(whole_vector, whole_image, network.minus_eta)
        bend, move = network.curve(vector, curved).code, moved.code
        square_tangent = squares(vector[0], network.size)
    error, rotated = squares(network.error, elements), squares(network.rotated, elements)
    a_memory, flags = np.zeros(memory.size), np.zeros(1, np.bool_)
    some = (a_memory, finder, work_in(a_memory, finder), 0, a_memory.reshape(1, -1), a_memory, flags)
    estimate = estimate_at(lanes, some)
    return Measures(error, rotated, square.at, at, bend, move, square_tangent, network.length, finder, estimate)


def watch(observables, widths, lanes, first=0, place=0):
    """Function (quantities, seen, rows, number, eta, sampled) that updates the rows of each observable of the network.

    seen (observable, lane) gets the values at the last state.
    """
    if not observables:
        return lambda quantities, seen, rows, number, eta, sampled: None
    which, always = QUANTITIES.index(observables[0].quantity.name), not observables[0].sampled
    update = chains.update(observables[:1], widths[:1], first, lanes)
    rest = watch(observables[1:], widths[1:], lanes, first + widths[0], place + 1)

    def watch_all(quantities, seen, rows, number, eta, sampled):
        if always or sampled:
            for lane in range(lanes):
                seen[place, lane] = quantities[which, lane]
                update(rows, 0, lane, Sample(number, quantities[which, lane], eta[lane]))
        rest(quantities, seen, rows, number, eta, sampled)

    return watch_all


class Block(NamedTuple):
    """What is held of the points in the lanes, at one state after another.

    eta, square_target (||M||^2), loss_limit (beyond which a point is lost): a number a lane; products (mode, lane);
    quantities (see quantities.py, lane); eigenvalues (eigenvalue, lane), residual, converged, failed: of the searches;
    growth: logarithm of the tangent vectors' length; modes, network: the observables' accumulators; of_record, of_run: the
    quantities that they last saw; tail: the last products (state, mode, lane).
    """

    eta: np.ndarray
    square_target: np.ndarray
    loss_limit: np.ndarray
    products: np.ndarray
    quantities: np.ndarray
    eigenvalues: np.ndarray
    residual: np.ndarray
    converged: np.ndarray
    failed: np.ndarray
    growth: np.ndarray
    modes: np.ndarray
    network: np.ndarray
    of_record: np.ndarray
    of_run: np.ndarray
    tail: np.ndarray


def look(lanes):
    """Function (memory, places, programs, measures, block, rotating, summing) that measures a state after `forward`:

    the modes' products where `rotating`, the loss where `summing`, and where both the alignment error.
    """

    def look_at(memory, places, programs, measures, block, rotating, summing):
        if rotating:
            run(programs.runner, memory, programs.rotate)
            for mode in range(len(block.products)):
                at = places.rotated + mode * (places.columns + 1) * lanes
                for lane in range(lanes):
                    block.products[mode, lane] = memory[at + lane]
                    memory[at + lane] = 0.0
        if summing:
            run(programs.runner, memory, measures.square_error)
            for lane in range(lanes):
                block.quantities[LOSS, lane] = 0.5 * memory[measures.square + lane]
        if summing and rotating:
            run(programs.runner, memory, measures.square_rotated)
            for lane in range(lanes):
                of_target = block.square_target[lane]
                block.quantities[ALIGNMENT, lane] = (
                    math.sqrt(memory[measures.square + lane] / of_target) if of_target > 0.0 else math.nan
                )

    return look_at


def is_lost(block, lane):
    return not block.quantities[LOSS, lane] <= block.loss_limit[lane]  # so that NaN is lost


def searching(lanes):
    """Function (memory, work, measures, block, number) that searches for the sharpness of every lane."""

    def search_all(memory, work, measures, block, number):
        found = (block.eigenvalues, block.residual, block.converged)
        search(measures.estimate, (memory, measures.finder, work, number) + found)
        for lane in range(lanes):
            block.quantities[SHARPNESS, lane] = block.eigenvalues[0, lane]
            block.failed[lane] += 0 if block.converged[lane] or is_lost(block, lane) else 1

    return search_all


def entering(lanes):
    """Function (memory, places, measures, points, bounds, block, origin) that fills the lanes, the last point's twice or more."""

    def enter_all(memory, places, measures, points, bounds, block, origin):
        modes, count = points.singular_values.shape
        for lane in range(lanes):
            point = min(origin + lane, count - 1)
            enter(memory, places, points, lanes, lane, point)
            block.eta[lane], block.square_target[lane] = points.eta[point], 0.0
            block.loss_limit[lane] = 0.5 * bounds[modes, point] ** 2
            for mode in range(modes):
                block.square_target[lane] += points.singular_values[mode, point] ** 2
            block.failed[lane], block.growth[lane], block.residual[lane] = 0, 0.0, 0.0
            for k in range(len(block.eigenvalues)):
                block.eigenvalues[k, lane] = 0.0
        forget(memory, measures.finder)

    return enter_all


def observing(lanes, roles):
    """Function (block, points, bounds, origin, number, steps, slot) that moves on what is observed of each mode."""
    recorded_at, watching = sum(roles.run_widths), bool(roles.whole_run)
    begin_run = chains.start(roles.whole_run, roles.run_widths, 0, lanes)
    update_run = chains.update(roles.whole_run, roles.run_widths, 0, lanes)
    begin_record = chains.start(roles.recorded, roles.recorded_widths, recorded_at, lanes)
    update_record = chains.update(roles.recorded, roles.recorded_widths, recorded_at, lanes)

    def observe_all(block, points, bounds, origin, number, steps, slot):
        modes, count = points.singular_values.shape
        for mode in range(modes):
            for lane in range(lanes):
                point, product = min(origin + lane, count - 1), block.products[mode, lane]
                s, bound = points.singular_values[mode, point], bounds[mode, point]
                step = Step(float(number), (), (), product, block.eta[lane], s, bound)
                if watching and number == 0:
                    begin_run(block.modes, mode, lane, step)
                elif watching:
                    update_run(block.modes, mode, lane, step)
                if number == steps:
                    begin_record(block.modes, mode, lane, step)
                if number > steps:
                    update_record(block.modes, mode, lane, step)
                    block.tail[slot, mode, lane] = product

    return observe_all


def settling(lanes, roles):
    """Function (block, points, bounds, lengths, point, lane, window, found, outputs) that writes what became of a point.

    Returns the steps from the record's end to the next end of its period.
    """
    recorded_at, surveyed_at = sum(roles.run_widths), sum(roles.network_widths)
    finish_run = chains.finish(roles.whole_run, roles.run_widths, 0, lanes, 0)
    first_recorded, first_watched = roles.first_output(roles.recorded), roles.first_output(roles.network)
    finish_record = chains.finish(roles.recorded, roles.recorded_widths, recorded_at, lanes, first_recorded)
    finish_network = whole.finish(roles.network, roles.network_widths, lanes, first_watched)
    first_surveyed = roles.first_output(roles.surveyed)
    finish_survey = whole.finish(roles.surveyed, roles.surveyed_widths, lanes, first_surveyed, surveyed_at)
    copy_orbit = whole.copy_orbit(roles.first_output(roles.windows) if roles.windows else None)
    repetition_in = kernel(repetition, "repetition")
    period, fate = kernel(period_of, "period_of"), kernel(judge, "judge")

    def settle(block, points, bounds, lengths, point, lane, window, found, outputs):
        record, every, total = lengths.record, lengths.sharpness_every, lengths.steps + lengths.record
        modes, skipped, repeating = len(block.products), len(block.tail) - len(window), 1
        lost = is_lost(block, lane)
        for mode in range(modes):
            lost |= not abs(block.products[mode, lane]) <= bounds[mode, point]
        for mode in range(modes):
            found.fates[point, mode], found.periods[point, mode] = DIVERGED, -1
            if not lost:
                for k in range(len(window)):
                    window[k] = block.tail[skipped + k, mode, lane]
                repeated = repetition_in(window, lengths.period_max)
                held, s = period(window, repeated), points.singular_values[mode, point]
                found.periods[point, mode] = held
                found.fates[point, mode] = fate(window, repeated, held, lengths.period_max, s, True)
                repeating = common_period(repeating, held)
            finish_run(block.modes, mode, lane, (point, mode), record, lost, outputs)
            finish_record(block.modes, mode, lane, (point, mode), record, lost, outputs)
            copy_orbit(outputs, point, mode, block.tail, lane, lost)
        last, eta, network = float(total), block.eta[lane], block.network
        of_record, of_run = (record, -(-record // every)), (total + 1, total // every + 1)
        finish_network(block.of_record, network, lane, point, of_record, last, eta, lost, outputs)
        finish_survey(block.of_run, network, lane, point, of_run, last, eta, lost, outputs)
        found.residual[point] = math.nan if lost else block.residual[lane]
        found.failed[point] = block.failed[lane]
        for k in range(len(block.eigenvalues)):
            found.eigenvalues[point, k] = math.nan if lost else block.eigenvalues[k, lane]
        return (-record) % repeating if repeating > 1 and not lost else 0

    return settle


def follow(lanes: int, roles: Roles) -> Any:
    """Function (memory, work, places, programs, measures, points, bounds, shapes, lengths, begin, found, outputs, kept).

    Follows points.states, which are at state `begin`, to the last state, which they then are, and writes all variables.
    bounds (mode, point): the divergence bounds, and in a last row that of the error's norm. kept: the outputs of a trajectory.
    """
    modes_rows = sum(roles.run_widths) + sum(roles.recorded_widths)
    network_rows, surveyed_at = sum(roles.network_widths) + sum(roles.surveyed_widths), sum(roles.network_widths)
    begin_network = chains.start(roles.network, roles.network_widths, 0, lanes)
    begin_survey = chains.start(roles.surveyed, roles.surveyed_widths, surveyed_at, lanes)
    watch_network = watch(roles.network, roles.network_widths, lanes)
    watch_survey = watch(roles.surveyed, roles.surveyed_widths, lanes, surveyed_at)
    enter_all, look_at, search_all = entering(lanes), look(lanes), searching(lanes)
    observe_all, settle = observing(lanes, roles), settling(lanes, roles)
    keep, keep_each_layer = keep_state(roles.trajectories), keep_layers(roles.trajectories, lanes)
    begin_tangent, rescale, finish_tangent = tangent.begin(lanes), tangent.rescale(lanes), tangent.on_cycles(lanes)
    bend = tangent.bend
    watching, surveying, tracing = bool(roles.whole_run), bool(roles.surveyed), bool(roles.trajectories)
    curving, stretching = roles.curving, bool(roles.tangents)
    row_stride, watched, watched_all_run = stride(lanes), len(roles.network), len(roles.surveyed)

    def run_follow(
        memory, work, places, programs, measures, points, bounds, shapes, lengths, begin, found, outputs, kept
    ):
        modes, count = points.singular_values.shape
        steps, every, total = lengths.steps, lengths.sharpness_every, lengths.steps + lengths.record
        window, tail_length, wanted = np.empty(window_of(lengths)), tail_of(lengths), measures.finder.wanted
        block = Block(
            np.empty(lanes),
            np.empty(lanes),
            np.empty(lanes),
            np.empty((modes, lanes)),
            np.zeros((len(QUANTITIES), lanes)),
            np.empty((wanted, lanes)),
            np.empty(lanes),
            np.ones(lanes, np.bool_),
            np.empty(lanes, np.int64),
            np.empty(lanes),
            np.empty((modes, modes_rows * row_stride)),
            np.empty((1, network_rows * row_stride)),
            np.zeros((watched, lanes)),
            np.zeros((watched_all_run, lanes)),
            np.empty((tail_length, modes, lanes)),
        )
        exponents, extra = np.zeros(lanes), np.zeros(lanes, np.int64)
        for origin in range(0, count, lanes):
            inhabited = min(lanes, count - origin)
            enter_all(memory, places, measures, points, bounds, block, origin)
            for number in range(begin, total + 1):
                recorded, surveyed = number > steps, surveying and number % every == 0
                sampled, traced = (
                    recorded and (total - number) % every == 0,
                    tracing and number % lengths.trajectory == 0,
                )
                sought, stretched = (sampled and curving) or surveyed or traced, stretching and number >= steps - LEAD
                run(programs.runner, memory, programs.forward)
                look_at(
                    memory, places, programs, measures, block, number >= steps or watching or traced, recorded or sought
                )
                run(programs.runner, memory, programs.pull)
                if sought:
                    search_all(memory, work, measures, block, number)
                if number >= steps or watching:
                    slot = max(number - steps - 1 - lengths.record + tail_length, 0)
                    observe_all(block, points, bounds, origin, number, steps, slot)
                for lane in range(lanes):
                    sample = Sample(float(number), 0.0, block.eta[lane])
                    if number == steps:
                        begin_network(block.network, 0, lane, sample)
                    if surveyed and number == 0:
                        begin_survey(block.network, 0, lane, sample)
                if recorded:
                    watch_network(block.quantities, block.of_record, block.network, float(number), block.eta, sampled)
                if surveyed:
                    watch_survey(block.quantities, block.of_run, block.network, float(number), block.eta, True)
                if traced:
                    visit = number // lengths.trajectory
                    for lane in range(inhabited):
                        gone = is_lost(block, lane)
                        keep(kept, origin + lane, visit, lane, gone, block.products, block.quantities, block.residual)
                        keep_each_layer(kept, origin + lane, visit, lane, gone, memory, places.weights, shapes)
                if stretched:
                    if number == max(0, steps - LEAD):
                        begin_tangent(memory, measures)
                    if number % RENORMALIZE_EVERY == 0 or number in (steps, total):
                        rescale(memory, programs, measures, block.growth)
                    if number == steps:
                        block.growth[:] = 0.0
                    if number < total:
                        bend(memory, programs, measures)
                if number < total:
                    run(programs.runner, memory, programs.update)
            for lane in range(lanes):
                extra[lane] = 0
                if lane < inhabited:
                    point = origin + lane
                    leave(memory, places, points.states, lanes, lane, point)
                    extra[lane] = settle(block, points, bounds, lengths, point, lane, window, found, outputs)
            if stretching:
                finish_tangent(memory, programs, measures, lengths.record, extra, block.growth, exponents)
                for lane in range(inhabited):
                    lost = found.periods[origin + lane, 0] == -1
                    found.lyapunov[origin + lane] = math.nan if lost else exponents[lane]

    return run_follow
