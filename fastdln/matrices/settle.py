"""What became of a point: its fate and periods, and all that is written of it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fastdln.kernels.compiled import kernel
from fastdln.matrices import chains
from fastdln.matrices.block import is_lost
from fastdln.matrices.tangent import common_period
from fastdln.observables.fate import DIVERGED, judge
from fastdln.observables.period import size_of


class Found(NamedTuple):
    """What is written besides the observables' outputs: fates and periods (point, mode), eigenvalues (point, eigenvalue),
    residual, how many searches failed, and Lyapunov exponent (point)."""

    fates: np.ndarray
    periods: np.ndarray
    eigenvalues: np.ndarray
    residual: np.ndarray
    failed: np.ndarray
    lyapunov: np.ndarray


def settling(lanes, roles):
    """Function (block, points, bounds, lengths, point, lane, window, found, outputs) that writes what became of a point.

    Returns the steps from the record's end to the next end of its period.
    """
    recorded_at, surveyed_at = sum(roles.run_widths), sum(roles.network_widths)
    finish_run = chains.finish(roles.whole_run, roles.run_widths, 0, lanes, 0)
    first_recorded, first_watched = roles.first_output(roles.recorded), roles.first_output(roles.network)
    finish_record = chains.finish(roles.recorded, roles.recorded_widths, recorded_at, lanes, first_recorded)
    finish_network = chains.finish_network(roles.network, roles.network_widths, lanes, first_watched)
    first_surveyed = roles.first_output(roles.surveyed)
    finish_survey = chains.finish_network(roles.surveyed, roles.surveyed_widths, lanes, first_surveyed, surveyed_at)
    copy_orbit = chains.copy_orbit(roles.first_output(roles.windows) if roles.windows else None)
    verdict = kernel(judge, "judge")

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
                size, s = len(window), points.singular_values[mode, point]
                middle = size // 2
                early, late = size_of(window, 0, middle), size_of(window, middle, size - middle)
                held, fate = verdict(window, 0, size, lengths.period_max, s, early, late)
                found.periods[point, mode], found.fates[point, mode] = held, fate
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
