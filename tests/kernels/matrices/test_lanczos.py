"""The sharpness of full matrices, against the eigenvalues of dense Hessians."""

import itertools

import numpy as np
import pytest

from fastdln import Sweep, run, theory
from fastdln.kernels.matrices import lanczos_layout
from fastdln.models import STARTS
from fastdln.models.targets import by_singular_values
from tests import reference
from tests.kernels.matrices.single_points import matrix_run, random_point
from tests.small import OF_MATRICES

pytestmark = pytest.mark.filterwarnings("ignore:steps =")


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_sharpness_of_random_points(first):
    for trial in range(first, first + 50):
        layers, target = random_point(trial)
        found = matrix_run(layers, target)
        exact = np.linalg.eigvalsh(reference.hessian(layers, target))[-1]
        assert found.sharpness_unconverged.item() == 0, trial
        assert found.sharpness_last.item() == pytest.approx(exact, rel=1e-7, abs=1e-300), trial
        # some eigenvalue lies within the residual of what was found
        assert abs(found.sharpness_last.item() - exact) <= (found.sharpness_residual.item() + 1e-13) * abs(exact), trial


@pytest.mark.filterwarnings("ignore:the search for the sharpness did not converge")
@pytest.mark.parametrize("start", ["gaussian", "orthogonal"])
@pytest.mark.parametrize(
    ("widths", "values"),
    [
        ((2, 2, 2), (1.0, 0.9)),
        ((4, 4, 4), (1.0,) * 4),
        ((2, 3, 2), (1.0, 0.9)),
        ((5, 5, 5), (1.0, 0.99, 0.98, 0.97, 0.96)),
    ],
    ids=str,
)
def test_sharpness_where_the_hessian_has_few_eigenvalues(widths, values, start):
    """Near the saddle of two layers these are +-s_i, each many times: the Lanczos runs exhaust their space, and go on from rounding."""
    alphas, seeds, eta, inner = [0.01, 0.05], list(range(40)), 0.3, min(widths[0], widths[-1])
    ds = run(
        Sweep(
            model="matrix",
            start=start,
            widths=list(widths),
            axes={"eta": [eta], "alpha": alphas, "seed": seeds, "depth": 2},
            target={"singular_values": list(values), "basis": "random"},
            steps=0,
            record=1,
            observables=["sharpness"],
        ),
        progress=False,
    ).squeeze()
    target = by_singular_values(np.array(values), "random", 0, widths[-1], widths[0])
    matrix = target.matrices(np.array([values]))[0]
    converged = ds.sharpness_unconverged == 0
    assert inner == len(values) and converged.mean() > 0.95
    for seed in seeds:
        for alpha in alphas:
            first, second = (alpha * layer for layer in STARTS[start].matrices(list(widths), target, seed, None))
            error = second @ first - matrix
            layers = [first - eta * second.T @ error, second - eta * error @ first.T]
            exact = np.linalg.eigvalsh(reference.hessian(layers, matrix))[-1]
            if converged.sel(seed=seed, alpha=alpha):
                assert ds.sharpness_last.sel(seed=seed, alpha=alpha).item() == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize("widths", [(3, 5, 4, 2), (1, 4, 1), (2, 1, 2), (30, 3, 2), (3, 33, 3)], ids=str)
def test_sharpness_of_rectangular_networks(widths):
    random = np.random.default_rng(3)
    layers = [0.4 * random.standard_normal((m, n)) for n, m in itertools.pairwise(widths)]
    target = random.standard_normal((widths[-1], widths[0]))
    found = matrix_run(layers, target, sharpness_count=3)
    exact = np.linalg.eigvalsh(reference.hessian(layers, target))[::-1]
    np.testing.assert_allclose(found.hessian_eigenvalue, exact[:3], rtol=1e-7, atol=1e-8 * exact[0])
    assert found.sharpness_unconverged.item() == 0


@pytest.mark.parametrize("widths", [(1, 3, 1), (1, 16, 1), (1, 5, 5, 1)], ids=str)
def test_sharpness_of_hessians_of_rank_one(widths):
    """One input, one output, and no error: beside one eigenvalue there is nothing for the second run to find."""
    random = np.random.default_rng(widths)
    for _ in range(12):
        layers = [random.standard_normal((m, n)) for n, m in itertools.pairwise(widths)]
        layers[0] *= 1.0 / reference.chain(layers).item()
        found = matrix_run(layers, np.ones((1, 1)))
        assert found.sharpness_last.item() == pytest.approx(theory.sharpness_at_minimum(layers), rel=1e-8)
        assert found.sharpness_unconverged.item() == 0


def test_multiple_eigenvalues_are_all_found():
    """At the balanced minimum of three equal modes the largest eigenvalue has multiplicity nine."""
    s, depth = np.ones(3), 3
    found = matrix_run([np.eye(3)] * depth, np.diag(s), sharpness_count=11)
    exact = np.sort(theory.hessian_eigenvalues(s, depth).ravel())[::-1]
    np.testing.assert_allclose(found.hessian_eigenvalue[:9], exact, rtol=1e-8)
    np.testing.assert_allclose(found.hessian_eigenvalue[9:], 0.0, atol=1e-7)


@pytest.mark.parametrize("count", [2, 5, 9])
def test_many_eigenvalues_of_clustered_spectra(count):
    """Starts near a saddle have their largest eigenvalues in clusters, of which some are found long before others."""
    for start, alpha in (("one-zero", 1e-4), ("one-zero", 1.0), ("gaussian", 0.01), ("orthogonal", 1e-4)):
        keys = {"axes": {"eta": [0.0], "alpha": [alpha], "depth": 2}, "steps": 0, "record": 1, "start": start}
        target = {"singular_values": [9.0, 6.3, 6.2, 0.5, 0.0], "basis": "random"}
        sweep = Sweep(model="matrix", target=target, observables=OF_MATRICES, sharpness_count=count, **keys)
        found = run(sweep, progress=False).squeeze()
        m = sweep.target.build(5, 5)
        layers = [alpha * w for w in STARTS[start].matrices((5, 5, 5), m, 0, ())]
        exact = np.linalg.eigvalsh(reference.hessian(layers, m.matrices(m.singular_values[None])[0]))[::-1]
        assert found.sharpness_unconverged.item() == 0
        np.testing.assert_allclose(found.hessian_eigenvalue, exact[:count], rtol=0, atol=1e-7 * exact[0])


def test_without_curvature_the_sharpness_is_zero():
    found = matrix_run([np.zeros((2, 2))] * 3, np.eye(2))
    assert found.sharpness.item() == found.sharpness_residual.item() == 0
    assert found.sharpness_unconverged.item() == 0


def test_a_search_cut_short_says_so(monkeypatch):
    whole = lanczos_layout.lay_out
    monkeypatch.setattr(lanczos_layout, "lay_out", lambda *given: whole(*given)._replace(longest=3, rounds=1))
    layers, target = random_point(2)
    with pytest.warns(UserWarning, match="did not converge at 1 points"):
        found = matrix_run(layers, target)
    assert found.sharpness_unconverged.item() == 2, "at the start, for edge_step, and at the only state of the record"
    assert found.sharpness_residual.item() > 1e-8
    exact = np.linalg.eigvalsh(reference.hessian(layers, target))[-1]
    error = abs(found.sharpness_last.item() - exact)
    assert 0 < error <= found.sharpness_residual.item() * found.sharpness_last.item() * 10
