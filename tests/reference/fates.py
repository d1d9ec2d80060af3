"""Period and fate, from the definitions."""

import numpy as np

CONVERGED, PERIODIC, APERIODIC, COLLAPSED, DIVERGED, DRIFTING = 1, 2, 3, 4, 5, 6


def same(x, p, tolerance):
    """Whether x[t] = x[t + p] for all t, and the first p are the last of the same phase."""
    n = len(x)
    whole = p * (n // p - 1)
    return all(abs(x[t] - x[t + p]) <= tolerance for t in range(n - p)) and all(
        abs(x[t] - x[t + whole]) <= tolerance for t in range(p)
    )


def period_of(run, mode):
    if run.diverged(mode):
        return -1
    return first_period(run.window[:, mode], run.period_max)


def first_repetition(x, longest):
    tolerance = 1e-9 * np.abs(x).max()
    return next((p for p in range(1, longest + 1) if same(x, p, tolerance)), 0)


def first_period(x, longest):
    p = first_repetition(x, longest)
    if p == 0:
        return 0
    whole = p * (len(x) // p - 1)
    still_moves = max(abs(x[t] - x[t + whole]) for t in range(p))
    dying = any(p % q == 0 and same(x, q, 1000 * still_moves) for q in range(1, p))
    return 0 if dying else p


def one_way(x):
    noise = 1e-9 * np.abs(x).max()
    for p in range(1, len(x) // 3 + 1):
        if same(x, p, noise):
            continue
        d = x[p:] - x[:-p]
        first, second = d[:-p], d[p:]
        turns = (first * second < 0) & (np.maximum(abs(first), abs(second)) > noise)
        if not turns.any():
            return True
    return False


def few_turns(x):
    """Whether every p-th state, of all phases together, turns fewer than 4 times a phase, or than once in 64 states of it."""
    noise = 1e-9 * np.abs(x).max()
    for p in range(1, min(8, len(x) // 16) + 1):
        if same(x, p, noise):
            continue
        turned = 0
        for phase in range(p):
            d = np.diff(x[phase::p])
            turned += int(((d[:-1] * d[1:] < 0) & (np.maximum(abs(d[:-1]), abs(d[1:])) > noise)).sum())
        if turned < p * 4 or turned < p * (len(x) // p // 64):
            return True
    return False


def mode_fate(run, mode):
    if run.diverged(mode):
        return DIVERGED
    x, s, period = run.window[:, mode], run.s[mode], period_of(run, mode)
    before = run.products[: run.steps + run.record + 1 - run.window_length, mode]
    left_zero = (before > s / 2).any() or (before < -1e-6 * s).any()
    if s > 0 and np.abs(x).max() <= 1e-6 * s:
        squares = np.sort(run.layers[:, mode] ** 2)
        stays = abs(x[-1]) <= abs(x[0]) and squares[1] - squares[0] <= 1e-12 * squares[-1]
        return COLLAPSED if stays and (left_zero or x[-1] < 0) else DRIFTING
    if period == 1:
        return CONVERGED if abs(x[-1] - s) <= 1e-6 * s else DRIFTING
    if period >= 2:
        return PERIODIC
    half = x[len(x) // 2 :]
    settled = first_repetition(half, min(run.period_max, len(half) // 2))
    if first_repetition(x, run.period_max):
        return DRIFTING
    if len(x) < 3 or one_way(x) or one_way(half) or settled or few_turns(x[: len(x) // 2]) or few_turns(half):
        return DRIFTING
    return APERIODIC if left_zero or (x[: (len(x) + 1) // 2] > s / 2).any() else DRIFTING


def fate(run):
    judged = [mode for mode in run.modes() if run.s[mode] > 0] or list(run.modes())
    fates = {mode_fate(run, mode) for mode in judged}
    return {"fate": next(f for f in (DIVERGED, DRIFTING, APERIODIC, PERIODIC, COLLAPSED, CONVERGED) if f in fates)}


def period(run):
    return {"period": [period_of(run, mode) for mode in run.modes()]}


def oscillating_modes(run):
    fates = [mode_fate(run, mode) for mode in run.modes()]
    return {"oscillating_modes": -1 if DIVERGED in fates else sum(f in (PERIODIC, APERIODIC) for f in fates)}
