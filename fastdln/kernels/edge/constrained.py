"""Gradient descent, the constrained trajectory that it oscillates about at the edge, and the predicted deviation from it (arXiv 2209.15594).

From the first state theta_t0 with a sharpness of 2/eta or more on, the constrained trajectory is projected gradient descent,

    th_t0 = proj(theta_t0),  th_t+1 = proj(th_t - eta grad f(th_t)),  onto {S <= 2/eta, grad f . u = 0},

and theta_t - th_t is predicted, from v_t0 = theta_t0 - th_t0 on, with P = I - u u^T, x = u . v and y = grad S_perp . v, by

    v_t+1 = P_t+1 [(I - eta H) P v + eta grad S_perp (delta^2 - x^2) / 2] + (1 - eta S - eta y) x u_t+1.

eta beta delta^2 / 2 is by how much the next projection lowers S: eta alpha_ps at S = 2/eta, max(0, S + eta alpha_ps - 2/eta) anywhere.
"""

from __future__ import annotations

import math

from fastdln.kernels.edge.eigenpairs import dot, largest, work_size
from fastdln.kernels.edge.network import ORDERS, gradient, hvp, memory_size, network_of
from fastdln.kernels.edge.prediction import averages, correlation, crossings, relative_error
from fastdln.kernels.edge.projection import PROJECTED, Held, add, project
from fastdln.kernels.simulation import Simulation
from fastdln.observables.fate import APERIODIC, CONVERGED, DIVERGED, DRIFTING, PERIODIC

# Loss, in units of the target's squared norm or of the loss at state 0, whichever is larger, beyond which gradient descent does not come
# back: its steps are then a multiple of the weights.
LARGEST = 1e10

# Loss of what has converged, in units of half the target's squared norm; relative change over two steps of what is periodic; and
# the part of an earlier maximum that a loss which does not fall keeps.
LEARNED, REPEATED, KEPT = 1e-12, 1e-6, 0.9

SUMMARIES = (
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
)
(
    FATE,
    LOSS_LAST,
    SHARPNESS_LAST,
    EDGE_STEP,
    EDGE_LENGTH,
    CROSSINGS,
    SHARPNESS_CORRELATION,
    MEDIAN_LOSS_ERROR,
    MEDIAN_SHARPNESS_ERROR,
    MEDIAN_DEVIATION_ERROR,
    PROJECTION_RESIDUAL,
    UNPROJECTED,
    CONSTRAINED_STEPS,
    NEAR_DEGENERATE,
) = range(len(SUMMARIES))

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
(
    LOSS,
    SHARPNESS,
    LOSS_CONSTRAINED,
    SHARPNESS_CONSTRAINED,
    LOSS_PREDICTED,
    SHARPNESS_PREDICTED,
    DEVIATION,
    DEVIATION_PREDICTED,
    DEVIATION_ERROR,
    ALPHA_PS,
    BETA,
    DELTA,
    X,
    Y,
    RESIDUAL,
) = range(len(SERIES))

# Vectors: gradient descent's gradient, and two eigenvectors at its last state and at the one before; of the constrained trajectory the
# point, two eigenvectors, u first, the gradient and grad S_perp; the predicted deviation v, and H v.
GRADIENT, TOP, POINT, U, SLOPE, ACROSS, V, IMAGE = 0, 1, 5, 6, 8, 9, 10, 11
VECTORS = 12


def scratch(widths, total, options):
    size = sum(rows * columns for rows, columns in zip(widths[1:], widths, strict=False))
    return memory_size(widths) + (VECTORS + 1) * size + (len(SERIES) + 2) * (total + 1) + 2 + work_size(size)


def simulate(eta, weights, target, widths, total, record, every, options, summary, series, scratch):
    n, edge, scale = len(weights), 2.0 / eta, dot(target, target)
    net = network_of(widths, target, scratch)
    rows, states, work = parts(scratch, ORDERS * 2 * net.size, n, total + 1)
    edge_step, above, last, lived, missed, degenerate, worst = -1, -1, total, 0, 0, 0, 0.0
    projected, diverged, limit, values = False, False, 0.0, work[:2]
    at = Held(0.0, 0.0, 0.0, 0.0, 0.0, False, False)
    for k in range(total + 1):
        loss = gradient(net, weights, rows[GRADIENT])
        limit = LARGEST * max(scale, loss) if k == 0 else limit
        if not loss <= limit:
            diverged, last = True, k - 1
            break
        # those of the state before the last: an oscillation comes back to it
        top = rows[TOP : TOP + 2] if k % 2 == 0 else rows[TOP + 2 : TOP + 4]
        missed += 0 if largest(net, weights, values, top, 1, rows[GRADIENT], work[2:]) else 1
        states[LOSS, k], states[SHARPNESS, k] = loss, values[0]
        above = k if values[0] >= edge else above
        if edge_step < 0 and above == k:
            edge_step, projected = k, True
            begin(weights, top, rows)
            at = project(net, eta, rows[POINT], rows[U : U + 2], rows[SLOPE], rows[ACROSS], work)
            subtract(weights, rows[POINT], rows[V])
        if projected:
            missed += 0 if at.near and at.residual <= PROJECTED else 1
            degenerate += 1 if at.degenerate else 0
            projected = at.near
        if projected:
            lived += 1
            worst = max(worst, at.residual)
            keep(net, eta, weights, at, rows, states, k)
            if k < total:
                x = move(net, eta, at, states[X, k], states[Y, k], rows)
                at = project(net, eta, rows[POINT], rows[U : U + 2], rows[SLOPE], rows[ACROSS], work)
                add(x - dot(rows[U], rows[V]), rows[U], rows[V])
        add(-eta, rows[GRADIENT], weights)

    if every > 0:
        for name in range(len(SERIES)):
            for k in range(0, total + 1, every):
                series[name, k // every] = states[name, k]
    length = above + 1 - edge_step if edge_step >= 0 else 0
    summary[EDGE_STEP], summary[EDGE_LENGTH] = edge_step, length
    summary[CROSSINGS] = crossings(states[SHARPNESS], edge, 0, last)
    summary[PROJECTION_RESIDUAL] = worst if lived > 0 else math.nan
    summary[UNPROJECTED], summary[CONSTRAINED_STEPS], summary[NEAR_DEGENERATE] = missed, lived, degenerate
    if diverged:
        summary[FATE] = DIVERGED
        return
    summary[FATE] = fate(states[LOSS], states[SHARPNESS], edge, 0.5 * scale, total, record)
    summary[LOSS_LAST], summary[SHARPNESS_LAST] = states[LOSS, total], states[SHARPNESS, total]
    compare(states, edge_step, max(min(length, lived) - 1, 0), summary)


def parts(scratch, used, n, states):
    """The vectors, the numbers of each state, NaN, and the rest of the scratch."""
    rows = scratch[used : used + VECTORS * n].reshape((VECTORS, n))
    used += VECTORS * n
    numbers = scratch[used : used + (len(SERIES) + 2) * states].reshape((len(SERIES) + 2, states))
    for name in range(len(SERIES)):
        for k in range(states):
            numbers[name, k] = math.nan
    for row in range(TOP, TOP + 4):
        for i in range(n):
            rows[row, i] = 0.0
    return rows, numbers, scratch[used + numbers.size :]


def begin(weights, top, rows):
    """Start the constrained trajectory at gradient descent's state, with u turned so that x > 0."""
    turn = 1.0 if dot(rows[GRADIENT], top[0]) >= 0.0 else -1.0
    for i in range(len(weights)):
        rows[POINT, i], rows[U, i], rows[U + 1, i] = weights[i], turn * top[0, i], top[1, i]


def subtract(a, b, out):
    for i in range(len(a)):
        out[i] = a[i] - b[i]


def keep(net, eta, weights, at, rows, states, k):
    """Write the numbers of a state. It leaves the gradient at the point."""
    v = rows[V]
    x, y, loss = dot(rows[U], v), dot(rows[ACROSS], v), gradient(net, rows[POINT], rows[SLOPE])
    away, off = 0.0, 0.0
    for i in range(len(v)):
        away += (weights[i] - rows[POINT, i]) ** 2
        off += (weights[i] - rows[POINT, i] - v[i]) ** 2
    states[LOSS_CONSTRAINED, k], states[SHARPNESS_CONSTRAINED, k] = loss, at.sharpness
    states[LOSS_PREDICTED, k], states[SHARPNESS_PREDICTED, k] = loss + x * x / eta, at.sharpness + y + at.along * x
    states[DEVIATION, k], states[DEVIATION_PREDICTED, k] = math.sqrt(away), math.sqrt(dot(v, v))
    states[DEVIATION_ERROR, k] = math.sqrt(off)
    states[ALPHA_PS, k], states[BETA, k] = at.alpha_ps, at.beta
    states[DELTA, k] = math.sqrt(2.0 * at.alpha_ps / at.beta) if at.alpha_ps >= 0.0 else math.nan
    states[X, k], states[Y, k], states[RESIDUAL, k] = x, y, at.residual


def move(net, eta, at, x, y, rows):
    """Take the step of the constrained trajectory's point and, across u, of the deviation; returns x after it."""
    raised = at.sharpness + eta * at.alpha_ps - 2.0 / eta
    drive = (raised / at.beta if raised > 0.0 else 0.0) - 0.5 * eta * x * x
    add(-x, rows[U], rows[V])
    hvp(net, rows[POINT], rows[V], rows[IMAGE])
    add(-eta, rows[IMAGE], rows[V])
    add(drive, rows[ACROSS], rows[V])
    add(-eta, rows[SLOPE], rows[POINT])
    return (1.0 - eta * at.sharpness - eta * y) * x


def compare(states, first, pairs, summary):
    """Correlation of the sharpness, and errors of loss, sharpness and deviation, over so many pairs of states from the first on."""
    one, two = states[len(SERIES)], states[len(SERIES) + 1]
    averages(states[SHARPNESS], first, pairs, one)
    averages(states[SHARPNESS_PREDICTED], first, pairs, two)
    summary[SHARPNESS_CORRELATION] = correlation(one, two, pairs)
    summary[MEDIAN_SHARPNESS_ERROR] = relative_error(one, two, pairs)
    averages(states[LOSS], first, pairs, one)
    averages(states[LOSS_PREDICTED], first, pairs, two)
    summary[MEDIAN_LOSS_ERROR] = relative_error(one, two, pairs)
    averages(states[DEVIATION], first, pairs, one)
    averages(states[DEVIATION_ERROR], first, pairs, two)
    add(1.0, one[:pairs], two[:pairs])
    summary[MEDIAN_DEVIATION_ERROR] = relative_error(one, two, pairs)


def fate(losses, sharpness, edge, scale, total, record):
    """From the losses and the sharpness of gradient descent at the recorded states, those after total - record."""
    middle, earlier, later, repeats, rests = total - record // 2, 0.0, 0.0, record > 2, True
    for k in range(total - record + 1, total + 1):
        if k < middle:
            earlier = max(earlier, losses[k])
        else:
            later = max(later, losses[k])
        if k >= total - record + 3:
            repeats = repeats and abs(losses[k] - losses[k - 2]) <= REPEATED * losses[k]
            repeats = repeats and abs(sharpness[k] - sharpness[k - 2]) <= REPEATED * abs(sharpness[k])
            rests = rests and abs(losses[k] - losses[k - 1]) <= REPEATED * losses[k]
            rests = rests and abs(sharpness[k] - sharpness[k - 1]) <= REPEATED * abs(sharpness[k])
    if losses[total] <= LEARNED * scale and later <= max(earlier, LEARNED * scale):
        return CONVERGED
    if repeats and not rests:
        return PERIODIC
    if later >= KEPT * earlier and crossings(sharpness, edge, middle, total) > 0:
        return APERIODIC
    return DRIFTING


SIMULATION = Simulation(
    name="constrained",
    summaries=SUMMARIES,
    series=SERIES,
    failures="unprojected",
    scratch=scratch,
    simulate=simulate,
)
