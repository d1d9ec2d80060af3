"""Gradient descent at the edge, its constrained trajectory and the prediction, against the dense twin and the order of the theory's error."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from fastdln.kernels.edge.constrained import SIMULATION
from fastdln.kernels.edge.eigenpairs import work_size
from fastdln.kernels.edge.network import memory_size, network_of
from fastdln.kernels.edge.projection import PROJECTED, project
from fastdln.kernels.simulation import SimulationOptions
from fastdln.kernels.simulations.chunk import driver
from fastdln.models.starts import STARTS
from fastdln.models.targets import by_singular_values
from tests import reference


def simulated(widths, start, target, eta, total, record=10, every=1, run=None, scratch=math.nan):
    """Summaries and series of one point, by name."""
    summary = np.full(len(SIMULATION.summaries), np.nan)
    series = np.full((len(SIMULATION.series), total // every + 1 if every else 0), np.nan)
    memory = np.full(SIMULATION.scratch(widths, total, SimulationOptions()), scratch)
    start, target, layout = np.array(start, float), np.ascontiguousarray(target).ravel(), np.array(widths)
    if run is None:
        one = np.zeros(1, np.int64)
        points = (np.array([eta]), start[None], target[None], one, layout)
        driver(SIMULATION)(*points, total, record, every, SimulationOptions(), summary[None], series[None], memory)
    else:
        run(eta, start, target, layout, total, record, every, SimulationOptions(), summary, series, memory)
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


@pytest.mark.parametrize(
    ("settings", "total"), [(LONG, 150), (LARGE, 50), (((3, 1, 0.5, 0.2, 0.05), 4, 0.8, 0, 0.85), 40)]
)
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


def projected(widths, point, target, eta):
    """The projection of a point by the kernel's functions in plain Python: the point, and what is known of it."""
    moved, n = point.copy(), len(point)
    net = network_of(np.array(widths), target.ravel(), np.zeros(memory_size(widths)))
    landscape = reference.Landscape(widths, target)
    pairs = np.linalg.eigh(landscape.hessian(point))[1][:, :-3:-1].T.copy()
    known = project(net, eta, moved, pairs, np.zeros(n), np.zeros(n), np.zeros(2 + n + work_size(n)))
    return moved, known


@pytest.mark.parametrize("ratio", [1.02, 0.98])
def test_the_projection_is_on_the_set_and_as_near_as_any_point(ratio):
    """From sharper and from less sharp points: those are held at S = 2/eta, these only where grad f . u = 0."""
    widths = [2, 3, 2]
    random = np.random.default_rng(5)
    layers = [random.standard_normal((3, 2)), random.standard_normal((2, 3))]
    target = reference.chain(layers) + 0.05 * random.standard_normal((2, 2))
    point, landscape = np.concatenate([w.ravel() for w in layers]), reference.Landscape(widths, target)
    eta = 2 * ratio / reference.State(landscape, point, point).sharpness
    moved, known = projected(widths, point, target, eta)
    there = reference.State(landscape, moved, point)
    assert known.near and known.residual <= PROJECTED
    assert abs(there.gradient @ there.u) < 1e-12 * there.sharpness
    assert known.sharpness == pytest.approx(there.sharpness, rel=1e-13)
    assert there.sharpness <= 2 / eta * (1 + 1e-13)
    assert (there.sharpness >= 2 / eta * (1 - 1e-13)) == (ratio > 1)

    def constraint(at):
        state = reference.State(landscape, at, there.u)
        return [state.gradient @ state.u, 2 / eta - state.sharpness]

    found = minimize(
        lambda at: ((at - point) ** 2).sum(),
        moved,
        jac=lambda at: 2 * (at - point),
        method="SLSQP",
        constraints=[
            {"type": "eq", "fun": lambda at: constraint(at)[0]},
            {"type": "ineq", "fun": lambda at: constraint(at)[1]},
        ],
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    length, nearest = np.linalg.norm(moved - point), np.linalg.norm(found.x - point)
    assert found.success
    # the constraints turn by as much as the point moves
    assert nearest * (1 - 1e-9) < length < nearest * (1 + 0.1 * length)


def test_the_trajectory_ends_where_the_set_has_no_near_point():
    """Every minimum is sharper than 2/eta, and gradient descent goes to the two-cycle about the balanced one."""
    widths, start, target, eta = network((3, 1, 0.5, 0.2, 0.05), 3, 0.8, 0, 1.05)
    summary, series = simulated(widths, start, target, eta, 1000, record=100)
    first, lived = int(summary["edge_step"]), int(summary["constrained_steps"])
    assert 0 < lived < 20 and summary["unprojected"] >= 1
    known = np.isfinite(series["trajectory_loss_predicted"])
    np.testing.assert_array_equal(np.flatnonzero(known), first + np.arange(lived))
    assert summary["projection_residual"] < 1e-8 and np.isfinite(series["trajectory_loss"]).all()
    assert summary["fate"] == reference.PERIODIC
    assert summary["edge_length"] >= 1000 - first


def test_two_largest_eigenvalues_that_meet_are_counted():
    eye = np.eye(2)
    # both modes alike: every eigenvalue of the Hessian is there twice or more
    start, target = np.concatenate([1.5 * eye.ravel(), 1.5 * eye.ravel()]), 2 * eye
    sharpness = np.linalg.eigvalsh(reference.hessian([1.5 * eye, 1.5 * eye], target))
    assert sharpness[-1] == pytest.approx(sharpness[-2])
    summary, _ = simulated([2, 2, 2], start, target, 2.1 / sharpness[-1], 5)
    assert summary["edge_step"] == 0 and summary["near_degenerate"] >= 1


def test_a_run_below_the_edge_has_no_constrained_trajectory():
    widths, start, target, eta = network((2, 1), 2, 1.0, 0, 0.5)
    summary, series = simulated(widths, start, target, eta, 300, record=50)
    assert summary["fate"] == reference.CONVERGED
    assert summary["edge_step"] == -1
    assert all(summary[name] == 0 for name in ("edge_length", "crossings", "constrained_steps", "unprojected"))
    assert all(math.isnan(summary[name]) for name in ("sharpness_correlation", "loss_error", "projection_residual"))
    assert all(np.isnan(series[name]).all() for name in SIMULATION.series[2:])


@pytest.mark.parametrize(
    ("ratio", "total", "record", "fate"),
    [
        (0.5, 20, 10, "DRIFTING"),
        (1.05, 1000, 50, "PERIODIC"),
        (1.25, 1500, 50, "APERIODIC"),
        (2.5, 100, 50, "DIVERGED"),
    ],
)
def test_fates(ratio, total, record, fate):
    widths, start, target, eta = network((2, 1), 2, 0.8, 1, ratio)
    summary, series = simulated(widths, start, target, eta, total, record)
    assert summary["fate"] == getattr(reference, fate)
    ended = fate == "DIVERGED"
    assert np.isnan(series["trajectory_loss"][-1]) == math.isnan(summary["loss_last"]) == ended


def test_a_target_of_zero_is_learned():
    widths, start, target, eta = network((2, 1), 2, 0.8, 1, 0.5)
    summary, series = simulated(widths, start, 0 * target, eta, 200)
    assert summary["fate"] != reference.DIVERGED
    assert 0 < summary["loss_last"] < series["trajectory_loss"][0] / 100


def test_a_point_depends_on_nothing_but_itself():
    settings = network(*LARGE)
    first, every = simulated(*settings, 60, scratch=math.nan)
    second, seventh = simulated(*settings, 60, every=7, scratch=1e300)
    assert first == second
    for name, values in every.items():
        np.testing.assert_array_equal(values[::7], seventh[name], err_msg=name)


def test_plain_python_does_the_same():
    """What NUMBA_DISABLE_JIT=1 runs."""
    settings = network((2, 1), 3, 0.9, 4, 0.9)
    compiled, plain = simulated(*settings, 25), simulated(*settings, 25, run=SIMULATION.simulate)
    assert compiled[0]["edge_step"] >= 0
    for one, other in zip(compiled, plain, strict=True):
        for name in set(one) - {"projection_residual", "trajectory_projection_residual"}:
            scale = np.nanmax(np.abs(one[name]))
            np.testing.assert_allclose(one[name], other[name], rtol=1e-9, atol=1e-9 * scale, err_msg=name)
