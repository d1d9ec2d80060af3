"""The central flow: what gradient descent at the edge of stability follows on average (docs/theory.md, section G).

    dw/dk = -eta [grad f + 1/2 sum_ij X_ij grad S_ij],    X >= 0,  2/eta - H >= 0 on the span of the u_i,  tr(X (2/eta - H)) = 0

u_i are the eigenvectors of the Hessian whose eigenvalues are near 2/eta, grad S_ij = D^3 f(u_i, u_j, .), and X is the covariance of the
oscillation along them. Cohen, Damian, Talwalkar, Kolter, Lee, arXiv 2410.24206.

Below the edge it is gradient flow. At the edge it goes by Heun's method in sub-steps, of which either stage takes the X that brings
its end to the edge: the first from the Hessian's derivative at the state, the second from that at the end of the first.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fastdln.kernels.edge.complementarity import ENTRIES, LARGEST, WORK, complement
from fastdln.kernels.edge.eigenpairs import dot, largest, work_size
from fastdln.kernels.edge.gradient_flow import STAGES, flow
from fastdln.kernels.edge.network import Network, elements, gradient, memory_size, network_of, third, third_mixed
from fastdln.kernels.edge.simulation import Simulation
from fastdln.observables.fate import CONVERGED, DIVERGED, DRIFTING, PERIODIC

# An eigenvalue takes part once it is so near to 2/eta, relative to it: none comes from below that within a sub-step.
NEAR = 0.05

# Relative to 2/eta: what counts as at the edge, for a pinned eigenvalue and for one that arrives.
AT_EDGE, ARRIVED = 1e-4, 1e-9

# A sharpness that is beyond the edge by more than this share, as a start's can be, comes down to it by a factor e a step.
BEYOND = 1e-3

# A step is made of so many ticks; the longest sub-step has half of them, since Heun's method is but marginally stable where
# eta S = 2, and the shortest has one.
TICKS, LONGEST = 64, 32

# Distance between the two stages' ends, relative to the weights, beyond which a sub-step is halved; below an eighth it is doubled.
TOLERANCE = 3e-4

# A fate is that of a state at rest if loss and variance change less than this over the record, relatively.
AT_REST = 1e-6

# Share of the target's squared norm below which a loss has converged.
LEARNED = 1e-12


class Place(NamedTuple):
    """A state: its weights, the gradient, eigenvalues and eigenvectors, and, of the ones near the edge, rows svec(grad S_ij)."""

    weights: np.ndarray
    slope: np.ndarray
    values: np.ndarray
    vectors: np.ndarray
    turns: np.ndarray


class Memory(NamedTuple):
    """What a sub-step works on: the brackets of both stages, the weights where it began, the complementarity problem and X."""

    first: np.ndarray
    second: np.ndarray
    begun: np.ndarray
    q: np.ndarray
    c: np.ndarray
    x: np.ndarray
    complementarity: np.ndarray
    search: np.ndarray
    stages: np.ndarray


def scratch_size(widths, total):
    count = sum(a * b for a, b in zip(widths[1:], widths, strict=False))
    vectors = 2 + (LARGEST + 1) + ENTRIES + 3 + STAGES
    numbers = LARGEST + 1 + ENTRIES * ENTRIES + 2 * ENTRIES + WORK
    return vectors * count + numbers + max(work_size(count), 2 * count) + memory_size(widths)


def look(net, place, memory, edge):
    """Find the eigenvalues near the edge; returns how many of them there are, at most LARGEST, and whether all were found."""
    count = elements(net)
    near = 1
    while True:
        found = largest(net, place.weights, place.values, place.vectors, near, place.slope, memory.search)
        if near == min(LARGEST, count) or not place.values[near] > edge * (1.0 - NEAR):
            break
        near += 1
    while near > 0 and not place.values[near - 1] > edge * (1.0 - NEAR):
        near -= 1
    a = 0
    for i in range(near):
        for j in range(i, near):
            turn = place.turns[a]
            if i == j:
                third(net, place.weights, place.vectors[i], turn)
            else:
                third_mixed(net, place.weights, place.vectors[i], place.vectors[j], turn, memory.search)
                for e in range(count):
                    turn[e] *= math.sqrt(2.0)
            a += 1
    return near, found


def pull(place, memory, near, bar, length, known, bracket):
    """bracket <- grad f + 1/2 sum X grad S, with the X that holds the block of the `near` largest eigenvalues below `bar`.

    It does so after the move known - length bracket from the place; with an infinite `bar` it keeps the eigenvalues from growing.
    Returns the trace of X, and whether X was found.
    """
    entries = near * (near + 1) // 2
    a = 0
    for i in range(near):
        for j in range(i, near):
            memory.c[a] = bar - place.values[i] if i == j and bar < math.inf else 0.0
            a += 1
    for a in range(entries):
        memory.c[a] += length * dot(place.turns[a], place.slope) - dot(place.turns[a], known)
        for b in range(entries):
            memory.q[a * entries + b] = 0.5 * length * dot(place.turns[a], place.turns[b])
    solved = complement(memory.q, memory.c, near, memory.x, memory.complementarity)
    for e in range(len(bracket)):
        bracket[e] = place.slope[e]
    trace, a = 0.0, 0
    for i in range(near):
        for j in range(i, near):
            trace += memory.x[a] if i == j else 0.0
            for e in range(len(bracket)):
                bracket[e] += 0.5 * memory.x[a] * place.turns[a, e]
            a += 1
    return trace, solved


def sub_step(net, place, memory, near, edge, length):
    """Heun's method over a time `length`, in units of 1/eta steps; returns a number > 0 if X was, the error, and how much was not solved.

    The place keeps its new weights alone.
    """
    count, sharpness = elements(net), place.values[0]
    begun, first, second = memory.begun, memory.first, memory.second
    bar = edge
    if sharpness > edge * (1.0 + BEYOND):
        bar = sharpness + (edge - sharpness) * min(1.0, 0.5 * edge * length)
    for e in range(count):
        second[e] = 0.0
    trace, solved = pull(place, memory, near, bar, length, second, first)
    for e in range(count):
        begun[e] = place.weights[e]
        place.weights[e] -= length * first[e]
        first[e] *= 0.5 * length
    there, found = look(net, place, memory, edge)
    trace_2, solved_2 = pull(place, memory, there, bar, 0.5 * length, first, second)
    error = size = 0.0
    for e in range(count):
        move = first[e] - 0.5 * length * second[e]
        place.weights[e] += move
        error += move * move
        size += begun[e] * begun[e]
    unsolved = (0 if solved else 1) + (0 if solved_2 and found else 1)
    return trace + trace_2, math.sqrt(error / size), unsolved


def variance(place, memory, near, edge):
    """How many eigenvalues are at the edge, the trace of the X that holds them there, and whether it was found."""
    pinned = 0
    for i in range(near):
        pinned += 1 if place.values[i] >= edge * (1.0 - AT_EDGE) else 0
    for e in range(len(memory.second)):
        memory.second[e] = 0.0
    trace, solved = pull(place, memory, pinned, math.inf, 1.0, memory.second, memory.first)
    return pinned, trace, solved


def step(net, place, memory, near, edge, ticks, eta):
    """One step at the edge; returns how many eigenvalues are near it, a number > 0 if X was in the last sub-step, its ticks, and how much was not solved."""
    at, held, unsolved = 0, 0.0, 0
    for _ in range(4 * TICKS):
        held, error, missed = sub_step(net, place, memory, near, edge, eta * ticks / TICKS)
        if not error <= TOLERANCE and ticks > 1:
            ticks //= 2
            for e in range(len(place.weights)):
                place.weights[e] = memory.begun[e]
        else:
            unsolved += missed + (0 if error <= TOLERANCE else 1)
            at += ticks
            while error < 0.125 * TOLERANCE and ticks < LONGEST and at % (2 * ticks) == 0:
                ticks *= 2
                error *= 4.0
        near, found = look(net, place, memory, edge)
        unsolved += 0 if found else 1
        if at == TICKS or not math.isfinite(error):
            break
    return near, held, ticks, unsolved


def simulate(eta, start, target, widths, total, record, every, summary, series, scratch):
    """Follow one point; interface of kernels/edge/simulation.py."""
    net, place, memory = laid_out(widths, start, target, scratch)
    edge = 2.0 / eta
    for k in range(len(place.values)):
        place.values[k] = 0.0
        for e in range(len(start)):
            place.vectors[k, e] = 0.0
    near, found = look(net, place, memory, edge)
    trace, held, ticks, unsolved, beyond = 0.0, 0.0, LONGEST, 0 if found else 1, 0
    first, length, most, diverged = math.nan, 0, 0, False
    mean_loss = mean_sharpness = mean_trace = loss = sharpness = 0.0
    lowest, highest, still = math.inf, 0.0, True
    rest_loss = rest_trace = 0.0
    for k in range(total + 1):
        at_edge, trace, solved = variance(place, memory, near, edge)
        trace = trace if held > 0.0 else 0.0
        loss, sharpness = gradient(net, place.weights, place.slope) + trace / eta, place.values[0]
        unsolved += 0 if solved else 1
        if not (math.isfinite(loss) and math.isfinite(sharpness)):
            diverged = True
            break
        most = max(most, at_edge)
        length += 1 if trace > 0.0 else 0
        beyond += 1 if near == LARGEST and place.values[near] >= edge else 0
        if math.isnan(first) and (trace > 0.0 or sharpness >= edge * (1.0 - ARRIVED)):
            first = k
        if every > 0 and k % every == 0:
            series[0, k // every], series[1, k // every], series[2, k // every] = loss, sharpness, trace
        if k == total - record:
            rest_loss, rest_trace = loss, trace
        if k > total - record:
            mean_loss, mean_sharpness, mean_trace = mean_loss + loss, mean_sharpness + sharpness, mean_trace + trace
            still = still and abs(loss - rest_loss) <= AT_REST * rest_loss and abs(trace - rest_trace) <= AT_REST * trace
        if k == total:
            break
        if held == 0.0 and sharpness < edge:
            for e in range(len(start)):
                memory.begun[e] = place.weights[e]
            arrived = flow(net, place.weights, place.slope, eta, memory.stages)
            near, found = look(net, place, memory, edge)
            if arrived and found and place.values[0] <= edge:
                continue
            for e in range(len(start)):
                place.weights[e] = memory.begun[e]
            near, found = look(net, place, memory, edge)
        near, held, ticks, missed = step(net, place, memory, near, edge, ticks, eta)
        unsolved += missed
    fate = DRIFTING
    norm = 0.0
    for i in range(len(target)):
        norm += 0.5 * target[i] ** 2
    if diverged:
        fate = DIVERGED
    elif trace == 0.0 and loss <= LEARNED * norm and loss <= rest_loss:
        fate = CONVERGED
    elif trace > 0.0 and still:
        fate = PERIODIC
    summary[0] = fate
    if not diverged:
        summary[1], summary[2], summary[3] = loss, sharpness, trace
        summary[4], summary[5], summary[6] = mean_trace / record, mean_loss / record, mean_sharpness / record
    summary[7], summary[8], summary[9], summary[10], summary[11] = first, length, most, beyond, unsolved


def laid_out(widths, start, target, scratch):
    """The network, the place at the start, and memory, in scratch of `scratch_size`."""
    count, at = len(start), 0
    slope, at = scratch[at : at + count], at + count
    values, at = scratch[at : at + LARGEST + 1], at + LARGEST + 1
    vectors, at = scratch[at : at + (LARGEST + 1) * count].reshape((LARGEST + 1, count)), at + (LARGEST + 1) * count
    turns, at = scratch[at : at + ENTRIES * count].reshape((ENTRIES, count)), at + ENTRIES * count
    place = Place(start, slope, values, vectors, turns)
    first, at = scratch[at : at + count], at + count
    second, at = scratch[at : at + count], at + count
    begun, at = scratch[at : at + count], at + count
    q, at = scratch[at : at + ENTRIES * ENTRIES], at + ENTRIES * ENTRIES
    c, at = scratch[at : at + ENTRIES], at + ENTRIES
    x, at = scratch[at : at + ENTRIES], at + ENTRIES
    problem, at = scratch[at : at + WORK], at + WORK
    stages, at = scratch[at : at + STAGES * count].reshape((STAGES, count)), at + STAGES * count
    size = 2 * widths[0] * 3 * widths.sum()
    net = network_of(widths, target, scratch[at : at + size])
    memory = Memory(first, second, begun, q, c, x, problem, scratch[at + size :], stages)
    return net, place, memory


SIMULATION = Simulation(
    name="central_flow",
    summaries=(
        "fate",
        "loss_last",
        "sharpness_last",
        "oscillation_variance_last",
        "oscillation_variance",
        "loss",
        "sharpness",
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
