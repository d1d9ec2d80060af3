"""Lyapunov exponents of modes, from the Jacobian of the layerwise map."""

import math

import numpy as np


def mode_jacobian(w, s, eta):
    """I - eta H of one mode, every entry a product of the other layers."""
    depth, e = len(w), np.prod(w) - s
    h = np.empty((depth, depth))
    for a in range(depth):
        for b in range(depth):
            if a == b:
                h[a, b] = np.prod(np.delete(w, a)) ** 2
            else:
                both = np.prod(np.delete(w, a)) * np.prod(np.delete(w, b))
                h[a, b] = both + e * np.prod(np.delete(w, (a, b)))
    return np.eye(depth) - eta * h


FLOOR = 52 * math.log(0.5)


def lyapunov(run):
    """Growth of a deviation over the record, after 192 steps or more in which it turns into the fastest direction."""
    lead = run.steps - 192 * max(0, run.steps // 192 - 1)
    out = []
    for mode in run.modes():
        if run.diverged(mode):
            out.append(math.nan)
            continue
        v = np.array([math.cos(1.0 + component) for component in run.components])
        growth, grown = 0.0, []
        for t in range(run.steps - lead, run.steps + run.record):
            if t == run.steps:
                growth, v = 0.0, v / run.norm(v)
            v = run.shared(mode_jacobian(run.states[t, :, mode], run.s[mode], run.eta) @ v)
            size = run.norm(v)
            growth, v = growth + np.log(size), v / size
            grown.append(np.log(size))
        out.append(max(np.mean(grown[-run.whole_periods(mode) :]), FLOOR))
    return {"lyapunov": out}
