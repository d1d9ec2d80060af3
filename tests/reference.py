"""Plain twins of every model, start and observable: slow, obvious, and written from docs/theory.md and the contract."""

import itertools
import math

import mpmath
import numpy as np
from scipy.integrate import solve_ivp

CONVERGED, PERIODIC, APERIODIC, COLLAPSED, DIVERGED, DRIFTING = 1, 2, 3, 4, 5, 6


def one_zero(alpha, depth, modes, values=None):
    return [np.diag([alpha if layer < depth - 1 else 0.0] * modes) for layer in range(depth)]


def balanced(alpha, depth, modes, values=None):
    return [np.diag([alpha] * modes) for _ in range(depth)]


def spectral(alpha, depth, modes, values):
    return [np.diag([alpha * value for value in row]) for row in values]


def normal_numbers(layer, modes, seed=0):
    return np.random.Generator(np.random.Philox(key=[seed, layer])).standard_normal((modes, modes))


def gaussian(alpha, depth, modes, values=None):
    return [alpha * normal_numbers(layer, modes) / math.sqrt(modes) for layer in range(1, depth + 1)]


def orthogonal(alpha, depth, modes, values=None):
    """The orthogonal factor with positive diagonal, by way of Cholesky's."""
    layers = []
    for layer in range(1, depth + 1):
        g = normal_numbers(layer, modes)
        layers.append(alpha * g @ np.linalg.inv(np.linalg.cholesky(g.T @ g).T))
    return layers


STARTS = {
    "one-zero": one_zero,
    "balanced": balanced,
    "spectral": spectral,
    "gaussian": gaussian,
    "orthogonal": orthogonal,
    "layers": spectral,  # given as the diagonal matrices of these values
}


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
    "matrix": lambda start, s, eta, steps: matrix_descent(start, np.diag(s), eta, steps),
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

    def __init__(
        self, products, singular_values, eta, depth, steps, record, period_max, samples, layers=None, states=None
    ):
        self.layers = layers  # (layer, mode) at the end
        self.states = states  # (state, layer, mode), where the twin needs them all
        self.every, self.keep = 1, 1  # sharpness_every, trajectory
        self.balanced = False  # the balanced model
        self.sharpness = {}  # by state
        self.products, self.s, self.eta, self.depth = products, np.asarray(singular_values, float), eta, depth
        self.steps, self.record, self.period_max, self.samples = steps, record, period_max, samples
        self.recorded = products[steps + 1 : steps + record + 1]
        self.window_length = max(1, min(record, 4 * period_max))
        self.window = products[steps + record + 1 - self.window_length : steps + record + 1]
        with np.errstate(divide="ignore"):
            self.bound = np.maximum(10 * self.s, (1e6 / np.float64(eta)) ** (depth / (2 * depth - 2)))

    def whole_periods(self, mode):
        """Steps at the end of the record that are whole periods of a periodic orbit; all of them of another."""
        period = period_of(self, mode)
        return self.record if period < 2 else self.record // period * period

    def diverged(self, mode):
        return not abs(self.products[self.steps + self.record, mode]) <= self.bound[mode]

    @property
    def components(self):
        """Which number of the state holds each layer: 0, 0, ..., 1 where layers 1..L-1 are equal."""
        first = self.states[0]
        if np.all(first == first[0]) and self.balanced:
            return [0] * self.depth
        if np.all(first[:-1] == first[0]):
            return [0] * (self.depth - 1) + [1]
        return list(range(self.depth))

    def shared(self, v):
        """The deviation with one value for all layers that one number holds, so that rounding does not part them."""
        parts = np.array(self.components)
        return np.array([v[parts == c].mean() for c in parts])

    def norm(self, v):
        """Length of a deviation in the numbers of the state, one of each."""
        return np.linalg.norm([v[self.components.index(c)] for c in sorted(set(self.components))])

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


def hessian(weights, target):
    """The dense Hessian of 1/2 ||W_L ... W_1 - M||^2 over all entries, by differences of the exact gradient's formula.

    Column by column: what an entry's unit vector makes of the gradient A_l^T E B_l^T, by the product rule on each factor.
    """
    sizes = [w.size for w in weights]
    units = np.split(np.eye(sum(sizes)), np.cumsum(sizes)[:-1], axis=1)
    directions = [unit.reshape(-1, *w.shape) for unit, w in zip(units, weights, strict=True)]
    return np.concatenate([g.reshape(sum(sizes), -1) for g in hessian_times(weights, target, directions)], axis=1)


def chain(weights):
    """Product of the matrices, the last of the list leftmost."""
    whole = np.eye(weights[0].shape[-1]) if weights else None
    for w in weights:
        whole = w @ whole
    return whole


def transposed(matrices):
    return matrices.swapaxes(-1, -2)


def hessian_times(weights, target, direction):
    """The derivative of every layer's gradient along a direction, or along many at once, every product written out."""
    depth, size = len(weights), target.shape

    def product(factors, side):
        return chain(factors) if factors else np.eye(size[side])

    def derivative(low, high, side):
        total = np.zeros_like(product(weights[low:high], side))
        for moved in range(low, high):
            total = total + chain([*weights[low:moved], direction[moved], *weights[moved + 1 : high]])
        return total

    error, d_error = chain(weights) - target, derivative(0, depth, 0)
    out = []
    for layer in range(depth):
        below, above = product(weights[:layer], 1), product(weights[layer + 1 :], 0)
        d_below, d_above = derivative(0, layer, 1), derivative(layer + 1, depth, 0)
        out.append(
            transposed(d_above) @ error @ below.T + above.T @ d_error @ below.T + above.T @ error @ transposed(d_below)
        )
    return out


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


def trajectory(run):
    kept = range(0, run.steps + run.record + 1, run.keep)
    states = run.states[:: run.keep]
    return {
        "trajectory_singular_value": np.moveaxis(states, 0, -1),
        "trajectory_product": states.prod(axis=1).T,
        "trajectory_loss": 0.5 * ((states.prod(axis=1) - run.s) ** 2).sum(axis=1),
        "trajectory_sharpness": [sharpness_at(run, t) for t in kept],
    }


OBSERVABLES = {
    f.__name__: f
    for f in (fate, period, oscillating_modes, orbit, oscillation_range, loss, escape_step, divergence_step)
} | {f.__name__: f for f in (lyapunov, balancing, sharpness, mixing, edge_step, flow_sharpness, trajectory)}


def matrix_starts(name, alpha, widths, values=None):
    """The starts that are no random numbers, W_1 first."""
    shapes = list(zip(widths[1:], widths, strict=False))
    if name == "layers":
        return [alpha * np.array(w) for w in values]
    layers = [alpha * np.eye(*shape) for shape in shapes]
    if name == "one-zero":
        layers[-1] = np.zeros(shapes[-1])
    return layers


def matrix_gradients(weights, target):
    """A_l^T E B_l^T for every layer, each product written out."""
    error, out = chain(weights) - target, []
    for layer in range(len(weights)):
        below = chain(weights[:layer]) if layer else np.eye(target.shape[1])
        above = chain(weights[layer + 1 :]) if layer + 1 < len(weights) else np.eye(target.shape[0])
        out.append(above.T @ error @ below.T)
    return out


class MatrixRun:
    """Gradient descent on the matrices: every state, as a list of layers."""

    def __init__(self, weights, target, eta, steps, record, left, right, s):
        self.target, self.eta, self.steps, self.record = target, eta, steps, record
        self.left, self.right, self.s = left, right, np.array(s)
        self.states = [weights]
        for _ in range(steps + record):
            gradients = matrix_gradients(weights, target)
            weights = [w - eta * g for w, g in zip(weights, gradients, strict=True)]
            self.states.append(weights)

    @property
    def recorded(self):
        return self.states[self.steps + 1 :]

    def rotated(self, weights):
        return self.left.T @ chain(weights) @ self.right

    def products(self, weights):
        return np.diag(self.rotated(weights))[: len(self.s)]

    def alignment(self, weights):
        rotated = self.rotated(weights).copy()
        modes = np.arange(len(self.s))
        rotated[modes, modes] = 0.0
        return np.linalg.norm(rotated) / np.linalg.norm(self.s)

    def loss(self, weights):
        return 0.5 * ((chain(weights) - self.target) ** 2).sum()

    def eigenvalues(self, weights):
        return np.linalg.eigvalsh(hessian(weights, self.target))[::-1]


def of_record(name, values):
    values = np.array(values)
    return {name: values.mean(), f"{name}_min": values.min(), f"{name}_max": values.max(), f"{name}_last": values[-1]}


def matrix_sharpness(run):
    series = of_record("sharpness", [run.eigenvalues(w)[0] for w in run.recorded])
    return series | {"sharpness_ratio": run.eta * series["sharpness"] / 2}


def matrix_lyapunov(run):
    """The growth of a tangent vector of all layers, by the dense Hessian."""
    first = max(0, run.steps - 192)
    v = np.cos(np.arange(sum(w.size for w in run.states[0])))
    growth = 0.0
    for t in range(first, run.steps + run.record):
        if t == run.steps:
            growth = 0.0
        v = v - run.eta * hessian(run.states[t], run.target) @ v
        growth += math.log(np.linalg.norm(v))
        v = v / np.linalg.norm(v)
    return {"lyapunov": growth / run.record}


def matrix_balancing(run):
    w = run.states[-1]
    gaps = [np.linalg.norm(w[k + 1].T @ w[k + 1] - w[k] @ w[k].T) for k in range(len(w) - 1)]
    return {"balancing_norm": max(gaps)}


def matrix_edge(run):
    for t, weights in enumerate(run.states):
        if run.eigenvalues(weights)[0] * run.eta >= 2:
            return {"edge_step": t}
    return {"edge_step": -1}


def matrix_trajectory(run, every=7):
    kept, modes = run.states[::every], len(run.s)
    layers = [[np.linalg.svd(w, compute_uv=False)[:modes] for w in weights] for weights in kept]
    filled = np.full((len(layers[0]), modes, len(kept)), np.nan)
    for step, at in enumerate(layers):
        for layer, values in enumerate(at):
            filled[layer, : len(values), step] = values
    return {
        "trajectory_singular_value": filled,
        "trajectory_product": np.array([run.products(w) for w in kept]).T,
        "trajectory_loss": [run.loss(w) for w in kept],
        "trajectory_sharpness": [run.eigenvalues(w)[0] for w in kept],
        "trajectory_alignment_error": [run.alignment(w) for w in kept],
    }


# Of matrices; those that are not here are of modes as well, and have their twin there.
MATRIX_OBSERVABLES = {
    "sharpness": matrix_sharpness,
    "sharpness_residual": lambda run: {"sharpness_unconverged": 0},
    "hessian_eigenvalue": lambda run: {"hessian_eigenvalue": run.eigenvalues(run.states[-1])[:3]},
    "lyapunov": matrix_lyapunov,
    "alignment_error": lambda run: {"alignment_error": run.alignment(run.states[-1])},
    "alignment_error_max": lambda run: {"alignment_error_max": max(run.alignment(w) for w in run.recorded)},
    "balancing_norm": matrix_balancing,
    "singular_value_end": lambda run: {
        "singular_value_end": np.linalg.svd(chain(run.states[-1]), compute_uv=False)[: len(run.s)]
    },
    "edge_step": matrix_edge,
    "trajectory": matrix_trajectory,
}
