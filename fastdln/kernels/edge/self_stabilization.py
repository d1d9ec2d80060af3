"""The local map of self-stabilization, and the cycles that it goes through (docs/theory.md, section E).

    x' = -(1 + eta y) x,    y' = y + eta (alpha_ps - beta x^2 / 2)

A cycle lasts from one upward passage of y through 0 to the next.
"""

from __future__ import annotations

import math

from fastdln.kernels.simulation import Simulation
from fastdln.models.fma import fma
from fastdln.observables.fate import APERIODIC, DIVERGED, DRIFTING, PERIODIC

# Beyond this the square of x soon leaves the range of float64.
LARGEST = 1e100

# Relative change of x over two steps, and of y over one, at the two-cycle (delta, 0), which stays where it is.
STILL = 1e-9


def step(x, y, eta, alpha_ps, beta):
    return -fma(eta * y, x, x), fma(eta, fma(-0.5 * beta * x, x, alpha_ps), y)


def simulate(eta, start, target, widths, total, record, every, options, summary, series, scratch):
    alpha_ps, beta, x, y = start[0], start[1], start[2], start[3]
    first = last = first_peak = last_peak = math.nan
    cycles, peak, largest, begun, diverged = 0, 0.0, 0.0, total - record, False
    for k in range(total + 1):
        if not (abs(x) <= LARGEST and abs(y) <= LARGEST):
            diverged = True
            break
        if every > 0 and k % every == 0:
            series[0, k // every], series[1, k // every] = x, y
        if k == total:
            break
        before, (x, y) = y, step(x, y, eta, alpha_ps, beta)
        if k < begun:
            continue
        largest, peak = max(largest, abs(x)), max(peak, abs(x))
        if before < 0.0 <= y:
            at = k + before / (before - y)
            if math.isnan(first):
                first = at
            else:
                cycles += 1
                last_peak = peak
                if cycles == 1:
                    first_peak = peak
            last, peak = at, 0.0
    further = step(x, y, eta, alpha_ps, beta)
    again = step(further[0], further[1], eta, alpha_ps, beta)
    still = abs(again[0] - x) <= STILL * abs(x) and abs(further[1] - y) <= STILL * eta * alpha_ps
    fate = DRIFTING
    if diverged:
        fate = DIVERGED
    elif still and x != 0.0:
        fate = PERIODIC
    elif cycles > 0:
        fate = APERIODIC
    delta = math.sqrt(2.0 * alpha_ps / beta) if beta > 0.0 else math.inf
    summary[0], summary[1], summary[2] = fate, delta, cycles
    if not diverged:
        summary[3] = (last - first) / cycles if cycles > 0 else math.nan
        summary[4] = largest
        summary[5] = largest / delta if delta > 0.0 else math.inf
        if cycles > 1:
            summary[6] = math.log(math.log(last_peak / delta) / math.log(first_peak / delta)) / (cycles - 1)
        summary[7], summary[8] = x, y


SIMULATION = Simulation(
    name="self_stabilization",
    summaries=(
        "fate",
        "delta",
        "cycles",
        "cycle_period",
        "cycle_amplitude",
        "cycle_amplitude_ratio",
        "cycle_growth",
        "x_last",
        "y_last",
    ),
    series=("trajectory_x", "trajectory_y"),
    scratch=lambda widths, total, options: 1,
    simulate=simulate,
)
