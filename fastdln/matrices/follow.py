"""The states that are looked at: a few lanes of networks from one state to the last, and all that is measured on them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastdln.kernels.roles import tail_of, window_of
from fastdln.matrices import chains, tangent
from fastdln.matrices.block import Block, entering, is_lost, look, observing, searching, watch
from fastdln.matrices.descent import leave
from fastdln.matrices.keeping import keep_layers, keep_state
from fastdln.matrices.program import run
from fastdln.matrices.quantities import QUANTITIES
from fastdln.matrices.roles import Roles
from fastdln.matrices.rows import stride
from fastdln.matrices.settle import settling
from fastdln.observables import Sample
from fastdln.observables.observable import LEAD, RENORMALIZE_EVERY


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
