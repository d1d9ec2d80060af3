"""The central flow: what gradient descent at the edge of stability follows on average (Cohen, Damian, Talwalkar, Kolter, Lee,
arXiv 2410.24206; docs/theory.md, section G).

Below the edge it is gradient flow, at it that of kernels/edge/held_step.py. State k is taken at t = eta k.
"""

from __future__ import annotations

import math
from itertools import pairwise

from fastdln.kernels.edge.complementarity import ENTRIES, LARGEST, WORK
from fastdln.kernels.edge.eigenpairs import work_size
from fastdln.kernels.edge.gradient_flow import STAGES, flow
from fastdln.kernels.edge.held_step import LONGEST, Place, Work, held_step, look, variance
from fastdln.kernels.edge.network import gradient, memory_size, network_of
from fastdln.kernels.simulation import Simulation
from fastdln.observables.fate import CONVERGED, DIVERGED, DRIFTING, PERIODIC

# Relative to 2/eta: a sharpness that arrives at the edge from below has reached it.
ARRIVED = 1e-9

# Relative change of the loss and of tr X over the record, below which the flow rests: gradient descent repeats itself after two steps.
AT_REST = 1e-6

# Share of the loss of W = 0 below which a loss has converged.
LEARNED = 1e-12

# After so many sub-steps that could not be solved the flow is given up: there is nothing that holds it at the edge.
GIVEN_UP = 100


def scratch_size(widths, total, options):
    count = sum(rows * columns for columns, rows in pairwise(widths))
    rows = 4 + LARGEST + 1 + ENTRIES + STAGES
    numbers = LARGEST + 1 + ENTRIES * ENTRIES + 2 * ENTRIES + WORK
    return rows * count + numbers + memory_size(widths) + max(work_size(count), 2 * count)


def laid_out(widths, start, target, scratch):
    """The network, the place of its start, with no eigenvectors yet, and memory of a step and of gradient flow, in scratch."""
    count = len(start)
    rows = scratch[: (4 + LARGEST + 1 + ENTRIES + STAGES) * count].reshape((-1, count))
    numbers = scratch[len(rows) * count :]
    vectors, turns = rows[4 : LARGEST + 5], rows[LARGEST + 5 : LARGEST + 5 + ENTRIES]
    for k in range(LARGEST + 1):
        for e in range(count):
            vectors[k, e] = 0.0
    place = Place(start, rows[3], numbers[: LARGEST + 1], vectors, turns)
    numbers = numbers[LARGEST + 1 :]
    q, c, x = numbers[: ENTRIES**2], numbers[ENTRIES**2 :], numbers[ENTRIES**2 + ENTRIES :]
    problem, memory = x[ENTRIES:], x[ENTRIES + WORK :]
    net = network_of(widths, target, memory)
    work = Work(rows[0], rows[1], rows[2], q, c, x, problem, memory[2 * net.size * 3 :])
    return net, place, work, rows[LARGEST + 5 + ENTRIES :]


def simulate(eta, start, target, widths, total, record, every, options, summary, series, scratch):
    net, place, work, stages = laid_out(widths, start, target, scratch)
    edge, begun = 2.0 / eta, total - record
    near, found = look(net, place, work, edge, 0)
    ticks, unsolved, held = LONGEST, 0 if found else 1, place.values[0] > edge
    lost, diverged = False, False
    edge_step, edge_length, at_edge_most, beyond_four = -1, 0, 0, 0
    loss = loss_sum = loss_begun = sharpness_sum = trace = trace_sum = trace_begun = 0.0
    rests = True
    for k in range(total + 1):
        at_edge, trace, solved = variance(place, work, near, edge)
        trace = trace if held else 0.0
        loss, sharpness = gradient(net, place.weights, place.slope), place.values[0]
        loss += trace / eta if trace > 0.0 else 0.0
        if not (math.isfinite(loss) and math.isfinite(sharpness)):
            lost, diverged = True, True
            break
        unsolved += 0 if solved else 1
        at_edge_most = max(at_edge_most, at_edge)
        edge_length += 1 if trace > 0.0 else 0
        beyond_four += 1 if near == LARGEST and place.values[near] >= edge else 0
        if edge_step < 0 and (trace > 0.0 or sharpness >= edge * (1.0 - ARRIVED)):
            edge_step = k
        if every > 0 and k % every == 0:
            series[0, k // every], series[1, k // every], series[2, k // every] = loss, sharpness, trace
        if k <= begun:
            loss_begun, trace_begun = loss, trace
        else:
            loss_sum, sharpness_sum, trace_sum = loss_sum + loss, sharpness_sum + sharpness, trace_sum + trace
            rests &= abs(loss - loss_begun) <= AT_REST * loss and abs(trace - trace_begun) <= AT_REST * trace
        if k == total:
            break
        if not held:
            for e in range(len(start)):
                work.begun[e] = start[e]
            followed = flow(net, start, place.slope, eta, stages)
            near, found = look(net, place, work, edge, near)
            if place.values[0] <= edge:
                unsolved += 0 if followed and found else 1
                if not followed:  # the states after it would have another time
                    lost = True
                    break
                continue
            # it meets the edge on the way
            for e in range(len(start)):
                start[e] = work.begun[e]
            near, found = look(net, place, work, edge, near)
        near, held, ticks, missed = held_step(net, place, work, near, edge, ticks)
        unsolved += missed
        if unsolved > GIVEN_UP:
            lost = True
            break
    largest_loss = 0.0
    for i in range(len(target)):
        largest_loss += 0.5 * target[i] * target[i]
    fate = DRIFTING
    if diverged:
        fate = DIVERGED
    elif not lost and loss <= LEARNED * largest_loss and loss <= max(loss_begun, LEARNED * largest_loss):
        fate = CONVERGED
    elif not lost and trace > 0.0 and rests:
        fate = PERIODIC
    summary[0] = fate
    if not lost:
        summary[1], summary[2], summary[3] = loss, place.values[0], trace
        summary[4], summary[5], summary[6] = loss_sum / record, sharpness_sum / record, trace_sum / record
    summary[7], summary[8], summary[9] = edge_step, edge_length, at_edge_most
    summary[10], summary[11] = beyond_four, unsolved


SIMULATION = Simulation(
    name="central_flow",
    summaries=(
        "fate",
        "loss_last",
        "sharpness_last",
        "oscillation_variance_last",
        "loss",
        "sharpness",
        "oscillation_variance",
        "edge_step",
        "edge_length",
        "at_edge_most",
        "beyond_four",
        "unsolved",
    ),
    series=("trajectory_loss", "trajectory_sharpness", "trajectory_oscillation_variance"),
    failures="unsolved",
    scratch=scratch_size,
    simulate=simulate,
)
