"""The states that are looked at: a few lanes of networks from one state to the last, and all that is measured on them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from fastdln.kernels import chains, whole
from fastdln.kernels.compiled import kernel
from fastdln.kernels.roles import tail_of, window_of
from fastdln.kernels.rows import stride
from fastdln.matrices.descent import enter, leave
from fastdln.matrices.network import Network
from fastdln.matrices.program import Matrix, Program, run
from fastdln.matrices.roles import Roles
from fastdln.matrices.sharpness import Finder, estimate_at, forget, search, work_in
from fastdln.matrices.tiles import LANES, RIGHT
from fastdln.observables import Sample, Step
from fastdln.observables.fate import DIVERGED, judge
from fastdln.observables.growth import rate
from fastdln.observables.observable import LEAD, RENORMALIZE_EVERY
from fastdln.observables.period import period_of, repetition

# The quantities of a whole network, by the rows in which they are kept.
QUANTITIES = ("loss", "sharpness", "alignment_error")
LOSS, SHARPNESS, ALIGNMENT = range(3)


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


def common_period(first, second):
    """The longer of two periods if the other divides it, else 0; 0 where there is none."""
    longer, shorter = max(first, second), min(first, second)
    return longer if shorter > 0 and longer % shorter == 0 else 0


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


def keep_state(trajectories):
    """Function (outputs, place, visit, lost, products, quantities) that keeps a state, if trajectories are asked for.

    Outputs from 1 on; the layers, which need more than numbers, are outputs[0].
    """
    if not trajectories:
        return lambda outputs, place, visit, lane, lost, products, quantities, residual: None

    def keep(outputs, place, visit, lane, lost, products, quantities, residual):
        for mode in range(len(products)):
            outputs[1][place, mode, visit] = math.nan if lost else products[mode, lane]
        outputs[2][place, visit] = math.nan if lost else quantities[LOSS, lane]
        outputs[3][place, visit] = math.nan if lost else quantities[SHARPNESS, lane]
        outputs[4][place, visit] = math.nan if lost else quantities[ALIGNMENT, lane]
        outputs[5][place, visit] = math.nan if lost else residual[lane]

    return keep


def keep_layers(trajectories, lanes):
    """Function (outputs, place, visit, lane, lost, memory, at, shapes) that keeps the layers' singular values."""
    if not trajectories:
        return lambda outputs, place, visit, lane, lost, memory, at, shapes: None

    def keep(outputs, place, visit, lane, lost, memory, at, shapes):
        kept = outputs[0]
        kept[place, :, :, visit] = math.nan
        if lost:
            return
        for layer in range(len(shapes)):
            rows, columns = shapes[layer]
            matrix = np.empty((rows, columns))
            for i in range(rows):
                for j in range(columns):
                    matrix[i, j] = memory[at + (i * columns + j) * lanes + lane]
            at += rows * columns * lanes
            found = np.linalg.svd(matrix)[1]
            for mode in range(min(len(found), kept.shape[2])):
                kept[place, layer, mode, visit] = found[mode]

    return keep


def follow(lanes: int, roles: Roles) -> Any:
    """Function (memory, work, places, programs, measures, points, bounds, shapes, lengths, begin, found, outputs, kept).

    Follows points.states, which are at state `begin`, to the last state, which they then are, and writes all variables.
    bounds (mode, point): the divergence bounds, and in a last row that of the error's norm. kept: the outputs of a trajectory.
    """
    modes_rows, recorded_at = sum(roles.run_widths) + sum(roles.recorded_widths), sum(roles.run_widths)
    network_rows = sum(roles.network_widths) + sum(roles.surveyed_widths)
    surveyed_at = sum(roles.network_widths)
    begin_run = chains.start(roles.whole_run, roles.run_widths, 0, lanes)
    update_run = chains.update(roles.whole_run, roles.run_widths, 0, lanes)
    begin_record = chains.start(roles.recorded, roles.recorded_widths, recorded_at, lanes)
    update_record = chains.update(roles.recorded, roles.recorded_widths, recorded_at, lanes)
    finish_run = chains.finish(roles.whole_run, roles.run_widths, 0, lanes, 0)
    finish_record = chains.finish(
        roles.recorded, roles.recorded_widths, recorded_at, lanes, roles.first_output(roles.recorded)
    )
    begin_network = chains.start(roles.network, roles.network_widths, 0, lanes)
    begin_survey = chains.start(roles.surveyed, roles.surveyed_widths, surveyed_at, lanes)
    watch_network = watch(roles.network, roles.network_widths, lanes)
    watch_survey = watch(roles.surveyed, roles.surveyed_widths, lanes, surveyed_at)
    finish_network = whole.finish(roles.network, roles.network_widths, lanes, roles.first_output(roles.network))
    finish_survey = whole.finish(
        roles.surveyed, roles.surveyed_widths, lanes, roles.first_output(roles.surveyed), surveyed_at
    )
    copy_orbit = whole.copy_orbit(roles.first_output(roles.windows) if roles.windows else None)
    keep, keep_each_layer = keep_state(roles.trajectories), keep_layers(roles.trajectories, lanes)
    repetition_in = kernel(repetition, "repetition")
    period, fate = kernel(period_of, "period_of"), kernel(judge, "judge")
    watching, surveying, tracing = bool(roles.whole_run), bool(roles.surveyed), bool(roles.trajectories)
    curving, aligning, stretching = roles.curving, roles.aligning, bool(roles.tangents)
    row_stride, watched, watched_all_run = stride(lanes), len(roles.network), len(roles.surveyed)

    def squares_of(runner, memory, program, at, out):
        run(runner, memory, program)
        for lane in range(lanes):
            out[lane] = memory[at + lane]

    def rescale(runner, memory, measures, taken):
        """Takes the length out of the tangent vectors, and adds its logarithm to what was taken before."""
        run(runner, memory, measures.square_tangent)
        for lane in range(lanes):
            square = memory[measures.square + lane]
            taken[lane] += 0.5 * math.log(square) if square > 0.0 else -math.inf
            memory[measures.square + lane] = 1.0 / math.sqrt(square) if square > 0.0 else 0.0
        for e in range(measures.length // lanes):
            for lane in range(lanes):
                memory[measures.tangent + e * lanes + lane] *= memory[measures.square + lane]

    def on_cycles(memory, programs, measures, lengths, extra, growth, exponents):
        """Follows lanes on a cycle to the end of their period, so that their exponent is over whole periods."""
        longest = 0
        for lane in range(lanes):
            exponents[lane] = rate(growth[lane], float(lengths.record))
            longest = max(longest, extra[lane])
        for k in range(1, longest + 1):
            run(programs.runner, memory, programs.pull)
            run(programs.runner, memory, measures.bend)
            run(programs.runner, memory, measures.move)
            run(programs.runner, memory, programs.update)
            run(programs.runner, memory, programs.forward)
            rescale(programs.runner, memory, measures, growth)
            for lane in range(lanes):
                if k == extra[lane]:
                    exponents[lane] = rate(growth[lane], float(lengths.record + k))

    def run_follow(
        memory, work, places, programs, measures, points, bounds, shapes, lengths, begin, found, outputs, kept
    ):
        modes, count = points.singular_values.shape
        steps, length, every, total = (
            lengths.steps,
            lengths.record,
            lengths.sharpness_every,
            lengths.steps + lengths.record,
        )
        window_length, tail_length = window_of(lengths), tail_of(lengths)
        skipped, wanted = length - tail_length, measures.finder.wanted
        samples = (-(-length // every), total // every + 1)
        blocks, rows = np.empty((modes, modes_rows * row_stride)), np.empty((1, network_rows * row_stride))
        eta, products, quantities = np.empty(lanes), np.empty((modes, lanes)), np.zeros((3, lanes))
        seen, surveyed = np.zeros((watched, lanes)), np.zeros((watched_all_run, lanes))
        tail, window = np.empty((tail_length, modes, lanes)), np.empty(window_length)
        values, residual, converged = np.zeros((wanted, lanes)), np.zeros(lanes), np.ones(lanes, np.bool_)
        growth, exponents, extra = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes, np.int64)
        squares, norm, lost = np.empty(lanes), np.empty(lanes), np.empty(lanes, np.bool_)
        failed = np.zeros(lanes, np.int64)
        for origin in range(0, count, lanes):
            for lane in range(lanes):
                point = min(origin + lane, count - 1)
                enter(memory, places, points, lanes, lane, point)
                eta[lane], norm[lane] = points.eta[point], 0.0
                for mode in range(modes):
                    norm[lane] += points.singular_values[mode, point] ** 2
            forget(memory, measures.finder)
            failed[:], growth[:] = 0, 0.0
            values[:] = 0.0
            residual[:] = 0.0
            for number in range(begin, total + 1):
                recorded, at_sample = number > steps, number % every == 0
                run(programs.runner, memory, programs.forward)
                sampled = recorded and (total - number) % every == 0
                traced = tracing and number % lengths.trajectory == 0
                looking = number >= steps or watching or traced
                if looking:
                    run(programs.runner, memory, programs.rotate)
                    for mode in range(modes):
                        at = places.rotated + mode * (places.columns + 1) * lanes
                        for lane in range(lanes):
                            products[mode, lane] = memory[at + lane]
                            memory[at + lane] = 0.0
                searching = (sampled and curving) or (surveying and at_sample) or traced
                if recorded or searching:
                    squares_of(programs.runner, memory, measures.square_error, measures.square, squares)
                    for lane in range(lanes):
                        quantities[LOSS, lane] = 0.5 * squares[lane]
                if (recorded and aligning) or traced:
                    squares_of(programs.runner, memory, measures.square_rotated, measures.square, squares)
                    for lane in range(lanes):
                        quantities[ALIGNMENT, lane] = (
                            math.sqrt(squares[lane] / norm[lane]) if norm[lane] > 0.0 else math.nan
                        )
                stretched = stretching and number >= steps - LEAD
                if searching or (stretched and number < total):
                    run(programs.runner, memory, programs.pull)
                if searching:
                    search(measures.estimate, (memory, measures.finder, work, number, values, residual, converged))
                    for lane in range(lanes):
                        quantities[SHARPNESS, lane] = values[0, lane]
                        point = min(origin + lane, count - 1)
                        gone = not 2.0 * quantities[LOSS, lane] <= bounds[modes, point] ** 2
                        failed[lane] += 0 if converged[lane] or gone else 1
                for mode in range(modes):
                    for lane in range(lanes):
                        point = min(origin + lane, count - 1)
                        s = points.singular_values[mode, point]
                        step = Step(float(number), (), (), products[mode, lane], eta[lane], s, bounds[mode, point])
                        if watching and number == 0:
                            begin_run(blocks, mode, lane, step)
                        elif watching:
                            update_run(blocks, mode, lane, step)
                        if number == steps:
                            begin_record(blocks, mode, lane, step)
                        if recorded:
                            update_record(blocks, mode, lane, step)
                            tail[max(number - steps - 1 - skipped, 0), mode, lane] = products[mode, lane]
                if number == steps:
                    for lane in range(lanes):
                        begin_network(rows, 0, lane, Sample(float(number), 0.0, eta[lane]))
                if surveying and number == 0:
                    for lane in range(lanes):
                        begin_survey(rows, 0, lane, Sample(float(number), 0.0, eta[lane]))
                if recorded:
                    watch_network(quantities, seen, rows, float(number), eta, sampled)
                if surveying and at_sample:
                    watch_survey(quantities, surveyed, rows, float(number), eta, True)
                if traced:
                    visit = number // lengths.trajectory
                    for lane in range(min(lanes, count - origin)):
                        gone = not 2.0 * quantities[LOSS, lane] <= bounds[modes, origin + lane] ** 2
                        keep(kept, origin + lane, visit, lane, gone, products, quantities, residual)
                        keep_each_layer(kept, origin + lane, visit, lane, gone, memory, places.weights, shapes)
                if stretched:
                    if number == max(0, steps - LEAD):
                        for e in range(measures.finder.size):
                            for lane in range(lanes):
                                memory[measures.tangent + e * lanes + lane] = measures.finder.noise[e]
                    if number % RENORMALIZE_EVERY == 0 or number in (steps, total):
                        rescale(programs.runner, memory, measures, growth)
                    if number == steps:
                        growth[:] = 0.0
                    if number < total:
                        run(programs.runner, memory, measures.bend)
                        run(programs.runner, memory, measures.move)
                if number < total:
                    if not (searching or stretched):
                        run(programs.runner, memory, programs.pull)
                    run(programs.runner, memory, programs.update)
            for lane in range(min(lanes, count - origin)):
                leave(memory, places, points.states, lanes, lane, origin + lane)
            extra[:] = 0
            for lane in range(min(lanes, count - origin)):
                point, repeating = origin + lane, 1
                lost[lane] = not 2.0 * quantities[LOSS, lane] <= bounds[modes, point] ** 2
                for mode in range(modes):
                    lost[lane] |= not abs(products[mode, lane]) <= bounds[mode, point]
                for mode in range(modes):
                    if lost[lane]:
                        found.fates[point, mode], found.periods[point, mode] = DIVERGED, -1
                    else:
                        for k in range(window_length):
                            window[k] = tail[tail_length - window_length + k, mode, lane]
                        repeated = repetition_in(window, lengths.period_max)
                        held = period(window, repeated)
                        found.periods[point, mode] = held
                        s = points.singular_values[mode, point]
                        found.fates[point, mode] = fate(window, repeated, held, lengths.period_max, s, True)
                        repeating = common_period(repeating, held)
                    finish_run(blocks, mode, lane, (point, mode), length, lost[lane], outputs)
                    finish_record(blocks, mode, lane, (point, mode), length, lost[lane], outputs)
                    copy_orbit(outputs, point, mode, tail, lane, lost[lane])
                extra[lane] = (-length) % repeating if repeating > 1 else 0
                counts, last, learning_rate = (length, samples[0]), float(total), eta[lane]
                finish_network(seen, rows, lane, point, counts, last, learning_rate, lost[lane], outputs)
                finish_survey(
                    surveyed, rows, lane, point, (total + 1, samples[1]), last, learning_rate, lost[lane], outputs
                )
                found.residual[point], found.failed[point] = math.nan if lost[lane] else residual[lane], failed[lane]
                for k in range(wanted):
                    found.eigenvalues[point, k] = math.nan if lost[lane] else values[k, lane]
            if stretching:
                on_cycles(memory, programs, measures, lengths, extra, growth, exponents)
                for lane in range(min(lanes, count - origin)):
                    found.lyapunov[origin + lane] = math.nan if lost[lane] else exponents[lane]

    return run_follow
