"""Gradient descent at the edge, its constrained trajectory and the prediction, against the dense twin and the order of the theory's error."""

import math

import numpy as np
import pytest

from fastdln.kernels.edge.chunk import driver
from fastdln.kernels.edge.constrained import SIMULATION
from fastdln.kernels.edge.projection import NEAR, PROJECTED
from fastdln.models.starts import STARTS
from fastdln.models.targets import by_singular_values
from tests import reference


def simulated(widths, start, target, eta, total, record=10, every=1, run=None, scratch=math.nan):
    """Summaries and series of one point, by name."""
    summary = np.full(len(SIMULATION.summaries), np.nan)
    series = np.full((len(SIMULATION.series), total // every + 1 if every else 0), np.nan)
    memory = np.full(SIMULATION.scratch(widths, total), scratch)
    start, target, layout = np.array(start, float), np.ascontiguousarray(target).ravel(), np.array(widths)
    if run is None:
        one = np.zeros(1, np.int64)
        points = (np.array([eta]), start[None], target[None], one, layout)
        driver(SIMULATION)(*points, total, record, every, summary[None], series[None], memory)
    else:
        run(eta, start, target, layout, total, record, every, summary, series, memory)
    return dict(zip(SIMULATION.summaries, summary, strict=True)), dict(zip(SIMULATION.series, series, strict=True))


def network(singular_values, depth, alpha, seed, ratio):
    """Widths, weights at state 0, target and eta = ratio 2 / S_1 of a gaussian start."""
    s = np.array(singular_values, float)
    widths = [len(s)] * (depth + 1)
    basis = by_singular_values(s, "random", seed, len(s), len(s))
    layers = STARTS["gaussian"].matrices(widths, basis, seed, ())
    eta = ratio * 2 / (depth * s[0] ** (2 - 2 / depth))
    return widths, np.concatenate([alpha * w.ravel() for w in layers]), basis.matrices(s[None])[0], eta


# A sustained edge: a long one that prediction follows, and one whose large oscillation it does not.
LONG = (3, 1, 0.5, 0.2, 0.05), 3, 0.8, 4, 0.85
LARGE = (3, 1, 0.5, 0.2, 0.05), 3, 0.8, 0, 0.97


@pytest.mark.parametrize(("settings", "total"), [(LONG, 150), (LARGE, 50), (((2, 1, 0.5), 2, 1.0, 8, 0.85), 60)])
def test_series_and_summaries_agree_with_the_twin(settings, total):
    widths, start, target, eta = network(*settings)
    summary, series = simulated(widths, start, target, eta, total)
    expected = reference.constrained_run(widths, start, target, eta, total)
    for name in SIMULATION.series[:-1]:
        scale = np.nanmax(np.abs(expected[name]))
        np.testing.assert_allclose(series[name], expected[name], rtol=1e-9, atol=1e-9 * scale, err_msg=name)
    assert np.nanmax(series["trajectory_projection_residual"]) == summary["projection_residual"] <= PROJECTED
    for name, value in reference.edge_summaries(expected, eta).items():
        assert summary[name] == pytest.approx(value, rel=1e-8), name
    assert summary["unprojected"] == summary["near_degenerate"] == 0


def near_minimum(seed, epsilon):
    """A network of error epsilon^2, off the constrained trajectory by epsilon along u and epsilon^2 across it, and eta.

    So alpha_ps and y are of the order of x^2, as the theory has it.
    """
    random = np.random.default_rng(seed)
    layers = [np.eye(3) + 0.4 * random.standard_normal((3, 3)) for _ in range(3)]
    point, error = np.concatenate([w.ravel() for w in layers]), random.standard_normal((3, 3))
    product = reference.chain(layers)
    at_minimum = reference.State(reference.Landscape([3] * 4, product), point, point)
    target, eta = product - epsilon**2 * error, 2 / at_minimum.sharpness
    state, _ = reference.project(reference.Landscape([3] * 4, target), point, eta, at_minimum.u)
    outwards = np.sign(state.sharpness_gradient @ state.u) * state.u
    return state.point + epsilon * outwards + epsilon**2 * state.across / math.sqrt(state.beta), target, eta


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_errors_are_of_third_order(seed):
    """Of the loss at every step; of the deviation after an even number, and across u."""
    errors = []
    for epsilon in 1e-3 / 2.0 ** np.arange(4):
        start, target, eta = near_minimum(seed, epsilon)
        summary, series = simulated([3] * 4, start, target, eta, 10)
        assert summary["edge_step"] == 0 and summary["constrained_steps"] == 11
        loss = np.abs(series["trajectory_loss_predicted"] - series["trajectory_loss"])
        errors.append([*loss[[1, 10]], *series["trajectory_deviation_error"][[2, 10]]])
    ratios = np.array(errors[:-1]) / np.array(errors[1:])
    assert np.all((ratios > 7) & (ratios < 9)), ratios


def test_a_sustained_edge_is_predicted():
    widths, start, target, eta = network(*LONG)
    summary, _ = simulated(widths, start, target, eta, 1200, every=0)
    assert summary["edge_length"] > 300 and summary["crossings"] > 300
    assert summary["sharpness_correlation"] > 0.95
    assert summary["loss_error"] < 0.05
    assert summary["projection_residual"] <= PROJECTED and summary["unprojected"] == 0


@pytest.mark.parametrize("held", [False, True])
def test_the_projection_is_the_nearest_point(held):
    """Up to the second order of the distance; by the twin's derivatives it lies on the set."""
