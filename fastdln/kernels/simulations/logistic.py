"""Gradient descent on the mean loss of the margins z_i . w, z_i an input times its label (docs/theory.md, F and G).

logistic      l(m) = ln(1 + exp(-m)),   -l' = g = 1 / (1 + exp(m)),   l'' = g (1 - g)
exponential   l(m) = exp(-m),           -l' = g,                      l'' = g

gradient -mean_i g_i z_i,   Hessian mean_i l''_i z_i z_i^T
"""

from __future__ import annotations

import math

import numpy as np

from fastdln.kernels.simulation import Simulation
from fastdln.kernels.simulations.window import in_order, period_in
from fastdln.observables.fate import APERIODIC, CONVERGED, DIVERGED, PERIODIC

# Beyond this a square leaves the range of float64.
LARGEST = 1e150

# A loss that is higher by a smaller part of it is rounding: it is a mean over many examples.
RISE = 1e-13


def logistic(margin):
    """The loss of a margin, minus its derivative, and its second one; exact to rounding for margins of any size."""
    small = math.exp(-abs(margin))
    g = small / (1.0 + small) if margin > 0.0 else 1.0 / (1.0 + small)
    # g (1 - g) would lose 1 - g where g is nearly 1
    return max(-margin, 0.0) + math.log1p(small), g, small / ((1.0 + small) * (1.0 + small))


def exponential(margin):
    found = math.exp(-margin) if margin > -700.0 else math.inf
    return found, found, found


LOSSES = {"logistic": logistic, "exponential": exponential}


def largest_eigenvalue(matrix, size):
    """The largest eigenvalue of a symmetric positive semi-definite matrix."""
    if size == 1:
        return matrix[0, 0]
    if size == 2:
        half = 0.5 * (matrix[0, 0] - matrix[1, 1])
        return 0.5 * (matrix[0, 0] + matrix[1, 1]) + math.hypot(half, matrix[0, 1])
    return np.linalg.eigvalsh(matrix)[-1]


def sharpness(signed, second, examples, features, matrix):
    """The largest eigenvalue of mean_i h_i z_i z_i^T, by that matrix or by the one of the scalar products, whichever is smaller."""
    if examples < features:
        for i in range(examples):
            for j in range(i + 1):
                product = 0.0
                for k in range(features):
                    product += signed[i * features + k] * signed[j * features + k]
                matrix[i, j] = matrix[j, i] = math.sqrt(second[i]) * math.sqrt(second[j]) * product / examples
        return largest_eigenvalue(matrix, examples)
    for a in range(features):
        for b in range(a + 1):
            total = 0.0
            for i in range(examples):
                total += second[i] * signed[i * features + a] * signed[i * features + b]
            matrix[a, b] = matrix[b, a] = total / examples
    return largest_eigenvalue(matrix, features)


def angle_to(w, direction, features):
    """The angle between w and a direction of length 1, by both its sine and its cosine; NaN where either is 0."""
    along = norm = length = 0.0
    for k in range(features):
        along += w[k] * direction[k]
        length += direction[k] * direction[k]
    for k in range(features):
        across = w[k] - along * direction[k]
        norm += across * across
    return math.atan2(math.sqrt(norm), along) if length > 0.0 and (norm > 0.0 or along != 0.0) else math.nan


def scratch_size(widths, total, options):
    examples, features, *_ = widths
    return 2 * examples + features + 2 * options.window + min(examples, features) ** 2


def by_loss(name):
    """Simulation with one of the losses."""
    loss_of = LOSSES[name]

    def simulate(eta, start, target, widths, total, record, every, options, summary, series, scratch):
        examples, features = widths[0], widths[1]
        direction, size, window = target[examples * features :], min(examples, features), options.window
        slopes, second, w = scratch[:examples], scratch[examples : 2 * examples], scratch[2 * examples :]
        losses = w[features:]
        ordered = losses[window:]
        matrix = ordered[window : window + size * size].reshape((size, size))
        for k in range(features):
            w[k] = start[0] * direction[k]
        before, margin, loss, sharp = math.inf, 0.0, 0.0, 0.0
        edge_step, rose, diverged = -1, 0, False
        loss_sum, loss_low, loss_high = 0.0, math.inf, -math.inf
        sharp_sum, sharp_low, sharp_high = 0.0, math.inf, -math.inf
        for step in range(total + 1):
            loss, margin = 0.0, math.inf
            for i in range(examples):
                product = 0.0
                for k in range(features):
                    product += target[i * features + k] * w[k]
                margin = min(margin, product)
                one, slopes[i], second[i] = loss_of(product)
                loss += one / examples
            if not loss <= LARGEST:
                diverged = True
                break
            recorded, kept = step > total - record, every > 0 and step % every == 0
            if edge_step < 0 or recorded or kept:
                sharp = sharpness(target, second, examples, features, matrix)
                if edge_step < 0 and eta * sharp >= 2.0:
                    edge_step = step
            if loss > before * (1.0 + RISE):
                rose = step
            if recorded:
                loss_sum, loss_low, loss_high = loss_sum + loss, min(loss_low, loss), max(loss_high, loss)
                sharp_sum, sharp_low, sharp_high = sharp_sum + sharp, min(sharp_low, sharp), max(sharp_high, sharp)
            losses[step % window] = loss
            if kept:
                series[0, step // every], series[1, step // every] = loss, sharp
                norm = 0.0
                for k in range(features):
                    norm += w[k] * w[k]
                series[2, step // every] = math.sqrt(norm)
                series[3, step // every] = angle_to(w, direction, features)
            if step == total:
                break
            before = loss
            for i in range(examples):
                g = eta * slopes[i] / examples
                for k in range(features):
                    w[k] += g * target[i * features + k]
        summary[15] = edge_step
        if diverged:
            summary[0], summary[1], summary[14] = DIVERGED, -1, -1
            return
        in_order(losses, total, window, ordered)
        highest = 0.0
        for t in range(window):
            highest = max(highest, ordered[t])
        period = period_in(ordered, window, min(window // 2, options.period_max), highest)
        fate = APERIODIC
        if period == 1 or rose <= total - record:
            fate = CONVERGED
        elif period > 1:
            fate = PERIODIC
        norm = 0.0
        for k in range(features):
            norm += w[k] * w[k]
        norm = math.sqrt(norm)
        summary[0], summary[1] = fate, period
        summary[2], summary[3], summary[4], summary[5] = loss_sum / record, loss_low, loss_high, loss
        summary[6], summary[7], summary[8] = sharp_sum / record, sharp_low, sharp_high
        summary[9] = 0.5 * eta * sharp_sum / record
        summary[10] = margin / norm if norm > 0.0 else math.nan
        summary[11], summary[12] = norm, angle_to(w, direction, features)
        summary[13] = loss * eta * total
        summary[14] = -1 if rose == total else rose

    return simulate


SIMULATION = Simulation(
    name="logistic",
    summaries=(
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
        "margin",
        "norm",
        "angle",
        "loss_time",
        "monotone_from",
        "edge_step",
    ),
    series=("trajectory_loss", "trajectory_sharpness", "trajectory_norm", "trajectory_angle"),
    scratch=scratch_size,
    by_choice=by_loss,
)
