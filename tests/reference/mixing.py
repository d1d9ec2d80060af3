"""Deviations that mix two modes, with the dense Hessian-vector product."""

import itertools
import math

import numpy as np

from tests.reference.dense_hessian import hessian_times


def pair_entries(weights, i, j):
    return np.array([w[i, j] for w in weights] + [w[j, i] for w in weights])


def gauge_directions(w, i, j):
    """What turning each space between two layers makes of the entries (i, j) and (j, i): W_{l+1} Q and Q^T W_l."""
    modes, depth = w.shape[1], len(w)
    turn = np.zeros((modes, modes))
    turn[i, j], turn[j, i] = 1.0, -1.0
    out = []
    for layer in range(depth - 1):
        moved = [np.zeros((modes, modes)) for _ in range(depth)]
        moved[layer + 1] = np.diag(w[layer + 1]) @ turn
        moved[layer] = -turn @ np.diag(w[layer])
        out.append(pair_entries(moved, i, j))
    return np.array(out).T


def without_gauge(v, w, i, j):
    basis = gauge_directions(w, i, j)
    return v - basis @ np.linalg.lstsq(basis, v, rcond=None)[0]


def mixing(run):
    """Deviations of the full matrices, followed by the dense Hessian-vector product, on every pair of modes."""
    modes, depth = len(run.s), run.states.shape[1]
    if modes < 2 or any(run.diverged(mode) for mode in run.modes()):
        return {"mixing_exponent": math.nan, "mixing_pair": -1}
    lead = min(192, run.steps - 192 * max(0, run.steps // 192 - 1))
    first = run.steps - lead
    rates = []
    for i, j in itertools.combinations(range(modes), 2):
        v = without_gauge(np.array([math.cos(1.0 + k) for k in range(2 * depth)]), run.states[first], i, j)
        growth = 0.0
        for t in range(first, run.steps + run.record):
            if t == run.steps:
                growth, v = 0.0, v / np.linalg.norm(v)
            v = without_gauge(v, run.states[t], i, j)
            weights = [np.diag(w) for w in run.states[t]]
            direction = [np.zeros((modes, modes)) for _ in range(depth)]
            for layer in range(depth):
                direction[layer][i, j], direction[layer][j, i] = v[layer], v[depth + layer]
            v = v - run.eta * pair_entries(hessian_times(weights, np.diag(run.s), direction), i, j)
            size = np.linalg.norm(v)
            growth, v = growth + np.log(size), v / size
        rates.append(growth / run.record if abs(growth) >= 1e-9 else 0.0)
    top = int(np.argmax(rates))
    return {"mixing_exponent": rates[top], "mixing_pair": top if np.ptp(rates) > 1e-9 else None}
