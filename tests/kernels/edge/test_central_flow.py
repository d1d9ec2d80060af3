"""The central flow against SciPy's integrator, the twin with dense Hessians, gradient descent and closed forms."""

import numpy as np
import pytest
from scipy.optimize import brentq

from fastdln.kernels.edge.central_flow import SIMULATION, simulate
from fastdln.kernels.simulation import SimulationOptions
from fastdln.kernels.simulations.chunk import driver
from fastdln.models.starts import gaussian
from fastdln.models.targets import by_singular_values
from tests import reference
from tests.reference.central_flow import central_flow, flat, one_at_the_edge


def network(values, alpha, seed, depth=3):
    """A gaussian start and a target in random bases, as sweeps have them."""
    d, s = len(values), np.array(values, dtype=float)
    target = by_singular_values(s, "random", 0, d, d)
    return [alpha * w for w in gaussian((d,) * (depth + 1), target, seed, ())], target.matrices(s[None])[0]


def edge_of(values, depth=3):
    """2 / S_1 of the balanced minimum."""
    return 2.0 / (depth * max(values) ** (2 - 2 / depth))


def run(networks, etas, steps, record=1, every=1, plain=False):
    """Summaries and series of networks of the same widths."""
    layers = networks[0][0]
    widths = np.array([layers[0].shape[1], *(len(w) for w in layers)])
    starts, targets = (np.array([flat(part) for part in parts]) for parts in zip(*networks, strict=True))
    total, count = steps + record, len(networks)
    summary = np.full((count, len(SIMULATION.summaries)), np.nan)
    series = np.full((count, len(SIMULATION.series), total // every + 1 if every else 0), np.nan)
    scratch = np.full(SIMULATION.scratch(widths.tolist(), total, SimulationOptions()), np.nan)
    with np.errstate(all="ignore"):
        if plain:
            simulate(
                etas[0],
                starts[0],
                targets[0],
                widths,
                total,
                record,
                every,
                SimulationOptions(),
                summary[0],
                series[0],
                scratch,
            )
        else:
            which, given = np.arange(count), np.array(etas, dtype=float)
            driver(SIMULATION)(
                given,
                starts,
                targets,
                which,
                widths,
                total,
                record,
                every,
                SimulationOptions(),
                summary,
                series,
                scratch,
            )
    names = {name.removeprefix("trajectory_"): series[:, k] for k, name in enumerate(SIMULATION.series)}
    return {name: summary[:, k] for k, name in enumerate(SIMULATION.summaries)}, names


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_below_the_edge_it_is_gradient_flow(depth):
    values = (3, 1, 0.3)
    layers, target = network(values, 0.6, 1, depth)
    eta = 0.5 * edge_of(values, depth)
    summary, series = run([(layers, target)], [eta], 49)
    loss, sharpness, _ = one_at_the_edge(layers, target, eta, 50)
    np.testing.assert_allclose(series["loss"][0], loss, rtol=1e-8)
    np.testing.assert_allclose(series["sharpness"][0], sharpness, rtol=1e-9)
    assert not series["oscillation_variance"].any()
    assert summary["edge_step"] == -1 and summary["edge_length"] == 0 and summary["at_edge_most"] == 0


@pytest.mark.parametrize(("alpha", "seed"), [(0.6, 1), (0.8, 0), (0.8, 2)])
def test_one_eigenvalue_at_the_edge(alpha, seed):
    """sigma^2 is 2 alpha_ps / |grad S|^2, and the sharpness stays at 2/eta."""
    values = (3, 1, 0.3)
    layers, target = network(values, alpha, seed)
    eta = 0.97 * edge_of(values)
    summary, series = run([(layers, target)], [eta], 39)
    loss, sharpness, variance = one_at_the_edge(layers, target, eta, 40)
    np.testing.assert_allclose(series["sharpness"][0], sharpness, rtol=1e-6)
    np.testing.assert_allclose(series["loss"][0], loss, rtol=1e-3)
    np.testing.assert_allclose(series["oscillation_variance"][0], variance, rtol=1e-3, atol=1e-6)
    assert summary["edge_step"] == np.argmax(variance > 0) and summary["edge_length"] == np.sum(variance > 0) > 20
    assert summary["at_edge_most"] == 1 and summary["unsolved"] == 0


@pytest.mark.parametrize(("values", "depth", "share", "meet"), [((3, 2.9), 3, 1.4, 16), ((3, 3, 3), 2, 1.1, 18)])
def test_eigenvalues_that_are_at_the_edge_together(values, depth, share, meet):
    eta = share * edge_of(values, depth)
    layers, target = network(values, 0.4, 1, depth)
    _, layers = central_flow(layers, target, eta, meet, 4)
    expected, _ = central_flow(layers, target, eta, 6, 16)
    summary, series = run([(layers, target)], [eta], 5)
    assert summary["at_edge_most"] == expected[3].max() == len(values)
    assert summary["unsolved"] == 0
    for name, twin in zip(("loss", "sharpness", "oscillation_variance"), expected, strict=False):
        np.testing.assert_allclose(series[name][0, 1:], twin[1:], rtol=1e-3, err_msg=name)


def test_where_every_minimum_is_too_sharp_it_rests_at_the_edge():
    """On the balanced line F(r) = ((r / sqrt(L))^L - s)^2 / 2 of one mode: F'' = 2/eta, and F' + X F''' / 2 = 0."""
    depth, s, share = 3, 3.0, 1.05
    eta = share * edge_of([s])
    f = np.polynomial.Polynomial([-s, *[0.0] * (depth - 1), depth ** (-depth / 2)]) ** 2 / 2
    minimum = np.sqrt(depth) * s ** (1 / depth)
    r = brentq(lambda r: f.deriv(2)(r) - 2.0 / eta, 0.9 * minimum, minimum, xtol=1e-14)
    variance = -2.0 * f.deriv()(r) / f.deriv(3)(r)
    networks = [
        ([0.5 * np.eye(3)] * depth, np.diag([s, 2.0, 1.0])),
        ([0.5 * np.eye(3)] * depth, np.diag([2.0, s, 0.0])),
    ]
    summary, _ = run(networks, [eta, eta], 500, 100)
    np.testing.assert_allclose(summary["sharpness_last"], 2.0 / eta, rtol=1e-9)
    np.testing.assert_allclose(summary["oscillation_variance_last"], variance, rtol=1e-7)
    np.testing.assert_allclose(summary["loss_last"][0], f(r) + variance / eta, rtol=1e-7)
    assert summary["fate"][0] == reference.PERIODIC


def descent(layers, target, eta, steps):
    """Loss and sharpness of gradient descent, means over two successive states."""
    states = []
    for _ in range(steps + 1):
        loss = 0.5 * np.sum((reference.chain(layers) - target) ** 2)
        states.append((loss, np.linalg.eigvalsh(reference.hessian(layers, target))[-1]))
        gradients = reference.matrix_gradients(layers, target)
        layers = [w - eta * g for w, g in zip(layers, gradients, strict=True)]
    states = np.array(states).T
    return (states[:, 1:] + states[:, :-1]) / 2


def test_gradient_descent_follows_it_through_a_sustained_edge():
    """The case of docs/theory.md, section G: d = 5, L = 3, eta = .98 of 2/S_1; sharpness over the whole run, loss over the edge."""
    values = (3, 1, 0.5, 0.2, 0.05)
    layers, target = network(values, 0.4, 4)
    eta = 0.98 * edge_of(values)
    summary, series = run([(layers, target)], [eta], 999)
    loss, sharpness = descent(layers, target, eta, 1000)
    at_edge = series["oscillation_variance"][0, :-1] > 0
    assert summary["edge_length"] >= 300 and summary["unsolved"] == 0
    np.testing.assert_allclose(series["sharpness"][0, :-1][at_edge], 2.0 / eta, rtol=1e-5)
    assert np.corrcoef(sharpness, series["sharpness"][0, :-1])[0, 1] > 0.95
    assert np.median(np.abs(series["sharpness"][0, :-1] / sharpness - 1)[at_edge]) < 0.05
    assert np.median(np.abs(series["loss"][0, :-1] / loss - 1)[at_edge]) < 0.05


def test_what_nothing_holds_at_the_edge_is_given_up():
    """One layer, whose Hessian does not change; and eta so large that more than four eigenvalues are beyond the edge."""
    values = (3, 1, 0.5)
    lone, _ = run([network(values, 0.6, 0, depth=1)], [2.2], 500)
    many, series = run([network(values, 0.6, 0)], [20 * edge_of(values)], 500)
    for summary in (lone, many):
        assert summary["unsolved"] > 100 and summary["beyond_four"] > 0
        assert summary["fate"] == reference.DRIFTING and np.isnan(summary["loss"]) and np.isnan(summary["loss_last"])
    assert np.isnan(series["loss"][0, -1])


def test_overflowing_networks_diverge_and_a_learned_target_is_converged():
    layers, target = network((3, 1), 0.6, 1)
    summary, _ = run([([1e200 * w for w in layers], target)], [0.01], 10)
    assert summary["fate"] == reference.DIVERGED and np.isnan(summary["sharpness_last"])
    scalar = [np.array([[0.5]]), np.array([[0.4]])]
    summary, _ = run([(scalar, np.array([[1.5]]))], [0.9 * 2 / 3], 200, 10)
    assert summary["fate"] == reference.CONVERGED


def test_a_point_depends_on_itself_alone_and_samples_are_the_states():
    values = (3, 1, 0.3)
    networks, eta = [network(values, 0.8, seed) for seed in range(3)], 0.97 * edge_of(values)
    together, every = run(networks, [eta, 20 * eta, eta], 30, 10)
    alone, third = run(networks[2:], [eta], 30, 10, every=3)
    for name, found in alone.items():
        np.testing.assert_array_equal(found, together[name][2:], err_msg=name)
    for name, found in third.items():
        np.testing.assert_array_equal(found[0], every[name][2, ::3], err_msg=name)
    for name in ("loss", "sharpness", "oscillation_variance"):
        assert together[name][2] == pytest.approx(every[name][2, -10:].mean(), rel=1e-13)
        assert together[f"{name}_last"][2] == every[name][2, -1]


def test_plain_functions_do_the_same():
    point, eta = [network((2, 1.9), 0.8, 1)], [1.3 * edge_of([2])]
    compiled, series = run(point, eta, 9)
    plain, plain_series = run(point, eta, 9, plain=True)
    assert compiled["edge_length"] > 0
    for name, found in compiled.items():
        np.testing.assert_allclose(plain[name], found[:1], rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(plain_series["sharpness"], series["sharpness"], rtol=1e-9)
