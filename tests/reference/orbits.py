"""What is read off the products of the record and of the whole run."""

import math

import numpy as np


def or_nan(run, mode, value):
    return np.full_like(value, math.nan) if run.diverged(mode) else value


def orbit(run):
    return {"orbit": [or_nan(run, mode, run.recorded[-run.samples :, mode]) for mode in run.modes()]}


def oscillation_range(run):
    return {"oscillation_range": [or_nan(run, mode, np.ptp(run.recorded[:, mode])) for mode in run.modes()]}


def loss(run):
    if any(run.diverged(mode) for mode in run.modes()):
        return dict.fromkeys(("loss", "loss_min", "loss_max", "loss_last"), math.nan)
    losses = 0.5 * ((run.recorded - run.s) ** 2).sum(axis=1)
    return {"loss": losses.mean(), "loss_min": losses.min(), "loss_max": losses.max(), "loss_last": losses[-1]}


def first_true(condition):
    return int(np.argmax(condition)) if condition.any() else -1


def escape_step(run):
    return {"escape_step": [first_true((run.products[:, m] > run.s[m] / 2) & (run.s[m] > 0)) for m in run.modes()]}


def learned_step(run):
    near = [(np.abs(run.products[:, m] - s) <= 0.1 * s) & (s > 0) for m, s in enumerate(run.s)]
    return {"learned_step": [first_true(near[m]) for m in run.modes()]}


def divergence_step(run):
    return {"divergence_step": [first_true(~(np.abs(run.products[:, m]) <= run.bound[m])) for m in run.modes()]}


def convergence_step(run):
    found = []
    for m in run.modes():
        outside = ~((np.abs(run.products[:, m] - run.s[m]) <= 1e-6 * run.s[m]) & (run.s[m] > 0))
        found.append(-1 if outside[-1] else len(outside) - int(np.argmax(outside[::-1])) if outside.any() else 0)
    return {"convergence_step": found}
