"""Gradient descent, the constrained trajectory that it oscillates about at the edge, and the predicted deviation from it (arXiv 2209.15594).

From the first state theta_t0 with a sharpness of 2/eta or more on, the constrained trajectory is projected gradient descent,

    th_t0 = proj(theta_t0),  th_t+1 = proj(th_t - eta grad f(th_t)),  onto {S <= 2/eta, grad f . u = 0},

and theta_t - th_t is predicted, from v_t0 = theta_t0 - th_t0 on, with P = I - u u^T, x = u . v and y = grad S_perp . v, by

    v_t+1 = P_t+1 [(I - eta H) P v + eta grad S_perp (delta^2 - x^2) / 2] + (1 - eta S - eta y) x u_t+1.

Where S < 2/eta needs no holding, delta^2 = 0 in it: nothing is projected out of the gradient then.
"""

from __future__ import annotations

import math

from fastdln.kernels.edge.eigenpairs import dot, largest, work_size
from fastdln.kernels.edge.network import gradient, hvp, memory_size, network_of
from fastdln.kernels.edge.prediction import averages, correlation, crossings, relative_error
from fastdln.kernels.edge.projection import PROJECTED, add, project
from fastdln.kernels.edge.simulation import Simulation
from fastdln.observables.fate import APERIODIC, CONVERGED, DIVERGED, DRIFTING, PERIODIC

# Loss, in units of the target's squared norm, beyond which gradient descent does not come back: its steps are then a multiple of the
# weights.
LARGEST = 1e10

# Loss of what has converged, in units of half the target's squared norm; relative change over two steps of what is periodic; and
# the part of an earlier maximum that a loss which does not fall keeps.
LEARNED, REPEATED, KEPT = 1e-12, 1e-6, 0.9

SERIES = (
    "trajectory_loss",
    "trajectory_sharpness",
    "trajectory_loss_constrained",
    "trajectory_sharpness_constrained",
    "trajectory_loss_predicted",
    "trajectory_sharpness_predicted",
    "trajectory_deviation",
    "trajectory_deviation_predicted",
    "trajectory_deviation_error",
    "trajectory_alpha_ps",
    "trajectory_beta",
    "trajectory_delta",
    "trajectory_x",
    "trajectory_y",
    "trajectory_projection_residual",
)
LOSS, SHARPNESS, _, _, LOSS_PREDICTED, SHARPNESS_PREDICTED, DEVIATION, _, DEVIATION_ERROR = range(9)

# Vectors: gradient descent's gradient, and two eigenvectors at its last state and the one before; of the constrained trajectory the
# point, two eigenvectors, u first, the gradient, grad S_perp and the latter before; the predicted deviation v, and H v.
GRADIENT, TOP, POINT, U, SLOPE, ACROSS, BEFORE, V, IMAGE = 0, 1, 5, 6, 8, 9, 10, 11, 12
VECTORS = 13


def scratch(widths, total):
    size = sum(rows * columns for rows, columns in zip(widths[1:], widths, strict=False))
    return memory_size(widths) + VECTORS * size + (len(SERIES) + 2) * (total + 1) + 2 + size + work_size(size)


def simulate(eta, weights, target, widths, total, record, every, summary, series, scratch):
    n, used = len(weights), 0
    for k in range(len(widths)):
        used += 6 * widths[0] * widths[k]
    net, edge = network_of(widths, target, scratch), 2.0 / eta
    rows = scratch[used : used + VECTORS * n].reshape((VECTORS, n))
    used += VECTORS * n
    states = scratch[used : used + (len(SERIES) + 2) * (total + 1)].reshape((len(SERIES) + 2, total + 1))
    work = scratch[used + states.size :]
    slope, point, u, across, v, image = rows[SLOPE], rows[POINT], rows[U], rows[ACROSS], rows[V], rows[IMAGE]
    for name in range(len(SERIES)):
        for k in range(total + 1):
            states[name, k] = math.nan
    for row in range(TOP, TOP + 2):
        for i in range(n):
            rows[row, i] = 0.0

    scale = dot(target, target)
    edge_step, last_above, lived, missed, degenerate, worst = -1, -1, 0, 0, 0, 0.0
    follows, diverged, values = False, False, work[:2]
    sharpness, along, alpha_ps, beta, drive, x, y = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(total + 1):
        top = rows[TOP + 2 * (k % 2) : TOP + 2 * (k % 2) + 2]  # those of the state before the last: an oscillation comes back to it
        if k == 1:
            for row in range(2):
                for i in range(n):
                    top[row, i] = rows[TOP + row, i]
        loss = gradient(net, weights, rows[GRADIENT])
        if not loss <= LARGEST * scale:
            diverged = True
            break
        missed += 0 if largest(net, weights, values, top, 1, rows[GRADIENT], work[2:]) else 1
        s = values[0]
        states[LOSS, k], states[SHARPNESS, k] = loss, s
        if s >= edge:
            last_above = k

        here = False
        if edge_step < 0 and s >= edge:
            edge_step, here = k, True
            turn = 1.0 if dot(rows[GRADIENT], top[0]) >= 0.0 else -1.0  # x > 0 at first
            for i in range(n):
                u[i], rows[U + 1, i], point[i] = turn * top[0, i], top[1, i], weights[i]
        elif follows:
            # the deviation and the point go on, the latter to where it is projected from
            gradient(net, point, slope)
            add(-x, u, v)
            hvp(net, point, v, image)
            add(-eta, image, v)
            add(-0.5 * eta * x * x, across, v)
            x *= 1.0 - eta * sharpness - eta * y
            drive = eta * alpha_ps / beta
            for i in range(n):
                rows[BEFORE, i] = across[i]
            add(-eta, slope, point)
        if here or follows:
            at = project(net, eta, point, rows[U : U + 2], slope, across, work)
            worst = max(worst, at.residual)
            missed += 0 if at.residual <= PROJECTED else 1
            degenerate += 1 if at.degenerate else 0
            sharpness, along, alpha_ps, beta = at.sharpness, at.along, at.alpha_ps, at.beta
            follows = at.near
            if here:
                for i in range(n):
                    v[i] = weights[i] - point[i]
                x = dot(u, v)
            else:
                if at.held:
                    add(drive, rows[BEFORE], v)
                add(x - dot(u, v), u, v)
            y = dot(across, v)
            if follows:
                lived += 1
                away, off, held_loss = 0.0, 0.0, gradient(net, point, slope)
                for i in range(n):
                    away += (weights[i] - point[i]) ** 2
                    off += (weights[i] - point[i] - v[i]) ** 2
                numbers = (
                    held_loss,
                    sharpness,
                    held_loss + x * x / eta,
                    sharpness + y + along * x,
                    math.sqrt(away),
                    math.sqrt(dot(v, v)),
                    math.sqrt(off),
                    alpha_ps,
                    beta,
                    math.sqrt(2.0 * alpha_ps / beta) if alpha_ps >= 0.0 else math.nan,
                    x,
                    y,
                    at.residual,
                )
                for i in range(len(numbers)):
                    states[i + 2, k] = numbers[i]
        add(-eta, rows[GRADIENT], weights)

    if every > 0:
        for name in range(len(SERIES)):
            for k in range(0, total + 1, every):
                series[name, k // every] = states[name, k]
    length = last_above + 1 - edge_step if edge_step >= 0 else 0
    summary[0] = DIVERGED if diverged else fate(states[LOSS], states[SHARPNESS], edge, 0.5 * scale, total, record)
    if not diverged:
        summary[1], summary[2] = states[LOSS, total], states[SHARPNESS, total]
        one, two = states[len(SERIES)], states[len(SERIES) + 1]
        pairs = max(min(length, lived) - 1, 0)
        for place, actual, predicted in ((7, LOSS, LOSS_PREDICTED), (8, SHARPNESS, SHARPNESS_PREDICTED)):
            averages(states[actual], edge_step, pairs, one)
            averages(states[predicted], edge_step, pairs, two)
            if actual == SHARPNESS:
                summary[6] = correlation(one, two, pairs)
            summary[place] = relative_error(one, two, pairs)
        averages(states[DEVIATION], edge_step, pairs, one)
        averages(states[DEVIATION_ERROR], edge_step, pairs, two)
        for k in range(pairs):
            two[k] += one[k]
        summary[9] = relative_error(one, two, pairs)
    summary[3], summary[4], summary[5] = edge_step, length, crossings(states[SHARPNESS], edge, 0, total)
    summary[10], summary[11], summary[12], summary[13] = worst if lived > 0 else math.nan, missed, lived, degenerate


def fate(losses, sharpness, edge, scale, total, record):
    """From the losses and the sharpness of gradient descent at the recorded states, those after total - record."""
    begun, middle = total - record + 1, total - record // 2
    earlier, later, twice, once = 0.0, 0.0, True, True
    for k in range(begun, total + 1):
        if k < middle:
            earlier = max(earlier, losses[k])
        else:
            later = max(later, losses[k])
        if k >= begun + 2:
            twice = twice and same(losses[k], losses[k - 2]) and same(sharpness[k], sharpness[k - 2])
            once = once and same(losses[k], losses[k - 1]) and same(sharpness[k], sharpness[k - 1])
    if losses[total] <= LEARNED * scale and later <= earlier:
        return CONVERGED
    if twice and not once and record > 2:
        return PERIODIC
    if later >= KEPT * earlier and crossings(sharpness, edge, middle, total) > 0:
        return APERIODIC
    return DRIFTING


def same(a, b):
    return abs(a - b) <= REPEATED * abs(a)


SIMULATION = Simulation(
    name="constrained",
    summaries=(
        "fate",
        "loss_last",
        "sharpness_last",
        "edge_step",
        "edge_length",
        "crossings",
        "sharpness_correlation",
        "loss_error",
        "sharpness_error",
        "deviation_error",
        "projection_residual",
        "unprojected",
        "constrained_steps",
        "near_degenerate",
    ),
    series=SERIES,
    failures="unprojected",
    scratch=scratch,
    simulate=simulate,
)
