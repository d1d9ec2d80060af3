"""Directions that gradient descent leaves alone, from orthogonal layers, and what has left them."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from fastdln import Sweep, run
from fastdln.models.targets import by_singular_values
from fastdln.observables.matrix.subspace_error import OBSERVABLE
from fastdln.observables.observable import End
from tests.reference.matrices import MatrixRun, subspace_error

pytestmark = pytest.mark.filterwarnings("ignore:steps =")

S = [1.5, 1.0, 0, 0, 0, 0, 0]


def measured(start, end, s, target):
    with np.errstate(all="ignore"):
        (found,) = OBSERVABLE.finish(End(end, start, np.array(s), target.left, target.right))
    return found


@pytest.mark.parametrize("points", [1, 4])
def test_any_layers_are_measured_as_the_twin_does(points):
    """Ranks 1 to 3; of layers that are nearly the start a little leaves, of others all."""
    random = np.random.default_rng(points)
    target = by_singular_values(np.array(S), "random", 5, 7, 7)
    s = np.array([[0.5, 0, 0, 2, 0, 0, 1], S, [0, 0, 3, 0, 0, 0, 0], np.roll(S, 4)])[:points]
    start = [np.array([ortho_group.rvs(7, random_state=random) for _ in range(points)]) for _ in range(3)]
    start = [scale * layer for scale, layer in zip((0.1, 0.3, 2.0), start, strict=True)]
    for size in (1e-7, 1.0):
        end = [layer + size * random.standard_normal(layer.shape) for layer in start]
        found = measured(start, end, s, target)
        matrices = target.matrices(s)
        for k in range(points):
            expected = subspace_error([w[k] for w in start], [w[k] for w in end], matrices[k])
            assert 0.01 * size < expected < 100 * size
            assert found[k] == pytest.approx(expected, rel=1e-7)


def test_it_is_no_number_where_the_theory_does_not_apply():
    random = np.random.default_rng(3)
    target = by_singular_values(np.array(S), "identity", 0, 7, 7)
    turns = [ortho_group.rvs(7, random_state=random)[None] for _ in range(2)]
    s = np.array([S])
    assert measured(turns, turns, s, target) < 1e-14
    assert np.isnan(measured([turns[0], 1.001 * turns[1] + 1e-3], turns, s, target))
    assert np.isnan(measured([turns[0], 0.0 * turns[1]], turns, s, target))
    assert np.isnan(measured(turns, [turns[0], np.inf * turns[1]], s, target))
    assert np.isnan(measured(turns, turns, np.array([[1.0, 1, 1, 1, 0, 0, 0]]), target))
    narrow = [np.eye(3, 7)[None], np.eye(7, 3)[None]]
    assert np.isnan(measured(narrow, narrow, s, target))


KEYS = {
    "model": "matrix",
    "steps": 1500,
    "record": 2,
    "observables": ["subspace_error", "loss"],
    "target": {"singular_values": S, "basis": "random", "seed": 3},
}


@pytest.mark.parametrize("depth", [2, 3, 5])
@pytest.mark.parametrize("more", [{}, {"momentum": 0.4}])
def test_nothing_leaves_below_the_edge(depth, more):
    axes = {"eta": [0.02, 0.1], "alpha": [0.1, 0.5], "depth": depth, "seed": [0, 1]}
    ds = run(Sweep(start="orthogonal", **KEYS, axes=axes, **more), progress=False)
    assert (ds.subspace_error < 1e-12).all()
    assert float(ds.loss.sel(eta=0.1, alpha=0.5).max()) < 1e-2, "there was something to learn"


def test_gaussian_starts_have_no_such_subspaces():
    ds = run(Sweep(start="gaussian", **KEYS, axes={"eta": 0.1, "alpha": 0.5, "depth": 3}), progress=False)
    assert np.isnan(ds.subspace_error.item())


def test_plain_matrices_leave_the_same_directions_alone():
    target = by_singular_values(np.array(S), "random", 3, 7, 7)
    matrix = target.matrices(np.array([S]))[0]
    random = np.random.default_rng(8)
    layers = [0.5 * ortho_group.rvs(7, random_state=random) for _ in range(3)]
    seen = MatrixRun(layers, matrix, 0.1, 300, 2, target.left, target.right, np.array(S))
    assert subspace_error(layers, seen.states[-1], matrix) < 1e-13
    other = [0.5 * ortho_group.rvs(7, random_state=random) for _ in range(3)]
    assert subspace_error(other, seen.states[-1], matrix) > 0.3, "other starts leave other directions alone"
    ds = run(Sweep(start=layers, axes={"eta": 0.1}, **{**KEYS, "steps": 300}), progress=False)
    assert ds.subspace_error.item() < 1e-13
