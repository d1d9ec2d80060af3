"""Gradient descent of a small fully connected network on all its examples, with the largest eigenvalues of its Hessian."""

from __future__ import annotations

import math
from itertools import pairwise

from fastdln.kernels.edge.eigenpairs import dot, of_networks, work_size
from fastdln.kernels.simulation import Simulation
from fastdln.kernels.simulations.perceptron import KEPT, elements, memory_size, perceptron_of, with_activation
from fastdln.kernels.simulations.window import in_order, period_in
from fastdln.observables.fate import APERIODIC, CONVERGED, DIVERGED, DRIFTING, PERIODIC, slow

# Steps at the end whose movement is kept.
MOVES = 64

# A move that is a smaller part of the weights is rounding.
STILL = 1e-15

# Beyond this a square leaves the range of float64.
LARGEST = 1e150

# Where each number stands in the summary; the eigenvalues come after them.
SUMMARIES = (
    "fate",
    "period",
    "loss",
    "loss_min",
    "loss_max",
    "loss_last",
    "sharpness",
    "sharpness_min",
    "sharpness_max",
    "sharpness_ratio",
    "sharpness_unconverged",
    "edge_step",
    "oscillation_subspace",
    "balancing_gap",
    "balancing_gap_start",
)


def scratch_size(widths, total, options):
    examples, *layers = widths
    count = sum(rows * columns for columns, rows in pairwise(layers))
    numbers = (options.wanted + 1) * (count + 1) + (MOVES + 1) * count + 2 * options.window
    return numbers + work_size(count) + memory_size(layers, examples)


def balancing_gap(weights, widths, layers):
    """The largest difference, over the hidden units, of the squares of the weights that come in and go out."""
    largest = 0.0
    for layer in range(1, len(widths) - 1):
        into, out = layers[layer - 1], layers[layer]
        for unit in range(widths[layer]):
            gap = 0.0
            for k in range(widths[layer - 1]):
                gap -= weights[into + unit * widths[layer - 1] + k] ** 2
            for k in range(widths[layer + 1]):
                gap += weights[out + k * widths[layer] + unit] ** 2
            largest = max(largest, abs(gap))
    return largest


def share_in(vectors, wanted, moves, first, count, weights):
    """The share of the squares of `count` moves, from one of the ring of them on, that lies in the span of the first vectors; NaN where the weights
    move by rounding errors only."""
    inside = total = 0.0
    for k in range(count):
        move = moves[(first + k) % MOVES]
        total += dot(move, move)
        for j in range(wanted):
            part = dot(move, vectors[j])
            inside += part * part
    return inside / total if total > count * STILL * STILL * dot(weights, weights) else math.nan


def fate_of(window, size, period_max):
    """(fate, period) of the last states of a number that every weight is in."""
    early = late = 0.0
    for t in range(size // 2):
        early = max(early, abs(window[t]))
    for t in range(size // 2, size):
        late = max(late, abs(window[t]))
    longest = min(size // 2, period_max)
    period = period_in(window, size, longest, max(early, late))
    if period == 1:
        return CONVERGED, period
    if period > 1:
        return PERIODIC, period
    return (DRIFTING if size < 3 or slow(window, 0, size, longest, early, late) else APERIODIC), period


def by_activation(name):
    """Simulation of networks of an activation."""
    own = with_activation(name)
    gradient = own["gradient"]
    largest = of_networks(name, elements=elements, **own)

    def simulate(eta, start, target, widths, total, record, every, options, summary, series, scratch):
        recorded_every, edge_every, wanted = options.sharpness_every, options.edge_every, options.wanted
        window = options.window
        layers, count, w = widths[1:], len(start), start
        values, rest = scratch[: wanted + 1], scratch[wanted + 1 :]
        vectors = rest[: (wanted + 1) * count].reshape((wanted + 1, count))
        rest = rest[(wanted + 1) * count :]
        moves = rest[: (MOVES + 1) * count].reshape((MOVES + 1, count))
        slope, rest = moves[MOVES], rest[(MOVES + 1) * count :]
        ring, ordered = rest[:window], rest[window : 2 * window]
        net = perceptron_of(layers, target, rest[2 * window :])
        work = rest[2 * window + KEPT * net.size :]
        for j in range(wanted + 1):
            for e in range(count):
                vectors[j, e] = 0.0
        begun, edge_step, failed, looks, diverged = total - record, -1, 0, 0, False
        loss = loss_sum = sharp_sum = 0.0
        loss_low, loss_high, sharp_low, sharp_high = math.inf, -math.inf, math.inf, -math.inf
        gap_at_start = balancing_gap(w, layers, net.layers)
        for step in range(total + 1):
            loss = gradient(net, w, slope)
            if not loss <= LARGEST:
                diverged = True
                break
            recorded, kept = step > begun, every > 0 and step % every == 0
            looked = recorded and recorded_every > 0 and (total - step) % recorded_every == 0
            at_edge = edge_every > 0 and edge_step < 0 and step % edge_every == 0
            if looked or kept or at_edge or step == total:
                failed += 0 if largest(net, w, values, vectors, wanted, slope, work) else 1
                if at_edge and eta * values[0] >= 2.0:
                    edge_step = step
                if looked:
                    looks, sharp_sum = looks + 1, sharp_sum + values[0]
                    sharp_low, sharp_high = min(sharp_low, values[0]), max(sharp_high, values[0])
            if recorded:
                loss_sum, loss_low, loss_high = loss_sum + loss, min(loss_low, loss), max(loss_high, loss)
            if kept:
                series[0, step // every], series[1, step // every] = loss, values[0]
            seen = 0.0
            for e in range(count):
                seen += math.cos(1.0 + e) * w[e]
            ring[step % window] = seen
            if step == total:
                break
            move = moves[step % MOVES]
            for e in range(count):
                move[e] = -eta * slope[e]
                w[e] += move[e]
        summary[10], summary[11] = failed, edge_step
        if diverged:
            summary[0], summary[1] = DIVERGED, -1
            return
        in_order(ring, total, window, ordered)
        summary[0], summary[1] = fate_of(ordered, window, options.period_max)
        summary[2], summary[3], summary[4], summary[5] = loss_sum / record, loss_low, loss_high, loss
        if looks > 0:
            summary[6], summary[7], summary[8] = sharp_sum / looks, sharp_low, sharp_high
            summary[9] = 0.5 * eta * summary[6]
        last = min(record, MOVES)
        summary[12] = share_in(vectors, wanted, moves, total - last, last, w)
        summary[13], summary[14] = balancing_gap(w, layers, net.layers), gap_at_start
        for j in range(wanted):
            summary[len(SUMMARIES) + j] = values[j]

    return simulate


SIMULATION = Simulation(
    name="mlp",
    summaries=SUMMARIES,
    along_eigenvalues="hessian_eigenvalue",
    series=("trajectory_loss", "trajectory_sharpness"),
    failures="sharpness_unconverged",
    scratch=scratch_size,
    by_choice=by_activation,
)
