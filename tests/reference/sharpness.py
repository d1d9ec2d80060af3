"""The sharpness of modes: along the run, and where the gradient flow would end."""

import math

import numpy as np
from scipy.integrate import solve_ivp

from tests.reference.dense_hessian import hessian


def sharpness_at(run, t):
    """Largest eigenvalue of the dense Hessian of the whole network at state t; several observables ask for it."""
    if t not in run.sharpness:
        weights = [np.diag(w) for w in run.states[t]]
        run.sharpness[t] = np.linalg.eigvalsh(hessian(weights, np.diag(run.s)))[-1]
    return run.sharpness[t]


def sharpness(run):
    names = ("sharpness", "sharpness_min", "sharpness_max", "sharpness_last", "sharpness_ratio")
    if any(run.diverged(mode) for mode in run.modes()):
        return dict.fromkeys(names, math.nan)
    end = run.steps + run.record
    values = np.array([sharpness_at(run, t) for t in range(end, run.steps, -run.every)])
    mean = values.mean()
    return dict(zip(names, (mean, values.min(), values.max(), values[0], run.eta * mean / 2), strict=True))


def edge_step(run):
    for t in range(0, run.steps + run.record + 1, run.every):
        if not np.isfinite(run.states[t]).all():
            return {}  # diverged: the twin has no states to look at
        if sharpness_at(run, t) * run.eta >= 2:
            return {"edge_step": t}
    return {"edge_step": -1}


def flow_limit(w, s):
    """Where the gradient flow of one mode from these layers ends, by integrating it."""

    def slope(t, w):
        e = np.prod(w) - s
        return np.array([-e * np.prod(np.delete(w, layer)) for layer in range(len(w))])

    return solve_ivp(slope, (0, 2e3), w, method="LSODA", rtol=1e-12, atol=1e-14).y[:, -1]


def flow_sharpness(run):
    if any(run.diverged(mode) for mode in run.modes()):
        return {"flow_sharpness": math.nan}
    end = np.array([flow_limit(run.states[-1][:, mode], run.s[mode]) for mode in run.modes()]).T
    if np.abs(end.prod(axis=0) - run.s).max() > 1e-9:
        return {}  # not there yet, or held at a saddle
    return {"flow_sharpness": np.linalg.eigvalsh(hessian([np.diag(w) for w in end], np.diag(run.s)))[-1]}
