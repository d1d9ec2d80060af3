"""Gradient flow of one network, over the time of a step of gradient descent, by Dormand and Prince's embedded pair of orders 5 and 4."""

from __future__ import annotations

import math

from fastdln.kernels.edge.network import gradient

# J. R. Dormand, P. J. Prince, J. Comput. Appl. Math. 6 (1980) 19: the last row is the solution of order 5, too.
STAGES = 8
TABLEAU = (
    (1 / 5, 0.0, 0.0, 0.0, 0.0, 0.0),
    (3 / 40, 9 / 40, 0.0, 0.0, 0.0, 0.0),
    (44 / 45, -56 / 15, 32 / 9, 0.0, 0.0, 0.0),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0.0, 0.0),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0.0),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
DIFFERENCE = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)

# Error of a sub-step relative to the weights, and how many may be tried: a network below the edge takes some four.
TOLERANCE, MOST = 1e-11, 1000


def flow(net, weights, slope, eta, stages):
    """Move the weights by gradient flow over a time eta; returns whether the tolerance was met.

    slope: the gradient at the weights, left at the end as it is at the start. stages (STAGES, weights).
    """
    count, at, h = len(weights), 0.0, eta
    moved = stages[7]
    for e in range(count):
        stages[0, e] = slope[e]
    for _ in range(MOST):
        h = min(h, eta - at)
        for stage in range(1, 7):
            row = TABLEAU[stage - 1]
            for e in range(count):
                moved[e] = weights[e]
            for k in range(stage):
                part = h * row[k]
                for e in range(count):
                    moved[e] -= part * stages[k, e]
            gradient(net, moved, stages[stage])
        error = size = 0.0
        for e in range(count):
            difference = 0.0
            for k in range(7):
                difference += DIFFERENCE[k] * stages[k, e]
            error += difference * difference
            size += weights[e] * weights[e]
        error = h * math.sqrt(error / size) / TOLERANCE if size > 0.0 else 0.0
        if error <= 1.0:
            at += h
            for e in range(count):
                weights[e] = moved[e]
                stages[0, e] = stages[6, e]
            if at >= eta:
                return True
        if not error < math.inf:  # also NaN, of a step that overflows
            error = math.inf
        h *= min(5.0, max(0.2, 0.9 * error**-0.2)) if error > 0.0 else 5.0
    return False
