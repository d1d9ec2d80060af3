"""The local map of self-stabilization step by step, its cycles, and the closed orbits of its limit of small eta."""

import math
from itertools import pairwise

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq


def local_map(eta, alpha_ps, beta, x, y, steps):
    """States 0 .. steps, as two arrays; they end where the map leaves the range of float64."""
    xs, ys = [x], [y]
    for _ in range(steps):
        x, y = -(1 + eta * y) * x, y + eta * (alpha_ps - beta * x**2 / 2)
        if not abs(x) + abs(y) < 1e100:
            break
        xs.append(x)
        ys.append(y)
    return np.array(xs), np.array(ys)


def cycles(xs, ys, steps, delta):
    """Variables of the family `cycle` from the states, of which those after `steps` are recorded."""
    ups = [k for k in range(steps, len(ys) - 1) if ys[k] < 0 <= ys[k + 1]]
    times = [k + ys[k] / (ys[k] - ys[k + 1]) for k in ups]
    peaks = [np.abs(xs[a + 2 : b + 2]).max() for a, b in pairwise(ups)]
    return {
        "cycles": max(len(ups) - 1, 0),
        "cycle_period": np.mean(np.diff(times)) if len(times) > 1 else math.nan,
        "cycle_growth": np.mean(np.diff(np.log(np.log(np.array(peaks) / delta)))) if len(peaks) > 1 else math.nan,
        "cycle_amplitude": np.abs(xs[steps + 1 :]).max(),
        "x_last": xs[-1],
        "y_last": ys[-1],
    }


def closed_orbit(alpha_ps, beta, ratio):
    """(period times eta, largest x over delta) of the closed orbit through x = ratio delta, y = 0, ratio < 1, as eta goes to 0.

    With w = ln(|x| / delta) and t = eta k: dw/dt = y, dy/dt = alpha_ps (1 - exp(2 w)), which conserves
    y^2 / 2 + alpha_ps (exp(2 w) / 2 - w).
    """

    def height(w):
        return alpha_ps * (math.exp(2 * w) / 2 - w)

    low = math.log(ratio)
    high = brentq(lambda w: height(w) - height(low), 1e-9, 5.0, xtol=1e-15)
    middle, half = (low + high) / 2, (high - low) / 2

    def integrand(angle):
        # w = middle + half sin(angle) takes the square root's singularities out
        w = middle + half * math.sin(angle)
        return half * math.cos(angle) / math.sqrt(2 * (height(low) - height(w)))

    inside = math.pi / 2 * (1 - 1e-7)
    return 2 * quad(integrand, -inside, inside, limit=200)[0], math.exp(high)
