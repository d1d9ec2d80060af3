"""The balancing gap of modes, in 40 digits."""

import itertools
import math

import mpmath
import numpy as np

from tests.reference.lyapunov import FLOOR


def gap_factors(run, mode, t):
    """1 - q^2 of every layer but the last, and the gap itself, at state t."""
    w, s = run.states[t, :, mode], run.s[mode]
    e = np.prod(w) - s
    return np.array(
        [1 - (run.eta * e * np.prod(np.delete(w, (layer, len(w) - 1)))) ** 2 for layer in range(len(w) - 1)]
    )


def balancing(run):
    gaps, logs, rates, since = [], [], [], []
    for mode in run.modes():
        if run.diverged(mode):
            gaps.append(math.nan), logs.append(math.nan), rates.append(math.nan), since.append(-1)
            continue
        w = run.states[0, :, mode]
        start = np.abs(w[-1] ** 2 - w[:-1] ** 2)
        some = start.max() > 0
        with mpmath.workdps(40):
            gap = [mpmath.mpf(float(g)) if some else mpmath.mpf(1) for g in start]
            sizes = [max(gap)]
            for t in range(run.steps + run.record):
                gap = [g * abs(mpmath.mpf(float(f))) for g, f in zip(gap, gap_factors(run, mode, t), strict=True)]
                sizes.append(max(gap))
            span = run.whole_periods(mode)
            rate = mpmath.log(sizes[-1] / sizes[-1 - span]) / span if sizes[-1] > 0 else -mpmath.inf
            gaps.append(float(sizes[-1]) if some else 0.0)
            logs.append(float(mpmath.log10(sizes[-1])) if some and sizes[-1] > 0 else -math.inf)
            rates.append(max(float(rate), FLOOR))
            grown = [t for t in range(1, len(sizes)) if sizes[t] > sizes[t - 1] * (1 + mpmath.mpf(2) ** -52)]
            last = grown[-1] if grown else 0
            moved = any(abs(a - b) > 1e-16 * b for a, b in itertools.pairwise(sizes))
            since.append(-1 if last == len(sizes) - 1 or not moved else last)
    return {
        "balancing_gap": gaps,
        "balancing_gap_log10": logs,
        "balancing_exponent": rates,
        "balancing_monotone_from": since,
    }
