"""Gradient descent on full matrices, and the twin of every observable of them."""

import math

import numpy as np
from scipy.linalg import null_space

from tests.reference.dense_hessian import chain, hessian, hessian_times


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


def third_order(run, weights):
    """alpha_ps, beta, delta and the share of the step along u, with D^3 f(u, u, .) as the imaginary part of H(W + i h u) u / h."""
    values, vectors = np.linalg.eigh(hessian(weights, run.target))
    u, ends = vectors[:, -1], np.cumsum([w.size for w in weights])[:-1]
    parts = [part.reshape(w.shape) for part, w in zip(np.split(u, ends), weights, strict=True)]
    moved = [w + 1e-30j * part for w, part in zip(weights, parts, strict=True)]
    bend = np.concatenate([h.ravel() for h in hessian_times(moved, run.target, parts)]).imag / 1e-30
    slope = np.concatenate([g.ravel() for g in matrix_gradients(weights, run.target)])
    alpha_ps, across = -slope @ bend, bend - (bend @ u) * u
    beta = across @ across
    # rounding counts as 0
    alpha_ps = alpha_ps if abs(alpha_ps) > 1e-10 * np.linalg.norm(slope) * np.linalg.norm(bend) else 0.0
    beta = beta if beta > 1e-20 * (bend @ bend) else 0.0
    delta = math.sqrt(2 * alpha_ps / beta) if alpha_ps >= 0 and beta > 0 else math.nan
    if values[-1] - values[-2] < 1e-6 * values[-1]:
        return (math.nan,) * 4
    return alpha_ps, beta, delta, (slope @ u) ** 2 / (slope @ slope)


def third_order_of_record(name, which):
    """Mean over the recorded states that have it, and the last one."""

    def twin(run):
        values = [third_order(run, w)[which] for w in run.recorded]
        there = [value for value in values if not math.isnan(value)]
        return {name: np.mean(there) if there else math.nan, f"{name}_last": values[-1]}

    return twin


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


BY_STEP = ("trajectory_alpha_ps", "trajectory_beta", "trajectory_delta", "trajectory_sharpness_alignment")


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
    } | dict(zip(BY_STEP, zip(*(third_order(run, w) for w in kept), strict=True), strict=True))


def subspace_error(start, end, target):
    """In bases whose first d - 2r directions are to be left alone, the blocks of every layer that are no multiple of the identity there."""
    width, rank = len(target), np.linalg.matrix_rank(target)
    turns = [w / np.linalg.norm(w, 2) for w in start if w.shape == target.shape and w.any()]
    if len(turns) < len(start) or 2 * rank >= width or not all(np.allclose(q @ q.T, np.eye(width)) for q in turns):
        return math.nan
    alone = null_space(np.vstack([target, target.T @ chain(turns)]), rcond=1e-10)[:, : width - 2 * rank]
    count, worst = alone.shape[1], 0.0
    for turn, layer in zip(turns, end, strict=True):
        after = turn @ alone
        bases = [np.hstack([columns, null_space(columns.T)]) for columns in (alone, after)]
        blocks = bases[1].T @ layer @ bases[0]
        blocks[:count, :count] -= np.trace(blocks[:count, :count]) / count * np.eye(count)
        worst = max(
            worst, max(np.linalg.norm(b, 2) for b in (blocks[:count], blocks[:, :count])) / np.linalg.norm(layer, 2)
        )
        alone = after
    return worst


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
    "subspace_error": lambda run: {"subspace_error": subspace_error(run.states[0], run.states[-1], run.target)},
    "edge_step": matrix_edge,
    "progressive_sharpening": third_order_of_record("progressive_sharpening", 0),
    "self_stabilization": third_order_of_record("beta", 1),
    "delta": third_order_of_record("delta", 2),
    "sharpness_alignment": third_order_of_record("sharpness_alignment", 3),
    "trajectory": matrix_trajectory,
}
