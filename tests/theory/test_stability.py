"""Eigenvalues of the Hessian, the sharpness, and the bound on alpha for balancing."""

import mpmath
import numpy as np
import pytest

from fastdln import theory
from tests import reference


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_hessian_eigenvalues_at_the_balanced_minimum(depth):
    s = np.array([1.7, 1.0, 0.4, 0.0])
    values = theory.hessian_eigenvalues(s, depth)
    np.testing.assert_allclose(np.diag(values), theory.stability_limit(s, depth), rtol=1e-13)
    np.testing.assert_allclose(values, values.T, rtol=1e-13)
    weights = [np.diag(s ** (1 / depth))] * depth
    dense = np.linalg.eigvalsh(reference.hessian(weights, np.diag(s)))
    nonzero = np.sort(values.ravel())[::-1]
    np.testing.assert_allclose(np.sort(dense)[::-1][: nonzero.size], nonzero, atol=1e-12)
    assert theory.hessian_eigenvalues([s, s], [[2], [3], [4]]).shape == (3, 2, 4, 4)


def test_eigenvalues_of_too_many_layers_are_refused():
    with pytest.raises(ValueError, match=r"^depth: must be at most 10,000 "):
        theory.hessian_eigenvalues([1.0], 10_001)


def test_balancing_alpha_bound():
    eta, s, depth = 0.75, 1.3, 3
    limit = float(theory.stability_limit(s, depth))
    eta = 2.3 / limit
    formula = (np.log(2 * np.sqrt(2) / 2.3) * s ** (4 / 3) / (9 * 2.0)) ** 0.25
    assert theory.balancing_alpha_bound(eta, s, depth) == pytest.approx(formula, rel=1e-13)
    assert np.isnan(theory.balancing_alpha_bound(np.array([1.9, 2.9]) / limit, s, depth)).all()


def test_sharpness_broadcasts_and_knows_nan():
    rng = np.random.default_rng(0)
    layers, s = rng.normal(size=(5, 4, 3, 2)), rng.uniform(0, 2, size=(4, 2))
    values = theory.sharpness(layers, s)
    assert values.shape == (5, 4)
    assert values[2, 1] == theory.sharpness(layers[2, 1], s[1])
    layers[0, 0, 0, 0] = np.nan
    assert np.isnan(theory.sharpness(layers, s)[0, 0])
    assert np.isfinite(theory.sharpness(layers, s)).sum() == 19


@pytest.mark.parametrize("depth", [2, 3, 4, 6])
@pytest.mark.parametrize("s", [1.0, 0.3, 7.0])
def test_the_flip_coefficient_is_that_of_the_balanced_loss_and_gives_the_amplitude(s, depth):
    """By derivatives of 40 digits, and by the two-cycle just beyond the edge."""
    with mpmath.workdps(40):
        s_, root = mpmath.mpf(s), mpmath.mpf(s) ** (mpmath.mpf(1) / depth)
        f2, f3, f4 = (mpmath.diff(lambda r: (r**depth - s_) ** 2 / (2 * depth), root, k) for k in (2, 3, 4))
        exact = float((3 * f3**2 - f2 * f4) / (3 * f2**2))
    c = theory.flip_coefficient(s, depth)
    assert c == pytest.approx(exact, rel=1e-13)
    x = 1e-6
    low, high = theory.two_cycle((1 + x) * theory.critical_learning_rate(s, depth), s, depth)
    assert (high - low) / 2 == pytest.approx(np.sqrt(2 * x / c), rel=1e-3)


def test_the_flip_coefficient_is_there_where_a_flip_is():
    np.testing.assert_allclose(theory.flip_coefficient(1.0, [2, 3, 4, 6]), [8, 88 / 3, 64, 520 / 3], rtol=1e-15)
    assert np.isnan(theory.flip_coefficient([0.0, -1.0], 3)).all()
