"""Plain twins of every model, start and observable: slow, obvious, and written from docs/theory.md and the contract."""

import math

import mpmath
import numpy as np

CONVERGED, PERIODIC, APERIODIC, COLLAPSED, DIVERGED, DRIFTING = 1, 2, 3, 4, 5, 6


def one_zero(alpha, depth, modes, values=None):
    return [np.diag([alpha if layer < depth - 1 else 0.0] * modes) for layer in range(depth)]


def balanced(alpha, depth, modes, values=None):
    return [np.diag([alpha] * modes) for _ in range(depth)]


def spectral(alpha, depth, modes, values):
    return [np.diag([alpha * value for value in row]) for row in values]


STARTS = {"one-zero": one_zero, "balanced": balanced, "spectral": spectral}


def matrix_descent(weights, target, eta, steps):
    """Gradient descent on 1/2 ||W_L ... W_1 - M||^2, on the matrices; the diagonals of the products of all states."""
    products = []
    for _ in range(steps + 1):
        whole = np.eye(len(target))
        below = []
        for w in weights:
            below.append(whole)
            whole = w @ whole
        products.append(np.diag(whole).copy())
        error, above, moved = whole - target, np.eye(len(target)), []
        for w, b in zip(reversed(weights), reversed(below), strict=True):
            moved.append(w - eta * above.T @ error @ b.T)
            above = above @ w
        weights = moved[::-1]
    return np.array(products)


def balanced_map(start, singular_values, eta, steps):
    """The scalar recursion of the balanced map, mode by mode."""
    depth = len(start)
    products = []
    for mode, s in enumerate(singular_values):
        rho, seen = start[0][mode, mode], []
        for _ in range(steps + 1):
            seen.append(rho**depth)
            rho = rho - eta * (rho**depth - s) * rho ** (depth - 1)
        products.append(seen)
    return np.array(products).T


MODELS = {
    "balanced": balanced_map,
    "modes": lambda start, s, eta, steps: matrix_descent(start, np.diag(s), eta, steps),
}


def layers_after(start, singular_values, eta, steps):
    """The layers' singular values (layer, mode) after the steps, each from the product of the others."""
    w, s = np.array([np.diag(layer) for layer in start]), np.asarray(singular_values, dtype=float)
    for _ in range(steps):
        others = np.array([np.prod(np.delete(w, layer, axis=0), axis=0) for layer in range(len(w))])
        w = w - eta * (np.prod(w, axis=0) - s) * others
    return w


def mp_two_scalar(alpha, eta, s, depth, steps, digits=60):
    """(a, b) from (alpha, 0) in high precision; the products of all states."""
    with mpmath.workdps(digits):
        a, b, eta, s = mpmath.mpf(alpha), mpmath.mpf(0), mpmath.mpf(eta), mpmath.mpf(s)
        products = [b * a ** (depth - 1)]
        for _ in range(steps):
            e = b * a ** (depth - 1) - s
            a, b = a - eta * e * b * a ** (depth - 2), b - eta * e * a ** (depth - 1)
            products.append(b * a ** (depth - 1))
        return [float(p) for p in products]


def mp_layers(layers, eta, s, steps, digits=60):
    """The L-dimensional map of one mode in high precision; the products of all states."""
    with mpmath.workdps(digits):
        w, eta, s = [mpmath.mpf(x) for x in layers], mpmath.mpf(eta), mpmath.mpf(s)
        products = [mpmath.fprod(w)]
        for _ in range(steps):
            e = mpmath.fprod(w) - s
            w = [x - eta * e * mpmath.fprod(w[:k] + w[k + 1 :]) for k, x in enumerate(w)]
            products.append(mpmath.fprod(w))
        return [float(p) for p in products]


def settled(depth, eta, steps=200_000):
    """A point of the balanced map's attractor at s = 1."""
    rho = 0.8
    for _ in range(steps):
        rho -= eta * (rho**depth - 1) * rho ** (depth - 1)
    return rho


def flip(depth, k, guess):
    """eta of the balanced map's flip from period 2^k to 2^(k+1) at s = 1: the cycle's multiplier is -1."""
    with mpmath.workdps(30):

        def cycle(rho, eta):
            point, slope = rho, mpmath.mpf(1)
            for _ in range(2**k):
                slope *= 1 - eta * ((2 * depth - 1) * point ** (2 * depth - 2) - (depth - 1) * point ** (depth - 2))
                point = point - eta * (point**depth - 1) * point ** (depth - 1)
            return point - rho, slope + 1

        rho = mpmath.mpf(guess[0])
        _, eta = mpmath.findroot(cycle, (rho, mpmath.mpf(guess[1])), maxsteps=100)
        return float(eta)


class Run:
    """One mode-resolved trajectory and how it is to be looked at: products (state, mode), state 0 the start."""

    def __init__(self, products, singular_values, eta, depth, steps, record, period_max, samples, layers=None):
        self.layers = layers  # (layer, mode) at the end
        self.products, self.s, self.eta, self.depth = products, np.asarray(singular_values, float), eta, depth
        self.steps, self.record, self.period_max, self.samples = steps, record, period_max, samples
        self.recorded = products[steps + 1 : steps + record + 1]
        self.window_length = max(1, min(record, 4 * period_max))
        self.window = products[steps + record + 1 - self.window_length : steps + record + 1]
        with np.errstate(divide="ignore"):
            self.bound = np.maximum(10 * self.s, (1e6 / np.float64(eta)) ** (depth / (2 * depth - 2)))

    def diverged(self, mode):
        return not abs(self.products[self.steps + self.record, mode]) <= self.bound[mode]

    def modes(self):
        return range(len(self.s))


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
    if len(x) < 3 or one_way(x) or one_way(half) or settled:
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


def divergence_step(run):
    return {"divergence_step": [first_true(~(np.abs(run.products[:, m]) <= run.bound[m])) for m in run.modes()]}


OBSERVABLES = {
    f.__name__: f
    for f in (fate, period, oscillating_modes, orbit, oscillation_range, loss, escape_step, divergence_step)
}
