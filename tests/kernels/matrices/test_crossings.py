"""The sharpness along a trajectory on which the largest eigenvalues pass each other."""

import numpy as np
import pytest

from fastdln import Sweep, run, theory
from fastdln.kernels.matrices import lanczos_layout
from tests import reference
from tests.small import OF_MATRICES

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


def test_eigenvalues_that_pass_each_other_are_seen():
    """Diagonal layers hold every vector in its own block, from where it would never see another one rise."""
    sweep = {
        "axes": {"eta": 0.01, "alpha": 1.0, "depth": 3},
        "target": {"singular_values": [3.0, 2.9]},
        "start": {"spectral": [[1.7, 1.7], [0.2, 1.6], [1.8, 1.7]]},
        "steps": 0,
        "record": 200,
        "trajectory": 1,
    }
    exact = run(Sweep(model="modes", observables=["loss"], **sweep), progress=False).squeeze()
    found = run(Sweep(model="matrix", observables=OF_MATRICES, **sweep), progress=False).squeeze()
    of_modes, s = np.moveaxis(exact.trajectory_singular_value.values, -1, 0), (3.0, 2.9)
    tops = np.array([[theory.sharpness(w[:, [k]], s[k : k + 1]) for k in range(2)] for w in of_modes])
    alone = tops.max(axis=1) >= exact.trajectory_sharpness.values * (1 - 1e-12)  # else a pair's is the largest
    assert set(np.where(alone, tops.argmax(axis=1), -1)) == {-1, 0, 1}, "the example has no crossing"
    np.testing.assert_allclose(found.trajectory_sharpness, exact.trajectory_sharpness, rtol=1e-8)


def crossing(**keys):
    """A network of three modes in random bases, of which two pass each other twice in its first 200 steps; and its sweep."""
    random = np.random.default_rng(3)
    bases = [np.linalg.qr(random.standard_normal((3, 3)))[0] for _ in range(4)]
    diagonals = [[1.7, 1.7, 0.5], [0.2, 1.6, 0.6], [1.8, 1.7, 0.4]]
    layers = [bases[k + 1] @ np.diag(w) @ bases[k].T for k, w in enumerate(diagonals)]
    target = bases[3] @ np.diag([3.0, 2.9, 1.0]) @ bases[0].T
    given = {"model": "matrix", "axes": {"eta": 0.01}, "target": {"matrix": target}, "start": {"layers": layers}}
    sweep = Sweep(**given, steps=0, observables=["sharpness_residual"], **keys)
    return reference.MatrixRun(layers, target, 0.01, 0, 200, None, None, [3.0, 2.9, 1.0]), sweep


def test_a_trajectory_of_sharpness_is_that_of_dense_hessians_through_crossings():
    exact, sweep = crossing(record=200, trajectory=1)
    found = run(sweep, progress=False).squeeze()
    values, vectors = np.linalg.eigh([reference.hessian(weights, exact.target) for weights in exact.states])
    turned = np.abs((vectors[1:, :, -1] * vectors[:-1, :, -1]).sum(axis=1))
    assert (turned < 1e-6).sum() == 2, "the example has no two crossings"
    np.testing.assert_allclose(found.trajectory_sharpness, values[:, -1], rtol=1e-8)
    assert found.sharpness_unconverged.item() == 0


@pytest.mark.filterwarnings("ignore:the search for the sharpness")
def test_a_trajectory_of_sharpness_goes_on_from_what_it_has_found(monkeypatch):
    """Runs of 8 products are too short for a search that begins from nothing, and enough from state to state."""
    whole = lanczos_layout.lay_out
    monkeypatch.setattr(lanczos_layout, "lay_out", lambda *given: whole(*given)._replace(longest=8, rounds=1))
    cold, along = (
        run(crossing(**keys)[1], progress=False) for keys in ({"record": 1}, {"record": 200, "trajectory": 1})
    )
    assert cold.sharpness_unconverged.item() == 1
    assert along.sharpness_unconverged.item() < 20
