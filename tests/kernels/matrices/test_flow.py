"""Gradient flow of matrices against SciPy's, exact identities, and gradient descent at small steps."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from fastdln import Sweep, SweepError, run
from fastdln.kernels.lengths import Lengths
from fastdln.kernels.link import Linked
from fastdln.kernels.matrices import chunk, flow
from fastdln.kernels.matrices.transient import Points
from fastdln.models import dop853
from fastdln.models.targets import by_matrix
from fastdln.observables import DEFAULT, MATRIX_OBSERVABLES
from tests import reference

pytestmark = pytest.mark.filterwarnings("ignore:steps =", "ignore:the flow, or a search")

TARGET = {"singular_values": [3.0, 1.0, 0.5], "basis": "random", "seed": 2}


def flowing(**keys):
    keys = {"model": "flow", "target": TARGET, "start": "gaussian", "observables": ["loss"]} | keys
    return run(Sweep(**keys), progress=False).squeeze()


def layers_at_end(weights, target, eta, steps, tolerance=dop853.DEFAULT_TOLERANCE):
    """The layers so many states later; of gradient descent for a tolerance of 0."""
    learned = by_matrix(target)
    kernel = chunk.MatrixKernel(
        (weights[0].shape[1], *(len(w) for w in weights)), [MATRIX_OBSERVABLES["fate"]], False, tolerance=tolerance
    )
    flat, s = np.concatenate([w.ravel() for w in weights])[None], learned.singular_values[:, None]
    points = Points(np.array([eta]), s, flat.copy(), -target.reshape(1, -1), np.zeros(1, np.int64), np.zeros(1))
    bounds = np.full((len(s) + 1, 1), np.inf)
    kernel.descend(points, bounds, learned, Lengths(steps - 1, 1, 0, 1, 1, 0))
    assert points.unresolved[0] == 0.0
    return [layer[0] for layer in kernel.layers(points.states)]


def random_network(widths, seed):
    random = np.random.default_rng(seed)
    shapes = [(rows, columns) for columns, rows in pairwise(widths)]
    return [0.7 * random.standard_normal(shape) for shape in shapes], random.standard_normal((widths[-1], widths[0]))


def gaps(weights):
    return [after.T @ after - before @ before.T for before, after in pairwise(weights)]


def exact_flow(weights, target, time):
    def velocity(_, flat):
        parts = np.split(flat, np.cumsum([w.size for w in weights])[:-1])
        layers = [part.reshape(w.shape) for part, w in zip(parts, weights, strict=True)]
        return -np.concatenate([g.ravel() for g in reference.matrix_gradients(layers, target)])

    start = np.concatenate([w.ravel() for w in weights])
    return solve_ivp(velocity, (0.0, time), start, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]


@pytest.mark.parametrize("widths", [(3, 3, 3), (3, 4, 2, 3), (2, 2, 3, 2, 2), (4, 29, 3)], ids=str)
@pytest.mark.parametrize(("eta", "steps"), [(0.05, 100), (1.0, 12)])
def test_ends_are_those_of_another_integrator(widths, eta, steps):
    """In lanes and by BLAS; with one step from state to state and with many."""
    weights, target = random_network(widths, 11)
    found = np.concatenate([w.ravel() for w in layers_at_end(weights, target, eta, steps)])
    np.testing.assert_allclose(found, exact_flow(weights, target, eta * steps), rtol=0, atol=1e-8)


@pytest.mark.parametrize("eta", [0.05, 0.5, 8.0])
def test_the_flow_conserves_what_it_must(eta):
    """W_{l+1}^T W_{l+1} - W_l W_l^T over a time of 1,000, also where eta S is far beyond what a step can bear."""
    weights, target = random_network((3, 4, 2, 3), 5)
    before, after = gaps(weights), gaps(layers_at_end(weights, target, eta, round(1000 / eta)))
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-9)


def test_descent_at_small_steps_approaches_it_at_first_order():
    weights, target = random_network((3, 3, 3, 3), 7)
    flat = np.concatenate([w.ravel() for w in layers_at_end(weights, target, 0.04, 50)])
    errors = []
    for finer in (16, 32, 64, 128):
        descent = layers_at_end(weights, target, 0.04 / finer, 50 * finer, tolerance=0.0)
        errors.append(np.linalg.norm(np.concatenate([w.ravel() for w in descent]) - flat))
    ratios = np.array(errors[:-1]) / errors[1:]
    assert ((ratios > 1.9) & (ratios < 2.1)).all(), ratios


def test_looser_tolerances_are_worse_as_they_say():
    weights, target = random_network((3, 3, 3), 3)
    exact = exact_flow(weights, target, 4.0)
    errors = [
        np.abs(np.concatenate([w.ravel() for w in layers_at_end(weights, target, 1.0, 4, tolerance=t)]) - exact).max()
        for t in (1e-10, 1e-12)
    ]
    assert errors[0] > 10 * errors[1]
    assert errors[0] < 1e-8


def test_every_state_is_the_same_however_it_is_come_to():
    """Retired early or followed from the start, in any chunk, alone or beside stiff neighbours."""
    axes = {"eta": [0.1, 0.4, 1.0, 4.0, 20.0], "alpha": [0.2, 0.9], "depth": 3, "seed": [0, 1, 2]}
    keys = {"axes": axes, "steps": 500, "record": 16, "sharpness_every": 16}
    bare = flowing(observables=DEFAULT, **keys)
    followed = flowing(observables=["escape_step", "loss", "sharpness"], **keys)
    parts = flowing(observables=DEFAULT, chunks={"eta": 1, "seed": 2}, **keys)
    alone = flowing(observables=DEFAULT, **keys | {"axes": axes | {"eta": 1.0, "alpha": 0.9, "seed": 1}})
    np.testing.assert_array_equal(bare.loss, followed.loss)
    for name in bare.data_vars:
        np.testing.assert_array_equal(parts[name], bare[name], err_msg=name)
        np.testing.assert_array_equal(alone[name], bare[name].sel(eta=1.0, alpha=0.9, seed=1), err_msg=name)
    assert (bare.fate == 1).mean() > 0.9
    assert set(np.unique(bare.period)) <= {0, 1}


def test_lanes_and_blas_agree(monkeypatch):
    keys = {"axes": {"eta": [0.1, 0.6, 3.0], "alpha": 0.5, "depth": [2, 3], "seed": [0, 1]}, "steps": 10, "record": 3}
    in_lanes = flowing(observables=["loss", "singular_value_end"], **keys)
    monkeypatch.setattr(chunk, "WIDEST_IN_LANES", 0)
    by_blas = flowing(observables=["loss", "singular_value_end"], **keys)
    np.testing.assert_allclose(by_blas.singular_value_end, in_lanes.singular_value_end, rtol=0, atol=1e-10)


def test_a_large_start_comes_down_where_descent_diverges():
    axes = {"eta": 1.0, "alpha": 4.0, "depth": 3}
    descent = flowing(model="matrix", axes=axes, steps=0, record=20)
    along = flowing(axes=axes, steps=0, record=20, trajectory=1)
    assert descent.fate == 5
    loss = along.trajectory_loss.values
    assert loss[0] > 1e3
    assert (np.diff(loss) <= 1e-12 * loss[0]).all()


def test_states_that_are_not_come_to_are_counted(monkeypatch):
    """With one trial from state to state none at a large eta is accepted; a warning says so."""
    monkeypatch.setattr(flow, "MOST_TRIALS", 1)
    monkeypatch.setattr(chunk, "flow_kernel", with_one_trial)
    with pytest.warns(
        UserWarning, match="the flow, or a search for the sharpness along it, did not converge at 1 point"
    ):
        short = flowing(axes={"eta": [1e-4, 5.0], "alpha": 0.5, "depth": 2}, steps=9, record=7)
    assert short.flow_unresolved.values.tolist() == [0, 16]


def with_one_trial(lanes):
    return Linked(flow.flowing(lanes), "flow with one trial", lanes, kept=False, signature=flow.kinds())


def test_what_needs_steps_of_descent_is_refused_by_name():
    axes = {"eta": 0.1, "alpha": 0.5, "depth": 3}
    with pytest.raises(SweepError, match=r"observables: flow cannot give lyapunov; it can give .*sharpness"):
        Sweep(model="flow", axes=axes, observables=["lyapunov"])
    with pytest.raises(SweepError, match=r"tolerance: matrix has no steps .* flow, modes-flow"):
        Sweep(model="matrix", axes=axes, tolerance=1e-11)
    with pytest.raises(SweepError, match="tolerance"):
        Sweep(model="flow", axes=axes, tolerance=1e-3)
    plain, said = Sweep(model="flow", axes=axes), Sweep(model="flow", axes=axes, tolerance=1e-11)
    assert "tolerance" not in plain.canonical()
    assert Sweep.stored(said.canonical()).tolerance == 1e-11


def test_the_method_is_of_order_eight():
    """Conditions of quadrature for the step and the two estimates, and the exponential series for y' = y."""
    stages = np.zeros((12, 12))
    for i, row in enumerate(dop853.STAGES):
        stages[i, : len(row)] = row
    nodes, weights = stages.sum(axis=1), np.array(dop853.WEIGHTS)
    for k in range(8):
        assert weights @ nodes**k == pytest.approx(1 / (k + 1), abs=1e-14)
    for order, estimate in ((5, dop853.FIFTH), (3, dop853.THIRD)):
        for k in range(order):
            assert abs(np.array(estimate) @ nodes**k) < 1e-14
    power = np.ones(12)
    for k in range(1, 8):
        power = stages @ power * k
        assert weights @ power == pytest.approx(1 / (k + 1), abs=1e-12)
