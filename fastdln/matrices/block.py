"""The points in the lanes, one state after another: what is looked at, searched for and observed."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fastdln.matrices import chains
from fastdln.matrices.descent import enter
from fastdln.matrices.program import run
from fastdln.matrices.quantities import ALIGNMENT, LOSS, QUANTITIES, SHARPNESS
from fastdln.matrices.sharpness import forget, search
from fastdln.observables import Sample, Step

# The search forms third powers of an eigenvalue, which float64 holds up to 1e308.
LARGEST_FOUND = 1e100


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


def root_or_infinite(square):
    return math.inf if math.isnan(square) else math.sqrt(square)


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
                    root_or_infinite(memory[measures.square + lane] / of_target) if of_target > 0.0 else math.nan
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
            if not block.eigenvalues[0, lane] <= LARGEST_FOUND and not is_lost(block, lane):
                block.eigenvalues[:, lane], block.residual[lane] = math.inf, math.inf
                block.converged[lane] = False
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
