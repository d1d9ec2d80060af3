"""Momentum of networks of matrices: a plain twin, the modes, thresholds and exponents of layers and velocities."""

from itertools import pairwise

import numpy as np
import pytest

import fastdln
from fastdln import Sweep, analysis, theory
from tests.reference.matrices import matrix_gradients

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

WIDTHS = [(3, 3, 3), (4, 6, 5, 3), (2, 3, 3, 3, 2), (30, 29, 30)]


def descend(weights, target, eta, mu, nesterov, steps):
    """Losses of all states, and the last layers."""
    velocities, losses = [np.zeros_like(w) for w in weights], []
    for _ in range(steps + 1):
        product = np.eye(weights[0].shape[1])
        for w in weights:
            product = w @ product
        losses.append(0.5 * ((product - target) ** 2).sum())
        at = [w + mu * v for w, v in zip(weights, velocities, strict=True)] if nesterov else weights
        gradients = matrix_gradients(at, target)
        velocities = [mu * v - eta * g for v, g in zip(velocities, gradients, strict=True)]
        weights = [w + v for w, v in zip(weights, velocities, strict=True)]
    return np.array(losses), weights


def problem(widths):
    rng = np.random.default_rng(1)
    target = 0.5 * rng.normal(size=(widths[-1], widths[0]))
    return target, [0.6 * rng.normal(size=(b, a)) / np.sqrt(a) for a, b in pairwise(widths)]


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_runs_agree_with_the_twin(widths, nesterov):
    """Through the transient, whose lanes are refilled, and the record; with a tangent vector, which Nesterov takes elsewhere, and without."""
    target, weights = problem(widths)
    mus, etas = [0.0, 0.5, 0.9], [0.01, 0.03]
    keys = {"target": {"matrix": target}, "start": weights, "steps": 250, "record": 50, "nesterov": nesterov}
    axes = {"eta": etas, "momentum": mus}
    plain = fastdln.run(Sweep(model="matrix", axes=axes, observables=["loss"], **keys)).squeeze()
    ds = fastdln.run(Sweep(model="matrix", axes=axes, observables=["loss", "lyapunov"], trajectory=1, **keys)).squeeze()
    np.testing.assert_array_equal(plain.loss, ds.loss)
    for eta in etas:
        for mu in mus:
            losses, _ = descend(weights, target, eta, mu, nesterov, 300)
            found = ds.trajectory_loss.sel(eta=eta, momentum=mu)
            np.testing.assert_allclose(found, losses, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("nesterov", [False, True])
def test_diagonal_networks_are_those_of_the_modes(nesterov):
    axes = {"eta": [0.1, 0.3], "alpha": 0.5, "depth": 3, "momentum": [0.3, 0.8]}
    keys = {
        "target": {"singular_values": [1.0, 0.4]},
        "start": "one-zero",
        "steps": 0,
        "record": 150,
        "nesterov": nesterov,
    }
    both = [
        fastdln.run(Sweep(model=model, axes=axes, observables=["orbit", "loss"], orbit_samples=150, **keys))
        for model in ("modes", "matrix")
    ]
    np.testing.assert_allclose(both[1].orbit, both[0].orbit, rtol=1e-11, atol=1e-13)
    assert np.abs(analysis.compare(*both).loss).max() < 1e-12


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("mu", [0.2, 0.7])
def test_minima_are_stable_up_to_the_critical_learning_rate(mu, nesterov):
    """Of two modes in random bases, next to the balanced minimum: 1e-3 below it, and 1e-3 beyond, where a 2-cycle begins."""
    s = [1.0, 0.5]
    critical = float(theory.critical_learning_rate(1.0, 3, mu, nesterov))
    start = {"spectral": [[1.0 + 1e-4, 0.5 ** (1 / 3)]] * 3}
    axes = {"eta": [0.999 * critical, 1.001 * critical], "momentum": mu}
    keys = {"target": {"singular_values": s, "basis": "random", "seed": 2}, "steps": 60_000, "record": 64}
    ds = fastdln.run(
        Sweep(model="matrix", axes=axes, start=start, nesterov=nesterov, observables=["period"], **keys)
    ).squeeze()
    assert ds.fate.values.tolist() == [1, 2]
    assert ds.period.values.tolist() == [[1, 1], [2, 1]]


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_exponent_on_a_cycle_is_that_of_the_multipliers_of_the_whole_state(nesterov):
    """Of a network of two layers, 2 x 2, by dense Jacobians of layers and velocities around its 2-cycle."""
    mu, widths = 0.3, (2, 2, 2)
    eta = 1.02 * float(theory.critical_learning_rate(1.0, 2, mu, nesterov))
    target = np.diag([1.0, 0.3])
    start = [np.diag([1.01, 0.55]), np.diag([1.01, 0.55])]
    keys = {"target": {"matrix": target}, "start": start, "steps": 20_000, "record": 200_000, "nesterov": nesterov}
    ds = fastdln.run(
        Sweep(model="matrix", axes={"eta": eta, "momentum": mu}, observables=["lyapunov", "period"], **keys)
    ).squeeze()
    assert ds.period.values.tolist() == [2, 1]

    def step(state):
        w, v = state[:8], state[8:]
        x = w + mu * v if nesterov else w
        layers = [x[:4].reshape(2, 2), x[4:].reshape(2, 2)]
        v = mu * v - eta * np.concatenate([g.ravel() for g in matrix_gradients(layers, target)])
        return np.concatenate([w + v, v])

    state = np.concatenate([*(w.ravel() for w in start), np.zeros(8)])
    for _ in range(20_000):
        state = step(state)
    whole = np.eye(16)
    for _ in range(2):
        # gradients of two layers are cubic: by two pairs of differences their derivative is exact but for rounding
        columns = []
        for k in range(16):
            e = 1e-2 * np.eye(16)[k]
            columns.append(
                (8 * (step(state + e) - step(state - e)) - (step(state + 2 * e) - step(state - 2 * e))) / 0.12
            )
        whole, state = np.array(columns).T @ whole, step(state)
    exponent = np.log(np.abs(np.linalg.eigvals(whole)).max()) / 2
    assert ds.lyapunov.item() == pytest.approx(exponent, abs=2e-5)
    assert widths == tuple(len(w) for w in (*start, target))


def test_what_diverges_is_no_number():
    """The bound beyond which no orbit returns is that of plain descent."""
    axes = {"eta": [0.05, 3.0], "alpha": 0.5, "depth": 3, "momentum": 0.9}
    ds = fastdln.run(
        Sweep(model="matrix", axes=axes, steps=3000, record=128, observables=["loss", "lyapunov"])
    ).squeeze()
    assert ds.fate.values.tolist() == [1, 5]
    assert np.isnan(ds.loss.values).tolist() == [False, True]


def test_gaps_are_kept_by_small_steps_up_to_a_factor():
    """By the difference W_{l+1}^T W_{l+1} - W_l W_l^T, as without momentum."""
    target, weights = problem((4, 4, 4))
    keys = {
        "target": {"matrix": target},
        "start": weights,
        "steps": 3000,
        "record": 10,
        "observables": ["balancing_norm"],
    }
    ds = fastdln.run(Sweep(model="matrix", axes={"eta": [1e-4, 2e-4], "momentum": [0.0, 0.5]}, **keys)).squeeze()
    start = np.linalg.norm(weights[1].T @ weights[1] - weights[0] @ weights[0].T)
    np.testing.assert_allclose(ds.balancing_norm, start, rtol=2e-3)


@pytest.mark.parametrize("nesterov", [False, True])
def test_a_point_does_not_depend_on_one_that_was_lost_in_its_place(nesterov):
    """Three learning rates, of which two are too large, so that every lane holds both kinds, one block after the other."""
    keys = {"start": "gaussian", "steps": 250, "record": 64, "observables": ["loss", "lyapunov"], "nesterov": nesterov}

    def run(etas):
        axes = {"eta": etas, "alpha": 0.5, "depth": 3, "momentum": 0.5, "seed": list(range(90))}
        chunks = {"seed": 90, "eta": len(etas)}
        return fastdln.run(
            Sweep(model="matrix", axes=axes, target={"singular_values": [1.0, 0.5]}, chunks=chunks, **keys)
        )

    alone, among = run([0.05]), run([0.05, 30.0, 40.0])
    assert (among.fate.sel(eta=[30.0, 40.0]) == 5).all()
    assert (among.fate.sel(eta=0.05) != 5).all()
    for name in ("loss", "lyapunov"):
        np.testing.assert_array_equal(among[name].sel(eta=0.05).values.ravel(), alone[name].values.ravel())


def test_without_momentum_nothing_changes():
    """mu = 0 beside none, to rounding: V = - eta grad is one operation more."""
    target, weights = problem((4, 6, 5, 3))
    keys = {
        "target": {"matrix": target},
        "start": weights,
        "steps": 150,
        "record": 50,
        "trajectory": 1,
        "observables": ["lyapunov"],
    }
    plain = fastdln.run(Sweep(model="matrix", axes={"eta": 0.02}, **keys)).squeeze()
    for nesterov in (False, True):
        zero = fastdln.run(Sweep(model="matrix", axes={"eta": 0.02}, momentum=0.0, nesterov=nesterov, **keys)).squeeze()
        np.testing.assert_allclose(zero.trajectory_loss, plain.trajectory_loss, rtol=1e-13, atol=1e-15)
        assert zero.lyapunov.item() == pytest.approx(plain.lyapunov.item(), abs=0.02)  # of vectors that begin otherwise


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_exponent_of_a_minimum_is_that_of_its_slowest_direction(nesterov):
    """Along the valley of minima nothing moves: 0, whatever the roots across it are."""
    axes = {"eta": 0.2, "momentum": 0.6}
    start = {"spectral": [[1.0, 0.6]] * 2}
    ds = fastdln.run(
        Sweep(
            model="matrix",
            axes=axes,
            start=start,
            target={"singular_values": [1.0, 0.36]},
            steps=3000,
            record=3000,
            nesterov=nesterov,
            observables=["lyapunov"],
        )
    )
    assert ds.lyapunov.item() == pytest.approx(0.0, abs=1e-5)
